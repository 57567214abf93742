//! Counts frames lost on the way, by the sender's clock alone: LSL numbers nothing.
//!
//! Takes one stamp per frame, gives its number (lost ones counted) and whether frames are missing before it.
//! Pure arithmetic; allocates nothing. Two rules, because there are two kinds of sender:
//!
//! * **Even stamps** (device counter, simulator, whole chunks on time): while the last `EVEN_RUN` steps
//!   were all within `EVEN_TOLERANCE` of one or several whole periods, what they leave out is a loss, at once. A longer
//!   step that is no whole number of them is one only if the next is even again: a sender that was held up catches up.
//!   However often frames are lost, the rate is not taken for a slower one.
//! * **Uneven stamps** (stamped on arrival, or once per chunk): a late stamp proves nothing. Stamps can be
//!   late but not early, so the earliest stamp of a block follows the true clock. A frame count that falls
//!   behind it by over 1.5 periods (or `NOISE_FACTOR` times the usual wobble), in two blocks running, is
//!   a loss: found up to two blocks (at least 0.25 s each) after it happened. A silence of more than
//!   `SILENCE_SECS` is marked as a gap at once and counted when it persists. A rate that differs from the
//!   nominal one by up to `MAX_DRIFT` is followed and not taken for a loss.

/// Steps that must be even before a jump is believed at once: more than the longest usual chunk.
const EVEN_RUN: u32 = 128;

/// How even, in periods. Stamps by counter are exact to rounding; stamps by arrival never are.
const EVEN_TOLERANCE: f64 = 0.02;

/// Rates differ from the nominal one, so over many periods steps are less even: up to so many are taken together, until
/// the true period is known from `LEARNED_STEPS` steps. A wider tolerance would take many a stall for a loss.
const MAX_EVEN_PERIODS: f64 = 10.0;
const LEARNED_STEPS: u32 = 4 * EVEN_RUN;

/// How far the learned period may be off, as a share.
const LEARNED_TOLERANCE: f64 = 1e-4;

/// A step between two stamps longer than this many periods is a gap: half-way from the next sample to the one after.
pub const GAP_PERIODS: f64 = 1.5;

/// A count that is behind by more than this is a loss, in periods.
const LOSS_PERIODS: f64 = 1.5;

/// Or by more than this many times the usual wobble of a block's earliest stamp.
const NOISE_FACTOR: f64 = 4.0;

/// Length of a block in seconds, and in frames at least.
const BLOCK_SECS: f64 = 0.25;
const MIN_BLOCK_FRAMES: u32 = 32;

/// A step of this many seconds is marked as a gap even where stamps are uneven.
const SILENCE_SECS: f64 = 0.5;

/// Largest difference between true and nominal rate that is followed, as a share.
const MAX_DRIFT: f64 = 0.05;

/// Signal that a sender may keep and deliver late, in seconds. A stamp further ahead than that is no loss
/// but another clock; so is one that goes back by more than `BACK_SECS`.
const LATE_SECS: f64 = 30.0;
const BACK_SECS: f64 = 1.0;

/// What is known of a frame from its stamp.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Number of the frame, counting lost ones.
    pub index: u64,
    /// Frames found to be missing at this one.
    pub lost: u64,
    /// True when this frame must not be joined to the one before.
    pub gap: bool,
    /// True when the sender's clock started anew.
    pub clock_reset: bool,
}

/// The detector of one stream.
#[derive(Clone, Debug)]
pub struct GapDetector {
    period_secs: f64,
    block_frames: u32,
    next_index: u64,
    last: Option<Last>,
    even_steps: u32,
    /// Mean of single even steps, in seconds.
    even_period_secs: f64,
    /// Frames that even steps left out before the run was long enough to be believed.
    unbelieved: u64,
    /// Frames that the last step left out, if what comes next shows that the sender was not just held up.
    doubtful: Option<u64>,
    envelope: Envelope,
    /// Where a gap was marked whose loss is not yet counted.
    marked_at: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    stamp_secs: f64,
    arrival_secs: f64,
}

