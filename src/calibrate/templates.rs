//! A personal decoder for pictures that were calibrated: each picture's response is estimated with everything that is
//! known of responses, and an epoch is compared with all of them.
//!
//! ```text
//! epoch = response of its picture + noise          noise: `super::noise`
//! responses: Gaussian, Cov(mᵢ, mⱼ) = Kᵢⱼ · (A ⊗ B)  K: inner products of the pictures' embeddings
//! ```
//!
//! A (space) and the envelope in B (time) are found by expectation-maximisation; B widens with time after the onset, as
//! evoked responses do. The posterior means, shrunk by their own uncertainty, give a linear score of every picture; the
//! pack's own answer is a second witness, weighed by how reliable it proves on the same trials. All of it is one linear
//! map into the embedding space, in which the inner product with a calibrated picture is its score. It knows those
//! pictures only: for others the regression of [`super::personal`] is there.
//!
//! Sources: empirical Bayes (Efron & Morris 1973, J. Am. Stat. Assoc. 68:117); non-stationary squared-exponential
//! covariance (Paciorek & Schervish 2004, NIPS 16); linear discriminant analysis of event-related potentials (Blankertz
//! et al. 2011, NeuroImage 56:814).

use faer::Mat;

use super::linalg;
use super::noise::Noise;
use super::personal::FitOptions;
use super::trials::{CalibrationError, Pictures, Trials};
use super::whiten::whitening;

/// Trials of each picture, on average, from which on this is used.
pub const LEAST_TRIALS_EACH: usize = 3;

/// Fewest pictures that a covariance of responses can be found from.
pub const LEAST_PICTURES: usize = 5;

/// Most numbers of an epoch after binning: beyond them a fit would take minutes.
pub const MOST_FEATURES: usize = 1000;

/// Length of a bin in seconds.
const BIN_SECS: f64 = 0.02;

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

/// Eigenvalues below this share of the largest carry no signal: an average reference takes one away.
const LEAST_EIGENVALUE: f64 = 1e-6;

/// The decoder as a linear map: see [`super::personal::Personal`].
pub struct Templates {
    /// On the epoch, `[channels × samples, dim]`, per µV.
    pub signal: Mat<f64>,
    /// On the pack's answer: this times the identity.
    pub pack: f64,
    /// `[dim]`
    pub bias: Vec<f64>,
    /// Weight of the pack's answer beside the signal's, before scaling.
    pub pack_weight: f64,
}

/// Whether these trials are enough, and not too wide.
pub fn suit(trials: &Trials, options: &FitOptions) -> bool {
    let shown = shown(trials);
    let bins = Bins::new(trials, options.rate_hz);
    shown.len() >= LEAST_PICTURES
        && trials.len() >= LEAST_TRIALS_EACH * shown.len()
        && bins.count >= 5
        && bins.count * trials.channels <= MOST_FEATURES
}

/// Fits.
///
/// # Errors
/// [`CalibrationError::Numbers`] where the signal does not vary.
pub fn fit(
    trials: &Trials,
    pictures: &Pictures,
    options: &FitOptions,
) -> Result<Templates, CalibrationError> {
    let bins = Bins::new(trials, options.rate_hz);
    let basis = basis(trials)?;
    let rows = bins.rows(trials, &aligned(trials, &basis)?);
    let shown = shown(trials);
    let labels: Vec<usize> = trials
        .about
        .iter()
        .map(|trial| shown.binary_search(&trial.picture).unwrap_or_default())
        .collect();
    let space = Space::of(pictures, &shown)?;
    let model = Model::fit(&rows, &labels, &space, (basis.ncols(), bins.count))?;
    let witness = if options.with_pack {
        Witness::of(trials, &labels, &space)
    } else {
        Witness { weight: 0.0, mean: vec![0.0; pictures.targets.ncols()] }
    };
    Ok(composed_map(trials, &bins, &basis, &rows, model, &witness))
}

