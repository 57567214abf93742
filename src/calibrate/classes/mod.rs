//! Few classes (two to ten labels): face against house, target against non-target.
//!
//! Takes epochs with a class each; gives a linear score of every class. Two kinds of features are tried, and inner
//! cross-validation chooses: covariances of xDAWN-filtered epochs in the tangent space (Rivet et al. 2009, IEEE TBME
//! 56:2035; Barachant et al. 2013, Neurocomputing 112:172), and the whitened epochs themselves in bins. The classifier is
//! linear discriminant analysis with Ledoit-Wolf shrinkage (Blankertz et al. 2011, NeuroImage 56:814).

pub mod additive;
mod discriminant;
pub mod left_out;
pub mod score;
mod tangent;
mod xdawn;

use faer::Mat;
use serde::Serialize;

use super::score::metrics;
use super::trials::features::Features;
use super::trials::split::{Split, folds, groups};
use super::trials::whiten::whitening;
use super::trials::{CalibrationError, Trials};
use additive::{Additive, Tangent};
use discriminant::Discriminant;
use tangent::TangentSpace;
use xdawn::Xdawn;

/// Fewest trials of each class to fit to: with fewer, five folds leave a class with a trial or two.
pub const MIN_PER_CLASS: usize = 10;

/// What the features are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Covariances of xDAWN-filtered epochs, with so many filters a class, in the tangent space.
    Xdawn(usize),
    /// Whitened epochs in bins of 20 ms.
    Epochs,
    /// The sum of both, each scaled by its spread in training.
    Both,
}

impl Kind {
    /// Everything that is tried.
    pub const ALL: [Self; 4] = [Self::Xdawn(2), Self::Xdawn(4), Self::Epochs, Self::Both];
}

/// A fitted classifier.
pub enum Classifier {
    /// See [`Kind::Xdawn`].
    Xdawn(Box<(Xdawn, TangentSpace, Discriminant)>),
    /// See [`Kind::Epochs`].
    Epochs(Box<(Features, Mat<f64>, Discriminant)>),
    /// See [`Kind::Both`]; with the spread of each part's scores.
    Both(Box<[(Classifier, f64); 2]>),
}

impl Classifier {
    /// Fits one kind to trials whose `picture` is the class, `classes` of them.
    ///
    /// # Errors
    /// [`CalibrationError`] when a class has too few trials, or the numbers do not allow it.
    pub fn fit(
        kind: Kind,
        trials: &Trials,
        classes: usize,
        rate_hz: f64,
    ) -> Result<Self, CalibrationError> {
        let labels: Vec<usize> = trials.about.iter().map(|trial| trial.picture).collect();
        enough(&labels, classes)?;
        Ok(match kind {
            Kind::Xdawn(filters) => {
                let xdawn = Xdawn::fit(trials, &labels, classes, filters)?;
                let covariances = xdawn.covariances(trials);
                let space = TangentSpace::fit(&covariances)?;
                let discriminant =
                    Discriminant::fit(&space.vectors(&covariances)?, &labels, classes)?;
                Self::Xdawn(Box::new((xdawn, space, discriminant)))
            }
            Kind::Epochs => {
                let features = Features::new(trials.channels, trials.samples, rate_hz);
                let white = whitening(trials)?;
                let rows = features.of(&one_session(trials), std::slice::from_ref(&white));
                let discriminant = Discriminant::fit(&rows, &labels, classes)?;
                Self::Epochs(Box::new((features, white, discriminant)))
            }
            Kind::Both => {
                let part = |kind| -> Result<(Self, f64), CalibrationError> {
                    let part = Self::fit(kind, trials, classes, rate_hz)?;
                    let scores = part.scores(trials)?;
                    let spread = super::linalg::rms(scores.as_ref());
                    Ok((part, spread))
                };
                Self::Both(Box::new([part(Kind::Xdawn(4))?, part(Kind::Epochs)?]))
            }
        })
    }

