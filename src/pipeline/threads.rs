//! The thread shells: thin, named, joined, each reports its error. All the work is in the stages.
//!
//! Order of things: the decode thread reads the pack's manifest and tells the signal thread what it wants;
//! the acquisition thread connects and hands over the rings; then samples flow. Stopping goes the same way:
//! acquisition lets go of its ring ends, the others see that and finish.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::clock::{thread_cpu_secs, utc_now_iso8601};
use crate::decode::Pack;
use crate::dsp::chain::Chain;
use crate::dsp::display::DisplayFilter as TraceFilter;
use crate::hop::ring::{FrameConsumer, frame_ring};
use crate::hop::slot::{SlotReader, slot};
use crate::signal::{StimulusSet, Window};
use crate::snapshot::{ChannelQuality, Level, PackState, RecordingState, RunState, SourceView};
use crate::source::file::Speed;
use crate::source::{ReadStatus, SourceError, SourceInfo};

use super::acquire::Acquire;
use super::background::Later;
use super::contract::{self, InputContract};
use super::decoding::{DecodeSink, DecodeSummary, Decoding, RunFacts};
use super::handle::{RunFailure, display_design};
use super::process::{Process, ProcessCommand, ProcessParts, StimulusRows, Traces};
use super::record::{RecordSummary, Recorder};
use super::shared::Shared;
use super::sources::{self, exit_code_of};
use super::{DisplayFilter, RunConfig};

/// Commands that wait for a stage at most; a sender learns when it is full.
const COMMAND_CAPACITY: usize = 16;
/// Seconds of signal that the ring to the signal stage holds. Full only if this computer stalls that long.
const PROCESS_RING_SECS: f64 = 4.0;
/// Seconds of signal that the ring to the recorder holds: it must outlast a slow disk.
const RECORD_RING_SECS: f64 = 20.0;
/// Seconds of signal that the ring to the screen holds; a window that is not drawn loses the rest.
const TRACE_RING_SECS: f64 = 2.0;
/// How long a stage sleeps when nothing waits: the delay that a hop adds at most.
const IDLE: Duration = Duration::from_millis(1);
/// How long the recorder sleeps; it is in no hurry, its ring is long.
const RECORD_IDLE: Duration = Duration::from_millis(20);

/// What the decode thread may be asked.
pub enum DecodeCommand {
    /// Steps of the generator.
    Steps(u32),
    /// The null twin on or off.
    Twin(bool),
    /// A picture was on the screen.
    Shown {
        /// Number of the window.
        window: u64,
        /// When, on the program's clock.
        at_secs: f64,
    },
}

/// What the record thread may be asked.
pub enum RecordCommand {
    /// Start writing.
    Start(PathBuf),
    /// Finish the file.
    Stop,
}

/// Where commands go in.
pub struct CommandEnds {
    /// To the signal stage.
    pub process: Sender<ProcessCommand>,
    /// To the decode stage.
    pub decode: Sender<DecodeCommand>,
    /// To the recorder.
    pub record: Sender<RecordCommand>,
}

type Outcome = Result<(), RunFailure>;

/// All threads of a run.
pub struct Threads {
    acquire: Option<JoinHandle<Outcome>>,
    process: Option<JoinHandle<Outcome>>,
    decode: Option<JoinHandle<(DecodeSummary, Outcome)>>,
    record: Option<JoinHandle<Outcome>>,
    /// Gives the reading end of the trace ring once the source is there.
    pub traces: Receiver<FrameConsumer>,
}

/// What acquisition tells the others once the source is prepared.
struct Connected {
    info: SourceInfo,
    ring: FrameConsumer,
}

