//! The shell of the signal thread: waits for source and contract, then filters until the ring is abandoned.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::{Receiver, Sender};

use crate::dsp::chain::Chain;
use crate::dsp::clean::Learn;
use crate::dsp::quality::impedance::{ContactMeter, Current};
use crate::hop::backlog::backlog;
use crate::hop::ring::{FrameConsumer, display_ring};
use crate::hop::slot::slot;
use crate::pipeline::cleaner::cleaner;
use crate::pipeline::command::ProcessCommand;
use crate::pipeline::config::RunConfig;
use crate::pipeline::contract::{self, InputContract};
use crate::pipeline::learning::Learner;
use crate::pipeline::process::{Process, ProcessParts, StimulusRows};
use crate::pipeline::rings::{TRACE_RING_SECS, ring_frames};
use crate::pipeline::shared::Shared;
use crate::pipeline::sink::RunFacts;
use crate::pipeline::traces::Traces;
use crate::signal::{StimulusSet, Window};
use crate::snapshot::{ChannelQuality, FiltersView, Level};
use crate::source::{SourceInfo, SourceKind};
use crate::time::health::DELIVERY_SECS;

use super::common::{Connected, FittedHop, IDLE, Outcome, fail, go_first, note_cpu};

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
        go_first(&self.config.spec);
        let contract = self
            .contract
            .recv()
            .unwrap_or_else(|_| InputContract::without_pack())
            .with_cleaning(&self.config.cleaning);
        // Only a pack names channels.
        let decodes = !contract.channels.is_empty();
        let windows = match &self.config.find {
            Some(_) => contract::flashes_only(),
            None => contract::windows(self.config.mode, info.has_markers),
        };
        let fitted = contract::fit(&contract, &info, windows);
        // Where nobody waits for the signal, the chain itself can learn what is clean, at the same frame.
        let learn = if info.kind == SourceKind::File { Learn::Here } else { Learn::Elsewhere };
        let asked = contract.cleaning.components.as_ref();
        let learns = learn == Learn::Elsewhere && asked.is_some_and(|asked| asked.from.is_none());
        let cleaner = cleaner(&contract.cleaning, &info, &fitted, learn);
        let cleaner = cleaner.map_err(|why| fail(&self.shared, 4, why))?;
        let chain_channels = fitted.chain.channels;
        let chain = Chain::prepare(fitted.chain).map_err(|e| {
            fail(&self.shared, 4, format!("this source does not suit the pack: {e}"))
        })?;
        let chain = match cleaner {
            Some(cleaner) => chain.with_cleaner(cleaner),
            None => chain,
        };
        self.shared.cleaning.begin(&contract.cleaning);
        if let Some(words) = contract.cleaning.words() {
            let text = format!(
                "the decoder's signal is cleaned ({words}); what a pack expects is of signal that was not"
            );
            self.shared.notice(Level::Info, text);
        }
        self.shared.set_filters(FiltersView {
            sections: chain.sections().to_vec(),
            rate_hz: info.rate.hz(),
            resampler_delay_secs: chain.resampler_delay_secs(),
        });
        let (channels, samples) = (chain_channels, chain.window_samples());
        let (mut windows_tx, windows_rx) = backlog(|| Window::with_shape(channels, samples));
        let (quality_tx, quality_rx) =
            slot(|| vec![ChannelQuality::default(); info.channels.len()]);
        self.shared.set_quality_tap(quality_rx);
        let facts = RunFacts::of(&info);
        let _ = self.slot.send(FittedHop { windows: windows_rx, origins: fitted.origins, facts });
        let mut stage = Process::new(ProcessParts {
            ring,
            chain,
            wants_windows: decodes,
            refuse: fitted.refuse,
            traces: self.make_traces(&info),
            quality: quality_tx,
            rate_hz: info.rate.hz(),
            stamps_are_live: facts.stamps_are_live,
            transport: self.config.transport.clone(),
            commands: self.commands.clone(),
            rows: StimulusRows::of(&self.stimuli),
            learner: learns.then(Learner::start),
        })
        .with_contact(self.contact_meter(&info));
        let mut last_arrival_secs = f64::NEG_INFINITY;
        let mut publish = |window: &Window| {
            // A source that waits skips no window, even where one read brings several. Live never waits.
            while source_waits && self.shared.decoder_is_behind() && !self.shared.stopping() {
                std::thread::sleep(IDLE);
            }
            // Windows that one delivery completed all wait their turn; a new delivery replaces what is left.
            let new_delivery = window.last_arrival_secs - last_arrival_secs > DELIVERY_SECS;
            last_arrival_secs = window.last_arrival_secs;
            windows_tx.buffer().copy_from(window);
            // Counted before it can be taken, so that it is never settled before it was passed on.
            self.shared.windows_passed_on.fetch_add(1, Ordering::Release);
            windows_tx.publish(new_delivery);
            self.shared.windows_skipped.store(windows_tx.skipped(), Ordering::Relaxed);
        };
        loop {
            if stage.step(&self.shared, &mut publish) == 0 && stage.is_finished() {
                break;
            }
            stage.rest();
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
        let (tx, rx) = display_ring(channels, ring_frames(info.rate.hz(), TRACE_RING_SECS));
        let _ = self.traces.send(rx);
        Some(Traces::new(channels, tx))
    }
}
