//! The answer model made ready: coordinates in which noise is 1 and persons' differences are independent.
//!
//! Takes [`Answers`]; gives [`Model`]. With the within-trial covariance W and the between-person covariance B, the
//! answers are turned by T = QᵀW^(−1/2), where Q holds the eigenvectors of W^(−1/2) B W^(−1/2): in these coordinates a mean
//! of k trials has the diagonal covariance 1/k + `between`, for every k. An answer is turned once; adding it to a
//! [`Sum`] is all that a further trial costs. Where the pack says so, loud trials weigh less: the scale of a multivariate t
//! distribution (Lange, Little & Taylor 1989, JASA 84:881) around answers to pictures at large; k is then the sum of weights.
//! Where an encoder answers with a posterior over a few classes, `classes.rs` beside this file gives the coordinates.
//!
//! Guarantees: sums are in double precision, so that the order of trials does not matter (below 1e-9).

use faer::{Mat, Side};

use super::classes::Classes;
use crate::pack::PackError;
use crate::pack::answers::{Answers, Temperature};
use crate::pack::classes::ClassAnswers;

/// Smallest eigenvalue of a covariance that must be positive definite, as a share of its largest.
const LEAST_EIGENVALUE: f64 = 1e-9;

/// Most negative eigenvalue of a covariance that may be 0, as a share of the largest: rounding.
const ROUNDING: f64 = 1e-5;

/// An answer model in its own coordinates.
#[derive(Clone, Debug)]
pub struct Model {
    dim: usize,
    way: Way,
    /// Variance over persons of each coordinate, `[dim]`; that of one trial is 1.
    between: Vec<f64>,
    /// Answers to pictures at large; `None` where there is nothing else than the classes.
    background: Option<Background>,
    tail: Option<f64>,
    /// Mean, and the roots of covariances, of answers without information.
    nothing: Nothing,
    temperatures: Vec<Temperature>,
}

/// How answers and embeddings come into the model's coordinates.
#[derive(Clone, Debug)]
enum Way {
    /// See the file's head.
    Linear {
        /// T, `[dim, dim]`.
        turn: Mat<f64>,
        offset: Vec<f64>,
        /// T·map, `[dim, dim]`.
        seen: Mat<f64>,
    },
    /// A posterior over a few classes.
    Classes(Classes),
}

/// Answers to pictures at large: in axes of their own, in which a mean of k trials has the covariance 1/k + `shared`.
#[derive(Clone, Debug)]
struct Background {
    /// In the model's coordinates, `[dim]`.
    mean: Vec<f64>,
    /// Columns are the axes, `[dim, dim]`.
    axes: Mat<f64>,
    shared: Vec<f64>,
}

impl Background {
    /// How far a point of the model's coordinates is from the mean along each axis.
    fn away(&self, point: &[f64]) -> Vec<f64> {
        let away: Vec<f64> = point.iter().zip(&self.mean).map(|(p, m)| p - m).collect();
        (0..away.len())
            .map(|j| {
                let axis = self.axes.col(j);
                away.iter().enumerate().map(|(i, value)| axis[i] * value).sum()
            })
            .collect()
    }
}

/// What windows without information answer, in the model's coordinates.
#[derive(Clone, Debug)]
pub struct Nothing {
    /// `[dim]`.
    pub mean: Vec<f64>,
    /// Root of the covariance of one window, `[dim, dim]`.
    pub within_root: Mat<f64>,
    /// Root of the covariance of what stays, `[dim, dim]`.
    pub between_root: Mat<f64>,
}

