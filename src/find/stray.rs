//! Responses that follow no picture of the page: they look for something else, or the scores have peaks of their own.
//!
//! Without this hypothesis peaks in unrelated scores are told as luck by *nobody is looking*, and whichever picture happens to
//! light with them is believed. Here responses come as they would to a picture of the same kind that is on no page: after each
//! response the next one comes as soon, and as late, as pictures of the page light again ([`Hazards`]). Told one flash after
//! another: the chance of the next score is a mixture of two normal distributions around what the filter expects, and the filter
//! goes on with the mean and covariance of that mixture. That is a proper chance of all scores (each step's adds to one), so it
//! may stand beside the exact ones. In spreads of the law's noise.

use super::law::noise::{MOST_ORDER, Noise};
use crate::signal::flash::Lit;

/// The noise's autoregression and the offset.
const STATE: usize = MOST_ORDER + 1;

/// Flashes before whose responses reach this one's score.
const BEFORE: usize = 16;

/// Flashes since a response that are told apart; the last stands for all longer times, the first for no response yet.
const LAGS: usize = 32;

/// How alike the chances of neighbouring lags are taken to be: pictures of a group are few.
const ALIKE: [f64; 4] = [1.0, 0.75, 0.5, 0.25];

/// The chance that a flash holds a response, by how long ago the last one was.
#[derive(Clone, Debug)]
pub struct Hazards {
    /// Flash at which each picture lit last.
    last: Vec<Option<u64>>,
    now: u64,
    chances: [f64; LAGS],
}

impl Hazards {
    /// Of a page on which nothing has lit.
    pub fn new(pictures: usize) -> Self {
        Self { last: vec![None; pictures], now: 0, chances: [0.0; LAGS] }
    }

    /// These pictures light: of those that lit last so long ago, the share that lights now.
    pub fn light(&mut self, lit: Lit) {
        let (mut waiting, mut lighting) = ([0.0; LAGS], [0.0; LAGS]);
        for (picture, last) in self.last.iter_mut().enumerate() {
            let lag = last
                .map_or(0, |at| usize::try_from(self.now - at).unwrap_or(LAGS).clamp(1, LAGS - 1));
            waiting[lag] += 1.0;
            if lit.holds(picture) {
                lighting[lag] += 1.0;
                *last = Some(self.now);
            }
        }
        self.now += 1;
        let usual = lighting.iter().sum::<f64>() / self.last.len().max(1) as f64;
        let near = |of: &[f64; LAGS], lag: usize| -> f64 {
            // The times before the first response are of their own kind.
            (1..LAGS).filter_map(|other| Some(ALIKE.get(other.abs_diff(lag))? * of[other])).sum()
        };
        for lag in 0..LAGS {
            let (lighting, waiting) = match lag {
                0 => (lighting[0], waiting[0]),
                _ => (near(&lighting, lag), near(&waiting, lag)),
            };
            self.chances[lag] = if waiting == 0.0 { usual } else { lighting / waiting };
        }
    }
}

