//! Null twins of recorded trials: another trial with its phases shuffled in place of each.
//!
//! Takes trials; gives as many, whose signal is that of another trial, of another run of looks and at least two seconds
//! away, whatever was seen in it, phase-randomised: the rule of [`crate::decode::control`]. Such a trial says nothing of the
//! picture in whose place it stands.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::calibrate::{Trial, Trials};
use crate::decode::control::others::APART_SECS;
use crate::decode::control::surrogate::Surrogate;

/// Keeps the phases apart from every other use of the seed.
const PHASE_SALT: u64 = 0x6578_616d_706c_6573;

/// Where the trials come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Other trials, phase-randomised.
    Others,
    /// The trials themselves as they are, to see that the control's test finds it: never in earnest.
    Themselves,
}

/// The trials' null twins; `None` where a trial has no other far enough away. What the pack says of them is not known.
pub fn twins(trials: &Trials, from: From, seed: u64) -> Option<Trials> {
    let mut twins = Trials { before: Vec::new(), ..trials.clone() };
    if from == From::Themselves {
        return Some(twins);
    }
    let looks = runs_of_looks(&trials.about);
    let mut surrogate = Surrogate::new(trials.channels, trials.samples);
    let width = trials.channels * trials.samples;
    for (i, out) in twins.eeg.chunks_exact_mut(width.max(1)).enumerate() {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ PHASE_SALT);
        rng.set_stream(i as u64);
        let other = another(&trials.about, &looks, i, &mut rng)?;
        surrogate.draw(trials.epoch(other), &mut rng, out);
    }
    Some(twins)
}

/// Which run of looks at one picture each trial belongs to.
fn runs_of_looks(about: &[Trial]) -> Vec<usize> {
    let mut run = 0;
    let goes_on = |i: usize| {
        i > 0 && (about[i].run, about[i].picture) == (about[i - 1].run, about[i - 1].picture)
    };
    (0..about.len())
        .map(|i| {
            run += usize::from(!goes_on(i));
            run
        })
        .collect()
}

fn another(about: &[Trial], looks: &[usize], trial: usize, rng: &mut ChaCha8Rng) -> Option<usize> {
    let own = &about[trial];
    let is_far = |other: &usize| {
        let (about, apart) = (&about[*other], looks[*other] != looks[trial]);
        apart && (about.run != own.run || (about.onset_secs - own.onset_secs).abs() >= APART_SECS)
    };
    let far: Vec<usize> = (0..about.len()).filter(is_far).collect();
    (!far.is_empty()).then(|| far[rng.random_range(0..far.len())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;

    fn trials(about: &[(usize, usize, f64)]) -> Trials {
        let trial = |&(picture, run, onset_secs): &(usize, usize, f64)| Trial {
            picture,
            run,
            session: 0,
            onset_secs,
        };
        Trials {
            channels: 1,
            samples: 8,
            about: about.iter().map(trial).collect(),
            eeg: (0..8 * about.len()).map(|v| v as f32).collect(),
            before: Vec::new(),
            zero_shot: Mat::zeros(about.len(), 1),
        }
    }

    #[test]
    fn a_twin_comes_from_another_look_two_seconds_away() {
        let all = trials(&[(0, 0, 0.0), (0, 0, 5.0), (1, 0, 6.0), (1, 0, 6.5), (2, 1, 6.5)]);
        let looks = runs_of_looks(&all.about);
        assert_eq!(looks, [1, 1, 2, 2, 3]);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..200 {
            let of = |trial, rng: &mut ChaCha8Rng| another(&all.about, &looks, trial, rng).unwrap();
            assert!([2, 3, 4].contains(&of(0, &mut rng)), "not of its own look");
            assert!([4].contains(&of(1, &mut rng)), "two seconds away");
            assert!([0, 4].contains(&of(2, &mut rng)));
        }
        assert!(twins(&trials(&[(0, 0, 0.0), (1, 0, 1.0)]), From::Others, 1).is_none());
        let leak = twins(&all, From::Themselves, 1).unwrap();
        assert_eq!(leak.eeg, all.eeg);
    }
}
