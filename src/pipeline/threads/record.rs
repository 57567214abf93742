//! The shell of the record thread: writes while a recording runs, discards otherwise, drains at the end.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;

use crate::formats::own;
use crate::hop::ring::FrameConsumer;
use crate::pipeline::failure::RunFailure;
use crate::pipeline::shared::Shared;
use crate::record::decodes::DecodeTap;
use crate::record::{RecordError, RecordSummary, Recorder};
use crate::snapshot::{Level, RecordingState};
use crate::source::{SourceInfo, SourceKind, SourceSpec};
use crate::time::clock::utc_now_iso8601;

use super::common::{Connected, Outcome};
use crate::pipeline::command::RecordCommand;

/// How long the recorder sleeps; it is in no hurry, its ring is long.
const RECORD_IDLE: Duration = Duration::from_millis(20);

/// Writes the recording.
pub(super) struct RecordShell {
    pub shared: Arc<Shared>,
    pub connected: Receiver<Connected>,
    pub commands: Receiver<RecordCommand>,
    pub decodes: DecodeTap,
}

impl RecordShell {
    /// The body of the thread.
    pub fn run(mut self) -> Outcome {
        let Ok(Connected { info, mut ring, .. }) = self.connected.recv() else { return Ok(()) };
        let mut recorder: Option<Recorder> = None;
        let mut outcome = Ok(());
        loop {
            while let Ok(command) = self.commands.try_recv() {
                outcome = outcome.and(self.obey(&mut recorder, command, &info));
            }
            let ended = ring.is_abandoned();
            let taken = match &mut recorder {
                Some(open) => match step(open, &mut ring, &mut self.decodes) {
                    Ok((taken, said)) => {
                        self.shared.set_recording(recording_state(open));
                        self.tell(said);
                        taken
                    }
                    Err(error) => {
                        // What was written before stays; its footers are written if that is still possible.
                        let _ = recorder.take().map(Recorder::finish);
                        outcome = outcome.and(Err(self.failed(error.to_string())));
                        0
                    }
                },
                None => discard(&mut ring, &mut self.decodes),
            };
            if taken == 0 {
                // The decoder may still be at work on the last windows.
                if ended && self.decodes.is_closed() {
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
            RecordCommand::Start(recording) => {
                let now = utc_now_iso8601();
                match Recorder::create(&recording.path, info, &now, &self.shared.clock) {
                    Ok(mut open) => {
                        self.take_along(&mut open, &recording.also, info);
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

    /// The recording of the run's own source goes on without what cannot be had.
    fn take_along(&self, recorder: &mut Recorder, also: &[SourceSpec], info: &SourceInfo) {
        let running = (info.kind == SourceKind::Lsl).then_some(info.name.as_str());
        if let Err(why) = recorder.take_along(also, running) {
            let text = format!("other sources are not recorded: {why}");
            self.shared.notice(Level::Warning, text);
        }
    }

    fn close(&self, recorder: Option<Recorder>) -> Outcome {
        let Some(mut open) = recorder else { return Ok(()) };
        // What cannot be written shows in `finish` too.
        self.tell(open.stop_companions().unwrap_or_default());
        for stream in open.companions().iter().filter(|stream| stream.samples == 0) {
            let text = format!("'{}' sent nothing while it was recorded", stream.name);
            self.shared.notice(Level::Info, text);
        }
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

    fn tell(&self, said: Vec<String>) {
        for text in said {
            self.shared.notice(Level::Warning, text);
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
    let also = recorder.companions().into_iter().map(|stream| (stream.name, stream.samples));
    RecordingState::On { path, frames, lost, also: also.collect() }
}

/// Takes what is there of the signal, the decodes and other sources; how much that was, and what the user should
/// know.
fn step(
    recorder: &mut Recorder,
    ring: &mut FrameConsumer,
    decodes: &mut DecodeTap,
) -> Result<(usize, Vec<String>), RecordError> {
    let mut taken = recorder.step(ring)?;
    let said = recorder.step_companions()?;
    while let Some(decode) = decodes.next_line() {
        recorder.push_decode(decode.at_secs, &decode.json)?;
        taken += 1;
    }
    let dropped = decodes.newly_dropped();
    if dropped > 0 {
        recorder.note(&own::decodes_lost_label(dropped));
    }
    Ok((taken, said))
}

fn discard(ring: &mut FrameConsumer, decodes: &mut DecodeTap) -> usize {
    let mut frames = 0;
    while decodes.next_line().is_some() {}
    let _ = decodes.newly_dropped();
    while ring.next_marker().is_some() {}
    while ring.next_frame().is_some() {
        frames += 1;
    }
    frames
}
