//! Cuts windows out of the processed signal, to the model pack's contract.
//!
//! Takes processed frames and picture onsets, in any order within the history (4 s, or the window's span
//! and 2.5 s more); gives windows `[channels, samples]`, µV. The first sample is the first one with a time
//! of at least `onset + window_secs[0]` minus half a sample period. The baseline begins
//! `round((baseline_secs[0] − window_secs[0]) · rate)` samples from there; its mean is subtracted per
//! channel, in `f64`. An onset whose window reaches back before the start of the signal gives a window
//! marked as settling; one that comes too late for the history is counted as missed.

use arrayvec::ArrayVec;

use super::error::DspError;
use super::history::{History, Tag};
use super::layout::Layout;
use super::quality::gate::SpanFlags;
use crate::signal::window::{Following, MAX_FOLLOWING, UNTOLD_SECS};
use crate::signal::{Flash, Lock, Window};
use crate::units::SampleRate;

/// Onsets that may wait for their samples. Ten pictures a second, six seconds ahead. More than that is a
/// broken source.
pub const MAX_PENDING: usize = 64;

/// Shortest history. LSL markers may come up to 2 s after their samples.
const MIN_HISTORY_SECS: f64 = 4.0;

/// How much longer than the span the history is at least.
const LATENESS_SECS: f64 = 2.5;

/// A clock that goes back by more than this was reset; less is jitter of the time stamps.
const CLOCK_RESET_SECS: f64 = 1.0;

/// The same where frames are missing: what was lost may hide a part of it, and an onset on the new clock must not find its
/// samples on the old one. Shorter than any window that could lie within it.
const CLOCK_RESET_IN_GAP_SECS: f64 = 0.1;

/// A first sample later than this many periods after its due time was not the due one: samples are missing.
const TORN_PERIODS: f64 = 1.5;

/// Channels that are transposed together: a line of the cache.
const TRANSPOSED: usize = 16;

/// Which windows are wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Windows {
    /// One per picture onset.
    pub locked: bool,
    /// One per flash of a page.
    pub flashes: bool,
    /// The newest stretch, again and again.
    pub free: bool,
    /// How often, for free-running ones; at least one sample period.
    pub hop_secs: f64,
}

impl Default for Windows {
    fn default() -> Self {
        Self { locked: true, flashes: false, free: false, hop_secs: 0.25 }
    }
}

impl Windows {
    fn want(&self, lock: Lock) -> bool {
        match lock {
            Lock::Stimulus { .. } => self.locked,
            Lock::Flash { .. } => self.flashes,
            Lock::Free => self.free,
        }
    }
}

/// What became of the onsets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnsetCounts {
    /// Came while [`MAX_PENDING`] others waited, and the oldest of those was given up for it.
    pub overflowed: u64,
    /// Came too late for the history, or lost their clock to a reset.
    pub missed: u64,
}

/// A window that can be cut now.
#[derive(Clone, Debug)]
pub(super) struct Due {
    lock: Lock,
    following: ArrayVec<Following, MAX_FOLLOWING>,
    first: u64,
    torn: bool,
}

#[derive(Clone, Copy)]
struct Pending {
    lock: Lock,
    onset_secs: f64,
    found: Option<(u64, bool)>,
    /// Something says that it is not to be looked at.
    is_cut: bool,
}

pub(super) struct Cutter {
    history: History,
    layout: Layout,
    rate: SampleRate,
    start_secs: f64,
    windows: Windows,
    hop_frames: u64,
    pending: ArrayVec<Pending, MAX_PENDING>,
    free_due: bool,
    counts: OnsetCounts,
}

impl Cutter {
    pub fn prepare(
        rate: SampleRate,
        channels: usize,
        window_secs: [f64; 2],
        baseline_secs: Option<[f64; 2]>,
        windows: Windows,
    ) -> Result<Self, DspError> {
        let layout = Layout::new(rate, window_secs, baseline_secs)?;
        let span_secs = (layout.end - layout.begin) as f64 * rate.period_secs();
        let history_secs = (span_secs + LATENESS_SECS).max(MIN_HISTORY_SECS);
        let frames = (history_secs * rate.hz()).ceil() as usize;
        let mut cutter = Self {
            history: History::prepare(channels, frames)?,
            layout,
            rate,
            start_secs: window_secs[0],
            windows,
            hop_frames: 1,
            pending: ArrayVec::new(),
            free_due: false,
            counts: OnsetCounts::default(),
        };
        cutter.set_windows(windows);
        Ok(cutter)
    }

