//! The part of a detector that looks at covariances, epoch by epoch and without memory of its own.
//!
//! Takes what [`crate::calibrate::classes`] fitted; gives the same number as its tangent space for one epoch (test: within
//! 1e-9), from matrices of at most sixteen rows on the stack.

#![expect(clippy::needless_range_loop, reason = "several arrays at once")]

use faer::Mat;
use serde::{Deserialize, Serialize};

use super::logarithm::{MAX_SIZE, Square, logarithm, zero};
use crate::calibrate::classes::additive;
use crate::calibrate::trials::whiten::shrinkage;

/// Most filters, four for targets and four for others: filtered means stand beside the filtered epoch.
const MAX_FILTERS: usize = MAX_SIZE / 2;

/// Samples that are filtered at a time.
const STRETCH: usize = 16;

/// Weights on the logarithm of the covariance of an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tangent {
    filters: usize,
    /// `[filters, channels]`
    on_channels: Vec<f64>,
    /// What stands above the filtered epoch, less its mean over samples, `[filters, samples]`.
    means: Vec<f64>,
    /// What the shrunk covariance is multiplied with on both sides, `[2 × filters]²`.
    whitening: Vec<f64>,
    /// On its logarithm, `[2 × filters]²`.
    weights: Vec<f64>,
}

fn row_by_row(matrix: &Mat<f64>) -> Vec<f64> {
    (0..matrix.nrows()).flat_map(|i| (0..matrix.ncols()).map(move |j| matrix[(i, j)])).collect()
}

impl Tangent {
    /// What was fitted, with one weight for each element of the logarithm.
    pub fn of(fitted: &additive::Tangent, weights: Vec<f64>) -> Self {
        let mut means = row_by_row(&fitted.means);
        for row in means.chunks_exact_mut(fitted.means.ncols().max(1)) {
            let mean = row.iter().sum::<f64>() / row.len() as f64;
            row.iter_mut().for_each(|value| *value -= mean);
        }
        Self {
            filters: fitted.filters.nrows(),
            on_channels: row_by_row(&fitted.filters),
            means,
            whitening: row_by_row(&fitted.whitening),
            weights,
        }
    }

    /// Every score this much larger.
    pub fn scale(&mut self, factor: f64) {
        self.weights.iter_mut().for_each(|weight| *weight *= factor);
    }

    /// Checks what was read, for epochs of this shape; what is wrong, in words.
    pub fn check(&self, channels: usize, samples: usize) -> Result<(), String> {
        let filters = self.filters;
        if !(1..=MAX_FILTERS).contains(&filters) {
            return Err(format!("it has {filters} filters, 1 to {MAX_FILTERS} are expected"));
        }
        let square = 4 * filters * filters;
        for (what, values, expected) in [
            ("filters", &self.on_channels, filters * channels),
            ("filtered means", &self.means, filters * samples),
            ("whitening", &self.whitening, square),
            ("weights on covariances", &self.weights, square),
        ] {
            if values.len() != expected {
                return Err(format!("{what}: {} numbers, {expected} are expected", values.len()));
            }
            if !values.iter().all(|value| value.is_finite()) {
                return Err(format!("{what}: a number is none"));
            }
        }
        Ok(())
    }

    /// What it adds to the score of an epoch `[channels, samples]`; `None` where there is no logarithm.
    pub fn score(&self, epoch: &[f32], samples: usize) -> Option<f64> {
        let size = 2 * self.filters;
        let covariance = self.covariance(epoch, samples);
        let white = self.whitened(&covariance);
        let log = logarithm(&white, size)?;
        let mut score = 0.0;
        for i in 0..size {
            for j in 0..size {
                score += self.weights[i * size + j] * log[i][j];
            }
        }
        Some(score)
    }

