//! Binned epochs → a linear score of every picture, as a map into the embedding space.

use faer::Mat;

use super::answering::{Answering, Responses};
use super::belief::{Belief, Known};
use super::contrasts::{Contrasts, less_common};
use super::population::{self, Population};
use super::prior::Prior;
use super::space::{Space, expected, offset};
use crate::calibrate::linalg;
use crate::calibrate::trials::CalibrationError;
use crate::calibrate::trials::noise::Noise;

/// Whether there are enough trials to find the responses' covariance from them alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enough {
    Yes,
    No,
}

/// Trials of each cell, on average, from which on the noise is what they differ by; with fewer, the response to the picture
/// itself, small beside the noise, counts as noise.
const TRIALS_FOR_RESIDUALS: usize = 2;

/// How many trials' worth the mean variance over directions counts beside the variance in each.
const TRIALS_OF_MEAN: f64 = 100.0;

/// The scores of pictures as a map from binned epochs into the embedding space.
pub(super) struct Model {
    /// `[kept × bins, dim]`
    pub map: Mat<f64>,
    /// `[dim]`
    pub bias: Vec<f64>,
    /// How strong this person's responses are beside the mean person's, where the pack's model was believed.
    pub strength: Option<f64>,
    /// How the map answers, where the pack's model was believed.
    pub answering: Option<Answering>,
}

/// The scores of pictures, with what they come from.
struct Discriminant {
    known: Known,
    /// From directions into the embedding space, `[directions, dim]`.
    trusted: Mat<f64>,
    /// `[dim]`
    bias: Vec<f64>,
}

/// What a model is fitted to.
pub(super) struct Material<'a> {
    /// Binned epochs, `[trials, kept × bins]`.
    pub rows: &'a Mat<f64>,
    /// Of each, its cell: a picture in a session.
    pub labels: &'a [usize],
    /// Embeddings of the cells' pictures, `[cells, dim]`.
    pub shown: &'a Mat<f64>,
    /// Sessions of the cells.
    pub sessions: &'a [usize],
    /// The pack's model with its patterns in bins, `[patterns, kept × bins]`.
    pub population: Option<(&'a Population, Mat<f64>)>,
    /// Whether there are enough trials to find the responses' covariance from them alone.
    pub enough: Enough,
    /// Numbers of kept channels and of bins.
    pub shape: (usize, usize),
}

impl Model {
    pub fn fit(material: &Material<'_>) -> Result<Option<Self>, CalibrationError> {
        let (rows, labels) = (material.rows, material.labels);
        let (channels, cells) = (material.shape.0, material.shown.nrows());
        let residuals = Residuals::of(rows, labels, cells);
        let even = vec![1.0; residuals.rows.nrows()];
        let weights = Noise::of(&residuals.rows, &even, channels)?.weights(&residuals.rows);
        let noise = Noise::of(&residuals.rows, &weights, channels)?;
        let of_trials = residuals.weights_of_trials(&weights, labels.len());
        let mut counts = vec![0.0; cells];
        labels.iter().zip(&of_trials).for_each(|(label, weight)| counts[*label] += weight);
        let Some(contrasts) = Contrasts::of(material.shown, counts, material.sessions)? else {
            return Ok(None);
        };
        let white = noise.power(-0.5);
        let means = means(rows, labels, &of_trials, cells) * &white;
        if let Some((population, patterns)) = &material.population
            && let Some(belief) = population.belief(&(patterns * &white))?
        {
            let left = residuals.variances(&weights, &(&white * &belief.directions));
            let belief = belief.in_noise(&left);
            let seen = contrasts.seen(&(&means * &belief.directions));
            let freedom = residuals.freedom;
            if let Some((belief, strength)) =
                population::fitted(&belief, &contrasts, &seen, freedom)
            {
                let found = Discriminant::of(material, &belief, &contrasts, &means)?;
                let directions = &white * &belief.directions;
                let scatter = &residuals.rows * &directions;
                let trials = contrasts.in_newest(material.sessions);
                let answering =
                    Answering::of(&found.responses(), &scatter, residuals.freedom, trials)?;
                let map = directions * &found.trusted;
                return Ok(Some(Self {
                    map,
                    bias: found.bias,
                    strength: Some(strength),
                    answering: Some(answering),
                }));
            }
        }
        if material.enough == Enough::No {
            return Ok(None);
        }
        let space = Space::of(material.shown)?;
        let about = less_common(&means, &contrasts.counts, material.sessions);
        let seen = space.axes.transpose() * about;
        let each = rows.nrows() as f64 / cells as f64;
        let prior = Prior::begin(&noise, &seen, &space, each, material.shape)?;
        let belief = prior.maximised(&noise, &white, &seen, &space, each)?;
        let found = Discriminant::of(material, &belief, &contrasts, &means)?;
        let map = white * &belief.directions * &found.trusted;
        Ok(Some(Self { map, bias: found.bias, strength: None, answering: None }))
    }
}

