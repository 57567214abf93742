//! What is believed of responses before a picture's own trials are looked at, and what is known of them after.
//!
//! In directions d of the whitened signal, whose noise is independent with variance one, the response to a picture with
//! embedding g is μ_d + g·w_d. Every w_d is Gaussian about a mean (that of the mean person, or zero), with the same
//! variance in all directions of the embedding space.

use faer::Mat;

use super::contrasts::Contrasts;

/// Beliefs, by direction.
pub(super) struct Belief {
    /// Orthonormal directions of the whitened signal, `[features, directions]`.
    pub directions: Mat<f64>,
    /// Variance of w in each.
    pub variances: Vec<f64>,
    /// Mean of w in each, `[dim, directions]`.
    pub means: Mat<f64>,
}

/// What is known after the trials.
pub(super) struct Known {
    /// Mean of w, `[dim, directions]`.
    pub weights: Mat<f64>,
    /// The response to no embedding at all, by direction.
    pub common: Vec<f64>,
    /// Variance that is left of the response to a picture, on average over some pictures, by direction.
    pub spread: Vec<f64>,
}

impl Belief {
    /// The same with all responses this much larger.
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            directions: self.directions.clone(),
            variances: self.variances.iter().map(|v| v * factor * factor).collect(),
            means: &self.means * faer::Scale(factor),
        }
    }

    /// Logarithm of the likelihood of what was seen, up to a number that is the same for all beliefs in these
    /// directions; `seen` is `[contrasts, directions]`.
    pub fn log_likelihood(&self, contrasts: &Contrasts, seen: &Mat<f64>) -> f64 {
        let surprise = seen - contrasts.embeddings.transpose() * &self.means;
        let of = |d: usize, k: usize| {
            let variance = 1.0 + self.variances[d] * contrasts.values[k];
            -0.5 * (variance.ln() + surprise[(k, d)].powi(2) / variance)
        };
        let by_direction = |d: usize| (0..contrasts.values.len()).map(|k| of(d, k)).sum::<f64>();
        (0..self.variances.len()).map(by_direction).sum()
    }

    /// What is known after the pictures' means, `[shown, directions]`. `asked` are the pictures, `[asked, dim]`, over whose
    /// responses the remaining variance is averaged.
    pub fn after(
        &self,
        contrasts: &Contrasts,
        means: &Mat<f64>,
        shown: &Mat<f64>,
        asked: &Mat<f64>,
    ) -> Known {
        let surprise = contrasts.seen(means) - contrasts.embeddings.transpose() * &self.means;
        let gain = |k: usize, d: usize| {
            self.variances[d] / (1.0 + self.variances[d] * contrasts.values[k])
        };
        let learned =
            Mat::from_fn(surprise.nrows(), surprise.ncols(), |k, d| gain(k, d) * surprise[(k, d)]);
        let weights = &self.means + &contrasts.embeddings * learned;
        let expected = shown * &weights;
        let all: f64 = contrasts.counts.iter().sum();
        let common = (0..means.ncols()).map(|d| {
            let of = |(c, count): (usize, &f64)| count * (means[(c, d)] - expected[(c, d)]);
            contrasts.counts.iter().enumerate().map(of).sum::<f64>() / all
        });
        Known { common: common.collect(), spread: self.spread(contrasts, asked, gain), weights }
    }

    fn spread(
        &self,
        contrasts: &Contrasts,
        asked: &Mat<f64>,
        gain: impl Fn(usize, usize) -> f64,
    ) -> Vec<f64> {
        let count = asked.nrows().max(1) as f64;
        let length = (0..asked.ncols())
            .map(|j| (0..asked.nrows()).map(|c| asked[(c, j)].powi(2)).sum::<f64>())
            .sum::<f64>()
            / count;
        let along = asked * &contrasts.embeddings;
        let known: Vec<f64> = (0..along.ncols())
            .map(|k| (0..along.nrows()).map(|c| along[(c, k)].powi(2)).sum::<f64>() / count)
            .collect();
        let of = |d: usize| {
            let told: f64 = known.iter().enumerate().map(|(k, sum)| gain(k, d) * sum).sum();
            (self.variances[d] * (length - told)).max(0.0)
        };
        (0..self.variances.len()).map(of).collect()
    }
}
