//! Artefact subspace reconstruction, causal, frame by frame (Kothe and Jung 2016; asrpy's Euclidean variant).
//!
//! Takes frames after the filters; gives them with the components taken out whose power over the last half second is
//! beyond what clean signal of this wearer has, and put back as what the other components make expected. Every 20 to
//! 31 ms the covariance of shaped signal is looked at; the reconstruction is blended into the next over as long.
//!
//! With R at an update, V the axes that are taken out and P the inverse of the clean covariance,
//! R = I − V (Vᵀ P V)⁻¹ Vᵀ P. That is asrpy's `M · pinv(keep · Vᵀ M) · Vᵀ` for M² = P⁻¹, and costs little where few axes
//! are taken out. Where bound − covariance is positive definite, no axis is: most updates need no eigenvalues.
//!
//! asrpy blends over frames that came before the update. Here they have gone out, unless a delay was asked for: a delay of
//! `step − 1 + lookahead` frames gives asrpy's numbers with that lookahead; no delay gives asrpy's with a lookahead of
//! `1 − step` (tests hold both). Above 500 Hz the statistics look at every n-th frame, at 250–500 Hz: the band that the
//! filters leave is below 125 Hz. Nothing allocates after `prepare`.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, Par};

use super::shaping::{Shaping, ShapingFilter};
use super::spd::{self, dot};
use super::statistics::Statistics;
use crate::dsp::error::DspError;
use crate::units::SampleRate;

/// Length of the covariance's window, seconds.
const WINDOW_SECS: f64 = 0.5;
/// The window is so many steps, where that comes out even; else the next. More follow an artefact sooner: the first tenth of a
/// blink passes as it is, and each step costs a factorisation.
const STEPS: [usize; 2] = [25, 16];
/// Statistics are taken at this rate at least where the source is faster, Hz.
const STATISTICS_HZ: f64 = 250.0;
/// Most electrodes: the eigenvalues of 128 take some milliseconds, and an artefact needs them fifty times a second.
pub const MOST_CHANNELS: usize = 128;
/// Most axes that are taken out, as a share (asrpy's `maxdims`).
const MOST_TAKEN: f64 = 0.66;

/// Lengths, in frames, that follow from a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// Every n-th frame is looked at.
    pub every: usize,
    /// Looked-at frames between updates.
    pub step: usize,
    /// Looked-at frames in the window: a multiple of the step.
    pub window: usize,
}

impl Lengths {
    /// For a source's rate.
    pub fn at(rate: SampleRate) -> Self {
        let every = ((rate.hz() / STATISTICS_HZ) as usize).max(1);
        let window = (rate.hz() / every as f64 * WINDOW_SECS).round_ties_even().max(1.0) as usize;
        let steps =
            STEPS.into_iter().find(|steps| window.is_multiple_of(*steps)).unwrap_or(STEPS[1]);
        let step = (window / steps).max(1);
        Self { every, step, window: step * steps }
    }
}

/// What is taken out: `out = in − axes · (takers · in)`.
#[derive(Clone, Debug)]
struct Reconstruction {
    /// `[taken][channels]`.
    axes: Vec<f64>,
    /// `[taken][channels]`.
    takers: Vec<f64>,
    taken: usize,
}

/// The running reconstruction.
pub struct Asr {
    channels: usize,
    lengths: Lengths,
    statistics: Option<Box<Statistics>>,
    filter: ShapingFilter,
    shaped: Vec<f64>,
    /// Sums of products over each step of the window, `[steps][channels, channels]`, lower
    /// triangles.
    sums: Vec<f64>,
    filling: usize,
    /// Frames since the last update.
    since: usize,
    before: Reconstruction,
    after: Reconstruction,
    /// Frames that wait, `[delay][channels]`, as a ring.
    waiting: Vec<f64>,
    waiting_at: usize,
    frame: Vec<f64>,
    removed: Vec<f64>,
    eigen: Eigen,
}

/// Memory for eigenvalues.
struct Eigen {
    /// `[channels, channels]`, row-major, lower triangle.
    covariance: Vec<f64>,
    matrix: Mat<f64>,
    axes: Mat<f64>,
    values: Diag<f64>,
    scratch: MemBuffer,
    difference: Vec<f64>,
    system: Vec<f64>,
}

