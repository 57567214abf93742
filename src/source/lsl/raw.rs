//! A stream as it is, for recording: every format, the sender's own stamps, its description untouched.
//!
//! Pulls into [`Block`]s without waiting. A stream that goes away is looked for until one of the same source
//! and shape is back; both are told as a [`RawEvent`]. Clock offsets are given only where they were measured.

use super::block::Block;
use super::comeback::same_stream;
use super::info::Resolver;
use super::inlet::{Handle, Trouble};
use super::pull::{TextPlaces, pull_into};
use super::resolve::{DOUBT_SECS, FORGET_LOST_SECS, GONE_SECS, StreamSummary, resolver_forgetting};
use super::search::Found;
use super::suitable::unusable;
use crate::source::SourceError;
use crate::time::clock::Clock;
use crate::time::gaps::GapDetector;
use crate::time::silence::Silence;
use crate::units::MAX_CHANNELS;

/// How long to wait for each answer while connecting, in seconds.
const CONNECT_SECS: f64 = 5.0;

/// How long to wait for the first clock offset, in seconds; it goes on being measured after that.
const FIRST_OFFSET_SECS: f64 = 2.0;

/// Time between two clock offsets, in seconds.
const OFFSET_SECS: f64 = 5.0;

/// How often to look at the answers while it is away, in seconds.
const POLL_SECS: f64 = 0.05;

/// How long a connection to a stream that is back may take, in seconds.
const RECONNECT_SECS: f64 = 10.0;

/// Something that happened to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawEvent {
    /// It is gone, and is looked for.
    Gone,
    /// It is back; true where it describes itself differently than before.
    Back(bool),
    /// Its clock started anew.
    ClockReset,
}

/// Looking for a stream that went away or fell silent.
struct Away {
    resolver: Resolver,
    since_secs: f64,
    next_poll_secs: f64,
    candidate: Option<(Handle, StreamSummary, f64)>,
}

/// An open stream.
pub struct RawStream {
    // First: it must be gone before anything else of LSL.
    inlet: Option<Handle>,
    away: Option<Away>,
    summary: StreamSummary,
    format: lsl::ChannelFormat,
    xml: String,
    clock: Clock,
    places: TextPlaces,
    gaps: Option<GapDetector>,
    lost: u64,
    last_stamp_secs: Option<f64>,
    silence: Silence,
    back_from_break: bool,
    offset_secs: Option<f64>,
    next_offset_secs: f64,
}

impl RawStream {
    /// Connects; takes some seconds at most. `clock` is LSL's.
    ///
    /// # Errors
    /// [`SourceError::Unusable`] when it does not answer or has no channels.
    pub fn open(found: &Found, clock: &Clock) -> Result<Self, SourceError> {
        let info = &found.0;
        let summary = StreamSummary::of(info);
        let unanswered =
            |what: &str, why| unusable(&summary, format!("it does not tell {what} ({why:?})"));
        if !(1..=MAX_CHANNELS).contains(&summary.channels) {
            let why = format!("it has {} channels", summary.channels);
            return Err(unusable(&summary, why));
        }
        let format = info.format();
        if format == lsl::ChannelFormat::Undefined {
            return Err(unusable(&summary, "its values have no format".into()));
        }
        let inlet = Handle::new(info, false)?;
        let xml = inlet.description(CONNECT_SECS).map_err(|why| unanswered("what it is", why))?;
        inlet.open(CONNECT_SECS).map_err(|why| unanswered("its data", why))?;
        let offset = inlet.correction(FIRST_OFFSET_SECS).ok();
        let now_secs = clock.now_secs();
        let regular = summary.rate_hz > 0.0 && summary.rate_hz.is_finite();
        Ok(Self {
            inlet: Some(inlet),
            away: None,
            places: TextPlaces::new(summary.channels),
            gaps: regular.then(|| GapDetector::new(summary.rate_hz)),
            summary,
            format,
            xml,
            clock: clock.clone(),
            lost: 0,
            last_stamp_secs: None,
            silence: Silence::since(now_secs),
            back_from_break: false,
            offset_secs: offset.map(|found| found.offset_secs),
            next_offset_secs: now_secs,
        })
    }

    /// What it is; its uid changes when it comes back.
    pub fn summary(&self) -> &StreamSummary {
        &self.summary
    }

    /// Its full description, as its sender wrote it.
    pub fn xml(&self) -> &str {
        &self.xml
    }

    /// Memory for at most `max_samples` of its samples.
    pub fn block(&self, max_samples: usize) -> Option<Block> {
        Block::new(self.format, self.summary.channels, max_samples)
    }

    /// Samples known to be missing, by the stamps of a regular stream.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The newest sample's stamp on our clock, in seconds; `None` where no offset was measured.
    pub fn last_time_secs(&self) -> Option<f64> {
        Some(self.last_stamp_secs? + self.offset_secs?)
    }

    /// Pulls what has arrived and fits; how many samples, and what happened to the stream.
    pub fn pull(&mut self, block: &mut Block) -> (usize, Option<RawEvent>) {
        let now_secs = self.clock.now_secs();
        let Some(inlet) = &self.inlet else { return (0, self.look_for_return(now_secs)) };
        let before = block.len();
        let pulled = pull_into(inlet, block, &mut self.places);
        let samples = block.len() - before;
        if samples > 0 {
            self.judge(&block.stamps[before..], now_secs);
        }
        match pulled {
            Ok(_) | Err(Trouble::Timeout) => {
                let gone = samples == 0 && self.fell_silent(now_secs);
                (samples, gone.then(|| self.go_away(now_secs)))
            }
            Err(Trouble::Lost | Trouble::Other(_)) => (samples, Some(self.go_away(now_secs))),
        }
    }