/// The pictures that were shown, in rising order.
fn shown(trials: &Trials) -> Vec<usize> {
    let mut shown: Vec<usize> = trials.about.iter().map(|trial| trial.picture).collect();
    shown.sort_unstable();
    shown.dedup();
    shown
}

/// Channels without the directions in which nothing varies, `[channels, kept]`.
fn basis(trials: &Trials) -> Result<Mat<f64>, CalibrationError> {
    let channels = trials.channels;
    let mut sum = Mat::zeros(channels, channels);
    for i in 0..trials.len() {
        let epoch = trials.epoch(i);
        let own =
            Mat::from_fn(channels, trials.samples, |c, s| f64::from(epoch[c * trials.samples + s]));
        sum += &own * own.transpose();
    }
    let (values, vectors) = linalg::eigen(sum.as_ref())?;
    let most = values.last().copied().unwrap_or_default();
    let kept: Vec<usize> = (0..channels).filter(|i| values[*i] > LEAST_EIGENVALUE * most).collect();
    if kept.is_empty() || !most.is_finite() {
        return Err(CalibrationError::Numbers("it does not vary at all".into()));
    }
    Ok(Mat::from_fn(channels, kept.len(), |c, k| vectors[(c, kept[k])]))
}

/// For each session, the map from its channels to the basis, `[kept, channels]`: its noise is made like that of the
/// newest session, whose signal stays as it is.
fn aligned(trials: &Trials, basis: &Mat<f64>) -> Result<Vec<Mat<f64>>, CalibrationError> {
    let sessions = trials.about.iter().map(|trial| trial.session + 1).max().unwrap_or_default();
    let plain = basis.transpose().to_owned();
    if sessions < 2 {
        return Ok(vec![plain; sessions]);
    }
    let white = |session: usize| {
        let own: Vec<usize> =
            (0..trials.len()).filter(|i| trials.about[*i].session == session).collect();
        if own.is_empty() { Ok(None) } else { whitening(&trials.at(&own)).map(Some) }
    };
    let newest = trials.about.iter().map(|trial| trial.session).max().unwrap_or_default();
    let Some(last) = white(newest)? else { return Ok(vec![plain; sessions]) };
    let root = linalg::function_of(last.as_ref(), |v| if v > 1e-12 { 1.0 / v } else { 0.0 })?;
    (0..sessions)
        .map(|session| match white(session)? {
            Some(own) if session != newest => Ok(&plain * &root * &own),
            _ => Ok(plain.clone()),
        })
        .collect()
}

/// Bins of time.
struct Bins {
    length: usize,
    count: usize,
}

impl Bins {
    fn new(trials: &Trials, rate_hz: f64) -> Self {
        let length = ((rate_hz * BIN_SECS).round() as usize).clamp(1, trials.samples.max(1));
        Self { length, count: trials.samples / length }
    }

    /// `[trials, kept × bins]`, channel by channel.
    fn rows(&self, trials: &Trials, maps: &[Mat<f64>]) -> Mat<f64> {
        let kept = maps.first().map_or(0, Mat::nrows);
        let mut out = Mat::zeros(trials.len(), kept * self.count);
        for (i, trial) in trials.about.iter().enumerate() {
            let epoch = trials.epoch(i);
            let binned = Mat::from_fn(trials.channels, self.count, |c, b| {
                let begin = c * trials.samples + b * self.length;
                let own = epoch[begin..begin + self.length].iter();
                own.map(|v| f64::from(*v)).sum::<f64>() / self.length as f64
            });
            let mapped = &maps[trial.session] * &binned;
            for k in 0..kept {
                (0..self.count).for_each(|b| out[(i, k * self.count + b)] = mapped[(k, b)]);
            }
        }
        out
    }
}

