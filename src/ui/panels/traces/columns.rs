//! Least and greatest value of each channel per column of the screen.
//!
//! Columns lie on a grid fixed in time (column `i` holds times in `[i·w, (i+1)·w)`, `w` in seconds), so
//! that a scrolling trace does not shimmer. Each frame is read once; changing the width reads the history
//! again. Peaks are never lost, however many samples fall into a column. Cost: O(new frames × channels)
//! a frame, memory O(columns × channels).

use std::collections::VecDeque;

use super::history::History;

/// Least and greatest value, µV; `[INFINITY, NEG_INFINITY]` where there is none.
pub type Range = [f32; 2];

const NOTHING: Range = [f32::INFINITY, f32::NEG_INFINITY];

/// A column that is missing this much longer than the frame period was a loss even without a flag.
const SILENCE_FACTOR: f64 = 4.0;

/// Columns of one width.
#[derive(Debug, Default)]
pub struct Columns {
    width_secs: f64,
    channels: usize,
    keep: usize,
    first: i64,
    ranges: VecDeque<Range>,
    gaps: VecDeque<[f64; 2]>,
    next: u64,
    last_secs: Option<f64>,
}

impl Columns {
    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Reads what is new in the history up to a time. `keep` columns are kept.
    pub fn update(
        &mut self,
        history: &History,
        width_secs: f64,
        keep: usize,
        until_secs: f64,
        period_secs: f64,
    ) {
        let same = self.width_secs == width_secs
            && self.channels == history.channels()
            && self.keep == keep;
        if !same || self.next < history.first() {
            *self = Self {
                width_secs,
                channels: history.channels(),
                keep,
                next: history.first(),
                ..Self::default()
            };
        }
        while let Some(stamp) =
            history.stamp(self.next).filter(|stamp| stamp.time_secs <= until_secs)
        {
            self.note_gap(stamp.time_secs, stamp.gap_before, period_secs);
            self.add(stamp.time_secs, history.values(self.next));
            self.next += 1;
        }
    }

    /// Number of the column that holds a time.
    pub fn column_of(&self, secs: f64) -> i64 {
        if self.width_secs > 0.0 { (secs / self.width_secs).floor() as i64 } else { 0 }
    }

    /// Time at which a column begins.
    pub fn start_secs(&self, column: i64) -> f64 {
        column as f64 * self.width_secs
    }

    /// The range of one channel in a column, if it holds anything.
    pub fn range(&self, column: i64, channel: usize) -> Option<Range> {
        let at = usize::try_from(column - self.first).ok()?;
        let range = self.ranges.get(at.checked_mul(self.channels)? + channel)?;
        (range[0] <= range[1]).then_some(*range)
    }

    /// Stretches without signal between two times.
    pub fn gaps(&self, from_secs: f64, to_secs: f64) -> impl Iterator<Item = [f64; 2]> + '_ {
        self.gaps.iter().copied().filter(move |gap| gap[1] >= from_secs && gap[0] <= to_secs)
    }

    fn note_gap(&mut self, secs: f64, flagged: bool, period_secs: f64) {
        let Some(before) = self.last_secs.replace(secs) else { return };
        if flagged || secs - before > SILENCE_FACTOR * period_secs.max(self.width_secs) {
            if self.gaps.len() == 256 {
                self.gaps.pop_front();
            }
            self.gaps.push_back([before.min(secs), secs.max(before)]);
        }
    }

    fn add(&mut self, secs: f64, values_uv: impl Iterator<Item = f32>) {
        let column = self.column_of(secs);
        if !self.make_room(column) {
            return;
        }
        let at = (column - self.first) as usize * self.channels;
        for (range, value) in self.ranges.range_mut(at..at + self.channels).zip(values_uv) {
            if value.is_finite() {
                *range = [range[0].min(value), range[1].max(value)];
            }
        }
    }

    /// Makes sure that a column exists; false for one that is too old. A far jump starts afresh.
    fn make_room(&mut self, column: i64) -> bool {
        let held = (self.ranges.len() / self.channels.max(1)) as i64;
        let end = self.first + held;
        if held == 0 || column.abs_diff(end) > self.keep as u64 {
            self.ranges.clear();
            self.first = column;
        }
        if column < self.first {
            return false;
        }
        let wanted = (column - self.first + 1) as usize * self.channels;
        if self.ranges.len() < wanted {
            self.ranges.resize(wanted, NOTHING);
        }
        let extra = (self.ranges.len() / self.channels.max(1)).saturating_sub(self.keep);
        self.ranges.drain(..extra * self.channels);
        self.first += extra as i64;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::FrameMeta;

    fn history(rate_hz: f64, frames: u64, value: impl Fn(u64) -> f32) -> History {
        let mut history = History::default();
        history.reset(1, rate_hz);
        for index in 0..frames {
            let meta =
                FrameMeta { index, time_secs: index as f64 / rate_hz, ..FrameMeta::default() };
            history.push(meta, &[value(index)]);
        }
        history
    }

    #[test]
    fn one_spike_among_many_samples_is_kept() {
        let history = history(1000.0, 2000, |i| if i == 777 { 500.0 } else { 0.0 });
        let mut columns = Columns::default();
        columns.update(&history, 0.1, 100, 10.0, 0.001);
        assert_eq!(columns.range(7, 0), Some([0.0, 500.0]));
        assert_eq!(columns.range(8, 0), Some([0.0, 0.0]));
        assert_eq!(columns.range(20, 0), None);
    }

    #[test]
    fn reading_in_pieces_gives_the_same_as_at_once() {
        let history = history(250.0, 1000, |i| ((i * 37) % 101) as f32);
        let (mut whole, mut pieces) = (Columns::default(), Columns::default());
        whole.update(&history, 0.05, 200, 4.0, 0.004);
        for step in 0..=40 {
            pieces.update(&history, 0.05, 200, f64::from(step) * 0.1, 0.004);
        }
        for column in 0..80 {
            assert_eq!(whole.range(column, 0), pieces.range(column, 0), "column {column}");
        }
    }

    #[test]
    fn flagged_losses_and_silences_are_gaps() {
        let mut history = History::default();
        history.reset(1, 100.0);
        for (time_secs, gap_before) in
            [(0.00, false), (0.01, false), (0.05, true), (0.06, false), (2.0, false)]
        {
            history.push(FrameMeta { time_secs, gap_before, ..FrameMeta::default() }, &[1.0]);
        }
        let mut columns = Columns::default();
        columns.update(&history, 0.01, 1000, 10.0, 0.01);
        assert_eq!(columns.gaps(0.0, 3.0).collect::<Vec<_>>(), [[0.01, 0.05], [0.06, 2.0]]);
    }

    #[test]
    fn values_that_are_not_numbers_draw_as_nothing() {
        let history = history(10.0, 3, |i| if i == 1 { f32::NAN } else { 1.0 });
        let mut columns = Columns::default();
        columns.update(&history, 0.1, 10, 1.0, 0.1);
        assert_eq!(columns.range(1, 0), None);
        assert_eq!(columns.range(2, 0), Some([1.0, 1.0]));
    }

    #[test]
    fn a_clock_that_jumps_far_costs_no_memory() {
        let mut history = History::default();
        history.reset(4, 100.0);
        for time_secs in [0.0, 1e12, -1e12, 5.0] {
            history.push(FrameMeta { time_secs, ..FrameMeta::default() }, &[0.0; 4]);
        }
        let mut columns = Columns::default();
        columns.update(&history, 0.001, 500, f64::INFINITY, 0.01);
        assert!(columns.ranges.len() <= 500 * 4);
    }
}
