//! Decodes on their way into a live recording: one JSON line each, while a recording runs.

use std::sync::Arc;

use super::line::Line;
use super::shared::Shared;
use super::sink::{DecodeSink, RunFacts};
use crate::record::decodes::{DecodeFeed, DecodeLine};
use crate::signal::StimulusSet;
use crate::snapshot::{DecodeView, PackState, RecordingState};

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

impl ToRecord {
    fn line(&self, decode: &DecodeView) -> serde_json::Result<String> {
        let pack = self.shared.pack();
        let hashes = match pack.as_ref() {
            PackState::Ready(pack) => Some((pack.sha256.as_str(), pack.encoder_sha256.as_str())),
            _ => None,
        };
        serde_json::to_string(&Line::of(decode, &self.stimuli, hashes, self.simulated))
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
