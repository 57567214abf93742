//! Responses that follow no picture of the page: they look for something else, or the scores have peaks of their own.
//!
//! Without this hypothesis peaks in unrelated scores are told as luck by *nobody is looking*, and whichever picture happens to
//! light with them is believed. Here 64 drawn strangers light beside the page's pictures: as soon and as late after their last light as
//! pictures of the page do ([`Hazards`]), but in groups of nobody; a quarter of them light at any time. Those that explain the scores multiply and go different ways from there
//! (a particle filter): the mean of their likelihoods is an unbiased estimate of that of *any* stranger, so it stands beside
//! the exact ones as a hypothesis does. Each stranger is told as a picture is: neighbours' responses, refractoriness, offset,
//! amplitude and spread integrated out. Draws are from a fixed seed: the same flashes give the same numbers.

use std::collections::VecDeque;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::law::ScoreLaw;
use super::law::noise::Noise;
use super::scored::{ScoredFlash, Trail};
use super::track::{Before, Track};
use crate::signal::flash::{Flash, Lit};

/// Strangers: one for each bit of a [`Lit`].
const STRANGERS: usize = 64;

/// Each so-manieth of them lights at any time.
const LOOSE: usize = 4;

/// Flashes since the last light that are told apart; the last stands for all longer times, the first for none yet.
const LAGS: usize = 32;

/// How alike the chances of neighbouring lags are taken to be: pictures of a group are few.
const ALIKE: [f64; 4] = [1.0, 0.75, 0.5, 0.25];

/// Most flashes to come for which lights are drawn ahead.
const MOST_AHEAD: usize = 16;

/// Seed of all draws.
const SEED: u64 = 0x7374_7261_6e67_6572;

/// The chance that a picture lights in a flash, by how long ago it lit last.
#[derive(Clone, Debug)]
struct Hazards {
    /// Flash at which each picture lit last.
    last: Vec<Option<u64>>,
    now: u64,
    /// Fewest flashes after which a picture lit again, so far.
    soonest: usize,
    chances: [f64; LAGS],
    /// The same of all pictures, whenever they lit.
    usual: f64,
}

impl Hazards {
    /// Of a page on which nothing has lit.
    fn new(pictures: usize) -> Self {
        Self { last: vec![None; pictures], now: 0, soonest: LAGS, chances: [0.0; LAGS], usual: 0.0 }
    }

    /// These pictures light: of those that lit last so long ago, the share that lights now.
    fn light(&mut self, lit: Lit) {
        let (mut waiting, mut lighting) = ([0.0; LAGS], [0.0; LAGS]);
        for (picture, last) in self.last.iter_mut().enumerate() {
            let lag = last.map_or(0, |at| lag(self.now, at));
            waiting[lag] += 1.0;
            if lit.holds(picture) {
                lighting[lag] += 1.0;
                *last = Some(self.now);
                self.soonest = if lag > 0 { self.soonest.min(lag) } else { self.soonest };
            }
        }
        self.now += 1;
        let usual = lighting.iter().sum::<f64>() / self.last.len().max(1) as f64;
        self.usual = usual;
        // The time before the first light is of its own kind.
        let near = |of: &[f64; LAGS], lag: usize| match lag {
            0 => of[0],
            _ => (1..LAGS).filter_map(|i| Some(ALIKE.get(i.abs_diff(lag))? * of[i])).sum(),
        };
        for lag in 0..LAGS {
            let (lighting, waiting) = (near(&lighting, lag), near(&waiting, lag));
            let is_too_soon = lag > 0 && lag < self.soonest;
            let share = if waiting > 0.0 { lighting / waiting } else { usual };
            self.chances[lag] = if is_too_soon { 0.0 } else { share };
        }
    }
}

fn lag(now: u64, last: u64) -> usize {
    usize::try_from(now.saturating_sub(last)).unwrap_or(LAGS).clamp(1, LAGS - 1)
}

/// Shapes of the noise with logarithms of their weights, spreads with theirs, and what is known before the page.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The law.
    pub law: &'a ScoreLaw,
    /// Shapes of the noise.
    pub shapes: &'a [(Noise, f64)],
    /// Spreads.
    pub scales: &'a [(f64, f64)],
    /// Offset and amplitude.
    pub before: &'a Before,
}

/// All strangers of a page.
#[derive(Clone, Debug)]
pub struct Strays {
    hazards: Hazards,
    /// Who lit before, and who will in the flashes to come.
    trail: Trail,
    ahead: VecDeque<Lit>,
    /// Flash of each stranger's last light, those ahead counted.
    last: [Option<u64>; STRANGERS],
    /// Who lights at any time: scores with peaks of their own have no order.
    loose: [bool; STRANGERS],
    /// For each stranger one of each shape.
    tracks: Vec<Vec<Track>>,
    /// Logarithm of each stranger's likelihood now, and when it was drawn last.
    now: [f64; STRANGERS],
    drawn: [f64; STRANGERS],
    log_likelihood: f64,
    expected: [f64; STRANGERS],
    rng: ChaCha8Rng,
}

