//! The way of raw frames to the screen.
//!
//! Takes raw blocks `[frames, channels]`, `f32`, µV; passes them on to the screen's ring. What is drawn is filtered by the
//! window. When the ring is full the window is not drawing: frames are left out there, which is no gap in the signal and is
//! not marked as one. What the source lost is: a frame whose number does not follow the last one's has its
//! gap marked, so that behind a frame left out *here* the number jumps without one.
//! Nothing allocates after it is made.

use crate::dsp::chain::BLOCK_FRAMES;
use crate::hop::ring::FrameProducer;
use crate::signal::{FrameMeta, Marker};

/// The way to the screen.
pub struct Traces {
    ring: FrameProducer,
    channels: usize,
    /// `[BLOCK_FRAMES]`.
    metas: Vec<FrameMeta>,
    last_index: Option<u64>,
}

impl Traces {
    /// Traces of this many channels into `ring`, best a
    /// [`display_ring`](crate::hop::ring::display_ring).
    pub fn new(channels: usize, ring: FrameProducer) -> Self {
        Self { ring, channels, metas: vec![FrameMeta::default(); BLOCK_FRAMES], last_index: None }
    }

    /// Passes raw frames `[frames, channels]`, µV, on to the screen; whole ones only.
    pub fn pass_on(&mut self, metas: &[FrameMeta], raw_uv: &[f32]) {
        let width = BLOCK_FRAMES * self.channels.max(1);
        for (metas, raw_uv) in metas.chunks(BLOCK_FRAMES).zip(raw_uv.chunks(width)) {
            if raw_uv.len() == metas.len() * self.channels {
                self.pass_on_block(metas, raw_uv);
            }
        }
    }

    /// Passes a marker on to the screen.
    pub fn pass_on_marker(&mut self, marker: Marker) {
        self.ring.write_marker(marker);
    }

    fn pass_on_block(&mut self, metas: &[FrameMeta], raw_uv: &[f32]) {
        let own = &mut self.metas[..metas.len()];
        for (own, meta) in own.iter_mut().zip(metas) {
            let follows = self.last_index.is_none_or(|last| last.wrapping_add(1) == meta.index);
            *own = FrameMeta { gap_before: meta.gap_before || !follows, ..*meta };
            self.last_index = Some(meta.index);
        }
        self.ring.write_frames(own, raw_uv);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::ring::{FrameConsumer, display_ring};

    fn traces(capacity: usize) -> (Traces, FrameConsumer) {
        let (tx, rx) = display_ring(2, capacity);
        (Traces::new(2, tx), rx)
    }

    fn metas(numbers: std::ops::Range<u64>) -> Vec<FrameMeta> {
        numbers.map(|index| FrameMeta { index, ..FrameMeta::default() }).collect()
    }

    fn numbers(rx: &mut FrameConsumer) -> Vec<(u64, bool)> {
        std::iter::from_fn(|| rx.next_frame().map(|(meta, _)| (meta.index, meta.gap_before)))
            .collect()
    }

    #[test]
    fn what_the_source_lost_is_a_gap_and_what_was_not_drawn_is_none() {
        let (mut traces, mut rx) = traces(50);
        traces.pass_on(&metas(0..100), &[1.0; 200]);
        assert_eq!(numbers(&mut rx), (0..50).map(|i| (i, false)).collect::<Vec<_>>());
        traces.pass_on(&metas(100..102), &[1.0; 4]);
        traces.pass_on(&metas(110..111), &[1.0; 2]);
        assert_eq!(numbers(&mut rx), [(100, false), (101, false), (110, true)]);
        assert_eq!(rx.take_overruns(), 50);
        // A gap among the frames that were not drawn is still one afterwards.
        traces.pass_on(&metas(111..161), &[1.0; 100]);
        traces.pass_on(&metas(170..171), &[1.0; 2]);
        numbers(&mut rx);
        traces.pass_on(&metas(171..173), &[1.0; 4]);
        assert_eq!(numbers(&mut rx), [(171, true), (172, false)]);
    }
}