impl Threads {
    /// Spawns all threads.
    pub fn spawn(
        earlier: Option<Later<()>>,
        config: RunConfig,
        shared: Arc<Shared>,
        stimuli: Arc<StimulusSet>,
        sinks: Vec<Box<dyn DecodeSink>>,
    ) -> (Self, CommandEnds) {
        let (process_tx, process_rx) = bounded(COMMAND_CAPACITY);
        let (decode_tx, decode_rx) = bounded(COMMAND_CAPACITY);
        let (record_tx, record_rx) = bounded(COMMAND_CAPACITY);
        let (to_process, process_connected) = bounded(1);
        let (to_record, record_connected) = bounded(1);
        let (contract_tx, contract_rx) = bounded(1);
        let (slot_tx, slot_rx) = bounded(1);
        let (traces_tx, traces) = bounded(1);
        if let Some(path) = config.record_to.clone() {
            let _ = record_tx.try_send(RecordCommand::Start(path));
        }
        let acquire = AcquireShell {
            earlier,
            config: config.clone(),
            shared: shared.clone(),
            to_process,
            to_record,
        };
        let process = ProcessShell {
            config: config.clone(),
            shared: shared.clone(),
            stimuli: stimuli.clone(),
            connected: process_connected,
            contract: contract_rx,
            slot: slot_tx,
            traces: traces_tx,
            commands: process_rx,
        };
        let decode = DecodeShell {
            stimuli,
            config,
            shared: shared.clone(),
            contract: contract_tx,
            fitted: slot_rx,
            commands: decode_rx,
            sinks,
        };
        let record = RecordShell {
            shared: shared.clone(),
            connected: record_connected,
            commands: record_rx,
        };
        let threads = Self {
            acquire: spawn("phosphene-acquire", &shared, move || acquire.run()),
            process: spawn("phosphene-process", &shared, move || process.run()),
            decode: spawn("phosphene-decode", &shared, move || decode.run()),
            record: spawn("phosphene-record", &shared, move || record.run()),
            traces,
        };
        (threads, CommandEnds { process: process_tx, decode: decode_tx, record: record_tx })
    }

    /// Joins every thread; gives the decoder's summary and the first failure.
    pub fn join(&mut self, shared: &Shared) -> (DecodeSummary, Option<RunFailure>) {
        let mut failures = Vec::new();
        for handle in
            [self.acquire.take(), self.process.take(), self.record.take()].into_iter().flatten()
        {
            failures.extend(join_one(handle).and_then(Result::err));
        }
        let mut summary = DecodeSummary::default();
        if let Some((decoded, outcome)) = self.decode.take().and_then(join_one) {
            summary = decoded;
            failures.extend(outcome.err());
        }
        if *shared.run() == RunState::Running {
            shared.set_run(RunState::Ended);
        }
        (summary, failures.into_iter().next())
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    shared: &Arc<Shared>,
    body: impl FnOnce() -> T + Send + 'static,
) -> Option<JoinHandle<T>> {
    match std::thread::Builder::new().name(name.into()).spawn(body) {
        Ok(handle) => Some(handle),
        Err(error) => {
            fail(shared, 1, format!("the system refused a thread for {name}: {error}"));
            None
        }
    }
}

/// The thread's result; `None` after a panic, whose message is on standard error already.
fn join_one<T>(handle: JoinHandle<T>) -> Option<T> {
    let name = handle.thread().name().unwrap_or("a thread").to_owned();
    handle.join().map_err(|_| tracing::error!("{name} ended by a fault of the program")).ok()
}

fn fail(shared: &Shared, exit_code: u8, message: String) -> RunFailure {
    shared.notice(Level::Error, message.clone());
    shared.set_run(RunState::Failed { message: message.clone(), exit_code });
    RunFailure { message, exit_code }
}

fn note_cpu(shared: &Shared) {
    if let Some(secs) = thread_cpu_secs() {
        shared.realtime_cpu_us.fetch_add((secs * 1e6) as u64, Ordering::Relaxed);
    }
}

fn ring_frames(rate_hz: f64, secs: f64) -> usize {
    (rate_hz * secs).ceil() as usize + 1
}

struct AcquireShell {
    earlier: Option<Later<()>>,
    config: RunConfig,
    shared: Arc<Shared>,
    to_process: Sender<Connected>,
    to_record: Sender<Connected>,
}

impl AcquireShell {
    fn run(mut self) -> Outcome {
        // Dropping it waits until the earlier run has let go of its device.
        drop(self.earlier.take());
        let mut stage = match self.connect() {
            Ok(stage) => stage,
            Err(error) => return Err(fail(&self.shared, exit_code_of(&error), error.to_string())),
        };
        self.shared.set_run(RunState::Running);
        let outcome = loop {
            if self.shared.stopping() {
                break Ok(());
            }
            match stage.step(&self.shared) {
                Ok(ReadStatus::End) => {
                    self.shared.set_run(RunState::Ended);
                    break Ok(());
                }
                Ok(_) => {}
                Err(error) => {
                    break Err(fail(&self.shared, exit_code_of(&error), error.to_string()));
                }
            }
        };
        stage.stop(&self.shared);
        note_cpu(&self.shared);
        outcome
    }