impl Asr {
    /// For frames of `channels` electrodes; passes everything through until it has statistics.
    ///
    /// # Errors
    /// [`DspError::OutOfRange`] for a rate below 100 Hz or more electrodes than [`MOST_CHANNELS`].
    pub fn prepare(
        rate: SampleRate,
        channels: usize,
        delay_frames: usize,
    ) -> Result<Self, DspError> {
        if !(2..=MOST_CHANNELS).contains(&channels) {
            let (what, expected) = ("the number of electrodes for subspace cleaning", "2 to 128");
            return Err(DspError::OutOfRange { what, expected, got: channels as f64 });
        }
        let lengths = Lengths::at(rate);
        let shaping = Shaping::design(rate.hz() / lengths.every as f64)?;
        let steps = lengths.window / lengths.step;
        let square = channels * channels;
        let nothing =
            Reconstruction { axes: vec![0.0; square], takers: vec![0.0; square], taken: 0 };
        Ok(Self {
            channels,
            lengths,
            statistics: None,
            filter: ShapingFilter::prepare(shaping, channels),
            shaped: vec![0.0; channels],
            sums: vec![0.0; square * steps],
            filling: 0,
            since: 0,
            before: nothing.clone(),
            after: nothing,
            waiting: vec![0.0; delay_frames * channels],
            waiting_at: 0,
            frame: vec![0.0; channels],
            removed: vec![0.0; channels],
            eigen: Eigen::prepare(channels),
        })
    }

    /// Cleans with these from the next update on. They must be of as many electrodes.
    pub fn set_statistics(&mut self, statistics: Box<Statistics>) {
        if statistics.channels == self.channels {
            self.statistics = Some(statistics);
        }
    }

    /// Passes everything through again.
    pub fn forget(&mut self) {
        self.statistics = None;
    }

    /// What it cleans with.
    pub fn statistics(&self) -> Option<&Statistics> {
        self.statistics.as_deref()
    }

    /// Forgets the signal, not the statistics. Does not allocate.
    pub fn reset(&mut self) {
        self.filter.reset();
        self.sums.fill(0.0);
        self.waiting.fill(0.0);
        (self.filling, self.since, self.waiting_at) = (0, 0, 0);
        (self.before.taken, self.after.taken) = (0, 0);
    }

    /// How many components are being replaced.
    pub fn taken(&self) -> usize {
        self.before.taken.max(self.after.taken)
    }

    /// Replaces a frame `[channels]`, µV, by the cleaned one of `delay` frames ago; gives the power before and the power of
    /// what was taken out, summed over channels, µV².
    pub fn process_frame(&mut self, frame_uv: &mut [f32]) -> (f64, f64) {
        for (wide, value) in self.frame.iter_mut().zip(&*frame_uv) {
            *wide = f64::from(*value);
        }
        self.look();
        let is_due = self.since == self.lengths.step * self.lengths.every;
        if is_due {
            self.update();
        }
        self.delay();
        let power = self.frame.iter().map(|v| v * v).sum::<f64>();
        let taken = self.reconstruct();
        for ((out, value), removed) in frame_uv.iter_mut().zip(&self.frame).zip(&self.removed) {
            // What nothing is taken from goes through to the last bit.
            *out = if taken { value - removed } else { *value } as f32;
        }
        (power, if taken { self.removed.iter().map(|v| v * v).sum() } else { 0.0 })
    }

    /// Adds the frame to the covariance, where it is one of those that are looked at.
    fn look(&mut self) {
        self.since += 1;
        if !self.since.is_multiple_of(self.lengths.every) {
            return;
        }
        self.shaped.copy_from_slice(&self.frame);
        self.filter.process_frame(&mut self.shaped);
        let n = self.channels;
        let sums = &mut self.sums[self.filling * n * n..][..n * n];
        for (i, row) in sums.chunks_exact_mut(n).enumerate() {
            let value = self.shaped[i];
            for (sum, other) in row[..=i].iter_mut().zip(&self.shaped) {
                *sum += value * other;
            }
        }
    }

    fn update(&mut self) {
        let n = self.channels;
        let steps = self.sums.len() / (n * n);
        std::mem::swap(&mut self.before, &mut self.after);
        self.after.taken = 0;
        self.since = 0;
        if let Some(statistics) = &self.statistics {
            let covariance = &mut self.eigen.covariance;
            covariance.fill(0.0);
            for step in self.sums.chunks_exact(n * n) {
                covariance.iter_mut().zip(step).for_each(|(sum, part)| *sum += part);
            }
            covariance.iter_mut().for_each(|sum| *sum /= self.lengths.window as f64);
            if !self.eigen.is_clean(statistics) {
                self.eigen.take_out(statistics, &mut self.after);
            }
        }
        self.filling = (self.filling + 1) % steps;
        self.sums[self.filling * n * n..][..n * n].fill(0.0);
    }

