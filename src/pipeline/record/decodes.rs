//! Decodes on their way into a live recording: one JSON line each, through a bounded channel.
//!
//! At ten decodes a second [`CAPACITY`] is half a minute, longer than any disk should stand still. When it is
//! full the newest decode is dropped and counted; the recorder writes the count as a note marker. The decode
//! thread never waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use serde::Serialize;

use crate::pipeline::decoding::{DecodeSink, RunFacts};
use crate::pipeline::shared::Shared;
use crate::signal::{Abstention, Lock, StimulusSet};
use crate::snapshot::{DecodeView, PackState, RankedLabel, RecordingState, StageTimes};

/// Decodes that wait for the recorder at most.
pub const CAPACITY: usize = 256;

/// One decode: when it was there, in seconds on the program's clock, and its line.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodeLine {
    /// Seconds on the program's clock.
    pub at_secs: f64,
    /// One JSON object.
    pub json: String,
}

/// The recorder's end.
#[derive(Debug)]
pub struct DecodeTap {
    lines: Receiver<DecodeLine>,
    dropped: Arc<AtomicU64>,
    told: u64,
    closed: bool,
}

impl DecodeTap {
    /// The next decode, if one is there.
    pub fn next_line(&mut self) -> Option<DecodeLine> {
        match self.lines.try_recv() {
            Ok(line) => Some(line),
            Err(why) => {
                self.closed = why.is_disconnected();
                None
            }
        }
    }

    /// True once the last decode was taken and no other can come.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Decodes dropped since the last call.
    pub fn newly_dropped(&mut self) -> u64 {
        let all = self.dropped.load(Ordering::Relaxed);
        all - std::mem::replace(&mut self.told, all)
    }
}

/// The decoder's end, a sink like others.
pub(in crate::pipeline) struct ToRecord {
    lines: Sender<DecodeLine>,
    dropped: Arc<AtomicU64>,
    shared: Arc<Shared>,
    stimuli: Arc<StimulusSet>,
    simulated: bool,
}

/// The two ends.
pub(in crate::pipeline) fn decode_tap(
    shared: Arc<Shared>,
    stimuli: Arc<StimulusSet>,
) -> (ToRecord, DecodeTap) {
    let (tx, rx) = bounded(CAPACITY);
    let dropped = Arc::new(AtomicU64::new(0));
    let sink = ToRecord { lines: tx, dropped: dropped.clone(), shared, stimuli, simulated: true };
    (sink, DecodeTap { lines: rx, dropped, told: 0, closed: false })
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
        let line = DecodeLine { at_secs: self.shared.clock.now_secs(), json };
        match self.lines.try_send(line) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            // The record thread has ended by an error of its own, which is told.
            Err(TrySendError::Disconnected(_)) => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), String> {
        Ok(())
    }
}
