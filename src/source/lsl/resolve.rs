//! Looks for streams on the network.
//!
//! A resolver of liblsl asks in the background; these functions look at its answers until they suffice.
//! For preparing and listing only: they wait, and they allocate.

use std::time::Duration;

use super::describe::clean;
use super::info::{Info, Resolver};
use super::library::ensure_loaded;
use super::query::{MarkerChoice, Query, display};
use crate::source::SourceError;
use crate::source::spec::Parameters;
use crate::time::clock::Clock;

/// A stream that is no longer heard of is forgotten after this long, in seconds.
const FORGET_SECS: f64 = 5.0;

/// Silence after which a stream is doubted and asked for, in seconds. A connection that breaks is told by liblsl at once;
/// of a machine that is switched off, frozen or cut off, silence is all there is. A sender may pause, though: it is gone
/// when it does not answer either.
pub(super) const DOUBT_SECS: f64 = 0.75;

/// A doubted stream that has not answered for this long is gone, in seconds: three waves of questions, of which the
/// network may lose one.
pub(super) const GONE_SECS: f64 = 1.5;

/// While a lost stream is looked for, one that does not answer is forgotten after this long, in seconds: three waves.
pub(super) const FORGET_LOST_SECS: f64 = 1.5;

/// Longest name of a stream that is shown, in characters.
pub(super) const MAX_STREAM_NAME_CHARS: usize = 120;

