//! The honest score of a decoder on recorded trials: metrics beside chance, interval, p-value, k and controls.
//!
//! A score whose control succeeds is withheld ([`Report::refused`]); it is still listed, so that a reader sees what it
//! would have been taken for.

pub mod controls;
pub mod likeness;
pub mod metrics;

use std::collections::BTreeMap;

use faer::Mat;
use serde::Serialize;

use super::fit::options::FitOptions;
use super::trials::split::{Split, folds, groups};
use super::trials::{CalibrationError, Pictures, Trials};
use crate::calibrate::score::controls::Control;
use crate::calibrate::score::metrics::Fitted;

/// A control below this p-value has succeeded. Five controls and two splits: one in a hundred honest recordings would
/// be refused by chance at 0.001; the smallest p of [`metrics::DRAWS`] permutations is as small.
pub(super) const CONTROL_ALPHA: f64 = 0.001;

/// A control that succeeds withholds the score when its margin above chance is more than this share of the score's own;
/// a smaller one is a caution. Balanced orders always tell a little: the next picture is not the last one.
const WITHHELD_SHARE: f64 = 0.1;

/// Numbers of trials averaged.
const KS: [usize; 5] = [1, 2, 3, 5, 10];

/// One number, with all that it takes to judge it.
#[derive(Clone, Debug, Serialize)]
pub struct Score {
    /// What was measured.
    pub metric: &'static str,
    /// Who predicted: `personal`, `pack` for the pack's own encoder, or `classifier`.
    pub encoder: &'static str,
    /// As `metric` defines it.
    pub value: f64,
    /// What guessing gives.
    pub chance: f64,
    /// 95 % interval over pictures; over trials, for classes.
    pub ci95: [f64; 2],
    /// Share of permutations within runs that do as well.
    pub p_value: f64,
    /// Predictions scored.
    pub trials: usize,
    /// Trials averaged for each.
    pub k: usize,
    /// Pictures or classes among which was chosen.
    pub n: usize,
    /// What was left out at a time.
    pub split: Split,
    /// Value and p-value of the same metric for each control; those of k = 1.
    pub controls: BTreeMap<Control, ControlScore>,
}

/// What a control scored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ControlScore {
    /// By the metric of the score that it belongs to.
    pub value: f64,
    /// Share of permutations that do as well.
    pub p_value: f64,
}

/// All scores of some sessions.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Why no score means anything, if so.
    pub refused: Option<String>,
    /// Controls that succeeded by so little that the score stands.
    pub cautions: Vec<String>,
    /// The scores; the first is the headline.
    pub scores: Vec<Score>,
    /// What the decoder that was fitted anew for each fold said of each trial, `[trials, dim]`.
    #[serde(skip)]
    pub found: Mat<f64>,
}

/// What controls that succeeded mean for a score with this margin above chance: reasons to withhold it, and cautions.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    withheld: Vec<String>,
    /// See [`Report::cautions`].
    pub cautions: Vec<String>,
}

impl Verdict {
    /// Hears one control whose chance is one half. `metric` is its name in the sentence.
    pub fn hear(&mut self, control: Control, got: ControlScore, metric: &str, own_margin: f64) {
        if got.p_value >= CONTROL_ALPHA {
            return;
        }
        let said = format!(
            "{} ({metric} {:.3} where chance is 0.5, p = {:.4})",
            control.verdict(),
            got.value,
            got.p_value
        );
        let withholds = got.value - 0.5 > WITHHELD_SHARE * own_margin.max(0.0);
        if withholds { &mut self.withheld } else { &mut self.cautions }.push(said);
    }

    /// Why the score is withheld, if so.
    pub fn refused(&self) -> Option<String> {
        (!self.withheld.is_empty()).then(|| self.withheld.join("; "))
    }
}

