//! Which picture of a page is looked for, if any: the exact posterior, flash by flash.
//!
//! Takes [`ScoredFlash`]es in order of arrival and a [`ScoreLaw`]; gives the probability of each picture and of *nobody is looking*.
//! The latter is two hypotheses: the same noise without a response, and responses that follow no picture of the page
//! (`stray`: somebody looks elsewhere, or the scores have peaks of their own). Pictures and the first are equal to what one computation
//! with the whole covariance gives. Integrated out for each page: offset, amplitude, the noise's spread (a wide grid, a small share
//! of it far from the law's), and whether its correlation is the law's or none. So scores that mean nothing (moved, larger,
//! smaller, with peaks) are explained by *nobody* as well as by anyone. A refused window contributes no score, but its flash
//! still evokes; a missed flash or a pause lets the noise's correlation fade. Bounded: pictures up to [`MAX_PAGE`].

use super::law::noise::Noise;
use super::law::{LawError, ScoreLaw};
use super::scored::{ScoredFlash, Trail};
use super::stray::{Known, Strays, log_sum};
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

/// Of nobody looking, the share of responses that follow no picture.
const STRAY_SHARE: f64 = 0.5;

/// Share of pages whose noise is not correlated as the law says, but not at all.
const WHITE_SHARE: f64 = 0.1;

/// Only each so-manieth spread is needed for strangers.
const STRAY_SCALES: usize = 2;

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

/// What changes from flash to flash.
#[derive(Clone, Debug)]
struct Progress {
    /// For each shape of the noise: one for each picture, then nobody's.
    tracks: Vec<Vec<Track>>,
    strays: Strays,
}

/// The posterior of a page.
#[derive(Clone, Debug)]
pub struct PagePosterior {
    law: ScoreLaw,
    before: Before,
    /// Spreads, and some of them for strangers, with logarithms of their weights.
    scales: Vec<(f64, f64)>,
    stray_scales: Vec<(f64, f64)>,
    /// Shapes of the noise with logarithms of their weights.
    shapes: Vec<(Noise, f64)>,
    /// Logarithms of the prior: pictures, nobody, strangers.
    log_prior: Vec<f64>,
    trail: Trail,
    progress: Progress,
    /// The same before the first flash.
    fresh: Progress,
    /// Pictures, nobody, strangers.
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
        let shapes = shapes(noise);
        let tracks =
            shapes.iter().map(|(noise, _)| vec![Track::new(noise); pictures + 1]).collect();
        let fresh = Progress { tracks, strays: Strays::new(pictures, &shapes) };
        let scales = scales(law.scale_sd);
        let mut new = Self {
            law: law.clone(),
            before,
            stray_scales: some_of(&scales),
            scales,
            shapes,
            log_prior,
            trail: Trail::default(),
            progress: fresh.clone(),
            fresh,
            probabilities: vec![0.0; pictures + 2],
            expected: vec![0.0; pictures],
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
        let Self { law, shapes, before, expected, stray_scales, progress, .. } = self;
        let known = Known { law, shapes, scales: stray_scales, before };
        progress.strays.pass(scored, score, steps, &known);
        for (tracks, (noise, _)) in progress.tracks.iter_mut().zip(shapes.iter()) {
            for (picture, track) in tracks.iter_mut().enumerate() {
                (0..steps).for_each(|_| track.step(noise));
                let Some(score) = score else { continue };
                // Nobody's comes last: nothing is expected.
                let own = picture < expected.len() && scored.flash.lit.holds(picture);
                let expected = expected.get(picture).copied().unwrap_or_default();
                track.see(noise, score, expected / spread, if own { extra } else { 0.0 });
            }
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
        let Self { shapes, before, scales, log_prior, progress, .. } = &*self;
        let exact = |hypothesis: usize| {
            let each = progress.tracks.iter().zip(shapes).map(|(tracks, (_, share))| {
                let track = &tracks[hypothesis];
                let scales = scales.iter();
                share
                    + log_sum(
                        scales.map(|(scale, weight)| weight + track.log_likelihood(before, *scale)),
                    )
            });
            log_sum(each)
        };
        let hypotheses = log_prior.len();
        let log_weight = |hypothesis: usize| {
            let is_stray = hypothesis + 1 == hypotheses;
            log_prior[hypothesis]
                + if is_stray { progress.strays.log_likelihood() } else { exact(hypothesis) }
        };
        let logs: Vec<f64> = (0..hypotheses).map(log_weight).collect();
        let all = log_sum(logs.iter().copied());
        self.probabilities.iter_mut().zip(logs).for_each(|(p, log)| *p = (log - all).exp());
    }

    /// Probability of each picture, `[pictures]`; with [`PagePosterior::nobody`] they add to 1.
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities[..self.expected.len()]
    }

    /// Probability that nobody is looking at this page: no response at all, or [elsewhere](Self::elsewhere).
    pub fn nobody(&self) -> f64 {
        self.probabilities[self.expected.len()..].iter().sum()
    }

    /// The part of it in which there are responses that follow no picture of the page.
    pub fn elsewhere(&self) -> f64 {
        self.probabilities[self.expected.len() + 1]
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
        self.progress.clone_from(&self.fresh);
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
    let nobody = [1.0 - STRAY_SHARE, STRAY_SHARE].map(|share| (share * nobody).ln());
    Ok(weights.iter().map(|w| looking + w - all).chain(nobody).collect())
}

/// The law's noise, and none that is correlated, with logarithms of their weights.
fn shapes(noise: Noise) -> Vec<(Noise, f64)> {
    let white = Noise { correlation: Vec::new(), weights: Vec::new(), innovation: 1.0 };
    if noise == white {
        return vec![(noise, 0.0)];
    }
    vec![(noise, (1.0 - WHITE_SHARE).ln()), (white, WHITE_SHARE.ln())]
}

/// Each so-manieth spread; their weights add to one again.
fn some_of(scales: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let some: Vec<(f64, f64)> = scales.iter().copied().step_by(STRAY_SCALES).collect();
    let all = log_sum(some.iter().map(|scale| scale.1));
    some.into_iter().map(|(scale, weight)| (scale, weight - all)).collect()
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

#[cfg(test)]
mod tests;
