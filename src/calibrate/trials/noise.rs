//! The noise of a response in space and time: what is left of epochs when each picture's mean is taken away.
//!
//! Takes residuals `[trials, channels × bins]`, channel by channel; gives their covariance `[channels × bins]²` under two
//! assumptions that save thousands of numbers to estimate: ongoing EEG is stationary over an epoch (block Toeplitz), and
//! it looks the same backwards (each block is made symmetric). Long lags, of which an epoch holds few pairs, count less:
//! that keeps the estimate positive from a minute of trials on (Bartlett 1946, J. R. Stat. Soc. Suppl. 8:27). Trials with
//! much noise count less.

use faer::Mat;

use super::CalibrationError;
use crate::calibrate::linalg;

/// Eigenvalues are at least this share of the median: the smallest are the least certain, and would be trusted the most.
const LEAST_SHARE: f64 = 0.1;

/// The smallest share of the largest eigenvalue by which a residual is measured.
const LEAST_EIGENVALUE: f64 = 1e-10;

/// Most and least that a trial counts, in units of the usual one.
const WEIGHTS: [f64; 2] = [0.1, 2.0];

/// A covariance taken apart.
pub struct Noise {
    /// The covariance itself.
    pub covariance: Mat<f64>,
    /// Its eigenvalues, all above zero.
    pub values: Vec<f64>,
    /// Its eigenvectors, as columns.
    pub vectors: Mat<f64>,
}

impl Noise {
    /// Of residuals, each counting `weights` times.
    ///
    /// # Errors
    /// [`CalibrationError::Numbers`] for residuals that do not vary.
    pub fn of(
        residuals: &Mat<f64>,
        weights: &[f64],
        channels: usize,
    ) -> Result<Self, CalibrationError> {
        let bins = residuals.ncols() / channels.max(1);
        let covariance = stationary(residuals, weights, channels, bins);
        let (values, vectors) = linalg::eigen(covariance.as_ref())?;
        let median = values.get(values.len() / 2).copied().unwrap_or_default();
        if !(median > 0.0 && median.is_finite()) {
            return Err(CalibrationError::Numbers("it does not vary at all".into()));
        }
        let values: Vec<f64> = values.iter().map(|v| v.max(LEAST_SHARE * median)).collect();
        let covariance = composed(&vectors, |i| values[i]);
        Ok(Self { covariance, values, vectors })
    }

    /// A power of the covariance.
    pub fn power(&self, exponent: f64) -> Mat<f64> {
        composed(&self.vectors, |i| self.values[i].powf(exponent))
    }

    /// How much each trial should count: less, the farther its residual lies out.
    pub fn weights(&self, residuals: &Mat<f64>) -> Vec<f64> {
        let rotated = residuals * &self.vectors;
        let most = self.values.iter().copied().fold(0.0, f64::max);
        let values: Vec<f64> = self.values.iter().map(|v| v.max(LEAST_EIGENVALUE * most)).collect();
        let distance = |i: usize| {
            let of = |(j, value): (usize, &f64)| rotated[(i, j)] * rotated[(i, j)] / value;
            values.iter().enumerate().map(of).sum::<f64>() / values.len() as f64
        };
        let distances: Vec<f64> = (0..residuals.nrows()).map(distance).collect();
        let mut sorted = distances.clone();
        sorted.sort_by(f64::total_cmp);
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(1.0);
        let weight = |d: &f64| {
            // A picture that was shown once leaves no residual; its trial is a usual one.
            if *d > 0.0 { (median / d).clamp(WEIGHTS[0], WEIGHTS[1]) } else { 1.0 }
        };
        let weights: Vec<f64> = distances.iter().map(weight).collect();
        let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
        weights.iter().map(|w| w / mean).collect()
    }
}

