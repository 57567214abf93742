//! The detector of flashes: how much an epoch looks like the answer to a picture that one is looking for.
//!
//! Takes epochs `[channels, samples]` in µV, cut behind flashes of which it is known whether the sought picture lit up; gives
//! one number a flash, higher for a target. The sum of two linear discriminants, each scaled by its spread in training: one on
//! whitened epochs in bins, one on the logarithm of the covariance of xDAWN-filtered epochs ([`crate::calibrate::classes`],
//! [`Kind::Both`]). On recordings at hand the sum is as good as either alone or better, with few flashes and with many.
//!
//! The number is in units of its spread among flashes of the same kind in training, zero halfway between targets and others:
//! monotone in the odds, but not yet log-odds. What it says of a flash that the detector was not fitted to is estimated from
//! [`Detector::out_of_fold_scores`].
//!
//! Guarantees: scoring neither allocates nor fails on hostile samples (they have no score), and gives the same bits for the
//! same epoch whenever it is asked; a detector that is read from a file is checked, and scores as the one that was written.

mod epochs;
mod logarithm;
mod tangent;

use serde::{Deserialize, Serialize};

use crate::calibrate::CalibrationError;
use crate::calibrate::classes::{Classifier, Kind};
use crate::calibrate::trials::split::{Fold, few, folds};
use crate::compute::workers;

pub use epochs::{BAND_HZ, BAND_ORDER, Epochs, LEAST_RATE_HZ, MAX_EPOCH, WINDOW_SECS};
use tangent::Tangent;

/// What the file is.
const SCHEMA: u32 = 1;

/// Largest file that is read: the numbers of the largest epoch, written out, and some more.
pub const MAX_FILE_BYTES: usize = 4 << 20;

/// Why there is no detector.
#[derive(Debug, thiserror::Error)]
pub enum DetectorError {
    /// The epochs are not what they are said to be.
    #[error("the flashes cannot be used: {0}")]
    Epochs(String),
    /// Too few of either kind, or numbers that do not allow it.
    #[error(transparent)]
    Fit(#[from] CalibrationError),
    /// A file that is no detector.
    #[error("the detector of flashes cannot be read: {0}. Learn the wearer again")]
    File(String),
}

/// A fitted detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    schema: u32,
    channels: usize,
    samples: usize,
    /// Of the epochs that it was fitted to.
    rate_hz: f64,
    /// On the epoch in µV, `[channels × samples]`.
    weights: Vec<f64>,
    tangent: Tangent,
    /// What is added.
    offset: f64,
}

impl Detector {
    /// Fits to all epochs.
    ///
    /// # Errors
    /// [`DetectorError::Epochs`] for shapes and numbers, [`DetectorError::Fit`] for fewer than ten flashes of either kind.
    pub fn fit(epochs: &Epochs<'_>) -> Result<Self, DetectorError> {
        epochs.check()?;
        let all: Vec<usize> = (0..epochs.len()).collect();
        Self::fit_to(epochs, &all)
    }

    /// Fits to some of epochs that were checked.
    fn fit_to(epochs: &Epochs<'_>, rows: &[usize]) -> Result<Self, DetectorError> {
        let trials = epochs.trials(rows);
        let classifier = Classifier::fit(Kind::Both, &trials, 2, epochs.rate_hz)?;
        let additive = classifier.additive();
        let (Some(on_epoch), Some(on_tangent)) = (additive.epoch, additive.tangent) else {
            return Err(CalibrationError::Numbers("half of the detector is missing".into()).into());
        };
        let difference = |weights: &faer::Mat<f64>| -> Vec<f64> {
            (0..weights.nrows()).map(|i| weights[(i, 1)] - weights[(i, 0)]).collect()
        };
        let mut found = Self {
            schema: SCHEMA,
            channels: epochs.channels,
            samples: epochs.samples,
            rate_hz: epochs.rate_hz,
            weights: difference(&on_epoch),
            tangent: Tangent::of(&on_tangent, difference(&on_tangent.weights)),
            offset: additive.offsets[1] - additive.offsets[0],
        };
        found.standardise(epochs, rows)?;
        Ok(found)
    }

    /// Brings the middle between both kinds to zero and the spread within them to one.
    fn standardise(&mut self, epochs: &Epochs<'_>, rows: &[usize]) -> Result<(), DetectorError> {
        let spoilt = || CalibrationError::Numbers("the scores in training are no numbers".into());
        let mut of_kind = [(0.0, 0.0, 0.0); 2];
        for row in rows {
            let score = self.score(epochs.epoch(*row)).ok_or_else(spoilt)?;
            let (count, sum, squares) = &mut of_kind[usize::from(epochs.is_target[*row])];
            (*count, *sum, *squares) = (*count + 1.0, *sum + score, *squares + score * score);
        }
        let mean = |kind: usize| of_kind[kind].1 / of_kind[kind].0;
        let within: f64 =
            of_kind.iter().map(|(count, sum, squares)| squares - sum * sum / count).sum();
        let spread = (within / rows.len() as f64).max(0.0).sqrt();
        let (middle, factor) = (0.5 * (mean(0) + mean(1)), 1.0 / spread);
        if !(middle.is_finite() && factor.is_finite()) {
            return Err(spoilt().into());
        }
        self.weights.iter_mut().for_each(|weight| *weight *= factor);
        self.tangent.scale(factor);
        self.offset = factor * (self.offset - middle);
        Ok(())
    }

