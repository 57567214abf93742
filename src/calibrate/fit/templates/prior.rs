//! What is believed of responses where no population is known: A in space, B in time. Both are found from all pictures of
//! one person by expectation-maximisation.

use faer::Mat;

use super::belief::Belief;
use super::space::Space;
use crate::calibrate::linalg;
use crate::calibrate::trials::CalibrationError;
use crate::calibrate::trials::noise::Noise;

/// Rounds of expectation-maximisation.
const ROUNDS: usize = 7;

/// How many pictures' worth the starting guess of A counts.
const PRIOR_OF_SPACE: f64 = 1.0;

/// Width of a response's features in time: at the onset, and how much wider later, in bins and bins per bin.
const WIDTH_BINS: f64 = 1.0;
const WIDENING: f64 = 0.06;

/// Where responses are looked for at first: they rise at 60 ms and fade at 600 ms, in bins, each with its softness.
const RISE: [f64; 2] = [3.0, 1.0];
const FADE: [f64; 2] = [30.0, 2.0];

/// What is believed of responses: A in space, and B in time by its envelope.
pub(super) struct Prior {
    channels: usize,
    bins: usize,
    start: Mat<f64>,
    space: Mat<f64>,
    envelope: Vec<f64>,
    /// Correlation of a response's times, and its inverse, `[bins, bins]`.
    shape: Mat<f64>,
    inverse: Mat<f64>,
}

/// What the trials say of the responses under the beliefs of one round.
struct Posterior {
    /// Directions, `[kept × bins]²`, of the whitened signal.
    axes: Mat<f64>,
    /// Means along the pictures' axes and these directions.
    means: Mat<f64>,
    /// Variance that is left of them.
    left: Mat<f64>,
}

impl Prior {
    pub fn begin(
        noise: &Noise,
        seen: &Mat<f64>,
        pictures: &Space,
        each: f64,
        (channels, bins): (usize, usize),
    ) -> Result<Self, CalibrationError> {
        let width = |t: usize| WIDTH_BINS + WIDENING * t as f64;
        let shape = Mat::from_fn(bins, bins, |t, s| {
            let (a, b, apart) = (width(t), width(s), t as f64 - s as f64);
            let both = a * a + b * b;
            let same = if t == s { 1e-3 } else { 0.0 };
            (2.0 * a * b / both).sqrt() * (-apart * apart / both).exp() + same
        });
        let inverse = linalg::function_of(shape.as_ref(), |v| 1.0 / v.max(1e-6))?;
        let soft = |t: f64, [at, softness]: [f64; 2]| 1.0 / (1.0 + ((at - t) / softness).exp());
        let envelope: Vec<f64> =
            (0..bins).map(|t| soft(t as f64, RISE) * (1.0 - soft(t as f64, FADE)) + 1e-4).collect();
        let over_time = |c: usize, d: usize| -> f64 {
            (0..bins).map(|t| noise.covariance[(c * bins + t, d * bins + t)]).sum()
        };
        let sum = Mat::from_fn(channels, channels, over_time);
        let start = &sum * faer::Scale(channels as f64 / trace(&sum));
        let mut prior =
            Self { channels, bins, space: start.clone(), start, envelope, shape, inverse };
        // As strong as what is seen beyond the noise.
        let power = linalg::rms(seen.as_ref()).powi(2) - 1.0 / each;
        let expected = product_trace(&prior.covariance(), &noise.power(-1.0));
        let mean = pictures.values.iter().sum::<f64>() / pictures.values.len() as f64;
        let scale = power.max(0.005) * (channels * bins) as f64 / expected / mean;
        prior.envelope.iter_mut().for_each(|e| *e *= scale);
        Ok(prior)
    }

    /// A ⊗ B.
    fn covariance(&self) -> Mat<f64> {
        let roots: Vec<f64> = self.envelope.iter().map(|e| e.sqrt()).collect();
        let size = self.channels * self.bins;
        Mat::from_fn(size, size, |i, j| {
            let (t, s) = (i % self.bins, j % self.bins);
            self.space[(i / self.bins, j / self.bins)] * self.shape[(t, s)] * roots[t] * roots[s]
        })
    }

    /// Expectation-maximisation: the belief under which what was seen is likely.
    pub fn maximised(
        mut self,
        noise: &Noise,
        white: &Mat<f64>,
        seen: &Mat<f64>,
        pictures: &Space,
        each: f64,
    ) -> Result<Belief, CalibrationError> {
        let root = noise.power(0.5);
        for _ in 1..ROUNDS {
            let posterior = self.expected(white, seen, pictures, each)?;
            self.update(&posterior, &root, pictures)?;
        }
        let (variances, directions) = self.in_whitened(white)?;
        let means = Mat::zeros(pictures.along.nrows(), variances.len());
        Ok(Belief { directions, variances, means })
    }

