//! Whether a stream can be EEG at all, and whether an assumed unit is plausible.

use super::describe::clean;
use super::info::Info;
use super::resolve::{MAX_STREAM_NAME_CHARS, StreamSummary};
use crate::source::SourceError;
use crate::units::{MAX_CHANNELS, SampleRate};

/// The error of a stream that will not do.
pub(super) fn unusable(summary: &StreamSummary, why: String) -> SourceError {
    let [name, host] =
        [&summary.name, &summary.hostname].map(|text| clean(text, MAX_STREAM_NAME_CHARS));
    SourceError::Unusable {
        what: format!("LSL stream '{name}' on {host}"),
        why,
        remedy: "Choose another stream (`phosphene devices` lists them) or mend the sender".into(),
    }
}

/// Whether a stream can be EEG at all: numbers, at a regular rate, a sane number of channels.
pub(super) fn check(info: &Info, summary: &StreamSummary) -> Result<SampleRate, SourceError> {
    use lsl::ChannelFormat::{String, Undefined};
    if summary.rate_hz == 0.0 {
        let why = "its rate is irregular, as of an event stream: filters need a regular rate";
        return Err(unusable(summary, why.into()));
    }
    if matches!(info.format(), String | Undefined) {
        return Err(unusable(summary, format!("its values are no numbers ({})", summary.format)));
    }
    if !(1..=MAX_CHANNELS).contains(&summary.channels) {
        let why = format!("it has {} channels; 1 to {MAX_CHANNELS} can be used", summary.channels);
        return Err(unusable(summary, why));
    }
    SampleRate::new(summary.rate_hz).map_err(|why| unusable(summary, why.to_string()))
}

/// What a typical step from one sample to the next says about the unit. The noise of an amplifier alone
/// moves it by some tenths of a µV; a thousand µV between neighbours is no brain.
pub(super) fn plausibility(typical_uv: f32) -> String {
    if typical_uv < 1e-3 {
        format!("samples differ by {typical_uv:.1e} only, which looks like volts: add unit=V")
    } else if typical_uv > 1e3 {
        format!(
            "samples differ by {typical_uv:.0}, too much for µV: add unit=nV if that is the unit"
        )
    } else {
        format!("samples differ by {typical_uv:.2}, which is plausible for µV")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assumed_unit_is_judged_by_how_much_the_signal_moves() {
        for (step, word) in [(2e-6, "unit=V"), (3.0, "plausible"), (4e5, "unit=nV")] {
            assert!(plausibility(step).contains(word), "{step}");
        }
    }
}
