//! The gate: reasons not to decode a window.
//!
//! Takes a finished window `[channels, samples]`, µV, and what was seen of its span; gives the first reason
//! of: gap, not finite, settling, saturated, flat, artefact, not EEG, out of distribution. Channels without
//! a source do not count. Spectra are one-sided Hann periodograms with the mean removed
//! ([`crate::dsp::spectrum`]). Does not allocate after `prepare`.

use super::rails::RawFlags;
use crate::dsp::error::DspError;
use crate::dsp::spectrum::Periodogram;
use crate::signal::{Abstention, Window};
use crate::stats::standard_deviation;
use crate::units::SampleRate;

/// Edges of the five bands of [`BandStatistics`], Hz; a bin on an edge belongs to the band above it.
pub const BAND_EDGES_HZ: [f64; 6] = [0.5, 4.0, 8.0, 13.0, 30.0, 40.0];

/// Number of bands.
pub const BANDS: usize = BAND_EDGES_HZ.len() - 1;

/// Least band power that is told apart from none, µV².
pub const POWER_FLOOR_UV2: f64 = 1e-12;

/// Power between these is searched for a single line, Hz, both included.
const LINE_SEARCH_HZ: [f64; 2] = [1.0, 40.0];

/// Below it, a peak in a window of about a second is drift, not a tone, Hz.
const LOWEST_LINE_HZ: f64 = 3.0;

/// Mean and standard deviation, over training windows, of the window's log band powers.
///
/// The log band power of a window and a band is the mean over channels of
/// `log10(max(power, 1e-12))`, power in µV² being the sum over the bins `low ≤ f < high` of the density
/// times the bin width. In Python, with `x` `[channels, samples]` as the encoder gets it:
///
/// ```python
/// f, p = scipy.signal.periodogram(x, fs, window="hann", detrend="constant", axis=-1)
/// band = (f >= low) & (f < high)
/// numpy.log10(numpy.maximum(p[:, band].sum(-1) * f[1], 1e-12)).mean()
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandStatistics {
    /// Mean over training windows, per band, log10 µV².
    pub mean: [f64; BANDS],
    /// Standard deviation over training windows, per band, log10 µV².
    pub std: [f64; BANDS],
}

/// Thresholds. The defaults say where each comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateConfig {
    /// A channel with a smaller standard deviation is flat. 0.1 µV: below every amplifier's own noise.
    pub flat_std_uv: f64,
    /// Share of channels that may be flat. A quarter: interpolation can bear that.
    pub flat_share: f64,
    /// Largest size that the amplifier can give, µV, where known.
    pub rail_uv: Option<f32>,
    /// Share of channels that may be saturated at once. A quarter, as above.
    pub saturated_share: f64,
    /// Largest peak-to-peak of EEG. 250 µV: blinks pass it, EEG in 0.5–40 Hz hardly ever does.
    pub artefact_peak_to_peak_uv: f64,
    /// Share of channels that may be larger than that. A tenth: one loose electrode of sixty-four must not
    /// silence the rest, but of eight it weighs too much; a blink reaches far more.
    pub artefact_share: f64,
    /// Share of the 1–40 Hz power within one line ± 1 bin that makes a channel a tone. 85 %: a pure tone
    /// has 98 % or more under a Hann window, strong alpha rarely beyond 70 %.
    pub line_share: f64,
    /// Share of channels that must be tones. A half.
    pub line_channel_share: f64,
    /// What the pack was trained on, where it says so.
    pub training: Option<BandStatistics>,
    /// Largest distance from it, in standard deviations. 5: a different world, not a bad day.
    pub max_band_z: f64,
}

impl Default for GateConfig {
    fn default() -> Self {
        Self {
            flat_std_uv: 0.1,
            flat_share: 0.25,
            rail_uv: None,
            saturated_share: 0.25,
            artefact_peak_to_peak_uv: 250.0,
            artefact_share: 0.1,
            line_share: 0.85,
            line_channel_share: 0.5,
            training: None,
            max_band_z: 5.0,
        }
    }
}

/// What was seen of the frames that a window and its baseline span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanFlags {
    /// Samples are missing inside.
    pub gap: bool,
    /// The filters had not settled at its beginning.
    pub settling: bool,
    /// What the raw signal showed.
    pub raw: RawFlags,
}

/// The gate, prepared for windows of one shape.
pub struct Gate {
    config: GateConfig,
    sourced: Vec<bool>,
    channels: f64,
    used_sources: f64,
    periodogram: Periodogram,
    bands: [std::ops::Range<usize>; BANDS],
    line_bins: std::ops::Range<usize>,
    lowest_line: usize,
}

