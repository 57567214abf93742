//! Responses that follow no picture of the page: they look for something else, or the scores have peaks of their own.
//!
//! Without this hypothesis peaks in unrelated scores are told as luck by *nobody is looking*, and whichever picture happens to
//! light with them is believed. Here each flash holds a response with the chance that any one picture lights in it, whatever lights. Told one
//! flash after another: the chance of the next score is a mixture of two normal distributions around what the filter
//! expects, and the filter goes on with the mean and covariance of that mixture. That is a proper chance of all scores (each
//! step's adds to one), so it may stand beside the exact ones. In spreads of the law's noise.

use super::law::noise::{MOST_ORDER, Noise};

/// The noise's autoregression and the offset.
const STATE: usize = MOST_ORDER + 1;

/// Flashes before whose responses reach this one's score.
const BEFORE: usize = 16;

/// What is expected of one flash by the law.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The score.
    pub score: Option<f64>,
    /// Chance that it holds a response.
    pub chance: f64,
    /// The response proper.
    pub response: f64,
    /// Variance that a response has beyond the noise.
    pub extra: f64,
    /// What a response to each flash before leaves in this score, newest first.
    pub before: &'a [f64],
    /// What responses to all that follow would leave, together.
    pub after: f64,
}

/// One amplitude and spread of the noise.
#[derive(Clone, Debug)]
pub struct Stray {
    amplitude: f64,
    variance: f64,
    log_likelihood: f64,
    state: [f64; STATE],
    covariance: [[f64; STATE]; STATE],
    /// How probable a response to each of the flashes before is, newest first.
    responded: [f64; BEFORE],
}

impl Stray {
    /// Before the first flash: amplitude, spread of the noise, mean and variance of the offset; `log_weight` is where it starts.
    pub fn new(
        noise: &Noise,
        amplitude: f64,
        scale: f64,
        offset: [f64; 2],
        log_weight: f64,
    ) -> Self {
        let order = noise.order();
        let at = |lag: usize| if lag == 0 { 1.0 } else { noise.correlation[lag - 1] };
        let mut covariance = [[0.0; STATE]; STATE];
        for (i, row) in covariance.iter_mut().enumerate().take(order) {
            row.iter_mut()
                .enumerate()
                .take(order)
                .for_each(|(j, c)| *c = scale * scale * at(i.abs_diff(j)));
        }
        covariance[MOST_ORDER][MOST_ORDER] = offset[1];
        let mut state = [0.0; STATE];
        state[MOST_ORDER] = offset[0];
        let responded = [0.0; BEFORE];
        Self {
            amplitude,
            variance: scale * scale,
            log_likelihood: log_weight,
            state,
            covariance,
            responded,
        }
    }

    /// Logarithm of weight and likelihood, less `count · ln √2π`.
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// A flash's time passes.
    pub fn step(&mut self, noise: &Noise) {
        let order = noise.order();
        if order == 0 {
            return;
        }
        // One row of the transition at a time: the newest value from all before, then everything moves on by one.
        let told = |column: &dyn Fn(usize) -> f64| {
            (0..order).map(|i| noise.weights[i] * column(i)).sum::<f64>()
        };
        let old = self.covariance;
        let mut fresh = [0.0; STATE];
        for (j, fresh) in fresh.iter_mut().enumerate() {
            *fresh = told(&|i| old[i][j]);
        }
        let source = |j: usize| {
            if j == MOST_ORDER { Some(j) } else { (1..order).contains(&j).then(|| j - 1) }
        };
        for i in (0..order).chain([MOST_ORDER]) {
            for j in (0..order).chain([MOST_ORDER]) {
                self.covariance[i][j] = match (source(i), source(j)) {
                    (Some(a), Some(b)) => old[a][b],
                    (Some(a), None) => fresh[a],
                    (None, Some(b)) => fresh[b],
                    (None, None) => told(&|k| fresh[k]) + self.variance * noise.innovation,
                };
            }
        }
        let state = self.state;
        self.state[0] = told(&|i| state[i]);
        (1..order).for_each(|i| self.state[i] = state[i - 1]);
    }

    /// A flash, with or without a score.
    pub fn see(&mut self, noise: &Noise, expected: &Expected<'_>) {
        let chance = expected.chance.clamp(1e-6, 1.0 - 1e-6);
        let responded = match expected.score {
            Some(score) => self.weigh(noise, score, chance, expected),
            None => chance,
        };
        self.responded.copy_within(0..BEFORE - 1, 1);
        self.responded[0] = responded;
    }

