//! The signal stage: from the ring through the filters to windows.
//!
//! Takes every frame and marker from the ring, gives windows to whoever asks, raw frames to the
//! display ring, and each channel's quality to a slot. One `step` empties the ring, block by block, without
//! copying what is in it. After it is made it never blocks, locks, logs or allocates; between steps it may
//! [sleep](Process::rest) until something arrives.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arrayvec::ArrayVec;
use crossbeam_channel::Receiver;

use crate::dsp::chain::{BLOCK_FRAMES, Chain};
use crate::dsp::quality::impedance::ContactMeter;
use crate::dsp::window::Windows;
use crate::hop::ring::FrameConsumer;
use crate::hop::slot::SlotWriter;
use crate::signal::marker::MarkerEvent;
use crate::signal::{Abstention, FrameMeta, Lock, StimulusSet, Window};
use crate::snapshot::{ChannelQuality, QualityVerdict};

use super::command::ProcessCommand;
use super::learning::Learner;
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

/// Onsets that wait for the next frame at most.
const MOST_LATE: usize = 64;

/// The signal stage.
pub struct Process {
    ring: FrameConsumer,
    chain: Chain,
    wants_windows: bool,
    refuse: Option<Abstention>,
    traces: Option<Traces>,
    quality: QualityFeed,
    contact: Option<ContactMeter>,
    /// The channel whose impedance is being measured: its signal is the board's own current.
    measured: Option<usize>,
    stamps_are_live: bool,
    transport: Option<Arc<Transport>>,
    /// Frames that are worth waking for.
    worth_waking: usize,
    /// Stamp of the newest frame.
    last_secs: f64,
    /// Onsets from before the newest frame. Their samples were, or a clock was set back and they are to come: the next
    /// frame tells.
    late: ArrayVec<Lock, MOST_LATE>,
    commands: Receiver<ProcessCommand>,
    rows: StimulusRows,
    learner: Option<Learner>,
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
    /// Learns what clean signal is, where the chain does not do that itself.
    pub learner: Option<Learner>,
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
            contact: None,
            measured: None,
            stamps_are_live: parts.stamps_are_live,
            transport: parts.transport,
            worth_waking: worth_waking(parts.rate_hz),
            last_secs: f64::NEG_INFINITY,
            late: ArrayVec::new(),
            commands: parts.commands,
            rows: parts.rows,
            learner: parts.learner,
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
        let measured = self.contact.as_mut().and_then(|meter| {
            let channel = shared.board.measuring();
            meter.attend(channel);
            channel
        });
        if std::mem::replace(&mut self.measured, measured) != measured
            && let Some(channel) = measured
        {
            // What was known of it is measured anew.
            self.chain.set_impedance_kohm(channel, None);
        }
        loop {
            // The frames first: of those that are seen, all markers before them are there.
            let waiting = self.ring.len();
            let until_marker = self.take_markers(shared);
            let Some(first) = self.ring.peek(waiting.min(1)).0.first() else { break };
            oldest_secs.get_or_insert(first.time_secs);
            let most = if self.late.is_empty() { waiting.min(until_marker) } else { 1 };
            self.measure(measured, most, shared);
            frames += self.take_block(most, shared, on_window);
        }
        if let Some(cleaner) = self.chain.cleaner() {
            if let Some(learner) = &self.learner {
                learner.attend(cleaner);
            }
            shared.cleaning.tell(cleaner.effect());
        }
        if let Some(oldest_secs) = oldest_secs {
            // The oldest sample of the pass waited longest: the figure is the worst of each pass.
            if self.stamps_are_live {
                shared.note_filter_time(shared.clock.now_secs() - oldest_secs);
            }
            shared.windows_made.store(self.chain.windows_made(), Ordering::Relaxed);
            shared.windows_crowded_out.store(self.chain.windows_skipped(), Ordering::Relaxed);
            shared.frames_processed.fetch_add(frames as u64, Ordering::Release);
        }
        frames
    }

    /// Shows the frames that the next block will take to the meter of impedance, where a channel is being measured.
    fn measure(&mut self, measured: Option<usize>, most: usize, shared: &Shared) {
        let (Some(channel), Some(meter)) = (measured, &mut self.contact) else { return };
        let (metas, raw_uv) = self.ring.peek(most.min(BLOCK_FRAMES));
        let width = raw_uv.len() / metas.len().max(1);
        for (meta, frame) in metas.iter().zip(raw_uv.chunks_exact(width.max(1))) {
            if let Some(value_uv) = frame.get(channel)
                && let Some(contact) = meter.push(*value_uv, meta.gap_before)
            {
                shared.board.note_contact(channel, contact.ohm, contact.noise_ohm);
                // Below the noise the contact may be anything up to it.
                let kohm = contact.ohm.max(contact.noise_ohm) / 1000.0;
                self.chain.set_impedance_kohm(channel, Some(kohm));
            }
        }
    }

    /// Takes at most so many frames.
    fn take_block(
        &mut self,
        most: usize,
        shared: &Shared,
        on_window: &mut dyn FnMut(&Window),
    ) -> usize {
        let (metas, raw_uv) = self.ring.peek(most.min(BLOCK_FRAMES));
        let frames = metas.len();
        self.last_secs = metas.last().map_or(self.last_secs, |meta| meta.time_secs);
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
        for lock in self.late.drain(..) {
            self.chain.push_lock(lock);
        }
        self.quality.after_frames(&self.chain, frames as u64, self.measured);
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
            }
        }
    }

    /// Takes the markers whose place has come; gives how many frames come before the next one.
    fn take_markers(&mut self, shared: &Shared) -> usize {
        loop {
            match self.ring.frames_before_marker() {
                None => return usize::MAX,
                Some(0) => {}
                Some(frames) => return frames,
            }
            let Some(marker) = self.ring.next_marker() else { return usize::MAX };
            let onset_secs = marker.time_secs;
            match marker.event() {
                MarkerEvent::StimulusOnset(id) => {
                    let row = self.rows.row(id);
                    self.push_lock(Lock::Stimulus { row, onset_secs }, onset_secs);
                    shared.note_onset(row, onset_secs);
                }
                MarkerEvent::Flash(flash) => {
                    self.push_lock(Lock::Flash { flash, onset_secs }, onset_secs);
                }
                MarkerEvent::FlashPause => self.chain.pause_flashes(onset_secs),
                MarkerEvent::StimulusOffset | MarkerEvent::Other(_) => {}
            }
            if let Some(traces) = &mut self.traces {
                traces.pass_on_marker(marker);
            }
        }
    }

    fn push_lock(&mut self, lock: Lock, onset_secs: f64) {
        let is_late = onset_secs < self.last_secs;
        if !is_late || self.late.try_push(lock).is_err() {
            self.chain.push_lock(lock);
        }
    }
}

/// Whether a window is only there because a replay runs in to where it was sent.
fn is_run_in(replay: &Transport, window: &Window, last: &FrameMeta) -> bool {
    match window.lock {
        Lock::Stimulus { onset_secs, .. } | Lock::Flash { onset_secs, .. } => {
            replay.is_run_in(onset_secs)
        }
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
    fn after_frames(&mut self, chain: &Chain, frames: u64, measured: Option<usize>) {
        self.left = self.left.saturating_sub(frames);
        if self.left > 0 {
            return;
        }
        self.left = self.every;
        self.writer.buffer().copy_from_slice(chain.quality());
        if let Some(quality) = measured.and_then(|c| self.writer.buffer().get_mut(c)) {
            (quality.verdict, quality.reason) = (QualityVerdict::Unknown, None);
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
