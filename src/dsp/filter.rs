//! A cascade of second-order sections over many channels.
//!
//! Takes and gives frames `[frames, channels]`, row-major, `f32`, µV. Transposed direct form II, `f64`
//! inside; equals `scipy.signal.sosfilt` from rest (tests: within 1e-6 of the signal's size). Channels go
//! sixteen at a time (one line of the cache), a stretch of frames through one section after the other, with
//! the state in registers: neighbouring channels are independent, so the innermost loop vectorises. Every
//! channel sees the same operations in the same order whatever the cutting into blocks: the bits are the
//! same. `prepare` allocates; nothing else does. A value that is not finite spoils its channel until
//! `reset`: whoever calls replaces such values first.

use super::section::Section;

/// States below this are set to zero, far below any signal (µV) and far above the denormal range in which
/// processors become slow.
const FLUSH_BELOW: f64 = 1e-30;

/// Frames between two flushes. Counted from `reset`, so that the result does not depend on chunk sizes.
const FLUSH_EVERY: usize = 64;

/// Channels that go together.
const LANES: usize = 16;

/// Frames that go through one section before they go through the next: these and the state stay in the
/// first-level cache.
const STRETCH: usize = 32;

/// One value of each channel that goes together.
type Lanes = [f64; LANES];

/// Delay memory of one section.
#[derive(Clone, Copy)]
struct Memory {
    near: Lanes,
    far: Lanes,
}

/// At rest.
const REST: Memory = Memory { near: [0.0; LANES], far: [0.0; LANES] };

/// Filters every channel with the same cascade.
pub struct SosFilter {
    sections: Vec<Section>,
    /// `[groups of channels][sections]`; channels that only fill up the last group stay at zero.
    memory: Vec<Memory>,
    channels: usize,
    /// `[STRETCH]`: one group's values on their way.
    work: Vec<Lanes>,
    frames_to_flush: usize,
}

impl SosFilter {
    /// Sets memory aside for these sections and channels; at rest.
    pub fn prepare(sections: &[Section], channels: usize) -> Self {
        Self {
            sections: sections.to_vec(),
            memory: vec![REST; channels.div_ceil(LANES) * sections.len()],
            channels,
            work: vec![[0.0; LANES]; STRETCH],
            frames_to_flush: FLUSH_EVERY,
        }
    }

    /// Back to rest. Does not allocate.
    pub fn reset(&mut self) {
        self.memory.fill(REST);
        self.frames_to_flush = FLUSH_EVERY;
    }

    /// As if every channel had had the value of this frame `[channels]` for ever; equals
    /// `scipy.signal.sosfilt_zi` times that value. Does not allocate.
    pub fn settle_on(&mut self, frame: &[f32]) {
        self.reset();
        let groups = self.memory.chunks_exact_mut(self.sections.len().max(1));
        for (group, values) in groups.zip(frame.chunks(LANES)) {
            for (lane, value) in values.iter().enumerate() {
                let mut x = f64::from(*value);
                for (section, memory) in self.sections.iter().zip(&mut *group) {
                    let Section { b, a } = *section;
                    let y = b.iter().sum::<f64>() / (1.0 + a[0] + a[1]) * x;
                    memory.far[lane] = b[2] * x - a[1] * y;
                    memory.near[lane] = b[1] * x - a[0] * y + memory.far[lane];
                    x = y;
                }
            }
        }
    }

    /// Replaces the coefficients and keeps the state; sections beyond those prepared are ignored, missing
    /// ones pass the signal unchanged. Does not allocate.
    pub fn set_sections(&mut self, sections: &[Section]) {
        let given = sections.iter().copied().chain(std::iter::repeat(Section::IDENTITY));
        for (own, new) in self.sections.iter_mut().zip(given) {
            *own = new;
        }
    }

    /// The coefficients in use.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Values per frame.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Filters frames `[frames, channels]` in place; a frame that is not whole is left alone.
    pub fn process_in_place(&mut self, block: &mut [f32]) {
        let (mut at, frames) = (0, self.frames_in(block));
        while at < frames {
            let stretch = self.stretch(frames - at);
            let values = &mut block[at * self.channels..(at + stretch) * self.channels];
            for group in 0..self.channels.div_ceil(LANES) {
                load(values, self.channels, group, &mut self.work[..stretch]);
                self.run_group(group, stretch);
                store(&self.work[..stretch], self.channels, group, values);
            }
            self.count(stretch);
            at += stretch;
        }
    }