/// Follows the earliest stamps: how far behind its count the stream is, block by block (alpha-beta filter).
#[derive(Clone, Debug, Default)]
struct Envelope {
    origin_secs: f64,
    origin_index: u64,
    in_block: u32,
    earliest_secs: f64,
    level_secs: Option<f64>,
    drift_secs: f64,
    wobble_secs: f64,
    suspect_secs: Option<f64>,
}

impl GapDetector {
    /// A detector for a nominal rate in Hz.
    pub fn new(rate_hz: f64) -> Self {
        Self {
            period_secs: 1.0 / rate_hz,
            block_frames: ((rate_hz * BLOCK_SECS).ceil() as u32).max(MIN_BLOCK_FRAMES),
            next_index: 0,
            last: None,
            even_steps: 0,
            even_period_secs: 1.0 / rate_hz,
            unbelieved: 0,
            doubtful: None,
            envelope: Envelope::default(),
            marked_at: None,
        }
    }

    /// Judges the next frame by its stamp (sender's clock) and its arrival (our clock), in seconds.
    pub fn next(&mut self, stamp_secs: f64, arrival_secs: f64) -> Verdict {
        if !stamp_secs.is_finite() {
            // It tells nothing: counted on from the one before.
            if let Some(last) = &mut self.last {
                last.stamp_secs += self.period_secs;
                last.arrival_secs = arrival_secs;
            }
            let index = self.next_index;
            self.next_index += 1;
            return Verdict { index, ..Verdict::default() };
        }
        let mut verdict = Verdict::default();
        match self.last {
            None => self.envelope.restart(stamp_secs, self.next_index),
            Some(last) => self.judge_step(stamp_secs, arrival_secs, last, &mut verdict),
        }
        self.judge_envelope(stamp_secs, &mut verdict);
        self.next_index += verdict.lost;
        verdict.index = self.next_index;
        self.next_index += 1;
        self.last = Some(Last { stamp_secs, arrival_secs });
        verdict
    }

    /// The stream was away and is back: frames between are lost by the time that passed. `missing_secs`
    /// is from the last frame before to the first after, on one clock.
    pub fn resume(&mut self, missing_secs: f64) -> u64 {
        let missing = (missing_secs / self.period_secs).round() - 1.0;
        let lost = if missing.is_finite() { missing.max(0.0) as u64 } else { 0 };
        self.next_index += lost;
        self.last = None;
        self.begin_run();
        lost
    }

    fn judge_step(&mut self, stamp: f64, arrival: f64, last: Last, verdict: &mut Verdict) {
        let step = stamp - last.stamp_secs;
        let waited = (arrival - last.arrival_secs).max(0.0);
        if step < -BACK_SECS || step > waited + LATE_SECS {
            *verdict = Verdict { gap: true, clock_reset: true, ..Verdict::default() };
            self.begin_run();
            self.envelope.restart(stamp, self.next_index);
            return;
        }
        let periods = step / self.even_period_secs;
        let whole = periods.round();
        let doubtful = self.doubtful.take();
        if whole >= 1.0 && (periods - whole).abs() <= self.tolerance(whole) {
            if whole <= 1.0 {
                self.even_period_secs += (step - self.even_period_secs) / f64::from(EVEN_RUN);
            }
            // One odd step between even ones: the sender is still an even one.
            self.unbelieved += doubtful.unwrap_or_default();
            self.take_even(whole as u64 - 1, verdict);
            return;
        }
        if self.even_steps >= EVEN_RUN && periods > LOSS_PERIODS && doubtful.is_none() {
            self.doubtful = Some(periods.round() as u64 - 1);
            verdict.gap = self.mark_silence(step);
            return;
        }
        self.begin_run();
        verdict.gap = self.mark_silence(step);
    }

    /// How far from whole so many periods may be.
    fn tolerance(&self, whole: f64) -> f64 {
        if self.even_steps >= LEARNED_STEPS {
            EVEN_TOLERANCE + LEARNED_TOLERANCE * whole
        } else {
            EVEN_TOLERANCE * whole.min(MAX_EVEN_PERIODS)
        }
    }

