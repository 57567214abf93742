//! When a search stops, and with which verdict.
//!
//! Takes the posterior and how much was flashed; gives a [`Verdict`]. The same numbers give the same verdict.

use serde::{Deserialize, Serialize};

/// The rule, as the user sets it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StopRule {
    /// A picture is found from this probability on.
    pub bound: f64,
    /// But not while *nobody is looking* is more probable than this. With nobody's share π before the page, scores that mean
    /// nothing pass at any time in at most a share `most_nobody/(1 − most_nobody) · (1 − π)/π` of the pages, as far as the law
    /// holds (Ville's inequality).
    pub most_nobody: f64,
    /// From this probability on, nobody is looking.
    pub nobody_bound: f64,
    /// Fewest repetitions before that is said: somebody may have begun late.
    pub least_repetitions: f64,
    /// Most repetitions with a score; then the search is given up. Twice as many are never shown, with scores or without.
    pub most_repetitions: f64,
    /// How often each picture lights in one repetition.
    pub lights_each_repetition: f64,
}

impl Default for StopRule {
    fn default() -> Self {
        Self {
            bound: 0.95,
            most_nobody: 0.015,
            nobody_bound: 0.95,
            least_repetitions: 3.0,
            most_repetitions: 15.0,
            lights_each_repetition: 2.0,
        }
    }
}

/// A rule that cannot be followed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the rule for stopping cannot be followed: {0}")]
pub struct StopError(&'static str);

/// How a search stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Verdict {
    /// It goes on.
    #[default]
    Going,
    /// This picture is looked for.
    Found {
        /// Its number on the page.
        picture: usize,
        /// Its probability.
        probability: f64,
    },
    /// Nobody is looking.
    NobodyLooks,
    /// The largest number of repetitions has passed.
    GaveUp,
}

impl Verdict {
    /// Whether the page is over.
    pub fn is_over(self) -> bool {
        self != Self::Going
    }

    /// The picture that was found.
    pub fn found(self) -> Option<usize> {
        if let Self::Found { picture, .. } = self { Some(picture) } else { None }
    }
}

/// Repetitions so far: with a score, and all that were shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Repetitions {
    /// Those whose flashes had a score.
    pub scored: f64,
    /// All.
    pub shown: f64,
}

impl StopRule {
    /// Whether the rule can be followed.
    ///
    /// # Errors
    /// [`StopError`] says what cannot.
    pub fn check(&self) -> Result<(), StopError> {
        let is_share = |share: f64| share > 0.0 && share < 1.0;
        let is_sure = |share: f64| share > 0.5 && share < 1.0;
        if !is_sure(self.bound) {
            return Err(StopError("its bound must be above .5 and below 1"));
        }
        if !is_share(self.most_nobody) || !is_sure(self.nobody_bound) {
            return Err(StopError("the shares of nobody looking must be between 0 and 1"));
        }
        let repetitions = [self.least_repetitions, self.most_repetitions];
        if repetitions.iter().any(|count| !(0.0..=1000.0).contains(count))
            || self.most_repetitions < 1.0
        {
            return Err(StopError("repetitions must be 1 to 1000"));
        }
        if !(0.1..=10.0).contains(&self.lights_each_repetition) {
            return Err(StopError("a picture must light up to ten times in a repetition"));
        }
        Ok(())
    }

    /// How the search stands: best picture with its probability, probability of nobody, repetitions so far.
    pub fn judge(&self, best: (usize, f64), nobody: f64, repetitions: Repetitions) -> Verdict {
        let (picture, probability) = best;
        if probability >= self.bound && nobody <= self.most_nobody {
            return Verdict::Found { picture, probability };
        }
        if nobody >= self.nobody_bound && repetitions.scored >= self.least_repetitions {
            return Verdict::NobodyLooks;
        }
        let most = self.most_repetitions;
        let is_spent = repetitions.scored >= most || repetitions.shown >= 2.0 * most;
        if is_spent { Verdict::GaveUp } else { Verdict::Going }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_has_its_turn() {
        let rule = StopRule::default();
        let at = |scored| Repetitions { scored, shown: scored };
        assert_eq!(rule.judge((3, 0.94), 0.001, at(1.0)), Verdict::Going);
        assert_eq!(rule.judge((3, 0.96), 0.02, at(1.0)), Verdict::Going);
        let found = rule.judge((3, 0.96), 0.015, at(1.0));
        assert_eq!((found.found(), found.is_over()), (Some(3), true));
        assert_eq!(rule.judge((3, 0.01), 0.96, at(2.9)), Verdict::Going);
        assert_eq!(rule.judge((3, 0.01), 0.96, at(3.0)), Verdict::NobodyLooks);
        assert_eq!(rule.judge((3, 0.5), 0.3, at(15.0)), Verdict::GaveUp);
        let without_scores = Repetitions { scored: 0.0, shown: 30.0 };
        assert_eq!(rule.judge((3, 0.5), 0.3, without_scores), Verdict::GaveUp);
        assert_eq!(rule.judge((3, f64::NAN), f64::NAN, at(1.0)), Verdict::Going);
    }

    #[test]
    fn rules_that_cannot_be_followed_are_refused() {
        assert_eq!(StopRule::default().check(), Ok(()));
        let with = |change: fn(&mut StopRule)| {
            let mut rule = StopRule::default();
            change(&mut rule);
            rule.check()
        };
        assert!(with(|rule| rule.bound = 1.0).is_err());
        assert!(with(|rule| rule.most_nobody = f64::NAN).is_err());
        assert!(with(|rule| rule.most_repetitions = 0.0).is_err());
        assert!(with(|rule| rule.lights_each_repetition = 0.0).is_err());
        assert!(toml::from_str::<StopRule>("bound = .9\nother = 1").is_err());
    }
}
