//! The spectral weighting behind the statistics of cleaning: deaf to alpha and beta, sharp of hearing for blinks and muscle.
//!
//! Takes a rate, gives a recursive filter of order 8 whose gain follows `BREAKS_HZ` and `GAINS`, designed by the
//! modified Yule-Walker method (Friedlander and Porat 1984), as `yulewalk` in MATLAB and asrpy does. The cleaned signal never
//! goes through it. Filtering is direct form II transposed in `f64` and does not allocate after `prepare`.

use std::f64::consts::PI;

use faer::linalg::solvers::SolveLstsq;
use faer::{Mat, c64};
use rustfft::FftPlanner;

use crate::dsp::error::DspError;

/// Order of numerator and denominator.
pub const ORDER: usize = 8;

/// Where the gain bends, Hz; the last two are 80 Hz, or 1 Hz below half the rate, and half the rate.
const BREAKS_HZ: [f64; 6] = [0.0, 2.0, 3.0, 13.0, 16.0, 40.0];

/// Gains at the breaks (Kothe and Jung 2016, and every implementation since).
const GAINS: [f64; 8] = [3.0, 0.75, 0.33, 0.33, 1.0, 1.0, 3.0, 3.0];

/// Highest break below half the rate, Hz.
const TOP_HZ: f64 = 80.0;

/// Least rate at which the breaks stand in order, with some room, Hz.
pub const LEAST_RATE_HZ: f64 = 100.0;

/// Points of the wanted response from 0 Hz to half the rate, less one.
const GRID: usize = 512;

/// Correlations that the fit looks at.
const LAGS: usize = 4 * ORDER;

/// Coefficients of the filter: numerator, denominator with a leading 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Shaping {
    /// Numerator.
    pub b: [f64; ORDER + 1],
    /// Denominator.
    pub a: [f64; ORDER + 1],
}

impl Shaping {
    /// The filter for signals at this rate.
    ///
    /// # Errors
    /// [`DspError::OutOfRange`] below [`LEAST_RATE_HZ`].
    pub fn design(rate_hz: f64) -> Result<Self, DspError> {
        if rate_hz.is_nan() || rate_hz < LEAST_RATE_HZ {
            let (what, expected) = ("the rate for subspace cleaning", "100 Hz or more");
            return Err(DspError::OutOfRange { what, expected, got: rate_hz });
        }
        let response = wanted(rate_hz);
        let mut lags = correlations(&response);
        let a = reflected(&denominator(&lags));
        lags[0] /= 2.0;
        let additive = numerator(&lags, &a);
        let impulse = minimum_phase(&additive, &a);
        Ok(Self { b: numerator(&impulse, &a), a })
    }
}

/// The wanted gain on the whole circle, `[2 · GRID]`.
fn wanted(rate_hz: f64) -> Vec<f64> {
    let half = rate_hz / 2.0;
    let breaks: Vec<f64> =
        BREAKS_HZ.iter().copied().chain([TOP_HZ.min(half - 1.0), half]).collect();
    let mut gain = vec![GAINS[0]; GRID + 1];
    let mut from = 0;
    for (i, pair) in GAINS.windows(2).enumerate() {
        let to = ((breaks[i + 1] / half * (GRID + 1) as f64) as usize).saturating_sub(1);
        for (at, gain) in gain.iter_mut().enumerate().take(to.min(GRID) + 1).skip(from) {
            let share = if to > from { (at - from) as f64 / (to - from) as f64 } else { 0.0 };
            *gain = share * pair[1] + (1.0 - share) * pair[0];
        }
        from = to + 1;
    }
    gain.extend_from_within(1..GRID);
    let mirror = gain.len() - (GRID - 1);
    gain[mirror..].reverse();
    gain
}

/// Correlations of a signal with that gain, tapered, `[LAGS]`.
fn correlations(gain: &[f64]) -> [f64; LAGS] {
    let n = gain.len() as f64;
    std::array::from_fn(|lag| {
        let wave = |i: usize| (2.0 * PI * (i * lag % gain.len()) as f64 / n).cos();
        let sum: f64 = gain.iter().enumerate().map(|(i, g)| g * g * wave(i)).sum();
        sum / n * (0.54 + 0.46 * (PI * lag as f64 / (LAGS - 1) as f64).cos())
    })
}

