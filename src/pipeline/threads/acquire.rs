//! The shell of the acquisition thread: looks for the source, connects, hands over the rings, reads until told to stop.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use crate::hop::ring::frame_ring;
use crate::hop::slot::slot;
use crate::pipeline::acquire::{Acquire, HealthFeed};
use crate::pipeline::background::Later;
use crate::pipeline::config::RunConfig;
use crate::pipeline::rings::{PROCESS_RING_SECS, RECORD_RING_SECS, ring_frames};
use crate::pipeline::shared::Shared;
use crate::pipeline::view::view_of;
use crate::snapshot::{Health, Level, RunState};
use crate::source::lsl::Sought;
use crate::source::{BoardCommand, ReadStatus, SourceError, SourceInfo, SourceKind, make};
use crate::time::health::HealthMeter;

use super::common::{Connected, Outcome, fail, go_first, note_cpu};

/// Makes the source and reads it.
pub(super) struct AcquireShell {
    pub earlier: Option<Later<()>>,
    pub config: RunConfig,
    pub shared: Arc<Shared>,
    pub to_process: Sender<Connected>,
    pub to_record: Sender<Connected>,
    pub commands: Receiver<BoardCommand>,
}

impl AcquireShell {
    /// The body of the thread.
    pub fn run(mut self) -> Outcome {
        // Dropping it waits until the earlier run has let go of its device.
        drop(self.earlier.take());
        go_first(&self.config.spec);
        let mut stage =
            match self.seek().and_then(|there| there.then(|| self.connect()).transpose()) {
                Ok(Some(stage)) => stage,
                // Told to stop before the source was there.
                Ok(None) => return Ok(()),
                Err(error) => return Err(fail(&self.shared, error.exit_code(), error.to_string())),
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
                    break Err(fail(&self.shared, error.exit_code(), error.to_string()));
                }
            }
        };
        stage.stop(&self.shared);
        note_cpu(&self.shared);
        outcome
    }

    /// Looks for a source that may not be there yet; false when told to stop meanwhile.
    fn seek(&self) -> Result<bool, SourceError> {
        let (shared, since_secs) = (&self.shared, self.shared.clock.now_secs());
        let mut go_on = |news: Option<Sought>| {
            if let Some(Sought { what, hint }) = news {
                shared.set_run(RunState::Searching { since_secs, what, hint });
            }
            !shared.stopping()
        };
        let patience_secs = self.config.patience_secs;
        make::seek(&self.config.spec, &shared.clock, patience_secs, &mut go_on)
    }

    fn connect(&self) -> Result<Acquire, SourceError> {
        self.shared.set_run(RunState::Connecting);
        let mut source = self.config.make_source()?;
        let info = source.prepare(&self.shared.clock)?;
        self.shared.set_source(view_of(&info));
        self.shared.board.store(source.board());
        for note in &info.notes {
            self.shared.notice(Level::Info, note.clone());
        }
        let (channels, rate_hz) = (info.channels.len(), info.rate.hz());
        let (process_tx, process_rx) =
            frame_ring(channels, ring_frames(rate_hz, PROCESS_RING_SECS));
        let (record_tx, record_rx) = frame_ring(channels, ring_frames(rate_hz, RECORD_RING_SECS));
        // Both receivers wait for exactly this message, so there is room.
        let source_waits = source.can_wait();
        self.shared.link.connected(self.shared.clock.now_secs(), source_waits);
        let health = self.health_feed(&info);
        let _ =
            self.to_process.send(Connected { info: info.clone(), ring: process_rx, source_waits });
        let cleaned = self.config.cleaning.words();
        let note = |words| format!("decodes beside this signal are of the signal cleaned: {words}");
        let notes = info.notes.iter().cloned().chain(cleaned.map(note)).collect();
        let info = SourceInfo { notes, ..info };
        let _ = self.to_record.send(Connected { info, ring: record_rx, source_waits });
        let stage = Acquire::new(source, channels, process_tx, Some(record_tx));
        Ok(stage.with_health(health).with_commands(self.commands.clone()))
    }

    fn health_feed(&self, info: &SourceInfo) -> HealthFeed {
        let live = info.kind != SourceKind::File && !make::makes_own_time(&self.config.spec);
        let (writer, reader) = slot(Health::default);
        self.shared.set_health_tap(reader);
        HealthFeed::new(HealthMeter::new(info.rate.hz(), live), writer)
    }
}
