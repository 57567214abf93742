//! Epochs as rows of numbers, for any of the trials and any whitening: bins are taken once, as they come before whitening.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};

use crate::calibrate::trials::Trials;
use crate::calibrate::trials::features::Features;

/// Binned epochs that nothing has whitened.
pub struct Binned {
    /// How bins are taken.
    pub features: Features,
    channels: usize,
    /// `[trials, channels × bins]`
    values: Mat<f64>,
}

impl Binned {
    /// Of all trials.
    pub fn of(trials: &Trials, rate_hz: f64) -> Self {
        Self::by(Features::new(trials.channels, trials.samples, rate_hz), trials)
    }

    /// Of all trials, in bins that are known.
    pub fn by(features: Features, trials: &Trials) -> Self {
        let channels = trials.channels;
        // Sessions are not told apart here.
        let values = features.of_one(trials, &Mat::identity(channels, channels));
        Self { features, channels, values }
    }

    /// Rows of some trials with their channels multiplied by `white`, `[rows, channels × bins]`.
    pub fn whitened(&self, rows: &[usize], white: &Mat<f64>) -> Mat<f64> {
        let (count, width) = (rows.len(), self.values.ncols());
        let long = (count * width).checked_div(self.channels).unwrap_or_default();
        let mut own = Vec::with_capacity(count * width);
        for column in self.values.col_iter() {
            own.extend(rows.iter().map(|row| column[*row]));
        }
        // Bins of a channel follow one another, so that a column for each of them is one long column for the channel.
        let mut out = vec![0.0; count * width];
        matmul(
            MatMut::from_column_major_slice_mut(&mut out, long, self.channels),
            Accum::Replace,
            MatRef::from_column_major_slice(&own, long, self.channels),
            white.transpose(),
            1.0,
            Par::Seq,
        );
        MatRef::from_column_major_slice(&out, count, width).to_owned()
    }
}
