//! The posterior over pictures in play: exact, in logarithms, from the sum of the answers so far.
//!
//! Takes a [`Model`], the embeddings of pictures `[n, dim]`, and a [`Sum`] of trials; gives every picture's likelihood and,
//! with a temperature, the probability of each, the bits gained over not having looked, and the probability of something
//! else. All pictures are equally probable beforehand; "something else" and the pictures together are, too.
//!
//! Guarantees: adding trials one by one gives what the batch gives (below 1e-6); no trial at all gives the uniform
//! distribution; a picture that is there twice shares its probability between its rows.

use std::collections::HashMap;

use super::model::{Model, Sum};

/// Lanes that products are summed in, so that they are quick; always the same ones, so that they are always the same.
const LANES: usize = 8;

/// Pictures in play, in the model's coordinates.
#[derive(Clone, Debug)]
pub struct Candidates {
    dim: usize,
    /// Expected answers, `[n, dim]`.
    expected: Vec<f64>,
    /// The first row that holds the same picture; its own where there is no other.
    first_of: Vec<usize>,
    doubled: usize,
}

impl Candidates {
    /// From unit embeddings `[n, dim]`.
    pub fn new(model: &Model, embeddings: &[f32]) -> Self {
        let (dim, size) = (model.dim(), model.size());
        let rows = embeddings.chunks_exact(dim);
        let expected = rows.clone().flat_map(|row| model.expected(row)).collect();
        let first_of = first_of(embeddings, dim);
        let doubled = first_of.iter().enumerate().filter(|(row, first)| row != *first).count();
        Self { dim: size, expected, first_of, doubled }
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.first_of.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.first_of.is_empty()
    }

    /// How many rows hold a picture that an earlier row holds.
    pub fn doubled(&self) -> usize {
        self.doubled
    }

    /// Whether two rows hold the same picture.
    pub fn same(&self, a: usize, b: usize) -> bool {
        self.first_of.get(a) == self.first_of.get(b)
    }

    /// The probability of a picture in all rows that hold it.
    pub fn together(&self, belief: &Belief, row: usize) -> f64 {
        let Some(first) = self.first_of.get(row).filter(|_| self.doubled > 0) else {
            return belief.probability(row);
        };
        let same = self.first_of.iter().enumerate().filter(|(_, other)| *other == first);
        same.map(|(other, _)| belief.probability(other)).sum()
    }

    /// Rank of a picture from 1; its doubles do not stand in its way. Ties count against it.
    pub fn rank(&self, belief: &Belief, row: usize) -> Option<u32> {
        if self.doubled == 0 {
            return belief.rank_of(row);
        }
        let first = *self.first_of.get(row)?;
        let mut together = vec![0.0; self.len()];
        for (row, first) in self.first_of.iter().enumerate() {
            together[*first] += belief.probability(row);
        }
        let others =
            (0..self.len()).filter(|other| self.first_of[*other] == *other && *other != first);
        let ahead = others.filter(|other| together[*other] >= together[first]).count();
        u32::try_from(ahead + 1).ok()
    }

    /// The mean of the expected answers, `[dim]`.
    pub fn centre(&self) -> Vec<f64> {
        let mut centre = vec![0.0; self.dim];
        let share = 1.0 / self.len().max(1) as f64;
        for row in self.expected.chunks_exact(self.dim) {
            centre.iter_mut().zip(row).for_each(|(sum, value)| *sum += share * value);
        }
        centre
    }

    /// The expected answer to a row, `[dim]`.
    pub fn expected(&self, row: usize) -> &[f64] {
        &self.expected[row * self.dim..(row + 1) * self.dim]
    }

    /// Log-likelihood of every row for this mean of k trials, less that of an answer expected at 0.
    pub fn log_likelihoods(&self, model: &Model, sum: &Sum, out: &mut Vec<f64>) {
        out.clear();
        if sum.k() == 0 {
            out.resize(self.len(), 0.0);
            return;
        }
        let (weights, mean) = (model.precisions(sum.worth()), sum.mean());
        let row = |expected: &[f64]| weighted(&weights, &mean, expected);
        out.extend(self.expected.chunks_exact(self.dim).map(row));
    }
}

