//! Binned epochs → a linear score of every picture, as a map into the embedding space.

use faer::Mat;

use super::belief::{Belief, Known};
use super::contrasts::Contrasts;
use super::population::{self, Population};
use super::prior::Prior;
use super::space::{Space, offset};
use super::{Bins, Enough};
use crate::calibrate::linalg;
use crate::calibrate::noise::Noise;
use crate::calibrate::trials::CalibrationError;

/// Trials for each picture, on average, from which on the noise is what they differ by; with fewer, the response to the
/// picture itself, small beside the noise, counts as noise.
const TRIALS_FOR_RESIDUALS: usize = 2;

/// The scores of pictures as a map from binned epochs into the embedding space.
pub(super) struct Model {
    /// `[kept × bins, dim]`
    pub map: Mat<f64>,
    /// `[dim]`
    pub bias: Vec<f64>,
    /// How strong this person's responses are beside the mean person's, where the pack's model was believed.
    pub strength: Option<f64>,
}

/// What a model is fitted to.
pub(super) struct Material<'a> {
    /// Binned epochs, `[trials, kept × bins]`.
    pub rows: &'a Mat<f64>,
    /// Of each, its place in `shown`.
    pub labels: &'a [usize],
    /// Embeddings of the pictures that were shown, `[shown, dim]`.
    pub shown: &'a Mat<f64>,
    /// The pack's model with its patterns in bins, `[patterns, kept × bins]`.
    pub population: Option<(&'a Population, Mat<f64>)>,
    /// Whether there are enough trials to find the responses' covariance from them alone.
    pub enough: Enough,
    /// Numbers of kept channels and of bins.
    pub shape: (usize, &'a Bins),
}

impl Model {
    pub fn fit(material: &Material<'_>) -> Result<Option<Self>, CalibrationError> {
        let (rows, labels) = (material.rows, material.labels);
        let (channels, pictures) = (material.shape.0, material.shown.nrows());
        let residuals = residuals(rows, labels, pictures);
        let even = vec![1.0; rows.nrows()];
        let weights = Noise::of(&residuals, &even, channels)?.weights(&residuals);
        let noise = Noise::of(&residuals, &weights, channels)?;
        let mut counts = vec![0.0; pictures];
        labels.iter().zip(&weights).for_each(|(label, weight)| counts[*label] += weight);
        let contrasts = Contrasts::of(material.shown, counts)?;
        let white = noise.power(-0.5);
        let means = means(rows, labels, &weights, pictures) * &white;
        let asked = material.asked();
        if let Some((population, patterns)) = &material.population {
            let belief = population.belief(&(patterns * &white))?;
            let seen = contrasts.seen(&(&means * &belief.directions));
            if let Some((belief, strength)) = population::fitted(&belief, &contrasts, &seen) {
                let found =
                    Self::of(&belief, &contrasts, &means, (&white, material.shown, &asked))?;
                return Ok(Some(Self { strength: Some(strength), ..found }));
            }
        }
        if material.enough == Enough::No {
            return Ok(None);
        }
        let space = Space::of(material.shown)?;
        let about = linalg::less(means.as_ref(), &linalg::column_means(means.as_ref()));
        let seen = space.axes.transpose() * about;
        let each = rows.nrows() as f64 / pictures as f64;
        let shape = (channels, material.shape.1);
        let prior = Prior::begin(&noise, &seen, &space, each, shape)?;
        let belief = prior.maximised(&noise, &white, &seen, &space, each)?;
        Self::of(&belief, &contrasts, &means, (&white, material.shown, &asked)).map(Some)
    }

    /// The linear discriminant between what is known of the responses. Every direction is trusted less, the less certain
    /// the responses are in it.
    fn of(
        belief: &Belief,
        contrasts: &Contrasts,
        means: &Mat<f64>,
        (white, shown, asked): (&Mat<f64>, &Mat<f64>, &Mat<f64>),
    ) -> Result<Self, CalibrationError> {
        let means = means * &belief.directions;
        let middle = linalg::column_means(asked.as_ref());
        let about = linalg::less(asked.as_ref(), &middle);
        let Known { weights, common, spread } = belief.after(contrasts, &means, shown, &about);
        let trust: Vec<f64> = spread.iter().map(|spread| 1.0 / (1.0 + spread)).collect();
        let trusted =
            Mat::from_fn(weights.ncols(), weights.nrows(), |d, j| trust[d] * weights[(j, d)]);
        let responses = asked * &weights;
        let own: Vec<f64> = (0..responses.nrows())
            .map(|c| {
                -0.5 * (0..trust.len()).map(|d| responses[(c, d)].powi(2) * trust[d]).sum::<f64>()
            })
            .collect();
        let offset = offset(&about, &own)?;
        let bias = (0..weights.nrows()).map(|j| {
            let of = |(d, common): (usize, &f64)| common * trusted[(d, j)];
            offset[j] - common.iter().enumerate().map(of).sum::<f64>()
        });
        let bias = bias.collect();
        Ok(Self { map: white * &belief.directions * trusted, bias, strength: None })
    }
}

impl Material<'_> {
    /// Embeddings of the pictures that the decoder will be asked for: those shown, and the pack's.
    fn asked(&self) -> Mat<f64> {
        let Some((population, _)) = &self.population else { return self.shown.clone() };
        let (own, all) = (self.shown.nrows(), self.shown.nrows() + population.gallery.nrows());
        Mat::from_fn(all, self.shown.ncols(), |c, j| {
            if c < own { self.shown[(c, j)] } else { population.gallery[(c - own, j)] }
        })
    }
}

/// What is left of epochs when the mean of their picture is taken away, made as large as if that mean were known; zero
/// for a picture shown once. Of all pictures together where most were shown once.
fn residuals(rows: &Mat<f64>, labels: &[usize], pictures: usize) -> Mat<f64> {
    if rows.nrows() < TRIALS_FOR_RESIDUALS * pictures {
        return linalg::less(rows.as_ref(), &linalg::column_means(rows.as_ref()));
    }
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