    pub fn samples(&self) -> usize {
        self.layout.samples
    }

    pub fn counts(&self) -> OnsetCounts {
        self.counts
    }

    pub fn set_windows(&mut self, windows: Windows) {
        self.windows = windows;
        self.hop_frames = (self.rate.samples_in(windows.hop_secs) as u64).max(1);
        self.pending.retain(|pending| windows.want(pending.lock));
        self.free_due &= windows.free;
    }

    pub fn reset(&mut self) {
        self.history.reset();
        self.pending.clear();
        self.free_due = false;
        self.counts = OnsetCounts::default();
    }

    /// Takes what a window is to be cut for.
    pub fn push_onset(&mut self, lock: Lock) {
        let Some(onset_secs) = lock.onset_secs().filter(|secs| secs.is_finite()) else { return };
        if !self.windows.want(lock) {
            return;
        }
        let due_secs = self.due_secs(onset_secs);
        let kept = self.history.oldest()..self.history.next();
        let first = kept.clone().find(|n| self.history.tag(*n).time_secs >= due_secs);
        let found = first.map(|n| (n, self.is_torn(n, due_secs)));
        if let Some((first, true)) = found
            && first == self.history.oldest()
            && first > 0
        {
            self.counts.missed += 1;
            return;
        }
        if self.pending.is_full() {
            self.pending.remove(0);
            self.counts.overflowed += 1;
        }
        self.pending.push(Pending { lock, onset_secs, found, is_cut: false });
    }

    /// The page is paused at a time: flashes that wait and began before it are not to be looked at.
    pub fn pause_flashes(&mut self, at_secs: f64) {
        for pending in &mut self.pending {
            let is_flash = matches!(pending.lock, Lock::Flash { .. });
            pending.is_cut |= is_flash && pending.onset_secs <= at_secs;
        }
    }

    pub fn push_frame(&mut self, mut tag: Tag, values: &[f32]) {
        if let Some(newest) = self.history.next().checked_sub(1) {
            let back_secs = self.history.tag(newest).time_secs - tag.time_secs;
            if back_secs > if tag.gap { CLOCK_RESET_IN_GAP_SECS } else { CLOCK_RESET_SECS } {
                // Old times mean nothing on the new clock, nor do onsets that wait on the old one.
                self.counts.missed += self.pending.len() as u64;
                self.pending.clear();
                self.history.reset();
                tag.gap = true;
            }
        }
        let number = self.history.next();
        self.history.push(tag, values);
        for i in 0..self.pending.len() {
            let due_secs = self.due_secs(self.pending[i].onset_secs);
            if self.pending[i].found.is_none() && tag.time_secs >= due_secs {
                self.pending[i].found = Some((number, self.is_torn(number, due_secs)));
            }
        }
        self.free_due |= self.windows.free && (number + 1).is_multiple_of(self.hop_frames);
    }

    /// The next window whose samples are all there.
    pub fn next_due(&mut self) -> Option<Due> {
        while let Some(i) = self.pending.iter().position(|p| self.is_complete(p)) {
            let Pending { lock, onset_secs, found, is_cut } = self.pending.remove(i);
            let Some((first, torn)) = found else { continue };
            let torn = torn || is_cut;
            if self.is_kept(first) {
                return Some(Due {
                    lock,
                    first,
                    torn,
                    following: self.following(lock, onset_secs),
                });
            }
            self.counts.missed += 1;
        }
        if !std::mem::take(&mut self.free_due) {
            return None;
        }
        let first = self.history.next().checked_sub_signed(self.layout.end)?;
        let begin = first.checked_add_signed(self.layout.begin)?;
        (begin >= self.history.oldest()).then_some(Due {
            lock: Lock::Free,
            first,
            torn: false,
            following: ArrayVec::new(),
        })
    }

