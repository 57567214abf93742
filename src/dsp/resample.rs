//! Sampling rate conversion by a rational factor.
//!
//! Takes frames `[channels]`, `f32`, µV at one rate, gives frames at another. Polyphase FIR, Kaiser-windowed
//! sinc of 80 dB, symmetric: every component is late by the same [`Resampler::delay_secs`], and the times
//! given out are already corrected for it. Equal to `scipy.signal.upfirdn` with `firwin` taps (tests:
//! within 1e-6). Equal rates pass through untouched. The ratio of the rates is rounded to a fraction whose
//! denominator is at most 1000; since output times follow the input clock, what is rounded off never adds up.

use std::f64::consts::PI;

use super::error::DspError;
use crate::units::SampleRate;

/// Largest denominator of the ratio of input to output rate, and so the largest number of phases.
pub const MAX_PHASES: usize = 1000;

/// Attenuation of what would fold back, in dB: 10 mV of interference leaves less than 1 µV.
const STOP_BAND_DB: f64 = 80.0;

/// Part of the lower of the two rates that the filter may keep at most. What is left up to the Nyquist
/// frequency is the transition band: half of it would double the taps.
const MAX_KEEP_SHARE: f64 = 0.45;

/// Most taps over all phases (32 MiB): bounds what rates without a common divisor can ask for.
const MAX_TAPS: usize = 4 << 20;

/// Most input values remembered (64 MiB).
const MAX_MEMORY: usize = 16 << 20;

/// Converts every channel from one rate to another.
pub struct Resampler {
    /// Taps `[phases][taps_per_phase]`; empty when the rates are equal.
    taps: Vec<f64>,
    taps_per_phase: usize,
    phases: usize,
    /// How many phases one output is after the one before it.
    step: usize,
    /// Phase of the next output, counted from the newest input.
    phase: usize,
    /// The last inputs, `[taps_per_phase][channels]`, as a ring.
    memory: Vec<f32>,
    newest: usize,
    channels: usize,
    sums: Vec<f64>,
    phase_secs: f64,
    delay_secs: f64,
}

impl Resampler {
    /// Designs the filter. Content up to `keep_hz` is kept, and nothing above can fold back onto it; the
    /// lower `keep_hz`, the shorter the delay.
    ///
    /// # Errors
    /// [`DspError::OutOfRange`] where the rates are too far apart or `keep_hz` is not positive,
    /// [`DspError::TooLarge`] where the filter would be too long.
    pub fn prepare(
        from: SampleRate,
        to: SampleRate,
        keep_hz: f64,
        channels: usize,
    ) -> Result<Self, DspError> {
        let (step, phases) = ratio(from.hz() / to.hz())?;
        if channels == 0 {
            let (what, expected) = ("the resampler's channel count", "at least 1");
            return Err(DspError::OutOfRange { what, expected, got: 0.0 });
        }
        if keep_hz.is_nan() || keep_hz <= 0.0 {
            let expected = "a frequency above 0 Hz";
            return Err(DspError::OutOfRange { what: "resampling band", expected, got: keep_hz });
        }
        let dense_hz = from.hz() * phases as f64;
        let half = if step == phases { 0 } else { half_length(from, to, keep_hz, dense_hz)? };
        let taps_per_phase = (2 * half + 1).div_ceil(phases);
        let (memory_len, limit) = (taps_per_phase.saturating_mul(channels), MAX_MEMORY);
        if memory_len > limit {
            return Err(DspError::TooLarge { what: "the resampler", got: memory_len, limit });
        }
        let cutoff = from.hz().min(to.hz()) / dense_hz;
        let taps = if half == 0 { Vec::new() } else { polyphase(half, cutoff, phases) };
        Ok(Self {
            taps,
            taps_per_phase,
            phases,
            step,
            phase: phases, // so that the first input falls on phase 0
            memory: vec![0.0; memory_len],
            newest: 0,
            channels,
            sums: vec![0.0; channels],
            phase_secs: 1.0 / dense_hz,
            delay_secs: half as f64 / dense_hz,
        })
    }

    /// Forgets the signal. Does not allocate.
    pub fn reset(&mut self) {
        self.memory.fill(0.0);
        self.newest = 0;
        self.phase = self.phases;
    }

    /// Constant delay of the filter, in seconds.
    pub fn delay_secs(&self) -> f64 {
        self.delay_secs
    }

    /// Output samples per input sample, as (numerator, denominator).
    pub fn factor(&self) -> (usize, usize) {
        (self.phases, self.step)
    }

