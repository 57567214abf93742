//! Looks for streams on the network.
//!
//! A resolver of liblsl asks in the background; these functions look at its answers until they suffice.
//! For preparing and listing only: they wait, and they allocate.

use std::time::Duration;

use super::info::{Info, Resolver};
use super::library::ensure_loaded;
use super::query::{MarkerChoice, Query};
use crate::source::SourceError;
use crate::time::clock::Clock;

/// A stream that is no longer heard of is forgotten after this long, in seconds.
pub(super) const FORGET_SECS: f64 = 5.0;

/// After the first answer, how long to wait for others, in seconds. Of two streams on one machine the first,
/// multicast, question was seen to reach only one; the unicast question follows half a second later.
const SETTLE_SECS: f64 = 1.0;

/// How long to listen for the streams that are there instead, in seconds: one wave of questions, half a second,
/// may find only one of several on the same machine.
const LIST_OTHERS_SECS: f64 = 1.5;

/// Longest time that listing may take, in seconds.
const MAX_LIST_SECS: f64 = 60.0;

/// How often to look at the answers.
const POLL: Duration = Duration::from_millis(20);

/// A stream that can be reached now.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct StreamSummary {
    /// As its outlet announces it; several streams may share one.
    pub name: String,
    /// Its type, as EEG or Markers.
    #[serde(rename = "type")]
    pub kind: String,
    /// Name of the device or program behind it, for finding it again; may be empty.
    pub source_id: String,
    /// The machine that sends it.
    pub hostname: String,
    /// Changes whenever the stream is started anew.
    pub uid: String,
    /// Number of channels.
    pub channels: usize,
    /// Nominal rate in Hz; 0 where samples come at any time.
    pub rate_hz: f64,
    /// Format of the values, as float32.
    pub format: String,
    /// When it was started, in seconds on the sender's clock.
    pub created_at_secs: f64,
}

impl StreamSummary {
    pub(super) fn of(info: &Info) -> Self {
        Self {
            name: info.name(),
            kind: info.kind(),
            source_id: info.source_id(),
            hostname: info.hostname(),
            uid: info.uid(),
            channels: info.channels(),
            rate_hz: info.rate_hz(),
            format: info.format().to_string(),
            created_at_secs: info.created_at_secs(),
        }
    }
}

/// Every stream that can be reached now, oldest first. Waits `wait_secs`.
///
/// # Errors
/// [`SourceError`] when liblsl cannot be had or cannot use the network.
pub fn list_streams(wait_secs: f64) -> Result<Vec<StreamSummary>, SourceError> {
    ensure_loaded()?;
    // Every stream has a name, so this asks for all of them.
    let everything = resolver("count(name)=1")?;
    std::thread::sleep(Duration::from_secs_f64(wait_secs.clamp(0.0, MAX_LIST_SECS)));
    Ok(everything.results().iter().map(StreamSummary::of).collect())
}

/// The streams that a query asks for.
pub(super) struct Resolved {
    /// The EEG stream: the oldest of those that fit.
    pub eeg: Info,
    /// The marker stream.
    pub markers: Option<Info>,
    /// What else fitted.
    pub notes: Vec<String>,
}

/// Finds the streams that a query asks for; waits for its timeout at most.
///
/// # Errors
/// [`SourceError::NotFound`] with what else is on the network; [`SourceError::BadSpec`] never: a predicate
/// that liblsl cannot read finds nothing.
pub(super) fn resolve(query: &Query, clock: &Clock) -> Result<Resolved, SourceError> {
    let eeg_resolver = resolver(&query.predicate)?;
    let marker_resolver = marker_predicate(&query.markers)?.map(|p| resolver(&p)).transpose()?;
    let deadline = clock.now_secs() + query.timeout_secs;
    let mut found = wait_for(&eeg_resolver, clock, deadline);
    if found.is_empty() {
        return Err(not_found(&format!("LSL stream with {}", query.predicate), query));
    }
    let mut notes = Vec::new();
    let eeg = found.remove(0);
    if !found.is_empty() {
        notes.push(format!("other streams fit too: {}", names(&found)));
    }
    let markers = match (&marker_resolver, &query.markers) {
        (Some(resolver), MarkerChoice::Named(name)) => {
            let mut found = wait_for(resolver, clock, deadline);
            if found.is_empty() {
                return Err(not_found(&format!("LSL marker stream named '{name}'"), query));
            }
            Some(found.remove(0))
        }
        (Some(resolver), _) => {
            let mut found = resolver.results();
            found.retain(|info| info.uid() != eeg.uid());
            let best = best_markers(found, &eeg, &mut notes);
            if best.is_none() {
                notes.push("no marker stream was found".into());
            }
            best
        }
        (None, _) => None,
    };
    Ok(Resolved { eeg, markers, notes })
}

