//! Least and greatest value of each channel, at several resolutions: no peak is lost, however many samples fall into a
//! column of the screen.
//!
//! Each frame is read once and goes into every level. A level is a ring of bins on a grid fixed in time (bin `i` holds
//! times in `[i·w, (i+1)·w)`), so that a scrolling trace does not shimmer and another span costs no reading anew. The
//! finest bins are one period wide, at least [`levels::LEAST_BIN_SECS`](super::levels::LEAST_BIN_SECS); each further level is twice as wide, up to one that
//! covers [`levels::COVER_SECS`](super::levels::COVER_SECS). Memory: two values for a bin and channel; 256 channels at 4096 Hz take 34 MB. Cost: O(new frames
//! × channels × levels).
//!
//! What goes in is raw; the display filter is applied here, so that another one also redraws the past that is still
//! kept raw. It starts settled after every gap. A value that is not a number draws as nothing and does not spoil the filter.

use std::collections::VecDeque;

use super::history::{History, Seam};
use super::levels::{Level, Range, levels};
use crate::dsp::display::{DisplayDesign, DisplayFilter};

/// Most values read in one go: the rest comes with the next frame of the window.
const READ_AT_ONCE: usize = 2 << 20;

/// Most seams kept.
const MAX_SEAMS: usize = 512;

/// Stamps that go back further than this begin anew: the clock was set.
const BACK_SECS: f64 = 0.5;

/// A stretch without signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// Time of the last frame before and the first after it.
    pub secs: [f64; 2],
    /// Why.
    pub seam: Seam,
}

/// All resolutions.
#[derive(Default)]
pub struct Peaks {
    levels: Vec<Level>,
    gaps: VecDeque<Gap>,
    channels: usize,
    epoch: u64,
    next: u64,
    last_secs: Option<f64>,
    frame: Vec<f32>,
    /// Last value of each channel that was a number.
    held: Vec<f32>,
    /// Channels of the frame in hand whose value is none.
    holes: Vec<usize>,
    filter: Option<(DisplayDesign, DisplayFilter)>,
}

impl Peaks {
    /// Reads what is new in the history, through a filter; with another filter, all that is there.
    pub fn update(&mut self, history: &History, design: &DisplayDesign) {
        let same_filter = self.filter.as_ref().is_some_and(|(before, _)| before == design);
        if self.epoch != history.epoch() || self.channels != history.channels() || !same_filter {
            self.begin(history, design);
        }
        if self.next < history.first() {
            // What fell out was never seen here.
            if let (Some(last), Some(stamp)) = (self.last_secs, history.stamp(history.first())) {
                self.note(Gap { secs: [last, stamp.time_secs], seam: Seam::NotDrawn });
            }
            self.next = history.first();
            self.last_secs = None;
        }
        let most = (READ_AT_ONCE / self.channels.max(1)) as u64;
        for number in self.next..history.end().min(self.next + most) {
            let Some(stamp) = history.stamp(number) else { break };
            self.filter_frame(history.values(number), stamp.seam.is_some());
            self.add(stamp.time_secs, stamp.seam);
            self.next = number + 1;
        }
    }

    /// Fills `frame` with what is drawn of raw values.
    fn filter_frame(&mut self, raw_uv: impl Iterator<Item = f32>, after_gap: bool) {
        self.frame.clear();
        self.holes.clear();
        for (channel, (value, held)) in raw_uv.zip(&mut self.held).enumerate() {
            if value.is_finite() {
                *held = value;
            } else {
                self.holes.push(channel);
            }
            self.frame.push(*held);
        }
        if let Some((_, filter)) = &mut self.filter {
            if after_gap {
                filter.reset();
            }
            filter.process_in_place(&mut self.frame);
        }
        for channel in &self.holes {
            self.frame[*channel] = f32::NAN;
        }
    }

    fn begin(&mut self, history: &History, design: &DisplayDesign) {
        let channels = history.channels();
        *self = Self {
            held: vec![0.0; channels],
            filter: Some((*design, DisplayFilter::prepare(channels, design))),
            channels,
            epoch: history.epoch(),
            next: history.first(),
            levels: levels(channels, history.period_secs()),
            ..Self::default()
        };
    }

    fn add(&mut self, secs: f64, seam: Option<Seam>) {
        let before = self.last_secs.replace(secs);
        if before.is_some_and(|before| secs < before - BACK_SECS) {
            self.levels.iter_mut().for_each(Level::clear);
            self.gaps.clear();
        } else if let (Some(before), Some(seam)) = (before, seam) {
            self.note(Gap { secs: [before.min(secs), secs.max(before)], seam });
        }
        for level in &mut self.levels {
            level.add(secs, &self.frame);
        }
    }