/// Scores a decoder that is fitted anew for each fold, and the pack's own encoder, under one split.
///
/// # Errors
/// As [`crate::calibrate::fit::personal::fit`].
pub fn score(
    trials: &Trials,
    pictures: &Pictures,
    split: Split,
    options: &FitOptions<'_>,
    mut on_progress: impl FnMut(f64),
) -> Result<Report, CalibrationError> {
    let options = FitOptions { inner: split.inner(), ..*options };
    let groups = groups(trials, split, options.seed);
    let folds = folds(&groups);
    if folds.len() < 2 {
        let why = "one run of one picture cannot be divided into training and test";
        return Err(CalibrationError::Design(why.into()));
    }
    let steps = 1.0 + Control::ALL.len() as f64;
    let found = controls::cross_validated(trials, pictures, &folds, &options)?;
    let mut control_predictions = Vec::new();
    for (i, control) in Control::ALL.into_iter().enumerate() {
        on_progress((1.0 + i as f64) / steps);
        if let Some(predicted) = controls::predict(control, trials, pictures, &folds, &options)? {
            control_predictions.push((control, predicted));
        }
    }
    let judge = Judge { trials, pictures, split, seed: options.seed };
    let truth: Vec<usize> = trials.about.iter().map(|trial| trial.picture).collect();
    let controls: Vec<(Control, BTreeMap<Metric, ControlScore>)> = control_predictions
        .iter()
        .map(|(control, (found, truth))| {
            // One answer for all trials of a run: exchanging labels within runs would never change its score.
            let within = if *control == Control::MeanEmbedding { Among::All } else { Among::Runs };
            (*control, judge.control(found, truth, (within, Fitted::Crosswise)))
        })
        .collect();
    let mut scores = judge.scores("personal", (&found, Fitted::Crosswise), &controls);
    if options.with_pack {
        scores.extend(judge.scores("pack", (&trials.zero_shot, Fitted::Elsewhere), &controls));
    }
    let own = judge.control(&found, &truth, (Among::Runs, Fitted::Crosswise));
    let own_margin = own.get(&Metric::TwoWay).map_or(0.0, |score| score.value - 0.5);
    let mut verdict = Verdict::default();
    for (control, got) in &controls {
        if let Some(got) = got.get(&Metric::TwoWay) {
            verdict.hear(*control, *got, "2-way identification", own_margin);
        }
    }
    on_progress(1.0);
    Ok(Report { refused: verdict.refused(), cautions: verdict.cautions, scores, found })
}

/// What an encoder that was fitted before said of some trials.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// Its name.
    pub encoder: &'static str,
    /// Of the epochs, `[trials, dim]`.
    pub found: &'a Mat<f64>,
    /// Of the signal before them, where there is any.
    pub before: Option<&'a Mat<f64>>,
}