    /// Flashes of the same page that wait for their own windows and lie within this one.
    fn following(&self, lock: Lock, onset_secs: f64) -> ArrayVec<Following, MAX_FOLLOWING> {
        let mut following = ArrayVec::new();
        let Lock::Flash { flash: Flash { page, .. }, .. } = lock else { return following };
        let span_secs = self.start_secs + self.layout.samples as f64 * self.rate.period_secs();
        for pending in &self.pending {
            let Lock::Flash { flash, .. } = pending.lock else { continue };
            let delay_secs = pending.onset_secs - onset_secs;
            let is_within = (0.0..=span_secs - UNTOLD_SECS).contains(&delay_secs);
            if flash.page == page && is_within {
                let _many_more_than_a_screen_can_show =
                    following.try_push(Following { delay_secs, lit: flash.lit });
            }
        }
        following.sort_by(|a: &Following, b| a.delay_secs.total_cmp(&b.delay_secs));
        following
    }

    /// Fills the window's values, times and lock; tells what was seen of its span.
    pub fn cut(&self, due: &Due, window: &mut Window) -> SpanFlags {
        let Layout { samples, baseline, begin, end } = self.layout;
        window.lock = due.lock;
        window.following.clone_from(&due.following);
        let last = self.history.tag(due.first + samples as u64 - 1);
        window.last_sample_secs = last.time_secs;
        window.last_arrival_secs = last.arrival_secs;
        self.transpose(due.first, samples, window);
        let from = |offset: i64| due.first.checked_add_signed(offset);
        if let Some((offset, count)) = baseline
            && let Some(start) = from(offset)
        {
            self.subtract_mean(start..start + count as u64, window);
        }
        let mut flags = self.flags(from(begin).unwrap_or(0)..due.first.saturating_add_signed(end));
        let before_start = from(begin).is_none();
        flags.settling |= before_start;
        flags.gap |= due.torn && !before_start && due.first > 0;
        flags.settling |= due.torn && due.first == 0;
        flags
    }

    /// Frames, each with its channels side by side, to channels, each with its samples side by side: some
    /// channels at a time, so that what is written meanwhile stays in the cache.
    fn transpose(&self, first: u64, samples: usize, window: &mut Window) {
        for (group, rows) in window.samples_uv.chunks_mut(TRANSPOSED * samples).enumerate() {
            for s in 0..samples {
                let values = &self.history.frame(first + s as u64)[group * TRANSPOSED..];
                for (row, value) in rows.chunks_exact_mut(samples).zip(values) {
                    row[s] = *value;
                }
            }
        }
    }

    fn subtract_mean(&self, baseline: std::ops::Range<u64>, window: &mut Window) {
        let count = (baseline.end - baseline.start) as f64;
        for (c, values) in window.samples_uv.chunks_exact_mut(window.samples).enumerate() {
            let sum: f64 = baseline.clone().map(|n| f64::from(self.history.frame(n)[c])).sum();
            for value in values {
                *value = (f64::from(*value) - sum / count) as f32;
            }
        }
    }

    fn flags(&self, span: std::ops::Range<u64>) -> SpanFlags {
        let mut flags = SpanFlags::default();
        let start = span.start;
        for number in span {
            let tag = self.history.tag(number);
            flags.gap |= tag.gap && number != start;
            flags.settling |= !tag.settled;
            flags.raw.merge(tag.raw);
        }
        flags
    }

    /// From when on a sample can be the first of this onset's window.
    fn due_secs(&self, onset_secs: f64) -> f64 {
        onset_secs + self.start_secs - self.rate.period_secs() / 2.0
    }

    fn is_torn(&self, number: u64, due_secs: f64) -> bool {
        self.history.tag(number).time_secs - due_secs > TORN_PERIODS * self.rate.period_secs()
    }

    fn is_complete(&self, pending: &Pending) -> bool {
        pending.found.is_some_and(|(first, _)| {
            first.saturating_add_signed(self.layout.end) <= self.history.next()
        })
    }

    /// Whether everything of the window that ever was is still here.
    fn is_kept(&self, first: u64) -> bool {
        first.saturating_add_signed(self.layout.begin) >= self.history.oldest()
    }
}
