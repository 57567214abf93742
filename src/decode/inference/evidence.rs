//! Is this more than the same stream would give with its phases shuffled? A p-value against that null.
//!
//! Takes the gallery scores `[rows]` of decodes and of phase-randomised windows of the same stream; gives
//! p = (1 + #{null ≥ observed}) / (n + 1) (Phipson & Smyth 2010), `None` below [`MIN_NULL`] nulls.
//!
//! The statistic is how far the best row stands above the rest: (max − mean) / standard deviation over
//! rows. It does not see the embedding's length, which shuffling changes: an encoder that has learnt the
//! average evoked response answers a shuffled one with a *longer* embedding. With k trials averaged, the
//! null is n averages of k nulls, drawn with replacement; their common offset does not average out, so it
//! is tested with the offset and without, and the larger p is given.
//!
//! Measured by `tests/vectors/evidence/simulate_evidence.py`, two encoders, shares of p < 0.05:
//!
//! | statistic | picture, k = 1 | a response without identity, k = 1 | … k = 10 |
//! |---|---|---|---|
//! | largest inner product | 0–16 % | 0 % | 0 % |
//! | largest cosine | 53–57 % | 3–8 % | 3–13 % |
//! | this one | 37–44 % | 3–4 % | 4–5 % (20–22 % with the offset alone) |
//!
//! What p does not say: that the *identity* is right. A response 1.7 times that of the training, the same
//! for every picture, is "found" in 7–17 % (k = 1) and 26–58 % (k = 10). Ranks against the truth answer that.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Nulls below which there is no p-value: the smallest possible p is then 1/40.
pub const MIN_NULL: usize = 39;

/// Nulls kept; the oldest make room, so that the null follows the stream.
pub const MAX_NULL: usize = 400;

/// Most values kept, 64 MiB: large galleries keep fewer nulls.
const MAX_NULL_VALUES: usize = 16 << 20;

/// Keeps the draws of averages apart from every other use of the seed.
const DRAW_SALT: u64 = 0x6e75_6c6c_2064_7261;

/// Scores of phase-randomised windows.
#[derive(Clone, Debug)]
pub struct Evidence {
    rows: usize,
    capacity: usize,
    seed: u64,
    /// `[nulls, rows]`, a ring once it is full.
    null: Vec<f32>,
    next: usize,
    offset: Vec<f32>,
    average: Vec<f32>,
}

impl Evidence {
    /// An empty null for a gallery of `rows`.
    pub fn new(rows: usize, seed: u64) -> Self {
        let rows = rows.max(1);
        Self {
            rows,
            capacity: (MAX_NULL_VALUES / rows).clamp(MIN_NULL, MAX_NULL),
            seed,
            null: Vec::new(),
            next: 0,
            offset: vec![0.0; rows],
            average: vec![0.0; rows],
        }
    }

    /// Number of nulls held.
    pub fn len(&self) -> usize {
        self.null.len() / self.rows
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.null.is_empty()
    }

    /// Adds the scores of one phase-randomised window, `[rows]`; another length is ignored.
    pub fn push(&mut self, scores: &[f32]) {
        if scores.len() != self.rows {
            return;
        }
        if self.len() < self.capacity {
            self.null.extend_from_slice(scores);
        } else {
            let at = self.next * self.rows;
            self.null[at..at + self.rows].copy_from_slice(scores);
        }
        self.next = (self.next + 1) % self.capacity;
    }

    /// The p-value of scores that rest on `k` averaged trials. `window` seeds the draws.
    pub fn p_value(&mut self, observed: &[f32], k: u32, window: u64) -> Option<f64> {
        let nulls = self.len();
        if nulls < MIN_NULL {
            return None;
        }
        self.measure_offset();
        let observed = prominence(observed.iter().copied());
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ DRAW_SALT);
        rng.set_stream(window);
        let (mut with_offset, mut without) = (0_usize, 0_usize);
        for i in 0..nulls {
            self.draw_average(i, k, &mut rng);
            let average = self.average.iter();
            with_offset += usize::from(prominence(average.clone().copied()) >= observed);
            let centred = average.zip(&self.offset).map(|(score, offset)| score - offset);
            without += usize::from(prominence(centred) >= observed);
        }
        Some((1 + with_offset.max(without)) as f64 / (nulls + 1) as f64)
    }

    fn row(&self, null: usize) -> &[f32] {
        &self.null[null * self.rows..(null + 1) * self.rows]
    }

    fn measure_offset(&mut self) {
        self.offset.fill(0.0);
        let share = 1.0 / self.len() as f32;
        for null in self.null.chunks_exact(self.rows) {
            add_scaled(&mut self.offset, null, share);
        }
    }

    /// Null `i` itself for k = 1, else the average of k drawn at random.
    fn draw_average(&mut self, i: usize, k: u32, rng: &mut ChaCha8Rng) {
        let nulls = self.len();
        let mut average = std::mem::take(&mut self.average);
        average.fill(0.0);
        for _ in 0..k.max(1) {
            let pick = if k <= 1 { i } else { rng.random_range(0..nulls) };
            add_scaled(&mut average, self.row(pick), 1.0 / k.max(1) as f32);
        }
        self.average = average;
    }
}

fn add_scaled(to: &mut [f32], values: &[f32], factor: f32) {
    for (to, value) in to.iter_mut().zip(values) {
        *to += factor * value;
    }
}

/// How far the largest value stands above the rest, in standard deviations; 0 for constant scores.
pub fn prominence(scores: impl Iterator<Item = f32> + Clone) -> f64 {
    let count = scores.clone().count().max(1) as f64;
    let mean = scores.clone().map(f64::from).sum::<f64>() / count;
    let variance = scores.clone().map(|s| (f64::from(s) - mean).powi(2)).sum::<f64>() / count;
    let max = scores.fold(f32::NEG_INFINITY, f32::max);
    if variance > 0.0 { (f64::from(max) - mean) / variance.sqrt() } else { 0.0 }
}