/// The modified Yule-Walker equations, by least squares.
fn denominator(lags: &[f64; LAGS]) -> [f64; ORDER + 1] {
    let rows = LAGS - 1 - ORDER;
    let system = Mat::from_fn(rows, ORDER, |i, j| lags[ORDER + i - j]);
    let wanted = Mat::from_fn(rows, 1, |i, _| -lags[ORDER + 1 + i]);
    let found = system.qr().solve_lstsq(&wanted);
    std::array::from_fn(|i| if i == 0 { 1.0 } else { found[(i - 1, 0)] })
}

/// The polynomial with the roots outside the unit circle mirrored into it.
fn reflected(polynomial: &[f64; ORDER + 1]) -> [f64; ORDER + 1] {
    let companion = Mat::from_fn(ORDER, ORDER, |i, j| match i {
        0 => -polynomial[j + 1],
        _ => f64::from(u8::from(i == j + 1)),
    });
    let Ok(roots) = companion.eigenvalues() else { return *polynomial };
    let mut product = [c64::new(0.0, 0.0); ORDER + 1];
    product[0] = c64::new(1.0, 0.0);
    for (degree, root) in roots.iter().enumerate() {
        let inside = if root.norm() > 1.0 { 1.0 / root.conj() } else { *root };
        for i in (1..=degree + 1).rev() {
            product[i] -= inside * product[i - 1];
        }
    }
    product.map(|c| c.re)
}

/// The numerator whose response with this denominator comes nearest to an impulse response.
fn numerator(impulse: &[f64; LAGS], a: &[f64; ORDER + 1]) -> [f64; ORDER + 1] {
    let mut plain = [0.0; LAGS];
    for i in 0..LAGS {
        let back = (1..=ORDER.min(i)).map(|k| a[k] * plain[i - k]).sum::<f64>();
        plain[i] = f64::from(u8::from(i == 0)) - back;
    }
    let system = Mat::from_fn(LAGS, ORDER + 1, |i, j| if i >= j { plain[i - j] } else { 0.0 });
    let wanted = Mat::from_fn(LAGS, 1, |i, _| impulse[i]);
    let found = system.qr().solve_lstsq(&wanted);
    std::array::from_fn(|i| found[(i, 0)])
}

/// The impulse response, `[LAGS]`, of the minimum-phase filter with this power, by the cepstrum.
fn minimum_phase(b: &[f64; ORDER + 1], a: &[f64; ORDER + 1]) -> [f64; LAGS] {
    let n = 2 * GRID;
    let mut planner = FftPlanner::<f64>::new();
    let (forward, back) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
    let scale = 1.0 / n as f64;
    let mut values: Vec<c64> = (0..n)
        .map(|i| {
            let turn = -2.0 * PI * i as f64 * scale;
            let at = |p: &[f64]| -> c64 {
                let term = |(k, c): (usize, &f64)| c64::from_polar(*c, turn * k as f64);
                p.iter().enumerate().map(term).sum()
            };
            c64::new(2.0 * (at(b) / at(a)).re, 0.0).ln()
        })
        .collect();
    back.process(&mut values);
    for (i, value) in values.iter_mut().enumerate() {
        let keep = if i == 0 { 0.5 } else { f64::from(u8::from(i < GRID)) };
        *value *= keep * scale;
    }
    forward.process(&mut values);
    values.iter_mut().for_each(|v| *v = v.exp());
    back.process(&mut values);
    std::array::from_fn(|i| values[i].re * scale)
}

/// The filter at work on many channels.
#[derive(Clone, Debug)]
pub struct ShapingFilter {
    design: Shaping,
    /// `[ORDER][channels]`.
    state: Vec<f64>,
    channels: usize,
}

impl ShapingFilter {
    /// At rest.
    pub fn prepare(design: Shaping, channels: usize) -> Self {
        Self { design, state: vec![0.0; ORDER * channels], channels }
    }

    /// Forgets the past. Does not allocate.
    pub fn reset(&mut self) {
        self.state.fill(0.0);
    }

    /// Filters a frame `[channels]` in place.
    pub fn process_frame(&mut self, frame: &mut [f64]) {
        let (b, a) = (&self.design.b, &self.design.a);
        for (c, value) in frame.iter_mut().enumerate().take(self.channels) {
            let input = *value;
            let output = b[0] * input + self.state[c];
            for k in 1..=ORDER {
                let later = if k < ORDER { self.state[k * self.channels + c] } else { 0.0 };
                self.state[(k - 1) * self.channels + c] = later + b[k] * input - a[k] * output;
            }
            *value = output;
        }
    }
}