    /// Time of the newest frame that was read.
    pub fn newest_secs(&self) -> Option<f64> {
        self.last_secs
    }

    fn note(&mut self, gap: Gap) {
        if self.gaps.len() == MAX_SEAMS {
            self.gaps.pop_front();
        }
        self.gaps.push_back(gap);
    }

    /// Stretches without signal that reach into a time, oldest first.
    pub fn gaps(&self, from_secs: f64, to_secs: f64) -> impl Iterator<Item = Gap> + '_ {
        let reaches = move |gap: &Gap| gap.secs[1] >= from_secs && gap.secs[0] <= to_secs;
        self.gaps.iter().copied().filter(reaches)
    }

    /// Columns for `span_secs` of signal, at most about `most` of them; `None` before the first frame.
    pub fn columns(&self, span_secs: f64, most: usize) -> Option<Columns<'_>> {
        let wanted_secs = span_secs / most.max(1) as f64;
        let covers = |level: &&Level| level.covered_secs() >= span_secs * 1.05;
        // The coarsest that is still fine enough: it costs the least to read.
        let mut fine = self.levels.iter().filter(covers).filter(|l| l.width_secs <= wanted_secs);
        let level = fine
            .next_back()
            .or_else(|| self.levels.iter().find(covers))
            .or_else(|| self.levels.last())?;
        let step = (wanted_secs / level.width_secs - 1e-6).ceil().max(1.0) as i64;
        Some(Columns { level, step })
    }
}

/// One resolution as the screen asked for it.
#[derive(Clone, Copy)]
pub struct Columns<'a> {
    level: &'a Level,
    step: i64,
}