/// Scores encoders that were fitted before, on trials that none of them met. Nothing is fitted, so the only control is
/// the signal before the pictures; that of the first encoder may withhold the score. Permutations stay within runs.
///
/// # Errors
/// [`CalibrationError::Shape`] for answers of another shape.
pub fn score_given(
    trials: &Trials,
    pictures: &Pictures,
    all: &[Given<'_>],
    split: Split,
    seed: u64,
) -> Result<Report, CalibrationError> {
    let judge = Judge { trials, pictures, split, seed };
    let truth: Vec<usize> = trials.about.iter().map(|trial| trial.picture).collect();
    let (mut scores, mut verdict) = (Vec::new(), Verdict::default());
    let elsewhere = (Among::Runs, Fitted::Elsewhere);
    for (place, given) in all.iter().enumerate() {
        let (got, expected) = (given.found.nrows(), trials.len());
        if got != expected {
            return Err(CalibrationError::Shape { what: "the answers", got, expected });
        }
        let control =
            |before: &Mat<f64>| (Control::PreStimulus, judge.control(before, &truth, elsewhere));
        let controls: Vec<_> = given.before.map(control).into_iter().collect();
        let own = judge.control(given.found, &truth, elsewhere);
        let own_margin = own.get(&Metric::TwoWay).map_or(0.0, |score| score.value - 0.5);
        for (control, got) in controls.iter().filter(|_| place == 0) {
            if let Some(got) = got.get(&Metric::TwoWay) {
                verdict.hear(*control, *got, "2-way identification", own_margin);
            }
        }
        scores.extend(judge.scores(given.encoder, (given.found, Fitted::Elsewhere), &controls));
    }
    let found = all.first().map_or_else(|| Mat::zeros(0, 0), |given| given.found.clone());
    Ok(Report { refused: verdict.refused(), cautions: verdict.cautions, scores, found })
}

/// How often each picture (row) was taken for each (column) by the nearest target in angle.
pub fn confusion(trials: &Trials, pictures: &Pictures, found: &Mat<f64>) -> Mat<f64> {
    let mut counts = Mat::zeros(pictures.len(), pictures.len());
    for (i, trial) in trials.about.iter().enumerate() {
        let cosine = |row: usize| {
            let truth = vec![row];
            metrics::cosine(found.as_ref().subrows(i, 1), pictures, &truth)
        };
        let best = (0..pictures.len()).max_by(|a, b| cosine(*a).total_cmp(&cosine(*b)));
        if let Some(best) = best {
            counts[(trial.picture, best)] += 1.0;
        }
    }
    counts
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Metric {
    Top1,
    Top5,
    TwoWay,
    Cosine,
}

impl Metric {
    const ALL: [Self; 4] = [Self::Top1, Self::Top5, Self::TwoWay, Self::Cosine];

    fn name(self) -> &'static str {
        match self {
            Self::Top1 => "top1",
            Self::Top5 => "top5",
            Self::TwoWay => "two_way",
            Self::Cosine => "cosine",
        }
    }

    fn chance(self, n: usize) -> f64 {
        match self {
            Self::Top1 => 1.0 / n as f64,
            Self::Top5 => 5.0_f64.min(n as f64) / n as f64,
            Self::TwoWay => 0.5,
            Self::Cosine => f64::NAN, // a cosine has no fixed chance level: its permutations give one
        }
    }
}

struct Judge<'a> {
    trials: &'a Trials,
    pictures: &'a Pictures,
    split: Split,
    seed: u64,
}

/// Among which trials a permutation exchanges labels.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Among {
    Runs,
    All,
}

/// Predictions that are scored together.
struct Predicted {
    found: Mat<f64>,
    truth: Vec<usize>,
    runs: Vec<usize>,
    from: Fitted,
}