impl Model {
    /// Turns the covariances; `file` is for messages.
    ///
    /// # Errors
    /// [`PackError::Tensor`] for a covariance that is not positive (semi-)definite.
    pub fn new(answers: &Answers, file: &str) -> Result<Self, PackError> {
        let dim = answers.dim;
        let definite =
            |name, values: &[f32], least_share| definite((file, name), values, dim, least_share);
        let (values, vectors) = definite("within", &answers.within, LEAST_EIGENVALUE)?;
        let whiten = rebuilt(&values, &vectors, |v| v.sqrt().recip());
        definite("between", &answers.between, -ROUNDING)?;
        let between = &whiten * square(&answers.between, dim) * &whiten;
        let (between, turned) =
            eigen(&between).ok_or_else(|| bad((file, "between"), "eigenvalues", "none".into()))?;
        let turn = turned.transpose() * &whiten;
        let offset: Vec<f64> = answers.offset.iter().map(|v| f64::from(*v)).collect();
        let seen = &turn * square(&answers.map, dim);
        definite("background_covariance", &answers.background_covariance, -ROUNDING)?;
        let mut spread = &seen * square(&answers.background_covariance, dim) * seen.transpose();
        for (i, between) in between.iter().enumerate() {
            spread[(i, i)] += between.max(0.0);
        }
        let (shared, axes) = eigen(&spread)
            .ok_or_else(|| bad((file, "background_covariance"), "eigenvalues", "none".into()))?;
        let background = Background {
            mean: product(&seen, &doubles(&answers.background_mean)),
            axes,
            shared: shared.into_iter().map(|v| v.max(0.0)).collect(),
        };
        let root = |name, values| {
            let (values, vectors) = definite(name, values, -ROUNDING)?;
            Ok::<_, PackError>(&turn * rebuilt(&values, &vectors, |v| v.max(0.0).sqrt()))
        };
        let away: Vec<f64> =
            answers.noise_mean.iter().zip(&offset).map(|(n, c)| f64::from(*n) - c).collect();
        let nothing = Nothing {
            mean: product(&turn, &away),
            within_root: root("noise_within", &answers.noise_within)?,
            between_root: root("noise_between", &answers.noise_between)?,
        };
        Ok(Self {
            dim,
            between: between.into_iter().map(|v| v.max(0.0)).collect(),
            background: Some(background),
            tail: answers.tail,
            nothing,
            temperatures: answers.temperatures.clone(),
            way: Way::Linear { turn, offset, seen },
        })
    }

    /// Of an encoder that answers with a posterior over classes, whose pictures have these embeddings, `[classes, dim]`.
    ///
    /// # Errors
    /// [`PackError::Tensor`] for a covariance with negative eigenvalues, or pictures that cannot be told apart.
    pub fn of_classes(
        answers: &ClassAnswers,
        embeddings: &[f32],
        file: &str,
    ) -> Result<Self, PackError> {
        let classes = Classes::new(answers, embeddings, file)?;
        let size = answers.classes;
        let (values, vectors) =
            definite((file, "noise_covariance"), &answers.noise_covariance, size, -ROUNDING)?;
        Ok(Self {
            dim: embeddings.len() / size.max(1),
            // Trials are independent: what they say adds up, whoever the person is.
            between: vec![0.0; size],
            background: None,
            tail: None,
            nothing: Nothing {
                mean: doubles(&answers.noise_mean),
                within_root: rebuilt(&values, &vectors, |v| v.max(0.0).sqrt()),
                between_root: Mat::zeros(size, size),
            },
            temperatures: answers.temperatures.clone(),
            way: Way::Classes(classes),
        })
    }

    /// Length of embeddings and answers.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many coordinates there are.
    pub fn size(&self) -> usize {
        self.between.len()
    }

    /// Whether the pictures in play stand for classes: what was seen is a class then.
    pub fn of_few_classes(&self) -> bool {
        matches!(self.way, Way::Classes(_))
    }

    /// By how much one look raises the log odds of one class against another; `None` where that follows from the noise.
    pub fn per_look(&self, class: usize, other: usize) -> Option<f64> {
        match &self.way {
            Way::Classes(classes) => Some(classes.per_look(class, other)),
            Way::Linear { .. } => None,
        }
    }