    /// Takes the next frame `[channels]`; call [`Resampler::pop`] until it gives nothing before the next.
    pub fn push(&mut self, frame: &[f32]) {
        self.newest = if self.newest == 0 { self.taps_per_phase - 1 } else { self.newest - 1 };
        let start = self.newest * self.channels;
        for (kept, value) in self.memory[start..start + self.channels].iter_mut().zip(frame) {
            *kept = *value;
        }
        self.phase = self.phase.saturating_sub(self.phases);
    }

    /// The next output frame, if one falls before the next input: fills `out` `[channels]` and tells its
    /// time relative to the newest input, in seconds.
    pub fn pop(&mut self, out: &mut [f32]) -> Option<f64> {
        if self.phase >= self.phases {
            return None;
        }
        let offset_secs = self.phase as f64 * self.phase_secs - self.delay_secs;
        if self.taps.is_empty() {
            let start = self.newest * self.channels;
            for (value, kept) in out.iter_mut().zip(&self.memory[start..start + self.channels]) {
                *value = *kept;
            }
        } else {
            self.convolve(out);
        }
        self.phase += self.step;
        Some(offset_secs)
    }

    fn convolve(&mut self, out: &mut [f32]) {
        let taps = &self.taps[self.phase * self.taps_per_phase..][..self.taps_per_phase];
        self.sums.fill(0.0);
        // The ring starts at the newest frame and wraps once.
        let (wrapped, recent) = self.memory.split_at(self.newest * self.channels);
        let frames = recent.chunks_exact(self.channels).chain(wrapped.chunks_exact(self.channels));
        for (tap, frame) in taps.iter().zip(frames) {
            for (sum, value) in self.sums.iter_mut().zip(frame) {
                *sum += tap * f64::from(*value);
            }
        }
        for (narrow, wide) in out.iter_mut().zip(&self.sums) {
            *narrow = *wide as f32;
        }
    }
}

/// The fraction nearest to `value` with the smallest denominator up to [`MAX_PHASES`].
fn ratio(value: f64) -> Result<(usize, usize), DspError> {
    let mut best = (0, 1);
    let mut best_error = f64::INFINITY;
    for denominator in 1..=MAX_PHASES {
        let numerator = (value * denominator as f64).round();
        let error = (numerator / denominator as f64 - value).abs() / value;
        // Only a real gain is worth more phases; 1e-12 is the rounding of the rates themselves.
        if numerator >= 1.0 && error < best_error - 1e-12 {
            (best, best_error) = ((numerator as usize, denominator), error);
        }
    }
    if best_error <= 1e-3 {
        return Ok(best);
    }
    let expected = "rates that differ by a factor of at most 1000";
    Err(DspError::OutOfRange {
        what: "the ratio of source rate to pack rate",
        expected,
        got: value,
    })
}

/// Taps on either side of the middle one (Kaiser's formula, as `scipy.signal.kaiserord`).
fn half_length(
    from: SampleRate,
    to: SampleRate,
    keep_hz: f64,
    dense_hz: f64,
) -> Result<usize, DspError> {
    let lower_hz = from.hz().min(to.hz());
    // Pass and stop edge lie evenly about half the lower rate: what folds, folds above the pass edge.
    let transition_hz = lower_hz - 2.0 * keep_hz.min(MAX_KEEP_SHARE * lower_hz);
    let taps = (STOP_BAND_DB - 7.95) / (2.285 * 2.0 * PI * transition_hz / dense_hz);
    let half = (taps / 2.0).ceil() as usize;
    if 2 * half + 1 > MAX_TAPS {
        let what = "the resampling filter";
        return Err(DspError::TooLarge { what, got: 2 * half + 1, limit: MAX_TAPS });
    }
    Ok(half)
}

/// Taps of all phases, `[phases][taps_per_phase]`; `cutoff` is relative to half the dense rate.
fn polyphase(half: usize, cutoff: f64, phases: usize) -> Vec<f64> {
    let beta = 0.1102 * (STOP_BAND_DB - 8.7);
    let tap = |i: usize| {
        let from_middle = i as f64 - half as f64;
        let edge = from_middle / half as f64;
        let window = bessel_i0(beta * (1.0 - edge * edge).max(0.0).sqrt()) / bessel_i0(beta);
        sinc(cutoff * from_middle) * window
    };
    let prototype: Vec<f64> = (0..=2 * half).map(tap).collect();
    let scale = phases as f64 / prototype.iter().sum::<f64>();
    let taps_per_phase = prototype.len().div_ceil(phases);
    let mut taps = vec![0.0; taps_per_phase * phases];
    for (i, value) in prototype.iter().enumerate() {
        taps[i % phases * taps_per_phase + i / phases] = value * scale;
    }
    taps
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Modified Bessel function of the first kind, order zero (power series, Abramowitz & Stegun 9.6.12).
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * f64::EPSILON {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}