    /// Puts the frame among those that wait and takes out the oldest.
    fn delay(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        self.waiting[self.waiting_at..][..self.channels].swap_with_slice(&mut self.frame);
        self.waiting_at = (self.waiting_at + self.channels) % self.waiting.len();
    }

    /// What is taken out of the frame now; false where that is nothing.
    fn reconstruct(&mut self) -> bool {
        if self.before.taken + self.after.taken == 0 {
            return false;
        }
        let length = (self.lengths.step * self.lengths.every) as f64;
        let blend = (1.0 - (std::f64::consts::PI * (self.since + 1) as f64 / length).cos()) / 2.0;
        self.removed.fill(0.0);
        for (what, share) in [(&self.before, 1.0 - blend), (&self.after, blend)] {
            let axes = what.axes.chunks_exact(self.channels).take(what.taken);
            for (axis, taker) in axes.zip(what.takers.chunks_exact(self.channels)) {
                let amount: f64 = taker.iter().zip(&self.frame).map(|(t, v)| t * v).sum();
                for (removed, part) in self.removed.iter_mut().zip(axis) {
                    *removed += share * amount * part;
                }
            }
        }
        true
    }
}

impl Eigen {
    fn prepare(n: usize) -> Self {
        let scratch = self_adjoint_evd_scratch::<f64>(
            n,
            ComputeEigenvectors::Yes,
            Par::Seq,
            Default::default(),
        );
        Self {
            covariance: vec![0.0; n * n],
            matrix: Mat::zeros(n, n),
            axes: Mat::zeros(n, n),
            values: Diag::zeros(n),
            scratch: MemBuffer::new(scratch),
            difference: vec![0.0; n * n],
            system: vec![0.0; n * n],
        }
    }

    /// Whether no direction at all has more power than clean signal may have.
    fn is_clean(&mut self, statistics: &Statistics) -> bool {
        let n = statistics.channels;
        let pairs = statistics.bound.iter().zip(&self.covariance);
        for (difference, (bound, found)) in self.difference.iter_mut().zip(pairs) {
            *difference = bound - found;
        }
        spd::factor(&mut self.difference, n)
    }

    /// Fills `out` with the axes of the covariance that have more power than they may.
    fn take_out(&mut self, statistics: &Statistics, out: &mut Reconstruction) {
        let n = statistics.channels;
        for (i, row) in self.covariance.chunks_exact(n).enumerate() {
            row[..=i].iter().enumerate().for_each(|(j, value)| self.matrix[(i, j)] = *value);
        }
        let stack = MemStack::new(&mut self.scratch);
        let (values, axes) = (self.values.as_mut(), Some(self.axes.as_mut()));
        if self_adjoint_evd(self.matrix.as_ref(), values, axes, Par::Seq, stack, Default::default())
            .is_err()
        {
            return;
        }
        let most = (n as f64 * MOST_TAKEN).round_ties_even() as usize;
        for k in (n - most).saturating_sub(1)..n {
            let at = out.taken * n;
            let axis = &mut out.axes[at..at + n];
            axis.iter_mut().enumerate().for_each(|(i, v)| *v = self.axes[(i, k)]);
            let allowed = power_along(&statistics.bound, axis);
            let found = self.values.column_vector()[k];
            // Not `<`: a covariance that is not finite takes nothing out.
            if found >= allowed {
                out.taken += 1;
            }
        }
        self.set_takers(statistics, out);
    }

    /// (Vᵀ P V)⁻¹ Vᵀ P.
    fn set_takers(&mut self, statistics: &Statistics, out: &mut Reconstruction) {
        let (n, taken) = (statistics.channels, out.taken);
        for k in 0..taken {
            for i in 0..n {
                out.takers[k * n + i] =
                    dot(&statistics.precision[i * n..][..n], &out.axes[k * n..][..n]);
            }
        }
        for a in 0..taken {
            for b in 0..=a {
                self.system[a * taken + b] =
                    dot(&out.takers[a * n..][..n], &out.axes[b * n..][..n]);
            }
        }
        if spd::factor(&mut self.system[..taken * taken], taken) {
            spd::solve(&self.system, taken, &mut out.takers[..taken * n], n);
        } else {
            out.taken = 0;
        }
    }
}

/// vᵀ · matrix · v.
fn power_along(matrix: &[f64], v: &[f64]) -> f64 {
    matrix.chunks_exact(v.len()).zip(v).map(|(row, x)| x * dot(row, v)).sum()
}
