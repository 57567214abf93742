//! How to fit.

use super::templates::population::Population;
use crate::calibrate::trials::split::Split;

/// How to fit.
#[derive(Clone, Copy, Debug)]
pub struct FitOptions<'a> {
    /// Sampling rate of the epochs.
    pub rate_hz: f64,
    /// What is left out at a time when the strength of a regression is chosen; for pictures that were calibrated
    /// ([`Split::Runs`]) responses may be found from this person alone.
    pub inner: Split,
    /// Whether the pack's own answers may be used.
    pub with_pack: bool,
    /// What the pack knows of people's responses, if it does.
    pub population: Option<&'a Population>,
    /// Seed of the division of pictures.
    pub seed: u64,
}