    /// An encoder's answer `[dim]` in the model's coordinates.
    pub fn turned(&self, answer: &[f32]) -> Vec<f64> {
        let (turn, offset) = match &self.way {
            Way::Linear { turn, offset, .. } => (turn, offset),
            Way::Classes(classes) => return classes.turned(answer),
        };
        let away: Vec<f64> = answer.iter().zip(offset).map(|(x, c)| f64::from(*x) - c).collect();
        product(turn, &away)
    }

    /// The expected answer to a picture with this embedding `[dim]`, in the model's coordinates.
    pub fn expected(&self, embedding: &[f32]) -> Vec<f64> {
        match &self.way {
            Way::Linear { seen, .. } => product(seen, &doubles(embedding)),
            Way::Classes(classes) => classes.expected(embedding),
        }
    }

    /// Inverse variances `[dim]` of a mean of trials whose weights sum to `worth`.
    pub fn precisions(&self, worth: f64) -> Vec<f64> {
        let one = 1.0 / worth;
        self.between.iter().map(|between| 1.0 / (one + between)).collect()
    }

    /// How much a trial counts, turned: less the less likely it is, whatever was seen; about 1 for a usual one.
    pub fn weight(&self, turned: &[f64]) -> f64 {
        let (Some(tail), Some(background)) = (self.tail, &self.background) else { return 1.0 };
        let away = background.away(turned);
        let parts = away.iter().zip(&background.shared);
        let distance: f64 = parts.map(|(away, shared)| away * away / (1.0 + shared)).sum();
        (tail + self.dim as f64) / (tail + distance)
    }

    /// Log-likelihood of a mean of trials under pictures at large, less that of an answer expected at 0; `None` where there
    /// are none but the classes.
    pub fn log_background(&self, sum: &Sum) -> Option<f64> {
        let background = self.background.as_ref()?;
        if sum.k() == 0 {
            return Some(0.0);
        }
        let (one, mean) = (1.0 / sum.worth(), sum.mean());
        let away = background.away(&mean);
        let other = away.iter().zip(&background.shared).map(|(away, shared)| {
            let variance = one + shared;
            away * away / variance + variance.ln()
        });
        let at_zero = self.precisions(sum.worth()).into_iter().zip(&mean);
        let at_zero = at_zero.map(|(weight, value)| weight * value * value - weight.ln());
        Some(0.5 * (at_zero.sum::<f64>() - other.sum::<f64>()))
    }

    /// Answers to windows without information.
    pub fn nothing(&self) -> &Nothing {
        &self.nothing
    }

    /// The temperatures at k: linear in the logarithm of k between calibrated numbers of trials, the nearest beyond them.
    pub fn temperature(&self, k: u32) -> Temperature {
        let rows = &self.temperatures;
        let above = rows.partition_point(|row| row.k < k);
        let (low, high) = (rows[above.saturating_sub(1)], rows[above.min(rows.len() - 1)]);
        if k <= low.k || k >= high.k {
            let nearest = if k <= low.k { low } else { high };
            return Temperature { k, ..nearest };
        }
        let ln = |k: u32| f64::from(k).ln();
        let share = (ln(k) - ln(low.k)) / (ln(high.k) - ln(low.k));
        let mix = |low: f64, high: f64| low + share * (high - low);
        Temperature {
            k,
            told: mix(low.told, high.told),
            remembered: mix(low.remembered, high.remembered),
            open: mix(low.open, high.open),
        }
    }

    /// The largest number of trials that was calibrated.
    pub fn calibrated_to(&self) -> u32 {
        self.temperatures.last().map_or(1, |row| row.k)
    }
}

/// Answers to one picture, added up in the model's coordinates.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    k: u32,
    worth: f64,
    sum: Vec<f64>,
}

impl Sum {
    /// No trial yet.
    pub fn new(dim: usize) -> Self {
        Self { k: 0, worth: 0.0, sum: vec![0.0; dim] }
    }

