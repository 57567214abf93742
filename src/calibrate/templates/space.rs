//! The embedding space as the calibrated pictures see it.

use faer::Mat;

use super::LEAST_EIGENVALUE;
use crate::calibrate::linalg;
use crate::calibrate::trials::{CalibrationError, Pictures};

/// The pictures' embeddings about their mean, and the axes along which they differ.
pub(super) struct Space {
    /// `[shown, dim]`
    pub centred: Mat<f64>,
    /// Inner products' eigenvalues above zero, and eigenvectors, `[shown, axes]`.
    pub values: Vec<f64>,
    pub axes: Mat<f64>,
}

impl Space {
    pub fn of(pictures: &Pictures, shown: &[usize]) -> Result<Self, CalibrationError> {
        let own = linalg::rows(pictures.targets.as_ref(), shown);
        let centred = linalg::less(own.as_ref(), &linalg::column_means(own.as_ref()));
        let (values, vectors) = linalg::eigen((&centred * centred.transpose()).as_ref())?;
        let most = values.last().copied().unwrap_or_default();
        let kept: Vec<usize> =
            (0..values.len()).filter(|i| values[*i] > LEAST_EIGENVALUE * most).collect();
        if kept.is_empty() {
            return Err(CalibrationError::Numbers("all pictures have one embedding".into()));
        }
        let axes = Mat::from_fn(shown.len(), kept.len(), |c, k| vectors[(c, kept[k])]);
        Ok(Self { centred, values: kept.iter().map(|k| values[*k]).collect(), axes })
    }

    /// The embedding whose inner products with the pictures are these numbers, up to a constant.
    pub fn with_products(&self, numbers: &[f64]) -> Vec<f64> {
        let along: Vec<f64> = (0..self.values.len())
            .map(|k| {
                let sum: f64 = numbers.iter().enumerate().map(|(c, v)| v * self.axes[(c, k)]).sum();
                sum / self.values[k]
            })
            .collect();
        let of = |c: usize| -> f64 {
            along.iter().enumerate().map(|(k, v)| v * self.axes[(c, k)]).sum()
        };
        let shares: Vec<f64> = (0..self.centred.nrows()).map(of).collect();
        (0..self.centred.ncols())
            .map(|j| shares.iter().enumerate().map(|(c, share)| share * self.centred[(c, j)]).sum())
            .collect()
    }
}