    /// How much an epoch `[channels, samples]` in µV looks like a target; `None` for another shape, or samples that give no
    /// number. Does not allocate.
    pub fn score(&self, epoch: &[f32]) -> Option<f64> {
        if epoch.len() != self.weights.len() {
            return None;
        }
        let linear: f64 =
            self.weights.iter().zip(epoch).map(|(weight, value)| weight * f64::from(*value)).sum();
        let score = self.offset + linear + self.tangent.score(epoch, self.samples)?;
        score.is_finite().then_some(score)
    }

    /// Channels of an epoch.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Samples of a channel.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Rate of the epochs that it was fitted to, in Hz.
    pub fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    /// The score of every epoch by a detector that was fitted without its group (page, run, block), in the order of the
    /// epochs: at most five folds of neighbouring groups, shared among all cores. A fold whose training flashes are too few
    /// fails the whole.
    ///
    /// # Errors
    /// As [`Detector::fit`]; [`DetectorError::Epochs`] for fewer than two groups.
    pub fn out_of_fold_scores(epochs: &Epochs<'_>) -> Result<Vec<f64>, DetectorError> {
        epochs.check()?;
        let folds = folds(&few(&epochs.numbered_groups()));
        if folds.len() < 2 {
            let why = "all belong to one page or run; two or more are needed, to score flashes by what was learnt elsewhere";
            return Err(DetectorError::Epochs(why.into()));
        }
        let work = |fold: usize, _: &dyn Fn(f64)| -> Result<Vec<Option<f64>>, DetectorError> {
            let Fold { train, test } = &folds[fold];
            let own = Self::fit_to(epochs, train)?;
            Ok(test.iter().map(|row| own.score(epochs.epoch(*row))).collect())
        };
        let found = workers::each(folds.len(), work, |_| ())?;
        let mut out = vec![f64::NAN; epochs.len()];
        for (row, score) in folds.iter().flat_map(|fold| &fold.test).zip(found.iter().flatten()) {
            let none = || CalibrationError::Numbers(format!("flash {row} has no score"));
            out[*row] = score.ok_or_else(none)?;
        }
        Ok(out)
    }

    /// The detector as a file.
    ///
    /// # Errors
    /// [`DetectorError::File`].
    pub fn to_json(&self) -> Result<String, DetectorError> {
        serde_json::to_string(self).map_err(|why| DetectorError::File(why.to_string()))
    }

    /// Reads a file and checks it.
    ///
    /// # Errors
    /// [`DetectorError::File`]: too large, damaged, shapes that do not fit each other, numbers that are none.
    pub fn from_json(text: &str) -> Result<Self, DetectorError> {
        if text.len() > MAX_FILE_BYTES {
            let why = format!("it has {} bytes, at most {MAX_FILE_BYTES} are expected", text.len());
            return Err(DetectorError::File(why));
        }
        let found: Self =
            serde_json::from_str(text).map_err(|why| DetectorError::File(why.to_string()))?;
        found.check()?;
        Ok(found)
    }

    /// Checks shapes and numbers of what was read.
    ///
    /// # Errors
    /// [`DetectorError::File`].
    pub fn check(&self) -> Result<(), DetectorError> {
        let refuse = |why: String| Err(DetectorError::File(why));
        if self.schema != SCHEMA {
            return refuse(format!("its schema is {}, {SCHEMA} is expected", self.schema));
        }
        let expected =
            self.channels.checked_mul(self.samples).filter(|n| (1..=MAX_EPOCH).contains(n));
        if expected != Some(self.weights.len()) {
            let (channels, samples, got) = (self.channels, self.samples, self.weights.len());
            return refuse(format!(
                "its epochs have {channels} channels of {samples} samples, and it has {got} weights; at most {MAX_EPOCH} are expected"
            ));
        }
        if !(self.rate_hz.is_finite() && self.rate_hz > 0.0) {
            return refuse(format!("its rate is {} Hz", self.rate_hz));
        }
        if !self.weights.iter().chain([&self.offset]).all(|value| value.is_finite()) {
            return refuse("a weight is no number".into());
        }
        self.tangent.check(self.channels, self.samples).map_err(DetectorError::File)
    }
}

#[cfg(test)]
mod tests;
