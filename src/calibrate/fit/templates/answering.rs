//! How the fitted map answers, from the very beliefs that it was fitted with.
//!
//! Takes what is known of the responses after the trials, the map, and how trials scatter along its directions; gives the
//! answer to a picture with embedding g as Gaussian:
//!
//! ```text
//! answer = offset + map·g + b + noise     noise: covariance `within`, anew in every trial
//!                                         b: covariance `between`, what the fit left unknown of this picture's response
//! ```
//!
//! `between` is the posterior variance of the responses, and of what all of them have in common: ten minutes of weak answers
//! leave much of it, and a mean of eighty trials, whose noise is small, is then worth little more than a mean of forty. So
//! probabilities mean what they say at every number of trials, without a single trial that the fit has not met.

use faer::Mat;

use crate::calibrate::linalg;
use crate::calibrate::trials::CalibrationError;

/// Directions of the answer with less than this share of the largest gain are left to rounding: single precision holds no
/// more of a covariance.
const LEAST_GAIN: f64 = 1e-4;

/// How many trials' worth the noise as it is taken to be (one in each direction, independent) counts beside how trials
/// scatter, for each direction.
const TRIALS_OF_MODEL: f64 = 2.0;

/// How a map into the embedding space answers to pictures; see the file's head.
#[derive(Clone, Debug)]
pub struct Answering {
    /// `[dim, dim]`
    pub map: Mat<f64>,
    /// `[dim]`
    pub offset: Vec<f64>,
    /// Covariance of one trial, `[dim, dim]`.
    pub within: Mat<f64>,
    /// Covariance of what is not known of a picture's response, `[dim, dim]`.
    pub between: Mat<f64>,
    /// Directions in which answers differ.
    pub directions: usize,
    /// What is not known, as a share of one trial's noise: mean over directions.
    pub unknown: f64,
}

/// What a map knows of responses, by direction of the whitened signal.
pub(super) struct Responses<'a> {
    /// Mean of the response for each unit of embedding, `[dim, directions]`.
    pub weights: &'a Mat<f64>,
    /// The response to no embedding at all.
    pub common: &'a [f64],
    /// Variance that is left of the response to a picture.
    pub spread: &'a [f64],
    /// From directions into the embedding space, `[directions, dim]`.
    pub trusted: &'a Mat<f64>,
    /// Added there, `[dim]`.
    pub bias: &'a [f64],
}

impl Answering {
    /// From the responses, the scatter of trials about their pictures' means `[trials, directions]` of which `freedom` are
    /// independent, and the number of trials from which `common` is known.
    ///
    /// # Errors
    /// [`CalibrationError::Numbers`].
    pub(super) fn of(
        responses: &Responses<'_>,
        scatter: &Mat<f64>,
        freedom: f64,
        trials: f64,
    ) -> Result<Self, CalibrationError> {
        let trusted = responses.trusted;
        let (values, vectors) = linalg::eigen((trusted * trusted.transpose()).as_ref())?;
        let most = values.last().copied().unwrap_or_default();
        let kept: Vec<usize> =
            (0..values.len()).rev().take_while(|i| values[*i] > LEAST_GAIN * most).collect();
        if kept.is_empty() {
            return Err(CalibrationError::Numbers("the fitted map answers nothing".into()));
        }
        let turn = Mat::from_fn(vectors.nrows(), kept.len(), |d, k| vectors[(d, kept[k])]);
        // Columns as long as the answer's gain in each direction, and the same with length one.
        let out = trusted.transpose() * &turn;
        let axes =
            Mat::from_fn(out.nrows(), kept.len(), |i, k| out[(i, k)] / values[kept[k]].sqrt());
        let noise = covariance(&(scatter * &turn), freedom);
        let inside = &out * &noise * out.transpose();
        // Beyond the directions nothing is known and nothing is expected: as much noise as in the noisiest one.
        let loudest = (0..kept.len()).map(|k| noise[(k, k)] * values[kept[k]]).fold(0.0, f64::max);
        let held = &axes * axes.transpose();
        let dim = out.nrows();
        let within = Mat::from_fn(dim, dim, |i, j| {
            let outside = if i == j { 1.0 - held[(i, j)] } else { -held[(i, j)] };
            inside[(i, j)] + loudest * outside
        });
        let left = |d: usize| responses.spread[d] + 1.0 / trials.max(1.0);
        let unknown = Mat::from_fn(turn.nrows(), kept.len(), |d, k| turn[(d, k)] * left(d).sqrt());
        let unknown = &out * unknown.transpose();
        let common = Mat::from_fn(responses.common.len(), 1, |d, _| responses.common[d]);
        let shared = trusted.transpose() * common;
        Ok(Self {
            map: &out * turn.transpose() * responses.weights.transpose(),
            offset: responses.bias.iter().enumerate().map(|(i, b)| b + shared[(i, 0)]).collect(),
            within,
            between: &unknown * unknown.transpose(),
            directions: kept.len(),
            unknown: (0..responses.spread.len()).map(left).sum::<f64>() / turn.nrows() as f64,
        })
    }

    /// The same for answers that are so many times as long.
    #[must_use]
    pub(super) fn scaled(self, by: f64) -> Self {
        Self {
            map: self.map * faer::Scale(by),
            offset: self.offset.iter().map(|value| value * by).collect(),
            within: self.within * faer::Scale(by * by),
            between: self.between * faer::Scale(by * by),
            ..self
        }
    }
}

/// Covariance of the scatter, drawn towards independent directions with variance one, and as much larger as its inverse is too
/// large on average where it was found from so few trials (mean of an inverse Wishart matrix).
fn covariance(scatter: &Mat<f64>, freedom: f64) -> Mat<f64> {
    let directions = scatter.ncols();
    let raw = scatter.transpose() * scatter;
    let model = TRIALS_OF_MODEL * directions as f64;
    // The scatter is as large as if means were known, so that its sum of squares is that of so many trials.
    let larger = freedom / scatter.nrows().max(1) as f64;
    let counted = freedom + model - directions as f64;
    Mat::from_fn(directions, directions, |i, j| {
        let one = if i == j { model } else { 0.0 };
        (larger * raw[(i, j)] + one) / counted
    })
}