impl Discriminant {
    /// The linear discriminant between what is known of the responses. Every direction is trusted less, the less certain
    /// the responses are in it.
    fn of(
        material: &Material<'_>,
        belief: &Belief,
        contrasts: &Contrasts,
        means: &Mat<f64>,
    ) -> Result<Self, CalibrationError> {
        let asked = material.asked();
        let means = means * &belief.directions;
        let middle = linalg::column_means(asked.as_ref());
        let about = linalg::less(asked.as_ref(), &middle);
        let known = belief.after(contrasts, &means, (material.shown, material.sessions), &about);
        let Known { weights, common, spread } = &known;
        let trust: Vec<f64> = spread.iter().map(|spread| 1.0 / (1.0 + spread)).collect();
        let trusted =
            Mat::from_fn(weights.ncols(), weights.nrows(), |d, j| trust[d] * weights[(j, d)])
                * expected(asked)?;
        let responses = asked * weights;
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
        Ok(Self { bias: bias.collect(), trusted, known })
    }

    fn responses(&self) -> Responses<'_> {
        Responses {
            weights: &self.known.weights,
            common: &self.known.common,
            spread: &self.known.spread,
            trusted: &self.trusted,
            bias: &self.bias,
        }
    }
}

impl Material<'_> {
    /// Embeddings of the pictures that the decoder will be asked for, `[asked, dim]`.
    fn asked(&self) -> &Mat<f64> {
        let known = self.population.as_ref().map(|(population, _)| &population.gallery);
        known.filter(|gallery| gallery.nrows() > 0).unwrap_or(self.shown)
    }
}

/// What is left of epochs when the mean of their cell is taken away.
struct Residuals {
    /// Made as large as if that mean were known, `[kept, kept × bins]`.
    rows: Mat<f64>,
    /// Which trials these are: one that is alone in its cell leaves nothing.
    trials: Vec<usize>,
    /// How many of them are independent: the means were taken away.
    freedom: f64,
}

impl Residuals {
    /// By cell where most cells have several trials; else of all together.
    fn of(rows: &Mat<f64>, labels: &[usize], cells: usize) -> Self {
        if rows.nrows() < TRIALS_FOR_RESIDUALS * cells {
            let rows = linalg::less(rows.as_ref(), &linalg::column_means(rows.as_ref()));
            let freedom = rows.nrows() as f64 - 1.0;
            return Self { trials: (0..rows.nrows()).collect(), rows, freedom };
        }
        let means = means(rows, labels, &vec![1.0; labels.len()], cells);
        let mut counts = vec![0.0_f64; cells];
        labels.iter().for_each(|label| counts[*label] += 1.0);
        let trials: Vec<usize> = (0..labels.len()).filter(|i| counts[labels[*i]] > 1.0).collect();
        let kept = Mat::from_fn(trials.len(), rows.ncols(), |k, j| {
            let (i, label) = (trials[k], labels[trials[k]]);
            let larger = (counts[label] / (counts[label] - 1.0)).sqrt();
            (rows[(i, j)] - means[(label, j)]) * larger
        });
        let several = counts.iter().filter(|count| **count > 1.0).count();
        let freedom = (trials.len() - several) as f64;
        Self { rows: kept, trials, freedom }
    }

    /// Weights of all trials, from those of the residuals; a trial without one is a usual one.
    fn weights_of_trials(&self, weights: &[f64], count: usize) -> Vec<f64> {
        let mut all = vec![1.0; count];
        self.trials.iter().zip(weights).for_each(|(trial, weight)| all[*trial] = *weight);
        all
    }

    /// Variance of the residuals along some directions, `[features, directions]`; with few trials nearly the same for all,
    /// as nobody could tell them apart.
    fn variances(&self, weights: &[f64], directions: &Mat<f64>) -> Vec<f64> {
        let along = &self.rows * directions;
        let sum: f64 = weights.iter().sum();
        let of = |d: usize| {
            let squares = weights.iter().enumerate().map(|(k, w)| w * along[(k, d)].powi(2));
            squares.sum::<f64>() / sum
        };
        let own: Vec<f64> = (0..along.ncols()).map(of).collect();
        let mean = own.iter().sum::<f64>() / own.len().max(1) as f64;
        let trials = weights.len() as f64;
        let shrunk = |v: &f64| (trials * v + TRIALS_OF_MEAN * mean) / (trials + TRIALS_OF_MEAN);
        own.iter().map(|v| shrunk(v).max(f64::MIN_POSITIVE)).collect()
    }
}

fn means(rows: &Mat<f64>, labels: &[usize], weights: &[f64], pictures: usize) -> Mat<f64> {
    let mut sums = vec![0.0_f64; pictures];
    labels.iter().zip(weights).for_each(|(label, weight)| sums[*label] += weight);
    let share = Mat::from_fn(pictures, rows.nrows(), |c, i| {
        if labels[i] == c { weights[i] / sums[c].max(f64::MIN_POSITIVE) } else { 0.0 }
    });
    &share * rows
}
