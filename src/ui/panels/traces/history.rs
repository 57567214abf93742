//! The last seconds of display-filtered signal, and the markers that fell into them.
//!
//! Takes frames `[channels]`, µV, in order; keeps at most [`MAX_SECS`] of them and at most [`MAX_VALUES`]
//! values, whatever the source sends. Frames are numbered from 0 in order of arrival; old ones fall out.

use std::collections::VecDeque;

use crate::signal::FrameMeta;

/// Longest stretch kept, in seconds: twice the longest span on screen, so that a paused view stays whole.
pub const MAX_SECS: f64 = 60.0;

/// Most values kept (32 MiB): 64 channels at 1000 Hz for 60 s would be 3.8 million.
pub const MAX_VALUES: usize = 8 << 20;

/// Most markers kept.
const MAX_MARKERS: usize = 256;

/// A frame's place in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stamp {
    /// Seconds on the program's clock.
    pub time_secs: f64,
    /// Frames are missing just before this one.
    pub gap_before: bool,
}

/// A marker as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct MarkerLine {
    /// Seconds on the program's clock.
    pub time_secs: f64,
    /// What stands beside the line.
    pub label: String,
}

/// A ring of frames.
#[derive(Debug, Default)]
pub struct History {
    channels: usize,
    capacity: usize,
    stamps: VecDeque<Stamp>,
    values: VecDeque<f32>,
    first: u64,
    markers: VecDeque<MarkerLine>,
}

impl History {
    /// Forgets everything and sets up for a source.
    pub fn reset(&mut self, channels: usize, rate_hz: f64) {
        let wanted = (MAX_SECS * rate_hz.clamp(1.0, 100_000.0)) as usize;
        *self = Self {
            channels,
            capacity: wanted.min(MAX_VALUES / channels.max(1)).max(1),
            ..Self::default()
        };
    }

    /// Values per frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Appends a frame; one of another width is left out. Values that are not numbers are kept: they
    /// draw as nothing.
    pub fn push(&mut self, meta: FrameMeta, values_uv: &[f32]) {
        if values_uv.len() != self.channels || !meta.time_secs.is_finite() {
            return;
        }
        if self.stamps.len() == self.capacity {
            self.stamps.pop_front();
            self.values.drain(..self.channels);
            self.first += 1;
        }
        self.stamps.push_back(Stamp { time_secs: meta.time_secs, gap_before: meta.gap_before });
        self.values.extend(values_uv);
    }

    /// Notes a marker; the same time twice is one marker.
    pub fn mark(&mut self, time_secs: f64, label: &str) {
        if self.markers.back().is_some_and(|last| last.time_secs == time_secs) {
            return;
        }
        if self.markers.len() == MAX_MARKERS {
            self.markers.pop_front();
        }
        self.markers.push_back(MarkerLine { time_secs, label: label.into() });
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
        let at = number.saturating_sub(self.first) as usize * self.channels;
        let end = (at + self.channels).min(self.values.len());
        self.values.range(at.min(end)..end).copied()
    }

    /// Markers between two times, oldest first.
    pub fn markers(&self, from_secs: f64, to_secs: f64) -> impl Iterator<Item = &MarkerLine> {
        self.markers.iter().filter(move |m| (from_secs..=to_secs).contains(&m.time_secs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(time_secs: f64) -> FrameMeta {
        FrameMeta { time_secs, ..FrameMeta::default() }
    }

    #[test]
    fn old_frames_fall_out_and_numbers_stay() {
        let mut history = History::default();
        history.reset(2, 1.0);
        for i in 0..100 {
            history.push(frame(f64::from(i)), &[i as f32, -(i as f32)]);
        }
        assert_eq!((history.first(), history.end()), (40, 100));
        assert_eq!(history.stamp(39), None);
        assert_eq!(history.values(40).collect::<Vec<_>>(), [40.0, -40.0]);
        assert_eq!(history.newest_secs(), Some(99.0));
    }

    #[test]
    fn memory_is_bounded_for_the_widest_source() {
        let mut history = History::default();
        history.reset(1024, 100_000.0);
        assert!(history.capacity * 1024 <= MAX_VALUES);
        history.reset(0, f64::NAN);
        history.push(frame(0.0), &[]);
        assert_eq!(history.end(), 1);
    }

    #[test]
    fn frames_of_another_width_are_left_out() {
        let mut history = History::default();
        history.reset(2, 250.0);
        history.push(frame(0.0), &[1.0]);
        history.push(frame(f64::NAN), &[1.0, 2.0]);
        assert_eq!(history.end(), 0);
    }
}
