//! Numbers every frame, places it in time, and counts what is missing.
//!
//! Takes the package counter, the stamp (already on the program's clock) and the arrival of each frame in
//! order; gives its [`FrameMeta`]. Two witnesses testify to a loss. The counter knows small losses exactly
//! but turns over: with one byte, 2 lost frames look like 258. The clock cannot count but cannot be fooled
//! either. After a silence the first frames may merely be late, so the clock is asked once the lateness
//! has settled: what remains of it then are frames that never came. Nothing here allocates.
//!
//! Times are evened out: frames leave the device at a constant rate and arrive in bursts, so the time of a
//! frame is that of the least delayed ones around it (lower envelope of `stamp − index · period`).

use super::arrival::SlidingMin;
use crate::signal::FrameMeta;
use crate::units::SampleRate;

/// Span of the envelope, in seconds: holds an undelayed frame of any radio link that works, and follows a
/// device whose rate is 1000 ppm off to 2 ms.
const ENVELOPE_SECS: f64 = 2.0;
/// How long after a silence the lateness is taken as settled, in seconds: a Bluetooth link has delivered by
/// then what it had kept back.
const SETTLE_SECS: f64 = 0.75;
/// A silence from which on a board without a usable counter is suspected of a loss, in seconds.
const SUSPECT_SECS: f64 = 0.1;
/// Smallest lateness that counts as a loss where there is no counter, in seconds.
const LOSS_BY_CLOCK_SECS: f64 = 0.05;
/// How much earlier than possible a frame may seem before its counter is not believed, in seconds.
const EARLY_SECS: f64 = 0.1;

/// How a board counts its packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterRule {
    /// The counter turns over here.
    pub modulus: u32,
    /// What it advances by per frame.
    pub step: u32,
}

impl CounterRule {
    /// Frames until the counter shows the same number again.
    fn turn_frames(self) -> u64 {
        u64::from(self.modulus / self.step)
    }

    /// Frames from one number to the next, below one turn.
    fn advance(self, from: f64, to: f64) -> u64 {
        let difference = (to - from).rem_euclid(f64::from(self.modulus));
        (difference / f64::from(self.step)).round() as u64 % self.turn_frames()
    }
}

/// The frame before.
#[derive(Clone, Copy, Debug)]
struct Last {
    index: u64,
    counter: f64,
    stamp_secs: f64,
    time_secs: f64,
}

/// A silence whose cause is not known yet.
#[derive(Clone, Copy, Debug)]
struct Suspicion {
    /// Envelope before the silence.
    reference: f64,
    /// When the lateness is judged, on the stamps' clock.
    due_secs: f64,
    /// The counter stood still over the silence: a whole turn went by, of which one frame came.
    stood_still: bool,
    /// The place was already counted as a gap.
    counted: bool,
}

/// What was found so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Frames known to be missing.
    pub lost: u64,
    /// Those of them that only the clock tells of: whole turns of the counter, breaks, boards that do not count.
    pub lost_by_clock: u64,
    /// Places where frames are missing or unrelated ones were joined.
    pub gaps: u64,
}

/// How a frame's number fits the frame before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It follows, at once or after a loss that the clock allows; or nothing is known.
    Follows,
    /// The same number again, sooner than the counter can have turned over.
    Repeats,
    /// Further on than time allows.
    Jumps,
}

/// Numbers frames and places them in time.
#[derive(Debug)]
pub struct Timeline {
    period_secs: f64,
    rule: Option<CounterRule>,
    envelope: SlidingMin,
    last: Option<Last>,
    suspicion: Option<Suspicion>,
    interrupted: bool,
    found: Found,
}

impl Timeline {
    /// Frames at this rate; without a rule the clock alone testifies.
    pub fn new(rate: SampleRate, rule: Option<CounterRule>) -> Self {
        Self {
            period_secs: rate.period_secs(),
            rule,
            envelope: SlidingMin::new(ENVELOPE_SECS),
            last: None,
            suspicion: None,
            interrupted: false,
            found: Found::default(),
        }
    }

    /// What was found so far.
    pub fn found(&self) -> Found {
        self.found
    }

    /// The session was broken off: the next frame belongs to a new one.
    pub fn interrupt(&mut self) {
        self.interrupted = self.last.is_some();
        self.suspicion = None;
        self.envelope.clear();
    }

    /// How a frame with this number and stamp would fit; changes nothing.
    pub fn fit(&self, counter: f64, stamp_secs: f64) -> Fit {
        let (Some(rule), Some(last)) = (self.rule, self.last.filter(|_| !self.interrupted)) else {
            return Fit::Follows;
        };
        match rule.advance(last.counter, counter) {
            0 if stamp_secs - last.stamp_secs < self.suspect_secs() => Fit::Repeats,
            steps if steps > 1 && !self.is_possible(last, steps, stamp_secs) => Fit::Jumps,
            _ => Fit::Follows,
        }
    }

    /// Whether `counter` is the very next number after `before`; false without a rule.
    pub fn is_next(&self, before: f64, counter: f64) -> bool {
        self.rule.is_some_and(|rule| rule.advance(before, counter) == 1)
    }

