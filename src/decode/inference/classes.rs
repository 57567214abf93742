//! A posterior over a few classes, out of the answer of an encoder that mixes their pictures.
//!
//! Takes an answer Σ p·e `[dim]`; gives the logarithm of p, less its mean over classes, `[classes]`: what one trial says for
//! each class. Trials are independent, so that these add up. In the coordinates of [`super::model`] a class is a unit
//! vector, and noise is 1 in each.

use faer::{Mat, Side};

use crate::pack::PackError;
use crate::pack::classes::ClassAnswers;

/// Least probability: an answer in single precision tells no smaller one.
const LEAST: f64 = 1e-6;

/// Smallest eigenvalue of the pictures' inner products, as a share of the largest, for which shares can be told.
const LEAST_EIGENVALUE: f64 = 1e-6;

/// The pictures of the classes.
#[derive(Clone, Debug)]
pub(super) struct Classes {
    /// `[classes, dim]`
    embeddings: Vec<f32>,
    dim: usize,
    /// Shares of an answer, `[classes, dim]`: the pseudo-inverse.
    shares: Mat<f64>,
    per_look: Vec<f64>,
}

impl Classes {
    /// From the embeddings of the classes' pictures, `[classes, dim]`; `file` is for messages.
    ///
    /// # Errors
    /// [`PackError::Tensor`] for pictures whose shares cannot be told.
    pub fn new(answers: &ClassAnswers, embeddings: &[f32], file: &str) -> Result<Self, PackError> {
        let classes = answers.classes;
        let dim = embeddings.len() / classes.max(1);
        let rows = Mat::from_fn(classes, dim, |i, j| f64::from(embeddings[i * dim + j]));
        let products = &rows * rows.transpose();
        let alike = |got: String| PackError::Tensor {
            file: file.into(),
            tensor: "gallery.embeddings".into(),
            expected: "pictures of classes that can be told apart".into(),
            got,
        };
        let found = products.self_adjoint_eigen(Side::Lower).map_err(|_| alike("none".into()))?;
        let values = found.S().column_vector();
        let (least, largest) = (values[0], values[classes - 1]);
        if least.is_nan() || least < LEAST_EIGENVALUE * largest {
            return Err(alike(format!("eigenvalues from {least:.3e} to {largest:.3e}")));
        }
        let vectors = found.U();
        let scaled = Mat::from_fn(classes, classes, |i, j| vectors[(i, j)] / values[j]);
        let inverse = scaled * vectors.transpose();
        Ok(Self {
            embeddings: embeddings.to_vec(),
            dim,
            shares: inverse * rows,
            per_look: answers.per_look.iter().map(|nats| f64::from(*nats)).collect(),
        })
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.shares.nrows()
    }

    /// What an answer says for each class, `[classes]`.
    pub fn turned(&self, answer: &[f32]) -> Vec<f64> {
        let share = |class: usize| -> f64 {
            answer.iter().enumerate().map(|(j, v)| self.shares[(class, j)] * f64::from(*v)).sum()
        };
        let logs: Vec<f64> = (0..self.len()).map(|class| share(class).max(LEAST).ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len().max(1) as f64;
        logs.into_iter().map(|log| log - mean).collect()
    }

    /// The class of a picture as a unit vector; nothing for a picture that stands for none.
    pub fn expected(&self, embedding: &[f32]) -> Vec<f64> {
        let rows = self.embeddings.chunks_exact(self.dim);
        rows.map(|row| f64::from(u8::from(row == embedding))).collect()
    }

    /// By how much one look raises the log odds of a class against another, if it is right.
    pub fn per_look(&self, class: usize, other: usize) -> f64 {
        self.per_look.get(class * self.len() + other).copied().unwrap_or_default()
    }
}
