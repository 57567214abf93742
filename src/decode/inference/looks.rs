//! How many more looks it will probably take until a picture is named.
//!
//! Takes what is believed now; gives the number of further trials after which the posterior of the best guess is expected to
//! reach [`DECIDED`], if it is right. Beyond the log odds that there are, every further look of the right picture adds, on
//! the mean, half the squared distance between its expected answer and another's, in units of the noise, to the log odds
//! against that other. The likeliest few are watched: others are out of the race or fall with them.

use super::model::Model;
use super::posterior::{Belief, Candidates};

/// Posterior probability from which a picture counts as named.
pub const DECIDED: f64 = 0.95;

/// Beyond so many further looks nobody waits.
pub const MOST_LOOKS: u32 = 400;

/// Pictures that a guess is watched against.
const RIVALS: usize = 64;

/// Further looks until `row`, believed after k looks, is named, if it is right; `None` when [`MOST_LOOKS`] do not suffice:
/// persons differ by more than these pictures do.
pub fn more(
    model: &Model,
    pictures: &Candidates,
    belief: &Belief,
    (row, k): (usize, u32),
    temperature: f64,
) -> Option<u32> {
    let rivals: Vec<usize> =
        belief.best(RIVALS + 1).into_iter().filter(|other| !pictures.same(*other, row)).collect();
    let odds = |other: usize| belief.log_posterior[row] - belief.log_posterior[other];
    let enough = |more: u32| {
        let against: f64 = rivals
            .iter()
            .map(|other| {
                let gained = apart(model, pictures, (row, *other), k + more)
                    - apart(model, pictures, (row, *other), k);
                (-odds(*other) - 0.5 * gained / temperature).exp()
            })
            .sum();
        1.0 / (1.0 + against) >= DECIDED
    };
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

/// Squared distance of two expected answers after k looks, in units of the noise.
fn apart(model: &Model, pictures: &Candidates, (row, other): (usize, usize), k: u32) -> f64 {
    if let Some(nats) = model.per_look(row, other) {
        return 2.0 * nats * f64::from(k);
    }
    let weights = model.precisions(f64::from(k));
    let both = pictures.expected(row).iter().zip(pictures.expected(other));
    both.zip(weights).map(|((a, b), weight)| weight * (a - b) * (a - b)).sum()
}
