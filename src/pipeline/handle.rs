//! The handle to a running pipeline: start, look, ask, stop.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::Sender;

use crate::hop::ring::FrameConsumer;
use crate::signal::StimulusSet;
use crate::snapshot::{Level, RunState, Snapshot};
use crate::time::clock::Clock;

use super::background::Later;
use super::command::{Command, DecodeCommand, ProcessCommand, RecordCommand};
use super::config::{RunConfig, WindowMode};
use super::contract;
use super::decoding::DecodeSummary;
use super::failure::{RunFailure, RunReport};
use super::shared::Shared;
use super::sink::DecodeSink;
use super::threads::Threads;
use crate::source::BoardCommand;
use crate::source::make::clock_for;

/// A running pipeline.
pub struct Pipeline {
    shared: Arc<Shared>,
    threads: Threads,
    stimuli: Arc<StimulusSet>,
    started_secs: f64,
    mode: WindowMode,
    /// It looks for a picture by attention: flashes only are cut, whatever the mode.
    finds: bool,
    acquire: Sender<BoardCommand>,
    process: Sender<ProcessCommand>,
    decode: Sender<DecodeCommand>,
    record: Sender<RecordCommand>,
    traces: Option<FrameConsumer>,
}

impl Pipeline {
    /// Starts every thread and returns at once. What happens then shows in the snapshot; a source or a
    /// library that is missing is a [`RunState::Failed`], never a panic.
    pub fn start(config: RunConfig, sinks: Vec<Box<dyn DecodeSink>>) -> Self {
        Self::start_after(None, config, sinks)
    }

    /// As [`Pipeline::start`], but the source is opened only when an earlier run has let go of its own.
    pub fn start_after(
        earlier: Option<Later<()>>,
        config: RunConfig,
        sinks: Vec<Box<dyn DecodeSink>>,
    ) -> Self {
        let (clock, clock_error) = match clock_for(&config.spec) {
            Ok(clock) => (clock, None),
            Err(error) => (Clock::system(), Some(error)),
        };
        let shared = Arc::new(Shared::new(clock));
        let stimuli = config.stimuli();
        let started_secs = shared.clock.now_secs();
        let (mode, finds) = (config.mode, config.find.is_some());
        if let Some(error) = clock_error {
            shared.notice(Level::Warning, error.to_string());
        }
        let (threads, ends) =
            Threads::spawn(earlier, config, shared.clone(), stimuli.clone(), sinks);
        Self {
            shared,
            threads,
            stimuli,
            started_secs,
            mode,
            finds,
            acquire: ends.acquire,
            process: ends.process,
            decode: ends.decode,
            record: ends.record,
            traces: None,
        }
    }

    /// The program's clock as this run reads it.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Gives the decode stage a way to say that there is something new to see.
    pub fn set_wake(&self, wake: Arc<dyn Fn() + Send + Sync>) {
        self.shared.set_wake(wake);
    }

    /// What a viewer may see now.
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot(|row| Some(self.stimuli.stimuli.get(usize::from(row))?.label.clone()))
    }

    /// What it is doing as a whole.
    pub fn run(&self) -> RunState {
        self.shared.run()
    }

    /// Seconds since the first sample arrived.
    pub fn seconds_running(&self) -> f64 {
        self.shared.first_sample_secs().map_or(0.0, |first| self.shared.clock.now_secs() - first)
    }

    /// Calls `each` with every raw frame since the last call, and `marker` with every marker.
    pub fn drain_traces(
        &mut self,
        each: &mut dyn FnMut(crate::signal::FrameMeta, &[f32]),
        marker: &mut dyn FnMut(crate::signal::Marker),
    ) {
        if self.traces.is_none() {
            self.traces = self.threads.traces.try_recv().ok();
        }
        let Some(ring) = &mut self.traces else { return };
        while let Some(event) = ring.next_marker() {
            marker(event);
        }
        while let Some((meta, values)) = ring.next_frame() {
            each(meta, values);
        }
    }

    /// Passes a command to the stage that can carry it out. False when that stage has too many waiting.
    pub fn send(&mut self, command: Command) -> bool {
        match command {
            Command::SetMode(mode) => {
                self.mode = mode;
                if self.finds {
                    return true;
                }
                let has_markers = self.shared.source().is_some_and(|source| source.has_markers);
                let windows = contract::windows(mode, has_markers);
                self.process.try_send(ProcessCommand::Windows(windows)).is_ok()
            }
            Command::SetSteps(steps) => self.decode.try_send(DecodeCommand::Steps(steps)).is_ok(),
            Command::SetTwin(on) => self.decode.try_send(DecodeCommand::Twin(on)).is_ok(),
            Command::SetSteadying(steadying) => {
                self.decode.try_send(DecodeCommand::Steadying(steadying)).is_ok()
            }
            Command::SetShowing(showing) => {
                self.decode.try_send(DecodeCommand::Showing(showing)).is_ok()
            }
            Command::Board(command) => self.tell_board(command),
            Command::PictureShown { window, at_secs } => {
                self.decode.try_send(DecodeCommand::Shown { window, at_secs }).is_ok()
            }
            Command::StartRecording(recording) => {
                self.record.try_send(RecordCommand::Start(recording)).is_ok()
            }
            Command::StopRecording => self.record.try_send(RecordCommand::Stop).is_ok(),
        }
    }

    fn tell_board(&self, command: BoardCommand) -> bool {
        if self.shared.board.view().is_none() {
            let text = "this source has no settings of its own: set the device in its own program";
            self.shared.notice(Level::Warning, text);
            return true;
        }
        self.acquire.try_send(command).is_ok()
    }

    /// Which windows were asked for last.
    pub fn mode(&self) -> WindowMode {
        self.mode
    }

    /// Ends it without making the caller wait; the returned value joins it at the latest when dropped.
    pub fn retire(self) -> Later<()> {
        Later::run("phosphene-retire", move || {
            let _ = self.abort();
        })
    }

    /// As [`Pipeline::stop`], but the decoder gives up the window it is working on.
    pub fn abort(self) -> RunReport {
        self.shared.cancel.store(true, Ordering::Release);
        self.stop()
    }

    /// Ends the source, lets every stage drain, joins every thread.
    pub fn stop(mut self) -> RunReport {
        let seconds = self.seconds_running();
        let run_before = self.shared.snapshot(|_| None).run;
        self.shared.stop.store(true, Ordering::Release);
        let (summary, failure) = self.threads.join(&self.shared);
        let mut snapshot = self.snapshot();
        if run_before.is_away() || matches!(run_before, RunState::Stalled { .. }) {
            snapshot.run = run_before;
        }
        self.report(snapshot, seconds, summary, failure)
    }

    fn report(
        &self,
        snapshot: Snapshot,
        seconds: f64,
        summary: DecodeSummary,
        failure: Option<RunFailure>,
    ) -> RunReport {
        let cpu_secs = self.shared.realtime_cpu_us.load(Ordering::Relaxed) as f64 * 1e-6;
        let span = seconds.max(1e-3);
        RunReport {
            images_per_s: snapshot.windows.decoded as f64 / span,
            p_values: summary.p_values,
            p_shown: summary.p_shown,
            decode_hash: summary.decode_hash,
            first_picture_secs: summary.first_picture_secs.map(|at| at - self.started_secs),
            sample_to_filtered: self.shared.filter_times(),
            acquire_and_filter_cpu_share: (cpu_secs > 0.0).then(|| cpu_secs / span),
            seconds,
            snapshot,
            failure,
        }
    }
}
