//! What a decoder is fitted to: epochs of signal, which picture each saw, when and in which run.
//!
//! Keeps its own consistency: every epoch has the same shape, every picture a target. Trials stand in the order in
//! which they were shown.

pub mod features;
pub mod noise;
pub mod split;
pub mod whiten;

use faer::Mat;

/// Why nothing can be fitted or scored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    /// Too little to learn from.
    #[error("{got} usable trials {of}; at least {needed} are needed. {remedy}")]
    TooFew {
        /// Usable trials.
        got: usize,
        /// Of what, as `of 3 pictures`.
        of: String,
        /// The least that will do.
        needed: usize,
        /// What to do.
        remedy: String,
    },
    /// The parts do not fit each other.
    #[error("{what} has {got} values where {expected} are expected")]
    Shape {
        /// Which part.
        what: &'static str,
        /// What is there.
        got: usize,
        /// What should be.
        expected: usize,
    },
    /// The design gives no score that means anything.
    #[error("{0}")]
    Design(String),
    /// The numbers do not allow it: not finite, or no variance at all.
    #[error("the signal cannot be fitted: {0}")]
    Numbers(String),
    /// The pack's encoder cannot be built upon.
    #[error("the pack's encoder cannot be extended: {0}")]
    Graph(String),
}

/// The pictures that were shown, as rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Pictures {
    /// Names, as in markers.
    pub ids: Vec<String>,
    /// Where each lies in the embedding space, `[pictures, dim]`.
    pub targets: Mat<f64>,
}

impl Pictures {
    /// Names with their targets, row-major `[pictures, dim]`.
    ///
    /// # Errors
    /// [`CalibrationError::Shape`].
    pub fn new(ids: Vec<String>, targets: &[f32], dim: usize) -> Result<Self, CalibrationError> {
        let expected = ids.len() * dim;
        if targets.len() != expected {
            let (what, got) = ("the pictures' embeddings", targets.len());
            return Err(CalibrationError::Shape { what, got, expected });
        }
        let targets = Mat::from_fn(ids.len(), dim, |i, j| f64::from(targets[i * dim + j]));
        Ok(Self { ids, targets })
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// One presentation of one picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// Row of the picture in [`Pictures`].
    pub picture: usize,
    /// Which run, counted over all sessions.
    pub run: usize,
    /// Which session: noise is whitened by session.
    pub session: usize,
    /// When it was shown, in seconds of its recording.
    pub onset_secs: f64,
}

/// Trials with their signal.
#[derive(Clone, Debug)]
pub struct Trials {
    /// Channels of an epoch.
    pub channels: usize,
    /// Samples of a channel.
    pub samples: usize,
    /// The trials, in order.
    pub about: Vec<Trial>,
    /// Epochs behind the onsets, `[trials, channels, samples]`, µV.
    pub eeg: Vec<f32>,
    /// As long, ending at the onsets: what was there before the picture. May be empty.
    pub before: Vec<f32>,
    /// What the pack's own encoder says of each epoch, `[trials, dim]`.
    pub zero_shot: Mat<f64>,
}

impl Trials {
    /// How many.
    pub fn len(&self) -> usize {
        self.about.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.about.is_empty()
    }

    /// One epoch, `[channels, samples]`.
    pub fn epoch(&self, trial: usize) -> &[f32] {
        let width = self.channels * self.samples;
        &self.eeg[trial * width..(trial + 1) * width]
    }

    /// Some of the trials, in the order given.
    #[must_use]
    pub fn at(&self, chosen: &[usize]) -> Self {
        let width = self.channels * self.samples;
        let pick = |from: &[f32]| -> Vec<f32> {
            if from.is_empty() {
                return Vec::new();
            }
            chosen.iter().flat_map(|i| &from[i * width..(i + 1) * width]).copied().collect()
        };
        let dim = self.zero_shot.ncols();
        Self {
            channels: self.channels,
            samples: self.samples,
            about: chosen.iter().map(|i| self.about[*i]).collect(),
            eeg: pick(&self.eeg),
            before: pick(&self.before),
            zero_shot: Mat::from_fn(chosen.len(), dim, |i, j| self.zero_shot[(chosen[i], j)]),
        }
    }

    /// The same trials with what came before the pictures in place of what came after; nothing is known of what the
    /// pack's encoder would say of that.
    #[must_use]
    pub fn before_the_pictures(&self) -> Option<Self> {
        (!self.before.is_empty()).then(|| Self {
            eeg: self.before.clone(),
            before: Vec::new(),
            zero_shot: Mat::zeros(self.len(), self.zero_shot.ncols()),
            ..self.clone()
        })
    }

    /// Checks shapes, rows and numbers.
    ///
    /// # Errors
    /// [`CalibrationError::Shape`], [`CalibrationError::Numbers`].
    pub fn check(&self, pictures: &Pictures) -> Result<(), CalibrationError> {
        let expected = self.len() * self.channels * self.samples;
        let shape = |what, got, expected| CalibrationError::Shape { what, got, expected };
        if self.eeg.len() != expected {
            return Err(shape("the epochs", self.eeg.len(), expected));
        }
        if !self.before.is_empty() && self.before.len() != expected {
            return Err(shape("the epochs before the pictures", self.before.len(), expected));
        }
        if (self.zero_shot.nrows(), self.zero_shot.ncols())
            != (self.len(), pictures.targets.ncols())
        {
            let got = self.zero_shot.nrows() * self.zero_shot.ncols();
            return Err(shape("the pack's answers", got, self.len() * pictures.targets.ncols()));
        }
        if let Some(trial) = self.about.iter().find(|trial| trial.picture >= pictures.len()) {
            return Err(shape("the list of pictures", pictures.len(), trial.picture + 1));
        }
        match self.eeg.iter().chain(&self.before).position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(at) => {
                let trial = at / (self.channels * self.samples).max(1) % self.len().max(1);
                Err(CalibrationError::Numbers(format!(
                    "trial {trial} holds values that are no numbers"
                )))
            }
        }
    }
}
