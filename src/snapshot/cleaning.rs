//! What cleaning does, for whoever shows it.

use std::sync::Arc;

pub use crate::dsp::clean::{Effect, Phase};

/// What was asked for, and what it comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct CleaningView {
    /// As the command line spells it.
    pub asked: Arc<str>,
    /// Over the last second.
    pub effect: Effect,
}

impl CleaningView {
    /// What happens to the signal, in plain words.
    pub fn sentence(&self) -> String {
        let effect = &self.effect;
        let mut parts = Vec::new();
        match effect.phase {
            Phase::Off => {}
            Phase::Collecting if effect.failed_secs > 0.0 => parts.push(format!(
                "ASR waits: only {:.0} s of the last minute were clean; collecting anew, {:.0} of {:.0} s. Nothing is taken out yet",
                effect.failed_secs, effect.collected_secs, effect.wanted_secs
            )),
            Phase::Collecting => parts.push(format!(
                "ASR collects signal to learn from, {:.0} of {:.0} s. Nothing is taken out yet",
                effect.collected_secs, effect.wanted_secs
            )),
            Phase::Learning => {
                parts.push("ASR learns what is clean. Nothing is taken out yet".into());
            }
            Phase::Cleaning => parts.push(format!(
                "ASR on: {} of {} components replaced, {:.0} % of the power taken out in the last second",
                effect.components,
                effect.channels,
                100.0 * effect.removed_share
            )),
        }
        if effect.interpolated > 0 {
            let plural = if effect.interpolated == 1 { "" } else { "s" };
            parts.push(format!("{} electrode{plural} interpolated", effect.interpolated));
        }
        if parts.is_empty() {
            parts.push("nothing to clean now".into());
        }
        parts.join("; ")
    }
}
