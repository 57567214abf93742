//! The means of the pictures that were shown, as contrasts between pictures: what every picture evokes in a session is in
//! none of them, and their noise is independent, however often each picture was shown (restricted likelihood: Patterson &
//! Thompson 1971, Biometrika 58:545).
//!
//! A *cell* is a picture in a session.

use faer::Mat;

use super::space::LEAST_EIGENVALUE;
use crate::calibrate::linalg;
use crate::calibrate::trials::CalibrationError;

/// Contrasts between pictures, each with noise of variance one in a whitened signal.
pub(super) struct Contrasts {
    /// `[cells, contrasts]`: on the cells' means.
    pub weights: Mat<f64>,
    /// Variance of the embeddings along each contrast, falling with the number of trials: a response whose variance is v
    /// per unit of embedding appears in contrast k with variance v · `values[k]`.
    pub values: Vec<f64>,
    /// `[dim, contrasts]`: the embeddings along each contrast.
    pub embeddings: Mat<f64>,
    /// Trials of each cell.
    pub counts: Vec<f64>,
}

/// The mean of a cell's session, weighted by trials, for every column: `[sessions][columns]`.
fn session_means(values: &Mat<f64>, counts: &[f64], sessions: &[usize]) -> Vec<Vec<f64>> {
    let count = sessions.iter().max().map_or(0, |most| most + 1);
    let mut sums = vec![vec![0.0; values.ncols()]; count];
    let mut trials = vec![0.0_f64; count];
    for (cell, session) in sessions.iter().enumerate() {
        trials[*session] += counts[cell];
        for (j, sum) in sums[*session].iter_mut().enumerate() {
            *sum += counts[cell] * values[(cell, j)];
        }
    }
    for (sum, trials) in sums.iter_mut().zip(trials) {
        sum.iter_mut().for_each(|v| *v /= trials.max(f64::MIN_POSITIVE));
    }
    sums
}

/// Cells' values without what their session has in common.
pub(super) fn less_common(values: &Mat<f64>, counts: &[f64], sessions: &[usize]) -> Mat<f64> {
    let common = session_means(values, counts, sessions);
    Mat::from_fn(values.nrows(), values.ncols(), |c, j| values[(c, j)] - common[sessions[c]][j])
}

impl Contrasts {
    /// Of cells with these embeddings, `[cells, dim]`, each shown so often, in these sessions; `None` where no session shows
    /// two pictures that differ.
    ///
    /// # Errors
    /// [`CalibrationError::Numbers`] for embeddings that are not finite.
    pub fn of(
        embeddings: &Mat<f64>,
        counts: Vec<f64>,
        sessions: &[usize],
    ) -> Result<Option<Self>, CalibrationError> {
        let roots: Vec<f64> = counts.iter().map(|count| count.sqrt()).collect();
        let own = less_common(embeddings, &counts, sessions);
        let free = Mat::from_fn(own.nrows(), own.ncols(), |c, j| roots[c] * own[(c, j)]);
        let (values, vectors) = linalg::eigen((&free * free.transpose()).as_ref())?;
        let most = values.last().copied().unwrap_or_default();
        let kept: Vec<usize> =
            (0..values.len()).filter(|k| values[*k] > LEAST_EIGENVALUE * most).collect();
        if kept.is_empty() || most <= 0.0 {
            return Ok(None);
        }
        let weights =
            Mat::from_fn(counts.len(), kept.len(), |c, k| roots[c] * vectors[(c, kept[k])]);
        Ok(Some(Self {
            embeddings: embeddings.transpose() * &weights,
            weights,
            values: kept.iter().map(|k| values[*k]).collect(),
            counts,
        }))
    }

    /// Trials of the newest of the cells' sessions.
    pub fn in_newest(&self, sessions: &[usize]) -> f64 {
        let newest = sessions.iter().max();
        let own = self.counts.iter().zip(sessions).filter(|(_, session)| Some(*session) == newest);
        own.map(|(count, _)| count).sum()
    }

    /// The contrasts of the cells' means, `[contrasts, columns]`.
    pub fn seen(&self, means: &Mat<f64>) -> Mat<f64> {
        self.weights.transpose() * means
    }
}
