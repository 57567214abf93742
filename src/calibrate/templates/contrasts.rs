//! The means of the pictures that were shown, as contrasts between pictures: what every picture evokes is in none of them,
//! and their noise is independent, however often each picture was shown (restricted likelihood: Patterson & Thompson
//! 1971, Biometrika 58:545).

use faer::Mat;

use super::LEAST_EIGENVALUE;
use crate::calibrate::linalg;
use crate::calibrate::trials::CalibrationError;

/// Contrasts between pictures, each with noise of variance one in a whitened signal.
pub(super) struct Contrasts {
    /// `[shown, contrasts]`: on the pictures' means.
    pub weights: Mat<f64>,
    /// Variance of the embeddings along each contrast, falling with the number of trials: a response whose variance is v
    /// per unit of embedding appears in contrast k with variance v · `values[k]`.
    pub values: Vec<f64>,
    /// `[dim, contrasts]`: the embeddings along each contrast.
    pub embeddings: Mat<f64>,
    /// Trials of each picture.
    pub counts: Vec<f64>,
}

impl Contrasts {
    /// Of pictures with these embeddings, `[shown, dim]`, each shown so often.
    ///
    /// # Errors
    /// [`CalibrationError::Numbers`] when all pictures have one embedding.
    pub fn of(embeddings: &Mat<f64>, counts: Vec<f64>) -> Result<Self, CalibrationError> {
        let roots: Vec<f64> = counts.iter().map(|count| count.sqrt()).collect();
        let all: f64 = counts.iter().sum();
        let scaled = Mat::from_fn(embeddings.nrows(), embeddings.ncols(), |c, j| {
            roots[c] * embeddings[(c, j)]
        });
        let common: Vec<f64> = (0..scaled.ncols())
            .map(|j| (0..scaled.nrows()).map(|c| roots[c] * scaled[(c, j)]).sum::<f64>() / all)
            .collect();
        let free = Mat::from_fn(scaled.nrows(), scaled.ncols(), |c, j| {
            scaled[(c, j)] - roots[c] * common[j]
        });
        let (values, vectors) = linalg::eigen((&free * free.transpose()).as_ref())?;
        let most = values.last().copied().unwrap_or_default();
        let kept: Vec<usize> =
            (0..values.len()).filter(|k| values[*k] > LEAST_EIGENVALUE * most).collect();
        if kept.is_empty() || most <= 0.0 {
            return Err(CalibrationError::Numbers("all pictures have one embedding".into()));
        }
        let weights =
            Mat::from_fn(counts.len(), kept.len(), |c, k| roots[c] * vectors[(c, kept[k])]);
        Ok(Self {
            embeddings: embeddings.transpose() * &weights,
            weights,
            values: kept.iter().map(|k| values[*k]).collect(),
            counts,
        })
    }

    /// The contrasts of the pictures' means, `[contrasts, columns]`.
    pub fn seen(&self, means: &Mat<f64>) -> Mat<f64> {
        self.weights.transpose() * means
    }
}
