//! From collected signal to statistics: the clean stretches are chosen, and the statistics are those of them alone.
//!
//! Pure and slow (up to seconds for 128 electrodes): never on a real-time thread.

use super::asr::Lengths;
use super::shaping::Shaping;
use super::statistics::Statistics;
use super::windows;
use crate::units::SampleRate;

/// Signal that is collected before it is learned from, seconds.
pub const COLLECT_SECS: f64 = 60.0;
/// Clean signal without which nothing is learned: asrpy and clean_rawdata want "not much less than 30 seconds".
pub const LEAST_CLEAN_SECS: f64 = 30.0;

/// What is to be learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesson {
    /// The source's rate; frames are collected at a whole part of it, [`Lengths::every`].
    pub rate: SampleRate,
    /// Electrodes.
    pub channels: usize,
    /// How many deviations above the mean a component is taken for an artefact.
    pub cutoff: f64,
}

/// Nothing could be learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Unlearned {
    /// How much was clean, seconds.
    pub clean_secs: f64,
    /// Why, in plain words.
    pub why: String,
}

impl Lesson {
    /// Learns from collected frames `[frames × channels]`, row-major, µV. Gives the statistics and the seconds of clean
    /// signal behind them.
    ///
    /// # Errors
    /// [`Unlearned`].
    pub fn learn(&self, frames_uv: &[f32]) -> Result<(Statistics, f64), Unlearned> {
        let lengths = Lengths::at(self.rate);
        let rate_hz = self.rate.hz() / lengths.every as f64;
        let mask = windows::clean(frames_uv, self.channels, lengths.window).unwrap_or_default();
        let kept = frames_uv.chunks_exact(self.channels).zip(&mask).filter(|(_, clean)| **clean);
        let clean: Vec<f32> = kept.flat_map(|(frame, _)| frame.iter().copied()).collect();
        let clean_secs = (clean.len() / self.channels) as f64 / rate_hz;
        let failed = |why: String| Unlearned { clean_secs, why };
        if clean_secs < LEAST_CLEAN_SECS {
            let total_secs = (frames_uv.len() / self.channels) as f64 / rate_hz;
            return Err(failed(format!(
                "only {clean_secs:.0} of {total_secs:.0} s were clean, {LEAST_CLEAN_SECS:.0} are needed"
            )));
        }
        let shaping = Shaping::design(rate_hz).map_err(|e| failed(e.to_string()))?;
        let (channels, window) = (self.channels, lengths.window);
        let found = Statistics::of(&clean, channels, window, self.cutoff, &shaping);
        found.map(|statistics| (statistics, clean_secs)).map_err(|e| failed(e.to_string()))
    }
}