    /// Variances and directions of responses in the whitened signal.
    fn in_whitened(&self, white: &Mat<f64>) -> Result<(Vec<f64>, Mat<f64>), CalibrationError> {
        let (values, axes) = linalg::eigen((white * self.covariance() * white).as_ref())?;
        Ok((values.iter().map(|v| v.max(0.0)).collect(), axes))
    }

    /// The posterior of the responses.
    fn expected(
        &self,
        white: &Mat<f64>,
        seen: &Mat<f64>,
        pictures: &Space,
        each: f64,
    ) -> Result<Posterior, CalibrationError> {
        let (values, axes) = self.in_whitened(white)?;
        let found = seen * &axes;
        let strength = |k: usize, d: usize| pictures.values[k] * values[d];
        let kept = |k: usize, d: usize| strength(k, d) / (strength(k, d) + 1.0 / each);
        let means = Mat::from_fn(found.nrows(), found.ncols(), |k, d| found[(k, d)] * kept(k, d));
        let left =
            Mat::from_fn(found.nrows(), found.ncols(), |k, d| strength(k, d) * (1.0 - kept(k, d)));
        Ok(Posterior { axes, means, left })
    }

    fn update(
        &mut self,
        posterior: &Posterior,
        root: &Mat<f64>,
        pictures: &Space,
    ) -> Result<(), CalibrationError> {
        let (axes, size) = (pictures.values.len(), self.channels * self.bins);
        let scaled = Mat::from_fn(axes, size, |k, d| {
            posterior.means[(k, d)] / (pictures.values[k] * axes as f64).sqrt()
        });
        let mut moment = scaled.transpose() * &scaled;
        for d in 0..size {
            let own: f64 = (0..axes).map(|k| posterior.left[(k, d)] / pictures.values[k]).sum();
            moment[(d, d)] += own / axes as f64;
        }
        let back = root * &posterior.axes;
        let moment = &back * moment * back.transpose();
        self.update_space(&moment, axes as f64);
        self.update_envelope(&moment)
    }

    fn update_space(&mut self, moment: &Mat<f64>, axes: f64) {
        let (bins, channels) = (self.bins, self.channels);
        let flat: Vec<f64> = self.envelope.iter().map(|e| 1.0 / e.sqrt()).collect();
        let new = Mat::from_fn(channels, channels, |c, d| {
            let of = |t: usize, s: usize| {
                moment[(c * bins + t, d * bins + s)] * flat[t] * self.inverse[(t, s)] * flat[s]
            };
            (0..bins).map(|t| (0..bins).map(|s| of(t, s)).sum::<f64>()).sum::<f64>() / bins as f64
        });
        let size = trace(&new) / channels as f64;
        self.space = (&new * faer::Scale(axes) + &self.start * faer::Scale(PRIOR_OF_SPACE * size))
            * faer::Scale(1.0 / (axes + PRIOR_OF_SPACE));
    }

    fn update_envelope(&mut self, moment: &Mat<f64>) -> Result<(), CalibrationError> {
        let (bins, channels) = (self.bins, self.channels);
        let most = (0..channels).map(|c| self.space[(c, c)]).fold(0.0, f64::max);
        let inverse = linalg::function_of(self.space.as_ref(), |v| 1.0 / v.max(1e-9 * most))?;
        let time = Mat::from_fn(bins, bins, |t, s| {
            let of = |c: usize, d: usize| moment[(c * bins + t, d * bins + s)] * inverse[(c, d)];
            let all = (0..channels).map(|c| (0..channels).map(|d| of(c, d)).sum::<f64>());
            all.sum::<f64>() / channels as f64
        });
        let ratio = |t: usize| -> f64 {
            let of = |s: usize| {
                self.inverse[(t, s)] * time[(s, t)] / (self.envelope[s] * self.envelope[t]).sqrt()
            };
            (0..bins).map(of).sum::<f64>().clamp(0.05, 20.0)
        };
        let ratios: Vec<f64> = (0..bins).map(ratio).collect();
        let smooth = |t: usize| {
            let weight = |s: usize| (-(t as f64 - s as f64).powi(2) / 2.0).exp();
            let sum: f64 = (0..bins).map(|s| weight(s) * ratios[s]).sum();
            (sum / (0..bins).map(weight).sum::<f64>()).clamp(0.2, 5.0)
        };
        let new: Vec<f64> = (0..bins).map(|t| self.envelope[t] * smooth(t)).collect();
        let most = new.iter().copied().fold(0.0, f64::max);
        self.envelope = new.iter().map(|e| e.max(1e-6 * most)).collect();
        Ok(())
    }
}

fn trace(matrix: &Mat<f64>) -> f64 {
    (0..matrix.nrows()).map(|i| matrix[(i, i)]).sum()
}

/// Trace of the product of two symmetric matrices.
fn product_trace(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    let column = |j: usize| (0..a.nrows()).map(|i| a[(i, j)] * b[(i, j)]).sum::<f64>();
    (0..a.ncols()).map(column).sum()
}