    /// Filters frames `[frames, channels]` into `output`, which has room for as many.
    pub fn process_block(&mut self, input: &[f32], output: &mut [f32]) {
        let (mut at, frames) = (0, self.frames_in(input).min(self.frames_in(output)));
        while at < frames {
            let stretch = self.stretch(frames - at);
            let span = at * self.channels..(at + stretch) * self.channels;
            for group in 0..self.channels.div_ceil(LANES) {
                load(&input[span.clone()], self.channels, group, &mut self.work[..stretch]);
                self.run_group(group, stretch);
                let given = &mut output[span.clone()];
                store(&self.work[..stretch], self.channels, group, given);
            }
            self.count(stretch);
            at += stretch;
        }
    }

    fn frames_in(&self, block: &[f32]) -> usize {
        block.len().checked_div(self.channels).unwrap_or(0)
    }

    /// How many of the next frames go together: none beyond a flush.
    fn stretch(&self, frames: usize) -> usize {
        frames.min(STRETCH).min(self.frames_to_flush)
    }

    fn run_group(&mut self, group: usize, frames: usize) {
        let sections = self.sections.len();
        let memory = &mut self.memory[group * sections..(group + 1) * sections];
        for (section, memory) in self.sections.iter().zip(memory) {
            run_section(section, memory, &mut self.work[..frames]);
        }
    }

    fn count(&mut self, frames: usize) {
        self.frames_to_flush -= frames;
        if self.frames_to_flush == 0 {
            self.frames_to_flush = FLUSH_EVERY;
            self.flush_tiny();
        }
    }

    fn flush_tiny(&mut self) {
        for memory in &mut self.memory {
            for state in memory.near.iter_mut().chain(&mut memory.far) {
                // Not a branch: it is done for many at once.
                *state = if state.abs() < FLUSH_BELOW { 0.0 } else { *state };
            }
        }
    }
}

/// One section over a stretch of frames:
/// `y = b0 x + near; near = b1 x − a1 y + far; far = b2 x − a2 y`. No operation may be fused or moved: the
/// bits of old runs depend on it.
fn run_section(section: &Section, memory: &mut Memory, work: &mut [Lanes]) {
    let Section { b: [b0, b1, b2], a: [a1, a2] } = *section;
    let Memory { mut near, mut far } = *memory;
    for x in work {
        for i in 0..LANES {
            let y = b0 * x[i] + near[i];
            near[i] = b1 * x[i] - a1 * y + far[i];
            far[i] = b2 * x[i] - a2 * y;
            x[i] = y;
        }
    }
    *memory = Memory { near, far };
}

/// A group's columns of `[frames, channels]` into `work` `[frames]`; channels that are not there are zero.
fn load(values: &[f32], channels: usize, group: usize, work: &mut [Lanes]) {
    let from = group * LANES;
    for (lanes, frame) in work.iter_mut().zip(values.chunks_exact(channels)) {
        let frame = &frame[from..];
        if let Some(frame) = frame.first_chunk::<LANES>() {
            *lanes = frame.map(f64::from);
        } else {
            *lanes = [0.0; LANES];
            lanes.iter_mut().zip(frame).for_each(|(wide, narrow)| *wide = f64::from(*narrow));
        }
    }
}

/// `work` `[frames]` into a group's columns of `[frames, channels]`.
fn store(work: &[Lanes], channels: usize, group: usize, values: &mut [f32]) {
    let from = group * LANES;
    for (lanes, frame) in work.iter().zip(values.chunks_exact_mut(channels)) {
        let frame = &mut frame[from..];
        if let Some(frame) = frame.first_chunk_mut::<LANES>() {
            *frame = lanes.map(|wide| wide as f32);
        } else {
            frame.iter_mut().zip(lanes).for_each(|(narrow, wide)| *narrow = *wide as f32);
        }
    }
}