    fn connect(&self) -> Result<Acquire, SourceError> {
        let mut source = sources::make(&self.config.spec, Speed::Times(1.0))?;
        let info = source.prepare(&self.shared.clock)?;
        self.shared.set_source(view_of(&info));
        for note in &info.notes {
            self.shared.notice(Level::Info, note.clone());
        }
        let (channels, rate_hz) = (info.channels.len(), info.rate.hz());
        let (process_tx, process_rx) =
            frame_ring(channels, ring_frames(rate_hz, PROCESS_RING_SECS));
        let (record_tx, record_rx) = frame_ring(channels, ring_frames(rate_hz, RECORD_RING_SECS));
        // Both receivers wait for exactly this message, so there is room.
        let _ = self.to_process.send(Connected { info: info.clone(), ring: process_rx });
        let _ = self.to_record.send(Connected { info, ring: record_rx });
        Ok(Acquire::new(source, channels, process_tx, Some(record_tx)))
    }
}

/// The source as viewers see it.
pub fn view_of(info: &SourceInfo) -> SourceView {
    SourceView {
        kind: info.kind,
        name: info.name.clone(),
        simulated: info.simulated,
        channels: info.channels.clone(),
        rate_hz: info.rate.hz(),
        unit: info.source_unit.clone(),
        has_markers: info.has_markers,
        notes: info.notes.clone(),
    }
}

/// What the signal thread tells the decode thread: where windows come from and how channels are mapped.
struct FittedHop {
    windows: SlotReader<Window>,
    origins: Vec<crate::snapshot::ChannelOrigin>,
    facts: RunFacts,
}

struct ProcessShell {
    config: RunConfig,
    shared: Arc<Shared>,
    stimuli: Arc<StimulusSet>,
    connected: Receiver<Connected>,
    contract: Receiver<InputContract>,
    slot: Sender<FittedHop>,
    traces: Sender<FrameConsumer>,
    commands: Receiver<ProcessCommand>,
}

impl ProcessShell {
    fn run(self) -> Outcome {
        // Without a connection the acquisition thread has said why.
        let Ok(Connected { info, ring }) = self.connected.recv() else { return Ok(()) };
        let contract = self.contract.recv().unwrap_or_else(|_| InputContract::without_pack());
        let windows = contract::windows(self.config.mode, info.has_markers);
        let fitted = contract::fit(&contract, &info, windows);
        let chain_channels = fitted.chain.channels;
        let chain = Chain::prepare(fitted.chain).map_err(|e| {
            fail(&self.shared, 4, format!("this source does not suit the pack: {e}"))
        })?;
        let (channels, samples) = (chain_channels, chain.window_samples());
        let (mut slot_tx, slot_rx) = slot(|| Window::with_shape(channels, samples));
        let (quality_tx, quality_rx) =
            slot(|| vec![ChannelQuality::default(); info.channels.len()]);
        self.shared.set_quality_tap(quality_rx);
        let facts = RunFacts::of(&info);
        let _ = self.slot.send(FittedHop { windows: slot_rx, origins: fitted.origins, facts });
        let mut stage = Process::new(ProcessParts {
            ring,
            chain,
            window: Window::with_shape(channels, samples),
            refuse: fitted.refuse,
            traces: self.make_traces(&info),
            quality: quality_tx,
            rate_hz: info.rate.hz(),
            stamps_are_live: facts.stamps_are_live,
            commands: self.commands.clone(),
            rows: StimulusRows::of(&self.stimuli),
        });
        let mut publish = |window: &Window| {
            slot_tx.buffer().copy_from(window);
            slot_tx.publish();
            self.shared.windows_skipped.store(slot_tx.skipped(), Ordering::Relaxed);
        };
        loop {
            if stage.step(&self.shared, &mut publish) == 0 {
                if stage.is_finished() {
                    break;
                }
                std::thread::sleep(IDLE);
            }
        }
        note_cpu(&self.shared);
        Ok(())
    }

