//! The same stages on one thread, as fast as possible: for recordings and for tests.
//!
//! Takes a source that waits for nobody, gives the same windows, embeddings and hash as a live run over the
//! same samples in which no window was skipped: every window is decoded, none is replaced by a newer one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::bounded;

use crate::dsp::chain::Chain;
use crate::dsp::clean::Learn;
use crate::hop::ring::frame_ring;
use crate::hop::slot::slot;
use crate::signal::StimulusSet;
use crate::snapshot::{ChannelQuality, RunState};
use crate::source::{CHUNK_FRAMES, ReadStatus, Source, SourceError};
use crate::time::clock::Clock;

use super::acquire::Acquire;
use super::cleaner::cleaner;
use super::config::RunConfig;
use super::contract::{self, InputContract};
use super::decoding::Decoding;
use super::failure::{RunFailure, RunReport};
use super::process::{Process, ProcessParts, StimulusRows};
use super::provenance::open_pack;
use super::shared::Shared;
use super::sink::{DecodeSink, RunFacts};
use super::view::view_of;
use crate::native;

/// Runs a source to its end, or for `seconds` of signal, or until `stop` is set.
///
/// # Errors
/// [`RunFailure`] with the exit code of what went wrong.
pub fn run_offline(
    config: &RunConfig,
    source: Box<dyn Source>,
    sinks: Vec<Box<dyn DecodeSink>>,
    seconds: Option<f64>,
    stop: &AtomicBool,
    mut on_progress: impl FnMut(f64),
) -> Result<RunReport, RunFailure> {
    let shared = Arc::new(Shared::new(Clock::system()));
    let started_secs = shared.clock.now_secs();
    let mut run = OfflineRun::prepare(config, source, sinks, &shared)?;
    loop {
        let status = run.acquire.step(&shared).map_err(|e| source_failure(&e))?;
        let mut failed = None;
        let decoding = &mut run.decoding;
        run.process.step(&shared, &mut |window| {
            if failed.is_none() {
                failed = decoding.step(&shared, window).err();
            }
        });
        if let Some(message) = failed {
            return Err(RunFailure { message, exit_code: 5 });
        }
        let done_secs = shared.received.load(Ordering::Relaxed) as f64 / run.rate_hz;
        on_progress(done_secs);
        let enough = seconds.is_some_and(|limit| done_secs >= limit);
        if status == ReadStatus::End || enough || stop.load(Ordering::Relaxed) {
            break;
        }
    }
    run.finish(&shared, started_secs)
}

struct OfflineRun {
    acquire: Acquire,
    process: Process,
    decoding: Decoding,
    rate_hz: f64,
    stimuli: Arc<StimulusSet>,
}

impl OfflineRun {
    fn prepare(
        config: &RunConfig,
        mut source: Box<dyn Source>,
        sinks: Vec<Box<dyn DecodeSink>>,
        shared: &Arc<Shared>,
    ) -> Result<Self, RunFailure> {
        let info = source.prepare(&shared.clock).map_err(|e| source_failure(&e))?;
        shared.set_source(view_of(&info));
        let folder =
            config.pack.as_deref().ok_or_else(|| pack_failure("no model pack was given"))?;
        let pack = open_pack(config, folder, &shared.cancel).map_err(pack_failure)?;
        let contract = InputContract::of(pack.manifest()).with_cleaning(&config.cleaning);
        let windows = contract::windows(config.mode, info.has_markers);
        let fitted = contract::fit(&contract, &info, windows);
        let cleaner = cleaner(&contract.cleaning, &info, &fitted, Learn::Here);
        let cleaner = cleaner.map_err(pack_failure)?;
        let chain = Chain::prepare(fitted.chain).map_err(|e| pack_failure(e.to_string()))?;
        let chain = match cleaner {
            Some(cleaner) => chain.with_cleaner(cleaner),
            None => chain,
        };
        shared.cleaning.begin(&contract.cleaning);
        let runtime = native::onnx_runtime().map_err(pack_failure)?;
        let stimuli = config.stimuli();
        let mut decoding =
            Decoding::load(&pack, config, &stimuli, &runtime, sinks).map_err(pack_failure)?;
        let facts = RunFacts::of(&info);
        decoding.begin(shared, &facts, fitted.origins);
        let channels = info.channels.len();
        // One read is processed before the next, so this ring never fills.
        let (tx, rx) = frame_ring(channels, CHUNK_FRAMES);
        let (_, commands) = bounded(1);
        let (quality, _) = slot(|| vec![ChannelQuality::default(); channels]);
        let process = Process::new(ProcessParts {
            ring: rx,
            chain,
            wants_windows: true,
            refuse: fitted.refuse,
            traces: None,
            quality,
            rate_hz: info.rate.hz(),
            stamps_are_live: facts.stamps_are_live,
            transport: None,
            commands,
            rows: StimulusRows::of(&stimuli),
            learner: None,
        });
        shared.set_run(RunState::Running);
        let acquire = Acquire::new(source, channels, tx, None);
        Ok(Self { acquire, process, decoding, rate_hz: info.rate.hz(), stimuli })
    }

    fn finish(mut self, shared: &Shared, started_secs: f64) -> Result<RunReport, RunFailure> {
        self.acquire.stop(shared);
        shared.set_run(RunState::Ended);
        let (summary, finished) = self.decoding.finish();
        shared.set_status(summary.status.clone());
        finished.map_err(|message| RunFailure { message, exit_code: 5 })?;
        let snapshot =
            shared.snapshot(|row| Some(self.stimuli.stimuli.get(usize::from(row))?.label.clone()));
        let seconds = snapshot.received as f64 / self.rate_hz;
        let elapsed = shared.clock.now_secs() - started_secs;
        Ok(RunReport {
            images_per_s: snapshot.windows.decoded as f64 / elapsed.max(1e-3),
            p_values: summary.p_values,
            p_shown: summary.p_shown,
            decode_hash: summary.decode_hash,
            first_picture_secs: summary.first_picture_secs.map(|at| at - started_secs),
            sample_to_filtered: None,
            acquire_and_filter_cpu_share: None,
            seconds,
            snapshot,
            failure: None,
        })
    }
}

fn source_failure(error: &SourceError) -> RunFailure {
    RunFailure { message: error.to_string(), exit_code: error.exit_code() }
}

fn pack_failure(message: impl Into<String>) -> RunFailure {
    RunFailure { message: message.into(), exit_code: 4 }
}