impl Strays {
    /// Before the first flash of a page of so many pictures.
    pub fn new(pictures: usize, shapes: &[(Noise, f64)]) -> Self {
        let tracks: Vec<Track> = shapes.iter().map(|(noise, _)| Track::new(noise)).collect();
        Self {
            hazards: Hazards::new(pictures),
            trail: Trail::default(),
            ahead: VecDeque::with_capacity(MOST_AHEAD + 1),
            last: [None; STRANGERS],
            loose: std::array::from_fn(|i| i % LOOSE == 0),
            tracks: vec![tracks; STRANGERS],
            now: [0.0; STRANGERS],
            drawn: [0.0; STRANGERS],
            log_likelihood: 0.0,
            expected: [0.0; STRANGERS],
            rng: ChaCha8Rng::seed_from_u64(SEED),
        }
    }

    /// Takes the next flash: `score` in spreads of the noise, none where the window was refused; `steps` as the noise goes on.
    pub fn pass(
        &mut self,
        scored: &ScoredFlash,
        score: Option<f64>,
        steps: usize,
        known: &Known<'_>,
    ) {
        let beside = self.light_beside(scored);
        known.law.expect(&self.trail, &beside, &mut self.expected);
        self.trail.pass(&beside);
        let spread = known.law.noise_sd;
        let extra = (known.law.target_sd / spread).powi(2);
        for (stranger, tracks) in self.tracks.iter_mut().enumerate() {
            let extra = if beside.flash.lit.holds(stranger) { extra } else { 0.0 };
            for (track, (noise, _)) in tracks.iter_mut().zip(known.shapes) {
                (0..steps).for_each(|_| track.step(noise));
                if let Some(score) = score {
                    track.see(noise, score, self.expected[stranger] / spread, extra);
                }
            }
        }
        if score.is_some() {
            self.weigh(known);
        }
    }

    /// Logarithm of the likelihood of any stranger, less `count · ln √2π`.
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood + self.newest().0
    }

    /// This flash and those to come, with the strangers that light in them.
    fn light_beside(&mut self, scored: &ScoredFlash) -> ScoredFlash {
        let following = scored.following.iter().take(MOST_AHEAD);
        let lits = [scored.flash.lit].into_iter().chain(following.clone().map(|f| f.1));
        for lit in lits.skip(self.ahead.len()) {
            let drawn = self.draw(lit);
            self.ahead.push_back(drawn);
        }
        let lit = self.ahead.pop_front().unwrap_or_default();
        let following =
            following.zip(&self.ahead).map(|((delay_secs, _), lit)| (*delay_secs, *lit));
        ScoredFlash {
            flash: Flash { lit, ..scored.flash },
            onset_secs: scored.onset_secs,
            score: None,
            following: following.collect(),
        }
    }

    /// Who lights beside these pictures.
    fn draw(&mut self, lit: Lit) -> Lit {
        let now = self.hazards.now;
        self.hazards.light(lit);
        let mut drawn = 0_u64;
        for (stranger, last) in self.last.iter_mut().enumerate() {
            let lag = last.map_or(0, |last| lag(now, last));
            let chance =
                if self.loose[stranger] { self.hazards.usual } else { self.hazards.chances[lag] };
            if self.rng.random::<f64>() < chance {
                drawn |= 1 << stranger;
                *last = Some(now);
            }
        }
        Lit(drawn)
    }

    fn weigh(&mut self, known: &Known<'_>) {
        for (now, tracks) in self.now.iter_mut().zip(&self.tracks) {
            let shapes =
                tracks.iter().zip(known.shapes).map(|(track, (_, share))| {
                    let scales = known.scales.iter();
                    share
                        + log_sum(scales.map(|(scale, weight)| {
                            weight + track.log_likelihood(known.before, *scale)
                        }))
                });
            *now = log_sum(shapes);
        }
        let (log_mean, weights) = self.newest();
        let worth =
            weights.iter().sum::<f64>().powi(2) / weights.iter().map(|w| w * w).sum::<f64>();
        if worth < 0.5 * STRANGERS as f64 {
            self.log_likelihood += log_mean;
            self.multiply(&weights);
        }
    }

    /// Logarithm of the mean likelihood since the last draw, and each stranger's share of it.
    fn newest(&self) -> (f64, [f64; STRANGERS]) {
        let logs: [f64; STRANGERS] = std::array::from_fn(|i| self.now[i] - self.drawn[i]);
        let all = log_sum(logs.iter().copied());
        (all - (STRANGERS as f64).ln(), logs.map(|log| (log - all).exp()))
    }

    /// Draws strangers by their shares, evenly spaced so that as little as possible is left to luck.
    fn multiply(&mut self, shares: &[f64; STRANGERS]) {
        let begin: f64 = self.rng.random();
        let (mut chosen, mut stranger, mut sum) = ([0; STRANGERS], 0, shares[0]);
        for (i, chosen) in chosen.iter_mut().enumerate() {
            while sum * STRANGERS as f64 <= i as f64 + begin && stranger + 1 < STRANGERS {
                stranger += 1;
                sum += shares[stranger];
            }
            *chosen = stranger;
        }
        let moved = |lit: Lit| Lit::of((0..STRANGERS).filter(|i| lit.holds(chosen[*i])));
        self.trail.map(moved);
        self.ahead.iter_mut().for_each(|lit| *lit = moved(*lit));
        self.last = chosen.map(|from| self.last[from]);
        self.loose = chosen.map(|from| self.loose[from]);
        self.now = chosen.map(|from| self.now[from]);
        self.drawn = self.now;
        self.tracks = chosen.iter().map(|from| self.tracks[*from].clone()).collect();
    }
}

