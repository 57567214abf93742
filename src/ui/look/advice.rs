//! What is wrong with an electrode, and what to do about it, in plain words.

use crate::snapshot::{ChannelQuality, QualityReason, QualityVerdict};

/// A verdict with its reason: `good`, `mains hum`, `not known yet`.
pub fn state(quality: &ChannelQuality) -> &'static str {
    match quality.reason {
        Some(reason) => super::words::reason(reason),
        None => super::words::verdict_words(quality.verdict),
    }
}

/// What was found, in a sentence; `other` is the electrode that it copies.
pub fn finding(quality: &ChannelQuality, other: Option<&str>) -> String {
    let Some(reason) = quality.reason else {
        return match quality.verdict {
            QualityVerdict::Unknown => "Too little signal to judge it by.".into(),
            _ => "It looks like EEG.".into(),
        };
    };
    match reason {
        QualityReason::Off => {
            "The input floats: it swings widely, drifts far, or hears only the room.".into()
        }
        QualityReason::Railed => "The signal is at the end of the amplifier's range.".into(),
        QualityReason::Flat => "Less arrives than a brain gives.".into(),
        QualityReason::Muscle => "Muscle, or noise like it, covers the brain.".into(),
        QualityReason::LineNoise => "It picks up more of the mains than of the brain.".into(),
        QualityReason::Drift => "Its level wanders, or it is being moved.".into(),
        QualityReason::Copy => match other {
            Some(other) => format!("It shows what {other} shows."),
            None => "It shows what another electrode shows.".into(),
        },
        QualityReason::Impedance => "Its impedance was measured, and is high.".into(),
    }
}

/// What to do about it.
pub fn advice(quality: &ChannelQuality) -> &'static str {
    let Some(reason) = quality.reason else {
        return match quality.verdict {
            QualityVerdict::Unknown => "Wait a moment.",
            _ => "Nothing to do.",
        };
    };
    match reason {
        QualityReason::Off => {
            "Part the hair and press it onto the skin; add gel. If it stays so, change the electrode or its cable."
        }
        QualityReason::Railed => {
            "Look at this electrode's contact, then at the reference's. If all electrodes are at the limit, reference or ground \
             is off; if contacts are good, lower the gain."
        }
        QualityReason::Flat => {
            "See that the channel is switched on and its plug is in. Gel that reaches the reference makes it quiet as well: wipe \
             it off."
        }
        QualityReason::Muscle => {
            "Let jaw, forehead and neck go slack. If only this electrode shows it, its contact is poor: press it on."
        }
        QualityReason::LineNoise => {
            "Better the contact here, then at reference and ground. Keep cables together and away from chargers and lamps; run \
             from a battery."
        }
        QualityReason::Drift => {
            "Sit still and give the gel a minute. If it goes on, press the electrode on; wipe sweat off."
        }
        QualityReason::Copy => {
            "Gel joins them, or they touch: wipe the skin between them and use less gel. If all show the same, look at reference \
             and ground."
        }
        QualityReason::Impedance => {
            "Part the hair, rub the skin lightly, add gel, and measure again: up to 10 kΩ is good with gel, up to 750 kΩ with dry electrodes."
        }
    }
}
