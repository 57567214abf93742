//! Which picture of a page is looked for, if any: the exact posterior, flash by flash.
//!
//! Takes [`ScoredFlash`]es in order of arrival and a [`ScoreLaw`]; gives the probability of each picture and of *nobody is looking*,
//! which expects the same noise and no response. Equal to what one computation with the whole covariance gives. Integrated
//! out for each page: offset, amplitude, and the noise's spread, the last over a wide grid with a small share for spreads far
//! from the law's. So scores that mean nothing (moved, larger, smaller) are explained by *nobody* as well as by anyone. A refused
//! window contributes no score, but its flash still evokes; a missed flash or a pause lets the noise's correlation fade.
//! Bounded: pictures up to [`MAX_PAGE`].

use super::law::noise::Noise;
use super::law::{LawError, ScoreLaw};
use super::scored::{ScoredFlash, Trail};
use super::track::{Before, Track};
use crate::signal::flash::MAX_PAGE;

/// Share of *nobody is looking* before the page, where nothing else is said.
pub const NOBODY_BEFORE: f64 = 0.2;

/// A page's offset is never taken for surer than this, in spreads of the noise: headsets shift.
const LEAST_OFFSET_SPREAD: f64 = 0.5;

/// Spreads of the noise against the law's: powers of 2^(1/4), from .35 to 8.
const SCALES: std::ops::RangeInclusive<i32> = -6..=12;

/// The noise's spread is never taken for surer than this, in logarithms.
const LEAST_SCALE_SD: f64 = 0.15;

/// Share of all spreads alike: what the law does not foresee.
const WILD_SHARE: f64 = 0.05;

/// A gap longer than so many flashes has faded altogether.
const MOST_STEPS: f64 = 64.0;

/// Why there can be no posterior.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PosteriorError {
    /// Too few or too many pictures.
    #[error("a page of {0} pictures cannot be searched: 1 to {MAX_PAGE} are allowed")]
    Pictures(usize),
    /// A share that is none.
    #[error("the share of nobody looking must be above 0 and below 1, it is {0}")]
    Nobody(f64),
    /// Weights that do not fit the page.
    #[error("the prior has {got} weights for {pictures} pictures, or one that is not finite")]
    Prior {
        /// Weights.
        got: usize,
        /// Pictures.
        pictures: usize,
    },
    /// No law.
    #[error(transparent)]
    Law(#[from] LawError),
}

/// The posterior of a page.
#[derive(Clone, Debug)]
pub struct PagePosterior {
    law: ScoreLaw,
    noise: Noise,
    before: Before,
    /// Spread and logarithm of its weight.
    scales: Vec<(f64, f64)>,
    /// Logarithms of the prior: pictures, then nobody.
    log_prior: Vec<f64>,
    trail: Trail,
    /// One for each picture, then nobody's.
    tracks: Vec<Track>,
    /// Pictures, then nobody.
    probabilities: Vec<f64>,
    expected: Vec<f64>,
    scored: usize,
}

impl PagePosterior {
    /// Before the first flash of a page of so many pictures. `nobody`: prior share of nobody looking; `log_prior`: logarithms
    /// of weights of the pictures, all alike where there are none.
    ///
    /// # Errors
    /// [`PosteriorError`] for a page, share, prior or law that cannot be reckoned with.
    pub fn new(
        law: &ScoreLaw,
        pictures: usize,
        nobody: f64,
        log_prior: Option<&[f64]>,
    ) -> Result<Self, PosteriorError> {
        if !(1..=MAX_PAGE).contains(&pictures) {
            return Err(PosteriorError::Pictures(pictures));
        }
        if !(nobody > 0.0 && nobody < 1.0) {
            return Err(PosteriorError::Nobody(nobody));
        }
        law.check()?;
        let noise = Noise::of(&law.noise_correlation).ok_or(LawError::Numbers("unstable noise"))?;
        let log_prior = prior_of(pictures, nobody, log_prior)?;
        let spread = law.noise_sd;
        let before = Before {
            offset: law.offset / spread,
            offset_variance: (law.offset_sd / spread).powi(2).max(LEAST_OFFSET_SPREAD.powi(2)),
            amplitude_variance: law.amplitude_sd.powi(2),
        };
        let mut new = Self {
            law: law.clone(),
            scales: scales(law.scale_sd),
            before,
            trail: Trail::default(),
            tracks: vec![Track::new(&noise); pictures + 1],
            probabilities: vec![0.0; pictures + 1],
            expected: vec![0.0; pictures],
            noise,
            log_prior,
            scored: 0,
        };
        new.weigh();
        Ok(new)
    }

