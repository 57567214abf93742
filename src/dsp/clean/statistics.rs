//! What clean signal of this wearer looks like to all electrodes together.
//!
//! Takes clean frames after the filters; gives covariance and, along each of its axes, the size beyond which a component
//! is taken for an artefact: mean + cutoff · deviation of the amplitudes of clean EEG there. The covariance is a geometric
//! median over blocks, so that what artefacts were left do not lead it. Equal to `asr_calibrate` of asrpy on the same signal
//! (tests). Nothing but calibration data enters.

use faer::{Mat, MatRef, Side};
use sha2::{Digest, Sha256};

use super::shaping::{Shaping, ShapingFilter};
use super::spread;

/// Frames of a block whose covariance counts as one.
const BLOCK: usize = 100;
/// Amplitudes are taken from windows that overlap by this share.
const OVERLAP: f64 = 0.66;
/// The median has settled when it moves by less than this, µV², or after so many steps.
const SETTLED: f64 = 1e-5;
const MOST_STEPS: usize = 500;
/// No threshold is lower, µV: below every amplifier's own noise there is nothing to clean.
const LEAST_THRESHOLD_UV: f64 = 0.1;
/// Added to the covariance, relative to its mean variance, so that electrodes that say the same can be told apart from
/// none: an average reference alone makes the covariance singular.
const RIDGE: f64 = 1e-10;

/// Statistics of clean signal, for signals of the same electrodes at the same rate. Sizes are those after shaping.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Electrodes.
    pub channels: usize,
    /// Inverse of the covariance, `[channels, channels]`, 1/µV².
    pub precision: Vec<f64>,
    /// Σ threshold² · axis · axisᵀ, `[channels, channels]`, µV²: along a direction v, vᵀ·bound·v is the power that is
    /// still taken for EEG.
    pub bound: Vec<f64>,
    /// Covariance of clean signal, `[channels, channels]`, µV².
    pub covariance: Vec<f64>,
}

/// Why there are no statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatisticsError {
    /// The signal is too short.
    #[error("the clean signal is too short to learn from")]
    Short,
    /// The signal has no spread along some axis, or it is not finite.
    #[error(
        "the clean signal has no spread to learn from: an electrode is dead, or two are bridged"
    )]
    Still,
}

impl Statistics {
    /// Of clean frames `[frames × channels]`, row-major, µV. `window` is in frames.
    ///
    /// # Errors
    /// [`StatisticsError`].
    pub fn of(
        clean_uv: &[f32],
        channels: usize,
        window: usize,
        cutoff: f64,
        shaping: &Shaping,
    ) -> Result<Self, StatisticsError> {
        let shaped = shaped(clean_uv, channels, shaping);
        if shaped.ncols() <= window {
            return Err(StatisticsError::Short);
        }
        let covariance = median_covariance(shaped.as_ref());
        let failed = |_| StatisticsError::Still;
        let found = covariance.self_adjoint_eigen(Side::Lower).map_err(failed)?;
        let (axes, values) = (found.U(), found.S().column_vector());
        let along = axes.transpose() * &shaped;
        let mut thresholds = Vec::with_capacity(channels);
        for axis in 0..channels {
            // An axis without spread is one that a reference has taken away.
            let limit = match spread::fit(&amplitudes(along.as_ref(), axis, window)) {
                Some(spread) => spread.mean + cutoff * spread.deviation,
                None if values[axis] < LEAST_THRESHOLD_UV.powi(2) => 0.0,
                None => return Err(StatisticsError::Still),
            };
            thresholds.push(limit.max(LEAST_THRESHOLD_UV));
        }
        let ridge = RIDGE * values.iter().sum::<f64>() / channels as f64;
        let of = |f: &dyn Fn(usize) -> f64| {
            let scaled = Mat::from_fn(channels, channels, |i, j| axes[(i, j)] * f(j));
            row_major((&scaled * axes.transpose()).as_ref())
        };
        Ok(Self {
            channels,
            precision: of(&|j| 1.0 / (values[j].max(0.0) + ridge)),
            bound: of(&|j| thresholds[j].powi(2)),
            covariance: row_major(covariance.as_ref()),
        })
    }

