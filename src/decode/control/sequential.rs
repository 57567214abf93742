//! Does the control succeed? A sequential test that may be watched at every trial.
//!
//! Takes, for each run of looks at one picture, what the null twin named; gives an e-value against "what is shown says
//! nothing of what the twin names". That the twin names the shown picture in one of n trials would be too much to ask of it:
//! an encoder may favour a picture, and few pictures may be shown. So the shown picture is compared with one of another run,
//! drawn at random: where the twin names one of the two, it is the shown one in half of the cases, whatever it favours. One
//! bet for each run, since looks at one picture are not independent. The e-process is the mean, over some higher shares,
//! of the likelihood ratios of that share against one half; by Ville's inequality it passes [`ALARM`] at any time in at most
//! one of [`ALARM`] runs of the program in which the control says nothing (Ramdas, Grünwald, Vovk & Shafer 2023, Statistical
//! Science 38:576). Once passed, it stays so. Beside it single trials are counted, for people to read.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// e-value from which the control has succeeded.
pub const ALARM: f64 = 20.0;

/// Shares of the shown picture that are looked for, from a slight leak to a whole one; one half is none.
const SHARES: [f64; 5] = [0.6, 0.7, 0.8, 0.9, 0.97];

/// Runs whose pictures are kept to compare with; the oldest make room.
const MOST_RUNS: usize = 1024;

/// Keeps these draws apart from every other use of the seed.
const SALT: u64 = 0x636f_6e74_726f_6c21;

/// The test so far.
#[derive(Clone, Debug)]
pub struct Sequential {
    chance: f64,
    /// Logarithm of the likelihood ratio of each share.
    log_ratios: [f64; SHARES.len()],
    trials: u64,
    hits: u64,
    highest: f64,
    /// Pictures of the runs so far.
    runs: Vec<u16>,
    rng: ChaCha8Rng,
}

/// What the test says.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ControlView {
    /// Trials in which the null twin was asked for the picture that was shown.
    pub trials: u64,
    /// Those in which it named it.
    pub hits: u64,
    /// Share that guessing names.
    pub chance: f64,
    /// Runs of looks at one picture that the e-value rests on.
    pub runs: u64,
    /// e-value now.
    pub e_value: f64,
    /// Largest e-value so far.
    pub e_highest: f64,
    /// Whether the control has succeeded at any time: then no score of this run means anything.
    pub succeeded: bool,
}

impl Default for ControlView {
    fn default() -> Self {
        Sequential::new(0, 0).view()
    }
}

impl Sequential {
    /// Nothing seen yet, among so many pictures; `seed` draws the pictures to compare with.
    pub fn new(pictures: usize, seed: u64) -> Self {
        Self {
            chance: 1.0 / pictures.max(1) as f64,
            log_ratios: [0.0; SHARES.len()],
            trials: 0,
            hits: 0,
            highest: 1.0,
            runs: Vec::new(),
            rng: ChaCha8Rng::seed_from_u64(seed ^ SALT),
        }
    }

    /// Adds one trial: what the twin named, what was shown, and whether it is the first of a run of looks.
    pub fn add(&mut self, named: u16, shown: u16, first: bool) {
        self.trials += 1;
        self.hits += u64::from(named == shown);
        if !first {
            return;
        }
        if !self.runs.is_empty() {
            let other = self.runs[self.rng.random_range(0..self.runs.len())];
            if other != shown && (named == shown || named == other) {
                self.bet(named == shown);
            }
        }
        if self.runs.len() == MOST_RUNS {
            self.runs.remove(0);
        }
        self.runs.push(shown);
    }

    fn bet(&mut self, on_shown: bool) {
        for (ratio, share) in self.log_ratios.iter_mut().zip(SHARES) {
            *ratio += (2.0 * if on_shown { share } else { 1.0 - share }).ln();
        }
        self.highest = self.highest.max(self.e_value());
    }

    /// The e-value now.
    pub fn e_value(&self) -> f64 {
        let ratios = self.log_ratios.iter().map(|ratio| ratio.min(f64::MAX.ln() - 2.0).exp());
        ratios.sum::<f64>() / SHARES.len() as f64
    }

    /// What is to be said.
    pub fn view(&self) -> ControlView {
        ControlView {
            trials: self.trials,
            hits: self.hits,
            chance: self.chance,
            runs: self.runs.len() as u64,
            e_value: self.e_value(),
            e_highest: self.highest,
            succeeded: self.highest >= ALARM,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs until the alarm, if it comes within `runs`: pictures `shown`, each so many times in a row; the twin names the
    /// shown one with probability `leak`, its favourite (picture 0) with `favour`, else any of forty.
    fn alarm(
        shown: u16,
        looks: u32,
        (leak, favour): (f64, f64),
        runs: u32,
        seed: u64,
    ) -> Option<u32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut test = Sequential::new(40, seed);
        (1..=runs).find(|_| {
            let picture = rng.random_range(0..shown);
            for look in 0..looks {
                let named = match rng.random::<f64>() {
                    u if u < leak => picture,
                    u if u < leak + favour => 0,
                    _ => rng.random_range(0..40),
                };
                test.add(named, picture, look == 0);
            }
            test.view().succeeded
        })
    }

    #[test]
    fn a_control_that_says_nothing_seldom_raises_the_alarm_whatever_it_favours() {
        for (shown, looks, favour) in
            [(40, 1, 0.0), (40, 1, 0.3), (10, 3, 0.2), (4, 1, 0.2), (40, 80, 0.2)]
        {
            let alarms =
                (0..400).filter_map(|s| alarm(shown, looks, (0.0, favour), 600, s)).count();
            // Ville: at most 20 of 400 on the mean; 33 is three standard deviations above.
            assert!(alarms <= 33, "{alarms} of 400 with {shown} pictures, favour {favour}");
        }
    }

    #[test]
    fn a_leak_is_found_and_stays_found() {
        for seed in 0..100 {
            assert!(alarm(40, 1, (0.38, 0.0), 120, seed).is_some(), "the real window, seed {seed}");
        }
        let slight = (0..100).filter_map(|seed| alarm(40, 1, (0.05, 0.0), 3000, seed)).count();
        assert!(slight > 80, "{slight} of 100 at 7.4 %");
        let mut test = Sequential::new(40, 1);
        (0..2000).for_each(|i| test.add(i % 40, i % 40, true));
        let view = test.view();
        assert!(view.succeeded && view.e_value.is_finite(), "{view:?}");
        (0..40_000).for_each(|i: u32| test.add((i + 1) as u16 % 40, i as u16 % 40, true));
        assert!(test.view().succeeded, "once passed, it stays so");
    }
}
