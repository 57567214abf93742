//! Which trials train and which test: never the same, and what they share is said.

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::{Trial, Trials};

/// Folds where runs or pictures are many: each fit then keeps four fifths of the trials.
const FOLDS: usize = 5;

/// How training and test trials are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// One run is left out at a time, or one of five contiguous blocks of a single run: the pictures are known, the
    /// time is not.
    Runs,
    /// All trials of some pictures are left out at a time: the pictures were never seen in training.
    Pictures,
    /// One session is left out at a time: the cap was put on anew.
    Sessions,
    /// Runs held afterwards with pictures of their own, scored with an encoder that was fitted before.
    TestRuns,
}

impl Split {
    /// What is left out at a time, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Pictures => "pictures",
            Self::Sessions => "sessions",
            Self::TestRuns => "test runs",
        }
    }

    /// What is left out at a time within a training set: it may hold a single session.
    pub fn inner(self) -> Self {
        match self {
            Self::Sessions | Self::TestRuns => Self::Runs,
            other => other,
        }
    }
}

/// One division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Trials to fit to.
    pub train: Vec<usize>,
    /// Trials to score.
    pub test: Vec<usize>,
}

/// Which group each trial belongs to; groups are never cut. Groups are numbered from 0.
pub fn groups(trials: &Trials, split: Split, seed: u64) -> Vec<usize> {
    match split {
        Split::Runs | Split::TestRuns => runs_or_blocks(&trials.about),
        Split::Pictures => picture_groups(&trials.about, seed),
        Split::Sessions => trials.about.iter().map(|trial| trial.session).collect(),
    }
}

/// The same in at most five groups of neighbours: an inner choice over many runs would take minutes.
pub fn few(groups: &[usize]) -> Vec<usize> {
    let count = groups.iter().max().map_or(0, |most| most + 1);
    let few = |group: &usize| if count > FOLDS { group * FOLDS / count } else { *group };
    groups.iter().map(few).collect()
}

/// Each group in turn as the test set.
pub fn folds(groups: &[usize]) -> Vec<Fold> {
    let count = groups.iter().max().map_or(0, |most| most + 1);
    let of = |group: usize| -> Fold {
        let (test, train) = (0..groups.len()).partition(|i| groups[*i] == group);
        Fold { train, test }
    };
    (0..count).map(of).filter(|fold| !fold.test.is_empty() && !fold.train.is_empty()).collect()
}

fn runs_or_blocks(about: &[Trial]) -> Vec<usize> {
    let mut runs: Vec<usize> = about.iter().map(|trial| trial.run).collect();
    runs.dedup();
    runs.sort_unstable();
    runs.dedup();
    if runs.len() > 1 {
        let place = |trial: &Trial| runs.binary_search(&trial.run).unwrap_or_default();
        return about.iter().map(place).collect();
    }
    (0..about.len()).map(|i| i * FOLDS / about.len().max(1)).collect()
}

fn picture_groups(about: &[Trial], seed: u64) -> Vec<usize> {
    let mut shown: Vec<usize> = about.iter().map(|trial| trial.picture).collect();
    shown.sort_unstable();
    shown.dedup();
    shown.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let folds = FOLDS.min(shown.len()).max(1);
    let group = |trial: &Trial| {
        let place = shown.iter().position(|picture| *picture == trial.picture);
        place.unwrap_or_default() % folds
    };
    about.iter().map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;

    fn trials(about: Vec<Trial>) -> Trials {
        let zero_shot = Mat::zeros(about.len(), 1);
        Trials { channels: 0, samples: 0, about, eeg: vec![], before: vec![], zero_shot }
    }

    #[test]
    fn runs_are_left_out_whole_and_a_single_run_in_blocks() {
        let about = |run: &dyn Fn(usize) -> usize| -> Vec<Trial> {
            (0..40)
                .map(|i| Trial { picture: i % 8, run: run(i), session: 0, onset_secs: i as f64 })
                .collect()
        };
        let several = trials(about(&|i| [3, 7, 9, 9][i / 10]));
        let found = folds(&groups(&several, Split::Runs, 1));
        assert_eq!(found.iter().map(|fold| fold.test.len()).collect::<Vec<_>>(), [10, 10, 20]);
        let one = trials(about(&|_| 2));
        let found = folds(&groups(&one, Split::Runs, 1));
        assert_eq!((found.len(), &found[1].test[..]), (5, &[8, 9, 10, 11, 12, 13, 14, 15][..]));
    }

    #[test]
    fn many_groups_become_five_of_neighbours_and_few_stay() {
        let many: Vec<usize> = (0..20).collect();
        let found = few(&many);
        assert_eq!((found[0], found[3], found[4], found[19]), (0, 0, 1, 4));
        assert_eq!(few(&[0, 1, 2, 2]), [0, 1, 2, 2]);
    }

    #[test]
    fn a_picture_is_on_one_side_only() {
        let about = (0..100)
            .map(|i| Trial { picture: i * 7 % 13, run: i / 50, session: 0, onset_secs: 0.0 })
            .collect();
        let all = trials(about);
        let found = folds(&groups(&all, Split::Pictures, 5));
        assert_eq!(found.len(), 5);
        for fold in &found {
            let of = |i: &usize| all.about[*i].picture;
            assert!(fold.test.iter().all(|i| fold.train.iter().all(|j| of(i) != of(j))));
        }
        assert_eq!(found.iter().map(|fold| fold.test.len()).sum::<usize>(), 100);
    }
}