    fn make_traces(&self, info: &SourceInfo) -> Option<Traces> {
        if !self.config.traces {
            return None;
        }
        let channels = info.channels.len();
        let design = display_design(DisplayFilter::default(), info.rate)
            .map_err(|why| self.shared.notice(Level::Warning, why))
            .ok()?;
        let (tx, rx) = frame_ring(channels, ring_frames(info.rate.hz(), TRACE_RING_SECS));
        let _ = self.traces.send(rx);
        Some(Traces::new(channels, TraceFilter::prepare(channels, &design), tx))
    }
}

/// Reads and verifies the pack, with the personal encoder where one was asked for.
pub fn open_pack(config: &RunConfig, folder: &Path, cancel: &AtomicBool) -> Result<Pack, String> {
    let pack = Pack::open_unless(folder, cancel).map_err(|e| e.to_string())?;
    match &config.encoder {
        Some(file) => pack.with_encoder(file).map_err(|e| e.to_string()),
        None => Ok(pack),
    }
}

struct DecodeShell {
    stimuli: Arc<StimulusSet>,
    config: RunConfig,
    shared: Arc<Shared>,
    contract: Sender<InputContract>,
    fitted: Receiver<FittedHop>,
    commands: Receiver<DecodeCommand>,
    sinks: Vec<Box<dyn DecodeSink>>,
}

impl DecodeShell {
    fn run(mut self) -> (DecodeSummary, Outcome) {
        let Some(folder) = self.config.pack.clone() else {
            let _ = self.contract.send(InputContract::without_pack());
            return (DecodeSummary::default(), Ok(()));
        };
        self.shared.set_pack(PackState::Loading);
        let mut stage = match self.load(&folder) {
            Ok(stage) => stage,
            Err(message) => {
                self.shared.notice(Level::Error, message.clone());
                self.shared.set_pack(PackState::Refused(message.clone()));
                let _ = self.contract.try_send(InputContract::without_pack());
                return (DecodeSummary::default(), Err(RunFailure { message, exit_code: 4 }));
            }
        };
        stage.announce(&self.shared);
        // Without a fitted source there is nothing to decode; acquisition has said why.
        let Ok(FittedHop { mut windows, origins, facts }) = self.fitted.recv() else {
            return (stage.finish().0, Ok(()));
        };
        stage.begin(&self.shared, &facts, origins);
        let outcome = self.decode_until_closed(&mut stage, &mut windows);
        let (summary, finished) = stage.finish();
        self.shared.set_status(summary.status.clone());
        (summary, outcome.and(finished).map_err(|message| fail(&self.shared, 5, message)))
    }

