//! A classifier of either kind of features or both, fitted to some of the trials.

use faer::Mat;
use serde::Serialize;

use super::additive::{Additive, Tangent};
use super::discriminant::Discriminant;
use super::epochs::Binned;
use super::part::{Part, all};
use super::tangent::TangentSpace;
use super::xdawn::Xdawn;
use crate::calibrate::linalg;
use crate::calibrate::trials::features::Features;
use crate::calibrate::trials::whiten::whitening_of;
use crate::calibrate::trials::{CalibrationError, Trials};

/// Fewest trials of each class to fit to: with fewer, five folds leave a class with a trial or two.
pub const MIN_PER_CLASS: usize = 10;

/// Filters a class that are tried, few and many; many go with epochs.
const FEW_FILTERS: usize = 2;
const BOTH_FILTERS: usize = 4;

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
    pub const ALL: [Self; 4] =
        [Self::Xdawn(FEW_FILTERS), Self::Xdawn(BOTH_FILTERS), Self::Epochs, Self::Both];
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

/// Trials with what every fit to some of them needs.
pub struct Prepared<'a> {
    /// Their `picture` is the class.
    pub trials: &'a Trials,
    /// Of all of them.
    pub binned: Binned,
    /// How many.
    pub classes: usize,
}

impl<'a> Prepared<'a> {
    /// Takes trials of `classes` classes; their epochs were sampled at `rate_hz`.
    pub fn of(trials: &'a Trials, classes: usize, rate_hz: f64) -> Self {
        Self { trials, binned: Binned::of(trials, rate_hz), classes }
    }

    /// Some of the trials.
    pub fn part<'b>(&'b self, rows: &'b [usize]) -> Part<'b> {
        Part { trials: self.trials, rows }
    }
}

/// A classifier, and its scores of what it was fitted to, `[trials, classes]`.
pub struct Known {
    /// The classifier.
    pub classifier: Classifier,
    /// See there.
    pub scores: Mat<f64>,
}

impl Known {
    /// Fits one kind to rows of the trials.
    ///
    /// # Errors
    /// As [`Classifier::fit`].
    pub fn fit(
        kind: Kind,
        prepared: &Prepared<'_>,
        rows: &[usize],
    ) -> Result<Self, CalibrationError> {
        let labels = prepared.part(rows).labels();
        enough(&labels, prepared.classes)?;
        let xdawn = |filters| -> Result<Self, CalibrationError> {
            let part = prepared.part(rows);
            let mut found = Xdawn::fit(part, &labels, prepared.classes, &[filters])?;
            let one = found.pop().ok_or_else(no_filters)?;
            Self::of_xdawn(one, part, &labels, prepared)
        };
        match kind {
            Kind::Xdawn(filters) => xdawn(filters),
            Kind::Epochs => Self::of_epochs(prepared, rows, &labels),
            Kind::Both => {
                Ok(Self::of_both(xdawn(BOTH_FILTERS)?, Self::of_epochs(prepared, rows, &labels)?))
            }
        }
    }

    /// Fits every kind to the same rows, in the order of [`Kind::ALL`], and gives the scores of others, `[test, classes]`
    /// each. What kinds share is fitted once.
    ///
    /// # Errors
    /// As [`Classifier::fit`].
    pub fn scores_of_all(
        prepared: &Prepared<'_>,
        rows: &[usize],
        test: &[usize],
    ) -> Result<[Mat<f64>; 4], CalibrationError> {
        let (part, classes) = (prepared.part(rows), prepared.classes);
        let labels = part.labels();
        enough(&labels, classes)?;
        let filters = [FEW_FILTERS, BOTH_FILTERS];
        let mut found = Vec::new();
        for xdawn in Xdawn::fit(part, &labels, classes, &filters)? {
            let known = Self::of_xdawn(xdawn, part, &labels, prepared)?;
            found.push((known.classifier.of(prepared, test)?, linalg::rms(known.scores.as_ref())));
        }
        let known = Self::of_epochs(prepared, rows, &labels)?;
        let (epochs, spread) =
            (known.classifier.of(prepared, test)?, linalg::rms(known.scores.as_ref()));
        let [(few, _), (many, many_spread)] =
            <[_; 2]>::try_from(found).map_err(|_| no_filters())?;
        let both = sum((&many, many_spread), (&epochs, spread));
        Ok([few, many, epochs, both])
    }

