//! The honest score of few classes: AUC and balanced accuracy beside chance, interval, p-value and controls.

use faer::Mat;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::{Kind, balanced_accuracy, cross_validated, mean_auc};
use crate::calibrate::score::controls::Control;
use crate::calibrate::score::{ControlScore, Score, Verdict, metrics};
use crate::calibrate::trials::split::{Fold, Split, folds, groups};
use crate::calibrate::trials::{CalibrationError, Trials};

/// Training trials nearest in time that vote: enough to average, few enough to follow what drifts.
const NEIGHBOURS: usize = 5;

/// All scores.
#[derive(Clone, Debug, Serialize)]
pub struct ClassReport {
    /// Why no score means anything, if so.
    pub refused: Option<String>,
    /// Controls that succeeded by so little that the score stands.
    pub cautions: Vec<String>,
    /// Features that inner cross-validation chose, fold by fold.
    pub chosen: Vec<Kind>,
    /// With interval, chance and controls each.
    pub scores: Vec<Score>,
}

/// Scores of trials and the labels they are held against.
type Scored = (Mat<f64>, Vec<usize>);

/// Scores a classifier that is chosen and fitted anew for each fold.
///
/// # Errors
/// As [`super::Classifier::fit`].
pub fn score(
    trials: &Trials,
    classes: usize,
    rate_hz: f64,
    seed: u64,
    mut on_progress: impl FnMut(f64),
) -> Result<ClassReport, CalibrationError> {
    let labels: Vec<usize> = trials.about.iter().map(|trial| trial.picture).collect();
    let (found, chosen) = cross_validated(trials, classes, rate_hz)?;
    on_progress(0.3);
    let mut controls: Vec<(Control, Scored)> = Vec::new();
    controls.push((Control::LabelShuffle, shuffled(trials, classes, rate_hz, seed)?));
    on_progress(0.6);
    let folds = folds(&groups(trials, Split::Runs, 0));
    for control in [Control::TimeOnly, Control::TimeInRun] {
        controls.push((control, (by_time(trials, classes, &folds, control), labels.clone())));
    }
    if let Some(before) = trials.before_the_pictures() {
        let (scores, _) = cross_validated(&before, classes, rate_hz)?;
        controls.push((Control::PreStimulus, (scores, labels.clone())));
    }
    on_progress(0.9);
    let judge = Judge { trials, classes, seed };
    let scored = (found, labels);
    let own_margin = judge.value(Metric::Auc, &scored.0, &scored.1) - 0.5;
    let mut verdict = Verdict::default();
    for (control, got) in &controls {
        verdict.hear(*control, judge.control(Metric::Auc, got), "ROC AUC", own_margin);
    }
    let scores = [Metric::Auc, Metric::Accuracy]
        .map(|metric| Score {
            metric: metric.name(),
            encoder: "classifier",
            value: judge.value(metric, &scored.0, &scored.1),
            chance: if metric == Metric::Auc { 0.5 } else { 1.0 / classes as f64 },
            ci95: judge.interval(metric, &scored),
            p_value: judge.control(metric, &scored).p_value,
            trials: trials.len(),
            k: 1,
            n: classes,
            split: Split::Runs,
            controls: controls.iter().map(|(c, s)| (*c, judge.control(metric, s))).collect(),
        })
        .to_vec();
    on_progress(1.0);
    Ok(ClassReport { refused: verdict.refused(), cautions: verdict.cautions, chosen, scores })
}

fn shuffled(
    trials: &Trials,
    classes: usize,
    rate_hz: f64,
    seed: u64,
) -> Result<Scored, CalibrationError> {
    let labels: Vec<usize> = trials.about.iter().map(|trial| trial.picture).collect();
    let runs: Vec<usize> = trials.about.iter().map(|trial| trial.run).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5348_5546);
    let exchanged = metrics::permuted(&labels, &runs, &mut rng);
    let mut other = trials.clone();
    other.about.iter_mut().zip(&exchanged).for_each(|(trial, label)| trial.picture = *label);
    Ok((cross_validated(&other, classes, rate_hz)?.0, exchanged))
}

/// The votes of the training trials that are nearest in time.
fn by_time(trials: &Trials, classes: usize, folds: &[Fold], control: Control) -> Mat<f64> {
    let first = |run: usize| {
        trials.about.iter().find(|trial| trial.run == run).map_or(0.0, |trial| trial.onset_secs)
    };
    let since: Vec<f64> = trials
        .about
        .iter()
        .map(|trial| {
            // Runs of different recordings have clocks of their own: far apart in recorded time.
            let own = trial.onset_secs - first(trial.run);
            if control == Control::TimeInRun { own } else { own + trial.run as f64 * 1e7 }
        })
        .collect();
    let mut out = Mat::zeros(trials.len(), classes);
    for fold in folds {
        for test in &fold.test {
            let mut near = fold.train.clone();
            near.sort_by(|a, b| {
                (since[*a] - since[*test]).abs().total_cmp(&(since[*b] - since[*test]).abs())
            });
            for trial in near.iter().take(NEIGHBOURS) {
                out[(*test, trials.about[*trial].picture)] += 1.0;
            }
        }
    }
    out
}

#[derive(Clone, Copy, PartialEq)]
enum Metric {
    Auc,
    Accuracy,
}

impl Metric {
    fn name(self) -> &'static str {
        match self {
            Self::Auc => "roc_auc",
            Self::Accuracy => "balanced_accuracy",
        }
    }
}

struct Judge<'a> {
    trials: &'a Trials,
    classes: usize,
    seed: u64,
}

impl Judge<'_> {
    fn value(&self, metric: Metric, scores: &Mat<f64>, labels: &[usize]) -> f64 {
        match metric {
            Metric::Auc => mean_auc(scores, labels, self.classes).unwrap_or(f64::NAN),
            Metric::Accuracy => balanced_accuracy(scores, labels, self.classes),
        }
    }

    fn control(&self, metric: Metric, (scores, labels): &Scored) -> ControlScore {
        let runs: Vec<usize> = self.trials.about.iter().map(|trial| trial.run).collect();
        let p_value = metrics::permutation_p(
            labels,
            &runs,
            (self.seed, metrics::Fitted::Crosswise),
            |permuted| self.value(metric, scores, permuted),
        );
        ControlScore { value: self.value(metric, scores, labels), p_value }
    }

    fn interval(&self, metric: Metric, (scores, labels): &Scored) -> [f64; 2] {
        let each: Vec<usize> = (0..labels.len()).collect();
        metrics::bootstrap(&each, self.seed, |chosen| {
            let rows = crate::calibrate::linalg::rows(scores.as_ref(), chosen);
            let own: Vec<usize> = chosen.iter().map(|i| labels[*i]).collect();
            self.value(metric, &rows, &own)
        })
    }
}