/// Σ w·m·(y − m/2), in lanes.
fn weighted(weights: &[f64], mean: &[f64], expected: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (w, w_rest) = weights.as_chunks::<LANES>();
    let (y, y_rest) = mean.as_chunks::<LANES>();
    let (m, m_rest) = expected.as_chunks::<LANES>();
    for ((w, y), m) in w.iter().zip(y).zip(m) {
        for i in 0..LANES {
            lanes[i] += w[i] * m[i] * (y[i] - 0.5 * m[i]);
        }
    }
    let rest = w_rest.iter().zip(y_rest).zip(m_rest).map(|((w, y), m)| w * m * (y - 0.5 * m));
    lanes.iter().sum::<f64>() + rest.sum::<f64>()
}

/// Equal pictures have equal embeddings, to the last bit.
fn first_of(embeddings: &[f32], dim: usize) -> Vec<usize> {
    let mut seen: HashMap<&[u8], usize> = HashMap::new();
    let rows = embeddings.chunks_exact(dim.max(1)).enumerate();
    rows.map(|(i, row)| *seen.entry(bytemuck::cast_slice(row)).or_insert(i)).collect()
}

/// What is believed of the pictures in play.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Belief {
    /// Natural logarithm of every row's probability.
    pub log_posterior: Vec<f64>,
    /// Bits gained over not having looked: log₂ n less the posterior's entropy.
    pub gain_bits: f64,
    /// Logarithm of the mean likelihood over the rows, before any temperature.
    pub log_evidence: f64,
}

impl Belief {
    /// From log-likelihoods, softened by a temperature.
    pub fn of(log_likelihoods: &[f64], temperature: f64) -> Self {
        let rows = log_likelihoods.len().max(1) as f64;
        let cooled: Vec<f64> = log_likelihoods.iter().map(|l| l / temperature).collect();
        let total = log_sum_exp(&cooled);
        let log_posterior: Vec<f64> = cooled.iter().map(|l| l - total).collect();
        let entropy: f64 = log_posterior.iter().map(|l| -l.exp() * l.max(-745.0)).sum();
        Self {
            gain_bits: ((rows.ln() - entropy) / std::f64::consts::LN_2).max(0.0),
            log_evidence: log_sum_exp(log_likelihoods) - rows.ln(),
            log_posterior,
        }
    }

    /// Probability of a row.
    pub fn probability(&self, row: usize) -> f64 {
        self.log_posterior.get(row).map_or(0.0, |l| l.exp())
    }

    /// The most probable rows, first the best; equal ones in row order.
    pub fn best(&self, count: usize) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.log_posterior.len()).collect();
        let better = |a: &usize, b: &usize| {
            self.log_posterior[*b].total_cmp(&self.log_posterior[*a]).then(a.cmp(b))
        };
        if count < rows.len() {
            rows.select_nth_unstable_by(count, better);
            rows.truncate(count);
        }
        rows.sort_by(better);
        rows
    }

    /// Rank of a row from 1; ties count against it, so that a posterior that says nothing earns nothing.
    pub fn rank_of(&self, row: usize) -> Option<u32> {
        let own = *self.log_posterior.get(row)?;
        u32::try_from(self.log_posterior.iter().filter(|l| **l >= own).count()).ok()
    }

    /// The row at this place, 0 to 1, of the cumulative distribution: a draw, given a uniform number.
    pub fn draw(&self, uniform: f64) -> Option<usize> {
        let mut left = uniform;
        for (row, l) in self.log_posterior.iter().enumerate() {
            left -= l.exp();
            if left < 0.0 {
                return Some(row);
            }
        }
        self.best(1).first().copied()
    }
}

/// ln Σ exp, without overflow; −∞ of nothing.
pub fn log_sum_exp(values: &[f64]) -> f64 {
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        return most;
    }
    most + values.iter().map(|v| (v - most).exp()).sum::<f64>().ln()
}

/// Probability of something else, from both log-likelihoods and their temperature.
pub fn probability_of_else(log_open: f64, log_pictures: f64, temperature: f64) -> f64 {
    1.0 / (1.0 + ((log_pictures - log_open) / temperature).exp())
}