    fn of_xdawn(
        xdawn: Xdawn,
        part: Part<'_>,
        labels: &[usize],
        prepared: &Prepared<'_>,
    ) -> Result<Self, CalibrationError> {
        let covariances = xdawn.covariances(part);
        let space = TangentSpace::fit(&covariances)?;
        let rows = space.vectors(&covariances)?;
        let discriminant = Discriminant::fit(&rows, labels, prepared.classes)?;
        let scores = discriminant.scores(&rows);
        let classifier = Classifier::Xdawn(Box::new((xdawn, space, discriminant)));
        Ok(Self { classifier, scores })
    }

    fn of_epochs(
        prepared: &Prepared<'_>,
        rows: &[usize],
        labels: &[usize],
    ) -> Result<Self, CalibrationError> {
        let white = whitening_of(prepared.trials, rows)?;
        let own = prepared.binned.whitened(rows, &white);
        let discriminant = Discriminant::fit(&own, labels, prepared.classes)?;
        let scores = discriminant.scores(&own);
        let features = prepared.binned.features;
        let classifier = Classifier::Epochs(Box::new((features, white, discriminant)));
        Ok(Self { classifier, scores })
    }

    fn of_both(a: Self, b: Self) -> Self {
        let (spread_a, spread_b) = (linalg::rms(a.scores.as_ref()), linalg::rms(b.scores.as_ref()));
        let scores = sum((&a.scores, spread_a), (&b.scores, spread_b));
        let parts = [(a.classifier, spread_a), (b.classifier, spread_b)];
        Self { classifier: Classifier::Both(Box::new(parts)), scores }
    }
}

/// As many come back as were asked for; nothing is scored if not.
fn no_filters() -> CalibrationError {
    CalibrationError::Numbers("no filters were found".into())
}

fn sum((a, spread_a): (&Mat<f64>, f64), (b, spread_b): (&Mat<f64>, f64)) -> Mat<f64> {
    a * faer::Scale(1.0 / spread_a) + b * faer::Scale(1.0 / spread_b)
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
        let prepared = Prepared::of(trials, classes, rate_hz);
        Ok(Known::fit(kind, &prepared, &all(trials))?.classifier)
    }

    /// Scores of every class, `[trials, classes]`; larger is more likely.
    ///
    /// # Errors
    /// [`CalibrationError::Numbers`].
    pub fn scores(&self, trials: &Trials) -> Result<Mat<f64>, CalibrationError> {
        let rows = all(trials);
        self.scored(Part { trials, rows: &rows }, &|features: Features, white: &Mat<f64>| {
            let binned = Binned::by(features, trials);
            binned.whitened(&rows, white)
        })
    }

    /// The same of rows of trials that were prepared.
    ///
    /// # Errors
    /// [`CalibrationError::Numbers`].
    pub fn of(
        &self,
        prepared: &Prepared<'_>,
        rows: &[usize],
    ) -> Result<Mat<f64>, CalibrationError> {
        self.scored(prepared.part(rows), &|_, white| prepared.binned.whitened(rows, white))
    }

    /// `whitened` gives rows of the binned epochs.
    fn scored(
        &self,
        part: Part<'_>,
        whitened: &dyn Fn(Features, &Mat<f64>) -> Mat<f64>,
    ) -> Result<Mat<f64>, CalibrationError> {
        Ok(match self {
            Self::Xdawn(parts) => {
                let (xdawn, space, discriminant) = parts.as_ref();
                discriminant.scores(&space.vectors(&xdawn.covariances(part))?)
            }
            Self::Epochs(parts) => {
                let (features, white, discriminant) = parts.as_ref();
                discriminant.scores(&whitened(*features, white))
            }
            Self::Both(parts) => {
                let [(a, spread_a), (b, spread_b)] = parts.as_ref();
                let (a, b) = (a.scored(part, whitened)?, b.scored(part, whitened)?);
                sum((&a, *spread_a), (&b, *spread_b))
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
