//! What windows without information gain: the mark that a decode must pass before its picture is shown without a veil.
//!
//! Takes the model's distribution of answers to windows without information (the pack states it) and the pictures in play;
//! gives the gain in bits that [`SHARE`] of such windows stay below, at any k. Drawn once for each k, from a fixed seed.

use std::collections::HashMap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::model::{Model, Sum, product};
use super::posterior::{Belief, Candidates};
use crate::stats::percentile_of_sorted;

/// Share of windows without information that stay below the mark: one in twenty passes, as with p = 0.05.
pub const SHARE: f64 = 0.95;

/// Draws for the mark: its standard error is then 0.015 of the distribution, 0.03 with the fewest.
const DRAWS: usize = 200;

/// Fewest draws, where the pictures are many.
const FEWEST_DRAWS: usize = 60;

/// Products that the draws of one k may take: about 50 ms.
const MOST_PRODUCTS: usize = 100_000_000;

const SEED: u64 = 0x6e6f_7468_696e_6721;

/// The marks found so far, by k.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    bits: HashMap<u32, f64>,
}

impl Marks {
    /// The gain in bits that windows without information seldom pass at k; `temperature` as for the posterior.
    pub fn at(&mut self, model: &Model, pictures: &Candidates, k: u32, temperature: f64) -> f64 {
        *self.bits.entry(k).or_insert_with(|| {
            let mut gains = gains(model, pictures, k, temperature);
            gains.sort_by(f64::total_cmp);
            percentile_of_sorted(&gains, 100.0 * SHARE)
        })
    }
}

fn gains(model: &Model, pictures: &Candidates, k: u32, temperature: f64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    rng.set_stream(u64::from(k));
    let each = (pictures.len() * model.size()).max(1);
    let draws = (MOST_PRODUCTS / each).clamp(FEWEST_DRAWS, DRAWS);
    let nothing = model.nothing();
    let mut normal =
        || -> Vec<f64> { (0..model.size()).map(|_| StandardNormal.sample(&mut rng)).collect() };
    let shorter = 1.0 / f64::from(k.max(1)).sqrt();
    let mut scores = Vec::new();
    (0..draws)
        .map(|_| {
            let within = product(&nothing.within_root, &normal());
            let between = product(&nothing.between_root, &normal());
            let parts = nothing.mean.iter().zip(within).zip(between);
            let mean: Vec<f64> = parts.map(|((m, w), b)| m + w * shorter + b).collect();
            pictures.log_likelihoods(model, &Sum::of_mean(&mean, k), &mut scores);
            Belief::of(&scores, temperature).gain_bits
        })
        .collect()
}
