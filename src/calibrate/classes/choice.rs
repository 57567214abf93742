//! Which features serve best, by inner cross-validation, and scores of trials by classifiers that never met their run.

use faer::Mat;

use super::classifier::{Kind, Known, Prepared};
use super::measures::mean_auc;
use super::part::all;
use crate::calibrate::linalg;
use crate::calibrate::trials::split::Fold;
use crate::calibrate::trials::{CalibrationError, Trials};
use crate::compute::workers;

/// AUC of every kind for one fold that was left out; `None` where its trials are of one class.
type Aucs = [Option<f64>; 4];

/// The kind with the best mean AUC over classes in inner cross-validation, and that AUC. Folds are shared among all cores.
///
/// # Errors
/// As [`super::Classifier::fit`].
pub fn choose(
    trials: &Trials,
    classes: usize,
    rate_hz: f64,
) -> Result<(Kind, f64), CalibrationError> {
    let prepared = Prepared::of(trials, classes, rate_hz);
    let folds = prepared.part(&all(trials)).folds();
    let work = |fold: usize, _: &dyn Fn(f64)| aucs(&prepared, &folds[fold]);
    Ok(best(&workers::each(folds.len(), work, |_| ())?))
}

fn aucs(prepared: &Prepared<'_>, fold: &Fold) -> Result<Aucs, CalibrationError> {
    let labels = prepared.part(&fold.test).labels();
    let scores = Known::scores_of_all(prepared, &fold.train, &fold.test)?;
    Ok(scores.map(|scores| mean_auc(&scores, &labels, prepared.classes)))
}

fn best(folds: &[Aucs]) -> (Kind, f64) {
    let mut best = (Kind::Epochs, f64::NEG_INFINITY);
    for (place, kind) in Kind::ALL.into_iter().enumerate() {
        let known = || folds.iter().filter_map(|fold| fold[place]);
        let auc = known().sum::<f64>() / known().count().max(1) as f64;
        // Of those that are as good, the first.
        if auc > best.1 + 1e-9 {
            best = (kind, auc);
        }
    }
    best
}

/// What one fold of the outer cross-validation gives.
pub struct Outer {
    /// Scores of what was left out, `[test, classes]`, centred and scaled as in training.
    scores: Mat<f64>,
    /// Features that were chosen without it.
    kind: Kind,
}

/// Folds of the outer cross-validation, by rows of the trials.
///
/// # Errors
/// [`CalibrationError::Design`] when there are fewer than two.
pub fn outer_folds(trials: &Trials) -> Result<Vec<Fold>, CalibrationError> {
    let rows = all(trials);
    let folds = super::part::Part { trials, rows: &rows }.folds();
    if folds.len() < 2 {
        return Err(CalibrationError::Design(
            "one trial cannot be divided into training and test".into(),
        ));
    }
    Ok(folds)
}

/// Chooses and fits a classifier without a fold, and scores it. `on_share` hears the share that is done, 0–1.
///
/// # Errors
/// As [`super::Classifier::fit`].
pub fn outer(
    prepared: &Prepared<'_>,
    fold: &Fold,
    on_share: &dyn Fn(f64),
) -> Result<Outer, CalibrationError> {
    let inner = prepared.part(&fold.train).folds();
    let mut found = Vec::with_capacity(inner.len());
    for (place, fold) in inner.iter().enumerate() {
        found.push(aucs(prepared, fold)?);
        on_share((place + 1) as f64 / (inner.len() + 1) as f64);
    }
    let (kind, _) = best(&found);
    let known = Known::fit(kind, prepared, &fold.train)?;
    let mut scores = known.classifier.of(prepared, &fold.test)?;
    let mean = linalg::column_means(known.scores.as_ref());
    let spread = linalg::rms(linalg::less(known.scores.as_ref(), &mean).as_ref());
    for (column, mean) in scores.col_iter_mut().zip(&mean) {
        column.iter_mut().for_each(|score| *score = (*score - mean) / spread);
    }
    Ok(Outer { scores, kind })
}

/// Scores of all trials, `[trials, classes]`, and the kinds that were chosen, from what each fold gave.
pub fn pooled(folds: &[Fold], found: &[Outer], classes: usize) -> (Mat<f64>, Vec<Kind>) {
    let count = folds.iter().map(|fold| fold.test.len()).sum();
    let mut out = Mat::zeros(count, classes);
    for (fold, own) in folds.iter().zip(found) {
        for (i, row) in fold.test.iter().enumerate() {
            (0..classes).for_each(|class| out[(*row, class)] = own.scores[(i, class)]);
        }
    }
    (out, found.iter().map(|own| own.kind).collect())
}

/// Scores of every trial by a classifier that was chosen and fitted without its fold, `[trials, classes]`, and what
/// was chosen for each fold. Scores of a fold are centred and scaled as in training, so that folds can be pooled. Folds are
/// shared among all cores.
///
/// # Errors
/// As [`super::Classifier::fit`].
pub fn cross_validated(
    trials: &Trials,
    classes: usize,
    rate_hz: f64,
) -> Result<(Mat<f64>, Vec<Kind>), CalibrationError> {
    let folds = outer_folds(trials)?;
    let prepared = Prepared::of(trials, classes, rate_hz);
    let work = |fold: usize, on_share: &dyn Fn(f64)| outer(&prepared, &folds[fold], on_share);
    let found = workers::each(folds.len(), work, |_| ())?;
    Ok(pooled(&folds, &found, classes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::trials::Trial;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    #[test]
    fn threads_change_nothing_and_shared_parts_are_those_of_each_kind_alone() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let (count, channels, samples) = (96, 3, 24);
        let about: Vec<Trial> = (0..count)
            .map(|i| Trial { picture: i % 2, run: i / 32, session: i / 48, onset_secs: i as f64 })
            .collect();
        let mut eeg = Vec::new();
        for trial in &about {
            for at in 0..channels * samples {
                let evoked = if at / samples == trial.picture { 0.5 } else { 0.0 };
                eeg.push(rng.sample::<f32, _>(StandardNormal) + evoked);
            }
        }
        let zero_shot = Mat::zeros(count, 1);
        let trials = Trials { channels, samples, about, eeg, before: Vec::new(), zero_shot };
        let (scores, kinds) = cross_validated(&trials, 2, 100.0).unwrap();
        let prepared = Prepared::of(&trials, 2, 100.0);
        let folds = outer_folds(&trials).unwrap();
        let alone: Vec<Outer> =
            folds.iter().map(|fold| outer(&prepared, fold, &|_| ()).unwrap()).collect();
        assert_eq!(pooled(&folds, &alone, 2), (scores, kinds));
        let Fold { train, test } = &folds[1];
        let all = Known::scores_of_all(&prepared, train, test).unwrap();
        for (kind, scores) in Kind::ALL.into_iter().zip(&all) {
            let known = Known::fit(kind, &prepared, train).unwrap();
            // As callers without rows have it, by a copy of the trials.
            let copied = known.classifier.scores(&trials.at(test)).unwrap();
            let apart = (scores - &copied).norm_max();
            assert!(apart < 1e-9, "{kind:?}: {apart}");
            assert_eq!(known.classifier.of(&prepared, test).unwrap(), copied);
        }
    }
}
