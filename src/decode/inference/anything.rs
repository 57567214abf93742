//! p that there is anything at all, where nobody knows what was seen: information gained against windows without any.
//!
//! Takes answers `[dim]` of phase-randomised other windows of the stream, and of the stream's own windows; gives
//! p = (1 + #{null ≥ observed}) / (n + 1) (Phipson & Smyth 2010), `None` below [`MIN_NULL`] nulls, never 0.
//!
//! Phase randomisation takes away what every picture evokes, too. So each null is tried twice, as it is and moved so that
//! nulls have the mean of the stream's own windows, and the larger p is given: a response that is the same for all
//! pictures is not information. That makes p a little too large, never too small. What p does not say: that the picture named is the right one.

use std::collections::VecDeque;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::evidence::MIN_NULL;
use super::model::{Model, Sum};
use super::posterior::{Belief, Candidates};

/// Nulls kept, and the stream's own answers; the oldest make room, so that both follow the stream.
const MAX_KEPT: usize = 400;

/// Nulls that one p-value rests on at most.
const DRAWS: usize = 199;

/// Products that one p-value may take: some milliseconds, after the picture. Large galleries get fewer draws.
const MOST_PRODUCTS: usize = 20_000_000;

/// Keeps these draws apart from every other use of the seed.
const SALT: u64 = 0x616e_7974_6869_6e67;

/// Answers to windows of the stream, and to such without information.
#[derive(Clone, Debug)]
pub struct Anything {
    null: Kept,
    own: Kept,
    seed: u64,
}

impl Anything {
    /// None yet.
    pub fn new(dim: usize, seed: u64) -> Self {
        Self { null: Kept::new(dim), own: Kept::new(dim), seed }
    }

    /// Nulls held.
    pub fn len(&self) -> usize {
        self.null.rows.len()
    }

    /// True before the first.
    pub fn is_empty(&self) -> bool {
        self.null.rows.is_empty()
    }

    /// Keeps the answer to a phase-randomised window.
    pub fn keep_null(&mut self, answer: Vec<f64>, weight: f64) {
        self.null.keep(answer, weight);
    }

    /// Keeps the answer to one of the stream's own windows.
    pub fn keep_own(&mut self, answer: &[f64], weight: f64) {
        self.own.keep(answer.to_vec(), weight);
    }

    /// p of a gain of so many bits from k trials; `window` seeds the draws.
    pub fn p_value(
        &self,
        (model, pictures): (&Model, &Candidates),
        gain_bits: f64,
        (k, temperature): (u32, f64),
        window: u64,
    ) -> Option<f64> {
        if self.len() < MIN_NULL {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ SALT);
        rng.set_stream(window);
        let each = 2 * (pictures.len() * model.size()).max(1);
        let draws = (MOST_PRODUCTS / each).clamp(MIN_NULL, DRAWS).min(self.len());
        let first = rng.random_range(0..self.len());
        let apart = self.own.mean().into_iter().zip(self.null.mean());
        let apart: Vec<f64> = apart.map(|(own, null)| own - null).collect();
        let (mut scores, mut as_high) = (Vec::new(), [0_usize; 2]);
        let mut gain = |sum: &Sum| {
            pictures.log_likelihoods(model, sum, &mut scores);
            Belief::of(&scores, temperature).gain_bits
        };
        for i in 0..draws {
            // Without replacement for single trials: each null counts once.
            let sum = if k <= 1 {
                self.null.sum(std::iter::once((first + i) % self.len()))
            } else {
                self.null.sum((0..k).map(|_| rng.random_range(0..self.len())))
            };
            as_high[0] += usize::from(gain(&sum) >= gain_bits);
            as_high[1] += usize::from(gain(&sum.moved(&apart)) >= gain_bits);
        }
        Some((1 + as_high[0].max(as_high[1])) as f64 / (draws + 1) as f64)
    }
}

/// The newest answers with their weights.
#[derive(Clone, Debug)]
struct Kept {
    dim: usize,
    rows: VecDeque<(Vec<f64>, f64)>,
}

impl Kept {
    fn new(dim: usize) -> Self {
        Self { dim, rows: VecDeque::new() }
    }

    fn keep(&mut self, row: Vec<f64>, weight: f64) {
        if self.rows.len() == MAX_KEPT {
            self.rows.pop_front();
        }
        self.rows.push_back((row, weight));
    }

    /// Some rows added up.
    fn sum(&self, chosen: impl Iterator<Item = usize>) -> Sum {
        let mut sum = Sum::new(self.dim);
        for row in chosen {
            let (answer, weight) = &self.rows[row];
            sum.add(answer, *weight);
        }
        sum
    }

    /// Added up anew each time, so that the same rows give the same bits.
    fn mean(&self) -> Vec<f64> {
        self.sum(0..self.rows.len()).mean()
    }
}
