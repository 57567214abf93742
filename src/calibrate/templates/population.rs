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

/// By how much the best strength must raise the logarithm of the likelihood above no response at all, else the pack's
/// model is not believed: about one in ten thousand recordings without any response would reach it.
const LEAST_GAIN: f64 = 8.0;

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
    /// Pictures of the pack, `[rows, dim]`: a decoder will be asked for them, calibrated or not.
    pub gallery: Mat<f64>,
}

impl Population {
    /// Refuses what does not fit epochs of this width and embeddings of this length.
    ///
    /// # Errors
    /// [`CalibrationError::Shape`].
    pub fn check(&self, width: usize, dim: usize) -> Result<(), CalibrationError> {
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
    /// `[patterns, features]`.
    ///
    /// # Errors
    /// [`CalibrationError::Numbers`] when nothing of the patterns can be seen in this signal.
    pub(super) fn belief(&self, patterns: &Mat<f64>) -> Result<Belief, CalibrationError> {
        let (values, vectors) = linalg::eigen((patterns * patterns.transpose()).as_ref())?;
        let most = values.last().copied().unwrap_or_default();
        let kept: Vec<usize> =
            (0..values.len()).filter(|i| values[*i] > LEAST_SHARE * most).collect();
        if kept.is_empty() || !(most > 0.0 && most.is_finite()) {
            let why = "none of the pack's patterns of responses can be seen in it";
            return Err(CalibrationError::Numbers(why.into()));
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
        Ok(Belief {
            directions: patterns.transpose() * out * &axes,
            variances: variances.iter().map(|v| v.max(0.0)).collect(),
            means: &self.mean * into * axes,
        })
    }
}

/// The belief with this person's strength of response, and that strength; `None` where the trials show nothing of what
/// the pack expects. `seen` is `[contrasts, directions]`.
pub(super) fn fitted(
    belief: &Belief,
    contrasts: &Contrasts,
    seen: &Mat<f64>,
) -> Option<(Belief, f64)> {
    let nothing = belief.scaled(0.0).log_likelihood(contrasts, seen);
    let most = OCTAVES * STEPS_PER_OCTAVE;
    let (strength, best) = (-most..=most)
        .map(|step| {
            let strength = (f64::from(step) / f64::from(STEPS_PER_OCTAVE)).exp2();
            (strength, belief.scaled(strength).log_likelihood(contrasts, seen))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    (best > nothing + LEAST_GAIN).then(|| (belief.scaled(strength), strength))
}