    /// Takes the next flash of the page and weighs all hypotheses anew.
    pub fn push(&mut self, scored: &ScoredFlash) {
        if self.pass(scored) {
            self.weigh();
        }
    }

    /// Takes the next flash without weighing; whether it had a score.
    pub fn pass(&mut self, scored: &ScoredFlash) -> bool {
        let steps = self.trail.step_secs(scored).map_or(0, |secs| self.steps(secs));
        self.law.expect(&self.trail, scored, &mut self.expected);
        self.trail.pass(scored);
        let spread = self.law.noise_sd;
        let extra = (self.law.target_sd / spread).powi(2);
        let score = scored.finite_score().map(|score| self.law.clipped(score) / spread);
        for (picture, track) in self.tracks.iter_mut().enumerate() {
            (0..steps).for_each(|_| track.step(&self.noise));
            let Some(score) = score else { continue };
            // Nobody's comes last: nothing is expected.
            let expected = self.expected.get(picture).copied().unwrap_or_default();
            let own = picture < self.expected.len() && scored.flash.lit.holds(picture);
            track.see(&self.noise, score, expected / spread, if own { extra } else { 0.0 });
        }
        self.scored += usize::from(score.is_some());
        score.is_some()
    }

    /// Flashes that the noise went on for since the last one; one at least.
    fn steps(&self, secs: f64) -> usize {
        let steps = (secs / self.law.soa_secs).round();
        if steps.is_finite() { steps.clamp(1.0, MOST_STEPS) as usize } else { 1 }
    }

    /// Weighs all hypotheses by the flashes passed.
    pub fn weigh(&mut self) {
        let Self { tracks, before, scales, log_prior, .. } = &*self;
        let log_weight = |(track, prior): (&Track, &f64)| {
            let each =
                scales.iter().map(|(scale, weight)| weight + track.log_likelihood(before, *scale));
            prior + log_sum(each)
        };
        let logs: Vec<f64> = tracks.iter().zip(log_prior).map(log_weight).collect();
        let all = log_sum(logs.iter().copied());
        self.probabilities.iter_mut().zip(logs).for_each(|(p, log)| *p = (log - all).exp());
    }

    /// Probability of each picture, `[pictures]`; with [`PagePosterior::nobody`] they add to 1.
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities[..self.expected.len()]
    }

    /// Probability that nobody is looking.
    pub fn nobody(&self) -> f64 {
        self.probabilities[self.expected.len()]
    }

    /// The most probable picture and its probability; the first of equals.
    pub fn best(&self) -> (usize, f64) {
        let each = self.probabilities().iter().copied().enumerate();
        each.fold((0, 0.0), |best, now| if now.1 > best.1 { now } else { best })
    }

    /// Flashes that had a score.
    pub fn scored(&self) -> usize {
        self.scored
    }

    /// Another page of the same pictures' number and prior.
    pub fn clear(&mut self) {
        self.trail.clear();
        self.tracks.fill(Track::new(&self.noise));
        self.scored = 0;
        self.weigh();
    }
}

fn prior_of(
    pictures: usize,
    nobody: f64,
    weights: Option<&[f64]>,
) -> Result<Vec<f64>, PosteriorError> {
    let even = vec![0.0; pictures];
    let weights = weights.unwrap_or(&even);
    if weights.len() != pictures || weights.iter().any(|weight| !weight.is_finite()) {
        return Err(PosteriorError::Prior { got: weights.len(), pictures });
    }
    let all = log_sum(weights.iter().copied());
    let looking = (1.0 - nobody).ln();
    Ok(weights.iter().map(|w| looking + w - all).chain([nobody.ln()]).collect())
}

/// Spreads and logarithms of their weights: around the law's, and a share for all alike.
fn scales(sd: f64) -> Vec<(f64, f64)> {
    let sd = sd.max(LEAST_SCALE_SD);
    let logs: Vec<f64> =
        SCALES.map(|step| f64::from(step) * std::f64::consts::LN_2 / 4.0).collect();
    let near: Vec<f64> = logs.iter().map(|log| (-0.5 * (log / sd).powi(2)).exp()).collect();
    let (sum, even) = (near.iter().sum::<f64>(), WILD_SHARE / logs.len() as f64);
    let weight = |near: f64| ((1.0 - WILD_SHARE) * near / sum + even).ln();
    logs.iter().zip(near).map(|(log, near)| (log.exp(), weight(near))).collect()
}