/// The pictures' embeddings about their mean, and the axes along which they differ.
struct Space {
    /// `[shown, dim]`
    centred: Mat<f64>,
    /// Inner products' eigenvalues above zero, and eigenvectors, `[shown, axes]`.
    values: Vec<f64>,
    axes: Mat<f64>,
}

impl Space {
    fn of(pictures: &Pictures, shown: &[usize]) -> Result<Self, CalibrationError> {
        let own = linalg::rows(pictures.targets.as_ref(), shown);
        let centred = linalg::less(own.as_ref(), &linalg::column_means(own.as_ref()));
        let (values, vectors) = linalg::eigen((&centred * centred.transpose()).as_ref())?;
        let most = values.last().copied().unwrap_or_default();
        let kept: Vec<usize> =
            (0..values.len()).filter(|i| values[*i] > LEAST_EIGENVALUE * most).collect();
        if kept.is_empty() {
            return Err(CalibrationError::Numbers("all pictures have one embedding".into()));
        }
        let axes = Mat::from_fn(shown.len(), kept.len(), |c, k| vectors[(c, kept[k])]);
        Ok(Self { centred, values: kept.iter().map(|k| values[*k]).collect(), axes })
    }

    /// The embedding whose inner products with the pictures are these numbers, up to a constant.
    fn with_products(&self, numbers: &[f64]) -> Vec<f64> {
        let along: Vec<f64> = (0..self.values.len())
            .map(|k| {
                let sum: f64 = numbers.iter().enumerate().map(|(c, v)| v * self.axes[(c, k)]).sum();
                sum / self.values[k]
            })
            .collect();
        let of = |c: usize| -> f64 {
            along.iter().enumerate().map(|(k, v)| v * self.axes[(c, k)]).sum()
        };
        let shares: Vec<f64> = (0..self.centred.nrows()).map(of).collect();
        (0..self.centred.ncols())
            .map(|j| shares.iter().enumerate().map(|(c, share)| share * self.centred[(c, j)]).sum())
            .collect()
    }
}

/// The scores of pictures as a map from binned epochs into the embedding space.
struct Model {
    /// `[kept × bins, dim]`
    map: Mat<f64>,
    /// Mean of the responses, `[kept × bins]`.
    mean: Vec<f64>,
    /// What every score begins with, as an embedding.
    offset: Vec<f64>,
}

impl Model {
    fn fit(
        rows: &Mat<f64>,
        labels: &[usize],
        space: &Space,
        (channels, bins): (usize, usize),
    ) -> Result<Self, CalibrationError> {
        let pictures = space.centred.nrows();
        let residuals = residuals(rows, labels, pictures);
        let even = vec![1.0; rows.nrows()];
        let weights = Noise::of(&residuals, &even, channels)?.weights(&residuals);
        let noise = Noise::of(&residuals, &weights, channels)?;
        let means = means(rows, labels, &weights, pictures);
        let mean = linalg::column_means(means.as_ref());
        let about = linalg::less(means.as_ref(), &mean);
        let white = noise.power(-0.5);
        let seen = (space.axes.transpose() * &about) * &white;
        let each = rows.nrows() as f64 / pictures as f64;
        let prior = Prior::begin(&noise, &seen, space, each, (channels, bins))?;
        let found = prior.maximised(&noise, &white, &seen, space, each)?;
        // Every direction is trusted less, the less certain the responses are in it.
        let trust: Vec<f64> = found.spread.iter().map(|spread| 1.0 / (1.0 + spread)).collect();
        let onto = Mat::from_fn(found.means.nrows(), found.means.ncols(), |k, d| {
            found.means[(k, d)] / space.values[k] * trust[d]
        });
        let map =
            &white * &found.axes * (onto.transpose() * (space.axes.transpose() * &space.centred));
        let responses = &space.axes * &found.means;
        let own: Vec<f64> = (0..pictures)
            .map(|c| {
                -0.5 * (0..trust.len()).map(|d| responses[(c, d)].powi(2) * trust[d]).sum::<f64>()
            })
            .collect();
        Ok(Self { map, mean, offset: space.with_products(&own) })
    }
}