    /// SHA-256 of covariance and thresholds, hexadecimal: which calibration a run was cleaned with.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for value in self.covariance.iter().chain(&self.bound) {
            hash.update(value.to_le_bytes());
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn row_major(matrix: MatRef<'_, f64>) -> Vec<f64> {
    (0..matrix.nrows()).flat_map(|i| (0..matrix.ncols()).map(move |j| matrix[(i, j)])).collect()
}

/// The frames after shaping, `[channels, frames]`.
fn shaped(frames_uv: &[f32], channels: usize, shaping: &Shaping) -> Mat<f64> {
    let mut filter = ShapingFilter::prepare(shaping.clone(), channels);
    let mut frame = vec![0.0; channels];
    let mut out = Mat::zeros(channels, frames_uv.len() / channels.max(1));
    for (at, values) in frames_uv.chunks_exact(channels).enumerate() {
        for (wide, value) in frame.iter_mut().zip(values) {
            *wide = f64::from(*value);
        }
        filter.process_frame(&mut frame);
        for (channel, value) in frame.iter().enumerate() {
            out[(channel, at)] = *value;
        }
    }
    out
}

/// Amplitudes along an axis in windows that overlap.
fn amplitudes(along: MatRef<'_, f64>, axis: usize, window: usize) -> Vec<f64> {
    let step = (window as f64 * (1.0 - OVERLAP)).round_ties_even().max(1.0) as usize;
    let power = |i: usize| along[(axis, i)] * along[(axis, i)];
    let amplitude =
        |start| ((start..start + window).map(power).sum::<f64>() / window as f64).sqrt();
    (0..along.ncols() - window).step_by(step).map(amplitude).collect()
}

/// The geometric median of the covariances of blocks (Vardi and Zhang 2000), begun at their mean.
fn median_covariance(shaped: MatRef<'_, f64>) -> Mat<f64> {
    let blocks = block_covariances(shaped);
    let size = shaped.nrows();
    let mut median = Mat::<f64>::zeros(size, size);
    blocks.iter().for_each(|block| median += block);
    median *= faer::Scale(1.0 / blocks.len() as f64);
    for _ in 0..MOST_STEPS {
        let next = nearer(&blocks, &median);
        let moved = (&next - &median).norm_l2();
        median = next;
        if moved < SETTLED {
            break;
        }
    }
    median
}

/// One step towards the median.
fn nearer(blocks: &[Mat<f64>], from: &Mat<f64>) -> Mat<f64> {
    let mut target = Mat::<f64>::zeros(from.nrows(), from.ncols());
    let (mut weights, mut here) = (0.0, 0);
    for block in blocks {
        let distance = (block - from).norm_l2();
        if distance == 0.0 {
            here += 1;
            continue;
        }
        weights += 1.0 / distance;
        target += faer::Scale(1.0 / distance) * block;
    }
    if weights == 0.0 {
        return from.clone();
    }
    target *= faer::Scale(1.0 / weights);
    if here == 0 {
        return target;
    }
    let pull = (&target - from).norm_l2() * weights;
    let stay = if pull == 0.0 { 0.0 } else { f64::from(here) / pull };
    faer::Scale((1.0 - stay).max(0.0)) * &target + faer::Scale(stay.min(1.0)) * from
}

/// The last block is filled up with the last frame, as asrpy does.
fn block_covariances(shaped: MatRef<'_, f64>) -> Vec<Mat<f64>> {
    let frames = shaped.ncols();
    let block = |start: usize| {
        let part =
            Mat::from_fn(shaped.nrows(), BLOCK, |c, k| shaped[(c, (start + k).min(frames - 1))]);
        (&part * part.transpose()) * faer::Scale(1.0 / BLOCK as f64)
    };
    (0..frames - 1).step_by(BLOCK).map(block).collect()
}