/// Streams that a sentence names; the rest are counted.
const NAMED: usize = 12;

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

    /// What to write after `--source` to get this stream and none of `all`: by its name where that is enough, else by
    /// what tells it apart and stays when it is started anew, else by its uid.
    pub fn spec_among(&self, all: &[Self]) -> String {
        let others = || all.iter().filter(|other| other.uid != self.uid);
        let mut pairs = vec![("name", &self.name)];
        for (field, value) in self.fields() {
            let same = |other: &&Self| pairs.iter().all(|(f, v)| other.field(f) == Some(*v));
            let differs = |other: &Self| other.field(field) != Some(value);
            if others().any(|other| same(&other)) && others().any(differs) {
                pairs.push((field, value));
            }
        }
        if pairs.iter().any(|(_, value)| value.is_empty() || value.contains([',', '"', '\''])) {
            pairs = vec![("uid", &self.uid)];
        }
        let parameters: Parameters =
            pairs.into_iter().map(|(field, value)| (field.to_owned(), value.clone())).collect();
        display(&parameters)
    }

    /// In words for a list among `all`: its name, and of several with one name what tells them apart.
    pub fn title_among(&self, all: &[Self]) -> String {
        let name = clean(&self.name, MAX_STREAM_NAME_CHARS);
        let same: Vec<&Self> =
            all.iter().filter(|s| s.name == self.name && s.uid != self.uid).collect();
        if same.is_empty() {
            return name;
        }
        let host = clean(&self.hostname, MAX_STREAM_NAME_CHARS);
        if same.iter().all(|other| other.hostname != self.hostname) {
            return format!("{name} on {host}");
        }
        let id: String = clean(&self.uid, 8);
        format!("{name} on {host}, uid {id}…")
    }

    /// What tells streams of one name apart, the most lasting first.
    fn fields(&self) -> [(&'static str, &String); 4] {
        let (id, kind, host) = (&self.source_id, &self.kind, &self.hostname);
        [("source_id", id), ("type", kind), ("hostname", host), ("uid", &self.uid)]
    }

    fn field(&self, name: &str) -> Option<&String> {
        let found = self.fields().into_iter().find(|(field, _)| *field == name);
        found.map(|(_, value)| value).or((name == "name").then_some(&self.name))
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
    let deadline = clock.now_secs() + query.patience_secs();
    let mut found = wait_for(&eeg_resolver, clock, deadline);
    if found.is_empty() {
        let what = format!("LSL stream with {}", query.predicate);
        return Err(not_found(&what, query.patience_secs()));
    }
    let mut notes = Vec::new();
    let eeg = found.remove(0);
    if !found.is_empty() {
        notes.push(format!("other streams fit too: {}", names(&found, &eeg)));
    }
    let markers = match (&marker_resolver, &query.markers) {
        (Some(resolver), MarkerChoice::Named(name)) => {
            let mut found = wait_for(resolver, clock, deadline);
            if found.is_empty() {
                let what = format!("LSL marker stream named '{name}'");
                return Err(not_found(&what, query.patience_secs()));
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
    resolver_forgetting(predicate, FORGET_SECS)
}

/// As [`resolver`], with its own time after which a stream that does not answer is forgotten.
pub(super) fn resolver_forgetting(
    predicate: &str,
    forget_secs: f64,
) -> Result<Resolver, SourceError> {
    Resolver::new(predicate, forget_secs).ok_or_else(|| SourceError::Unusable {
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
            names(&found, &best)
        ));
    }
    Some(best)
}

/// How many bytes two source ids have in common at the start; fewer than half of either is chance.
fn kinship(a: &str, b: &str) -> usize {
    let common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    if common > 0 && 2 * common >= a.len().min(b.len()) { common } else { 0 }
}

/// Names for a sentence; of several with one name, the `chosen` one included, each with what tells it apart.
fn names(found: &[Info], chosen: &Info) -> String {
    let all: Vec<StreamSummary> = found.iter().chain([chosen]).map(StreamSummary::of).collect();
    let each: Vec<String> = all[..found.len()]
        .iter()
        .map(|stream| match stream.title_among(&all) {
            title if title == clean(&stream.name, MAX_STREAM_NAME_CHARS) => {
                format!("'{title}' on {}", clean(&stream.hostname, MAX_STREAM_NAME_CHARS))
            }
            title => format!("'{title}' ({})", stream.spec_among(&all)),
        })
        .collect();
    counted(&each)
}

fn counted(each: &[String]) -> String {
    let rest = each.len().saturating_sub(NAMED);
    let named = each[..each.len() - rest].join(", ");
    if rest > 0 { format!("{named} and {rest} more") } else { named }
}

/// The error of a stream that was looked for in vain, with what else is there; listens a moment for that.
pub(super) fn not_found(what: &str, waited_secs: f64) -> SourceError {
    let others = list_streams(LIST_OTHERS_SECS).unwrap_or_default();
    not_found_among(what, waited_secs, &others)
}

/// As [`not_found`], among streams that are known.
pub(super) fn not_found_among(
    what: &str,
    waited_secs: f64,
    others: &[StreamSummary],
) -> SourceError {
    SourceError::NotFound {
        what: what.into(),
        detail: format!(" within {waited_secs:.0} s; streams that are there: {}", there(others)),
        remedy: remedy(others),
    }
}

/// What else is there, for a sentence.
pub(super) fn there(others: &[StreamSummary]) -> String {
    let name = |stream: &StreamSummary| {
        format!("'{}' ({})", stream.title_among(others), clean(&stream.kind, MAX_STREAM_NAME_CHARS))
    };
    let each: Vec<String> = others.iter().map(name).collect();
    if each.is_empty() { "none at all".into() } else { counted(&each) }
}

/// What to do when a stream is not found: another thing where others are than where none is.
pub(super) fn remedy(others: &[StreamSummary]) -> String {
    if others.is_empty() {
        return super::network::hint();
    }
    "Start the program that sends it and check the name: others on this network are heard, so the network works".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(name: &str, source_id: &str, hostname: &str, uid: &str) -> StreamSummary {
        StreamSummary {
            name: name.into(),
            kind: "EEG".into(),
            source_id: source_id.into(),
            hostname: hostname.into(),
            uid: uid.into(),
            channels: 8,
            rate_hz: 250.0,
            format: "float32".into(),
            created_at_secs: 0.0,
        }
    }

    #[test]
    fn streams_of_one_name_are_told_apart() {
        let all = [
            stream("Amp", "a", "lab-1", "u-1"),
            stream("Amp", "b", "lab-1", "u-2"),
            stream("Amp", "b", "lab-2", "u-3"),
            stream("Amp", "b", "lab-2", "u-4"),
            stream("Cap", "", "lab-1", "u-5"),
            stream("Ann's", "", "lab-1", "u-6"),
        ];
        let specs: Vec<String> = all.iter().map(|stream| stream.spec_among(&all)).collect();
        assert_eq!(
            specs,
            [
                "lsl:name=Amp,source_id=a",
                "lsl:hostname=lab-1,name=Amp,source_id=b",
                "lsl:hostname=lab-2,name=Amp,source_id=b,uid=u-3",
                "lsl:hostname=lab-2,name=Amp,source_id=b,uid=u-4",
                "lsl:name=Cap",
                "lsl:uid=u-6",
            ]
        );
        assert_eq!(all[4].title_among(&all), "Cap");
        assert_eq!(all[2].title_among(&all), "Amp on lab-2, uid u-3…");
        assert_eq!(all[0].title_among(&all[..3]), "Amp on lab-1, uid u-1…");
        assert_eq!(all[2].title_among(&all[..3]), "Amp on lab-2");
    }

    #[test]
    fn names_from_the_network_are_cleaned_counted_and_bounded() {
        let many: Vec<StreamSummary> = (0..200)
            .map(|i| stream(&format!("\u{1b}[2J{i}{}", "x".repeat(9999)), "", "h", &i.to_string()))
            .collect();
        let text = there(&many);
        assert!(text.ends_with("and 188 more") && !text.contains('\u{1b}') && text.len() < 4000);
        assert!(remedy(&many).contains("check the name"));
        assert!(remedy(&[]).contains("KnownPeers"));
    }

    #[test]
    fn kinship_needs_half_of_the_shorter_id() {
        assert_eq!(kinship("cap-17/eeg", "cap-17/markers"), 7);
        assert_eq!(kinship("cap-17/eeg", "other"), 0);
        assert_eq!(kinship("", ""), 0);
        assert_eq!(kinship("amp", "amplifier-9"), 3);
    }
}
