//! Finds a lost stream again, without ever blocking the thread that reads.
//!
//! A resolver of liblsl asks the network in the background for the same `source_id` (or name and type where
//! there is none). What it finds is connected step by step: description, clock offset, data; each step only
//! looks whether the answer is there. A stream that is back with other channels or another rate ends the
//! source, since everything downstream was prepared for the old ones.
//!
//! A stream that was started anew on a machine that stayed up has the clock that it had: its offset need not be measured
//! again before frames are taken over, which saves up to a second.

use super::describe::{Description, describe, without};
use super::info::Resolver;
use super::inlet::{Correction, Handle, Trouble};
use super::query::term;
use super::resolve::{FORGET_LOST_SECS, GONE_SECS, StreamSummary, resolver_forgetting};
use crate::source::SourceError;

/// How often to look at the answers, in seconds.
const POLL_SECS: f64 = 0.05;

/// How long to wait for a clock offset before the old one is used, in seconds.
const CORRECTION_WAIT_SECS: f64 = 3.0;

/// How long a connection may take before it is tried anew, in seconds.
const CONNECT_SECS: f64 = 5.0;

/// How long a description is waited for before the old one is believed, in seconds.
const DESCRIBE_SECS: f64 = 3.0;

/// A stream started on the clock that it had was started after the last frame, give or take this, in seconds.
const SAME_CLOCK_SECS: f64 = 2.0;

/// The search for a stream.
pub(super) struct Comeback {
    candidate: Option<Candidate>,
    resolver: Resolver,
    started_secs: f64,
    next_poll_secs: f64,
}

/// A stream that looks like the lost one and is being connected.
struct Candidate {
    inlet: Handle,
    summary: StreamSummary,
    format: lsl::ChannelFormat,
    described: bool,
    /// The sender's clock is the one that it had.
    same_clock: bool,
    since_secs: f64,
}

/// The stream as it was when it was lost.
pub(super) struct Lost<'a> {
    /// What it was.
    pub summary: &'a StreamSummary,
    /// What it said of its channels.
    pub description: &'a Description,
    /// The unit that was asked for, if any.
    pub unit: Option<&'a str>,
    /// Its last frame's stamp, on the sender's clock.
    pub last_stamp_secs: Option<f64>,
    /// When that arrived, on ours.
    pub last_arrival_secs: f64,
}

/// A stream that is back.
pub(super) struct Returned {
    /// Connected, and its data are flowing.
    pub inlet: Handle,
    /// What it is now; its uid is new when it was started anew.
    pub summary: StreamSummary,
    /// Format of its values.
    pub format: lsl::ChannelFormat,
    /// Its clock offset, where it could be measured.
    pub correction: Option<Correction>,
}

impl Comeback {
    /// Starts asking in the background.
    ///
    /// # Errors
    /// [`SourceError`] when liblsl cannot use the network.
    pub fn start(lost: &StreamSummary, now_secs: f64) -> Result<Self, SourceError> {
        Ok(Self {
            candidate: None,
            resolver: resolver_forgetting(&same_stream(lost), FORGET_LOST_SECS)?,
            started_secs: now_secs,
            next_poll_secs: now_secs,
        })
    }

    /// True when the stream with this uid has not answered for long enough.
    pub fn is_gone(&mut self, uid: &str, now_secs: f64) -> bool {
        if now_secs < self.next_poll_secs || now_secs - self.started_secs < GONE_SECS {
            return false;
        }
        self.next_poll_secs = now_secs + POLL_SECS;
        self.resolver.results().iter().all(|info| info.uid() != uid)
    }

    /// Whether it answers again and is being connected.
    pub fn is_connecting(&self) -> bool {
        self.candidate.is_some()
    }

    /// Takes the next step if one is due; the stream, once it is back.
    ///
    /// # Errors
    /// [`SourceError::Lost`] when it is back with other channels or another rate.
    pub fn poll(
        &mut self,
        lost: &Lost<'_>,
        now_secs: f64,
    ) -> Result<Option<Returned>, SourceError> {
        if now_secs < self.next_poll_secs {
            return Ok(None);
        }
        self.next_poll_secs = now_secs + POLL_SECS;
        let Some(mut candidate) = self.candidate.take().filter(|c| !self.is_outdated(c)) else {
            self.candidate = self.find_candidate(lost, now_secs)?;
            return Ok(None);
        };
        match candidate.advance(lost, now_secs)? {
            Step::Ready(correction) => Ok(Some(candidate.into_returned(correction))),
            Step::Waiting => {
                self.candidate = Some(candidate);
                Ok(None)
            }
            Step::Failed => Ok(None),
        }
    }

    /// Whether another stream that fits has come up since: a frozen one is not waited for then.
    fn is_outdated(&self, candidate: &Candidate) -> bool {
        let newest = self.resolver.results().pop();
        newest.is_some_and(|info| info.uid() != candidate.summary.uid)
    }

