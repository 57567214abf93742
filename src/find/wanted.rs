//! What is wanted, from what was chosen: a distribution over all pictures, exact.
//!
//! Takes the [`Space`] and, page by page, which picture of it was chosen with which probability. For every picture w that may
//! be wanted the chosen one is the most similar to w of its page, softly: with cosines s and softness 1/β
//!
//! ```text
//! p(c | w) = q · exp(β s(w, c)) / Σ_j exp(β s(w, j))  +  (1 − q) / n
//! ```
//!
//! n pictures on the page, q the probability that the choice is the one that was meant. So all choices count, a wrong one costs
//! what its own doubt allows, and a picture that stood on a page unchosen is hardly wanted.
//!
//! Guarantees: probabilities sum to 1; without a choice all pictures are equally probable.

use super::space::Space;

/// A choice is never believed more than this: people look at something else, too.
const MOST_TRUSTED: f64 = 0.95;

/// Weight of "any of them" in a page's prior: a page is never closed by its own past.
const OPEN: f64 = 0.5;

/// Log-probabilities of being wanted, one for each row, not normalised while they are gathered.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    sharpness: f64,
    log_weights: Vec<f64>,
}

impl Wanted {
    /// Before any choice; `sharpness` is β.
    pub fn new(space: &Space, sharpness: f64) -> Self {
        Self { sharpness, log_weights: vec![0.0; space.rows()] }
    }

    /// Takes a choice: the picture at `chosen` of a page of rows, meant with probability `meant`.
    pub fn learn(&mut self, space: &Space, page: &[usize], chosen: usize, meant: f64) {
        let meant = meant.clamp(0.0, MOST_TRUSTED);
        let by_chance = (1.0 - meant) / page.len().max(1) as f64;
        for (row, weight) in self.log_weights.iter_mut().enumerate() {
            let share = shares(space, row, page, self.sharpness);
            let likely = share.get(chosen).copied().unwrap_or_default();
            *weight += (meant * likely + by_chance).max(f64::MIN_POSITIVE).ln();
        }
    }

    /// The probability of each row, `[rows]`.
    pub fn probabilities(&self) -> Vec<f64> {
        softmax(&self.log_weights)
    }

    /// Log-probabilities with which the pictures of a page will be chosen, `[page]`.
    pub fn of_page(&self, space: &Space, page: &[usize]) -> Vec<f64> {
        let n = page.len().max(1) as f64;
        let mut sum = vec![0.0; page.len()];
        for (row, probability) in self.probabilities().into_iter().enumerate() {
            // Rows that nobody wants change no digit that matters.
            if probability > f64::EPSILON {
                let share = shares(space, row, page, self.sharpness);
                sum.iter_mut().zip(share).for_each(|(sum, share)| *sum += probability * share);
            }
        }
        sum.iter().map(|share| ((1.0 - OPEN) * share + OPEN / n).ln()).collect()
    }
}

/// How probably each picture of a page is taken for the most similar to this row.
fn shares(space: &Space, row: usize, page: &[usize], sharpness: f64) -> Vec<f64> {
    let likenesses: Vec<f64> =
        page.iter().map(|other| sharpness * space.likeness(row, *other)).collect();
    softmax(&likenesses)
}

fn softmax(logs: &[f64]) -> Vec<f64> {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let risen: Vec<f64> = logs.iter().map(|l| (l - most).exp()).collect();
    let total: f64 = risen.iter().sum();
    risen.into_iter().map(|r| r / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures on a half circle, one a degree.
    fn circle() -> Space {
        let angle = |i: usize| (i as f32).to_radians();
        Space::new((0..180).flat_map(|i| [angle(i).cos(), angle(i).sin()]).collect(), 2).unwrap()
    }

    fn best(probabilities: &[f64]) -> usize {
        (0..probabilities.len())
            .max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]))
            .unwrap()
    }

    #[test]
    fn choices_add_up_and_a_page_without_choice_says_nothing() {
        let space = circle();
        let mut wanted = Wanted::new(&space, 30.0);
        assert!(wanted.probabilities().iter().all(|p| (p - 1.0 / 180.0).abs() < 1e-12));
        // Nearer to 40 than to 0 or 80, then nearer to 50 than to 20: between 40 and 60.
        wanted.learn(&space, &[0, 40, 80], 1, 1.0);
        let once = wanted.probabilities();
        wanted.learn(&space, &[20, 50], 1, 1.0);
        let twice = wanted.probabilities();
        assert!((twice.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let above = |p: &[f64]| p[40..=60].iter().sum::<f64>();
        assert!(
            above(&twice) > above(&once) && (40..=60).contains(&best(&twice)),
            "{}",
            best(&twice)
        );
    }

    #[test]
    fn a_doubtful_choice_says_less_and_one_by_chance_nothing() {
        let space = circle();
        let spread = |meant: f64| {
            let mut wanted = Wanted::new(&space, 30.0);
            wanted.learn(&space, &[0, 90], 0, meant);
            wanted.probabilities()[..20].iter().sum::<f64>()
        };
        assert!(spread(0.9) > spread(0.5) && (spread(0.0) - 20.0 / 180.0).abs() < 1e-9);
    }

    #[test]
    fn the_prior_of_a_page_follows_the_belief_and_stays_open() {
        let space = circle();
        let mut wanted = Wanted::new(&space, 30.0);
        wanted.learn(&space, &[0, 90], 0, 0.9);
        let prior = wanted.of_page(&space, &[5, 60, 120]);
        let sum: f64 = prior.iter().map(|l| l.exp()).sum();
        assert!(
            (sum - 1.0).abs() < 1e-9 && prior[0] > prior[1] && prior[2].exp() > OPEN / 3.0 - 1e-9
        );
    }
}