/// Epochs less the mean of their picture, made as large as if that mean were known; zero for a picture shown once.
fn residuals(rows: &Mat<f64>, labels: &[usize], pictures: usize) -> Mat<f64> {
    let means = means(rows, labels, &vec![1.0; labels.len()], pictures);
    let mut counts = vec![0.0_f64; pictures];
    labels.iter().for_each(|label| counts[*label] += 1.0);
    Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| {
        let count = counts[labels[i]];
        let larger = if count > 1.0 { (count / (count - 1.0)).sqrt() } else { 0.0 };
        (rows[(i, j)] - means[(labels[i], j)]) * larger
    })
}

fn means(rows: &Mat<f64>, labels: &[usize], weights: &[f64], pictures: usize) -> Mat<f64> {
    let mut sums = vec![0.0_f64; pictures];
    labels.iter().zip(weights).for_each(|(label, weight)| sums[*label] += weight);
    let share = Mat::from_fn(pictures, rows.nrows(), |c, i| {
        if labels[i] == c { weights[i] / sums[c].max(f64::MIN_POSITIVE) } else { 0.0 }
    });
    &share * rows
}

/// What is believed of responses: A in space, and B in time by its envelope.
struct Prior {
    channels: usize,
    bins: usize,
    start: Mat<f64>,
    space: Mat<f64>,
    envelope: Vec<f64>,
    /// Correlation of a response's times, and its inverse, `[bins, bins]`.
    shape: Mat<f64>,
    inverse: Mat<f64>,
}

/// What is known of responses after all.
struct Posterior {
    /// Directions, `[kept × bins]²`, of the whitened signal.
    axes: Mat<f64>,
    /// Means along the pictures' axes and these directions.
    means: Mat<f64>,
    /// Variance that is left for a picture, by direction.
    spread: Vec<f64>,
}

