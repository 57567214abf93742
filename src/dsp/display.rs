//! The filter of the traces on screen. It never touches what the decoder sees.
//!
//! A [`DisplayDesign`] is made where allocating is allowed and handed over as a plain `Copy` value; the
//! real-time side takes it up between two frames. Frames `[frames, channels]`, row-major, `f32`, µV. The filter
//! starts settled on its first frame, so that an electrode offset of 100 mV does not swing for seconds.

use super::design::{self, NOTCH_Q};
use super::error::DspError;
use super::filter::SosFilter;
use super::section::Section;
use crate::units::SampleRate;

/// Order of the high-pass and of the low-pass: one section each.
const ORDER: u32 = 2;

/// Sections: high-pass, low-pass, notch.
const SECTIONS: usize = 3;

/// Ready coefficients of a display filter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DisplayDesign {
    sections: [Section; SECTIONS],
}

impl DisplayDesign {
    /// Changes nothing.
    pub const OFF: Self = Self { sections: [Section::IDENTITY; SECTIONS] };

    /// Designs a filter; 0 switches a part off. A low-pass or notch at or above half the rate is left out:
    /// the signal holds nothing there.
    ///
    /// # Errors
    /// [`DspError::Corner`] for a negative corner, or a high-pass at or above half the rate.
    pub fn new(
        high_pass_hz: f64,
        low_pass_hz: f64,
        notch_hz: f64,
        rate: SampleRate,
    ) -> Result<Self, DspError> {
        let within = |hz: f64| if hz >= rate.hz() / 2.0 { 0.0 } else { hz };
        let only = |sections: Vec<Section>| sections.first().copied().unwrap_or(Section::IDENTITY);
        let design = |hz: f64, make: &dyn Fn(f64) -> Result<Section, DspError>| {
            if hz == 0.0 { Ok(Section::IDENTITY) } else { make(hz) }
        };
        Ok(Self {
            sections: [
                design(high_pass_hz, &|hz| design::high_pass(ORDER, hz, rate).map(only))?,
                design(within(low_pass_hz), &|hz| design::low_pass(ORDER, hz, rate).map(only))?,
                design(within(notch_hz), &|hz| design::notch(hz, NOTCH_Q, rate))?,
            ],
        })
    }

    /// The sections, in order.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }
}

/// Filters the traces.
pub struct DisplayFilter {
    filter: SosFilter,
    fresh: bool,
}

impl DisplayFilter {
    /// Sets memory aside for `channels` channels.
    pub fn prepare(channels: usize, design: &DisplayDesign) -> Self {
        Self { filter: SosFilter::prepare(design.sections(), channels), fresh: true }
    }

    /// Takes up another design, settled on the next frame. Does not allocate.
    pub fn set_design(&mut self, design: &DisplayDesign) {
        self.filter.set_sections(design.sections());
        self.fresh = true;
    }

    /// Starts anew on the next frame, as after a gap. Does not allocate.
    pub fn reset(&mut self) {
        self.fresh = true;
    }

    /// Filters frames `[frames, channels]` into `output`, which has room for as many. A value that is not
    /// finite spoils its channel until [`DisplayFilter::reset`]: replace such values first.
    pub fn process_block(&mut self, input: &[f32], output: &mut [f32]) {
        self.settle_if_fresh(input);
        self.filter.process_block(input, output);
    }

    /// As [`DisplayFilter::process_block`], in place.
    pub fn process_in_place(&mut self, block: &mut [f32]) {
        self.settle_if_fresh(block);
        self.filter.process_in_place(block);
    }

    fn settle_if_fresh(&mut self, block: &[f32]) {
        if let Some(first) = block.get(..self.filter.channels())
            && std::mem::take(&mut self.fresh)
        {
            self.filter.settle_on(first);
        }
    }
}