impl Judge<'_> {
    fn runs(&self) -> Vec<usize> {
        self.trials.about.iter().map(|trial| trial.run).collect()
    }

    fn control(
        &self,
        found: &Mat<f64>,
        truth: &[usize],
        (among, from): (Among, Fitted),
    ) -> BTreeMap<Metric, ControlScore> {
        let runs = match among {
            Among::Runs => self.runs(),
            Among::All => vec![0; truth.len()],
        };
        let predicted = Predicted { found: found.clone(), truth: truth.to_vec(), runs, from };
        let each = |metric: Metric| {
            let value = self.value(metric, &predicted, &predicted.truth);
            let p_value = self.p_value(metric, &predicted);
            (metric, ControlScore { value, p_value })
        };
        Metric::ALL.into_iter().map(each).collect()
    }

    fn scores(
        &self,
        encoder: &'static str,
        (found, from): (&Mat<f64>, Fitted),
        controls: &[(Control, BTreeMap<Metric, ControlScore>)],
    ) -> Vec<Score> {
        let mut all = Vec::new();
        for k in KS {
            let predicted = self.averaged((found, from), k);
            // Fewer would give an interval that says nothing.
            if predicted.truth.len() < 10 {
                continue;
            }
            for metric in Metric::ALL {
                let by_control = controls
                    .iter()
                    .filter_map(|(control, scores)| Some((*control, *scores.get(&metric)?)));
                let n = self.pictures.len();
                let chance = metric.chance(n);
                all.push(Score {
                    metric: metric.name(),
                    encoder,
                    value: self.value(metric, &predicted, &predicted.truth),
                    chance: if chance.is_nan() {
                        self.permuted_mean(metric, &predicted)
                    } else {
                        chance
                    },
                    ci95: self.interval(metric, &predicted),
                    p_value: self.p_value(metric, &predicted),
                    trials: predicted.truth.len(),
                    k,
                    n,
                    split: self.split,
                    controls: by_control.collect(),
                });
            }
        }
        all
    }

    /// Means of k successive predictions of the same picture; a rest is left out.
    fn averaged(&self, (found, from): (&Mat<f64>, Fitted), k: usize) -> Predicted {
        let mut waiting: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut sets = Vec::new();
        for (i, trial) in self.trials.about.iter().enumerate() {
            let set = waiting.entry(trial.picture).or_default();
            set.push(i);
            if set.len() == k {
                sets.push(std::mem::take(set));
            }
        }
        let mean = |i: usize, j: usize| {
            let set: &Vec<usize> = &sets[i];
            set.iter().map(|trial| found[(*trial, j)]).sum::<f64>() / k as f64
        };
        let about = |set: &Vec<usize>| self.trials.about[set[0]];
        Predicted {
            found: Mat::from_fn(sets.len(), found.ncols(), mean),
            truth: sets.iter().map(|set| about(set).picture).collect(),
            // Averages reach over runs, so labels may be exchanged among all of them.
            runs: sets.iter().map(|set| if k == 1 { about(set).run } else { 0 }).collect(),
            from,
        }
    }

    fn value(&self, metric: Metric, predicted: &Predicted, truth: &[usize]) -> f64 {
        let ranks = || metrics::ranks(predicted.found.as_ref(), self.pictures, truth);
        match metric {
            Metric::Top1 => metrics::top_k(&ranks(), 1),
            Metric::Top5 => metrics::top_k(&ranks(), 5),
            Metric::TwoWay => metrics::two_way(&ranks(), self.pictures.len()),
            Metric::Cosine => metrics::cosine(predicted.found.as_ref(), self.pictures, truth),
        }
    }

    /// What each trial would add for each picture, `[trials, pictures]`: permutations then only look up.
    fn table(&self, metric: Metric, predicted: &Predicted) -> Mat<f64> {
        let n = self.pictures.len();
        let mut table = Mat::zeros(predicted.truth.len(), n);
        for picture in 0..n {
            let truth = vec![picture; predicted.truth.len()];
            let ranks = metrics::ranks(predicted.found.as_ref(), self.pictures, &truth);
            for (i, rank) in ranks.iter().enumerate() {
                table[(i, picture)] = match metric {
                    Metric::Top1 => metrics::top_k(&[*rank], 1),
                    Metric::Top5 => metrics::top_k(&[*rank], 5),
                    Metric::TwoWay => metrics::two_way(&[*rank], n),
                    Metric::Cosine => {
                        let row = predicted.found.as_ref().subrows(i, 1);
                        metrics::cosine(row, self.pictures, &[picture])
                    }
                };
            }
        }
        table
    }

    fn interval(&self, metric: Metric, predicted: &Predicted) -> [f64; 2] {
        let table = self.table(metric, predicted);
        metrics::bootstrap(&predicted.truth, self.seed, |chosen| {
            let sum: f64 = chosen.iter().map(|i| table[(*i, predicted.truth[*i])]).sum();
            sum / chosen.len().max(1) as f64
        })
    }

    fn p_value(&self, metric: Metric, predicted: &Predicted) -> f64 {
        let table = self.table(metric, predicted);
        let from = (self.seed, predicted.from);
        metrics::permutation_p(&predicted.truth, &predicted.runs, from, |labels| {
            labels.iter().enumerate().map(|(i, label)| table[(i, *label)]).sum()
        })
    }

    /// The mean over all pairs of trial and label that a permutation may make.
    fn permuted_mean(&self, metric: Metric, predicted: &Predicted) -> f64 {
        let table = self.table(metric, predicted);
        let count = predicted.truth.len();
        let of = |i: usize| -> f64 { predicted.truth.iter().map(|label| table[(i, *label)]).sum() };
        (0..count).map(of).sum::<f64>() / (count * count).max(1) as f64
    }
}