    fn weigh(&mut self, noise: &Noise, score: f64, chance: f64, expected: &Expected<'_>) -> f64 {
        let tails =
            expected.before.iter().zip(&self.responded).map(|(left, by)| left * by).sum::<f64>();
        let left = self.amplitude * (tails + expected.after * chance);
        // The score holds the newest noise and the offset; without an autoregression the noise is not in the state.
        let white = if noise.order() == 0 { self.variance } else { 0.0 };
        let seen: [f64; STATE] =
            std::array::from_fn(|i| self.covariance[i][0] + self.covariance[i][MOST_ORDER]);
        let variance = (seen[0] + seen[MOST_ORDER] + white).max(1e-12);
        let news = score - self.state[0] - self.state[MOST_ORDER] - left;
        let cases = [
            (
                chance,
                news - self.amplitude * expected.response,
                variance + self.variance * expected.extra,
            ),
            (1.0 - chance, news, variance),
        ];
        let logs = cases.map(|(weight, news, variance)| {
            f64::ln(weight) - 0.5 * (f64::ln(variance) + news * news / variance)
        });
        let most = logs[0].max(logs[1]);
        let sum = most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln();
        self.log_likelihood += sum;
        let shares = logs.map(|log| (log - sum).exp());
        // Both cases move the state along the same line, by so much.
        let moves: [f64; 2] = std::array::from_fn(|case| cases[case].1 / cases[case].2);
        let moved = shares[0] * moves[0] + shares[1] * moves[1];
        let narrowed: f64 = (0..2).map(|case| shares[case] / cases[case].2).sum();
        let between: f64 = (0..2).map(|case| shares[case] * (moves[case] - moved).powi(2)).sum();
        for i in 0..STATE {
            self.state[i] += moved * seen[i];
            (0..STATE)
                .for_each(|j| self.covariance[i][j] += (between - narrowed) * seen[i] * seen[j]);
        }
        shares[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flash(score: f64, chance: f64) -> Expected<'static> {
        Expected { score: Some(score), chance, response: 2.0, extra: 0.3, before: &[], after: 0.0 }
    }

    #[test]
    fn the_chances_of_the_next_score_add_to_one() {
        for correlation in [vec![], vec![0.5, 0.3]] {
            let noise = Noise::of(&correlation).unwrap();
            let mut stray = Stray::new(&noise, 1.0, 1.3, [0.2, 0.25], 0.0);
            for score in [0.1, 2.5, -0.7, 1.9] {
                stray.see(&noise, &flash(score, 0.2));
                stray.step(&noise);
            }
            let before = stray.log_likelihood();
            let next = |score: f64| {
                let mut next = stray.clone();
                next.see(
                    &noise,
                    &Expected { before: &[0.3, 0.1], after: 0.2, ..flash(score, 0.2) },
                );
                (next.log_likelihood() - before).exp() / std::f64::consts::TAU.sqrt()
            };
            let sum: f64 = (-2000..2000).map(|i| next(f64::from(i) * 0.01) * 0.01).sum();
            assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        }
    }

    #[test]
    fn without_responses_it_is_the_filter_of_nobody() {
        use crate::find::track::{Before, Track};
        let noise = Noise::of(&[0.5, 0.3, 0.2]).unwrap();
        let mut stray = Stray::new(&noise, 0.0, 1.4, [0.2, 0.25], 0.0);
        let mut track = Track::new(&noise);
        for (i, score) in [0.1, 2.5, -0.7, 1.9, 0.4, 0.4].into_iter().enumerate() {
            (0..=i % 2).for_each(|_| (stray.step(&noise), track.step(&noise)).0);
            stray.see(&noise, &Expected { extra: 0.0, ..flash(score, 0.2) });
            track.see(&noise, score, 0.0, 0.0);
        }
        let before = Before { offset: 0.2, offset_variance: 0.25, amplitude_variance: 0.1 };
        assert!((stray.log_likelihood() - track.log_likelihood(&before, 1.4)).abs() < 1e-9);
    }

    #[test]
    fn a_peak_is_taken_for_a_response_and_its_tail_is_expected() {
        let noise = Noise::of(&[]).unwrap();
        let mut stray = Stray::new(&noise, 1.0, 1.0, [0.0, 0.01], 0.0);
        stray.see(&noise, &flash(4.0, 0.1));
        assert!(stray.responded[0] > 0.9);
        let mut without = stray.clone();
        stray.see(&noise, &Expected { before: &[1.5], ..flash(1.5, 0.1) });
        without.see(&noise, &flash(1.5, 0.1));
        assert!(stray.log_likelihood() > without.log_likelihood() + 0.3);
        stray.see(&noise, &Expected { score: None, ..flash(0.0, 0.1) });
        assert_eq!(stray.responded[0], 0.1);
    }
}
