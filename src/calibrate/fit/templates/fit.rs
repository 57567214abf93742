//! The fit from trials to one linear map: what is shown, bins, population, model and witness put together.

use faer::Mat;

use super::answering::Answering;
use super::bins::Bins;
use super::model::{Enough, Material, Model};
use super::space::{LEAST_EIGENVALUE, Space};
use super::witness::Witness;
use crate::calibrate::fit::options::FitOptions;
use crate::calibrate::linalg;
use crate::calibrate::trials::split::Split;
use crate::calibrate::trials::whiten::whitening;
use crate::calibrate::trials::{CalibrationError, Pictures, Trials};

/// Trials of each picture, on average, from which on responses are found without a population.
const LEAST_TRIALS_EACH: usize = 3;

/// Fewest pictures that a covariance of responses can be found from.
const LEAST_PICTURES: usize = 5;

/// Most numbers of an epoch after binning: beyond them a fit would take minutes, and a regression is fitted.
const MOST_FEATURES: usize = 1000;

/// Fewest bins of time in which a response can be told from others.
const LEAST_BINS: usize = 5;

/// The decoder as a linear map: see [`crate::calibrate::fit::personal::Personal`].
pub struct Templates {
    /// On the epoch, `[channels × samples, dim]`, per µV.
    pub signal: Mat<f64>,
    /// On the pack's answer: this times the identity.
    pub pack: f64,
    /// `[dim]`
    pub bias: Vec<f64>,
    /// Weight of the pack's answer beside the signal's, before scaling.
    pub pack_weight: f64,
    /// Strength of this person's responses beside the mean person's, where the pack's population was believed.
    pub strength: Option<f64>,
    /// How the map answers, where it was.
    pub answering: Option<Answering>,
}

/// Fits; `None` where these trials are too few, or too wide, for this way, or are asked about pictures that it cannot
/// know.
///
/// # Errors
/// [`CalibrationError::Numbers`] where the signal does not vary, [`CalibrationError::Shape`] for a population of other
/// epochs.
pub fn fit(
    trials: &Trials,
    pictures: &Pictures,
    options: &FitOptions<'_>,
) -> Result<Option<Templates>, CalibrationError> {
    let bins = Bins::new(trials, options.rate_hz);
    let shown = shown(trials);
    let narrow = bins.count >= LEAST_BINS && bins.count * trials.channels <= MOST_FEATURES;
    let many = shown.len() >= LEAST_PICTURES && trials.len() >= LEAST_TRIALS_EACH * shown.len();
    let enough = if many && options.inner == Split::Runs { Enough::Yes } else { Enough::No };
    if !narrow || (enough == Enough::No && options.population.is_none()) {
        return Ok(None);
    }
    let basis = basis(trials)?;
    let population = match options.population {
        Some(population) => {
            population.check(trials.channels * trials.samples, pictures.targets.ncols())?;
            Some((population, bins.patterns(trials, population, &basis)))
        }
        None => None,
    };
    let cells = cells(trials);
    let labels: Vec<usize> = trials
        .about
        .iter()
        .map(|trial| cells.binary_search(&(trial.session, trial.picture)).unwrap_or_default())
        .collect();
    let of_cells: Vec<usize> = cells.iter().map(|(_, picture)| *picture).collect();
    let sessions: Vec<usize> = cells.iter().map(|(session, _)| *session).collect();
    let material = Material {
        rows: &bins.rows(trials, &aligned(trials, &basis)?),
        labels: &labels,
        shown: &linalg::rows(pictures.targets.as_ref(), &of_cells),
        sessions: &sessions,
        population,
        enough,
        shape: (basis.ncols(), bins.count),
    };
    let Some(model) = Model::fit(&material)? else { return Ok(None) };
    // The population holds all that the pack's encoder knows of responses.
    let witness = if options.with_pack && model.strength.is_none() {
        Witness::of(trials, &labels, &Space::of(material.shown)?)
    } else {
        Witness { weight: 0.0, mean: vec![0.0; pictures.targets.ncols()] }
    };
    Ok(Some(composed_map(trials, &bins, &basis, material.rows, model, &witness)))
}

/// The pictures that were shown, in rising order.
fn shown(trials: &Trials) -> Vec<usize> {
    let mut shown: Vec<usize> = trials.about.iter().map(|trial| trial.picture).collect();
    shown.sort_unstable();
    shown.dedup();
    shown
}

/// Pictures in sessions, in rising order.
fn cells(trials: &Trials) -> Vec<(usize, usize)> {
    let mut cells: Vec<(usize, usize)> =
        trials.about.iter().map(|trial| (trial.session, trial.picture)).collect();
    cells.sort_unstable();
    cells.dedup();
    cells
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
    let about_mean =
        |values: &Mat<f64>| linalg::less(values.as_ref(), &linalg::column_means(values.as_ref()));
    let length = |values: &Mat<f64>| linalg::rms(values.as_ref()) * (values.ncols() as f64).sqrt();
    let said = about_mean(&(rows * &model.map))
        + about_mean(&trials.zero_shot) * faer::Scale(witness.weight);
    let answers = length(&about_mean(&trials.zero_shot));
    let scale = if answers > f64::EPSILON { answers } else { 1.0 } / length(&said);
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
    let bias =
        (0..dim).map(|j| scale * (model.bias[j] - witness.weight * witness.mean[j])).collect();
    let (pack, pack_weight) = (scale * witness.weight, witness.weight);
    let answering = model.answering.map(|own| own.scaled(scale));
    Templates { signal, pack, bias, pack_weight, strength: model.strength, answering }
}
