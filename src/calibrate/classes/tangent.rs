//! Covariances as vectors: the tangent space at their Riemannian mean (Barachant et al. 2013).

use faer::Mat;

use crate::calibrate::linalg;
use crate::calibrate::trials::CalibrationError;

/// Steps towards the mean at most, and how near is near enough (norm of the step, per dimension).
const STEPS: usize = 30;
const NEAR: f64 = 1e-8;

/// The space.
pub struct TangentSpace {
    /// M^(−1/2).
    whitening: Mat<f64>,
}

impl TangentSpace {
    /// At the Riemannian mean of covariances, by gradient descent from their arithmetic mean (Moakher 2005; pyRiemann's
    /// `mean_riemann`).
    pub fn fit(covariances: &[Mat<f64>]) -> Result<Self, CalibrationError> {
        let size = covariances.first().map_or(0, Mat::nrows);
        let share = 1.0 / covariances.len().max(1) as f64;
        let mut mean = Mat::zeros(size, size);
        covariances.iter().for_each(|each| mean += each * faer::Scale(share));
        for _ in 0..STEPS {
            let root = linalg::function_of(mean.as_ref(), |v| v.max(f64::MIN_POSITIVE).sqrt())?;
            let space = Self::at(&mean)?;
            let mut step = Mat::zeros(size, size);
            for each in covariances {
                step += space.log(each)? * faer::Scale(share);
            }
            mean = &root * linalg::function_of(step.as_ref(), f64::exp)? * &root;
            if step.norm_l2() < NEAR * size as f64 {
                break;
            }
        }
        Self::at(&mean)
    }

    fn at(mean: &Mat<f64>) -> Result<Self, CalibrationError> {
        let inverse_root = |v: f64| v.max(f64::MIN_POSITIVE).sqrt().recip();
        Ok(Self { whitening: linalg::function_of(mean.as_ref(), inverse_root)? })
    }

    /// log(M^(−1/2) C M^(−1/2)).
    fn log(&self, covariance: &Mat<f64>) -> Result<Mat<f64>, CalibrationError> {
        let white = &self.whitening * covariance * &self.whitening;
        linalg::function_of(white.as_ref(), |v| v.max(f64::MIN_POSITIVE).ln())
    }

    /// Rows: the upper triangle, off the diagonal times √2, so that lengths are those of the matrices.
    pub fn vectors(&self, covariances: &[Mat<f64>]) -> Result<Mat<f64>, CalibrationError> {
        let size = self.whitening.nrows();
        let mut out = Mat::zeros(covariances.len(), size * (size + 1) / 2);
        for (row, covariance) in covariances.iter().enumerate() {
            let log = self.log(covariance)?;
            let mut place = 0;
            for i in 0..size {
                for j in i..size {
                    let weight = if i == j { 1.0 } else { std::f64::consts::SQRT_2 };
                    out[(row, place)] = weight * log[(i, j)];
                    place += 1;
                }
            }
        }
        Ok(out)
    }
}

impl TangentSpace {
    /// M^(−1/2).
    pub fn whitening(&self) -> &Mat<f64> {
        &self.whitening
    }

    /// Weights on [`TangentSpace::vectors`] as weights on the whole logarithm, row by row, `[size², columns]`.
    pub fn on_logarithm(&self, weights: &Mat<f64>) -> Mat<f64> {
        let size = self.whitening.nrows();
        let mut out = Mat::zeros(size * size, weights.ncols());
        let mut place = 0;
        for i in 0..size {
            for j in i..size {
                for column in 0..weights.ncols() {
                    // Off the diagonal √2 times the element counts once in the vector, and twice in the matrix.
                    let share = if i == j { 1.0 } else { std::f64::consts::FRAC_1_SQRT_2 };
                    out[(i * size + j, column)] = share * weights[(place, column)];
                    out[(j * size + i, column)] = share * weights[(place, column)];
                }
                place += 1;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_commuting_matrices_is_the_geometric_one() {
        let diagonal =
            |a: f64, b: f64| Mat::from_fn(2, 2, |i, j| if i != j { 0.0 } else { [a, b][i] });
        let space = TangentSpace::fit(&[diagonal(1.0, 8.0), diagonal(4.0, 2.0)]).unwrap();
        // The geometric means are 2 and 4.
        assert!((space.whitening[(0, 0)] - 0.5_f64.sqrt()).abs() < 1e-9);
        assert!((space.whitening[(1, 1)] - 0.5).abs() < 1e-9);
        let rows = space.vectors(&[diagonal(2.0, 4.0 * std::f64::consts::E)]).unwrap();
        assert!(rows[(0, 0)].abs() < 1e-9 && (rows[(0, 2)] - 1.0).abs() < 1e-9);
    }
}
