//! Decodes on their way into a live recording: one JSON line each, while a recording runs.

use std::sync::Arc;

use serde::Serialize;

use super::shared::Shared;
use super::sink::{DecodeSink, RunFacts};
use crate::record::decodes::{DecodeFeed, DecodeLine};
use crate::signal::{Abstention, Lock, StimulusSet};
use crate::snapshot::{DecodeView, PackState, RankedLabel, RecordingState, StageTimes};

/// Tells the recorder of every decode; a sink like others.
pub(super) struct ToRecord {
    feed: DecodeFeed,
    shared: Arc<Shared>,
    stimuli: Arc<StimulusSet>,
    simulated: bool,
}

impl ToRecord {
    /// Into this feed.
    pub fn new(feed: DecodeFeed, shared: Arc<Shared>, stimuli: Arc<StimulusSet>) -> Self {
        Self { feed, shared, stimuli, simulated: true }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    window: u64,
    onset_secs: Option<f64>,
    stimulus: Option<&'a str>,
    k: u32,
    top5: &'a [RankedLabel],
    margin: f32,
    truth_rank: Option<u32>,
    p_value: Option<f64>,
    null_size: usize,
    abstained: Option<&'static str>,
    latency_ms: StageTimes,
    embedding_sha256: &'a str,
    seed: u64,
    steps: u32,
    pack_sha256: Option<&'a str>,
    encoder_sha256: Option<&'a str>,
    simulated: bool,
}

impl ToRecord {
    fn line(&self, decode: &DecodeView) -> serde_json::Result<String> {
        let (row, onset_secs) = match decode.lock {
            Lock::Stimulus { row, onset_secs } => (row, Some(onset_secs)),
            Lock::Free => (None, None),
        };
        let pack = self.shared.pack();
        let pack = match pack.as_ref() {
            PackState::Ready(pack) => Some(pack),
            _ => None,
        };
        let stimulus = row.and_then(|row| self.stimuli.stimuli.get(usize::from(row)));
        serde_json::to_string(&Line {
            window: decode.window,
            onset_secs,
            stimulus: stimulus.map(|stimulus| stimulus.id.as_str()),
            k: decode.k,
            top5: &decode.top,
            margin: decode.margin,
            truth_rank: decode.truth_rank,
            p_value: decode.p_value,
            null_size: decode.null_size,
            abstained: decode.abstain.map(Abstention::key),
            latency_ms: decode.latency,
            embedding_sha256: &decode.embedding_sha256,
            seed: decode.seed,
            steps: decode.steps,
            pack_sha256: pack.map(|pack| pack.sha256.as_str()),
            encoder_sha256: pack.map(|pack| pack.encoder_sha256.as_str()),
            simulated: self.simulated,
        })
    }
}

impl DecodeSink for ToRecord {
    fn begin(&mut self, run: &RunFacts) {
        self.simulated = run.simulated;
    }

    fn decode(&mut self, decode: &DecodeView) -> Result<(), String> {
        if !matches!(*self.shared.recording(), RecordingState::On { .. }) {
            return Ok(());
        }
        let json = self.line(decode).map_err(|why| format!("a decode cannot be told: {why}"))?;
        self.feed.push(DecodeLine { at_secs: self.shared.clock.now_secs(), json });
        Ok(())
    }

    fn finish(&mut self) -> Result<(), String> {
        Ok(())
    }
}
