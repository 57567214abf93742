//! The shell of the record thread: writes while a recording runs, discards otherwise, drains at the end.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;

use crate::clock::utc_now_iso8601;
use crate::hop::ring::FrameConsumer;
use crate::pipeline::handle::RunFailure;
use crate::pipeline::record::{RecordSummary, Recorder};
use crate::pipeline::shared::Shared;
use crate::snapshot::{Level, RecordingState};
use crate::source::SourceInfo;

use super::{Connected, Outcome, RecordCommand};

/// How long the recorder sleeps; it is in no hurry, its ring is long.
const RECORD_IDLE: Duration = Duration::from_millis(20);

/// Writes the recording.
pub(super) struct RecordShell {
    pub shared: Arc<Shared>,
    pub connected: Receiver<Connected>,
    pub commands: Receiver<RecordCommand>,
}

impl RecordShell {
    /// The body of the thread.
    pub fn run(self) -> Outcome {
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