/// Logarithm of the sum of exponentials.
pub fn log_sum(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    if most.is_finite() {
        most + logs.map(|log| (log - most).exp()).sum::<f64>().ln()
    } else {
        most
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find::law::tests::law;
    use crate::find::rehearsal::{drawn_code, drawn_page};

    const BEFORE: Before = Before { offset: -0.5, offset_variance: 0.25, amplitude_variance: 0.04 };

    fn shapes() -> Vec<(Noise, f64)> {
        vec![(Noise::of(&[0.45, 0.2]).unwrap(), 0.0)]
    }

    #[test]
    fn strangers_light_as_pictures_of_the_page_do() {
        let mut strays = Strays::new(40, &shapes());
        let code = drawn_code(40, 50, 0.2, &mut ChaCha8Rng::seed_from_u64(1));
        let lits: Vec<Lit> = code.iter().map(|lit| strays.draw(*lit)).collect();
        for stranger in (0..STRANGERS).filter(|stranger| !strays.loose[*stranger]) {
            let at: Vec<usize> = (0..lits.len()).filter(|i| lits[*i].holds(stranger)).collect();
            // Twice a repetition, never in flashes one after another.
            assert!((80..=115).contains(&at.len()), "{}", at.len());
            assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= 2), "{at:?}");
        }
        let mut first = Hazards::new(12);
        first.light(Lit::of([0, 1, 2]));
        assert_eq!(first.chances[0], 0.25);
        first.light(Lit::of([3, 4, 5]));
        assert!((first.chances[0] - 1.0 / 3.0).abs() < 1e-12 && first.chances[1] == 0.0);
    }

    #[test]
    fn a_stranger_who_is_looked_for_is_found_among_them_and_nobody_is_not() {
        let (law, shapes, scales) = (law(), shapes(), [(1.0, 0.0)]);
        let known = Known { law: &law, shapes: &shapes, scales: &scales, before: &BEFORE };
        let nobody = |page: &[ScoredFlash]| {
            let mut track = Track::new(&shapes[0].0);
            for (i, scored) in page.iter().enumerate() {
                (0..usize::from(i > 0)).for_each(|_| track.step(&shapes[0].0));
                track.see(&shapes[0].0, scored.score.unwrap(), 0.0, 0.0);
            }
            track.log_likelihood(&BEFORE, 1.0)
        };
        let (mut looked_for, mut none) = (0, 0);
        for seed in 0..20 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let code = drawn_code(41, 6, 0.2, &mut rng);
            for (sought, better) in [(Some(40), &mut looked_for), (None, &mut none)] {
                let page = drawn_page(&law, 41, &code, sought, &mut rng);
                // The page has forty pictures; the one that is looked for is not among them.
                let mut strays = Strays::new(40, &shapes);
                for (i, scored) in page.iter().enumerate() {
                    strays.pass(scored, scored.score, usize::from(i > 0), &known);
                }
                *better += u32::from(strays.log_likelihood() > nobody(&page));
            }
        }
        assert!(looked_for >= 18 && none <= 4, "{looked_for} and {none} of 20");
    }

    #[test]
    fn multiplied_strangers_take_their_lights_along() {
        let mut strays = Strays::new(40, &shapes());
        let code = drawn_code(40, 2, 0.2, &mut ChaCha8Rng::seed_from_u64(1));
        strays.ahead = code[..5].iter().map(|lit| strays.draw(*lit)).collect();
        let lights = |strays: &Strays, i: usize| {
            strays.ahead.iter().map(|lit| lit.holds(i)).collect::<Vec<_>>()
        };
        let (seven, last) = (lights(&strays, 7), strays.last[7]);
        let mut shares = [0.0; STRANGERS];
        shares[7] = 1.0;
        strays.multiply(&shares);
        assert!((0..STRANGERS).all(|i| lights(&strays, i) == seven && strays.last[i] == last));
        // They go different ways from there.
        let next: Vec<Lit> = code[5..14].iter().map(|lit| strays.draw(*lit)).collect();
        assert!((1..STRANGERS).any(|i| next.iter().any(|lit| lit.holds(i) != lit.holds(0))));
    }
}