impl Gate {
    /// For windows of `samples` samples at `rate`; `sourced` `[channels]` tells which channels count,
    /// `used_sources` how many source channels feed them.
    ///
    /// # Errors
    /// [`DspError::OutOfRange`] for a window too short or too long to transform.
    pub fn prepare(
        config: GateConfig,
        rate: SampleRate,
        samples: usize,
        sourced: Vec<bool>,
        used_sources: usize,
    ) -> Result<Self, DspError> {
        let periodogram = Periodogram::prepare(samples, rate)?;
        let band = |i: usize| periodogram.bins_between(BAND_EDGES_HZ[i], BAND_EDGES_HZ[i + 1]);
        let past_last = LINE_SEARCH_HZ[1] + periodogram.bin_hz() / 2.0;
        Ok(Self {
            config,
            channels: sourced.iter().filter(|s| **s).count() as f64,
            sourced,
            used_sources: used_sources as f64,
            bands: std::array::from_fn(band),
            line_bins: periodogram.bins_between(LINE_SEARCH_HZ[0], past_last),
            lowest_line: periodogram.bins_between(LOWEST_LINE_HZ, f64::MAX).start,
            periodogram,
        })
    }

    /// The first reason not to decode the window, if there is one.
    pub fn judge(&mut self, span: SpanFlags, window: &Window) -> Option<Abstention> {
        if span.gap {
            return Some(Abstention::Gap);
        }
        if span.raw.not_finite || !window.samples_uv.iter().all(|v| v.is_finite()) {
            return Some(Abstention::NotFinite);
        }
        if span.settling {
            return Some(Abstention::Settling);
        }
        if f64::from(span.raw.railed) > self.config.saturated_share * self.used_sources {
            return Some(Abstention::Saturated);
        }
        self.judge_amplitude(window).or_else(|| self.judge_spectrum(window))
    }

    fn judge_amplitude(&self, window: &Window) -> Option<Abstention> {
        let is_flat = |c: &usize| standard_deviation(window.channel(*c)) < self.config.flat_std_uv;
        let flat = self.counted().filter(is_flat).count() as f64;
        if flat > self.config.flat_share * self.channels {
            return Some(Abstention::Flat);
        }
        let limit = self.config.artefact_peak_to_peak_uv;
        let is_large = |c: &usize| peak_to_peak(window.channel(*c)) > limit;
        let large = self.counted().filter(is_large).count() as f64;
        (large > self.config.artefact_share * self.channels).then_some(Abstention::Artefact)
    }

    fn judge_spectrum(&mut self, window: &Window) -> Option<Abstention> {
        let mut tones = 0.0;
        let mut log_power = [0.0; BANDS];
        for channel in 0..self.sourced.len() {
            if !self.sourced[channel] {
                continue;
            }
            let bin_hz = self.periodogram.bin_hz();
            let density = self.periodogram.density(window.channel(channel).iter().copied());
            let line = strongest_line(density, &self.line_bins, self.lowest_line);
            tones += f64::from(u8::from(line > self.config.line_share));
            for (sum, bins) in log_power.iter_mut().zip(&self.bands) {
                let power = density[bins.clone()].iter().sum::<f64>() * bin_hz;
                *sum += power.max(POWER_FLOOR_UV2).log10() / self.channels;
            }
        }
        if self.channels > 0.0 && tones >= self.config.line_channel_share * self.channels {
            return Some(Abstention::NotEeg);
        }
        self.is_foreign(&log_power).then_some(Abstention::OutOfDistribution)
    }

    fn is_foreign(&self, log_power: &[f64; BANDS]) -> bool {
        let Some(training) = self.config.training else { return false };
        let mut bands = training.mean.iter().zip(training.std).zip(log_power);
        bands.any(|((mean, std), value)| (value - mean).abs() > self.config.max_band_z * std)
    }

    fn counted(&self) -> impl Iterator<Item = usize> + '_ {
        self.sourced.iter().enumerate().filter(|(_, s)| **s).map(|(c, _)| c)
    }
}

/// Share of the power in `bins` that lies within one bin of the strongest one from `lowest` on.
fn strongest_line(density: &[f64], bins: &std::ops::Range<usize>, lowest: usize) -> f64 {
    let total: f64 = density[bins.clone()].iter().sum();
    let around = |peak: usize| {
        let line = peak.saturating_sub(1).max(bins.start)..(peak + 2).min(bins.end);
        density[line].iter().sum::<f64>()
    };
    let strongest = (lowest.max(bins.start)..bins.end).map(around).fold(0.0, f64::max);
    if total > 0.0 { strongest / total } else { 0.0 }
}

fn peak_to_peak(values: &[f32]) -> f64 {
    let (low, high) = values
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    f64::from(high) - f64::from(low)
}
