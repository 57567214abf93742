//! Power spectra: Hann periodogram and Welch's average.
//!
//! Takes a stretch of one channel, µV; gives one-sided power density in µV²/Hz, bins `0..=n/2` at
//! `bin · rate / n`. The mean is subtracted first, the window is the periodic Hann window: the values of
//! `scipy.signal.periodogram(x, fs, "hann")` and `scipy.signal.welch(x, fs)` (tests: within 1e-6). All
//! memory is set aside in `prepare`.

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

/// Welch's estimate: periodograms of half-overlapping stretches, averaged.
pub struct Welch {
    periodogram: Periodogram,
}

impl Welch {
    /// For stretches of `length` samples (resolution `rate / length`).
    ///
    /// # Errors
    /// As [`Periodogram::prepare`].
    pub fn prepare(length: usize, rate: SampleRate) -> Result<Self, DspError> {
        Ok(Self { periodogram: Periodogram::prepare(length, rate)? })
    }

    /// Number of bins given.
    pub fn bins(&self) -> usize {
        self.periodogram.density.len()
    }

    /// Distance of two bins in Hz.
    pub fn bin_hz(&self) -> f64 {
        self.periodogram.bin_hz
    }

    /// Fills `density` `[bins]`, µV²/Hz, from one channel's `signal`, µV; tells how many stretches were
    /// averaged. None fit, and zeros come out, when the signal is shorter than one stretch.
    pub fn density(&mut self, signal: &[f32], density: &mut [f64]) -> usize {
        let length = self.periodogram.length();
        density.fill(0.0);
        let mut stretches = 0;
        for start in (0..).step_by(length - length / 2) {
            let Some(stretch) = signal.get(start..start + length) else { break };
            for (sum, value) in
                density.iter_mut().zip(self.periodogram.density(stretch.iter().copied()))
            {
                *sum += value;
            }
            stretches += 1;
        }
        density.iter_mut().for_each(|sum| *sum /= f64::from(stretches.max(1)));
        stretches as usize
    }
}
