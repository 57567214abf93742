//! How surely a classifier of few classes answers: from what classifiers that were fitted without a run say of it.
//!
//! Takes trials, and their null twins; gives the scores of both by the classifier of the other runs, the sharpness that makes
//! posteriors as sure as they are right, what windows without information make of them, and what a look is worth.

use faer::Mat;

use super::classifier::{Kind, Known, Prepared, posteriors};
use super::part::{Part, all};
use crate::calibrate::linalg;
use crate::calibrate::trials::split::Fold;
use crate::calibrate::trials::{CalibrationError, Trials};
use crate::compute::workers;

/// Scores by classifiers that were fitted without a trial's run.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// `[trials, classes]`
    pub scores: Mat<f64>,
    /// Of the null twins in their places.
    pub of_twins: Option<Mat<f64>>,
    /// Class of each trial.
    pub labels: Vec<usize>,
}

/// How surely classes are named: see [`crate::pack::classes`].
#[derive(Clone, Debug, PartialEq)]
pub struct Sureness {
    /// `[classes]`
    pub noise_mean: Vec<f64>,
    /// `[classes, classes]`
    pub noise_covariance: Mat<f64>,
    /// `[classes, classes]`
    pub per_look: Mat<f64>,
}

/// Fits a classifier for each run that is left out. Runs are shared among all cores.
///
/// # Errors
/// As [`super::Classifier::fit`].
pub fn left_out(
    kind: Kind,
    (trials, twins): (&Trials, Option<&Trials>),
    classes: usize,
    rate_hz: f64,
) -> Result<LeftOut, CalibrationError> {
    let rows = all(trials);
    let folds = Part { trials, rows: &rows }.folds();
    let prepared = Prepared::of(trials, classes, rate_hz);
    let of_twins = twins.map(|twins| Prepared::of(twins, classes, rate_hz));
    let work = |fold: usize, _: &dyn Fn(f64)| -> Result<_, CalibrationError> {
        let Fold { train, test } = &folds[fold];
        let classifier = Known::fit(kind, &prepared, train)?.classifier;
        let twins = of_twins.as_ref().map(|twins| classifier.of(twins, test)).transpose()?;
        Ok((classifier.of(&prepared, test)?, twins))
    };
    let found = workers::each(folds.len(), work, |_| ())?;
    let mut scores = Mat::zeros(trials.len(), classes);
    let mut of_twins = twins.map(|_| scores.clone());
    for (Fold { test, .. }, (own, of_own)) in folds.iter().zip(&found) {
        put(&mut scores, test, own);
        if let (Some(out), Some(own)) = (&mut of_twins, of_own) {
            put(out, test, own);
        }
    }
    let labels = trials.about.iter().map(|trial| trial.picture).collect();
    Ok(LeftOut { scores, of_twins, labels })
}

fn put(out: &mut Mat<f64>, rows: &[usize], found: &Mat<f64>) {
    for (i, row) in rows.iter().enumerate() {
        (0..out.ncols()).for_each(|class| out[(*row, class)] = found[(i, class)]);
    }
}

impl LeftOut {
    /// By how much scores must be multiplied for their posteriors to be as sure as they are right: the highest likelihood
    /// of what was left out, each class counting alike (temperature scaling: Guo et al. 2017). Even where all were right, the
    /// next may be wrong: targets are those of Platt 2000, (n + 1) / (n + 2) for n trials of a class.
    pub fn sharpness(&self) -> f64 {
        let classes = self.scores.ncols();
        let mut counts = vec![0.0_f64; classes];
        self.labels.iter().for_each(|label| counts[*label] += 1.0);
        let likelihood = |sharpness: f64| -> f64 {
            let shares = posteriors(&self.scores, sharpness);
            let own = |(i, label): (usize, &usize)| {
                let target = (counts[*label] + 1.0) / (counts[*label] + 2.0);
                let share = |class: usize| shares[(i, class)].max(f64::MIN_POSITIVE).ln();
                let others = (0..classes).filter(|class| class != label).map(share).sum::<f64>();
                let rest = (1.0 - target) / (classes.max(2) - 1) as f64;
                (target * share(*label) + rest * others) / counts[*label].max(1.0)
            };
            self.labels.iter().enumerate().map(own).sum()
        };
        // Eight to an octave, from a thousandth to a thousand.
        let tried = (-80..=80).map(|step| (f64::from(step) / 8.0).exp2());
        tried.max_by(|a, b| likelihood(*a).total_cmp(&likelihood(*b))).unwrap_or(1.0)
    }

