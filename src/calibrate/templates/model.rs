//! Binned epochs and noise → a linear score of every calibrated picture, as a map into the embedding space.

use faer::Mat;

use super::prior::Prior;
use super::space::Space;
use crate::calibrate::linalg;
use crate::calibrate::noise::Noise;
use crate::calibrate::trials::CalibrationError;

/// The scores of pictures as a map from binned epochs into the embedding space.
pub(super) struct Model {
    /// `[kept × bins, dim]`
    pub map: Mat<f64>,
    /// Mean of the responses, `[kept × bins]`.
    pub mean: Vec<f64>,
    /// What every score begins with, as an embedding.
    pub offset: Vec<f64>,
}

impl Model {
    pub fn fit(
        rows: &Mat<f64>,
        labels: &[usize],
        space: &Space,
        (channels, bins): (usize, usize),
    ) -> Result<Self, CalibrationError> {
        let pictures = space.centred.nrows();
        let residuals = residuals(rows, labels, pictures);
        let even = vec![1.0; rows.nrows()];
        let weights = Noise::of(&residuals, &even, channels)?.weights(&residuals);
        let noise = Noise::of(&residuals, &weights, channels)?;
        let means = means(rows, labels, &weights, pictures);
        let mean = linalg::column_means(means.as_ref());
        let about = linalg::less(means.as_ref(), &mean);
        let white = noise.power(-0.5);
        let seen = (space.axes.transpose() * &about) * &white;
        let each = rows.nrows() as f64 / pictures as f64;
        let prior = Prior::begin(&noise, &seen, space, each, (channels, bins))?;
        let found = prior.maximised(&noise, &white, &seen, space, each)?;
        // Every direction is trusted less, the less certain the responses are in it.
        let trust: Vec<f64> = found.spread.iter().map(|spread| 1.0 / (1.0 + spread)).collect();
        let onto = Mat::from_fn(found.means.nrows(), found.means.ncols(), |k, d| {
            found.means[(k, d)] / space.values[k] * trust[d]
        });
        let map =
            &white * &found.axes * (onto.transpose() * (space.axes.transpose() * &space.centred));
        let responses = &space.axes * &found.means;
        let own: Vec<f64> = (0..pictures)
            .map(|c| {
                -0.5 * (0..trust.len()).map(|d| responses[(c, d)].powi(2) * trust[d]).sum::<f64>()
            })
            .collect();
        Ok(Self { map, mean, offset: space.with_products(&own) })
    }
}

/// Epochs less the mean of their picture, made as large as if that mean were known; zero for a picture shown once.
fn residuals(rows: &Mat<f64>, labels: &[usize], pictures: usize) -> Mat<f64> {
    let means = means(rows, labels, &vec![1.0; labels.len()], pictures);
    let mut counts = vec![0.0_f64; pictures];
    labels.iter().for_each(|label| counts[*label] += 1.0);
    Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| {
        let count = counts[labels[i]];
        let larger = if count > 1.0 { (count / (count - 1.0)).sqrt() } else { 0.0 };
        (rows[(i, j)] - means[(labels[i], j)]) * larger
    })
}

fn means(rows: &Mat<f64>, labels: &[usize], weights: &[f64], pictures: usize) -> Mat<f64> {
    let mut sums = vec![0.0_f64; pictures];
    labels.iter().zip(weights).for_each(|(label, weight)| sums[*label] += weight);
    let share = Mat::from_fn(pictures, rows.nrows(), |c, i| {
        if labels[i] == c { weights[i] / sums[c].max(f64::MIN_POSITIVE) } else { 0.0 }
    });
    &share * rows
}
