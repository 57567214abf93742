//! Some of the trials, without a copy of their signal.

use faer::Mat;

use crate::calibrate::trials::Trials;
use crate::calibrate::trials::split::{Fold, Split, folds, groups};

/// Some trials, in the order given; their `picture` is the class.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// Of which.
    pub trials: &'a Trials,
    /// Which.
    pub rows: &'a [usize],
}

impl<'a> Part<'a> {
    /// How many.
    pub fn len(self) -> usize {
        self.rows.len()
    }

    /// Class of each.
    pub fn labels(self) -> Vec<usize> {
        self.rows.iter().map(|row| self.trials.about[*row].picture).collect()
    }

    /// One epoch, `[channels, samples]`.
    pub fn epoch(self, i: usize) -> &'a [f32] {
        self.trials.epoch(self.rows[i])
    }

    /// One run left out at a time, or one of five blocks of a single run; by rows of all trials.
    pub fn folds(self) -> Vec<Fold> {
        let alone = Trials {
            channels: self.trials.channels,
            samples: self.trials.samples,
            about: self.rows.iter().map(|row| self.trials.about[*row]).collect(),
            eeg: Vec::new(),
            before: Vec::new(),
            zero_shot: Mat::zeros(self.len(), 0),
        };
        let whole = |places: &[usize]| places.iter().map(|place| self.rows[*place]).collect();
        folds(&groups(&alone, Split::Runs, 0))
            .iter()
            .map(|fold| Fold { train: whole(&fold.train), test: whole(&fold.test) })
            .collect()
    }
}

/// Rows of all trials.
pub fn all(trials: &Trials) -> Vec<usize> {
    (0..trials.len()).collect()
}
