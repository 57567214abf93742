//! How many more looks it will probably take until a picture is named.
//!
//! Takes the pictures in play and the best guess; gives the number of trials after which the posterior is expected to reach
//! [`DECIDED`], if the best guess is right. Every further look of the right picture adds, on the mean, half the squared
//! distance between its expected answer and another's, in units of the noise, to the log odds against that other.

use super::model::Model;
use super::posterior::Candidates;

/// Posterior probability from which a picture counts as named.
pub const DECIDED: f64 = 0.95;

/// Beyond so many looks nobody waits.
pub const MOST_LOOKS: u32 = 400;

/// Looks in all until `row` is named, if it is right; `None` when [`MOST_LOOKS`] do not suffice: persons differ by more than
/// these pictures do.
pub fn needed(model: &Model, pictures: &Candidates, row: usize) -> Option<u32> {
    let enough = |k: u32| expected_probability(model, pictures, row, k) >= DECIDED;
    if !enough(MOST_LOOKS) {
        return None;
    }
    let (mut too_few, mut suffice) = (0, MOST_LOOKS);
    while suffice - too_few > 1 {
        let middle = too_few + (suffice - too_few) / 2;
        if enough(middle) {
            suffice = middle;
        } else {
            too_few = middle;
        }
    }
    Some(suffice)
}

/// The posterior of `row` from the expected log odds after k looks, all its doubles with it.
fn expected_probability(model: &Model, pictures: &Candidates, row: usize, k: u32) -> f64 {
    let weights = model.precisions(f64::from(k));
    let (own, temperature) = (pictures.expected(row), model.temperature(k).told);
    let against: f64 = (0..pictures.len())
        .filter(|other| !pictures.same(*other, row))
        .map(|other| {
            let theirs = pictures.expected(other);
            let apart = weights.iter().zip(own).zip(theirs);
            let distance: f64 = apart.map(|((w, a), b)| w * (a - b) * (a - b)).sum();
            (-0.5 * distance / temperature).exp()
        })
        .sum();
    1.0 / (1.0 + against)
}
