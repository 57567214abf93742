//! The one place where what a device gives is put in order: every source passes it ([`super::make`]).
//!
//! Takes a source; gives the same source, of which all that comes behind may rely on this:
//!
//! * **Numbers rise.** A frame with a number that was given already is refused and counted as repeated; one that comes
//!   after a later one is refused and counted as late. Nothing is sorted: that would keep every frame waiting for
//!   what hardly ever comes.
//! * **Every loss is counted once**: a number that is passed over is lost, whether the source knows it or not. A late
//!   frame was counted when it was passed over and stays lost. Frames before the first that came are none.
//! * **Every break is marked** that the source does not know of: a number passed over, or a stamp more than
//!   [`RESET_SECS`] away both from where the frame before puts it and from the time that went by between the arrivals,
//!   which is a clock that was set.
//! * **Stamps are numbers.** One that is not is counted on from the frame before.
//!
//! Values pass untouched: what is not finite is recorded as it came and handled by the filters
//! ([`crate::dsp::quality::rails`]). A recording may be rewound ([`Source::rewinds`]): its numbers are not judged. Of
//! the last [`REMEMBERED`] numbers it is known which came; an older one counts as late. Nothing here allocates.

use super::forward::forward;
use super::{ReadStatus, Source, SourceCounters, SourceError, SourceInfo};
use crate::signal::{Chunk, FrameMeta};
use crate::time::clock::Clock;

/// A stamp this far off, in seconds, is of a clock that was set. Less is jitter: the window cutter
/// ([`crate::dsp::window`]) and the detector of gaps ([`crate::time::gaps`]) draw the line there too.
pub const RESET_SECS: f64 = 1.0;

/// Where frames are missing the stamp may be off by this share of the time between besides: no rate is known better.
const RESET_SHARE: f64 = 0.05;

/// Numbers of which it is known whether they came.
pub const REMEMBERED: u64 = WORDS as u64 * 64;
const WORDS: usize = 32;

/// Which of the last numbers came.
#[derive(Clone, Copy, Debug)]
struct Given([u64; WORDS]);

impl Given {
    fn bit(number: u64) -> (usize, u64) {
        ((number / 64) as usize % WORDS, 1 << (number % 64))
    }

    /// Forgets the numbers that lie between the newest and the next.
    fn advance(&mut self, newest: u64, next: u64) {
        if next - newest >= REMEMBERED {
            self.0 = [0; WORDS];
            return;
        }
        for number in newest + 1..next {
            let (word, bit) = Self::bit(number);
            self.0[word] &= !bit;
        }
    }

    /// Notes a number; true when it had been given before.
    fn note(&mut self, number: u64) -> bool {
        let (word, bit) = Self::bit(number);
        let before = self.0[word] & bit != 0;
        self.0[word] |= bit;
        before
    }
}

/// Judges frames one after another.
#[derive(Debug)]
struct Order {
    period_secs: f64,
    /// The newest frame that was let through.
    last: Option<FrameMeta>,
    given: Given,
    /// Numbers passed over.
    lost: u64,
    /// Breaks that the source did not mark.
    gaps: u64,
    clock_resets: u64,
    late: u64,
    repeated: u64,
}

impl Order {
    fn new(period_secs: f64) -> Self {
        let given = Given([0; WORDS]);
        Self {
            period_secs,
            last: None,
            given,
            lost: 0,
            gaps: 0,
            clock_resets: 0,
            late: 0,
            repeated: 0,
        }
    }

    /// Whether the frame is let through; `known_lost` is what the source itself counts as lost.
    fn judge(&mut self, meta: &mut FrameMeta, known_lost: u64) -> bool {
        let Some(last) = self.last else {
            if !meta.time_secs.is_finite() {
                meta.time_secs =
                    if meta.arrival_secs.is_finite() { meta.arrival_secs } else { 0.0 };
            }
            self.let_through(meta);
            return true;
        };
        if meta.index <= last.index {
            self.refuse(meta.index, last.index);
            return false;
        }
        let steps = meta.index - last.index;
        if !meta.time_secs.is_finite() {
            meta.time_secs = last.time_secs + steps as f64 * self.period_secs;
        }
        self.lost += steps - 1;
        let unknown = steps > 1 && self.lost > known_lost;
        let was_set = (!meta.gap_before || unknown) && self.was_set(&last, meta, steps);
        self.clock_resets += u64::from(was_set);
        if (unknown || was_set) && !meta.gap_before {
            self.gaps += 1;
            meta.gap_before = true;
        }
        self.given.advance(last.index, meta.index);
        self.let_through(meta);
        true
    }

    fn was_set(&self, last: &FrameMeta, meta: &FrameMeta, steps: u64) -> bool {
        let missing_secs = (steps - 1) as f64 * self.period_secs;
        let allowed_secs = RESET_SECS + RESET_SHARE * missing_secs;
        let step_secs = meta.time_secs - last.time_secs;
        let waited_secs = meta.arrival_secs - last.arrival_secs;
        // What is no number is far from everything.
        let near = |secs: f64| (step_secs - secs).abs() <= allowed_secs;
        let off = |secs: f64| !near(secs);
        off(steps as f64 * self.period_secs) && off(waited_secs)
    }

    fn let_through(&mut self, meta: &FrameMeta) {
        let (word, bit) = Given::bit(meta.index);
        self.given.0[word] |= bit;
        self.last = Some(*meta);
    }

