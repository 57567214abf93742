//! Linear discriminant analysis with the pooled covariance shrunk by Ledoit and Wolf. Classes count alike, however many
//! trials each has.

use faer::Mat;

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
        let mean = linalg::column_means(rows.as_ref());
        let scale: Vec<f64> = (0..rows.ncols())
            .map(|j| {
                let of = |i: usize| (rows[(i, j)] - mean[j]).powi(2);
                let variance = (0..rows.nrows()).map(of).sum::<f64>() / rows.nrows() as f64;
                if variance > 0.0 { variance.sqrt() } else { 1.0 }
            })
            .collect();
        let scaled = Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| rows[(i, j)] / scale[j]);
        let mut means = Mat::<f64>::zeros(classes, rows.ncols());
        let mut counts = vec![0.0_f64; classes];
        for (i, label) in labels.iter().enumerate() {
            counts[*label] += 1.0;
            (0..rows.ncols()).for_each(|j| means[(*label, j)] += scaled[(i, j)]);
        }
        for class in 0..classes {
            (0..rows.ncols()).for_each(|j| means[(class, j)] /= counts[class].max(1.0));
        }
        let within =
            Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| scaled[(i, j)] - means[(labels[i], j)]);
        let (covariance, _) = ledoit_wolf(within.as_ref());
        let inverse =
            linalg::function_of(covariance.as_ref(), |v| v.max(f64::MIN_POSITIVE).recip())?;
        let weights = &inverse * means.transpose();
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
