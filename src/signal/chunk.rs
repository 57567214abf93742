//! A run of consecutive samples with their times.
//!
//! Takes frames from a source, gives them to a ring. Layout: `[frames, channels]`, row-major, `f32`, µV.
//! Capacity is fixed when it is made; nothing here allocates after that.

use super::marker::Marker;

/// What is known of one frame (one sample of every channel) besides its values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameMeta {
    /// Number of the frame since the source started, counting lost ones: a jump is a loss.
    pub index: u64,
    /// When the frame was sampled, in seconds on the program's clock, as well as the source knows.
    pub time_secs: f64,
    /// When the frame reached this program, in seconds on the same clock.
    pub arrival_secs: f64,
    /// True where at least one frame is missing just before this one, or the source's clock was reset.
    pub gap_before: bool,
}

/// Up to a fixed number of frames and markers, read from a source in one go.
#[derive(Debug)]
pub struct Chunk {
    channels: usize,
    max_frames: usize,
    samples: Vec<f32>,
    frames: Vec<FrameMeta>,
    markers: Vec<Marker>,
    /// Of each marker, how many frames came before it.
    places: Vec<usize>,
    max_markers: usize,
}

impl Chunk {
    /// Sets memory aside for `max_frames` frames of `channels` values and `max_markers` markers.
    pub fn with_capacity(channels: usize, max_frames: usize, max_markers: usize) -> Self {
        Self {
            channels,
            max_frames,
            samples: Vec::with_capacity(channels * max_frames),
            frames: Vec::with_capacity(max_frames),
            markers: Vec::with_capacity(max_markers),
            places: Vec::with_capacity(max_markers),
            max_markers,
        }
    }

    /// Empties the chunk and keeps its memory.
    pub fn clear(&mut self) {
        self.samples.clear();
        self.frames.clear();
        self.markers.clear();
        self.places.clear();
    }

    /// Appends one frame; false, and nothing changed, when the chunk is full or the width is wrong.
    #[must_use]
    pub fn push(&mut self, meta: FrameMeta, values_uv: &[f32]) -> bool {
        if self.frames.len() == self.max_frames || values_uv.len() != self.channels {
            return false;
        }
        self.frames.push(meta);
        self.samples.extend_from_slice(values_uv);
        true
    }

    /// Appends one marker, behind the frames that are there; false when there is no room for it.
    #[must_use]
    pub fn push_marker(&mut self, marker: Marker) -> bool {
        if self.markers.len() == self.max_markers {
            return false;
        }
        self.markers.push(marker);
        self.places.push(self.frames.len());
        true
    }

    /// How many frames are still free.
    pub fn room(&self) -> usize {
        self.max_frames - self.frames.len()
    }

    /// Values per frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Number of frames held.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// True when it holds neither frames nor markers.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.markers.is_empty()
    }

    /// The frames' times and numbers, in order.
    pub fn frames(&self) -> &[FrameMeta] {
        &self.frames
    }

    /// All values, `[frames, channels]`, row-major, µV.
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// The values of frame `i`, `[channels]`, µV.
    pub fn frame(&self, i: usize) -> &[f32] {
        &self.samples[i * self.channels..(i + 1) * self.channels]
    }

    /// The values of some frames that lie side by side, `[frames, channels]`, µV.
    pub fn values_of(&self, frames: std::ops::Range<usize>) -> &[f32] {
        &self.samples[frames.start * self.channels..frames.end * self.channels]
    }

    /// The markers that arrived with these frames, in order of arrival.
    pub fn markers(&self) -> &[Marker] {
        &self.markers
    }

    /// Of each marker, how many of the chunk's frames came before it.
    pub fn marker_places(&self) -> &[usize] {
        &self.places
    }

    /// The markers, for a stage that changes them on their way.
    pub fn markers_mut(&mut self) -> &mut [Marker] {
        &mut self.markers
    }

    /// Asks for each frame, in order, whether it stays; what is known of it may be changed. Moves the frames that stay
    /// together and allocates nothing.
    pub fn retain_frames(&mut self, mut stays: impl FnMut(&mut FrameMeta) -> bool) {
        let (mut kept, mut marker) = (0, 0);
        for at in 0..self.frames.len() {
            while self.places.get(marker).is_some_and(|place| *place <= at) {
                self.places[marker] = kept;
                marker += 1;
            }
            if !stays(&mut self.frames[at]) {
                continue;
            }
            if kept != at {
                self.frames[kept] = self.frames[at];
                let values = at * self.channels..(at + 1) * self.channels;
                self.samples.copy_within(values, kept * self.channels);
            }
            kept += 1;
        }
        self.places[marker..].fill(kept);
        self.frames.truncate(kept);
        self.samples.truncate(kept * self.channels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_chunk_refuses_and_keeps_what_it_has() {
        let mut chunk = Chunk::with_capacity(2, 1, 0);
        assert!(!chunk.push(FrameMeta::default(), &[1.0]));
        assert!(chunk.push(FrameMeta::default(), &[1.0, 2.0]));
        assert!(!chunk.push(FrameMeta::default(), &[3.0, 4.0]));
        assert_eq!(chunk.samples(), [1.0, 2.0]);
        assert!(!chunk.push_marker(Marker::new(0.0, "x")));
    }

    #[test]
    fn frames_that_stay_keep_their_values_and_their_markers() {
        let mut chunk = Chunk::with_capacity(2, 8, 7);
        for index in 0..6_u64 {
            let meta = FrameMeta { index, ..FrameMeta::default() };
            assert!(chunk.push_marker(Marker::new(index as f64, "before")));
            assert!(chunk.push(meta, &[index as f32, -(index as f32)]));
        }
        assert!(chunk.push_marker(Marker::new(6.0, "behind")));
        assert_eq!(chunk.marker_places(), [0, 1, 2, 3, 4, 5, 6]);
        chunk.retain_frames(|meta| {
            meta.gap_before = meta.index == 5;
            meta.index % 2 == 1
        });
        let kept: Vec<_> = chunk.frames().iter().map(|m| (m.index, m.gap_before)).collect();
        assert_eq!(kept, [(1, false), (3, false), (5, true)]);
        assert_eq!(chunk.samples(), [1.0, -1.0, 3.0, -3.0, 5.0, -5.0]);
        assert_eq!(chunk.marker_places(), [0, 0, 1, 1, 2, 2, 3]);
    }
}
