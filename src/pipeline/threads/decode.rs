//! The shell of the decode thread: loads the pack, tells what it wants to see, decodes until the backlog is closed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::{Receiver, Sender, TryRecvError};

use crate::hop::backlog::BacklogReader;
use crate::native;
use crate::pipeline::config::RunConfig;
use crate::pipeline::contract::InputContract;
use crate::pipeline::decoding::{DecodeSummary, Decoding};
use crate::pipeline::failure::RunFailure;
use crate::pipeline::finding::{FindConfig, Finding};
use crate::pipeline::provenance::open_pack;
use crate::pipeline::shared::Shared;
use crate::pipeline::sink::DecodeSink;
use crate::signal::{StimulusSet, Window};
use crate::snapshot::{Level, PackState};

use super::common::{FittedHop, IDLE, Outcome, fail};
use crate::pipeline::command::DecodeCommand;

/// Decodes windows.
pub(super) struct DecodeShell {
    pub stimuli: Arc<StimulusSet>,
    pub config: RunConfig,
    pub shared: Arc<Shared>,
    pub contract: Sender<InputContract>,
    pub fitted: Receiver<FittedHop>,
    pub commands: Receiver<DecodeCommand>,
    pub sinks: Vec<Box<dyn DecodeSink>>,
}

impl DecodeShell {
    /// The body of the thread.
    pub fn run(self) -> (DecodeSummary, Outcome) {
        let shared = self.shared.clone();
        let outcome = self.run_to_its_end();
        // A replay that waits for the decoder must not wait for one that is gone.
        shared.windows_settled.store(u64::MAX, Ordering::Release);
        outcome
    }

    fn run_to_its_end(mut self) -> (DecodeSummary, Outcome) {
        if let Some(find) = self.config.find.clone() {
            return (DecodeSummary::default(), self.find(&find));
        }
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
        let Some(FittedHop { mut windows, origins, facts }) = self.fitted_hop(&mut stage) else {
            return (stage.finish().0, Ok(()));
        };
        stage.begin(&self.shared, &facts, origins);
        let outcome = self.decode_until_closed(&mut stage, &mut windows);
        let (summary, finished) = stage.finish();
        self.shared.set_status(summary.status.clone());
        (summary, outcome.and(finished).map_err(|message| fail(&self.shared, 5, message)))
    }

    /// Looks for a picture by attention until the backlog is closed.
    fn find(&self, find: &FindConfig) -> Outcome {
        let refused = |message| fail(&self.shared, 4, message);
        let contract = InputContract::of_wearer(&find.wearer.input).map_err(refused)?;
        let mut stage = Finding::new(find).map_err(refused)?;
        let _ = self.contract.send(contract);
        let Ok(FittedHop { mut windows, .. }) = self.fitted.recv() else { return Ok(()) };
        loop {
            let closed = windows.is_closed();
            match windows.take() {
                Some(window) => {
                    stage.step(&self.shared, window);
                    self.shared.windows_settled.fetch_add(1, Ordering::Release);
                }
                None if closed => return Ok(()),
                None => std::thread::sleep(IDLE),
            }
        }
    }

    fn load(&mut self, folder: &Path) -> Result<Decoding, String> {
        let pack = open_pack(&self.config, folder, &self.shared.cancel)?;
        // The signal thread can set up while the graphs load.
        let _ = self
            .contract
            .send(InputContract::of(pack.manifest()).with_cleaning(&self.config.cleaning));
        let runtime = native::onnx_runtime()?;
        Decoding::load(
            &pack,
            &self.config,
            &self.stimuli,
            &runtime,
            std::mem::take(&mut self.sinks),
        )
    }

    /// Waits until a source is there, and paints meanwhile what will be guessed.
    fn fitted_hop(&self, stage: &mut Decoding) -> Option<FittedHop> {
        loop {
            match self.fitted.try_recv() {
                Ok(hop) => return Some(hop),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {
                    if !stage.paint_ahead(&self.shared, &|| !self.fitted.is_empty()) {
                        return self.fitted.recv().ok();
                    }
                }
            }
        }
    }

    fn decode_until_closed(
        &self,
        stage: &mut Decoding,
        windows: &mut BacklogReader<Window>,
    ) -> Result<(), String> {
        let waiting = windows.waiting();
        let clock = self.shared.clock.clone();
        let mut rhythm = Rhythm::default();
        loop {
            while let Ok(command) = self.commands.try_recv() {
                stage.obey(&self.shared, command);
            }
            let closed = windows.is_closed();
            match windows.take() {
                Some(window) => {
                    rhythm.window_at(clock.now_secs());
                    stage.step(&self.shared, window)?;
                    self.shared.windows_settled.fetch_add(1, Ordering::Release);
                }
                None if closed => return Ok(()),
                None if rhythm.is_calm(clock.now_secs())
                    && stage.paint_ahead(&self.shared, &waiting) => {}
                None => std::thread::sleep(IDLE),
            }
        }
    }
}

/// When windows come: the last third before the next one is kept free, since a painting that has begun takes some
/// milliseconds to stop.
#[derive(Default)]
struct Rhythm {
    last_secs: Option<f64>,
    interval_secs: f64,
}

impl Rhythm {
    fn window_at(&mut self, now_secs: f64) {
        if let Some(last_secs) = self.last_secs.replace(now_secs) {
            self.interval_secs = now_secs - last_secs;
        }
    }

    /// True while the next window is not near, or overdue.
    fn is_calm(&self, now_secs: f64) -> bool {
        let since_secs = self.last_secs.map_or(f64::INFINITY, |last| now_secs - last);
        !(self.interval_secs * 2.0 / 3.0..self.interval_secs * 1.5).contains(&since_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_painting_ahead_shortly_before_the_next_window() {
        let mut rhythm = Rhythm::default();
        assert!(rhythm.is_calm(0.0));
        rhythm.window_at(1.0);
        rhythm.window_at(2.0);
        let calm = [2.1, 2.6, 2.7, 3.0, 3.4, 3.6].map(|secs| rhythm.is_calm(secs));
        assert_eq!(calm, [true, true, false, false, false, true]);
    }
}