    /// The clock offset, where a new one is due and was measured: when, on the sender's clock, and what to add
    /// to its stamps. And whether the sender's clock started anew.
    pub fn clock_offset(&mut self) -> (Option<(f64, f64)>, Option<RawEvent>) {
        let now_secs = self.clock.now_secs();
        let Some(inlet) = &self.inlet else { return (None, None) };
        if now_secs < self.next_offset_secs {
            return (None, None);
        }
        self.next_offset_secs = now_secs + OFFSET_SECS;
        let reset = inlet.was_clock_reset().then_some(RawEvent::ClockReset);
        let Ok(found) = inlet.correction(0.0) else { return (None, reset) };
        self.offset_secs = Some(found.offset_secs);
        (Some((now_secs - found.offset_secs, found.offset_secs)), reset)
    }

    fn judge(&mut self, stamps: &[f64], arrival_secs: f64) {
        if let Some(gaps) = &mut self.gaps {
            if std::mem::take(&mut self.back_from_break)
                && let (Some(last), Some(first)) = (self.last_stamp_secs, stamps.first())
            {
                // No longer than it took by our own clock, whatever the sender's says.
                let most_secs = arrival_secs - self.silence.last_secs() + 1.0;
                self.lost += gaps.resume((first - last).min(most_secs));
            }
            for stamp in stamps {
                self.lost += gaps.next(*stamp, arrival_secs).lost;
            }
        }
        self.last_stamp_secs = stamps.last().copied().or(self.last_stamp_secs);
        self.silence.broken(arrival_secs);
        self.away = None;
    }

    /// Silence alone is no loss: a sender may pause. It is gone when it cannot be found any more.
    fn fell_silent(&mut self, now_secs: f64) -> bool {
        if self.gaps.is_none() || !self.silence.is_odd(now_secs, DOUBT_SECS) {
            return false;
        }
        let Some(away) = &mut self.away else {
            self.away = self.start_looking(now_secs);
            return false;
        };
        if now_secs < away.next_poll_secs || now_secs - away.since_secs < GONE_SECS {
            return false;
        }
        away.next_poll_secs = now_secs + POLL_SECS;
        away.resolver.results().iter().all(|info| info.uid() != self.summary.uid)
    }

    fn start_looking(&self, now_secs: f64) -> Option<Away> {
        let resolver = resolver_forgetting(&same_stream(&self.summary), FORGET_LOST_SECS).ok()?;
        Some(Away { resolver, since_secs: now_secs, next_poll_secs: now_secs, candidate: None })
    }

    fn go_away(&mut self, now_secs: f64) -> RawEvent {
        self.inlet = None;
        if self.away.is_none() {
            self.away = self.start_looking(now_secs);
        }
        RawEvent::Gone
    }

    fn look_for_return(&mut self, now_secs: f64) -> Option<RawEvent> {
        let Some(away) = &mut self.away else {
            self.away = self.start_looking(now_secs);
            return None;
        };
        if now_secs < away.next_poll_secs {
            return None;
        }
        away.next_poll_secs = now_secs + POLL_SECS;
        let Some((inlet, summary, since_secs)) = away.candidate.take() else {
            away.candidate = candidate(&away.resolver, &self.summary, now_secs);
            return None;
        };
        match inlet.description(0.0) {
            Ok(xml) => {
                let changed = described(&xml) != described(&self.xml);
                (self.inlet, self.summary, self.away) = (Some(inlet), summary, None);
                self.next_offset_secs = now_secs;
                self.back_from_break = true;
                Some(RawEvent::Back(changed))
            }
            Err(Trouble::Timeout) if now_secs - since_secs < RECONNECT_SECS => {
                away.candidate = Some((inlet, summary, since_secs));
                None
            }
            Err(_) => None,
        }
    }
}

// SAFETY: liblsl's handles may be used from any thread, one at a time, and these have a single owner.
#[allow(unsafe_code)] // a promise about threads that only a person can make
unsafe impl Send for RawStream {}

/// The newest stream of the same source and shape, its connection begun. One of another shape cannot go on in
/// the same stream of the file and is passed over.
fn candidate(
    resolver: &Resolver,
    lost: &StreamSummary,
    now_secs: f64,
) -> Option<(Handle, StreamSummary, f64)> {
    let same = |summary: &StreamSummary| {
        (summary.channels, &summary.format) == (lost.channels, &lost.format)
            && summary.rate_hz.to_bits() == lost.rate_hz.to_bits()
    };
    let found = resolver.results().into_iter().rev().map(|info| (StreamSummary::of(&info), info));
    let (summary, info) = found.into_iter().find(|(summary, _)| same(summary))?;
    let inlet = Handle::new(&info, false).ok()?;
    // Starts the connection; its outcome shows in the next looks.
    let _ = inlet.open(0.0);
    Some((inlet, summary, now_secs))
}

/// The part of a description that says what the channels are.
fn described(xml: &str) -> &str {
    xml.find("<desc").map_or("", |at| &xml[at..])
}
