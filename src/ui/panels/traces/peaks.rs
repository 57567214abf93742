//! Least and greatest value of each channel, at several resolutions: no peak is lost, however many samples fall into a
//! column of the screen.
//!
//! Each frame is read once and goes into every level. A level is a ring of bins on a grid fixed in time (bin `i` holds
//! times in `[i·w, (i+1)·w)`), so that a scrolling trace does not shimmer and another span costs no reading anew. The
//! finest bins are one period wide, at least [`LEAST_BIN_SECS`]; each further level is twice as wide, up to one that
//! covers [`COVER_SECS`]. Memory: two values for a bin and channel; 256 channels at 4096 Hz take 34 MB. Cost: O(new frames
//! × channels × levels).
//!
//! What goes in is raw; the display filter is applied here, so that another one also redraws the past that is still
//! kept raw. It starts settled after every gap. A value that is not a number draws as nothing and does not spoil the filter.

use std::collections::VecDeque;

use super::history::{History, Seam};
use crate::dsp::display::{DisplayDesign, DisplayFilter};

/// Least and greatest value, µV; `[INFINITY, NEG_INFINITY]` where there is none.
pub type Range = [f32; 2];

/// Narrowest bin, seconds: 1024 columns in the shortest span.
pub const LEAST_BIN_SECS: f64 = 1.0 / 512.0;

/// The widest level covers at least this, seconds: the longest span on screen and some more.
pub const COVER_SECS: f64 = 32.0;

/// Bins of a level, if not fewer because of [`MAX_BINS`].
const BINS: usize = 4096;

/// Most bins × channels of a level.
const MAX_BINS: usize = 1 << 20;

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

/// One resolution.
#[derive(Debug)]
struct Level {
    width_secs: f64,
    bins: i64,
    channels: usize,
    newest: Option<i64>,
    /// `[bins, channels]`.
    least: Vec<f32>,
    greatest: Vec<f32>,
}

impl Level {
    fn new(width_secs: f64, bins: usize, channels: usize) -> Self {
        let size = bins * channels;
        let (least, greatest) = (vec![f32::INFINITY; size], vec![f32::NEG_INFINITY; size]);
        Self { width_secs, bins: bins as i64, channels, newest: None, least, greatest }
    }

    fn bin_of(&self, secs: f64) -> i64 {
        // A hair of room: stamps that lie on the grid but for rounding fall into their own bin.
        (secs / self.width_secs + 1e-6).floor() as i64
    }

    fn slot(&self, bin: i64) -> std::ops::Range<usize> {
        let at = bin.rem_euclid(self.bins) as usize * self.channels;
        at..at + self.channels
    }

    fn clear(&mut self) {
        self.least.fill(f32::INFINITY);
        self.greatest.fill(f32::NEG_INFINITY);
        self.newest = None;
    }

    fn add(&mut self, secs: f64, values_uv: &[f32]) {
        let bin = self.bin_of(secs);
        match self.newest {
            Some(newest) if bin > newest => {
                for passed in (newest + 1).max(bin - self.bins + 1)..=bin {
                    let slot = self.slot(passed);
                    self.least[slot.clone()].fill(f32::INFINITY);
                    self.greatest[slot].fill(f32::NEG_INFINITY);
                }
                self.newest = Some(bin);
            }
            Some(newest) if bin <= newest - self.bins => return,
            Some(_) => {}
            None => self.newest = Some(bin),
        }
        let slot = self.slot(bin);
        let both = self.least[slot.clone()].iter_mut().zip(&mut self.greatest[slot]);
        for ((least, greatest), value) in both.zip(values_uv) {
            // What is not a number leaves both as they are.
            *least = least.min(*value);
            *greatest = greatest.max(*value);
        }
    }

    fn range(&self, bins: std::ops::Range<i64>, channel: usize) -> Option<Range> {
        let newest = self.newest?;
        let mut range = [f32::INFINITY, f32::NEG_INFINITY];
        for bin in bins.start.max(newest - self.bins + 1)..bins.end.min(newest + 1) {
            let at = self.slot(bin).start + channel;
            range = [range[0].min(self.least[at]), range[1].max(self.greatest[at])];
        }
        (range[0] <= range[1]).then_some(range)
    }
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
        let covers = |level: &&Level| level.bins as f64 * level.width_secs >= span_secs * 1.05;
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

/// The levels for a source.
fn levels(channels: usize, period_secs: f64) -> Vec<Level> {
    let bins = (MAX_BINS / channels.max(1)).clamp(64, BINS);
    let mut width_secs = if period_secs > LEAST_BIN_SECS { period_secs } else { LEAST_BIN_SECS };
    let mut levels = Vec::new();
    loop {
        levels.push(Level::new(width_secs, bins, channels));
        if bins as f64 * width_secs >= COVER_SECS {
            return levels;
        }
        width_secs *= 2.0;
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
#[path = "peaks_tests.rs"]
mod tests;