    /// Whether a step is so long that it is a gap, whatever was lost in it.
    fn mark_silence(&mut self, step_secs: f64) -> bool {
        let is_silence = step_secs > SILENCE_SECS.max(LOSS_PERIODS * self.period_secs);
        if is_silence {
            self.marked_at = Some(self.next_index);
        }
        is_silence
    }

    /// A step of whole periods that leaves out `missing` frames. By chance one step in twenty-five is whole, a run of
    /// them never: what is missing in a run is lost, from its beginning on.
    fn take_even(&mut self, missing: u64, verdict: &mut Verdict) {
        self.even_steps = self.even_steps.saturating_add(1);
        self.unbelieved += missing;
        if self.even_steps < EVEN_RUN {
            return;
        }
        verdict.lost = std::mem::take(&mut self.unbelieved);
        verdict.gap = verdict.lost > 0;
    }

    fn begin_run(&mut self) {
        self.even_steps = 0;
        self.unbelieved = 0;
        self.doubtful = None;
    }

    fn judge_envelope(&mut self, stamp: f64, verdict: &mut Verdict) {
        let index = self.next_index + verdict.lost;
        let block = self.block_frames;
        let lost = self.envelope.next(stamp, index, self.period_secs, block).unwrap_or(0);
        // What the envelope finds in a run that is not believed yet is not found again when it is.
        self.unbelieved = self.unbelieved.saturating_sub(lost);
        if lost > 0 {
            verdict.lost += lost;
            let lag = 4 * u64::from(block);
            verdict.gap |= self.marked_at.take().is_none_or(|at| index - at > lag);
        }
    }
}

impl Envelope {
    fn restart(&mut self, stamp_secs: f64, index: u64) {
        *self = Self {
            origin_secs: stamp_secs,
            origin_index: index,
            earliest_secs: f64::INFINITY,
            ..Self::default()
        };
    }

    /// Takes one frame; at the end of a block, how many frames are missing.
    fn next(&mut self, stamp: f64, index: u64, period: f64, block: u32) -> Option<u64> {
        let counted = (index - self.origin_index) as f64 * period;
        // `min` ignores a stamp that is no number.
        self.earliest_secs = self.earliest_secs.min(stamp - self.origin_secs - counted);
        self.in_block += 1;
        if self.in_block < block {
            return None;
        }
        self.in_block = 0;
        let earliest = std::mem::replace(&mut self.earliest_secs, f64::INFINITY);
        if !earliest.is_finite() {
            return None;
        }
        let Some(level) = self.level_secs else {
            self.level_secs = Some(earliest);
            return None;
        };
        let behind = earliest - (level + self.drift_secs);
        let limit = (LOSS_PERIODS * period).max(NOISE_FACTOR * self.wobble_secs);
        if behind <= limit {
            self.follow(level, behind, block as f64 * period);
            return None;
        }
        let Some(suspected) = self.suspect_secs.replace(behind) else {
            self.level_secs = Some(level + self.drift_secs);
            return None;
        };
        // Twice running: it is a loss, of what both blocks have in common. The count catches up with it.
        let missing = (suspected.min(behind) / period).round().max(1.0);
        self.suspect_secs = None;
        self.level_secs = Some(earliest - missing * period);
        Some(missing as u64)
    }

    /// Follows the level and the drift; a stamp earlier than expected corrects the level at once.
    fn follow(&mut self, level: f64, behind: f64, block_secs: f64) {
        let share = if behind < 0.0 { 1.0 } else { 0.5 };
        self.level_secs = Some(level + self.drift_secs + share * behind);
        let most = MAX_DRIFT * block_secs;
        self.drift_secs = (self.drift_secs + 0.1 * behind).clamp(-most, most);
        self.wobble_secs += 0.1 * (behind.abs() - self.wobble_secs);
        self.suspect_secs = None;
    }
}

#[cfg(test)]
#[path = "gaps_tests.rs"]
mod tests;
