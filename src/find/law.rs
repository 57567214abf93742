//! The law of scores: how the score of a flash comes about when the wearer looks for picture h.
//!
//! ```text
//! score of flash i  =  offset  +  amplitude · Σ r(t_j − t_i)  [+ amplitude · less · exp(−since / .5 s)]  +  noise
//!                                 over flashes j that light h
//! ```
//!
//! `r(0)` is the response proper, the rest is what neighbours' responses leave in the window, both ways; `less` is what a
//! response loses soon after another one (refractoriness). Offset and amplitude vary from page to page, noise is correlated
//! over successive flashes because their windows overlap, and responses themselves vary (lapses, latency). All numbers are
//! learnt from copy pages by [`ScoreLaw::fit`] (`law/fit.rs`); scores there must come from detectors that have not seen the page.
//! Units: scores are the detector's own, times seconds. Written and read by serde; what is read is to be [checked](ScoreLaw::check).

mod fit;
mod least_squares;
pub mod noise;

use serde::{Deserialize, Serialize};

use self::noise::Noise;
use super::scored::{ScoredFlash, Trail};

/// Time after which a response has recovered by 1 − 1/e. Studies of target-to-target intervals find recovery within one to
/// two seconds (Gonsalvez & Polich 2002, Psychophysiology 39:388).
pub const RECOVERY_SECS: f64 = 0.5;

/// Scores further out than so many spreads are drawn in: a blink's score must not decide a page.
const CLIP_SPREADS: f64 = 4.5;

/// Most knots of the response.
const MOST_KNOTS: usize = 64;

/// Why there is no law, or none that may be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LawError {
    /// A page that does not say what was looked for.
    #[error(
        "copy page {0} does not say which picture was to be looked for: only copy pages can be learnt from"
    )]
    NotTold(usize),
    /// Too little to learn from.
    #[error(
        "{targets} scored flashes of the sought picture and {others} others are too few to learn from: at least {least_targets} and {least_others} are needed. Look for more pictures"
    )]
    TooFew {
        /// Flashes that held the sought picture.
        targets: usize,
        /// All others.
        others: usize,
        /// Fewest of the first.
        least_targets: usize,
        /// Fewest of the second.
        least_others: usize,
    },
    /// Scores that are all alike.
    #[error("the scores of all flashes are alike: the detector says nothing")]
    NoSpread,
    /// Equations without a solution.
    #[error("the law of the scores cannot be solved for: {0}")]
    Numbers(&'static str),
    /// A law that was read and is none.
    #[error("the law of scores is damaged: {field} {problem}. Learn the wearer again")]
    Damaged {
        /// Which number.
        field: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
}

/// How scores come about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreLaw {
    /// Delays of the response's knots in seconds, rising, 0 among them; linear between, nothing beyond.
    pub knots_secs: Vec<f64>,
    /// The response at each knot, in units of the score.
    pub response: Vec<f64>,
    /// What a response that follows at once loses (mostly negative), in units of the score; 0 where it did not earn its place.
    pub refractory: f64,
    /// Mean score without a response.
    pub offset: f64,
    /// Standard deviation of the offset from page to page.
    pub offset_sd: f64,
    /// Standard deviation of the amplitude, whose mean is 1: from page to page, and because it is known only so well.
    pub amplitude_sd: f64,
    /// Standard deviation of the noise.
    pub noise_sd: f64,
    /// Standard deviation of the logarithm of the noise's spread from page to page.
    pub scale_sd: f64,
    /// Correlation of the noise over 1, 2, … flashes.
    pub noise_correlation: Vec<f64>,
    /// Standard deviation that the sought picture's flashes have beyond the noise: lapses, latency.
    pub target_sd: f64,
    /// Time from flash to flash in the copy pages.
    pub soa_secs: f64,
    /// The response proper by its standard error: how sure it is that there is one at all.
    pub response_z: f64,
    /// ROC AUC of the scores of the copy pages.
    pub measured_auc: f64,
    /// Copy pages learnt from.
    pub pages: u32,
    /// Scored flashes of the sought pictures.
    pub targets: u32,
    /// All other scored flashes.
    pub others: u32,
}

