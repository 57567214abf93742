//! The traces on screen: their filter, and the ring to the window.
//!
//! Takes raw blocks `[frames, channels]`, `f32`, µV; gives display-filtered ones to the screen's ring. When
//! that is full the window is not drawing: frames are left out there, which is no gap in the signal and is
//! not marked as one. What the source lost is: a frame whose number does not follow the last one's has its
//! gap marked, so that behind a frame left out *here* the number jumps without one. A value that is not
//! finite is drawn as nothing and does not reach the filter, which holds the channel's last value instead.
//! Nothing allocates after it is made.

use crate::dsp::chain::BLOCK_FRAMES;
use crate::dsp::display::{DisplayDesign, DisplayFilter};
use crate::hop::ring::FrameProducer;
use crate::signal::{FrameMeta, Marker};

/// The traces on screen.
pub struct Traces {
    filter: DisplayFilter,
    ring: FrameProducer,
    channels: usize,
    /// `[BLOCK_FRAMES, channels]`.
    values: Vec<f32>,
    /// `[BLOCK_FRAMES]`.
    metas: Vec<FrameMeta>,
    /// `[channels]`: each channel's last finite value.
    held: Vec<f32>,
    last_index: Option<u64>,
}

impl Traces {
    /// Traces of this many channels into `ring`, best a
    /// [`display_ring`](crate::hop::ring::display_ring).
    pub fn new(channels: usize, filter: DisplayFilter, ring: FrameProducer) -> Self {
        Self {
            filter,
            ring,
            channels,
            values: vec![0.0; BLOCK_FRAMES * channels],
            metas: vec![FrameMeta::default(); BLOCK_FRAMES],
            held: vec![0.0; channels],
            last_index: None,
        }
    }

    /// Takes up another display filter, settled on the next frame.
    pub fn set_design(&mut self, design: &DisplayDesign) {
        self.filter.set_design(design);
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
        let values = &mut self.values[..raw_uv.len()];
        // Not `all`, which stops at the first: without a way out many values go at once.
        if raw_uv.iter().fold(true, |finite, value| finite & value.is_finite()) {
            self.held.copy_from_slice(&raw_uv[raw_uv.len() - self.channels..]);
            self.filter.process_block(raw_uv, values);
        } else {
            values.copy_from_slice(raw_uv);
            for frame in values.chunks_exact_mut(self.channels) {
                for (value, held) in frame.iter_mut().zip(&mut self.held) {
                    if value.is_finite() {
                        *held = *value;
                    } else {
                        *value = *held;
                    }
                }
            }
            self.filter.process_in_place(values);
            let shown = values.iter_mut().zip(raw_uv).filter(|(_, raw)| !raw.is_finite());
            shown.for_each(|(value, _)| *value = f32::NAN);
        }
        let own = &mut self.metas[..metas.len()];
        for (own, meta) in own.iter_mut().zip(metas) {
            let follows = self.last_index.is_none_or(|last| last.wrapping_add(1) == meta.index);
            *own = FrameMeta { gap_before: meta.gap_before || !follows, ..*meta };
            self.last_index = Some(meta.index);
        }
        self.ring.write_frames(own, values);
    }
}