    /// k trials of usual weight of which only the mean is known.
    pub fn of_mean(mean: &[f64], k: u32) -> Self {
        let worth = f64::from(k);
        Self { k, worth, sum: mean.iter().map(|value| value * worth).collect() }
    }

    /// The same trials with another mean.
    #[must_use]
    pub fn moved(&self, by: &[f64]) -> Self {
        let sum = self.sum.iter().zip(by).map(|(sum, by)| sum + self.worth * by).collect();
        Self { sum, ..*self }
    }

    /// Forgets all trials.
    pub fn clear(&mut self) {
        (self.k, self.worth) = (0, 0.0);
        self.sum.fill(0.0);
    }

    /// Adds a trial, turned, with its weight.
    pub fn add(&mut self, turned: &[f64], weight: f64) {
        self.k += 1;
        self.worth += weight;
        self.sum.iter_mut().zip(turned).for_each(|(sum, value)| *sum += weight * value);
    }

    /// Trials added.
    pub fn k(&self) -> u32 {
        self.k
    }

    /// The sum of their weights.
    pub fn worth(&self) -> f64 {
        self.worth
    }

    /// Their weighted mean, `[dim]`.
    pub fn mean(&self) -> Vec<f64> {
        let share = 1.0 / self.worth.max(f64::MIN_POSITIVE);
        self.sum.iter().map(|sum| sum * share).collect()
    }
}

fn bad((file, tensor): (&str, &str), expected: &str, got: String) -> PackError {
    PackError::Tensor { file: file.into(), tensor: tensor.into(), expected: expected.into(), got }
}

/// Eigenvalues and eigenvectors of a covariance; refused where the smallest is below this share of the largest.
fn definite(
    about: (&str, &str),
    values: &[f32],
    dim: usize,
    least_share: f64,
) -> Result<(Vec<f64>, Mat<f64>), PackError> {
    let (values, vectors) =
        eigen(&square(values, dim)).ok_or_else(|| bad(about, "eigenvalues", "none".into()))?;
    let largest = values.iter().copied().fold(0.0_f64, f64::max);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let is_zero = largest <= 0.0 && least_share > 0.0;
    if largest.is_nan() || least < least_share * largest || is_zero {
        let what = if least_share > 0.0 {
            "a positive definite matrix"
        } else {
            "a matrix without negative eigenvalues"
        };
        return Err(bad(about, what, format!("eigenvalues from {least:.3e} to {largest:.3e}")));
    }
    Ok((values, vectors))
}

/// A row-major matrix.
fn square(values: &[f32], dim: usize) -> Mat<f64> {
    Mat::from_fn(dim, dim, |i, j| f64::from(values[i * dim + j]))
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

/// Matrix times vector.
pub(super) fn product(matrix: &Mat<f64>, vector: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; matrix.nrows()];
    for (j, value) in vector.iter().enumerate() {
        let column = matrix.col(j);
        for (i, out) in out.iter_mut().enumerate() {
            *out += column[i] * value;
        }
    }
    out
}

/// Eigenvalues and eigenvectors of a symmetric matrix; `None` when there are none to be had.
fn eigen(matrix: &Mat<f64>) -> Option<(Vec<f64>, Mat<f64>)> {
    let found = matrix.self_adjoint_eigen(Side::Lower).ok()?;
    let values = found.S().column_vector();
    Some(((0..matrix.nrows()).map(|i| values[i]).collect(), found.U().to_owned()))
}

/// `f` of a symmetric matrix, from its eigenvalues and eigenvectors.
fn rebuilt(values: &[f64], vectors: &Mat<f64>, f: impl Fn(f64) -> f64) -> Mat<f64> {
    let scaled =
        Mat::from_fn(vectors.nrows(), vectors.ncols(), |i, j| vectors[(i, j)] * f(values[j]));
    scaled * vectors.transpose()
}
