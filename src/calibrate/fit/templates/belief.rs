//! What is believed of responses before a picture's own trials are looked at, and what is known of them after.
//!
//! In directions d of the whitened signal, whose noise is independent with variance one, the response to a picture with
//! embedding g is μ_d + g·w_d. Every w_d is Gaussian about a mean (that of the mean person, or zero), with the same
//! variance in all directions of the embedding space.

use faer::Mat;

use super::contrasts::Contrasts;

/// Beliefs, by direction.
pub(super) struct Belief {
    /// Directions of the whitened signal in which its noise is independent, with variance one, `[features, directions]`.
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
    /// The response to no embedding at all in the newest session, by direction.
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

    /// How likely what was seen is, ready to be asked for many sizes of responses and noise; `seen` is
    /// `[contrasts, directions]`.
    pub fn likelihood<'a>(
        &'a self,
        contrasts: &'a Contrasts,
        seen: &'a Mat<f64>,
    ) -> Likelihood<'a> {
        let expected = contrasts.embeddings.transpose() * &self.means;
        Likelihood { variances: &self.variances, values: &contrasts.values, seen, expected }
    }

    /// The same in units of the noise as it was found in each direction: a model of noise is only a model.
    pub fn in_noise(&self, noise: &[f64]) -> Self {
        let by = |matrix: &Mat<f64>| {
            Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, d| matrix[(i, d)] / noise[d].sqrt())
        };
        let variances = self.variances.iter().zip(noise).map(|(own, noise)| own / noise);
        Self {
            directions: by(&self.directions),
            variances: variances.collect(),
            means: by(&self.means),
        }
    }

    /// What is known after the cells' means, `[cells, directions]`. `asked` are the pictures, `[asked, dim]`, over whose
    /// responses the remaining variance is averaged.
    pub fn after(
        &self,
        contrasts: &Contrasts,
        means: &Mat<f64>,
        (shown, sessions): (&Mat<f64>, &[usize]),
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
        let newest = sessions.iter().max().copied().unwrap_or_default();
        let own = |c: &usize| sessions[*c] == newest;
        let all = contrasts.in_newest(sessions);
        let common = (0..means.ncols()).map(|d| {
            let of = |c: usize| contrasts.counts[c] * (means[(c, d)] - expected[(c, d)]);
            (0..sessions.len()).filter(own).map(of).sum::<f64>() / all.max(f64::MIN_POSITIVE)
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

/// The likelihood of what was seen under a belief whose responses, or whose noise, are larger or smaller.
pub(super) struct Likelihood<'a> {
    variances: &'a [f64],
    values: &'a [f64],
    seen: &'a Mat<f64>,
    /// `[contrasts, directions]`: the only product of matrices, which grows with the responses.
    expected: Mat<f64>,
}

/// Variances are multiplied up to this before their logarithm is taken, which costs more than all the rest.
const LARGE: f64 = 1e100;

impl Likelihood<'_> {
    /// Its logarithm with responses larger by `factor` and what was seen by `scale`, up to a number that is the same for
    /// all of them.
    pub fn log(&self, factor: f64, scale: f64) -> f64 {
        (0..self.variances.len()).map(|d| self.log_in(d, factor, scale)).sum()
    }

    fn log_in(&self, d: usize, factor: f64, scale: f64) -> f64 {
        let own = self.variances[d] * factor * factor;
        let (mut sum, mut product) = (0.0, 1.0);
        for (k, value) in self.values.iter().enumerate() {
            let variance = 1.0 + own * value;
            let surprise = self.seen[(k, d)] * scale - self.expected[(k, d)] * factor;
            sum += surprise.powi(2) / variance;
            product *= variance;
            if product > LARGE {
                sum += product.ln();
                product = 1.0;
            }
        }
        -0.5 * (sum + product.ln())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    /// Matrices of standard normal numbers.
    fn normal(seed: u64) -> impl FnMut(usize, usize) -> Mat<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        move |rows, columns| Mat::from_fn(rows, columns, |_, _| rng.sample(StandardNormal))
    }

    /// What follows from one direction's numbers by the textbook: unknowns are a common response in each session, about
    /// which nothing is known, and w.
    fn textbook(
        (variance, mean): (f64, &[f64]),
        (shown, sessions): (&Mat<f64>, &[usize]),
        (counts, seen): (&[f64], &[f64]),
    ) -> (Vec<f64>, Mat<f64>) {
        let (dim, common) = (shown.ncols(), 2);
        let design = Mat::from_fn(shown.nrows(), common + dim, |c, j| match j {
            j if j < common => f64::from(u8::from(sessions[c] == j)),
            j => shown[(c, j - common)],
        });
        let precise = Mat::from_fn(shown.nrows(), common + dim, |c, j| counts[c] * design[(c, j)]);
        let mut precision = design.transpose() * &precise;
        let mut told = Mat::from_fn(common + dim, 1, |j, _| {
            (0..shown.nrows()).map(|c| precise[(c, j)] * seen[c]).sum::<f64>()
        });
        for j in 0..dim {
            precision[(common + j, common + j)] += 1.0 / variance;
            told[(common + j, 0)] += mean[j] / variance;
        }
        let covariance = inverse(&precision);
        let found = &covariance * told;
        let weights = (0..dim).map(|j| found[(common + j, 0)]).collect();
        (weights, Mat::from_fn(dim, dim, |i, j| covariance[(common + i, common + j)]))
    }

    fn inverse(matrix: &Mat<f64>) -> Mat<f64> {
        crate::calibrate::linalg::function_of(matrix.as_ref(), |v| 1.0 / v).unwrap()
    }

    #[test]
    fn what_is_known_is_the_posterior_of_the_textbook() {
        let mut normal = normal(8);
        let (cells, dim, directions) = (7, 5, 3);
        let (shown, means, asked) = (normal(cells, dim), normal(cells, directions), normal(4, dim));
        let sessions = [0, 0, 0, 1, 1, 1, 1];
        let counts = vec![1.0, 2.5, 0.7, 3.0, 1.0, 1.2, 4.0];
        let belief = Belief {
            directions: Mat::identity(directions, directions),
            variances: vec![0.3, 2.0, 0.0],
            means: normal(dim, directions),
        };
        let contrasts = Contrasts::of(&shown, counts.clone(), &sessions).unwrap().unwrap();
        let known = belief.after(&contrasts, &means, (&shown, &sessions), &asked);
        for d in 0..directions {
            let seen: Vec<f64> = (0..cells).map(|c| means[(c, d)]).collect();
            let mean: Vec<f64> = (0..dim).map(|j| belief.means[(j, d)]).collect();
            let variance = belief.variances[d].max(1e-9);
            let told = (counts.as_slice(), seen.as_slice());
            let (weights, left) = textbook((variance, &mean), (&shown, &sessions), told);
            for (j, want) in weights.iter().enumerate() {
                let got = known.weights[(j, d)];
                assert!((got - want).abs() < 1e-5, "direction {d}: {got} for {want}");
            }
            let of = |c: usize| -> f64 {
                let part = |i: usize, j: usize| asked[(c, i)] * left[(i, j)] * asked[(c, j)];
                (0..dim).map(|i| (0..dim).map(|j| part(i, j)).sum::<f64>()).sum()
            };
            let spread = (0..asked.nrows()).map(of).sum::<f64>() / asked.nrows() as f64;
            assert!((known.spread[d] - spread).abs() < 1e-5, "{} {spread}", known.spread[d]);
        }
    }

    #[test]
    fn the_likelihood_is_highest_where_the_strength_is_true() {
        let mut normal = normal(9);
        let (cells, dim, directions) = (30, 12, 40);
        let (shown, means) = (normal(cells, dim), normal(dim, directions));
        let belief = Belief {
            directions: Mat::identity(directions, directions),
            variances: vec![0.5; directions],
            means: means.clone(),
        };
        let own =
            (&means + normal(dim, directions) * faer::Scale(0.5_f64.sqrt())) * faer::Scale(0.5);
        let seen = &shown * own + normal(cells, directions) * faer::Scale(0.25_f64.sqrt());
        let sessions = vec![0; cells];
        let contrasts = Contrasts::of(&shown, vec![4.0; cells], &sessions).unwrap().unwrap();
        let of = |strength: f64| {
            belief.likelihood(&contrasts, &contrasts.seen(&seen)).log(strength, 1.0)
        };
        assert!(of(0.5) > of(0.35) && of(0.5) > of(0.7) && of(0.5) > of(0.0) + 100.0);
    }
}
