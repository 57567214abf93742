//! Covariances as vectors: the tangent space at their Riemannian mean (Barachant et al. 2013).

use faer::Mat;

use super::covariances::Covariances;
use crate::calibrate::linalg;
use crate::calibrate::trials::CalibrationError;
use crate::compute::lockstep::{Lane, triangle};

/// Steps towards the mean at most, and how near is near enough (norm of the step, per dimension).
const STEPS: usize = 30;
const NEAR: f64 = 1e-8;

/// The space.
pub struct TangentSpace {
    /// M^(−1/2).
    whitening: Mat<f64>,
    /// The same in the basis of the covariances, and what it is in all other directions.
    inner: Mat<f64>,
    rest: f64,
}

impl TangentSpace {
    /// At the Riemannian mean of covariances, by gradient descent from their arithmetic mean (Moakher 2005; pyRiemann's
    /// `mean_riemann`).
    pub fn fit(covariances: &Covariances) -> Result<Self, CalibrationError> {
        let mut mean = covariances.inner.mean();
        let mut rest = Rest::of(covariances);
        for _ in 0..STEPS {
            let [root, inverse] = roots(&mean)?;
            let step = covariances.inner.mean_log(&inverse).map_err(CalibrationError::Numbers)?;
            mean = &root * linalg::function_of(step.as_ref(), f64::exp)? * &root;
            let length = step.norm_l2().hypot(rest.step());
            if length < NEAR * covariances.size() as f64 {
                break;
            }
        }
        let [_, inner] = roots(&mean)?;
        let rest = rest.mean.sqrt().recip();
        Ok(Self { whitening: covariances.whole(&inner, rest), inner, rest })
    }

    /// Rows: the upper triangle of log(M^(−1/2) C M^(−1/2)), off the diagonal times √2, so that lengths are those of the
    /// matrices.
    pub fn vectors(&self, covariances: &Covariances) -> Result<Mat<f64>, CalibrationError> {
        let inner = triangle(covariances.inner.size());
        let mut logs = Mat::zeros(covariances.len(), inner + 1);
        let mut first = 0;
        let put = |group: &[Lane], used: usize| {
            for (place, lane) in group.iter().enumerate() {
                (0..used).for_each(|l| logs[(first + l, place)] = lane[l]);
            }
            first += used;
        };
        covariances.inner.logs(&self.inner, put).map_err(CalibrationError::Numbers)?;
        if covariances.has_rest() {
            for (row, rest) in covariances.rest.iter().enumerate() {
                let white = self.rest * rest * self.rest;
                logs[(row, inner)] = white.max(f64::MIN_POSITIVE).ln();
            }
        }
        Ok(logs * covariances.unfolding())
    }
}

/// Mean of what stands in the directions that the basis leaves out.
struct Rest {
    mean: f64,
    /// Mean logarithm.
    log: f64,
    directions: f64,
}

impl Rest {
    fn of(covariances: &Covariances) -> Self {
        let share = 1.0 / covariances.len().max(1) as f64;
        let directions = (covariances.size() - covariances.inner.size()) as f64;
        if directions == 0.0 {
            return Self { mean: 1.0, log: 0.0, directions };
        }
        let mean = share * covariances.rest.iter().sum::<f64>();
        let log = covariances.rest.iter().map(|v| v.max(f64::MIN_POSITIVE).ln()).sum::<f64>();
        Self { mean, log: share * log, directions }
    }

    /// One step, and its length: numbers are at their mean after the first.
    fn step(&mut self) -> f64 {
        let step = self.log - self.mean.max(f64::MIN_POSITIVE).ln();
        self.mean = self.log.exp();
        step.abs() * self.directions.sqrt()
    }
}

/// M^(1/2) and M^(−1/2).
fn roots(mean: &Mat<f64>) -> Result<[Mat<f64>; 2], CalibrationError> {
    let (values, vectors) = linalg::eigen(mean.as_ref())?;
    let root = |i: usize| values[i].max(f64::MIN_POSITIVE).sqrt();
    let of = |f: &dyn Fn(usize) -> f64| {
        let size = mean.nrows();
        let scaled = Mat::from_fn(size, size, |i, j| vectors[(i, j)] * f(j));
        scaled * vectors.transpose()
    };
    Ok([of(&root), of(&|i| root(i).recip())])
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
        let space = {
            let both = Covariances::of(&[diagonal(1.0, 8.0), diagonal(4.0, 2.0)]);
            TangentSpace::fit(&both).unwrap()
        };
        // The geometric means are 2 and 4.
        assert!((space.whitening[(0, 0)] - 0.5_f64.sqrt()).abs() < 1e-9);
        assert!((space.whitening[(1, 1)] - 0.5).abs() < 1e-9);
        let rows = {
            let one = Covariances::of(&[diagonal(2.0, 4.0 * std::f64::consts::E)]);
            space.vectors(&one).unwrap()
        };
        assert!(rows[(0, 0)].abs() < 1e-9 && (rows[(0, 2)] - 1.0).abs() < 1e-9);
    }
}
