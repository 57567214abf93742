//! What scores of few classes are worth: each metric with its p-value and interval. Scores are put in order once; a
//! thousand permutations and a thousand resamples then only look up.

use std::convert::Infallible;

use faer::Mat;

use super::measures::{Highest, RankedClasses};
use crate::calibrate::score::{ControlScore, metrics};
use crate::calibrate::trials::Trials;
use crate::compute::workers;

/// Scores of trials, `[trials, classes]`, and the labels they are held against.
pub type Scored = (Mat<f64>, Vec<usize>);

/// What is measured.
#[derive(Clone, Copy, PartialEq)]
pub enum Metric {
    /// See [`super::mean_auc`].
    Auc,
    /// See [`super::balanced_accuracy`].
    Accuracy,
}

impl Metric {
    /// Everything, in this order.
    pub const ALL: [Self; 2] = [Self::Auc, Self::Accuracy];

    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auc => "roc_auc",
            Self::Accuracy => "balanced_accuracy",
        }
    }
}

/// What one metric says of some scores.
#[derive(Clone, Copy)]
pub struct Judged {
    /// Value and p-value.
    pub score: ControlScore,
    /// 95 % interval over trials; no numbers for what was not asked.
    pub ci95: [f64; 2],
}

/// Judges scores of these trials.
pub struct Judge<'a> {
    /// The trials.
    pub trials: &'a Trials,
    /// How many labels there are.
    pub classes: usize,
    /// Of permutations and resamples.
    pub seed: u64,
}

impl Judge<'_> {
    /// Each of the scores by each of [`Metric::ALL`]; the first with intervals.
    pub fn all<'s>(
        &self,
        scored: impl Iterator<Item = &'s Scored>,
        on_progress: impl FnMut(f64),
    ) -> Vec<[Judged; 2]> {
        let scored: Vec<&Scored> = scored.collect();
        let work = |piece: usize, _: &dyn Fn(f64)| -> Result<Judged, Infallible> {
            Ok(self.judged(Metric::ALL[piece % 2], scored[piece / 2], piece < 2))
        };
        let Ok(found) = workers::each(2 * scored.len(), work, on_progress);
        found.chunks_exact(2).map(|both| [both[0], both[1]]).collect()
    }

    fn judged(&self, metric: Metric, (scores, labels): &Scored, with_interval: bool) -> Judged {
        match metric {
            Metric::Auc => {
                let ranked = RankedClasses::of(scores, self.classes);
                self.by(labels, with_interval, |labels, times| {
                    let auc = ranked.mean(|ranked, class| match times {
                        None => ranked.auc(|i| labels[i] == class),
                        Some(times) => ranked.auc_of_chosen(times, |i| labels[i] == class),
                    });
                    auc.unwrap_or(f64::NAN)
                })
            }
            Metric::Accuracy => {
                let highest = Highest::of(scores, self.classes);
                self.by(labels, with_interval, |labels, times| match times {
                    None => highest.balanced(labels, |_| 1),
                    Some(times) => highest.balanced(labels, |i| times[i]),
                })
            }
        }
    }

    /// `value` takes a label for each trial, and how often each trial is there where it is not once.
    fn by(
        &self,
        labels: &[usize],
        with_interval: bool,
        value: impl Fn(&[usize], Option<&[usize]>) -> f64,
    ) -> Judged {
        let runs: Vec<usize> = self.trials.about.iter().map(|trial| trial.run).collect();
        let from = (self.seed, metrics::Fitted::Crosswise);
        let p_value = metrics::permutation_p(labels, &runs, from, |permuted| value(permuted, None));
        let score = ControlScore { value: value(labels, None), p_value };
        if !with_interval {
            return Judged { score, ci95: [f64::NAN; 2] };
        }
        let each: Vec<usize> = (0..labels.len()).collect();
        let mut times = vec![0; labels.len()];
        let ci95 = metrics::bootstrap(&each, self.seed, |chosen| {
            times.fill(0);
            chosen.iter().for_each(|i| times[*i] += 1);
            value(labels, Some(&times))
        });
        Judged { score, ci95 }
    }
}