impl ScoreLaw {
    /// Whether this is a law that can be reckoned with.
    ///
    /// # Errors
    /// [`LawError::Damaged`] names the first number that cannot be.
    pub fn check(&self) -> Result<(), LawError> {
        let damaged = |field, problem| Err(LawError::Damaged { field, problem });
        let rising = self.knots_secs.windows(2).all(|pair| pair[0] < pair[1]);
        if self.knots_secs.is_empty() || self.knots_secs.len() > MOST_KNOTS || !rising {
            return damaged("knots_secs", "must rise, and be 1 to 64");
        }
        if self.knots_secs.iter().any(|knot| !(-2.0..=2.0).contains(knot)) {
            return damaged("knots_secs", "must be within two seconds");
        }
        if !self.knots_secs.contains(&0.0) {
            return damaged("knots_secs", "must hold 0");
        }
        if self.response.len() != self.knots_secs.len() {
            return damaged("response", "must have a number for each knot");
        }
        let numbers = [self.refractory, self.offset, self.response_z, self.measured_auc];
        if self.response.iter().chain(&numbers).any(|number| !number.is_finite()) {
            return damaged("a number", "is not finite");
        }
        let positive = |value: f64| value.is_finite() && value > 0.0;
        if !positive(self.noise_sd) || !positive(self.soa_secs) {
            return damaged("noise_sd or soa_secs", "must be above zero");
        }
        let spreads = [self.offset_sd, self.amplitude_sd, self.scale_sd, self.target_sd];
        if spreads.iter().any(|sd| !sd.is_finite() || *sd < 0.0) {
            return damaged("a standard deviation", "is negative or not finite");
        }
        match Noise::of(&self.noise_correlation) {
            Some(_) => Ok(()),
            None => damaged("noise_correlation", "belongs to no stable noise"),
        }
    }

    /// The response proper, in units of the score.
    pub fn response_proper(&self) -> f64 {
        self.response_at(0.0)
    }

    /// What a flash of the sought picture, so many seconds after a flash (negative: before), adds to that flash's score.
    pub fn response_at(&self, delay_secs: f64) -> f64 {
        interpolate(&self.knots_secs, &self.response, delay_secs)
    }

    /// Writes what a score is expected to hold beyond the offset, at amplitude 1, for whoever looks for each picture: `[pictures]`.
    pub fn expect(&self, trail: &Trail, scored: &ScoredFlash, out: &mut [f64]) {
        out.fill(0.0);
        let count = out.len();
        trail.around(scored, |delay_secs, lit| {
            let response = self.response_at(delay_secs);
            for picture in lit.pictures().take_while(|picture| *picture < count) {
                out[picture] += response;
            }
        });
        if self.refractory != 0.0 {
            for picture in scored.flash.lit.pictures().take_while(|picture| *picture < count) {
                out[picture] += self.refractory * not_recovered(trail.since(scored, picture));
            }
        }
    }

    /// The score drawn in to what scores can be.
    pub fn clipped(&self, score: f64) -> f64 {
        let spread = |extra: f64| CLIP_SPREADS * self.noise_sd.hypot(self.offset_sd).hypot(extra);
        let top = self.response_proper() * (1.0 + self.amplitude_sd);
        let (low, high) = (self.offset + top.min(0.0), self.offset + top.max(0.0));
        score.clamp(low - spread(0.0), high + spread(self.target_sd))
    }

    /// ROC AUC of single flashes that this law expects where no other response is near.
    pub fn auc(&self) -> f64 {
        let (noise, target) = (self.noise_sd, self.noise_sd.hypot(self.target_sd));
        let amplitude = self.amplitude_sd * self.response_proper();
        normal_cdf(self.response_proper() / (noise.hypot(target)).hypot(amplitude))
    }

    /// How many standard deviations of the noise the response proper is worth (d′).
    pub fn d_prime(&self) -> f64 {
        let between = (self.noise_sd.powi(2) + 0.5 * self.target_sd.powi(2)).sqrt();
        self.response_proper() / between
    }
}

/// What share of a response's loss is left so long after the one before.
pub fn not_recovered(since_secs: Option<f64>) -> f64 {
    since_secs.map_or(0.0, |secs| (-secs.max(0.0) / RECOVERY_SECS).exp())
}

/// Linear between knots, zero beyond.
fn interpolate(knots: &[f64], values: &[f64], at: f64) -> f64 {
    let above = knots.partition_point(|knot| *knot < at);
    let (Some(high), Some(value)) = (knots.get(above), values.get(above)) else { return 0.0 };
    if *high == at {
        return *value;
    }
    match above.checked_sub(1).and_then(|below| Some((knots.get(below)?, values.get(below)?))) {
        Some((low, below)) => below + (value - below) * (at - low) / (high - low),
        None => 0.0,
    }
}

