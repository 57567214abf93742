//! The filters that run before the decoder, as a viewer sees them.

use crate::dsp::section::Section;

/// Notch and band-pass as they run, and what resampling adds.
#[derive(Clone, Debug, PartialEq)]
pub struct FiltersView {
    /// The sections, in order.
    pub sections: Vec<Section>,
    /// Rate at which they run, Hz.
    pub rate_hz: f64,
    /// How long the resampler holds every sample back, seconds. Sample times are corrected for it.
    pub resampler_delay_secs: f64,
}
