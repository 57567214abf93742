//! How well scores of few classes tell them apart: AUC and balanced accuracy.

use faer::Mat;

use crate::calibrate::score::metrics::Ranked;

/// Mean over classes of the AUC of each against the rest; for two classes that of the second.
pub fn mean_auc(scores: &Mat<f64>, labels: &[usize], classes: usize) -> Option<f64> {
    RankedClasses::of(scores, classes).mean(|ranked, class| ranked.auc(|i| labels[i] == class))
}

/// Scores `[trials, classes]` in their order, for each class that [`mean_auc`] looks at.
pub struct RankedClasses(Vec<(usize, Ranked)>);

impl RankedClasses {
    /// Of the scores of all trials.
    pub fn of(scores: &Mat<f64>, classes: usize) -> Self {
        let of = |class: usize| {
            let own: Vec<f64> = (0..scores.nrows())
                .map(|i| {
                    let rest = (0..classes).filter(|other| *other != class);
                    scores[(i, class)]
                        - rest.map(|other| scores[(i, other)]).fold(f64::NEG_INFINITY, f64::max)
                })
                .collect();
            (class, Ranked::of(&own))
        };
        Self(if classes == 2 { vec![of(1)] } else { (0..classes).map(of).collect() })
    }

    /// Mean of `auc` over the classes for which there is one.
    pub fn mean(&self, auc: impl Fn(&Ranked, usize) -> Option<f64>) -> Option<f64> {
        let all: Vec<f64> =
            self.0.iter().filter_map(|(class, ranked)| auc(ranked, *class)).collect();
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
    }
}

/// Mean over classes of the share of its trials whose own class scores highest.
pub fn balanced_accuracy(scores: &Mat<f64>, labels: &[usize], classes: usize) -> f64 {
    Highest::of(scores, classes).balanced(labels, |_| 1)
}

/// Which class scores highest in each trial.
pub struct Highest {
    classes: usize,
    /// Whether each class scores higher than all others, `[trials, classes]`.
    is: Vec<bool>,
}

impl Highest {
    /// Of scores `[trials, classes]`.
    pub fn of(scores: &Mat<f64>, classes: usize) -> Self {
        let is = |i: usize, class: usize| {
            (0..classes).all(|other| other == class || scores[(i, class)] > scores[(i, other)])
        };
        let trials = 0..scores.nrows();
        Self { classes, is: trials.flat_map(|i| (0..classes).map(move |c| is(i, c))).collect() }
    }

    /// [`balanced_accuracy`] where each trial is there so many `times`.
    pub fn balanced(&self, labels: &[usize], times: impl Fn(usize) -> usize) -> f64 {
        let mut counts = vec![[0_usize; 2]; self.classes];
        for (i, label) in labels.iter().enumerate() {
            let [all, right] = &mut counts[*label];
            *all += times(i);
            *right += if self.is[i * self.classes + label] { times(i) } else { 0 };
        }
        let known = || counts.iter().filter(|[all, _]| *all > 0);
        let sum: f64 = known().map(|[all, right]| *right as f64 / *all as f64).sum();
        sum / known().count().max(1) as f64
    }
}