/// The covariance at each lag, the same forwards and backwards: the sum over time, divided by the length of the epoch
/// and not by the number of pairs.
fn stationary(residuals: &Mat<f64>, weights: &[f64], channels: usize, bins: usize) -> Mat<f64> {
    let count = residuals.nrows().max(1) as f64;
    let weighted = Mat::from_fn(residuals.nrows(), residuals.ncols(), |i, j| {
        residuals[(i, j)] * weights[i] / count
    });
    let full = weighted.transpose() * residuals;
    let mut out = Mat::zeros(channels * bins, channels * bins);
    for lag in 0..bins {
        let at = |c: usize, d: usize| -> f64 {
            let pairs = (0..bins - lag).map(|t| full[(c * bins + t, d * bins + t + lag)]);
            pairs.sum::<f64>() / bins as f64
        };
        for c in 0..channels {
            for d in 0..=c {
                let both = 0.5 * (at(c, d) + at(d, c));
                for t in 0..bins - lag {
                    for (a, b) in [(c, d), (d, c)] {
                        out[(a * bins + t, b * bins + t + lag)] = both;
                        out[(a * bins + t + lag, b * bins + t)] = both;
                    }
                }
            }
        }
    }
    out
}

/// V diag(f) Vᵀ.
fn composed(vectors: &Mat<f64>, f: impl Fn(usize) -> f64) -> Mat<f64> {
    let scaled = Mat::from_fn(vectors.nrows(), vectors.ncols(), |i, j| vectors[(i, j)] * f(j));
    &scaled * vectors.transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    /// Two channels of first-order autoregressive noise, correlated by one half.
    fn noise(trials: usize, bins: usize) -> Mat<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut normal = || -> f64 { rng.sample(StandardNormal) };
        let mut out = Mat::zeros(trials, 2 * bins);
        for i in 0..trials {
            let (mut a, mut b) = (normal(), normal());
            for t in 0..bins {
                let fresh = (1.0_f64 - 0.8 * 0.8).sqrt();
                (a, b) = (0.8 * a + fresh * normal(), 0.8 * b + fresh * normal());
                out[(i, t)] = a;
                out[(i, bins + t)] = 0.5 * a + 0.75_f64.sqrt() * b;
            }
        }
        out
    }

    #[test]
    fn the_covariance_of_known_noise_is_found_from_few_trials() {
        let found = Noise::of(&noise(60, 12), &[1.0; 60], 2).unwrap();
        let expected =
            |c: usize, d: usize, lag: i32| (if c == d { 1.0 } else { 0.5 }) * 0.8_f64.powi(lag);
        for (c, d, t, s) in [(0, 0, 0, 0), (0, 0, 2, 5), (1, 1, 7, 4), (0, 1, 3, 3), (1, 0, 2, 3)] {
            let got = found.covariance[(c * 12 + t, d * 12 + s)];
            let lag = (t as i32 - s as i32).abs();
            let want = expected(c, d, lag) * (1.0 - f64::from(lag) / 12.0);
            assert!((got - want).abs() < 0.12, "{c} {d} {t} {s}: {got} for {want}");
        }
        let identity = found.power(-0.5) * &found.covariance * found.power(-0.5);
        assert!((identity[(5, 5)] - 1.0).abs() < 1e-9 && identity[(5, 6)].abs() < 1e-9);
    }

    #[test]
    fn three_trials_give_a_covariance_that_can_be_inverted() {
        let found = Noise::of(&noise(3, 12), &[1.0; 3], 2).unwrap();
        let median = found.values[found.values.len() / 2];
        let raised = found.values.iter().filter(|v| **v <= 1.0001 * LEAST_SHARE * median).count();
        assert!(found.values[0] > 0.0 && raised * 4 < found.values.len(), "{:?}", found.values);
    }

    #[test]
    fn a_loud_trial_counts_less() {
        let mut loud = noise(40, 12);
        (0..24).for_each(|j| loud[(7, j)] *= 6.0);
        let weights = Noise::of(&loud, &[1.0; 40], 2).unwrap().weights(&loud);
        assert!(weights[7] < 0.3, "{}", weights[7]);
        assert!((weights.iter().sum::<f64>() / 40.0 - 1.0).abs() < 1e-9);
    }
}