/// Share of a normal distribution below z. By its continued fraction in the tails and its series in the middle (Abramowitz &
/// Stegun 1964, 26.2.10 and 26.2.14); absolute error below 1e-12.
pub fn normal_cdf(z: f64) -> f64 {
    if z.is_nan() {
        return f64::NAN;
    }
    let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    if z.abs() > 3.0 {
        let tail = density / (1..=80).rev().fold(z.abs(), |rest, k| z.abs() + f64::from(k) / rest);
        return if z > 0.0 { 1.0 - tail } else { tail };
    }
    let (mut term, mut sum, mut odd) = (z, z, 1.0);
    while f64::abs(term) > 1e-17 {
        odd += 2.0;
        term *= z * z / odd;
        sum += term;
    }
    0.5 + density * sum
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::signal::flash::{Flash, Lit};

    /// A law by hand: AUC about .9.
    pub fn law() -> ScoreLaw {
        ScoreLaw {
            knots_secs: vec![-0.8, -0.4, 0.0, 0.4, 0.8],
            response: vec![0.1, 0.5, 2.0, 0.4, -0.2],
            refractory: -0.6,
            offset: -0.5,
            offset_sd: 0.4,
            amplitude_sd: 0.2,
            noise_sd: 1.0,
            scale_sd: 0.1,
            noise_correlation: vec![0.45, 0.2],
            target_sd: 0.5,
            soa_secs: 0.2,
            response_z: 15.0,
            measured_auc: 0.9,
            pages: 5,
            targets: 100,
            others: 600,
        }
    }

    #[test]
    fn the_normal_distribution_is_that_of_tables() {
        for (z, p) in [(0.0, 0.5), (1.0, 0.841_344_746_068_543), (-2.0, 0.022_750_131_948_179)] {
            assert!((normal_cdf(z) - p).abs() < 1e-12, "{z}: {}", normal_cdf(z));
        }
        for (z, p) in [(-4.0, 3.167_124_183_311_998e-5), (-3.1, 9.676_032_132_183_56e-4)] {
            assert!((normal_cdf(z) / p - 1.0).abs() < 1e-10, "{z}: {}", normal_cdf(z));
        }
        assert!((normal_cdf(5.0) + normal_cdf(-5.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn neighbours_responses_and_what_has_not_recovered_are_expected() {
        let law = law();
        let flash = |pictures: &[usize]| Flash {
            page: 0,
            pictures: 40,
            lit: Lit::of(pictures.iter().copied()),
            sought: None,
        };
        let scored = |onset_secs, pictures, following| ScoredFlash {
            flash: flash(pictures),
            onset_secs,
            score: None,
            following,
        };
        let mut trail = Trail::default();
        trail.pass(&scored(0.6, &[1, 2], Vec::new()));
        let mut out = [9.0; 4];
        law.expect(&trail, &scored(1.0, &[0, 2], vec![(0.6, Lit::of([3, 0, 60]))]), &mut out);
        let loss = -0.6 * (-0.4_f64 / 0.5).exp();
        let want = [2.0 + 0.1, 0.5, 2.0 + 0.5 + loss, 0.1];
        assert!(
            out.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12),
            "{out:?} {want:?}"
        );
        assert_eq!((law.response_at(-0.9), law.response_at(0.81)), (0.0, 0.0));
    }

    #[test]
    fn a_damaged_law_is_told() {
        assert_eq!(law().check(), Ok(()));
        let spoil: [fn(&mut ScoreLaw); 7] = [
            |law| law.knots_secs[2] = 0.01,
            |law| law.response.truncate(3),
            |law| law.response[1] = f64::NAN,
            |law| law.noise_sd = 0.0,
            |law| law.amplitude_sd = -1.0,
            |law| law.noise_correlation = vec![0.9, -0.9],
            |law| law.knots_secs.swap(0, 1),
        ];
        for spoil in spoil {
            let mut law = law();
            spoil(&mut law);
            assert!(matches!(law.check(), Err(LawError::Damaged { .. })), "{law:?}");
        }
    }

    #[test]
    fn written_and_read_it_is_the_same_and_nothing_else_is_read() {
        let text = serde_json::to_string(&law()).unwrap();
        assert_eq!(serde_json::from_str::<ScoreLaw>(&text).unwrap(), law());
        assert_eq!(toml::from_str::<ScoreLaw>(&toml::to_string(&law()).unwrap()).unwrap(), law());
        assert!(serde_json::from_str::<ScoreLaw>(&text.replacen('{', "{\"more\":1,", 1)).is_err());
    }

    #[test]
    fn the_auc_is_that_of_two_normal_distributions() {
        let mut law = law();
        (law.amplitude_sd, law.target_sd) = (0.0, 0.0);
        assert!((law.auc() - normal_cdf(2.0 / 2.0_f64.sqrt())).abs() < 1e-12);
        assert!((law.clipped(1e9) - (-0.5 + 2.0 + 4.5 * 1.0_f64.hypot(0.4))).abs() < 1e-12);
    }
}
