//! Noise with a given spectrum, one value at a time, unit variance, in `f64`.
//!
//! Every shape is a small recursive filter of white normal noise. It gives its exact variance in a band, from
//! its transfer function, so that signal-to-noise ratios can be set instead of measured.

use std::f64::consts::{PI, TAU};

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// One draw of white noise.
pub(super) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    rng.sample(StandardNormal)
}

/// Corner frequencies of the one-pole sections of [`Pink`], in Hz: a factor of three apart, from below the
/// lowest frequency of interest to above the highest.
const PINK_CORNERS_HZ: [f64; 7] = [0.1, 0.3, 0.9, 2.7, 8.1, 24.3, 72.9];

/// Power falling as 1/f from 0.1 Hz to 70 Hz: one-pole low-passes side by side on the same white noise, with
/// gains that fall as the root of their corner (after Voss & Clarke 1978, J. Acoust. Soc. Am. 63:258).
#[derive(Clone, Debug)]
pub(super) struct Pink {
    poles: [f64; 7],
    gains: [f64; 7],
    state: [f64; 7],
}

impl Pink {
    pub fn new(rate_hz: f64) -> Self {
        let poles = PINK_CORNERS_HZ.map(|hz| (-TAU * hz / rate_hz).exp());
        let raw = poles.map(|p| (1.0 - p * p).sqrt());
        let mut variance = 0.0;
        for (pi, gi) in poles.iter().zip(raw) {
            for (pj, gj) in poles.iter().zip(raw) {
                variance += gi * gj / (1.0 - pi * pj);
            }
        }
        Self { poles, gains: raw.map(|g| g / variance.sqrt()), state: [0.0; 7] }
    }

    pub fn next(&mut self, white: f64) -> f64 {
        for ((state, pole), gain) in self.state.iter_mut().zip(self.poles).zip(self.gains) {
            *state = pole * *state + gain * white;
        }
        self.state.iter().sum()
    }

    /// The squared magnitude of the transfer function.
    fn power_at(&self, hz: f64, rate_hz: f64) -> f64 {
        let (sin, cos) = (TAU * hz / rate_hz).sin_cos();
        let (mut re, mut im) = (0.0, 0.0);
        for (p, g) in self.poles.iter().zip(self.gains) {
            // g / (1 − p e^{−iω})
            let (a, b) = (1.0 - p * cos, p * sin);
            re += g * a / (a * a + b * b);
            im -= g * b / (a * a + b * b);
        }
        re * re + im * im
    }

    pub fn variance_in(&self, band_hz: [f64; 2], rate_hz: f64) -> f64 {
        integrate(band_hz, rate_hz, |hz| self.power_at(hz, rate_hz))
    }
}

/// A narrow band around a frequency: a second-order resonance.
#[derive(Clone, Debug)]
pub(super) struct Resonance {
    a1: f64,
    a2: f64,
    gain: f64,
    y1: f64,
    y2: f64,
}

impl Resonance {
    pub fn new(centre_hz: f64, bandwidth_hz: f64, rate_hz: f64) -> Self {
        let radius = (-PI * bandwidth_hz / rate_hz).exp();
        let a1 = 2.0 * radius * (TAU * centre_hz / rate_hz).cos();
        let a2 = -radius * radius;
        // Variance of an AR(2) process driven by unit white noise (Box & Jenkins 1976, eq. 3.2.28).
        let variance = (1.0 - a2) / ((1.0 + a2) * ((1.0 - a2).powi(2) - a1 * a1));
        Self { a1, a2, gain: variance.sqrt().recip(), y1: 0.0, y2: 0.0 }
    }

    pub fn next(&mut self, white: f64) -> f64 {
        let y = self.a1 * self.y1 + self.a2 * self.y2 + self.gain * white;
        (self.y1, self.y2) = (y, self.y1);
        y
    }

    pub fn variance_in(&self, band_hz: [f64; 2], rate_hz: f64) -> f64 {
        integrate(band_hz, rate_hz, |hz| {
            let omega = TAU * hz / rate_hz;
            let re = 1.0 - self.a1 * omega.cos() - self.a2 * (2.0 * omega).cos();
            let im = self.a1 * omega.sin() + self.a2 * (2.0 * omega).sin();
            self.gain * self.gain / (re * re + im * im)
        })
    }
}

/// A slow random walk that is drawn back to zero: unit variance, memory of `memory_secs`.
#[derive(Clone, Debug)]
pub(super) struct Wander {
    pole: f64,
    gain: f64,
    value: f64,
}

impl Wander {
    pub fn new(memory_secs: f64, rate_hz: f64) -> Self {
        let pole = (-1.0 / (memory_secs * rate_hz)).exp();
        Self { pole, gain: (1.0 - pole * pole).sqrt(), value: 0.0 }
    }

    pub fn next(&mut self, white: f64) -> f64 {
        self.value = self.pole * self.value + self.gain * white;
        self.value
    }
}

/// Variance of white noise of unit variance in a band.
pub(super) fn white_variance_in(band_hz: [f64; 2], rate_hz: f64) -> f64 {
    integrate(band_hz, rate_hz, |_| 1.0)
}

/// 2/rate × the integral of a power transfer function over a band, by the midpoint rule. The steps are
/// narrower than the sharpest resonance used.
fn integrate(band_hz: [f64; 2], rate_hz: f64, power: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 4000;
    let [low, high] = [band_hz[0], band_hz[1].min(rate_hz / 2.0)];
    let width = (high - low) / STEPS as f64;
    let sum: f64 = (0..STEPS).map(|i| power(low + (i as f64 + 0.5) * width)).sum();
    sum * width * 2.0 / rate_hz
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn the_whole_band_holds_the_whole_variance() {
        for rate in [125.0, 250.0, 1000.0] {
            let whole = [0.0, rate / 2.0];
            assert!((Pink::new(rate).variance_in(whole, rate) - 1.0).abs() < 0.02);
            assert!((Resonance::new(10.0, 1.5, rate).variance_in(whole, rate) - 1.0).abs() < 1e-3);
            assert!((white_variance_in(whole, rate) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn pink_noise_falls_as_one_over_f() {
        let pink = Pink::new(250.0);
        let octave = |low: f64| pink.variance_in([low, 2.0 * low], 250.0);
        // Equal power in every octave is what 1/f means.
        for low in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0] {
            let ratio = octave(low) / octave(5.0);
            assert!((0.8..1.25).contains(&ratio), "{low} Hz: {ratio}");
        }
    }

    #[test]
    fn what_comes_out_has_unit_variance() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let (mut pink, mut alpha) = (Pink::new(250.0), Resonance::new(10.0, 1.5, 250.0));
        let mut sums = [0.0; 2];
        let n = 1_000_000;
        for _ in 0..n {
            sums[0] += pink.next(normal(&mut rng)).powi(2);
            sums[1] += alpha.next(normal(&mut rng)).powi(2);
        }
        for sum in sums {
            assert!((sum / f64::from(n) - 1.0).abs() < 0.1, "{sum}");
        }
    }
}
