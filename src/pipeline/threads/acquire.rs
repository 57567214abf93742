//! The shell of the acquisition thread: connects, hands over the rings, reads until told to stop.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use crate::hop::ring::frame_ring;
use crate::pipeline::acquire::Acquire;
use crate::pipeline::background::Later;
use crate::pipeline::config::RunConfig;
use crate::pipeline::shared::Shared;
use crate::pipeline::view::view_of;
use crate::snapshot::{Level, RunState};
use crate::source::{BoardCommand, ReadStatus, SourceError};

use super::common::{Connected, Outcome, fail, note_cpu, ring_frames};

/// Seconds of signal that the ring to the signal stage holds. Full only if this computer stalls that long.
const PROCESS_RING_SECS: f64 = 4.0;
/// Seconds of signal that the ring to the recorder holds: it must outlast a slow disk.
const RECORD_RING_SECS: f64 = 20.0;

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
        let mut stage = match self.connect() {
            Ok(stage) => stage,
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

    fn connect(&self) -> Result<Acquire, SourceError> {
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
        let _ =
            self.to_process.send(Connected { info: info.clone(), ring: process_rx, source_waits });
        let _ = self.to_record.send(Connected { info, ring: record_rx, source_waits });
        let stage = Acquire::new(source, channels, process_tx, Some(record_tx));
        Ok(stage.with_commands(self.commands.clone()))
    }
}