    /// What null twins and looks are worth at this sharpness; `None` without null twins.
    pub fn sureness(&self, sharpness: f64) -> Option<Sureness> {
        let noise = logarithms(self.of_twins.as_ref()?, sharpness);
        let noise_mean = linalg::column_means(noise.as_ref());
        let away = linalg::less(noise.as_ref(), &noise_mean);
        let share = 1.0 / noise.nrows().max(1) as f64;
        let noise_covariance = away.transpose() * &away * faer::Scale(share);
        let (own, classes) = (logarithms(&self.scores, sharpness), self.scores.ncols());
        let per_look = Mat::from_fn(classes, classes, |class, other| {
            let of = |i: &usize| self.labels[*i] == class;
            let odds: Vec<f64> =
                (0..own.nrows()).filter(of).map(|i| own[(i, class)] - own[(i, other)]).collect();
            (odds.iter().sum::<f64>() / odds.len().max(1) as f64).max(0.0)
        });
        Some(Sureness { noise_mean, noise_covariance, per_look })
    }
}

/// Logarithms of the posteriors, less their mean over classes: what adds up over trials.
fn logarithms(scores: &Mat<f64>, sharpness: f64) -> Mat<f64> {
    let mean = |i: usize| {
        (0..scores.ncols()).map(|j| scores[(i, j)]).sum::<f64>() / scores.ncols().max(1) as f64
    };
    // The logarithm of a softmax is the score less what is the same for all classes.
    Mat::from_fn(scores.nrows(), scores.ncols(), |i, j| sharpness * (scores[(i, j)] - mean(i)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two classes whose log odds are normal with mean ±2 and variance 4: calibrated as they are.
    fn calibrated() -> LeftOut {
        let spread: Vec<f64> = (0..400).map(|i| f64::from(i) / 400.0 * 2.0 - 1.0).collect();
        let labels: Vec<usize> = (0..800).map(|i| i % 2).collect();
        // An odd function of evenly spread numbers is near enough to a normal one.
        let normal = |u: f64| 2.0 * (1.4 * u + 0.9 * u.powi(5));
        let odds = |i: usize| (if labels[i] == 1 { 2.0 } else { -2.0 }) + normal(spread[i / 2]);
        let scores =
            Mat::from_fn(800, 2, |i, j| if j == 1 { 0.25 * odds(i) } else { -0.25 * odds(i) });
        let of_twins = Some(Mat::from_fn(800, 2, |i, j| {
            if j == 1 { 0.05 * normal(spread[i / 2]) } else { -0.05 * normal(spread[i / 2]) }
        }));
        LeftOut { scores, of_twins, labels }
    }

    #[test]
    fn sharpness_sureness_and_what_a_look_is_worth() {
        let found = calibrated();
        let sharpness = found.sharpness();
        assert!((1.5..2.8).contains(&sharpness), "scores are half the log odds: {sharpness}");
        let sureness = found.sureness(2.0).unwrap();
        assert!((sureness.per_look[(0, 1)] - 2.0).abs() < 0.05, "{}", sureness.per_look[(0, 1)]);
        assert_eq!(sureness.per_look[(1, 1)], 0.0);
        assert!(sureness.noise_mean.iter().all(|mean| mean.abs() < 0.01));
        let spread = sureness.noise_covariance[(0, 0)];
        assert!((0.02..0.06).contains(&spread), "{spread}");
        assert!(LeftOut { of_twins: None, ..found }.sureness(2.0).is_none());
    }
}
