//! A decode as one line of JSON: in `decodes.jsonl`, and beside a recording. Fields may be added, never renamed.
//!
//! One record of the same windows: what was seen, ranks, probabilities, p-values, k, the null twin, age and encoder. Where
//! the control succeeds, guesses, ranks and p-values are withheld and `control` says why.

use serde::Serialize;

use crate::decode::{ControlView, Show};
use crate::signal::{Abstention, Lock, StimulusSet};
use crate::snapshot::{BelievedView, DecodeView, RankedLabel, StageTimes};

/// The line.
#[derive(Serialize)]
pub struct Line<'a> {
    window: u64,
    onset_secs: Option<f64>,
    stimulus: Option<&'a str>,
    k: u32,
    top5: &'a [RankedLabel],
    margin: f32,
    truth_rank: Option<u32>,
    /// Probabilities; `null` where the encoder is not calibrated.
    believed: Option<&'a BelievedView>,
    /// Of the shown picture, against windows of the stream in which others were seen.
    p_shown: Option<f64>,
    /// That there is anything at all, against windows without information.
    p_value: Option<f64>,
    null_size: usize,
    abstained: Option<&'static str>,
    latency_ms: StageTimes,
    embedding_sha256: &'a str,
    seed: u64,
    steps: u32,
    /// What the picture is.
    shows: Show,
    /// What would be believed of the null twin.
    twin_believed: Option<&'a BelievedView>,
    control: ControlView,
    /// Weight of this window in its picture; `null` where the picture is not steadied.
    steady_weight: Option<f32>,
    twin_steady_weight: Option<f32>,
    noise: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pack_sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoder_sha256: Option<&'a str>,
    simulated: bool,
}

impl<'a> Line<'a> {
    /// The line of a decode; `hashes` are those of pack and encoder, where they are to be in it.
    pub fn of(
        decode: &'a DecodeView,
        stimuli: &'a StimulusSet,
        hashes: Option<(&'a str, &'a str)>,
        simulated: bool,
    ) -> Self {
        let (row, onset_secs) = match decode.lock {
            Lock::Stimulus { row, onset_secs } => (row, Some(onset_secs)),
            Lock::Flash { onset_secs, .. } => (None, Some(onset_secs)),
            Lock::Free => (None, None),
        };
        let stimulus = row.and_then(|row| stimuli.stimuli.get(usize::from(row)));
        Self {
            window: decode.window,
            onset_secs,
            stimulus: stimulus.map(|stimulus| stimulus.id.as_str()),
            k: decode.k,
            top5: &decode.top,
            margin: decode.margin,
            truth_rank: decode.truth_rank,
            believed: decode.believed.as_ref(),
            p_shown: decode.p_shown,
            p_value: decode.p_value,
            null_size: decode.null_size,
            abstained: decode.abstain.map(Abstention::key),
            latency_ms: decode.latency,
            embedding_sha256: &decode.embedding_sha256,
            seed: decode.seed,
            steps: decode.steps,
            shows: decode.shows,
            twin_believed: decode.twin_believed.as_ref(),
            control: decode.control,
            steady_weight: decode.steady_weight,
            twin_steady_weight: decode.twin_steady_weight,
            noise: noise_word(decode),
            pack_sha256: hashes.map(|(pack, _)| pack),
            encoder_sha256: hashes.map(|(_, encoder)| encoder),
            simulated,
        }
    }
}

/// Which noise a mean was painted from.
pub fn noise_word(decode: &DecodeView) -> &'static str {
    if decode.noise_held { "fixed" } else { "fresh" }
}
