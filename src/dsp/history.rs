//! The last seconds of processed frames, as a ring.
//!
//! Takes frames `[channels]`, `f32`, µV with what is known of them; gives any of the last ones by number.
//! Frames are numbered from 0 since `reset`. Memory is set aside in `prepare`; the oldest frame is
//! overwritten when the ring is full.

use super::error::DspError;
use super::quality::rails::RawFlags;

/// Most values remembered (64 MiB).
const MAX_VALUES: usize = 16 << 20;

/// What is known of a processed frame besides its values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tag {
    /// When it was sampled, filter delay of the resampler removed, seconds.
    pub time_secs: f64,
    /// When the newest raw frame in it reached the program, seconds.
    pub arrival_secs: f64,
    /// Frames are missing just before it.
    pub gap: bool,
    /// The filters had settled.
    pub settled: bool,
    /// What the raw frames since the last processed one showed.
    pub raw: RawFlags,
}

pub(super) struct History {
    values: Vec<f32>,
    tags: Vec<Tag>,
    channels: usize,
    /// Number of the next frame.
    next: u64,
}

impl History {
    pub fn prepare(channels: usize, frames: usize) -> Result<Self, DspError> {
        let (got, limit) = (channels.saturating_mul(frames), MAX_VALUES);
        if got > limit {
            return Err(DspError::TooLarge { what: "the signal history", got, limit });
        }
        let tags = vec![Tag::default(); frames.max(1)];
        Ok(Self { values: vec![0.0; channels * frames.max(1)], tags, channels, next: 0 })
    }

    pub fn reset(&mut self) {
        self.next = 0;
    }

    pub fn push(&mut self, tag: Tag, values: &[f32]) {
        let slot = self.slot(self.next);
        self.tags[slot] = tag;
        let kept = &mut self.values[slot * self.channels..][..self.channels];
        for (kept, value) in kept.iter_mut().zip(values) {
            *kept = *value;
        }
        self.next += 1;
    }

    /// Number of the next frame, which is how many there were.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Number of the oldest frame still here.
    pub fn oldest(&self) -> u64 {
        self.next.saturating_sub(self.tags.len() as u64)
    }

    /// What is known of a frame that is still here.
    pub fn tag(&self, number: u64) -> &Tag {
        &self.tags[self.slot(number)]
    }

    /// Values of a frame that is still here, `[channels]`.
    pub fn frame(&self, number: u64) -> &[f32] {
        &self.values[self.slot(number) * self.channels..][..self.channels]
    }

    fn slot(&self, number: u64) -> usize {
        (number % self.tags.len() as u64) as usize
    }
}