    /// Scores of every class, `[trials, classes]`; larger is more likely.
    ///
    /// # Errors
    /// [`CalibrationError::Numbers`].
    pub fn scores(&self, trials: &Trials) -> Result<Mat<f64>, CalibrationError> {
        Ok(match self {
            Self::Xdawn(parts) => {
                let (xdawn, space, discriminant) = parts.as_ref();
                discriminant.scores(&space.vectors(&xdawn.covariances(trials))?)
            }
            Self::Epochs(parts) => {
                let (features, white, discriminant) = parts.as_ref();
                let rows = features.of(&one_session(trials), std::slice::from_ref(white));
                discriminant.scores(&rows)
            }
            Self::Both(parts) => {
                let [(a, spread_a), (b, spread_b)] = parts.as_ref();
                a.scores(trials)? * faer::Scale(1.0 / spread_a)
                    + b.scores(trials)? * faer::Scale(1.0 / spread_b)
            }
        })
    }
}

impl Classifier {
    /// The same scores as a sum that a graph can compute.
    pub fn additive(&self) -> Additive {
        match self {
            Self::Xdawn(parts) => {
                let (xdawn, space, discriminant) = parts.as_ref();
                let (weights, offsets) = discriminant.linear();
                let tangent = Tangent {
                    filters: xdawn.filters.clone(),
                    means: xdawn.means.clone(),
                    whitening: space.whitening().clone(),
                    weights: space.on_logarithm(&weights),
                };
                Additive { epoch: None, tangent: Some(tangent), offsets }
            }
            Self::Epochs(parts) => {
                let (features, white, discriminant) = parts.as_ref();
                let (on_features, offsets) = discriminant.linear();
                let epoch = Some(features.on_samples(on_features.as_ref(), white));
                Additive { epoch, tangent: None, offsets }
            }
            Self::Both(parts) => {
                let [(a, spread_a), (b, spread_b)] = parts.as_ref();
                a.additive().scaled(1.0 / spread_a).plus(b.additive().scaled(1.0 / spread_b))
            }
        }
    }
}

/// Posteriors of the classes, which are equally likely before, from scores that are this much too small.
pub fn posteriors(scores: &Mat<f64>, sharpness: f64) -> Mat<f64> {
    let mut out = scores * faer::Scale(sharpness);
    for i in 0..out.nrows() {
        let most = (0..out.ncols()).map(|j| out[(i, j)]).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = (0..out.ncols()).map(|j| (out[(i, j)] - most).exp()).sum();
        (0..out.ncols()).for_each(|j| out[(i, j)] = (out[(i, j)] - most).exp() / sum);
    }
    out
}

/// The AUC of one kind of features in cross-validation over runs.
///
/// # Errors
/// As [`Classifier::fit`].
fn score_of(
    kind: Kind,
    trials: &Trials,
    classes: usize,
    rate_hz: f64,
) -> Result<f64, CalibrationError> {
    let (mut sum, mut count) = (0.0, 0);
    for fold in &folds(&groups(trials, Split::Runs, 0)) {
        let (train, test) = (trials.at(&fold.train), trials.at(&fold.test));
        let scores = Classifier::fit(kind, &train, classes, rate_hz)?.scores(&test)?;
        let labels: Vec<usize> = test.about.iter().map(|trial| trial.picture).collect();
        if let Some(auc) = mean_auc(&scores, &labels, classes) {
            sum += auc;
            count += 1;
        }
    }
    Ok(sum / f64::from(count.max(1)))
}

/// Whitening here is by one matrix for all.
fn one_session(trials: &Trials) -> Trials {
    let mut one = trials.clone();
    one.about.iter_mut().for_each(|trial| trial.session = 0);
    one
}

