//! Phase-randomised windows: the same spectra and cross-spectra, no time-locked structure.
//!
//! Takes `[channels, samples]` µV, gives the same shape. Multivariate surrogates of Prichard & Theiler
//! (1994, Phys. Rev. Lett. 73, 951): at each frequency one random phase is added to every channel, so power
//! and the relations between channels stay; DC and Nyquist are left alone.
//!
//! A window is not periodic: the jump from its end to its start would leak over all frequencies and come
//! back as noise. So the line through both ends (means of three samples, per channel) is taken off first
//! and put back afterwards: end-point matching, as in Schreiber & Schmitz (2000, Physica D 142, 346).

use std::f64::consts::TAU;
use std::sync::Arc;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

/// Samples at each end whose mean the line goes through: one alone would follow the noise.
const END_SAMPLES: usize = 3;

/// Makes surrogates of windows of one shape; allocates only in [`Surrogate::new`].
pub struct Surrogate {
    channels: usize,
    samples: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    time: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    turns: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl std::fmt::Debug for Surrogate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Surrogate({} × {})", self.channels, self.samples)
    }
}

impl Surrogate {
    /// Plans the transforms for windows of `channels` × `samples` (at least 1 each).
    pub fn new(channels: usize, samples: usize) -> Self {
        let samples = samples.max(1);
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) =
            (planner.plan_fft_forward(samples), planner.plan_fft_inverse(samples));
        let scratch_len = forward.get_scratch_len().max(inverse.get_scratch_len());
        let spectrum = forward.make_output_vec();
        Self {
            channels,
            samples,
            time: vec![0.0; samples],
            turns: vec![Complex::new(1.0, 0.0); spectrum.len()],
            spectrum,
            scratch: vec![Complex::default(); scratch_len],
            forward,
            inverse,
        }
    }

    /// Writes a surrogate of `samples_uv` into `out`; both `[channels, samples]`. Buffers of another
    /// length are processed as far as they go.
    pub fn draw(&mut self, samples_uv: &[f32], rng: &mut ChaCha8Rng, out: &mut [f32]) {
        self.turn_phases(rng);
        let windows = samples_uv.chunks_exact(self.samples).zip(out.chunks_exact_mut(self.samples));
        for (channel, out) in windows.take(self.channels) {
            self.draw_channel(channel, out);
        }
    }

    fn turn_phases(&mut self, rng: &mut ChaCha8Rng) {
        let last = if self.samples.is_multiple_of(2) { self.samples / 2 } else { self.turns.len() };
        for turn in self.turns.iter_mut().take(last).skip(1) {
            *turn = Complex::from_polar(1.0, rng.random_range(0.0..TAU));
        }
    }

    fn draw_channel(&mut self, channel: &[f32], out: &mut [f32]) {
        let line = Line::through_ends(channel);
        for (i, (time, value)) in self.time.iter_mut().zip(channel).enumerate() {
            *time = f64::from(*value) - line.at(i);
        }
        let scratch = &mut self.scratch;
        // Both transforms fail only for buffers of the wrong length, and these were made by the plans.
        let _ = self.forward.process_with_scratch(&mut self.time, &mut self.spectrum, scratch);
        for (bin, turn) in self.spectrum.iter_mut().zip(&self.turns) {
            *bin *= turn;
        }
        let _ = self.inverse.process_with_scratch(&mut self.spectrum, &mut self.time, scratch);
        for (i, (out, time)) in out.iter_mut().zip(&self.time).enumerate() {
            *out = (time / self.samples as f64 + line.at(i)) as f32;
        }
    }
}

/// A straight line over sample numbers.
struct Line {
    start: f64,
    slope: f64,
}

impl Line {
    fn through_ends(values: &[f32]) -> Self {
        let ends = END_SAMPLES.min(values.len()).max(1);
        let mean = |part: &[f32]| part.iter().map(|v| f64::from(*v)).sum::<f64>() / ends as f64;
        let (first, last) = (mean(&values[..ends]), mean(&values[values.len() - ends..]));
        let slope = (last - first) / values.len().saturating_sub(ends).max(1) as f64;
        Self { start: first - slope * (ends - 1) as f64 / 2.0, slope }
    }

    fn at(&self, sample: usize) -> f64 {
        self.start + self.slope * sample as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// Cross-spectrum of two channels at one frequency, straight from the definition.
    fn cross_spectrum(a: &[f32], b: &[f32], bin: usize) -> Complex<f64> {
        let n = a.len();
        let transform = |values: &[f32]| -> Complex<f64> {
            let turn = |i: usize| Complex::from_polar(1.0, -TAU * (bin * i) as f64 / n as f64);
            values.iter().enumerate().map(|(i, v)| turn(i) * f64::from(*v)).sum()
        };
        transform(a) * transform(b).conj()
    }

    fn window(samples: usize) -> Vec<f32> {
        let mut noise = vec![0.0; 2 * samples];
        crate::decode::painting::noise::fill_noise(
            crate::decode::painting::noise::NoiseKey { seed: 3, window: 0 },
            &mut noise,
        );
        for i in 0..samples {
            noise[samples + i] += 2.0 * noise[(i + 3) % samples];
        }
        // Ends at zero: no line is taken off, so the whole spectrum must stay.
        for channel in noise.chunks_exact_mut(samples) {
            for i in 0..END_SAMPLES {
                channel[i] = 0.0;
                channel[samples - 1 - i] = 0.0;
            }
        }
        noise
    }

    #[test]
    fn spectra_and_cross_spectra_stay_and_the_waveform_goes() {
        for samples in [200, 125] {
            let x = window(samples);
            let (mut out, mut rng) = (vec![0.0; x.len()], ChaCha8Rng::seed_from_u64(1));
            let mut surrogate = Surrogate::new(2, samples);
            surrogate.draw(&x, &mut rng, &mut out);
            let spectrum = |x: &[f32], bin| {
                let (a, b) = x.split_at(samples);
                cross_spectrum(a, b, bin)
            };
            for bin in 0..=samples / 2 {
                let (before, after) = (spectrum(&x, bin), spectrum(&out, bin));
                assert!((before - after).norm() < 1e-2 + 1e-4 * before.norm(), "bin {bin}");
            }
            let same = x.iter().zip(&out).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let power = x.iter().map(|a| f64::from(a * a)).sum::<f64>();
            assert!(same.abs() < 0.3 * power, "the waveform must not survive: {same} of {power}");
        }
    }

    #[test]
    fn a_drift_stays_a_drift_and_does_not_leak_into_noise() {
        let ramp: Vec<f32> = (0..200).map(|i| i as f32 * 0.5 - 20.0).collect();
        let (mut out, mut rng) = (vec![0.0; 200], ChaCha8Rng::seed_from_u64(1));
        Surrogate::new(1, 200).draw(&ramp, &mut rng, &mut out);
        for (want, got) in ramp.iter().zip(&out) {
            assert!((want - got).abs() < 1e-3, "{want} became {got}");
        }
    }

    #[test]
    fn the_seed_decides() {
        let x = window(64);
        let draw = |seed| {
            let mut out = vec![0.0; x.len()];
            Surrogate::new(2, 64).draw(&x, &mut ChaCha8Rng::seed_from_u64(seed), &mut out);
            out
        };
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
    }
}
