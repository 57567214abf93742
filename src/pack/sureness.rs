//! How sure an averaged embedding is, from how well its trials agree: the length that the generator is asked with.
//!
//! Takes the number of trials, their mean power and the mean's power; gives a length from 0 to 1. A
//! regression makes its answer short because it is unsure, and a mean over k trials shorter still, although
//! it is surer: so the mean's own length says nothing. For independent noise the mean of k trials has k-fold
//! less noise power, and the spread of the trials says how much that is. Nothing depends on the scale of the
//! embeddings; trials that do not agree give about 0. Ranks and p-values never see this length. Equal to
//! `models/training/sureness.py` within 1e-5.

use serde::{Deserialize, Serialize};

/// Trials' worth of the fitted share that stand in for the spread that few trials cannot give.
const PRIOR_TRIALS: f64 = 4.0;

/// Powers below this are none.
const TINY: f64 = 1e-12;

/// What the pack's training found of its encoder, on subjects that the encoder was not trained on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sureness {
    /// Share of one trial's power that comes back in every trial of the same picture, 0 to 1.
    pub single: f64,
}

impl Sureness {
    /// Length to give the mean of `k` trials (at least 1): `power` is the mean squared length of the trials,
    /// `mean_power` the squared length of their mean.
    pub fn length(&self, k: u32, power: f64, mean_power: f64) -> f64 {
        if mean_power < TINY {
            return 0.0;
        }
        let k = f64::from(k.max(1));
        let spread = k * (power - mean_power).max(0.0);
        let noise =
            (spread + PRIOR_TRIALS * (1.0 - self.single) * power) / (k - 1.0 + PRIOR_TRIALS);
        let reliability = (1.0 - noise / (k * mean_power)).clamp(0.0, 1.0);
        reliability.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SURENESS: Sureness = Sureness { single: 0.25 };

    #[test]
    fn one_trial_gets_the_fitted_length_whatever_its_scale() {
        for power in [1e-6, 1.0, 1e4] {
            assert!((SURENESS.length(1, power, power) - 0.5).abs() < 1e-12);
        }
    }

    #[test]
    fn agreement_lengthens_and_disagreement_shortens() {
        let agreeing = SURENESS.length(10, 1.0, 1.0);
        let as_fitted = SURENESS.length(10, 1.0, 0.25 + 0.75 / 10.0);
        let noise = SURENESS.length(10, 1.0, 0.1);
        assert!(
            agreeing > as_fitted && as_fitted > 0.8 && noise < 0.3,
            "{agreeing} {as_fitted} {noise}"
        );
        assert!(agreeing <= 1.0);
    }

    #[test]
    fn no_power_gives_no_length() {
        assert_eq!(SURENESS.length(1, 0.0, 0.0), 0.0);
    }
}
