//! The last seconds of raw signal, and the marks that fell into them.
//!
//! Takes frames `[channels]`, µV, in order; keeps at most [`MAX_SECS`] of them and at most [`MAX_VALUES`]
//! values, whatever the source sends. Frames are numbered from 0 in order of arrival; old ones fall out. A source that
//! begins again at an earlier frame, as a replay that is sent back, empties it. Traces are drawn and spectra are made
//! of what is here.

use std::collections::VecDeque;

use crate::signal::FrameMeta;

/// Longest stretch kept, in seconds: twice the longest span on screen.
pub const MAX_SECS: f64 = 60.0;

/// Most values kept (32 MiB): 64 channels at 1000 Hz for 60 s would be 3.8 million; 256 at 4096 Hz are kept for 8 s.
pub const MAX_VALUES: usize = 8 << 20;

/// Most marks kept.
const MAX_MARKS: usize = 1024;

/// A silence that nobody explains is a loss when it is longer than so many periods, and than [`SILENCE_SECS`].
const SILENCE_PERIODS: f64 = 4.0;

/// See [`SILENCE_PERIODS`]: stamps that merely jitter are no losses.
const SILENCE_SECS: f64 = 0.1;

/// What lies between a frame and the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seam {
    /// Frames that the source or the way from it lost, or a clock that was set anew.
    Lost,
    /// Frames that came, and that nobody drew because the window did not keep up: they are in the recording.
    NotDrawn,
}

/// A frame's place in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stamp {
    /// Seconds on the program's clock.
    pub time_secs: f64,
    /// What is missing just before this frame.
    pub seam: Option<Seam>,
}

/// A mark as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct MarkLine {
    /// Seconds on the program's clock.
    pub time_secs: f64,
    /// What stands beside the line.
    pub label: String,
}

/// A ring of frames.
#[derive(Debug, Default)]
pub struct History {
    channels: usize,
    period_secs: f64,
    capacity: usize,
    stamps: VecDeque<Stamp>,
    values: VecDeque<f32>,
    first: u64,
    last_index: Option<u64>,
    marks: VecDeque<MarkLine>,
    epoch: u64,
}

impl History {
    /// Forgets everything and sets up for a source.
    pub fn reset(&mut self, channels: usize, rate_hz: f64) {
        let rate_hz = rate_hz.clamp(1.0, 100_000.0);
        let wanted = (MAX_SECS * rate_hz) as usize;
        *self = Self {
            channels,
            period_secs: 1.0 / rate_hz,
            capacity: wanted.min(MAX_VALUES / channels.max(1)).max(1),
            epoch: self.epoch + 1,
            ..Self::default()
        };
    }

    /// Values per frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Nominal time between two frames, seconds.
    pub fn period_secs(&self) -> f64 {
        self.period_secs
    }

    /// Changes whenever everything was forgotten: what is read of it must be read anew then.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Appends a frame; one of another width is left out. Values that are not numbers are kept: they
    /// draw as nothing.
    pub fn push(&mut self, meta: FrameMeta, values_uv: &[f32]) {
        if values_uv.len() != self.channels || !meta.time_secs.is_finite() {
            return;
        }
        if self.last_index.is_some_and(|last| meta.index <= last) {
            self.reset(self.channels, 1.0 / self.period_secs);
        }
        let seam = self.seam_before(&meta);
        self.last_index = Some(meta.index);
        if self.stamps.len() == self.capacity {
            self.stamps.pop_front();
            self.values.drain(..self.channels);
            self.first += 1;
        }
        self.stamps.push_back(Stamp { time_secs: meta.time_secs, seam });
        self.values.extend(values_uv);
    }

    /// A loss is flagged by whoever saw it. Frames that are missing without a flag were there: the ring to the window
    /// was full.
    fn seam_before(&self, meta: &FrameMeta) -> Option<Seam> {
        let before = self.stamps.back()?;
        let silence_secs = meta.time_secs - before.time_secs;
        if meta.gap_before {
            return Some(Seam::Lost);
        }
        if self.last_index.is_some_and(|last| last.wrapping_add(1) != meta.index) {
            return Some(Seam::NotDrawn);
        }
        let longest_secs = (SILENCE_PERIODS * self.period_secs).max(SILENCE_SECS);
        (silence_secs > longest_secs || silence_secs < -longest_secs).then_some(Seam::Lost)
    }

    /// Notes a mark, unless there is one at that time.
    pub fn mark(&mut self, time_secs: f64, label: &str) {
        if self.mark_at(time_secs).is_some() {
            return;
        }
        if self.marks.len() == MAX_MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(MarkLine { time_secs, label: label.into() });
    }

    /// Notes a mark; one that is there at that time gets this name.
    pub fn name_mark(&mut self, time_secs: f64, label: &str) {
        match self.mark_at(time_secs) {
            Some(mark) if mark.label != label => mark.label = label.into(),
            Some(_) => {}
            None => self.mark(time_secs, label),
        }
    }

    /// Marks come about in order: one of the last is it, or none.
    fn mark_at(&mut self, time_secs: f64) -> Option<&mut MarkLine> {
        let same = |mark: &&mut MarkLine| (mark.time_secs - time_secs).abs() < 1e-6;
        self.marks.iter_mut().rev().take(16).find(same)
    }

