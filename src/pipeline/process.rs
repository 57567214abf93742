//! The signal stage: from the ring through the filters to windows.
//!
//! Takes every frame and marker from the ring, gives windows to whoever asks, filtered traces to the
//! display ring, and each channel's quality to a slot. One `step` empties the ring, block by block, without
//! copying what is in it. After it is made it never blocks, locks, logs or allocates; between steps it may
//! [sleep](Process::rest) until something arrives.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::Receiver;

use crate::dsp::chain::{BLOCK_FRAMES, Chain};
use crate::dsp::quality::electrodes::Verdict;
use crate::dsp::window::Windows;
use crate::hop::ring::FrameConsumer;
use crate::hop::slot::SlotWriter;
use crate::signal::marker::MarkerEvent;
use crate::signal::{Abstention, FrameMeta, Lock, StimulusSet, Window};
use crate::snapshot::{ChannelQuality, QualityVerdict};

use super::command::ProcessCommand;
use super::shared::Shared;
use super::traces::Traces;
use crate::source::file::Transport;

/// How often the channels' quality goes to the viewers, in seconds of signal.
const QUALITY_EVERY_SECS: f64 = 0.5;

/// Up to this rate every frame wakes the stage; above it one is followed by the next within a millisecond.
const DENSE_HZ: f64 = 1000.0;

/// How much of a dense stream is worth a wake: being woken costs more than filtering, and at 4096 Hz this
/// leaves a quarter of the wakes. Windows are cut every 40 ms at most, and a picture takes longer.
const DENSE_BLOCK_SECS: f64 = 0.004;

/// How long the stage sleeps at most when nothing arrives, before it looks for commands.
const LOOK_UP: Duration = Duration::from_millis(10);

/// The signal stage.
pub struct Process {
    ring: FrameConsumer,
    chain: Chain,
    wants_windows: bool,
    refuse: Option<Abstention>,
    traces: Option<Traces>,
    quality: QualityFeed,
    stamps_are_live: bool,
    transport: Option<Arc<Transport>>,
    /// Frames that are worth waking for.
    worth_waking: usize,
    commands: Receiver<ProcessCommand>,
    rows: StimulusRows,
}

/// What a [`Process`] is made of.
pub struct ProcessParts {
    /// Where frames come from.
    pub ring: FrameConsumer,
    /// The filters and the window cutter.
    pub chain: Chain,
    /// Whether anybody takes windows: where nobody decodes, none is cut or judged, whatever is asked for.
    pub wants_windows: bool,
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
        let mut chain = parts.chain;
        if !parts.wants_windows {
            chain.set_windows(Windows { locked: false, free: false, ..Windows::default() });
        }
        Self {
            ring: parts.ring,
            chain,
            wants_windows: parts.wants_windows,
            refuse: parts.refuse,
            traces: parts.traces,
            quality: QualityFeed { writer: parts.quality, every, left: every },
            stamps_are_live: parts.stamps_are_live,
            transport: parts.transport,
            worth_waking: worth_waking(parts.rate_hz),
            commands: parts.commands,
            rows: parts.rows,
        }
    }

    /// Takes everything that waits in the ring and calls `on_window` for each window that became complete.
    /// Gives the number of frames taken.
    pub fn step(&mut self, shared: &Shared, on_window: &mut dyn FnMut(&Window)) -> usize {
        self.obey();
        let mut frames = 0;
        let mut oldest_secs = None;
        self.take_markers(shared);
        while let Some(first) = self.ring.peek(1).0.first() {
            oldest_secs.get_or_insert(first.time_secs);
            frames += self.take_block(shared, on_window);
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

    fn take_block(&mut self, shared: &Shared, on_window: &mut dyn FnMut(&Window)) -> usize {
        let (metas, raw_uv) = self.ring.peek(BLOCK_FRAMES);
        let frames = metas.len();
        if let Some(traces) = &mut self.traces {
            traces.pass_on(metas, raw_uv);
        }
        let (refuse, transport) = (self.refuse, self.transport.as_deref());
        self.chain.push_block(metas, raw_uv, &mut |meta, window| {
            window.made_secs = shared.clock.now_secs();
            if refuse.is_some() {
                window.abstain = refuse;
            }
            if !transport.is_some_and(|replay| is_run_in(replay, window, meta)) {
                on_window(window);
            }
        });
        self.ring.skip(frames);
        self.quality.after_frames(&self.chain, frames as u64);
        frames
    }

    /// Sleeps until there is something to do, or for a moment: to be called after each `step`. What arrives
    /// wakes it at once; of a dense stream a block of 4 ms does.
    pub fn rest(&self) {
        self.ring.wait(self.worth_waking, LOOK_UP);
    }

    /// True when nothing more will come.
    pub fn is_finished(&self) -> bool {
        self.ring.is_abandoned() && self.ring.is_empty()
    }

    fn obey(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                ProcessCommand::Windows(windows) if self.wants_windows => {
                    self.chain.set_windows(windows);
                }
                ProcessCommand::Windows(_) => {}
                ProcessCommand::Display(design) => {
                    if let Some(traces) = &mut self.traces {
                        traces.set_design(&design);
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

/// Whether a window is only there because a replay runs in to where it was sent.
fn is_run_in(replay: &Transport, window: &Window, last: &FrameMeta) -> bool {
    match window.lock {
        Lock::Stimulus { onset_secs, .. } => replay.is_run_in(onset_secs),
        Lock::Free => replay.is_run_in(last.time_secs),
    }
}

fn worth_waking(rate_hz: f64) -> usize {
    if rate_hz > DENSE_HZ { (rate_hz * DENSE_BLOCK_SECS) as usize } else { 1 }
}

struct QualityFeed {
    writer: SlotWriter<Vec<ChannelQuality>>,
    every: u64,
    left: u64,
}

impl QualityFeed {
    fn after_frames(&mut self, chain: &Chain, frames: u64) {
        self.left = self.left.saturating_sub(frames);
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