    fn load(&mut self, folder: &Path) -> Result<Decoding, String> {
        let pack = open_pack(&self.config, folder, &self.shared.cancel)?;
        // The signal thread can set up while the graphs load.
        let _ = self.contract.send(InputContract::of(pack.manifest()));
        let runtime = sources::onnx_runtime()?;
        Decoding::load(
            &pack,
            &self.config,
            &self.stimuli,
            &runtime,
            std::mem::take(&mut self.sinks),
        )
    }

    fn decode_until_closed(
        &self,
        stage: &mut Decoding,
        windows: &mut SlotReader<Window>,
    ) -> Result<(), String> {
        loop {
            while let Ok(command) = self.commands.try_recv() {
                stage.obey(&self.shared, command);
            }
            let closed = windows.is_closed();
            match windows.take() {
                Some(window) => stage.step(&self.shared, window)?,
                None if closed => return Ok(()),
                None => std::thread::sleep(IDLE),
            }
        }
    }
}

struct RecordShell {
    shared: Arc<Shared>,
    connected: Receiver<Connected>,
    commands: Receiver<RecordCommand>,
}

impl RecordShell {
    fn run(self) -> Outcome {
        let Ok(Connected { info, mut ring }) = self.connected.recv() else { return Ok(()) };
        let mut recorder: Option<Recorder> = None;
        let mut outcome = Ok(());
        loop {
            while let Ok(command) = self.commands.try_recv() {
                outcome = outcome.and(self.obey(&mut recorder, command, &info));
            }
            let ended = ring.is_abandoned();
            let taken = match &mut recorder {
                Some(open) => match open.step(&mut ring) {
                    Ok(frames) => {
                        self.shared.set_recording(recording_state(open));
                        frames
                    }
                    Err(error) => {
                        // What was written before stays; its footers are written if that is still possible.
                        let _ = recorder.take().map(Recorder::finish);
                        outcome = outcome.and(Err(self.failed(error.to_string())));
                        0
                    }
                },
                None => discard(&mut ring),
            };
            if taken == 0 {
                if ended {
                    break;
                }
                std::thread::sleep(RECORD_IDLE);
            }
        }
        outcome.and(self.close(recorder))
    }

    fn obey(
        &self,
        recorder: &mut Option<Recorder>,
        command: RecordCommand,
        info: &SourceInfo,
    ) -> Outcome {
        match command {
            RecordCommand::Start(_) if recorder.is_some() => {
                self.shared.notice(Level::Warning, "a recording is running already");
                Ok(())
            }
            RecordCommand::Start(path) => {
                match Recorder::create(&path, info, &utc_now_iso8601(), &self.shared.clock) {
                    Ok(open) => {
                        self.shared.set_recording(recording_state(&open));
                        *recorder = Some(open);
                        Ok(())
                    }
                    Err(error) => Err(self.failed(error.to_string())),
                }
            }
            RecordCommand::Stop => self.close(recorder.take()),
        }
    }

    fn close(&self, recorder: Option<Recorder>) -> Outcome {
        let Some(open) = recorder else { return Ok(()) };
        match open.finish() {
            Ok(summary) => {
                self.shared.set_recording(RecordingState::Off);
                self.shared
                    .notice(Level::Info, format!("recording kept: {}", summary.path.display()));
                Ok(())
            }
            Err(error) => Err(self.failed(error.to_string())),
        }
    }

    fn failed(&self, message: String) -> RunFailure {
        self.shared.notice(Level::Error, message.clone());
        self.shared.set_recording(RecordingState::Failed(message.clone()));
        RunFailure { message, exit_code: 5 }
    }
}

fn recording_state(recorder: &Recorder) -> RecordingState {
    let RecordSummary { path, frames, lost, .. } = recorder.summary();
    RecordingState::On { path, frames, lost }
}

fn discard(ring: &mut FrameConsumer) -> usize {
    let mut frames = 0;
    while ring.next_marker().is_some() {}
    while ring.next_frame().is_some() {
        frames += 1;
    }
    frames
}
