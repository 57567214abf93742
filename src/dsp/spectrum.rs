//! Power spectra: the Hann periodogram, of which [`super::welch`] and [`super::spectrogram`] are made.
//!
//! Takes a stretch of one channel, µV; gives one-sided power density in µV²/Hz, bins `0..=n/2` at
//! `bin · rate / n`. The mean is subtracted first, the window is the periodic Hann window: the values of
//! `scipy.signal.periodogram(x, fs, "hann")` (tests: within 1e-6). All memory is set aside in `prepare`.

use std::f64::consts::PI;
use std::sync::Arc;

use realfft::num_complex::Complex64;
use realfft::{RealFftPlanner, RealToComplex};

use super::error::DspError;
use crate::units::SampleRate;

/// Longest stretch that is transformed at once.
pub const MAX_LENGTH: usize = 1 << 20;

/// The power density of one stretch of fixed length.
pub struct Periodogram {
    fft: Arc<dyn RealToComplex<f64>>,
    window: Vec<f64>,
    input: Vec<f64>,
    bins: Vec<Complex64>,
    scratch: Vec<Complex64>,
    density: Vec<f64>,
    scale: f64,
    bin_hz: f64,
}

impl Periodogram {
    /// For stretches of `length` samples.
    ///
    /// # Errors
    /// [`DspError::OutOfRange`] for a length below 2 or above [`MAX_LENGTH`].
    pub fn prepare(length: usize, rate: SampleRate) -> Result<Self, DspError> {
        if !(2..=MAX_LENGTH).contains(&length) {
            let (what, expected) = ("the length of a spectrum", "2 to 1048576 samples");
            return Err(DspError::OutOfRange { what, expected, got: length as f64 });
        }
        let hann = |i: usize| 0.5 - 0.5 * (2.0 * PI * i as f64 / length as f64).cos();
        let window: Vec<f64> = (0..length).map(hann).collect();
        let power: f64 = window.iter().map(|w| w * w).sum();
        let fft = RealFftPlanner::<f64>::new().plan_fft_forward(length);
        Ok(Self {
            input: fft.make_input_vec(),
            bins: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            density: vec![0.0; length / 2 + 1],
            scale: 1.0 / (rate.hz() * power),
            bin_hz: rate.hz() / length as f64,
            fft,
            window,
        })
    }

    /// Samples per stretch.
    pub fn length(&self) -> usize {
        self.window.len()
    }

    /// Number of bins given.
    pub fn bins(&self) -> usize {
        self.density.len()
    }

    /// Distance of two bins in Hz.
    pub fn bin_hz(&self) -> f64 {
        self.bin_hz
    }

    /// The density of a stretch, `[length / 2 + 1]`, µV²/Hz. Samples that are missing count as zero.
    pub fn density(&mut self, stretch: impl Iterator<Item = f32>) -> &[f64] {
        self.input.fill(0.0);
        for (kept, value) in self.input.iter_mut().zip(stretch) {
            *kept = f64::from(value);
        }
        let mean = self.input.iter().sum::<f64>() / self.input.len() as f64;
        for (value, weight) in self.input.iter_mut().zip(&self.window) {
            *value = (*value - mean) * weight;
        }
        let done =
            self.fft.process_with_scratch(&mut self.input, &mut self.bins, &mut self.scratch);
        debug_assert!(done.is_ok(), "buffers come from the same plan");
        self.fill_density();
        &self.density
    }

    fn fill_density(&mut self) {
        // Every bin but 0 and an even length's last stands for its mirror image too.
        let (last, even) = (self.bins.len() - 1, self.input.len().is_multiple_of(2));
        for (i, (density, bin)) in self.density.iter_mut().zip(&self.bins).enumerate() {
            let sides = if i == 0 || (i == last && even) { 1.0 } else { 2.0 };
            *density = sides * self.scale * bin.norm_sqr();
        }
    }

    /// The bins whose frequency is at least `low_hz` and below `high_hz`.
    pub fn bins_between(&self, low_hz: f64, high_hz: f64) -> std::ops::Range<usize> {
        // A hair of room, so that a bin that should lie exactly on an edge does.
        let at = |hz: f64| (hz / self.bin_hz - 1e-9).ceil().max(0.0) as usize;
        let end = at(high_hz).min(self.density.len());
        at(low_hz).min(end)..end
    }
}

/// The vectors of SciPy for everything that is made of periodograms.
#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    pub struct Vectors {
        pub welch: Vec<WelchCase>,
        pub spectrogram: Vec<SpectrogramCase>,
        pub periodogram: Vec<WelchCase>,
    }

    #[derive(serde::Deserialize)]
    pub struct WelchCase {
        pub rate_hz: f64,
        pub length: usize,
        pub x: Vec<f32>,
        pub density: Vec<f64>,
        pub bands: Vec<f64>,
    }

    #[derive(serde::Deserialize)]
    pub struct SpectrogramCase {
        pub rate_hz: f64,
        pub length: usize,
        pub hop: usize,
        pub x: Vec<f32>,
        pub times_secs: Vec<f64>,
        pub columns: Vec<Vec<f64>>,
    }

    pub fn vectors() -> Vectors {
        let text = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/vectors/spectrum/spectrum.json"
        ));
        serde_json::from_str(text).expect("it was written by make_spectrum.py")
    }

    /// Within 1e-6 of the expected value; bin 0, where the mean was taken away and nothing but rounding is left,
    /// of a typical density.
    pub fn close(got: impl ExactSizeIterator<Item = f64>, expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (bin, (got, expected)) in got.zip(expected).enumerate() {
            let scale = if bin == 0 { expected.max(1e-3) } else { *expected };
            assert!((got - expected).abs() <= 1e-6 * scale, "bin {bin}: {got} for {expected}");
        }
    }

    #[test]
    fn density_is_that_of_scipy_periodogram() {
        for case in vectors().periodogram {
            let rate = SampleRate::new(case.rate_hz).unwrap();
            let mut periodogram = Periodogram::prepare(case.length, rate).unwrap();
            close(periodogram.density(case.x.iter().copied()).iter().copied(), &case.density);
        }
    }
}
