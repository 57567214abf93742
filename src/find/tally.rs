//! Counts over the pages of a session, and what they were worth.
//!
//! Takes counts, gives [`Worth`] of copy pages, and of free pages what the posterior itself claims. Nothing of a single page is kept.

use serde::{Deserialize, Serialize};

use super::bits::{Worth, wolpaw};

/// Counts over pages that are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Tally {
    /// Pages.
    pub pages: u64,
    /// Those that found a picture.
    pub found: u64,
    /// Those that found the right one; 0 where it is not known.
    pub right: u64,
    /// Those in which nobody was looking.
    pub nobody: u64,
    /// Those that were given up after the largest number of repetitions.
    pub gave_up: u64,
    /// Those that ended without a verdict.
    pub unfinished: u64,
    /// Flashes up to the verdicts.
    pub flashes: u64,
    /// Seconds of flashing up to the verdicts, with the last responses.
    pub secs: f64,
    /// The same with all pauses within and between pages.
    pub secs_with_pauses: f64,
    /// Sum of the probabilities at which pictures were found: how many of them should be right.
    pub expected_right: f64,
}

/// Accuracy and bits by what the posterior itself says: of free pages, whose picture nobody else knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Claimed {
    /// Mean probability of what was found.
    pub accuracy: f64,
    /// Wolpaw's bits a minute of flashing, at that accuracy.
    pub bits_a_minute: f64,
    /// The same, pauses counted.
    pub bits_a_minute_with_pauses: f64,
}

impl Tally {
    /// What selections were worth; of copy pages.
    pub fn worth(&self, pictures: usize) -> Worth {
        Worth::of(pictures, [self.pages, self.found, self.right], self.secs, self.secs_with_pauses)
    }

    /// What they were worth if the posterior is right; the only figure there is of free pages.
    pub fn claimed(&self, pictures: usize) -> Claimed {
        if self.found == 0 {
            return Claimed::default();
        }
        let accuracy = self.expected_right / self.found as f64;
        let bits = wolpaw(pictures, accuracy) * self.found as f64 * 60.0;
        let rate = |secs: f64| if secs > 0.0 { bits / secs } else { 0.0 };
        Claimed {
            accuracy,
            bits_a_minute: rate(self.secs),
            bits_a_minute_with_pauses: rate(self.secs_with_pauses),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_the_mean_probability_and_its_bits() {
        let tally = Tally {
            pages: 4,
            found: 2,
            secs: 60.0,
            secs_with_pauses: 120.0,
            expected_right: 1.9,
            ..Tally::default()
        };
        let claimed = tally.claimed(40);
        assert!((claimed.accuracy - 0.95).abs() < 1e-12);
        assert!((claimed.bits_a_minute - 2.0 * wolpaw(40, 0.95)).abs() < 1e-9);
        assert!((claimed.bits_a_minute_with_pauses - wolpaw(40, 0.95)).abs() < 1e-9);
        assert_eq!(Tally::default().claimed(40), Claimed::default());
        assert_eq!(tally.worth(40).right, 0);
    }
}