fn enough(labels: &[usize], classes: usize) -> Result<(), CalibrationError> {
    for class in 0..classes {
        let got = labels.iter().filter(|label| **label == class).count();
        if got < MIN_PER_CLASS {
            return Err(CalibrationError::TooFew {
                got,
                of: format!("of class {}", class + 1),
                needed: MIN_PER_CLASS,
                remedy: "Record more of it, or see which trials were refused and why".into(),
            });
        }
    }
    Ok(())
}

/// The kind with the best mean AUC over classes in inner cross-validation, and that AUC.
///
/// # Errors
/// As [`Classifier::fit`].
pub fn choose(
    trials: &Trials,
    classes: usize,
    rate_hz: f64,
) -> Result<(Kind, f64), CalibrationError> {
    let mut best = (Kind::Epochs, f64::NEG_INFINITY);
    for kind in Kind::ALL {
        let auc = score_of(kind, trials, classes, rate_hz)?;
        if auc > best.1 + 1e-9 {
            best = (kind, auc);
        }
    }
    Ok(best)
}

/// Scores of every trial by a classifier that was chosen and fitted without its fold, `[trials, classes]`, and what
/// was chosen for each fold. Scores of a fold are centred and scaled as in training, so that folds can be pooled.
///
/// # Errors
/// As [`Classifier::fit`].
pub fn cross_validated(
    trials: &Trials,
    classes: usize,
    rate_hz: f64,
) -> Result<(Mat<f64>, Vec<Kind>), CalibrationError> {
    let folds = folds(&groups(trials, Split::Runs, 0));
    if folds.len() < 2 {
        return Err(CalibrationError::Design(
            "one trial cannot be divided into training and test".into(),
        ));
    }
    let (mut out, mut kinds) = (Mat::zeros(trials.len(), classes), Vec::new());
    for fold in &folds {
        let (train, test) = (trials.at(&fold.train), trials.at(&fold.test));
        let (kind, _) = choose(&train, classes, rate_hz)?;
        let classifier = Classifier::fit(kind, &train, classes, rate_hz)?;
        let (known, scores) = (classifier.scores(&train)?, classifier.scores(&test)?);
        let mean = super::linalg::column_means(known.as_ref());
        let spread = super::linalg::rms(super::linalg::less(known.as_ref(), &mean).as_ref());
        for (i, row) in fold.test.iter().enumerate() {
            for class in 0..classes {
                out[(*row, class)] = (scores[(i, class)] - mean[class]) / spread;
            }
        }
        kinds.push(kind);
    }
    Ok((out, kinds))
}

/// Mean over classes of the AUC of each against the rest; for two classes that of the second.
pub fn mean_auc(scores: &Mat<f64>, labels: &[usize], classes: usize) -> Option<f64> {
    let of = |class: usize| {
        let own: Vec<f64> = (0..labels.len())
            .map(|i| {
                let rest = (0..classes).filter(|other| *other != class);
                scores[(i, class)]
                    - rest.map(|other| scores[(i, other)]).fold(f64::NEG_INFINITY, f64::max)
            })
            .collect();
        let is: Vec<bool> = labels.iter().map(|label| *label == class).collect();
        metrics::roc_auc(&own, &is)
    };
    if classes == 2 {
        return of(1);
    }
    let all: Vec<f64> = (0..classes).filter_map(of).collect();
    (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
}

/// Mean over classes of the share of its trials whose own class scores highest.
pub fn balanced_accuracy(scores: &Mat<f64>, labels: &[usize], classes: usize) -> f64 {
    let right = |i: usize| {
        (0..classes).all(|other| other == labels[i] || scores[(i, labels[i])] > scores[(i, other)])
    };
    let of = |class: usize| {
        let own: Vec<usize> = (0..labels.len()).filter(|i| labels[*i] == class).collect();
        (!own.is_empty())
            .then(|| own.iter().filter(|i| right(**i)).count() as f64 / own.len() as f64)
    };
    let all: Vec<f64> = (0..classes).filter_map(of).collect();
    all.iter().sum::<f64>() / all.len().max(1) as f64
}