    /// The newest stream that fits: after a restart the old one may still be in the answers.
    fn find_candidate(
        &self,
        was: &Lost<'_>,
        now_secs: f64,
    ) -> Result<Option<Candidate>, SourceError> {
        let Some(info) = self.resolver.results().pop() else { return Ok(None) };
        let (summary, lost) = (StreamSummary::of(&info), was.summary);
        if summary.channels != lost.channels {
            let why = format!("{} channels instead of {}", summary.channels, lost.channels);
            return Err(changed(lost, &why));
        }
        if (summary.rate_hz - lost.rate_hz).abs() > 1e-6 * lost.rate_hz {
            let why = format!("{} Hz instead of {} Hz", summary.rate_hz, lost.rate_hz);
            return Err(changed(lost, &why));
        }
        let format = info.format();
        if format == lsl::ChannelFormat::String {
            return Err(changed(lost, "texts instead of numbers"));
        }
        let inlet = Handle::new(&info, false)?;
        // Starts the connection; its outcome shows in the next steps.
        let _ = inlet.open(0.0);
        let same_clock = was.is_on_the_same_clock(&summary, now_secs);
        let described = false;
        Ok(Some(Candidate { inlet, summary, format, described, same_clock, since_secs: now_secs }))
    }
}

enum Step {
    Ready(Option<Correction>),
    Waiting,
    Failed,
}

impl Candidate {
    fn advance(&mut self, lost: &Lost<'_>, now_secs: f64) -> Result<Step, SourceError> {
        let waited_secs = now_secs - self.since_secs;
        if !self.described {
            let count = self.summary.channels;
            let unknown = || without("does not come", count, lost.unit);
            match self.inlet.description(0.0) {
                Ok(xml) => self.compare(describe(&xml, count, lost.unit), lost.description)?,
                // One that never told what its channels are need not do so now.
                Err(Trouble::Timeout)
                    if waited_secs >= DESCRIBE_SECS
                        && self.compare(unknown(), lost.description).is_ok() => {}
                Err(Trouble::Timeout) if waited_secs < CONNECT_SECS => return Ok(Step::Waiting),
                Err(_) => return Ok(Step::Failed),
            }
            self.described = true;
        }
        if self.same_clock {
            return Ok(Step::Ready(self.inlet.correction(0.0).ok()));
        }
        Ok(match self.inlet.correction(0.0) {
            Ok(correction) => Step::Ready(Some(correction)),
            Err(Trouble::Timeout) if waited_secs < CORRECTION_WAIT_SECS => Step::Waiting,
            Err(Trouble::Timeout) => Step::Ready(None),
            Err(_) => Step::Failed,
        })
    }

    fn compare(
        &self,
        new: Result<Description, String>,
        old: &Description,
    ) -> Result<(), SourceError> {
        let new = new.map_err(|why| changed(&self.summary, &why))?;
        if new.labels != old.labels || new.picks != old.picks {
            let why =
                format!("channels {} instead of {}", new.labels.join(" "), old.labels.join(" "));
            return Err(changed(&self.summary, &why));
        }
        if new.scales != old.scales {
            let why = format!("unit {} instead of {}", new.unit, old.unit);
            return Err(changed(&self.summary, &why));
        }
        Ok(())
    }

    fn into_returned(self, correction: Option<Correction>) -> Returned {
        let Self { inlet, summary, format, .. } = self;
        Returned { inlet, summary, format, correction }
    }
}

impl Lost<'_> {
    /// Whether a stream was begun on the clock of the lost one: on the same machine, after its last frame, and no
    /// later than now. A machine that was started anew begins its clock at zero.
    fn is_on_the_same_clock(&self, new: &StreamSummary, now_secs: f64) -> bool {
        let Some(last_stamp_secs) = self.last_stamp_secs else { return false };
        let same_stream = new.uid == self.summary.uid;
        let away_secs = now_secs - self.last_arrival_secs;
        let since_secs = new.created_at_secs - last_stamp_secs;
        let within = since_secs > -SAME_CLOCK_SECS && since_secs < away_secs + SAME_CLOCK_SECS;
        new.hostname == self.summary.hostname && (same_stream || within)
    }
}

/// The predicate of a stream that comes from the same source: by its id, or by name where it has none.
pub(super) fn same_stream(lost: &StreamSummary) -> String {
    let (field, value) = if lost.source_id.is_empty() {
        ("name", &lost.name)
    } else {
        ("source_id", &lost.source_id)
    };
    format!("{} and {}", quoted(field, value), quoted("type", &lost.kind))
}

/// A condition on a field of a stream that was there; one whose value cannot be quoted is left open.
fn quoted(field: &str, value: &str) -> String {
    term(field, value).unwrap_or_else(|_| format!("count({field})=1"))
}

fn changed(stream: &StreamSummary, why: &str) -> SourceError {
    SourceError::Lost {
        what: format!("LSL stream '{}'", stream.name),
        why: format!("it came back with {why}"),
        remedy: "Start the source again".into(),
    }
}
