//! Play, pause, step, seek, speed and loop: what a viewer asks of a replay, and where it is.
//!
//! Shared between the viewer's thread and the acquisition thread through atomics only: neither ever waits. A seek
//! replays from the very beginning of the recording at full speed, without anything being decoded, until the place
//! that was sought: filters then hold exactly what they held there the first time, so every window from there on
//! has the same number and the same embedding, to the last bit.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Slowest and fastest paced speed.
pub const SPEEDS: std::ops::RangeInclusive<f64> = 0.1..=16.0;

/// No seek is asked for.
const NOWHERE: u64 = u64::MAX;

/// What is in the recording, for a timeline. Times are the recording's own, in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// Time of the first frame.
    pub first_secs: f64,
    /// Time of the last frame.
    pub last_secs: f64,
    /// Markers: time and label, by time.
    pub events: Vec<(f64, String)>,
    /// Gaps: from the last frame before to the first behind.
    pub gaps: Vec<[f64; 2]>,
}

/// The controls of a replay.
#[derive(Debug)]
pub struct Transport {
    playing: AtomicBool,
    looping: AtomicBool,
    holding: AtomicBool,
    speed_bits: AtomicU64,
    seek_bits: AtomicU64,
    seeks: AtomicU64,
    /// Paused, but play until this time.
    step_bits: AtomicU64,
    /// Windows that begin before this are not decoded.
    run_in_bits: AtomicU64,
    position_bits: AtomicU64,
    outline: OnceLock<Outline>,
}

impl Default for Transport {
    fn default() -> Self {
        Self::new(1.0)
    }
}

fn load(bits: &AtomicU64) -> f64 {
    f64::from_bits(bits.load(Ordering::Acquire))
}

fn store(bits: &AtomicU64, value: f64) {
    bits.store(value.to_bits(), Ordering::Release);
}

impl Transport {
    /// Playing, at this speed.
    pub fn new(speed: f64) -> Self {
        let bits = |value: f64| AtomicU64::new(value.to_bits());
        Self {
            playing: AtomicBool::new(true),
            looping: AtomicBool::new(false),
            holding: AtomicBool::new(false),
            speed_bits: bits(clamped(speed)),
            seek_bits: AtomicU64::new(NOWHERE),
            seeks: AtomicU64::new(0),
            step_bits: bits(f64::NEG_INFINITY),
            run_in_bits: bits(f64::NEG_INFINITY),
            position_bits: bits(f64::NAN),
            outline: OnceLock::new(),
        }
    }

    /// Goes on, or holds still.
    pub fn set_playing(&self, playing: bool) {
        store(&self.step_bits, f64::NEG_INFINITY);
        self.playing.store(playing, Ordering::Release);
    }

    /// Whether it goes on.
    pub fn is_playing(&self) -> bool {
        self.playing.load(Ordering::Acquire)
    }

    /// Seconds of the recording per second, within [`SPEEDS`].
    pub fn set_speed(&self, speed: f64) {
        store(&self.speed_bits, clamped(speed));
    }

    /// See [`Transport::set_speed`].
    pub fn speed(&self) -> f64 {
        load(&self.speed_bits)
    }

    /// Whether it begins again at its end.
    pub fn set_looping(&self, looping: bool) {
        self.looping.store(looping, Ordering::Release);
    }

    /// See [`Transport::set_looping`].
    pub fn is_looping(&self) -> bool {
        self.looping.load(Ordering::Acquire)
    }

    /// Whether the replay waits at its end for a seek, as a window does, in place of being over.
    pub fn set_holding(&self, holding: bool) {
        self.holding.store(holding, Ordering::Release);
    }

    /// See [`Transport::set_holding`].
    pub fn is_holding(&self) -> bool {
        self.holding.load(Ordering::Acquire)
    }

    /// Goes to a time of the recording, in seconds; a time outside it is its nearer end.
    pub fn seek(&self, time_secs: f64) {
        if !time_secs.is_nan() {
            store(&self.seek_bits, time_secs);
            self.seeks.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// How many times a place was sought: what was decoded before is of another place.
    pub fn seeks(&self) -> u64 {
        self.seeks.load(Ordering::Acquire)
    }

    /// Whether it has come to its end and stays there.
    pub fn is_at_end(&self) -> bool {
        let here = self.position_secs();
        !self.is_looping() && self.outline().is_some_and(|outline| here >= outline.last_secs)
    }

    /// Goes to the next event (or the previous one) from where it is; false when there is none.
    pub fn seek_event(&self, forwards: bool) -> bool {
        let Some(outline) = self.outline() else { return false };
        let here = self.position_secs();
        // A little before where it is, so that going back twice does not land on the same event.
        let found = if forwards {
            outline.events.iter().find(|(time, _)| *time > here + 1e-3)
        } else {
            outline.events.iter().rev().find(|(time, _)| *time < here - 0.3)
        };
        if let Some((time, _)) = found {
            self.seek(*time);
        }
        found.is_some()
    }

    /// Plays so many seconds of the recording, then holds still.
    pub fn step(&self, secs: f64) {
        let here = self.position_secs();
        self.playing.store(false, Ordering::Release);
        store(&self.step_bits, here + secs);
    }

    /// Time of the last frame that was handed over, or of where a seek goes while it runs in there, in seconds of the
    /// recording; not a number before the first.
    pub fn position_secs(&self) -> f64 {
        load(&self.position_bits)
    }

    /// What is in the recording, once it is open.
    pub fn outline(&self) -> Option<&Outline> {
        self.outline.get()
    }

    /// Whether a window that begins at this time is only there to bring the filters to where a seek goes.
    pub fn is_run_in(&self, time_secs: f64) -> bool {
        time_secs < load(&self.run_in_bits)
    }

    pub(super) fn set_outline(&self, outline: impl FnOnce() -> Outline) {
        let _ = self.outline.get_or_init(outline);
    }

    /// The seek that was asked for, once.
    pub(super) fn take_seek(&self) -> Option<f64> {
        match self.seek_bits.swap(NOWHERE, Ordering::AcqRel) {
            NOWHERE => None,
            bits => Some(f64::from_bits(bits)),
        }
    }

    pub(super) fn begin_run_in(&self, until_secs: f64) {
        store(&self.run_in_bits, until_secs);
    }

    pub(super) fn run_in_until_secs(&self) -> f64 {
        load(&self.run_in_bits)
    }

    pub(super) fn step_until_secs(&self) -> f64 {
        load(&self.step_bits)
    }

    pub(super) fn set_position(&self, time_secs: f64) {
        store(&self.position_bits, time_secs);
    }
}

fn clamped(speed: f64) -> f64 {
    if speed.is_nan() { 1.0 } else { speed.clamp(*SPEEDS.start(), *SPEEDS.end()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_sought_from_where_it_is() {
        let transport = Transport::new(99.0);
        assert_eq!((transport.speed(), transport.seek_event(true)), (16.0, false));
        let events = [1.0, 2.0, 3.0].map(|time| (time, "x".to_owned())).to_vec();
        transport.set_outline(|| Outline { events, ..Outline::default() });
        transport.set_position(2.0);
        assert!(transport.seek_event(true));
        assert_eq!((transport.take_seek(), transport.take_seek()), (Some(3.0), None));
        assert!(transport.seek_event(false));
        assert_eq!(transport.take_seek(), Some(1.0));
        transport.seek(f64::NAN);
        assert_eq!(transport.take_seek(), None);
    }
}