/// What is expected of one flash by the law.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The score.
    pub score: Option<f64>,
    /// Chance that it holds a response, by the flashes since the last one.
    pub hazards: &'a Hazards,
    /// The same on the whole, of any flash.
    pub chance: f64,
    /// So many flashes before are too near for one picture to light in both.
    pub too_near: usize,
    /// The response proper.
    pub response: f64,
    /// Variance that a response has beyond the noise.
    pub extra: f64,
    /// What a response to each flash before leaves in this score, newest first.
    pub before: &'a [f64],
    /// What responses to all that follow would leave, together.
    pub after: f64,
    /// The same, squared each.
    pub after_squared: f64,
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
    /// How probable it is that the last response was so many flashes ago; first: that there was none.
    since: [f64; LAGS],
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
        let since = std::array::from_fn(|lag| f64::from(u8::from(lag == 0)));
        Self {
            amplitude,
            variance: scale * scale,
            log_likelihood: log_weight,
            state,
            covariance,
            responded,
            since,
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
        let chances = expected.hazards.chances;
        let barred = 1..=expected.too_near.min(LAGS - 1);
        let at = |lag: usize| if barred.contains(&lag) { 0.0 } else { chances[lag] };
        let chance = (0..LAGS).map(|lag| self.since[lag] * at(lag)).sum::<f64>().clamp(1e-6, 0.9);
        let responded = match expected.score {
            Some(score) => self.weigh(noise, score, chance, expected),
            None => chance,
        };
        self.responded.copy_within(0..BEFORE - 1, 1);
        self.responded[0] = responded;
        self.go_on(responded, at);
    }

    /// One flash more since the last response, or this was one.
    fn go_on(&mut self, responded: f64, chance: impl Fn(usize) -> f64) {
        let stay: [f64; LAGS] = std::array::from_fn(|lag| self.since[lag] * (1.0 - chance(lag)));
        let all = stay.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let mut since = [0.0; LAGS];
        for (lag, stay) in stay.iter().enumerate() {
            let next = if lag == 0 { 0 } else { (lag + 1).min(LAGS - 1) };
            since[next] += (1.0 - responded) * stay / all;
        }
        since[1] += responded;
        self.since = since;
    }

    fn weigh(&mut self, noise: &Noise, score: f64, chance: f64, expected: &Expected<'_>) -> f64 {
        let tails =
            expected.before.iter().zip(&self.responded).map(|(left, by)| left * by).sum::<f64>();
        let left = self.amplitude * (tails + expected.after * expected.chance);
        // The score holds the newest noise and the offset; without an autoregression the noise is not in the state.
        let white = if noise.order() == 0 { self.variance } else { 0.0 };
        let seen: [f64; STATE] =
            std::array::from_fn(|i| self.covariance[i][0] + self.covariance[i][MOST_ORDER]);
        // It is not sure which neighbours hold a response: what they leave varies.
        let by_before = expected
            .before
            .iter()
            .zip(&self.responded)
            .map(|(left, by)| left * left * by * (1.0 - by));
        let by_after = expected.after_squared * expected.chance * (1.0 - expected.chance);
        let varied = self.amplitude * self.amplitude * (by_before.sum::<f64>() + by_after);
        let variance = (seen[0] + seen[MOST_ORDER] + white + varied).max(1e-12);
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

    /// Pictures of a page of ten, of which the last flash lit so many.
    fn lit(count: usize) -> Hazards {
        let mut hazards = Hazards::new(10);
        hazards.light(Lit::of(0..count));
        hazards
    }

    fn flash(hazards: &Hazards, score: f64) -> Expected<'_> {
        let (response, extra) = (2.0, 0.3);
        Expected {
            score: Some(score),
            hazards,
            chance: 0.1,
            too_near: 0,
            response,
            extra,
            before: &[],
            after: 0.0,
            after_squared: 0.0,
        }
    }

    #[test]
    fn the_chances_of_the_next_score_add_to_one() {
        let hazards = lit(2);
        for correlation in [vec![], vec![0.5, 0.3]] {
            let noise = Noise::of(&correlation).unwrap();
            let mut stray = Stray::new(&noise, 1.0, 1.3, [0.2, 0.25], 0.0);
            for score in [0.1, 2.5, -0.7, 1.9] {
                stray.see(&noise, &flash(&hazards, score));
                stray.step(&noise);
            }
            let before = stray.log_likelihood();
            let next = |score: f64| {
                let mut next = stray.clone();
                next.see(
                    &noise,
                    &Expected {
                        before: &[0.3, 0.1],
                        after: 0.2,
                        after_squared: 0.1,
                        ..flash(&hazards, score)
                    },
                );
                (next.log_likelihood() - before).exp() / std::f64::consts::TAU.sqrt()
            };
            let sum: f64 = (-2000..2000).map(|i| next(f64::from(i) * 0.01) * 0.01).sum();
            assert!((sum - 1.0).abs() < 1e-6, "{sum}");
            assert!((stray.since.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn without_responses_it_is_the_filter_of_nobody() {
        use crate::find::track::{Before, Track};
        let (noise, hazards) = (Noise::of(&[0.5, 0.3, 0.2]).unwrap(), lit(2));
        let mut stray = Stray::new(&noise, 0.0, 1.4, [0.2, 0.25], 0.0);
        let mut track = Track::new(&noise);
        for (i, score) in [0.1, 2.5, -0.7, 1.9, 0.4, 0.4].into_iter().enumerate() {
            for _ in 0..=i % 2 {
                stray.step(&noise);
                track.step(&noise);
            }
            stray.see(&noise, &Expected { extra: 0.0, ..flash(&hazards, score) });
            track.see(&noise, score, 0.0, 0.0);
        }
        let before = Before { offset: 0.2, offset_variance: 0.25, amplitude_variance: 0.1 };
        assert!((stray.log_likelihood() - track.log_likelihood(&before, 1.4)).abs() < 1e-9);
    }

    #[test]
    fn a_peak_is_taken_for_a_response_and_its_tail_is_expected() {
        let (noise, hazards) = (Noise::of(&[]).unwrap(), lit(1));
        let mut stray = Stray::new(&noise, 1.0, 1.0, [0.0, 0.01], 0.0);
        stray.see(&noise, &flash(&hazards, 4.0));
        assert!(stray.responded[0] > 0.9 && stray.since[1] == stray.responded[0]);
        let mut without = stray.clone();
        stray.see(&noise, &Expected { before: &[1.5], ..flash(&hazards, 1.5) });
        without.see(&noise, &flash(&hazards, 1.5));
        assert!(stray.log_likelihood() > without.log_likelihood() + 0.3);
        // A refused flash: as probable as its chance; too near a sure response there is no other.
        stray.since = std::array::from_fn(|lag| f64::from(u8::from(lag == 2)));
        let refused = Expected { score: None, ..flash(&hazards, 0.0) };
        let mut barred = stray.clone();
        barred.see(&noise, &Expected { too_near: 2, ..refused });
        assert!(barred.responded[0] < 1e-5);
        stray.see(&noise, &refused);
        assert!((stray.responded[0] - 0.1).abs() < 1e-12, "{}", stray.responded[0]);
    }

    #[test]
    fn the_next_response_comes_as_pictures_of_the_page_light_again() {
        // Twelve pictures in threes, four flashes a round: whoever lit first in one round may light anywhere in the next.
        let mut hazards = Hazards::new(12);
        let rounds = [[0, 1, 2, 3], [0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 1, 0]];
        for round in rounds {
            for group in round {
                hazards.light(Lit::of((0..12).filter(|picture| picture % 4 == group)));
                // All chances are shares.
                assert!(hazards.chances.iter().all(|chance| (0.0..=1.0).contains(chance)));
            }
        }
        // The last flash of a round lights all that have waited, and none that lit just before.
        assert!(hazards.chances[5] > 0.4 && hazards.chances[1] < 0.2, "{:?}", hazards.chances);
        let mut first = Hazards::new(12);
        first.light(Lit::of([0, 1, 2]));
        assert_eq!(first.chances[0], 0.25);
        first.light(Lit::of([3, 4, 5]));
        assert!((first.chances[0] - 1.0 / 3.0).abs() < 1e-12 && first.chances[1] == 0.0);
    }
}
