//! A cascade of second-order sections over many channels.
//!
//! Takes and gives a frame `[channels]`, `f32`, µV, in place. Transposed direct form II, `f64` inside;
//! equals `scipy.signal.sosfilt` from rest (tests: within 1e-6 of the signal's size). State lies as
//! `[section][2][channel]`, so that the innermost loop runs over neighbouring channels and vectorises.
//! `prepare` allocates; nothing else does. A value that is not finite spoils its channel until `reset`:
//! whoever calls replaces such values first.

use super::section::Section;

/// States below this are set to zero, far below any signal (µV) and far above the denormal range in which
/// processors become slow.
const FLUSH_BELOW: f64 = 1e-30;

/// Frames between two flushes. Counted from `reset`, so that the result does not depend on chunk sizes.
const FLUSH_EVERY: u32 = 64;

/// Delay memory of one section, `[channels]` each.
struct Memory {
    near: Vec<f64>,
    far: Vec<f64>,
}

/// Filters every channel with the same cascade.
pub struct SosFilter {
    sections: Vec<Section>,
    memory: Vec<Memory>,
    work: Vec<f64>,
    frames_to_flush: u32,
}

impl SosFilter {
    /// Sets memory aside for these sections and channels; at rest.
    pub fn prepare(sections: &[Section], channels: usize) -> Self {
        let memory = |_: &Section| Memory { near: vec![0.0; channels], far: vec![0.0; channels] };
        Self {
            sections: sections.to_vec(),
            memory: sections.iter().map(memory).collect(),
            work: vec![0.0; channels],
            frames_to_flush: FLUSH_EVERY,
        }
    }

    /// Back to rest. Does not allocate.
    pub fn reset(&mut self) {
        for memory in &mut self.memory {
            memory.near.fill(0.0);
            memory.far.fill(0.0);
        }
        self.frames_to_flush = FLUSH_EVERY;
    }

    /// As if every channel had had the value of this frame `[channels]` for ever; equals
    /// `scipy.signal.sosfilt_zi` times that value. Does not allocate.
    pub fn settle_on(&mut self, frame: &[f32]) {
        self.reset();
        for (wide, narrow) in self.work.iter_mut().zip(frame) {
            *wide = f64::from(*narrow);
        }
        for (section, memory) in self.sections.iter().zip(&mut self.memory) {
            let Section { b, a } = *section;
            let gain = b.iter().sum::<f64>() / (1.0 + a[0] + a[1]);
            for ((x, near), far) in self.work.iter_mut().zip(&mut memory.near).zip(&mut memory.far)
            {
                let y = gain * *x;
                *far = b[2] * *x - a[1] * y;
                *near = b[1] * *x - a[0] * y + *far;
                *x = y;
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
        self.work.len()
    }

    /// Filters one frame `[channels]` in place; values beyond the prepared width are left alone.
    pub fn process_frame(&mut self, frame: &mut [f32]) {
        for (wide, narrow) in self.work.iter_mut().zip(frame.iter()) {
            *wide = f64::from(*narrow);
        }
        for (section, memory) in self.sections.iter().zip(&mut self.memory) {
            run_section(section, memory, &mut self.work);
        }
        for (narrow, wide) in frame.iter_mut().zip(&self.work) {
            *narrow = *wide as f32;
        }
        self.frames_to_flush -= 1;
        if self.frames_to_flush == 0 {
            self.frames_to_flush = FLUSH_EVERY;
            self.flush_tiny();
        }
    }

    fn flush_tiny(&mut self) {
        for memory in &mut self.memory {
            for state in memory.near.iter_mut().chain(&mut memory.far) {
                if state.abs() < FLUSH_BELOW {
                    *state = 0.0;
                }
            }
        }
    }
}

/// One section over all channels: `y = b0 x + near; near = b1 x − a1 y + far; far = b2 x − a2 y`.
fn run_section(section: &Section, memory: &mut Memory, work: &mut [f64]) {
    let Section { b: [b0, b1, b2], a: [a1, a2] } = *section;
    for ((x, near), far) in work.iter_mut().zip(&mut memory.near).zip(&mut memory.far) {
        let y = b0 * *x + *near;
        *near = b1 * *x - a1 * y + *far;
        *far = b2 * *x - a2 * y;
        *x = y;
    }
}
