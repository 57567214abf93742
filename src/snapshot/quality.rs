//! How good each electrode's signal is, as a viewer sees it.
//!
//! The figures and the rules behind them are those of [`crate::dsp::quality`].

use serde::Serialize;

pub use crate::dsp::quality::verdict::Reason as QualityReason;

/// How good one channel looks. Figures are medians over the last four seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChannelQuality {
    /// Standard deviation after filtering, µV.
    pub std_uv: f32,
    /// Share of power at the mains frequency in the raw signal, 0–1.
    pub mains_share: f32,
    /// Root mean square at the mains frequency in the raw signal, µV.
    pub mains_uv: f32,
    /// Root mean square in 20–75 Hz without the mains, µV: muscle, where it is large.
    pub fast_uv: f32,
    /// How far the level wandered within eight seconds, µV.
    pub drift_uv: f32,
    /// Impedance where it was measured, kΩ.
    pub impedance_kohm: Option<f32>,
    /// The channel, in the source's order, whose signal this one shows too.
    pub copies: Option<u16>,
    /// What the figures add up to.
    pub verdict: QualityVerdict,
    /// Why it is not good.
    pub reason: Option<QualityReason>,
}

/// A verdict on one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityVerdict {
    /// Not known yet.
    #[default]
    Unknown,
    /// Looks like EEG.
    Good,
    /// Usable with care: noisy or with hum.
    Fair,
    /// Not usable: flat, saturated or all noise.
    Bad,
}