impl Columns<'_> {
    /// Width of a column, seconds.
    pub fn width_secs(&self) -> f64 {
        self.step as f64 * self.level.width_secs
    }

    /// The columns that hold any of the time from one moment to another.
    pub fn between(&self, from_secs: f64, to_secs: f64) -> std::ops::RangeInclusive<i64> {
        let column = |secs: f64| self.level.bin_of(secs).div_euclid(self.step);
        column(from_secs)..=column(to_secs)
    }

    /// Time at which a column begins.
    pub fn start_secs(&self, column: i64) -> f64 {
        column as f64 * self.width_secs()
    }

    /// The range of one channel in a column, if it holds anything.
    pub fn range(&self, column: i64, channel: usize) -> Option<Range> {
        let from = column * self.step;
        self.level.range(from..from + self.step, channel)
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

    fn read(history: &History) -> Peaks {
        let mut peaks = Peaks::default();
        peaks.update(history, &DisplayDesign::OFF);
        peaks
    }

    #[test]
    fn one_spike_among_many_samples_is_kept_at_every_span_in_its_place() {
        let history = history(4096.0, 20_000, |i| if i == 7777 { 500.0 } else { 0.0 });
        let peaks = read(&history);
        let spike_secs = 7777.0 / 4096.0;
        for span_secs in [2.0, 5.0, 10.0, 20.0, 30.0] {
            for most in [20, 101, 400, 1600] {
                let columns = peaks.columns(span_secs, most).unwrap();
                assert!(columns.width_secs() >= 0.999 * span_secs / most as f64);
                let seen: Vec<i64> = columns
                    .between(0.0, 5.0)
                    .filter(|c| columns.range(*c, 0).is_some_and(|r| r[1] == 500.0))
                    .collect();
                assert_eq!(seen.len(), 1, "{span_secs} s in {most} columns");
                let start_secs = columns.start_secs(seen[0]);
                assert!((0.0..columns.width_secs()).contains(&(spike_secs - start_secs)));
            }
        }
    }

    #[test]
    fn every_column_has_the_least_and_greatest_of_exactly_its_samples() {
        let value = |i: u64| ((i * 7919) % 1009) as f32;
        let peaks = read(&history(1000.0, 6000, value));
        let columns = peaks.columns(5.0, 313).unwrap();
        for column in columns.between(1.0, 4.0) {
            let begin = columns.start_secs(column);
            let of_column = |i: &u64| {
                let secs = *i as f64 / 1000.0 + 1e-7;
                secs >= begin && secs < begin + columns.width_secs()
            };
            let values = (0..6000).filter(of_column).map(value);
            let expected =
                values.fold([f32::INFINITY, f32::NEG_INFINITY], |[l, g], v| [l.min(v), g.max(v)]);
            assert_eq!(columns.range(column, 0), Some(expected), "column {column}");
        }
    }

    #[test]
    fn reading_in_pieces_gives_the_same_as_at_once() {
        let value = |i: u64| ((i * 37) % 101) as f32;
        let whole = read(&history(250.0, 1000, value));
        let mut pieces = Peaks::default();
        let mut growing = History::default();
        growing.reset(1, 250.0);
        for index in 0..1000 {
            let meta = FrameMeta { index, time_secs: index as f64 / 250.0, ..FrameMeta::default() };
            growing.push(meta, &[value(index)]);
            if index % 13 == 0 || index == 999 {
                pieces.update(&growing, &DisplayDesign::OFF);
            }
        }
        let (a, b) = (whole.columns(4.0, 77).unwrap(), pieces.columns(4.0, 77).unwrap());
        for column in a.between(0.0, 4.0) {
            assert_eq!(a.range(column, 0), b.range(column, 0), "column {column}");
        }
    }

    #[test]
    fn losses_and_what_was_not_drawn_are_gaps_and_nothing_else_is() {
        let mut history = History::default();
        history.reset(1, 100.0);
        for (index, time_secs, gap_before) in [
            (0, 0.00, false),
            (1, 0.012, false),
            (6, 0.06, true),
            (7, 0.07, false),
            (90, 0.9, false),
        ] {
            history
                .push(FrameMeta { index, time_secs, gap_before, ..FrameMeta::default() }, &[1.0]);
        }
        let peaks = read(&history);
        let lost = Gap { secs: [0.012, 0.06], seam: Seam::Lost };
        let not_drawn = Gap { secs: [0.07, 0.9], seam: Seam::NotDrawn };
        assert_eq!(peaks.gaps(0.0, 3.0).collect::<Vec<_>>(), [lost, not_drawn]);
        assert_eq!(peaks.gaps(0.1, 3.0).count(), 1);
    }

    #[test]
    fn what_the_history_lost_before_it_was_read_is_not_drawn() {
        let mut history = history(10.0, 100, |_| 1.0);
        let mut peaks = read(&history);
        for index in 100..800 {
            let meta = FrameMeta { index, time_secs: index as f64 / 10.0, ..FrameMeta::default() };
            history.push(meta, &[1.0]);
        }
        peaks.update(&history, &DisplayDesign::OFF);
        let gaps: Vec<Gap> = peaks.gaps(0.0, 80.0).collect();
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert_eq!(gaps[0].seam, Seam::NotDrawn);
        assert!((gaps[0].secs[0] - 9.9).abs() < 1e-9);
    }

    #[test]
    fn values_that_are_not_numbers_draw_as_nothing() {
        let peaks = read(&history(10.0, 3, |i| [1.0, f32::NAN, f32::INFINITY][i as usize]));
        let columns = peaks.columns(2.0, 20).unwrap();
        assert_eq!([0, 1, 2].map(|c| columns.range(c, 0)), [Some([1.0, 1.0]), None, None]);
    }

    #[test]
    fn the_filter_applies_to_the_past_too_and_holes_do_not_spoil_it() {
        // An offset of 100 mV, a spike at 1500, and nothing at 2000.
        let value = |i: u64| match i {
            1500 => 100_500.0,
            2000 => f32::NAN,
            _ => 100_000.0,
        };
        let history = history(250.0, 3000, value);
        let mut peaks = read(&history);
        let whole = |peaks: &Peaks| {
            let columns = peaks.columns(12.0, 100).unwrap();
            let ranges = columns.between(0.1, 11.9).filter_map(|c| columns.range(c, 0));
            ranges.fold([f32::INFINITY, f32::NEG_INFINITY], |[l, g], r| [l.min(r[0]), g.max(r[1])])
        };
        assert_eq!(whole(&peaks), [100_000.0, 100_500.0]);
        let rate = crate::units::SampleRate::new(250.0).unwrap();
        peaks.update(&history, &DisplayDesign::new(0.5, 0.0, 0.0, rate).unwrap());
        let [least, greatest] = whole(&peaks);
        assert!((400.0..520.0).contains(&greatest) && least > -50.0, "{least} to {greatest}");
        peaks.update(&history, &DisplayDesign::OFF);
        assert_eq!(whole(&peaks), [100_000.0, 100_500.0]);
    }

    #[test]
    fn a_clock_that_jumps_far_costs_no_memory_and_no_time() {
        let mut history = History::default();
        history.reset(4, 100.0);
        for (index, time_secs) in [0.0, 1e12, -1e12, 5.0].into_iter().enumerate() {
            let meta = FrameMeta { index: index as u64, time_secs, ..FrameMeta::default() };
            history.push(meta, &[0.0; 4]);
        }
        let peaks = read(&history);
        assert!(peaks.levels.iter().all(|level| level.values() <= 2 * 4096 * 4));
        assert!(peaks.columns(2.0, 100).unwrap().between(4.9, 5.1).count() < 30);
    }
}
