//! Covariances of many epochs, reduced to the directions in which they differ.
//!
//! Where there are more filters than channels, filtered epochs move in fewer directions than there are filters; in all
//! others every covariance is a multiple of the identity, which shrinkage alone puts there. Logarithms and means of such
//! matrices fall apart into a smaller matrix and a number.

use faer::Mat;

use crate::compute::lockstep::{Batch, triangle};

/// Symmetric positive matrices, `basis · C · basisᵀ + rest · (1 − basis · basisᵀ)` each.
pub struct Covariances {
    /// Columns of unit length at right angles, `[size, size of C]`.
    pub basis: Mat<f64>,
    /// Each C.
    pub inner: Batch,
    /// In all other directions; means nothing where there are none.
    pub rest: Vec<f64>,
}

impl Covariances {
    /// Rows of each whole matrix.
    pub fn size(&self) -> usize {
        self.basis.nrows()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether there are directions in which all are multiples of the identity.
    pub fn has_rest(&self) -> bool {
        self.basis.ncols() < self.basis.nrows()
    }

    /// Matrices as they are, `[size, size]` each.
    #[cfg(test)]
    pub fn of(matrices: &[Mat<f64>]) -> Self {
        let size = matrices.first().map_or(0, Mat::nrows);
        let mut inner = Batch::new(size, matrices.len());
        for (place, matrix) in matrices.iter().enumerate() {
            inner.put(place, (0..size).flat_map(|i| (0..=i).map(move |j| matrix[(i, j)])));
        }
        Self { basis: Mat::identity(size, size), inner, rest: vec![0.0; matrices.len()] }
    }

    /// The whole of a matrix that is `inner` in the basis and `rest` times the identity elsewhere.
    pub fn whole(&self, inner: &Mat<f64>, rest: f64) -> Mat<f64> {
        let size = self.size();
        let own = &self.basis * inner * self.basis.transpose();
        if !self.has_rest() {
            return own;
        }
        let seen = &self.basis * self.basis.transpose();
        Mat::from_fn(size, size, |i, j| {
            own[(i, j)] + rest * (f64::from(u8::from(i == j)) - seen[(i, j)])
        })
    }

    /// What turns a lower triangle of the inner matrix, row by row, and behind it the rest, into the upper triangle of the
    /// whole, row by row, off the diagonal times √2: `[triangle(inner) + 1, triangle(size)]`.
    pub fn unfolding(&self) -> Mat<f64> {
        let (size, inner) = (self.size(), self.basis.ncols());
        let mut out = Mat::zeros(triangle(inner) + 1, triangle(size));
        let seen = &self.basis * self.basis.transpose();
        let mut place = 0;
        for i in 0..size {
            for j in i..size {
                let weight = if i == j { 1.0 } else { std::f64::consts::SQRT_2 };
                for a in 0..inner {
                    for b in 0..=a {
                        let both = self.basis[(i, a)] * self.basis[(j, b)];
                        let other = self.basis[(i, b)] * self.basis[(j, a)];
                        let sum = if a == b { both } else { both + other };
                        out[(triangle(a) + b, place)] = weight * sum;
                    }
                }
                let one = f64::from(u8::from(i == j));
                let rest = if self.has_rest() { one - seen[(i, j)] } else { 0.0 };
                out[(triangle(inner), place)] = weight * rest;
                place += 1;
            }
        }
        out
    }
}
