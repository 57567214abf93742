//! The honest score of few classes: AUC and balanced accuracy beside chance, interval, p-value and controls.

use faer::Mat;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::choice::{outer, outer_folds, pooled};
use super::classifier::{Kind, Prepared};
use super::judge::{Judge, Metric, Scored};
use crate::calibrate::score::controls::Control;
use crate::calibrate::score::{Score, Verdict, metrics};
use crate::calibrate::trials::split::{Fold, Split};
use crate::calibrate::trials::{CalibrationError, Trials};
use crate::compute::workers;

/// Training trials nearest in time that vote: enough to average, few enough to follow what drifts.
const NEIGHBOURS: usize = 5;

/// Share of the work that is fitting; the rest is drawing permutations.
const FITTING: f64 = 0.98;

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

/// Scores a classifier that is chosen and fitted anew for each fold; `on_progress` hears the share that is done, 0–1. Folds
/// of the score and of its controls are shared among all cores; `on_progress` is called on this thread.
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
    let labels = labels_of(trials);
    let folds = outer_folds(trials)?;
    let (shuffled, before) = (shuffled(trials, seed), trials.before_the_pictures());
    // What is fitted to, in the order in which it is told: the trials, labels exchanged, what was there before.
    let fitted = [Some(trials), Some(&shuffled), before.as_ref()];
    let prepared: Vec<Prepared<'_>> =
        fitted.into_iter().flatten().map(|trials| Prepared::of(trials, classes, rate_hz)).collect();
    let work = |piece: usize, on_share: &dyn Fn(f64)| {
        outer(&prepared[piece / folds.len()], &folds[piece % folds.len()], on_share)
    };
    let pieces = prepared.len() * folds.len();
    let found = workers::each(pieces, work, |share| on_progress(FITTING * share))?;
    let mut all = found.chunks(folds.len()).map(|found| pooled(&folds, found, classes));
    let nothing = || CalibrationError::Design("nothing was scored".into());
    let (own, chosen) = all.next().ok_or_else(nothing)?;
    let mut controls: Vec<(Control, Scored)> = Vec::new();
    if let Some((scores, _)) = all.next() {
        controls.push((Control::LabelShuffle, (scores, labels_of(&shuffled))));
    }
    for control in [Control::TimeOnly, Control::TimeInRun] {
        controls.push((control, (by_time(trials, classes, &folds, control), labels.clone())));
    }
    if let Some((scores, _)) = all.next() {
        controls.push((Control::PreStimulus, (scores, labels.clone())));
    }
    let judge = Judge { trials, classes, seed };
    let rest = |share: f64| on_progress(FITTING + (1.0 - FITTING) * share);
    let own = (own, labels);
    let judged = judge.all(std::iter::once(&own).chain(controls.iter().map(|(_, s)| s)), rest);
    let (own, judged) = judged.split_first().ok_or_else(nothing)?;
    let of_controls = || controls.iter().map(|(control, _)| *control).zip(judged);
    let mut verdict = Verdict::default();
    for (control, got) in of_controls() {
        verdict.hear(control, got[Metric::Auc as usize].score, "ROC AUC", own[0].score.value - 0.5);
    }
    let scores = Metric::ALL.map(|metric| {
        let got = own[metric as usize];
        Score {
            metric: metric.name(),
            encoder: "classifier",
            value: got.score.value,
            chance: if metric == Metric::Auc { 0.5 } else { 1.0 / classes as f64 },
            ci95: got.ci95,
            p_value: got.score.p_value,
            trials: trials.len(),
            k: 1,
            n: classes,
            split: Split::Runs,
            controls: of_controls().map(|(c, got)| (c, got[metric as usize].score)).collect(),
        }
    });
    let (refused, scores) = (verdict.refused(), scores.to_vec());
    Ok(ClassReport { refused, cautions: verdict.cautions, chosen, scores })
}

fn labels_of(trials: &Trials) -> Vec<usize> {
    trials.about.iter().map(|trial| trial.picture).collect()
}

/// The trials with their labels exchanged within runs.
fn shuffled(trials: &Trials, seed: u64) -> Trials {
    let runs: Vec<usize> = trials.about.iter().map(|trial| trial.run).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5348_5546);
    let exchanged = metrics::permuted(&labels_of(trials), &runs, &mut rng);
    let mut other = trials.clone();
    other.about.iter_mut().zip(&exchanged).for_each(|(trial, label)| trial.picture = *label);
    other
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
    let (mut out, mut near) = (Mat::zeros(trials.len(), classes), Vec::new());
    for fold in folds {
        for test in &fold.test {
            let away = |trial: &usize| (since[*trial] - since[*test]).abs();
            near.clone_from(&fold.train);
            if near.len() > NEIGHBOURS {
                // Of those as far away, the first.
                let nearer = |a: &usize, b: &usize| away(a).total_cmp(&away(b)).then(a.cmp(b));
                near.select_nth_unstable_by(NEIGHBOURS - 1, nearer);
            }
            for trial in near.iter().take(NEIGHBOURS) {
                out[(*test, trials.about[*trial].picture)] += 1.0;
            }
        }
    }
    out
}
