//! The signal stage: from the ring through the filters to windows.
//!
//! Takes every frame and marker from the ring, gives windows to whoever asks, filtered traces to the
//! display ring, and each channel's quality to a slot. One `step` empties the ring. After it is made it
//! never blocks, locks, logs or allocates.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::Receiver;

use crate::dsp::chain::Chain;
use crate::dsp::display::DisplayFilter;
use crate::dsp::quality::electrodes::Verdict;
use crate::dsp::quality::impedance::ContactMeter;
use crate::hop::ring::{FrameConsumer, FrameProducer};
use crate::hop::slot::SlotWriter;
use crate::signal::marker::MarkerEvent;
use crate::signal::{Abstention, Chunk, FrameMeta, Lock, Marker, StimulusSet, Window};
use crate::snapshot::{ChannelQuality, QualityVerdict};

use super::command::ProcessCommand;
use super::shared::Shared;
use crate::source::file::Transport;

/// How often the channels' quality goes to the viewers, in seconds of signal.
const QUALITY_EVERY_SECS: f64 = 0.5;

/// The signal stage.
pub struct Process {
    ring: FrameConsumer,
    chain: Chain,
    window: Window,
    refuse: Option<Abstention>,
    traces: Option<Traces>,
    quality: QualityFeed,
    contact: Option<ContactMeter>,
    stamps_are_live: bool,
    transport: Option<Arc<Transport>>,
    last_secs: f64,
    commands: Receiver<ProcessCommand>,
    rows: StimulusRows,
}

/// What a [`Process`] is made of.
pub struct ProcessParts {
    /// Where frames come from.
    pub ring: FrameConsumer,
    /// The filters and the window cutter.
    pub chain: Chain,
    /// A window of the chain's shape.
    pub window: Window,
    /// Set when the headset lacks too many of the pack's channels: every window is refused.
    pub refuse: Option<Abstention>,
    /// The traces on screen, if there is one.
    pub traces: Option<Traces>,
    /// Where each channel's quality goes.
    pub quality: SlotWriter<Vec<ChannelQuality>>,
    /// Nominal rate of the frames.
    pub rate_hz: f64,
    /// Whether frames are stamped with the time at which they were taken just now; a recording's stamps
    /// tell when they were taken then, and no latency follows from them.
    pub stamps_are_live: bool,
    /// The controls of a replay, where the source is one.
    pub transport: Option<Arc<Transport>>,
    /// What may be changed while it runs.
    pub commands: Receiver<ProcessCommand>,
    /// The rows of the pictures by name.
    pub rows: StimulusRows,
}

impl Process {
    /// The stage, ready to run.
    pub fn new(parts: ProcessParts) -> Self {
        let every = (parts.rate_hz * QUALITY_EVERY_SECS).max(1.0) as u64;
        Self {
            ring: parts.ring,
            chain: parts.chain,
            window: parts.window,
            refuse: parts.refuse,
            traces: parts.traces,
            quality: QualityFeed { writer: parts.quality, every, left: every },
            contact: None,
            stamps_are_live: parts.stamps_are_live,
            transport: parts.transport,
            last_secs: f64::NEG_INFINITY,
            commands: parts.commands,
            rows: parts.rows,
        }
    }

    /// The same, measuring impedance where the board can.
    pub fn with_contact(self, contact: Option<ContactMeter>) -> Self {
        Self { contact, ..self }
    }

    /// Takes everything that waits in the ring and calls `on_window` for each window that became complete.
    /// Gives the number of frames taken.
    pub fn step(&mut self, shared: &Shared, on_window: &mut dyn FnMut(&Window)) -> usize {
        self.obey();
        let mut frames = 0;
        let mut oldest_secs = None;
        self.take_markers(shared);
        let measured = self.contact.as_mut().and_then(|meter| {
            let channel = shared.board.measuring();
            meter.attend(channel);
            channel
        });
        while let Some((meta, raw_uv)) = self.ring.next_frame() {
            frames += 1;
            oldest_secs.get_or_insert(meta.time_secs);
            if let Some(traces) = &mut self.traces {
                traces.pass_on(meta, raw_uv);
            }
            self.last_secs = meta.time_secs;
            if let (Some(channel), Some(meter)) = (measured, &mut self.contact)
                && let Some(value_uv) = raw_uv.get(channel)
                && let Some(contact) = meter.push(*value_uv, meta.gap_before)
            {
                shared.board.note_contact(channel, contact.ohm, contact.noise_ohm);
            }
            self.chain.push_frame(meta, raw_uv);
            self.quality.after_frame(&self.chain);
            while self.chain.pop_window(shared.clock.now_secs(), &mut self.window) {
                if self.refuse.is_some() {
                    self.window.abstain = self.refuse;
                }
                if !self.is_run_in() {
                    on_window(&self.window);
                }
            }
        }
        if let Some(oldest_secs) = oldest_secs {
            // The oldest sample of the pass waited longest: the figure is the worst of each pass.
            if self.stamps_are_live {
                shared.note_filter_time(shared.clock.now_secs() - oldest_secs);
            }
            shared.windows_made.store(self.chain.windows_made(), Ordering::Relaxed);
            shared.frames_processed.fetch_add(frames as u64, Ordering::Release);
        }
        frames
    }

