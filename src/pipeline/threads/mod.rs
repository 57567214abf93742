//! The thread shells: thin, named, joined, each reports its error. All the work is in the stages.
//!
//! Order of things: the decode thread reads the pack's manifest and tells the signal thread what it wants;
//! the acquisition thread connects and hands over the rings; then samples flow. Stopping goes the same way:
//! acquisition lets go of its ring ends, the others see that and finish.

mod acquire;
mod announce;
mod common;
mod decode;
mod process;
mod record;

use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, bounded};

use super::background::Later;
use super::command::{CommandEnds, RecordCommand};
use super::config::RunConfig;
use super::decoding::DecodeSummary;
use super::failure::RunFailure;
use super::recorded::ToRecord;
use super::shared::Shared;
use super::sink::DecodeSink;
use crate::hop::ring::FrameConsumer;
use crate::record::decodes::decode_tap;
use crate::signal::StimulusSet;
use crate::snapshot::RunState;
use crate::source::make;
use acquire::AcquireShell;
use announce::AnnounceShell;
use common::{Outcome, fail};
use decode::DecodeShell;
use process::ProcessShell;
use record::RecordShell;

/// Commands that wait for a stage at most; a sender learns when it is full.
const COMMAND_CAPACITY: usize = 16;
/// All threads of a run.
pub struct Threads {
    acquire: Option<JoinHandle<Outcome>>,
    process: Option<JoinHandle<Outcome>>,
    decode: Option<JoinHandle<(DecodeSummary, Outcome)>>,
    record: Option<JoinHandle<Outcome>>,
    announce: Option<JoinHandle<Outcome>>,
    /// Gives the reading end of the trace ring once the source is there.
    pub traces: Receiver<FrameConsumer>,
}

impl Threads {
    /// Spawns all threads.
    pub fn spawn(
        earlier: Option<Later<()>>,
        config: RunConfig,
        shared: Arc<Shared>,
        stimuli: Arc<StimulusSet>,
        mut sinks: Vec<Box<dyn DecodeSink>>,
    ) -> (Self, CommandEnds) {
        let (feed, decodes) = decode_tap();
        sinks.push(Box::new(ToRecord::new(feed, shared.clone(), stimuli.clone())));
        let (acquire_tx, acquire_rx) = bounded(COMMAND_CAPACITY);
        let (process_tx, process_rx) = bounded(COMMAND_CAPACITY);
        let (decode_tx, decode_rx) = bounded(COMMAND_CAPACITY);
        let (record_tx, record_rx) = bounded(COMMAND_CAPACITY);
        let (to_process, process_connected) = bounded(1);
        let (to_record, record_connected) = bounded(1);
        let (contract_tx, contract_rx) = bounded(1);
        let (slot_tx, slot_rx) = bounded(1);
        let (traces_tx, traces) = bounded(1);
        if let Some(recording) = config.record.clone() {
            let _ = record_tx.try_send(RecordCommand::Start(recording));
        }
        let (announced, is_offline) = (config.screen.clone(), make::makes_own_time(&config.spec));
        let acquire = AcquireShell {
            earlier,
            config: config.clone(),
            shared: shared.clone(),
            to_process,
            to_record,
            commands: acquire_rx,
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
            decodes,
        };
        // A source that makes its own time has moments that mean nothing to other programs.
        let screen = announced.filter(|_| !is_offline);
        let announce = screen.and_then(|screen| {
            let shell = AnnounceShell { shared: shared.clone(), screen };
            spawn("phosphene-announce", &shared, move || shell.run())
        });
        let threads = Self {
            announce,
            acquire: spawn("phosphene-acquire", &shared, move || acquire.run()),
            process: spawn("phosphene-process", &shared, move || process.run()),
            decode: spawn("phosphene-decode", &shared, move || decode.run()),
            record: spawn("phosphene-record", &shared, move || record.run()),
            traces,
        };
        let ends = CommandEnds {
            acquire: acquire_tx,
            process: process_tx,
            decode: decode_tx,
            record: record_tx,
        };
        (threads, ends)
    }

    /// Joins every thread; gives the decoder's summary and the first failure.
    pub fn join(&mut self, shared: &Shared) -> (DecodeSummary, Option<RunFailure>) {
        let mut failures = Vec::new();
        for handle in
            [self.acquire.take(), self.process.take(), self.record.take(), self.announce.take()]
                .into_iter()
                .flatten()
        {
            failures.extend(join_one(handle).and_then(Result::err));
        }
        let mut summary = DecodeSummary::default();
        if let Some((decoded, outcome)) = self.decode.take().and_then(join_one) {
            summary = decoded;
            failures.extend(outcome.err());
        }
        if shared.run() == RunState::Running {
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
