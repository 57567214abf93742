//! Scores of a run against what was really shown, where the source tells.
//!
//! Takes the rank of the true picture after each trial, gives shares with chance level, interval and exact
//! p-value. Every trial counts once, decoded alone; averaged decodes are kept apart, by k.

use std::collections::BTreeMap;

use crate::snapshot::{Score, ScoreAtK, TruthView};
use crate::stats;

/// Ranks at or above this count as a top-five hit.
const TOP_FIVE: u32 = 5;

/// Hits among trials.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    trials: u64,
    first: u64,
    first_five: u64,
}

impl Tally {
    fn add(&mut self, rank: u32) {
        self.trials += 1;
        self.first += u64::from(rank == 1);
        self.first_five += u64::from(rank <= TOP_FIVE);
    }

    fn share(&self, hits: u64) -> f64 {
        if self.trials == 0 { 0.0 } else { hits as f64 / self.trials as f64 }
    }

    fn score(&self) -> Score {
        Score {
            trials: self.trials,
            top1: self.share(self.first),
            top5: self.share(self.first_five),
        }
    }
}

/// Everything counted so far.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    gallery: usize,
    single: Tally,
    twin: Tally,
    by_k: BTreeMap<u32, Tally>,
}

impl Scores {
    /// Nothing counted yet, for a gallery of this many pictures.
    pub fn new(gallery: usize) -> Self {
        Self { gallery, ..Self::default() }
    }

    /// Counts one trial: the rank (from 1) of the true picture for the trial alone, for the average of the
    /// last `k` trials of that picture, and for the null twin of the trial alone.
    pub fn add(&mut self, single_rank: u32, k: u32, averaged_rank: u32, twin_rank: Option<u32>) {
        self.single.add(single_rank);
        self.by_k.entry(k).or_default().add(averaged_rank);
        if let Some(rank) = twin_rank {
            self.twin.add(rank);
        }
    }

    /// The null twin's score, if it ran.
    pub fn twin(&self) -> Option<Score> {
        (self.twin.trials > 0).then(|| self.twin.score())
    }

    /// The scores with all that is needed to judge them; `None` before the first trial.
    pub fn truth(&self) -> Option<TruthView> {
        if self.single.trials == 0 {
            return None;
        }
        let chance_top1 = 1.0 / self.gallery.max(1) as f64;
        let score = self.single.score();
        Some(TruthView {
            trials: score.trials,
            gallery: self.gallery,
            top1: score.top1,
            top5: score.top5,
            chance_top1,
            chance_top5: (f64::from(TOP_FIVE) * chance_top1).min(1.0),
            ci95_top1: stats::wilson_interval(self.single.first, score.trials),
            p_value: stats::binomial_tail(self.single.first, score.trials, chance_top1),
            by_k: self.by_k.iter().map(|(k, tally)| at_k(*k, tally)).collect(),
        })
    }
}

fn at_k(k: u32, tally: &Tally) -> ScoreAtK {
    let Score { trials, top1, top5 } = tally.score();
    ScoreAtK { k, trials, top1, top5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_trials_and_averages_are_counted_apart() {
        let mut scores = Scores::new(40);
        assert!(scores.truth().is_none());
        scores.add(1, 1, 1, Some(20));
        scores.add(7, 2, 1, Some(3));
        let truth = scores.truth().unwrap();
        assert_eq!((truth.trials, truth.top1, truth.top5), (2, 0.5, 0.5));
        assert_eq!(
            truth.by_k.iter().map(|s| (s.k, s.top1)).collect::<Vec<_>>(),
            [(1, 1.0), (2, 1.0)]
        );
        assert_eq!(scores.twin().unwrap().top5, 0.5);
        assert!((truth.chance_top5 - 0.125).abs() < 1e-12);
    }
}
