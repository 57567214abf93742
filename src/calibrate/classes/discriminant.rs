//! Linear discriminant analysis with the pooled covariance shrunk by Ledoit and Wolf. Classes count alike, however many
//! trials each has.

use faer::prelude::Solve as _;
use faer::{Mat, Side};

use crate::calibrate::linalg;
use crate::calibrate::trials::CalibrationError;
use crate::calibrate::trials::whiten::ledoit_wolf;

/// A fitted discriminant.
pub struct Discriminant {
    /// Features are divided by their spread first: the shrinkage target knows no units.
    scale: Vec<f64>,
    /// `[features, classes]`
    weights: Mat<f64>,
    /// `[classes]`
    offsets: Vec<f64>,
}

impl Discriminant {
    /// Fits to rows `[trials, features]` with a class each.
    pub fn fit(
        rows: &Mat<f64>,
        labels: &[usize],
        classes: usize,
    ) -> Result<Self, CalibrationError> {
        let mut means = Mat::<f64>::zeros(classes, rows.ncols());
        let mut counts = vec![0.0_f64; classes];
        labels.iter().for_each(|label| counts[*label] += 1.0);
        let (mut scale, mut within) = (vec![1.0; rows.ncols()], rows.clone());
        let share = 1.0 / rows.nrows() as f64;
        for (j, scale) in scale.iter_mut().enumerate() {
            let column = within.col_as_slice_mut(j);
            let mean = share * column.iter().sum::<f64>();
            let variance = share * column.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
            if variance > 0.0 {
                *scale = variance.sqrt();
            }
            column.iter_mut().for_each(|value| *value /= *scale);
            let own = means.col_as_slice_mut(j);
            column.iter().zip(labels).for_each(|(value, label)| own[*label] += value);
            own.iter_mut().zip(&counts).for_each(|(sum, count)| *sum /= count.max(1.0));
            column.iter_mut().zip(labels).for_each(|(value, label)| *value -= own[*label]);
        }
        let (covariance, _) = ledoit_wolf(within.as_ref());
        // A shrunk covariance is positive; where rounding says otherwise, its eigenvalues do.
        let weights = match covariance.llt(Side::Lower) {
            Ok(factor) => factor.solve(means.transpose()),
            Err(_) => {
                let inverse =
                    linalg::function_of(covariance.as_ref(), |v| v.max(f64::MIN_POSITIVE).recip())?;
                &inverse * means.transpose()
            }
        };
        let offset = |class: usize| {
            let own: f64 = (0..rows.ncols()).map(|j| means[(class, j)] * weights[(j, class)]).sum();
            -0.5 * own
        };
        Ok(Self { scale, offsets: (0..classes).map(offset).collect(), weights })
    }

    /// Weights on rows as they are, `[features, classes]`, and offsets `[classes]`.
    pub fn linear(&self) -> (Mat<f64>, Vec<f64>) {
        let weights = Mat::from_fn(self.weights.nrows(), self.weights.ncols(), |j, class| {
            self.weights[(j, class)] / self.scale[j]
        });
        (weights, self.offsets.clone())
    }

    /// Scores `[trials, classes]`.
    pub fn scores(&self, rows: &Mat<f64>) -> Mat<f64> {
        let scaled = Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| rows[(i, j)] / self.scale[j]);
        let mut out = scaled * &self.weights;
        for i in 0..out.nrows() {
            for j in 0..out.ncols() {
                out[(i, j)] += self.offsets[j];
            }
        }
        out
    }
}
