//! Regularised regression in its dual form, with two groups of features and a choice of strength by inner
//! cross-validation.
//!
//! min ‖Y − K D‖² + λ tr(Dᵀ K D) with K = signal·Kₓ + pack·K_z: the kernel of the whitened signal and that of the
//! pack's own answers (Saunders, Gammerman & Vovk 1998; two strengths as in banded ridge, Nunez-Elizalde, Huth &
//! Gallant 2019). One eigendecomposition serves every λ.

use faer::{Mat, MatRef};

use crate::calibrate::linalg;
use crate::calibrate::trials::CalibrationError;

/// How strongly the fit may follow what.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Strength {
    /// Weight of the signal's kernel.
    pub signal: f64,
    /// Weight of the kernel of the pack's own answers.
    pub pack: f64,
    /// λ, in units of the kernels' mean diagonal.
    pub lambda: f64,
    /// Whether only what the pack's own answer leaves over is fitted, so that a strong λ gives the pack's encoder.
    pub correct_pack: bool,
}

/// Weights of the two kernels that are tried. Only the signal; both; only the pack's answers.
const MIXTURES: [(f64, f64); 4] = [(1.0, 0.0), (1.0, 1.0), (1.0, 4.0), (0.0, 1.0)];

/// λs that are tried, per unit of the kernel's mean diagonal.
const LAMBDAS: [f64; 9] = [0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0];

/// Everything that is tried; without an encoder of the pack, its answers are left out.
pub fn candidates(with_pack: bool) -> Vec<Strength> {
    let mut all = Vec::new();
    for (signal, pack) in MIXTURES.into_iter().filter(|(_, pack)| with_pack || *pack == 0.0) {
        for lambda in LAMBDAS {
            for correct_pack in [false, true].into_iter().filter(|correct| with_pack || !correct) {
                all.push(Strength { signal, pack, lambda, correct_pack });
            }
        }
    }
    all
}

/// A kernel that was taken apart once, for any λ.
pub struct Dual {
    values: Vec<f64>,
    vectors: Mat<f64>,
}

impl Dual {
    /// Takes a kernel `[n, n]` apart.
    ///
    /// # Errors
    /// [`CalibrationError::Numbers`].
    pub fn new(kernel: MatRef<'_, f64>) -> Result<Self, CalibrationError> {
        let (values, vectors) = linalg::eigen(kernel)?;
        Ok(Self { values, vectors })
    }

    /// Targets `[n, dim]` as seen by the eigenvectors.
    pub fn rotated(&self, targets: MatRef<'_, f64>) -> Mat<f64> {
        self.vectors.transpose() * targets
    }

    /// A kernel `[tests, n]` as seen by the eigenvectors.
    pub fn projected(&self, kernel: MatRef<'_, f64>) -> Mat<f64> {
        kernel * &self.vectors
    }

    /// Predictions `[tests, dim]` of rotated targets for a projected kernel.
    pub fn predict(
        &self,
        projected: MatRef<'_, f64>,
        rotated: MatRef<'_, f64>,
        lambda: f64,
    ) -> Mat<f64> {
        let damped = Mat::from_fn(rotated.nrows(), rotated.ncols(), |i, j| {
            rotated[(i, j)] / (self.values[i].max(0.0) + lambda)
        });
        projected * &damped
    }

    /// The dual weights `[n, dim]`.
    pub fn weights(&self, rotated: MatRef<'_, f64>, lambda: f64) -> Mat<f64> {
        self.predict(self.vectors.as_ref(), rotated, lambda)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dual_equals_the_textbook_solution() {
        // Xᵀ X + λI solved by hand for two features.
        let x = Mat::from_fn(4, 2, |i, j| [[1.0, 0.5], [-1.0, 2.0], [0.3, -1.0], [2.0, 1.0]][i][j]);
        let y = Mat::from_fn(4, 1, |i, _| [1.0, -2.0, 0.5, 3.0][i]);
        let lambda = 0.7;
        let dual = Dual::new((&x * x.transpose()).as_ref()).unwrap();
        let weights = x.transpose() * dual.weights(dual.rotated(y.as_ref()).as_ref(), lambda);
        let gram = x.transpose() * &x;
        let (a, b, d) = (gram[(0, 0)] + lambda, gram[(0, 1)], gram[(1, 1)] + lambda);
        let xy = x.transpose() * &y;
        let det = a * d - b * b;
        let expected =
            [(d * xy[(0, 0)] - b * xy[(1, 0)]) / det, (a * xy[(1, 0)] - b * xy[(0, 0)]) / det];
        for i in 0..2 {
            assert!(
                (weights[(i, 0)] - expected[i]).abs() < 1e-12,
                "{} {}",
                weights[(i, 0)],
                expected[i]
            );
        }
    }
}
