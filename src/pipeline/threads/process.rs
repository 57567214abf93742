//! The shell of the signal thread: waits for source and contract, then filters until the ring is abandoned.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::{Receiver, Sender};

use crate::dsp::chain::Chain;
use crate::dsp::display::DisplayFilter as TraceFilter;
use crate::dsp::quality::impedance::{ContactMeter, Current};
use crate::hop::ring::{FrameConsumer, frame_ring};
use crate::hop::slot::slot;
use crate::pipeline::command::ProcessCommand;
use crate::pipeline::config::{DisplayFilter, RunConfig};
use crate::pipeline::contract::{self, InputContract};
use crate::pipeline::process::{Process, ProcessParts, StimulusRows, Traces};
use crate::pipeline::shared::Shared;
use crate::pipeline::sink::RunFacts;
use crate::signal::{StimulusSet, Window};
use crate::snapshot::{ChannelQuality, Level};
use crate::source::SourceInfo;

use super::common::{Connected, FittedHop, IDLE, Outcome, fail, note_cpu, ring_frames};

/// Seconds of signal that the ring to the screen holds; a window that is not drawn loses the rest.
const TRACE_RING_SECS: f64 = 2.0;

/// Filters and cuts windows.
pub(super) struct ProcessShell {
    pub config: RunConfig,
    pub shared: Arc<Shared>,
    pub stimuli: Arc<StimulusSet>,
    pub connected: Receiver<Connected>,
    pub contract: Receiver<InputContract>,
    pub slot: Sender<FittedHop>,
    pub traces: Sender<FrameConsumer>,
    pub commands: Receiver<ProcessCommand>,
}

impl ProcessShell {
    /// The body of the thread.
    pub fn run(self) -> Outcome {
        // Without a connection the acquisition thread has said why.
        let Ok(Connected { info, ring, source_waits }) = self.connected.recv() else {
            return Ok(());
        };
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
            transport: self.config.transport.clone(),
            commands: self.commands.clone(),
            rows: StimulusRows::of(&self.stimuli),
        })
        .with_contact(self.contact_meter(&info));
        let mut publish = |window: &Window| {
            // A source that waits skips no window, even where one read brings several. Live never waits.
            while source_waits && self.shared.decoder_is_behind() && !self.shared.stopping() {
                std::thread::sleep(IDLE);
            }
            slot_tx.buffer().copy_from(window);
            // Counted before it can be taken, so that it is never settled before it was passed on.
            self.shared.windows_passed_on.fetch_add(1, Ordering::Release);
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

    /// What measures impedance by the current that the board can send, where it can.
    fn contact_meter(&self, info: &SourceInfo) -> Option<ContactMeter> {
        let lead_off = self.shared.board.view()?.state.info.lead_off?;
        let current = Current {
            amps: lead_off.seen_amps(),
            hz: lead_off.hz,
            series_ohm: lead_off.series_ohm,
        };
        ContactMeter::new(info.rate, current)
    }

    fn make_traces(&self, info: &SourceInfo) -> Option<Traces> {
        if !self.config.traces {
            return None;
        }
        let channels = info.channels.len();
        let design = DisplayFilter::default()
            .design(info.rate)
            .map_err(|why| self.shared.notice(Level::Warning, why))
            .ok()?;
        let (tx, rx) = frame_ring(channels, ring_frames(info.rate.hz(), TRACE_RING_SECS));
        let _ = self.traces.send(rx);
        Some(Traces::new(channels, TraceFilter::prepare(channels, &design), tx))
    }
}