    /// Places the next frame. `joined` says that the stamps' clock was reset just before it.
    pub fn place(
        &mut self,
        counter: f64,
        stamp_secs: f64,
        arrival_secs: f64,
        joined: bool,
    ) -> FrameMeta {
        let found = self.found;
        let (index, broken) = match self.last {
            None => (0, false),
            Some(last) if self.interrupted => (last.index + self.resume(last, stamp_secs), true),
            Some(last) => self.follow(last, counter, stamp_secs, joined),
        };
        self.interrupted = false;
        self.envelope.push(stamp_secs, stamp_secs - index as f64 * self.period_secs);
        let index = self.settle(index, stamp_secs);
        if broken && self.found.gaps == found.gaps {
            self.found.gaps += 1;
        }
        let time_secs = self.time_of(index, stamp_secs);
        self.last = Some(Last { index, counter, stamp_secs, time_secs });
        FrameMeta { index, time_secs, arrival_secs, gap_before: self.found.gaps > found.gaps }
    }

    /// Index of the frame after `last` within one session, and whether they are not neighbours.
    fn follow(&mut self, last: Last, counter: f64, stamp_secs: f64, joined: bool) -> (u64, bool) {
        let elapsed_secs = stamp_secs - last.stamp_secs;
        let counted = self.rule.map(|rule| rule.advance(last.counter, counter));
        let steps = match counted {
            Some(steps) if steps > 1 && self.is_possible(last, steps, stamp_secs) => steps,
            _ => 1,
        };
        // A counter that jumps further than time allows was set anew: nothing can be counted from it.
        let incredible = counted.is_some_and(|counted| counted > 1 && steps == 1);
        let broken = joined || incredible || steps > 1;
        self.lose(steps - 1);
        if joined || incredible {
            self.suspicion = None;
            self.envelope.clear();
        } else if elapsed_secs > self.suspect_secs() {
            self.suspect(stamp_secs, counted == Some(0), broken);
        }
        (last.index + steps, broken)
    }

    /// Whether `steps` frames fit into the time that has passed, lateness included.
    fn is_possible(&self, last: Last, steps: u64, stamp_secs: f64) -> bool {
        // During a silence that is not judged yet, what was on time before it still tells how late this is.
        let before = self.suspicion.map_or(f64::INFINITY, |suspicion| suspicion.reference);
        let on_time = self.envelope.get().unwrap_or(f64::INFINITY).min(before);
        let late_secs = last.stamp_secs - last.index as f64 * self.period_secs - on_time;
        let behind = if late_secs.is_finite() { late_secs.max(0.0) } else { 0.0 };
        steps as f64 * self.period_secs <= stamp_secs - last.stamp_secs + behind + EARLY_SECS
    }

    /// The silence from which on the counter alone does not tell how much was lost.
    fn suspect_secs(&self) -> f64 {
        self.rule.map_or(SUSPECT_SECS, |rule| rule.turn_frames() as f64 * self.period_secs / 2.0)
    }

    fn suspect(&mut self, stamp_secs: f64, stood_still: bool, counted: bool) {
        let due_secs = stamp_secs + SETTLE_SECS;
        match &mut self.suspicion {
            Some(suspicion) => suspicion.due_secs = due_secs,
            None => {
                let Some(reference) = self.envelope.get() else { return };
                self.suspicion = Some(Suspicion { reference, due_secs, stood_still, counted });
            }
        }
        // From here on times follow the new stamps: whether they are late is not known yet.
        self.envelope.clear();
    }

    /// Judges a silence once it is due; gives the index with the frames that turn out to be missing.
    fn settle(&mut self, index: u64, stamp_secs: f64) -> u64 {
        let due = self.suspicion.filter(|suspicion| stamp_secs >= suspicion.due_secs);
        let (Some(suspicion), Some(envelope)) = (due, self.envelope.get()) else { return index };
        self.suspicion = None;
        let late_secs = envelope - suspicion.reference;
        let missing = self.missing(late_secs, suspicion.stood_still);
        if missing == 0 {
            return index;
        }
        self.found.lost += missing;
        self.found.lost_by_clock += missing;
        self.found.gaps += u64::from(!suspicion.counted);
        self.envelope.shift(-(missing as f64) * self.period_secs);
        index + missing
    }

    /// Frames that a lasting lateness stands for.
    fn missing(&self, late_secs: f64, stood_still: bool) -> u64 {
        let frames = (late_secs / self.period_secs).max(0.0);
        match self.rule {
            Some(rule) => {
                let turns = (frames / rule.turn_frames() as f64).round() as u64;
                (turns * rule.turn_frames()).saturating_sub(u64::from(stood_still && turns > 0))
            }
            None if late_secs > LOSS_BY_CLOCK_SECS => frames.round() as u64,
            None => 0,
        }
    }

    /// Frames from the last one before an interruption to the first after it, by the clock.
    fn resume(&mut self, last: Last, stamp_secs: f64) -> u64 {
        let steps = ((stamp_secs - last.time_secs) / self.period_secs).round().max(1.0) as u64;
        self.lose(steps - 1);
        self.found.lost_by_clock += steps - 1;
        steps
    }

    fn lose(&mut self, frames: u64) {
        self.found.lost += frames;
        self.found.gaps += u64::from(frames > 0);
    }

    /// The evened-out time; never before that of the last frame.
    fn time_of(&self, index: u64, stamp_secs: f64) -> f64 {
        let even = self.envelope.get().map_or(stamp_secs, |e| e + index as f64 * self.period_secs);
        self.last.map_or(even, |last| even.max(last.time_secs))
    }
}

#[cfg(test)]
#[path = "counted_tests.rs"]
mod tests;
