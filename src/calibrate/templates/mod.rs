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
//! | file | holds |
//! |---|---|
//! | this file | channels and bins in, one linear map out |
//! | `space` | the pictures' embeddings and the axes on which they differ |
//! | `model` | responses and noise → a score of every picture |
//! | `prior` | what is believed of responses, found by expectation-maximisation |
//! | `witness` | how much the pack's own answer weighs |
//!
//! Sources: empirical Bayes (Efron & Morris 1973, J. Am. Stat. Assoc. 68:117); non-stationary squared-exponential
//! covariance (Paciorek & Schervish 2004, NIPS 16); linear discriminant analysis of event-related potentials (Blankertz
//! et al. 2011, NeuroImage 56:814).

mod model;
mod prior;
mod space;
mod witness;

use faer::Mat;

use super::linalg;
use super::personal::FitOptions;
use super::trials::{CalibrationError, Pictures, Trials};
use super::whiten::whitening;
use model::Model;
use space::Space;
use witness::Witness;

/// Trials of each picture, on average, from which on this is used.
pub const LEAST_TRIALS_EACH: usize = 3;

/// Fewest pictures that a covariance of responses can be found from.
pub const LEAST_PICTURES: usize = 5;

/// Most numbers of an epoch after binning: beyond them a fit would take minutes.
pub const MOST_FEATURES: usize = 1000;

/// Length of a bin in seconds.
const BIN_SECS: f64 = 0.02;

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
