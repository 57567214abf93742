//! When rows were taken, by the device's count and the rows' stamps.
//!
//! Takes one row after the other; gives its time and how many samples are missing before it. A count that jumps is
//! a gap of so many samples; a pause longer than the count can tell is found by the stamps.

use super::layout::{Layout, Timing};

/// A pause of the stamps beyond what the count tells, in seconds, that is taken for lost samples.
pub(super) const PAUSE_SECS: f64 = 0.5;

/// Share of the steps of a count that have to agree.
const AGREE: f64 = 0.8;

/// Longest packet in rows, and widest step, that a count is believed to have.
const MAX_ROWS: usize = 64;
const MAX_STEP: f64 = 8.0;

/// Tells the time of rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RowClock {
    /// Samples since the first, lost ones included.
    count: u64,
    last_index: Option<f64>,
    last_stamp: Option<f64>,
    /// The stamp of the first row.
    pub first_stamp: Option<f64>,
    last_secs: f64,
    /// Whether a row was taken.
    pub has_begun: bool,
    /// Times that the device began to count anew.
    pub restarts: u64,
}

impl RowClock {
    /// The time of the next row in seconds, and how many samples are missing before it. `settled_secs` is its
    /// time where all stamps together told it.
    pub fn next(
        &mut self,
        layout: &Layout,
        index: Option<f64>,
        stamp: Option<f64>,
        settled_secs: Option<f64>,
    ) -> (f64, u64) {
        let (was_begun, mut lost) = (self.has_begun, 0);
        if was_begun {
            lost = self.missing(layout, index, stamp);
            self.count = self.count.saturating_add(lost).saturating_add(1);
        } else {
            (self.has_begun, self.first_stamp) = (true, stamp);
        }
        if self.first_stamp.is_none()
            && let Some(stamp) = stamp
        {
            // The first rows had none: they are as far before this one as their number says.
            self.first_stamp = Some(stamp - self.last_secs - 1.0 / layout.rate_hz);
        }
        self.last_index = index.or(self.last_index);
        self.last_stamp = stamp.or(self.last_stamp);
        let has_own = matches!(layout.timing, Timing::Stamps | Timing::Settled);
        self.last_secs = match (settled_secs, stamp, self.first_stamp) {
            (Some(secs), ..) => secs,
            (None, Some(stamp), Some(first)) if has_own => stamp - first,
            _ if has_own && was_begun => self.last_secs + 1.0 / layout.rate_hz,
            _ => self.count as f64 / layout.rate_hz,
        };
        (self.last_secs, if has_own { 0 } else { lost })
    }

    /// The last row was taken at a time that all stamps together told.
    pub fn settle(&mut self, secs: f64) {
        self.last_secs = secs;
    }

    /// The device was stopped at `secs` of its own time; its count begins again afterwards.
    pub fn pause(&mut self, secs: f64) {
        (self.last_stamp, self.last_index) = (Some(secs), None);
    }

    fn missing(&mut self, layout: &Layout, index: Option<f64>, stamp: Option<f64>) -> u64 {
        let mut steps = 1;
        let mut wraps_at = 0.0;
        if let (Timing::Counted { modulus, step, rows }, Some(last), Some(index)) =
            (layout.timing, self.last_index, index)
        {
            let (step, rows) = (f64::from(step.max(1)), u64::from(rows.max(1)));
            let mut moved = index - last;
            if let Some(modulus) = modulus {
                moved = moved.rem_euclid(f64::from(modulus)).round();
                wraps_at = f64::from(modulus) / step * rows as f64;
            } else if moved < 0.0 {
                self.restarts += 1;
            }
            // A count that stands still or is no whole step tells nothing.
            let whole = (moved / step).floor();
            if whole >= 1.0 && whole < f64::from(u32::MAX) {
                steps = (whole as u64 - 1) * rows + 1;
            }
        }
        let paused = match (self.last_stamp, stamp) {
            (Some(last), Some(stamp))
                if stamp - last > steps as f64 / layout.rate_hz + PAUSE_SECS =>
            {
                stamp - last
            }
            _ => return steps - 1,
        };
        let beyond = paused * layout.rate_hz - steps as f64;
        let more =
            if wraps_at > 0.0 { (beyond / wraps_at).round() * wraps_at } else { beyond.round() };
        (steps - 1).saturating_add(more.max(0.0) as u64)
    }