    /// Some samples of the epoch, filtered: `[filters, STRETCH]`; nothing stands behind the last.
    fn filtered(
        &self,
        epoch: &[f32],
        samples: usize,
        first: usize,
    ) -> [[f64; STRETCH]; MAX_FILTERS] {
        let channels = self.on_channels.len() / self.filters;
        let mut out = [[0.0; STRETCH]; MAX_FILTERS];
        for channel in 0..channels {
            let row = &epoch[channel * samples + first..(channel + 1) * samples];
            let mut values = [0.0; STRETCH];
            values.iter_mut().zip(row).for_each(|(to, from)| *to = f64::from(*from));
            for (filter, sums) in out.iter_mut().enumerate().take(self.filters) {
                let weight = self.on_channels[filter * channels + channel];
                sums.iter_mut().zip(&values).for_each(|(sum, value)| *sum += weight * value);
            }
        }
        out
    }

    /// Means over samples of the filtered epoch.
    fn middle(&self, epoch: &[f32], samples: usize) -> [f64; MAX_FILTERS] {
        let channels = self.on_channels.len() / self.filters;
        let mut out = [0.0; MAX_FILTERS];
        for (channel, row) in epoch.chunks_exact(samples).enumerate() {
            let mean = row.iter().map(|value| f64::from(*value)).sum::<f64>() / samples as f64;
            for (filter, sum) in out.iter_mut().enumerate().take(self.filters) {
                *sum += self.on_channels[filter * channels + channel] * mean;
            }
        }
        out
    }

    /// Covariance over samples of the means beside the filtered epoch, shrunk towards a multiple of the identity by Ledoit and
    /// Wolf.
    fn covariance(&self, epoch: &[f32], samples: usize) -> Square {
        let (filters, size) = (self.filters, 2 * self.filters);
        let middle = self.middle(epoch, samples);
        let (mut sums, mut fourth) = (zero(), 0.0);
        for first in (0..samples).step_by(STRETCH) {
            let own = self.filtered(epoch, samples, first);
            for sample in first..samples.min(first + STRETCH) {
                let mut values = [0.0; MAX_SIZE];
                for k in 0..filters {
                    values[k] = self.means[k * samples + sample];
                    values[filters + k] = own[k][sample - first] - middle[k];
                }
                let length: f64 = values.iter().map(|value| value * value).sum();
                fourth += length * length;
                for i in 0..size {
                    // Above the diagonal too: all at once is faster than up to somewhere.
                    (0..MAX_SIZE).for_each(|j| sums[i][j] += values[i] * values[j]);
                }
            }
        }
        shrunk(&sums, fourth, size, samples as f64)
    }

    /// The covariance between the whitening on both sides.
    fn whitened(&self, covariance: &Square) -> Square {
        let size = 2 * self.filters;
        let (mut left, mut both) = (zero(), zero());
        for i in 0..size {
            for k in 0..size {
                let weight = self.whitening[i * size + k];
                (0..size).for_each(|j| left[i][j] += weight * covariance[k][j]);
            }
        }
        for i in 0..size {
            for j in 0..=i {
                // The whitening is symmetric, and so is what comes out.
                let sum = (0..size).map(|k| left[i][k] * self.whitening[j * size + k]).sum();
                (both[i][j], both[j][i]) = (sum, sum);
            }
        }
        both
    }
}

/// From sums of products (lower triangle) and of the fourth power of each sample's length.
fn shrunk(sums: &Square, fourth: f64, size: usize, n: f64) -> Square {
    let mut out = zero();
    let mean = (0..size).map(|i| sums[i][i] / n).sum::<f64>() / size as f64;
    let (mut squares, mut distance) = (0.0, 0.0);
    for i in 0..size {
        for j in 0..=i {
            let own = sums[i][j] / n;
            let (times, target) = if i == j { (1.0, mean) } else { (2.0, 0.0) };
            squares += times * own * own;
            distance += times * (own - target) * (own - target);
        }
    }
    let share = shrinkage(fourth / n - squares, distance, n);
    for i in 0..size {
        for j in 0..=i {
            let target = if i == j { share * mean } else { 0.0 };
            let own = (1.0 - share) * sums[i][j] / n + target;
            (out[i][j], out[j][i]) = (own, own);
        }
    }
    out
}
