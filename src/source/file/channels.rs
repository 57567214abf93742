//! Which channels of a stream are EEG, and what their unit is.
//!
//! Takes a stream's header; gives the channels to replay, their labels and their scale to µV, and says in
//! notes what was assumed. Nothing is guessed from the values; they are only doubted.

use crate::formats::own::EEG_KIND;
use crate::formats::recording::ChannelHead;
use crate::formats::xdf::{ChannelInfo, StreamHeader};

/// Typical standard deviations of EEG lie within these, in µV: amplifier noise to drifting electrodes.
const PLAUSIBLE_STD_UV: std::ops::Range<f64> = 0.05..20_000.0;

/// Frames looked at to doubt the unit.
const FRAMES_LOOKED_AT: usize = 10_000;

/// The channels to replay.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Selection {
    /// Channel of the stream and µV per unit.
    pub rows: Vec<(usize, f64)>,
    /// Their labels.
    pub labels: Vec<String>,
    /// What the file calls the unit; for display.
    pub unit: String,
}

/// Picks channels of type EEG where there are any, else all.
pub(super) fn select(header: &StreamHeader, notes: &mut Vec<String>) -> Selection {
    let channel = |i: usize| {
        let ChannelInfo { label, unit, kind, .. } =
            header.channels.get(i).cloned().unwrap_or_default();
        ChannelHead { label, unit, kind, ..ChannelHead::default() }
    };
    let channels: Vec<ChannelHead> = (0..header.channel_count).map(channel).collect();
    select_channels(&channels, notes)
}

/// The same from the channels alone.
pub(super) fn select_channels(channels: &[ChannelHead], notes: &mut Vec<String>) -> Selection {
    let is_eeg = |channel: &ChannelHead| channel.kind.eq_ignore_ascii_case(EEG_KIND);
    let any_eeg = channels.iter().any(is_eeg);
    let mut selection = Selection::default();
    let mut unknown_units = 0;
    for (i, channel) in
        channels.iter().enumerate().filter(|(_, channel)| !any_eeg || is_eeg(channel))
    {
        let scale = channel.microvolts();
        unknown_units += usize::from(scale.is_none());
        selection.rows.push((i, scale.unwrap_or(1.0)));
        let label = channel.label.trim();
        let label = if label.is_empty() { format!("Ch{}", i + 1) } else { label.into() };
        selection.labels.push(label);
    }
    let first = selection.rows.first().and_then(|(i, _)| channels.get(*i));
    selection.unit = first.map(|channel| channel.unit.clone()).unwrap_or_default();
    let left_out = channels.len() - selection.rows.len();
    if left_out > 0 {
        notes.push(format!("{left_out} channel(s) that are not EEG were left out"));
    }
    if unknown_units > 0 {
        let unit = if selection.unit.is_empty() { "no unit" } else { &selection.unit };
        notes.push(format!("{unknown_units} channel(s) have {unit}: µV are assumed"));
    }
    if channels.iter().all(|channel| channel.label.is_empty()) {
        notes.push("the channels have no labels".into());
    }
    selection
}

/// Notes a signal that varies by less or more than EEG can; `samples` are `[frames, channels]`, µV.
pub(super) fn note_implausible(samples: &[f32], channels: usize, notes: &mut Vec<String>) {
    let mut deviations: Vec<f64> =
        (0..channels).map(|channel| deviation(samples, channel, channels)).collect();
    deviations.sort_by(f64::total_cmp);
    let Some(middle) = deviations.get(channels / 2) else { return };
    if middle.is_finite() && !PLAUSIBLE_STD_UV.contains(middle) {
        notes.push(format!(
            "the signal varies by {middle:.3e} µV (standard deviation, median channel), which EEG does not: \
             its unit may be wrong"
        ));
    }
}

fn deviation(samples: &[f32], channel: usize, channels: usize) -> f64 {
    let values = || {
        let all = samples.iter().skip(channel).step_by(channels).take(FRAMES_LOOKED_AT);
        all.map(|value| f64::from(*value)).filter(|value| value.is_finite())
    };
    let count = values().count().max(1) as f64;
    let mean = values().sum::<f64>() / count;
    (values().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_in_volts_taken_for_microvolts_is_doubted() {
        let volts: Vec<f32> = (0..1000).map(|i| 2e-5 * (i as f32 * 0.1).sin()).collect();
        let mut notes = Vec::new();
        note_implausible(&volts, 1, &mut notes);
        assert!(notes[0].contains("unit may be wrong"), "{notes:?}");
        let microvolts: Vec<f32> = volts.iter().map(|v| v * 1e6).collect();
        notes.clear();
        note_implausible(&microvolts, 1, &mut notes);
        assert_eq!(notes, [""; 0]);
    }
}