/// Logarithm of the sum of exponentials.
fn log_sum(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    if most.is_finite() {
        most + logs.map(|log| (log - most).exp()).sum::<f64>().ln()
    } else {
        most
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::find::law::tests::law;
    use crate::signal::flash::{Flash, Lit};

    /// A page of flashes with refused windows, missed flashes and a pause; scores from −3 to 3.
    fn page(pictures: usize, count: usize, seed: u64) -> Vec<ScoredFlash> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut onset = 100.0;
        let mut flashes: Vec<ScoredFlash> = (0..count)
            .map(|i| {
                onset += if i == 20 {
                    3.0
                } else {
                    0.2 * f64::from(1 + u8::from(rng.random::<f64>() < 0.1))
                };
                let lit = Lit::of((0..pictures).filter(|_| rng.random::<f64>() < 0.25));
                let score = (rng.random::<f64>() < 0.85).then(|| rng.random_range(-3.0..3.0));
                let flash = Flash { page: 1, pictures: 40, lit, sought: None };
                ScoredFlash { flash, onset_secs: onset, score, following: Vec::new() }
            })
            .collect();
        for i in 0..count {
            let now = flashes[i].onset_secs;
            let later = flashes[i + 1..].iter().map(|f| (f.onset_secs - now, f.flash.lit));
            flashes[i].following = later.take_while(|f| f.0 <= 0.8).collect();
        }
        flashes
    }

    /// Logarithm of the density of `values` under a normal distribution of mean 0, less `n · ln √2π`, by the whole matrix.
    fn dense(values: &[f64], covariance: impl Fn(usize, usize) -> f64) -> f64 {
        let n = values.len();
        let (mut l, mut z, mut log) = (vec![vec![0.0; n]; n], vec![0.0; n], 0.0);
        for i in 0..n {
            for j in 0..=i {
                let told: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
                let left = covariance(i, j) - told;
                l[i][j] = if i == j { left.sqrt() } else { left / l[j][j] };
            }
            let told: f64 = (0..i).map(|k| l[i][k] * z[k]).sum();
            z[i] = (values[i] - told) / l[i][i];
            log -= l[i][i].ln() + 0.5 * z[i] * z[i];
        }
        log
    }

    /// The posterior in one computation with the whole covariance: pictures, then nobody.
    fn at_once(law: &ScoreLaw, pictures: usize, flashes: &[ScoredFlash]) -> Vec<f64> {
        let noise = Noise::of(&law.noise_correlation).unwrap();
        let mut correlation: Vec<f64> =
            [1.0].into_iter().chain(law.noise_correlation.clone()).collect();
        while correlation.len() < 500 {
            let n = correlation.len();
            correlation.push(
                noise.weights.iter().enumerate().map(|(k, w)| w * correlation[n - 1 - k]).sum(),
            );
        }
        let (mut trail, mut time, mut expected) = (Trail::default(), 0, vec![0.0; pictures]);
        let mut rows = Vec::new();
        for scored in flashes {
            time +=
                trail.step_secs(scored).map_or(0, |secs| (secs / law.soa_secs).round() as usize);
            law.expect(&trail, scored, &mut expected);
            trail.pass(scored);
            if let Some(score) = scored.score {
                rows.push((time, score, expected.clone(), scored.flash.lit));
            }
        }
        let (v, vo) =
            (law.noise_sd.powi(2), law.offset_sd.powi(2).max(0.25 * law.noise_sd.powi(2)));
        let log = |h: usize| {
            let response = |i: usize| if h < pictures { rows[i].2[h] } else { 0.0 };
            let values: Vec<f64> =
                (0..rows.len()).map(|i| rows[i].1 - law.offset - response(i)).collect();
            log_sum(
                scales(law.scale_sd)
                    .iter()
                    .map(|(scale, weight)| {
                        let covariance = |i: usize, j: usize| {
                            let own = if i == j && h < pictures && rows[i].3.holds(h) {
                                law.target_sd.powi(2)
                            } else {
                                0.0
                            };
                            let noise = v * correlation[rows[i].0.abs_diff(rows[j].0)] + own;
                            scale * scale * noise
                                + vo
                                + law.amplitude_sd.powi(2) * response(i) * response(j)
                        };
                        weight + dense(&values, covariance)
                    })
                    .collect::<Vec<_>>()
                    .into_iter(),
            )
        };
        let prior =
            |h: usize| if h < pictures { (0.8 / pictures as f64).ln() } else { 0.2_f64.ln() };
        let logs: Vec<f64> = (0..=pictures).map(|h| prior(h) + log(h)).collect();
        let all = log_sum(logs.iter().copied());
        logs.iter().map(|log| (log - all).exp()).collect()
    }

    #[test]
    fn flash_by_flash_it_is_what_the_whole_covariance_gives() {
        for (seed, correlation) in
            [(1, vec![0.45, 0.2]), (2, vec![]), (3, vec![0.6, 0.5, 0.3, 0.25, 0.1])]
        {
            let law = ScoreLaw { noise_correlation: correlation, ..law() };
            let flashes = page(12, 60, seed);
            let mut posterior = PagePosterior::new(&law, 12, 0.2, None).unwrap();
            for (i, scored) in flashes.iter().enumerate() {
                posterior.push(scored);
                if i % 7 == 0 || i == 59 {
                    let want = at_once(&law, 12, &flashes[..=i]);
                    let got = posterior
                        .probabilities()
                        .iter()
                        .chain([posterior.nobody()].iter())
                        .copied()
                        .collect::<Vec<_>>();
                    for (got, want) in got.iter().zip(&want) {
                        assert!(
                            (got - want).abs() < 1e-9,
                            "seed {seed}, flash {i}: {got} and {want}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_refused_window_says_nothing_itself_but_its_flash_still_evokes() {
        let flash = |onset_secs, lit: &[usize], score| ScoredFlash {
            flash: Flash { page: 0, pictures: 40, lit: Lit::of(lit.iter().copied()), sought: None },
            onset_secs,
            score,
            following: Vec::new(),
        };
        let law = ScoreLaw { response: vec![0.0, 1.5, 2.0, 0.0, 0.0], ..law() };
        let mut posterior = PagePosterior::new(&law, 4, 0.2, None).unwrap();
        let before = posterior.clone();
        posterior.push(&flash(0.0, &[1], None));
        posterior.push(&flash(0.2, &[0], Some(f64::NAN)));
        assert_eq!((posterior.probabilities(), posterior.scored()), (before.probabilities(), 0));
        // A high score .4 s after picture 1: that it is looked for explains it.
        posterior.push(&flash(0.4, &[2], Some(law.offset + 1.5)));
        let p = posterior.probabilities();
        assert!(p[1] > 1.2 * p[0] && p[1] > 1.2 * p[3], "{p:?}");
    }

    #[test]
    fn the_prior_is_what_is_told_before_the_first_flash() {
        let posterior =
            PagePosterior::new(&law(), 3, 0.1, Some(&[0.0, 2.0_f64.ln(), 0.0])).unwrap();
        assert!((posterior.probabilities()[1] - 0.45).abs() < 1e-12);
        assert!((posterior.nobody() - 0.1).abs() < 1e-12 && posterior.best().0 == 1);
        for bad in [
            PagePosterior::new(&law(), 0, 0.1, None),
            PagePosterior::new(&law(), 61, 0.1, None),
            PagePosterior::new(&law(), 3, 0.0, None),
            PagePosterior::new(&law(), 3, 0.1, Some(&[0.0; 2])),
            PagePosterior::new(&law(), 3, 0.1, Some(&[f64::NAN, 0.0, 0.0])),
        ] {
            assert!(bad.is_err());
        }
    }

    #[test]
    fn another_page_begins_as_new_and_hostile_numbers_leave_probabilities() {
        let new = PagePosterior::new(&law(), 12, 0.2, None).unwrap();
        let mut posterior = new.clone();
        for scored in &page(12, 80, 5) {
            let wild = ScoredFlash { onset_secs: -1e300, score: Some(1e300), ..scored.clone() };
            posterior.push(scored);
            posterior.push(&wild);
            posterior.push(&ScoredFlash { onset_secs: f64::NAN, ..wild });
        }
        let sum = posterior.probabilities().iter().sum::<f64>() + posterior.nobody();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        posterior.clear();
        assert_eq!(posterior.probabilities(), new.probabilities());
    }
}