impl Prior {
    fn begin(
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

    /// Expectation-maximisation.
    fn maximised(
        mut self,
        noise: &Noise,
        white: &Mat<f64>,
        seen: &Mat<f64>,
        pictures: &Space,
        each: f64,
    ) -> Result<Posterior, CalibrationError> {
        let root = noise.power(0.5);
        for _ in 1..ROUNDS {
            let (posterior, left) = self.expected(white, seen, pictures, each)?;
            self.update(&posterior, &left, &root, pictures)?;
        }
        Ok(self.expected(white, seen, pictures, each)?.0)
    }

    /// The posterior of the responses, and the variance that is left, `[picture axes, directions]`.
    fn expected(
        &self,
        white: &Mat<f64>,
        seen: &Mat<f64>,
        pictures: &Space,
        each: f64,
    ) -> Result<(Posterior, Mat<f64>), CalibrationError> {
        let whitened = white * self.covariance() * white;
        let (values, axes) = linalg::eigen(whitened.as_ref())?;
        let found = seen * &axes;
        let strength = |k: usize, d: usize| pictures.values[k] * values[d].max(0.0);
        let kept = |k: usize, d: usize| strength(k, d) / (strength(k, d) + 1.0 / each);
        let means = Mat::from_fn(found.nrows(), found.ncols(), |k, d| found[(k, d)] * kept(k, d));
        let left =
            Mat::from_fn(found.nrows(), found.ncols(), |k, d| strength(k, d) * (1.0 - kept(k, d)));
        let count = pictures.axes.nrows() as f64;
        let spread = (0..left.ncols())
            .map(|d| (0..left.nrows()).map(|k| left[(k, d)]).sum::<f64>() / count)
            .collect();
        Ok((Posterior { axes, means, spread }, left))
    }

    fn update(
        &mut self,
        posterior: &Posterior,
        left: &Mat<f64>,
        root: &Mat<f64>,
        pictures: &Space,
    ) -> Result<(), CalibrationError> {
        let (axes, size) = (pictures.values.len(), self.channels * self.bins);
        let scaled = Mat::from_fn(axes, size, |k, d| {
            posterior.means[(k, d)] / (pictures.values[k] * axes as f64).sqrt()
        });
        let mut moment = scaled.transpose() * &scaled;
        for d in 0..size {
            let own: f64 = (0..axes).map(|k| left[(k, d)] / pictures.values[k]).sum();
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

/// The pack's own answer as a witness: its answers lie about `gain` times the truth with some variance, so that the
/// logarithm of a picture's likelihood is its inner product times gain over variance.
struct Witness {
    weight: f64,
    mean: Vec<f64>,
}

impl Witness {
    fn of(trials: &Trials, labels: &[usize], space: &Space) -> Self {
        let mean = linalg::column_means(trials.zero_shot.as_ref());
        let answers = linalg::less(trials.zero_shot.as_ref(), &mean);
        // Along the axes on which the pictures differ, each of length one.
        let along = Mat::from_fn(space.centred.ncols(), space.values.len(), |j, k| {
            let of = |c: usize| space.centred[(c, j)] * space.axes[(c, k)];
            (0..space.centred.nrows()).map(of).sum::<f64>() / space.values[k].sqrt()
        });
        let (found, truth) = (&answers * &along, &space.centred * &along);
        let (mut both, mut own) = (0.0, 0.0);
        for (i, label) in labels.iter().enumerate() {
            for k in 0..found.ncols() {
                both += found[(i, k)] * truth[(*label, k)];
                own += truth[(*label, k)] * truth[(*label, k)];
            }
        }
        let gain = if own > 0.0 { (both / own).max(0.0) } else { 0.0 };
        let mut squares = 0.0;
        for (i, label) in labels.iter().enumerate() {
            for k in 0..found.ncols() {
                squares += (found[(i, k)] - gain * truth[(*label, k)]).powi(2);
            }
        }
        let variance = squares / (found.nrows() * found.ncols()).max(1) as f64;
        let weight = if variance > 0.0 { gain / variance } else { 0.0 };
        Self { weight, mean }
    }
}

/// Everything as one map on samples and answers, scaled so that embeddings are as long as the pack's own.
fn composed_map(
    trials: &Trials,
    bins: &Bins,
    basis: &Mat<f64>,
    rows: &Mat<f64>,
    model: Model,
    witness: &Witness,
) -> Templates {
    let (dim, kept) = (model.map.ncols(), basis.ncols());
    let answers = linalg::less(trials.zero_shot.as_ref(), &witness.mean);
    let centred = linalg::less(rows.as_ref(), &model.mean);
    let said = &centred * &model.map + &answers * faer::Scale(witness.weight);
    let length = |values: &Mat<f64>| linalg::rms(values.as_ref()) * (values.ncols() as f64).sqrt();
    let wanted = if witness.weight > 0.0 { length(&answers) } else { 1.0 };
    let scale = wanted / length(&said);
    let mut signal = Mat::zeros(trials.channels * trials.samples, dim);
    for j in 0..dim {
        let each = Mat::from_fn(kept, bins.count, |k, b| model.map[(k * bins.count + b, j)]);
        let back = basis * &each;
        for c in 0..trials.channels {
            for s in 0..bins.count * bins.length {
                signal[(c * trials.samples + s, j)] =
                    scale * back[(c, s / bins.length)] / bins.length as f64;
            }
        }
    }
    let bias = (0..dim).map(|j| {
        let mean: f64 = model.mean.iter().enumerate().map(|(i, m)| m * model.map[(i, j)]).sum();
        scale * (model.offset[j] - mean - witness.weight * witness.mean[j])
    });
    let bias = bias.collect();
    Templates { signal, pack: scale * witness.weight, bias, pack_weight: witness.weight }
}