    /// Whether the window in hand is only there because a replay runs in to where it was sent.
    fn is_run_in(&self) -> bool {
        let Some(transport) = &self.transport else { return false };
        match self.window.lock {
            Lock::Stimulus { onset_secs, .. } => transport.is_run_in(onset_secs),
            Lock::Free => transport.is_run_in(self.last_secs),
        }
    }

    /// True when nothing more will come.
    pub fn is_finished(&self) -> bool {
        self.ring.is_abandoned() && self.ring.is_empty()
    }

    fn obey(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                ProcessCommand::Windows(windows) => self.chain.set_windows(windows),
                ProcessCommand::Display(design) => {
                    if let Some(traces) = &mut self.traces {
                        traces.filter.set_design(&design);
                    }
                }
            }
        }
    }

    fn take_markers(&mut self, shared: &Shared) {
        while let Some(marker) = self.ring.next_marker() {
            if let MarkerEvent::StimulusOnset(id) = marker.event() {
                let row = self.rows.row(id);
                self.chain.push_onset(row, marker.time_secs);
                shared.note_onset(row, marker.time_secs);
            }
            if let Some(traces) = &mut self.traces {
                traces.pass_on_marker(marker);
            }
        }
    }
}

/// The traces on screen: their filter and the ring to the window.
pub struct Traces {
    filter: DisplayFilter,
    /// When it is full the window is not drawing; frames are dropped there and show as a gap.
    ring: FrameProducer,
    chunk: Chunk,
    frame: Vec<f32>,
}

impl Traces {
    /// Traces of this many channels into `ring`.
    pub fn new(channels: usize, filter: DisplayFilter, ring: FrameProducer) -> Self {
        Self {
            filter,
            ring,
            chunk: Chunk::with_capacity(channels, 1, 1),
            frame: vec![0.0; channels],
        }
    }

    fn pass_on(&mut self, meta: FrameMeta, raw_uv: &[f32]) {
        self.frame.copy_from_slice(raw_uv);
        self.filter.process_frame(&mut self.frame);
        self.chunk.clear();
        let _ = self.chunk.push(meta, &self.frame);
        self.ring.write(&self.chunk);
    }

    fn pass_on_marker(&mut self, marker: Marker) {
        self.chunk.clear();
        let _ = self.chunk.push_marker(marker);
        self.ring.write(&self.chunk);
    }
}

struct QualityFeed {
    writer: SlotWriter<Vec<ChannelQuality>>,
    every: u64,
    left: u64,
}

impl QualityFeed {
    fn after_frame(&mut self, chain: &Chain) {
        self.left -= 1;
        if self.left > 0 {
            return;
        }
        self.left = self.every;
        for (out, quality) in self.writer.buffer().iter_mut().zip(chain.quality()) {
            out.std_uv = quality.std_uv;
            out.mains_share = quality.mains_share;
            out.verdict = match quality.verdict {
                Verdict::Unknown => QualityVerdict::Unknown,
                Verdict::Good => QualityVerdict::Good,
                Verdict::Fair => QualityVerdict::Fair,
                Verdict::Bad => QualityVerdict::Bad,
            };
        }
        self.writer.publish();
    }
}

/// Finds the row of a picture by its name without allocating.
#[derive(Clone, Debug, Default)]
pub struct StimulusRows(Vec<(Box<str>, u16)>);

impl StimulusRows {
    /// The rows of a set.
    pub fn of(set: &StimulusSet) -> Self {
        let named = set.stimuli.iter().zip(0_u16..);
        let mut rows: Vec<(Box<str>, u16)> =
            named.map(|(stimulus, row)| (stimulus.id.as_str().into(), row)).collect();
        rows.sort();
        Self(rows)
    }

    /// The row of a name.
    pub fn row(&self, id: &str) -> Option<u16> {
        let found = self.0.binary_search_by(|(name, _)| (**name).cmp(id));
        found.ok().map(|at| self.0[at].1)
    }
}