fn marker_predicate(choice: &MarkerChoice) -> Result<Option<String>, SourceError> {
    Ok(match choice {
        MarkerChoice::Off => None,
        MarkerChoice::Auto => Some("type='Markers'".into()),
        MarkerChoice::Named(name) => {
            let bad = |why| SourceError::BadSpec { spec: format!("lsl:markers={name}"), why };
            Some(super::query::term("name", name).map_err(bad)?)
        }
    })
}

/// A resolver that asks for a predicate in the background.
pub(super) fn resolver(predicate: &str) -> Result<Resolver, SourceError> {
    Resolver::new(predicate, FORGET_SECS).ok_or_else(|| SourceError::Unusable {
        what: "the network for LSL".into(),
        why: format!("liblsl cannot ask for {predicate}"),
        remedy: "Check that a network interface is up (loopback suffices)".into(),
    })
}

/// Waits for the first answer and a little longer for others.
pub(super) fn wait_for(resolver: &Resolver, clock: &Clock, deadline_secs: f64) -> Vec<Info> {
    while resolver.results().is_empty() {
        if clock.now_secs() >= deadline_secs {
            return Vec::new();
        }
        std::thread::sleep(POLL);
    }
    std::thread::sleep(Duration::from_secs_f64(SETTLE_SECS));
    resolver.results()
}

/// The marker stream that belongs to the EEG stream, most likely: of the same source, else of the same
/// machine, else the oldest.
fn best_markers(mut found: Vec<Info>, eeg: &Info, notes: &mut Vec<String>) -> Option<Info> {
    let (source, host) = (eeg.source_id(), eeg.hostname());
    found.sort_by_key(|info| {
        let kinship = kinship(&source, &info.source_id());
        (std::cmp::Reverse(kinship), info.hostname() != host)
    });
    if found.is_empty() {
        return None;
    }
    let best = found.remove(0);
    if !found.is_empty() {
        notes.push(format!(
            "markers come from '{}'; other marker streams: {} (choose with markers=NAME)",
            best.name(),
            names(&found)
        ));
    }
    Some(best)
}

/// How many bytes two source ids have in common at the start; fewer than half of either is chance.
fn kinship(a: &str, b: &str) -> usize {
    let common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    if common > 0 && 2 * common >= a.len().min(b.len()) { common } else { 0 }
}

fn names(found: &[Info]) -> String {
    let name = |info: &Info| format!("'{}' on {}", info.name(), info.hostname());
    found.iter().map(name).collect::<Vec<_>>().join(", ")
}

pub(super) fn not_found(what: &str, query: &Query) -> SourceError {
    let others = list_streams(LIST_OTHERS_SECS).unwrap_or_default();
    let others: Vec<String> =
        others.iter().map(|stream| format!("'{}' ({})", stream.name, stream.kind)).collect();
    let there = if others.is_empty() { "none at all".to_owned() } else { others.join(", ") };
    SourceError::NotFound {
        what: what.into(),
        detail: format!(" within {} s; streams that are there: {there}", query.timeout_secs),
        remedy:
            "Start the program that sends it, check the name, and see that both machines are on \
                 one network and no firewall blocks UDP port 16571"
                .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinship_needs_half_of_the_shorter_id() {
        assert_eq!(kinship("cap-17/eeg", "cap-17/markers"), 7);
        assert_eq!(kinship("cap-17/eeg", "other"), 0);
        assert_eq!(kinship("", ""), 0);
        assert_eq!(kinship("amp", "amplifier-9"), 3);
    }
}
