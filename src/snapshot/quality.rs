//! How good each electrode's signal is, as a viewer sees it: the figures and verdicts of [`crate::dsp::quality`], under names that
//! tell them from other verdicts.

pub use crate::dsp::quality::electrodes::ChannelQuality;
pub use crate::dsp::quality::verdict::{Reason as QualityReason, Verdict as QualityVerdict};