    /// The time of something between rows.
    pub fn time_of_event(&self, stamp: Option<f64>) -> f64 {
        match (stamp, self.last_stamp) {
            (Some(stamp), Some(last)) => self.last_secs + (stamp - last).clamp(0.0, PAUSE_SECS),
            _ => self.last_secs,
        }
    }
}

/// How a column counts samples or packets, where it does: most of its steps are the same. `modulus` gives where it
/// begins again, by its highest count.
pub(super) fn counted(counts: &[f64], modulus: impl Fn(f64) -> Option<u32>) -> Option<Timing> {
    let moves: Vec<f64> = counts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let steps: Vec<u32> = moves
        .iter()
        .filter(|step| (1.0..MAX_STEP).contains(*step) && step.fract() == 0.0)
        .map(|step| *step as u32)
        .collect();
    let often = |step: &u32| steps.iter().filter(|s| *s == step).count();
    let step = (1..MAX_STEP as u32).max_by_key(|step| (often(step), u32::MAX - step))?;
    let changes = moves.iter().filter(|step| **step != 0.0).count();
    if steps.is_empty() || (often(&step) as f64) < AGREE * changes as f64 {
        return None;
    }
    // Rows that bear the same count; the first and the last packet may be cut.
    let runs: Vec<usize> = counts.chunk_by(|a, b| a == b).map(<[f64]>::len).collect();
    let inner = runs.get(1..runs.len().saturating_sub(1)).filter(|inner| !inner.is_empty());
    let mut inner = inner.unwrap_or(&runs).to_vec();
    inner.sort_unstable();
    let rows = inner[inner.len() / 2];
    let same = inner.iter().filter(|run| **run == rows).count();
    let is_steady = rows <= MAX_ROWS && same as f64 >= AGREE * inner.len() as f64;
    let highest = counts.iter().copied().fold(0.0, f64::max);
    is_steady.then(|| Timing::Counted { modulus: modulus(highest), step, rows: rows as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(modulus: Option<u32>, rows: u32) -> Layout {
        let timing = Timing::Counted { modulus, step: 1, rows };
        Layout { rate_hz: 100.0, timing, ..Layout::new("", b',', Vec::new()) }
    }

    #[test]
    fn counts_are_told_from_other_numbers() {
        let counts: Vec<f64> = (0..300).map(|i| f64::from(i % 128)).collect();
        let of = |highest: f64| (highest < 128.0).then_some(128);
        let right = Some(Timing::Counted { modulus: Some(128), step: 1, rows: 1 });
        assert_eq!(counted(&counts, of), right);
        let packets: Vec<f64> = (5..300).map(|i| f64::from(i / 12)).collect();
        let right = Some(Timing::Counted { modulus: None, step: 1, rows: 12 });
        assert_eq!(counted(&packets, |_| None), right);
        let noise: Vec<f64> = (0..300).map(|i| f64::from(i * i % 97)).collect();
        assert_eq!(
            (counted(&noise, of), counted(&[], of), counted(&[3.0], of)),
            (None, None, None)
        );
    }

    #[test]
    fn jumps_of_the_count_are_samples() {
        let layout = counting(Some(128), 1);
        let mut clock = RowClock::default();
        let times: Vec<_> = [126.0, 127.0, 0.0, 3.0]
            .map(|index| clock.next(&layout, Some(index), None, None))
            .into();
        assert_eq!(times, [(0.0, 0), (0.01, 0), (0.02, 0), (0.05, 2)]);
        let layout = counting(None, 2);
        let mut clock = RowClock::default();
        let lost = [7.0, 7.0, 8.0, 8.0, 10.0, 10.0, 3.0]
            .map(|index| clock.next(&layout, Some(index), None, None).1);
        assert_eq!((lost, clock.restarts), ([0, 0, 0, 0, 2, 0, 0], 1));
    }
}
