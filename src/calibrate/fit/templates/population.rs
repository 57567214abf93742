//! What a model pack knows of responses in general, as a belief about one person's.
//!
//! The pack's population model is linear: a picture's embedding evokes a sum of patterns in space and time, whose weights
//! are those of the mean person and a Gaussian deviation of one's own. How strong this person's responses are beside the
//! mean person's is the one number that is found from the trials, by their likelihood.
//!
//! Sources: linear encoding models of evoked EEG (Gifford et al. 2022, NeuroImage 264:119754); a Gaussian population of
//! linear models (Lindley & Smith 1972, J. R. Stat. Soc. B 34:1).

use faer::Mat;

use super::belief::Belief;
use super::contrasts::Contrasts;
use crate::calibrate::linalg;
use crate::calibrate::trials::CalibrationError;

/// Eigenvalues below this share of the largest are patterns that the headset cannot tell from others.
const LEAST_SHARE: f64 = 1e-9;

/// Strengths that are tried, in units of the mean person's: from a sixteenth to sixteen times, four to an octave.
const STEPS_PER_OCTAVE: i32 = 4;
const OCTAVES: i32 = 4;

/// Sizes of the noise that are tried, in eighths of an octave up and down.
const NOISE_STEPS: i32 = 8;

/// By how much the best strength must raise the logarithm of the likelihood above no response at all, else the pack's
/// model is not believed. One number is chosen, so that a gain of 8 has about one chance in ten thousand without any
/// response, as far as the noise is what it is taken for; of few trials, whose noise is uncertain, more is asked: twice as
/// much for [`UNCERTAIN`] independent ones.
const LEAST_GAIN: f64 = 8.0;

/// See [`LEAST_GAIN`]; measured on noise without a response (`tests/calibrate/fit.rs`).
const UNCERTAIN: f64 = 24.0;

/// What pictures evoke in the mean person, and how persons differ, as a model pack says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    /// Patterns in space and time, `[patterns, channels × samples]`, µV.
    pub basis: Mat<f64>,
    /// The mean person's weights for each unit of embedding, `[dim, patterns]`.
    pub mean: Mat<f64>,
    /// Covariance over persons of these weights, the same for every direction of the embedding space,
    /// `[patterns, patterns]`.
    pub covariance: Mat<f64>,
    /// Pictures that a decoder will be asked for, calibrated or not, `[rows, dim]`; none where they are too many.
    pub gallery: Mat<f64>,
}

impl Population {
    /// Refuses what does not fit epochs of this width and embeddings of this length.
    ///
    /// # Errors
    /// [`CalibrationError::Shape`].
    pub(super) fn check(&self, width: usize, dim: usize) -> Result<(), CalibrationError> {
        let patterns = self.basis.nrows();
        for (what, got, expected) in [
            ("a pattern of the pack's responses", self.basis.ncols(), width),
            ("the pack's mean response", self.mean.nrows(), dim),
            ("the pack's mean response", self.mean.ncols(), patterns),
            ("the pack's covariance of responses", self.covariance.nrows(), patterns),
            ("the pack's covariance of responses", self.covariance.ncols(), patterns),
            ("the pack's gallery", self.gallery.ncols(), dim),
        ] {
            if got != expected {
                return Err(CalibrationError::Shape { what, got, expected });
            }
        }
        Ok(())
    }

    /// As a belief about responses in a whitened signal; `patterns` are those of the basis there,
    /// `[patterns, features]`. `None` when nothing of them can be seen in this signal.
    ///
    /// # Errors
    /// [`CalibrationError::Numbers`] for numbers that have no eigenvalues.
    pub(super) fn belief(&self, patterns: &Mat<f64>) -> Result<Option<Belief>, CalibrationError> {
        let (values, vectors) = linalg::eigen((patterns * patterns.transpose()).as_ref())?;
        let most = values.last().copied().unwrap_or_default();
        let kept: Vec<usize> =
            (0..values.len()).filter(|i| values[*i] > LEAST_SHARE * most).collect();
        if kept.is_empty() || !(most > 0.0 && most.is_finite()) {
            return Ok(None);
        }
        // Weights of patterns → orthonormal coordinates, and the directions that these stand for.
        let into = Mat::from_fn(vectors.nrows(), kept.len(), |i, k| {
            vectors[(i, kept[k])] * values[kept[k]].sqrt()
        });
        let out = Mat::from_fn(vectors.nrows(), kept.len(), |i, k| {
            vectors[(i, kept[k])] / values[kept[k]].sqrt()
        });
        let persons = into.transpose() * &self.covariance * &into;
        let (variances, axes) = linalg::eigen(persons.as_ref())?;
        Ok(Some(Belief {
            directions: patterns.transpose() * out * &axes,
            variances: variances.iter().map(|v| v.max(0.0)).collect(),
            means: &self.mean * into * axes,
        }))
    }
}

/// The belief with this person's strength of response, and that strength; `None` where the trials show nothing of what
/// the pack expects. `seen` is `[contrasts, directions]`; `freedom` is in how many independent ways the trials of a cell
/// differ, in each direction: the noise is only known as well as that, so its size is found together with the strength.
pub(super) fn fitted(
    belief: &Belief,
    contrasts: &Contrasts,
    seen: &Mat<f64>,
    freedom: f64,
) -> Option<(Belief, f64)> {
    let likelihood = belief.likelihood(contrasts, seen);
    let log_likelihood = |strength: f64, noise: f64| {
        let (rows, columns) = (seen.nrows() as f64, seen.ncols() as f64);
        let residuals = -0.5 * freedom * columns * (noise.ln() + 1.0 / noise);
        let found = likelihood.log(strength / noise.sqrt(), 1.0 / noise.sqrt());
        residuals + found - 0.5 * rows * columns * noise.ln()
    };
    let noises: Vec<f64> = (-NOISE_STEPS..=NOISE_STEPS).map(|step| octaves(step, 8)).collect();
    let best_noise = |strength: f64| {
        let all = noises.iter().map(|noise| (*noise, log_likelihood(strength, *noise)));
        all.max_by(|a, b| a.1.total_cmp(&b.1))
    };
    let (_, nothing) = best_noise(0.0)?;
    let most = OCTAVES * STEPS_PER_OCTAVE;
    let (strength, (noise, best)) = (-most..=most)
        .filter_map(|step| {
            let strength = octaves(step, STEPS_PER_OCTAVE);
            Some((strength, best_noise(strength)?))
        })
        .max_by(|a, b| a.1.1.total_cmp(&b.1.1))?;
    let in_noise = belief.in_noise(&vec![noise; seen.ncols()]);
    let least = LEAST_GAIN * (1.0 + UNCERTAIN / freedom.max(1.0));
    (best > nothing + least).then(|| (in_noise.scaled(strength), strength))
}

fn octaves(step: i32, steps_per_octave: i32) -> f64 {
    (f64::from(step) / f64::from(steps_per_octave)).exp2()
}