    /// Number of the oldest frame kept.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Number that the next frame will get.
    pub fn end(&self) -> u64 {
        self.first + self.stamps.len() as u64
    }

    /// Time of the newest frame.
    pub fn newest_secs(&self) -> Option<f64> {
        self.stamps.back().map(|stamp| stamp.time_secs)
    }

    /// Place in time of a frame that is kept.
    pub fn stamp(&self, number: u64) -> Option<Stamp> {
        self.stamps.get(usize::try_from(number.checked_sub(self.first)?).ok()?).copied()
    }

    /// Values of a frame that is kept, `[channels]`, µV.
    pub fn values(&self, number: u64) -> impl Iterator<Item = f32> + '_ {
        self.frames(number, 1)
    }

    /// Values of the frames from `number` on, `[frames, channels]`, µV; fewer where they are not kept.
    pub fn frames(&self, number: u64, frames: usize) -> impl Iterator<Item = f32> + '_ {
        let at = number.saturating_sub(self.first) as usize * self.channels;
        let end = (at + frames * self.channels).min(self.values.len());
        self.values.range(at.min(end)..end).copied()
    }

    /// Value of one channel in a frame that is kept, µV.
    pub fn value(&self, number: u64, channel: usize) -> Option<f32> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.values.get(at * self.channels + channel).copied()
    }

    /// Marks between two times.
    pub fn marks(&self, from_secs: f64, to_secs: f64) -> impl Iterator<Item = &MarkLine> {
        self.marks.iter().filter(move |m| (from_secs..=to_secs).contains(&m.time_secs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(index: u64, time_secs: f64) -> FrameMeta {
        FrameMeta { index, time_secs, ..FrameMeta::default() }
    }

    #[test]
    fn old_frames_fall_out_and_numbers_stay() {
        let mut history = History::default();
        history.reset(2, 1.0);
        for i in 0..100 {
            history.push(frame(i, i as f64), &[i as f32, -(i as f32)]);
        }
        assert_eq!((history.first(), history.end()), (40, 100));
        assert_eq!(history.stamp(39), None);
        assert_eq!(history.values(40).collect::<Vec<_>>(), [40.0, -40.0]);
        assert_eq!(history.frames(98, 9).collect::<Vec<_>>(), [98.0, -98.0, 99.0, -99.0]);
        assert_eq!((history.value(41, 1), history.value(12, 1)), (Some(-41.0), None));
        assert_eq!(history.newest_secs(), Some(99.0));
    }

    #[test]
    fn memory_is_bounded_for_the_widest_source() {
        let mut history = History::default();
        history.reset(1024, 100_000.0);
        assert!(history.capacity * 1024 <= MAX_VALUES);
        history.reset(0, f64::NAN);
        history.push(frame(0, 0.0), &[]);
        assert_eq!(history.end(), 1);
    }

    #[test]
    fn frames_of_another_width_are_left_out() {
        let mut history = History::default();
        history.reset(2, 250.0);
        history.push(frame(0, 0.0), &[1.0]);
        history.push(frame(1, f64::NAN), &[1.0, 2.0]);
        assert_eq!(history.end(), 0);
    }

    #[test]
    fn a_loss_what_was_not_drawn_and_jitter_are_told_apart() {
        let mut history = History::default();
        history.reset(1, 100.0);
        let lost = |index, time_secs| FrameMeta { gap_before: true, ..frame(index, time_secs) };
        for (meta, expected) in [
            (lost(0, 0.0), None), // nothing was drawn before it
            (frame(1, 0.01), None),
            (frame(2, 0.09), None), // late by its stamp, and still the next frame
            (lost(9, 0.10), Some(Seam::Lost)),
            (frame(10, 0.11), None),
            (frame(300, 3.01), Some(Seam::NotDrawn)),
            (lost(400, 4.01), Some(Seam::Lost)), // both: a loss counts more
            (frame(401, 9.0), Some(Seam::Lost)), // nobody flagged it, and five seconds are missing
        ] {
            history.push(meta, &[0.0]);
            assert_eq!(history.stamp(history.end() - 1).unwrap().seam, expected, "{meta:?}");
        }
    }

    #[test]
    fn a_replay_that_is_sent_back_begins_with_an_empty_screen() {
        let mut history = History::default();
        history.reset(1, 100.0);
        let epoch = history.epoch();
        (50..100).for_each(|i| history.push(frame(i, i as f64 * 0.01), &[1.0]));
        history.push(frame(10, 0.1), &[2.0]);
        assert_eq!((history.first(), history.end()), (0, 1));
        assert!(history.epoch() > epoch && history.stamp(0).unwrap().seam.is_none());
    }

    #[test]
    fn a_mark_is_there_once_and_can_be_named() {
        let mut history = History::default();
        history.reset(1, 100.0);
        for (secs, label) in [(1.0, "stim/7"), (2.0, "key"), (1.0, "other")] {
            history.mark(secs, label);
        }
        history.name_mark(1.0, "panda");
        let labels: Vec<&str> = history.marks(0.0, 3.0).map(|m| m.label.as_str()).collect();
        assert_eq!(labels, ["panda", "key"]);
        assert_eq!(history.marks(1.5, 3.0).count(), 1);
    }
}
