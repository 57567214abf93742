//! Units as types, so that a rate cannot be taken for a count.
//!
//! Times are `f64` seconds with the suffix `_secs`; amplitudes are `f32` microvolts with the suffix `_uv`;
//! what is neither is a newtype of this file.

use serde::{Deserialize, Serialize};

/// Highest sampling rate that any part of the program accepts, in Hz. Above it a file or a stream is
/// taken to be wrong: no EEG amplifier goes beyond 100 kHz.
pub const MAX_RATE_HZ: f64 = 100_000.0;

/// Most channels that any part of the program accepts. Known caps end at 512; this bounds memory
/// against a hostile stream or file.
pub const MAX_CHANNELS: usize = 1024;

/// A regular sampling rate in Hz: finite, above zero, at most [`MAX_RATE_HZ`].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct SampleRate(f64);

/// A number that cannot be a sampling rate.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{0} Hz is not a sampling rate: expected more than 0 and at most {MAX_RATE_HZ} Hz")]
pub struct InvalidRate(pub f64);

impl SampleRate {
    /// 250 Hz, the rate of the most common open amplifier, the OpenBCI Cyton.
    pub const HZ_250: Self = Self(250.0);

    /// Checks and wraps a rate in Hz.
    ///
    /// # Errors
    /// [`InvalidRate`] when the value is not finite, not positive, or above [`MAX_RATE_HZ`].
    pub fn new(hz: f64) -> Result<Self, InvalidRate> {
        if hz.is_finite() && hz > 0.0 && hz <= MAX_RATE_HZ {
            Ok(Self(hz))
        } else {
            Err(InvalidRate(hz))
        }
    }

    /// The rate in Hz.
    pub fn hz(self) -> f64 {
        self.0
    }

    /// The time between two samples, in seconds.
    pub fn period_secs(self) -> f64 {
        1.0 / self.0
    }

    /// The number of samples in a span, rounded to the nearest.
    pub fn samples_in(self, secs: f64) -> usize {
        (secs * self.0).round().max(0.0) as usize
    }
}

impl TryFrom<f64> for SampleRate {
    type Error = InvalidRate;
    fn try_from(hz: f64) -> Result<Self, InvalidRate> {
        Self::new(hz)
    }
}

impl From<SampleRate> for f64 {
    fn from(rate: SampleRate) -> f64 {
        rate.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_outside_the_possible_are_refused() {
        for bad in [0.0, -250.0, f64::NAN, f64::INFINITY, 1e9] {
            assert!(SampleRate::new(bad).is_err(), "{bad}");
        }
        assert_eq!(SampleRate::new(250.0).unwrap().samples_in(0.8), 200);
    }
}
