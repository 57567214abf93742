//! From the board's time stamps to the program's clock.
//!
//! BrainFlow stamps frames with the wall clock of the computer that reads the device: it may be set while
//! we run, belongs to another computer for a streaming board, and lies in the past for a played file. So
//! it is never compared with our own wall clock. The offset is the smallest `arrival − stamp` of the last
//! `OFFSET_SPAN_SECS`: a frame can reach us late but never early (the minimum filter of NTP, RFC 5905
//! §10). A step of more than [`STEP_SECS`] is a clock reset. Nothing here allocates.

/// How far back the offset looks, in seconds: long enough to meet an undelayed read, short enough to
/// follow the slewing of a disciplined clock (at most 500 ppm, so 5 ms).
pub(super) const OFFSET_SPAN_SECS: f64 = 10.0;

/// A change of the offset beyond this, in seconds, is a clock that was set and not a delay.
pub const STEP_SECS: f64 = 0.5;

/// The smallest of the values pushed during the last `span`, in constant memory: the span is cut into
/// `SlidingMin::PARTS` parts and the oldest part is forgotten as a whole.
#[derive(Clone, Copy, Debug)]
pub struct SlidingMin {
    part_secs: f64,
    started_secs: f64,
    parts: [f64; Self::PARTS],
}

impl SlidingMin {
    const PARTS: usize = 5;

    /// Forgets what is older than this.
    pub fn new(span_secs: f64) -> Self {
        let part_secs = span_secs / Self::PARTS as f64;
        Self { part_secs, started_secs: f64::NEG_INFINITY, parts: [f64::INFINITY; Self::PARTS] }
    }

    /// Adds a value; times must not go back.
    pub fn push(&mut self, at_secs: f64, value: f64) {
        if at_secs - self.started_secs > self.part_secs {
            self.parts.rotate_right(1);
            self.parts[0] = f64::INFINITY;
            self.started_secs = at_secs;
        }
        self.parts[0] = self.parts[0].min(value);
    }

    /// The smallest so far; `None` before the first.
    pub fn get(&self) -> Option<f64> {
        let smallest = self.parts.iter().copied().fold(f64::INFINITY, f64::min);
        smallest.is_finite().then_some(smallest)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.parts = [f64::INFINITY; Self::PARTS];
        self.started_secs = f64::NEG_INFINITY;
    }

    /// Adds to every value held.
    pub fn shift(&mut self, by: f64) {
        self.parts.iter_mut().for_each(|value| *value += by);
    }
}

/// Turns stamps into seconds on the program's clock.
#[derive(Clone, Debug)]
pub struct StampClock {
    offset: SlidingMin,
    /// The offset before a reset in this very read: its older frames still carry the old clock.
    before_reset: Option<f64>,
    newest: Option<(f64, f64)>,
    spread_secs: f64,
}

impl Default for StampClock {
    /// Knows nothing yet.
    fn default() -> Self {
        let offset = SlidingMin::new(OFFSET_SPAN_SECS);
        Self { offset, before_reset: None, newest: None, spread_secs: 0.0 }
    }
}

impl StampClock {
    /// Learns from the newest frame of a read; true when the board's clock was reset.
    ///
    /// `attended` says that the previous read was a moment ago. If it was not, a late frame may have
    /// waited for us, and no step is concluded from it.
    pub fn observe(&mut self, stamp_secs: f64, arrival_secs: f64, attended: bool) -> bool {
        let offset = arrival_secs - stamp_secs;
        self.before_reset = None;
        let reset = self.is_step(stamp_secs, arrival_secs, attended);
        if reset {
            self.before_reset = self.offset.get();
            self.offset.clear();
        }
        self.offset.push(arrival_secs, offset);
        self.newest = Some((stamp_secs, arrival_secs));
        // Mean excess over the minimum: how uncertain a single read is.
        self.spread_secs += 0.05 * (offset - self.offset_secs() - self.spread_secs);
        reset
    }

    fn is_step(&self, stamp_secs: f64, arrival_secs: f64, attended: bool) -> bool {
        let (Some(known), Some((last_stamp, last_arrival))) = (self.offset.get(), self.newest)
        else {
            return false;
        };
        let change = arrival_secs - stamp_secs - known;
        let forward = change < -STEP_SECS; // a frame from the future: the board's clock was put forward
        let lag = (arrival_secs - last_arrival) - (stamp_secs - last_stamp);
        forward || (attended && change > STEP_SECS && lag > STEP_SECS)
    }

    /// The stamp on the program's clock, and whether it is of the time before a reset in this read.
    pub fn convert(&self, stamp_secs: f64, arrival_secs: f64) -> (f64, bool) {
        let now = stamp_secs + self.offset_secs();
        let before = self.before_reset.map(|offset| stamp_secs + offset);
        match before {
            Some(then) if (then - arrival_secs).abs() < (now - arrival_secs).abs() => (then, true),
            _ => (now, false),
        }
    }

    /// What is added to a stamp, in seconds.
    pub fn offset_secs(&self) -> f64 {
        self.offset.get().unwrap_or(0.0)
    }

    /// How uncertain the offset is, in seconds.
    pub fn uncertainty_secs(&self) -> f64 {
        self.spread_secs
    }

    /// Forgets everything, for a new session.
    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_is_that_of_the_least_delayed_frame() {
        let mut clock = StampClock::default();
        for (i, delay) in [0.004, 0.001, 0.009, 0.3].into_iter().enumerate() {
            let stamp = 1e9 + i as f64 * 0.01;
            assert!(!clock.observe(stamp, stamp - 1e9 + 5.0 + delay, true));
        }
        assert!((clock.offset_secs() - (5.001 - 1e9)).abs() < 1e-6);
    }

    #[test]
    fn a_clock_set_either_way_is_a_reset_and_frames_keep_their_own_offset() {
        for step in [3600.0, -3600.0] {
            let mut clock = StampClock::default();
            assert!(!clock.observe(1000.0, 10.0, true));
            assert!(clock.observe(1000.1 + step, 10.1, true));
            let (old, before) = clock.convert(1000.05, 10.1);
            assert!(before && (old - 10.05).abs() < 1e-9, "{step}: {old}");
            let (new, before) = clock.convert(1000.1 + step, 10.1);
            assert!(!before && (new - 10.1).abs() < 1e-9, "{step}: {new}");
            assert!(!clock.observe(1000.2 + step, 10.2, true));
        }
    }

    #[test]
    fn a_late_frame_after_our_own_absence_is_no_reset() {
        let mut clock = StampClock::default();
        clock.observe(1000.0, 10.0, true);
        assert!(!clock.observe(1000.1, 13.0, false));
        // A device that was silent for three seconds and goes on is none either.
        assert!(!clock.observe(1003.2, 13.2, true));
    }

    #[test]
    fn old_minima_are_forgotten() {
        let mut min = SlidingMin::new(10.0);
        min.push(0.0, 1.0);
        for t in 1..=15 {
            min.push(f64::from(t), 2.0);
        }
        assert_eq!(min.get(), Some(2.0));
    }
}