    fn refuse(&mut self, number: u64, newest: u64) {
        let known = newest - number < REMEMBERED;
        if known && self.given.note(number) {
            self.repeated += 1;
        } else {
            self.late += 1;
        }
    }
}

/// A source in order.
pub struct OrderlySource {
    inner: Box<dyn Source>,
    order: Option<Order>,
}

impl OrderlySource {
    /// Puts a source in order.
    pub fn new(inner: Box<dyn Source>) -> Self {
        Self { inner, order: None }
    }
}

impl Source for OrderlySource {
    forward!(lost_why, is_offline, can_wait, rewinds, board, stop);

    fn prepare(&mut self, clock: &Clock) -> Result<SourceInfo, SourceError> {
        let info = self.inner.prepare(clock)?;
        self.order = (!self.inner.rewinds()).then(|| Order::new(info.rate.period_secs()));
        Ok(info)
    }

    fn read(&mut self, chunk: &mut Chunk) -> Result<ReadStatus, SourceError> {
        let status = self.inner.read(chunk)?;
        let Some(order) = &mut self.order else { return Ok(status) };
        let known_lost = self.inner.counters().lost;
        chunk.retain_frames(|meta| order.judge(meta, known_lost));
        Ok(if status == ReadStatus::Data && chunk.is_empty() { ReadStatus::Idle } else { status })
    }

    fn counters(&self) -> SourceCounters {
        let known = self.inner.counters();
        let Some(order) = &self.order else { return known };
        SourceCounters {
            lost: known.lost.max(order.lost),
            gaps: known.gaps + order.gaps,
            clock_resets: known.clock_resets + order.clock_resets,
            late: known.late + order.late,
            repeated: known.repeated + order.repeated,
            ..known
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets frames through; the numbers that passed, with their marks.
    fn pass(order: &mut Order, frames: &[(u64, f64)]) -> Vec<(u64, bool)> {
        let mut passed = Vec::new();
        for (index, time_secs) in frames {
            let arrival_secs = *index as f64 * order.period_secs;
            let (index, time_secs) = (*index, *time_secs);
            let mut meta = FrameMeta { index, time_secs, arrival_secs, gap_before: false };
            if order.judge(&mut meta, 0) {
                passed.push((meta.index, meta.gap_before));
            }
        }
        passed
    }

    fn counts(order: &Order) -> [u64; 5] {
        [order.lost, order.gaps, order.clock_resets, order.late, order.repeated]
    }

    #[test]
    fn what_was_given_or_comes_too_late_is_refused_and_told_apart() {
        let mut order = Order::new(1.0);
        let numbers = [5, 6, 6, 9, 7, 7, 8, 5, 10];
        let frames = numbers.map(|n| (n, n as f64));
        let passed = pass(&mut order, &frames);
        assert_eq!(passed, [(5, false), (6, false), (9, true), (10, false)]);
        assert_eq!(counts(&order), [2, 1, 0, 2, 3]);
    }

    #[test]
    fn what_is_remembered_ends_somewhere() {
        let mut order = Order::new(1.0);
        let n = REMEMBERED;
        pass(&mut order, &[(0, 0.0), (n - 1, 0.0), (0, 0.0), (n, 0.0), (0, 0.0)]);
        assert_eq!((order.repeated, order.late), (1, 1), "the oldest number is forgotten");
        // The place of number 0 in the memory is that of n now, and n + 1 to 2n − 1 were passed over.
        pass(&mut order, &[(2 * n, 0.0), (n + 1, 0.0), (2 * n, 0.0)]);
        assert_eq!((order.repeated, order.late), (2, 2));
    }

    #[test]
    fn a_clock_that_is_set_is_a_break_and_jitter_is_none() {
        let mut order = Order::new(0.01);
        let stamps = [0.0, 0.8, 0.0, 50.0, 50.01, 1.0];
        let passed = pass(&mut order, &[0, 1, 2, 3, 4, 5].map(|n| (n, stamps[n as usize])));
        let marked: Vec<u64> = passed.iter().filter(|(_, gap)| *gap).map(|(n, _)| *n).collect();
        assert_eq!(marked, [3, 5]);
        assert_eq!(counts(&order), [0, 2, 2, 0, 0]);
        let mut silent =
            FrameMeta { index: 6, time_secs: 9.0, arrival_secs: 8.05, gap_before: false };
        assert!(order.judge(&mut silent, 0) && !silent.gap_before, "the arrival bears it out");
    }

    #[test]
    fn losses_that_the_source_knows_are_not_counted_twice() {
        let mut order = Order::new(1.0);
        pass(&mut order, &[(0, 0.0)]);
        let mut meta = FrameMeta { index: 4, time_secs: 4.0, ..FrameMeta::default() };
        assert!(order.judge(&mut meta, 3) && !meta.gap_before);
        assert_eq!(counts(&order), [3, 0, 0, 0, 0]);
    }

    #[test]
    fn stamps_that_are_no_numbers_are_counted_on() {
        let mut order = Order::new(0.5);
        let mut frame = |index, time_secs| {
            let mut meta = FrameMeta { index, time_secs, arrival_secs: 7.0, gap_before: false };
            assert!(order.judge(&mut meta, 0));
            meta.time_secs
        };
        assert_eq!(frame(0, f64::NAN), 7.0);
        assert_eq!(frame(1, f64::INFINITY), 7.5);
        assert_eq!(frame(4, f64::NAN), 9.0);
    }
}
