//! What an encoder says of trials that it was not fitted to, and the temperature at which it is least surprised by them.

use faer::Mat;

use crate::calibrate::Pictures;
use crate::decode::inference::model::{Model, Sum};
use crate::decode::inference::posterior::{Belief, Candidates};

/// Means of k trials below which there is none: the calibration error would be larger than what it mends.
pub(super) const MIN_MEANS: usize = 40;

/// Temperatures tried, from the sharpest.
const TEMPERATURES: std::ops::Range<f64> = 0.3..12.0;
const STEPS: u32 = 60;

/// Log-likelihoods of the pictures for a mean of trials, and the row of the one that was shown.
pub(super) type Judged = (Vec<f64>, usize);

/// The pictures that were shown.
pub(super) fn in_play(model: &Model, pictures: &Pictures) -> Candidates {
    let targets = &pictures.targets;
    let embeddings: Vec<f32> = (0..targets.nrows())
        .flat_map(|row| (0..targets.ncols()).map(move |j| targets[(row, j)] as f32))
        .collect();
    Candidates::new(model, &embeddings)
}

/// Log-likelihoods of the pictures for some of the answers together.
pub(super) fn judged_together(
    model: &Model,
    candidates: &Candidates,
    answers: &Mat<f64>,
    chosen: &[usize],
) -> Vec<f64> {
    let mut sum = Sum::new(model.dim());
    for i in chosen {
        let answer: Vec<f32> = (0..answers.ncols()).map(|j| answers[(*i, j)] as f32).collect();
        let turned = model.turned(&answer);
        sum.add(&turned, model.weight(&turned));
    }
    let mut scores = Vec::new();
    candidates.log_likelihoods(model, &sum, &mut scores);
    scores
}

pub(super) fn least_surprised(found: &[Judged]) -> f64 {
    coolest(|temperature| surprise(found, temperature))
}

/// How surprising the shown pictures are at a temperature: the sum of −ln of their probabilities.
pub(super) fn surprise(found: &[Judged], temperature: f64) -> f64 {
    let log = |(scores, row): &Judged| Belief::of(scores, temperature).log_posterior[*row];
    -found.iter().map(log).sum::<f64>()
}

/// The temperature, of those that are tried, at which `surprise` is least.
pub(super) fn coolest(surprise: impl Fn(f64) -> f64) -> f64 {
    let ratio = (TEMPERATURES.end / TEMPERATURES.start).ln() / f64::from(STEPS);
    let tried = (0..=STEPS).map(|i| TEMPERATURES.start * (ratio * f64::from(i)).exp());
    let best = tried.map(|t| (surprise(t), t)).min_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or(1.0, |(_, temperature)| temperature)
}
