//! Does the control succeed? A sequential test that may be watched at every trial.
//!
//! Takes, trial by trial, whether the null twin named the picture that was shown; gives an e-value against "it names it as
//! often as guessing does". The e-process is the mean, over some higher hit rates, of the likelihood ratios of that rate
//! against chance; by Ville's inequality it passes [`ALARM`] at any time in at most one of [`ALARM`] runs in which the
//! control is at chance (Ramdas, Grünwald, Vovk & Shafer 2023, Statistical Science 38:576). Once passed, it stays so.

/// e-value from which the control has succeeded.
pub const ALARM: f64 = 20.0;

/// Hit rates that are looked for, as multiples of chance: from a slight leak to a whole one.
const MULTIPLES: [f64; 6] = [1.4, 2.0, 3.2, 4.8, 8.0, 16.0];

/// Highest rate that is looked for, where chance is high.
const HIGHEST: f64 = 0.98;

/// The test so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequential {
    chance: f64,
    /// Logarithm of the likelihood ratio of each rate.
    log_ratios: [f64; MULTIPLES.len()],
    trials: u64,
    hits: u64,
    highest: f64,
}

/// What the test says.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct ControlView {
    /// Trials in which the null twin was asked for the picture that was shown.
    pub trials: u64,
    /// Those in which it named it.
    pub hits: u64,
    /// Share that guessing names.
    pub chance: f64,
    /// e-value now.
    pub e_value: f64,
    /// Largest e-value so far.
    pub e_highest: f64,
    /// Whether the control has succeeded at any time: then no score of this run means anything.
    pub succeeded: bool,
}

impl Sequential {
    /// Nothing seen yet, among so many pictures.
    pub fn new(pictures: usize) -> Self {
        let chance = 1.0 / pictures.max(2) as f64;
        Self { chance, log_ratios: [0.0; MULTIPLES.len()], trials: 0, hits: 0, highest: 1.0 }
    }

    /// Adds one trial.
    pub fn add(&mut self, hit: bool) {
        self.trials += 1;
        self.hits += u64::from(hit);
        let chance = self.chance;
        for (ratio, multiple) in self.log_ratios.iter_mut().zip(MULTIPLES) {
            // Between chance and the highest rate even where chance is one half.
            let rate = (multiple * chance).min(chance + HIGHEST * (1.0 - chance));
            *ratio += if hit { (rate / chance).ln() } else { ((1.0 - rate) / (1.0 - chance)).ln() };
        }
        self.highest = self.highest.max(self.e_value());
    }

    /// The e-value now.
    pub fn e_value(&self) -> f64 {
        self.log_ratios.iter().map(|ratio| ratio.exp()).sum::<f64>() / MULTIPLES.len() as f64
    }

    /// What is to be said.
    pub fn view(&self) -> ControlView {
        ControlView {
            trials: self.trials,
            hits: self.hits,
            chance: self.chance,
            e_value: self.e_value(),
            e_highest: self.highest,
            succeeded: self.highest >= ALARM,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Trials until the alarm, if it comes within `trials`.
    fn alarm(pictures: usize, rate: f64, trials: u32, seed: u64) -> Option<u32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut test = Sequential::new(pictures);
        (1..=trials).find(|_| {
            test.add(rng.random_bool(rate));
            test.view().succeeded
        })
    }

    #[test]
    fn a_control_at_chance_seldom_raises_the_alarm_at_any_time() {
        for pictures in [2, 7, 40, 1000] {
            let alarms = (0..400).filter_map(|s| alarm(pictures, 1.0 / pictures as f64, 2000, s));
            let count = alarms.count();
            // Ville: at most 20 of 400 on the mean; 33 is three standard deviations above.
            assert!(count <= 33, "{count} of 400 with {pictures} pictures");
        }
    }

    #[test]
    fn a_leak_is_found_and_stays_found() {
        for seed in 0..100 {
            assert!(alarm(40, 0.38, 60, seed).is_some(), "the real window, seed {seed}");
        }
        let slight = (0..100).filter_map(|seed| alarm(40, 0.06, 3000, seed)).count();
        assert!(slight > 90, "{slight} of 100 at 6 %");
        let mut test = Sequential::new(40);
        (0..10).for_each(|_| test.add(true));
        (0..3000).for_each(|_| test.add(false));
        let view = test.view();
        assert!(view.succeeded && view.e_value < 1.0 && view.e_highest >= ALARM, "{view:?}");
    }
}
