//! The acquisition stage: from the source into the rings.
//!
//! Takes a prepared source, gives every frame and marker to the signal stage's ring and to the recorder's, and how the
//! stream keeps time to the viewers.
//! One `step` is one `read`; it never blocks beyond the source's own bound, locks, logs or allocates; but for a command to
//! the board, which somebody gave by hand: that takes as long as the source says, and costs a gap that is counted.

use std::sync::atomic::Ordering;

use crossbeam_channel::Receiver;

use crate::hop::ring::FrameProducer;
use crate::hop::slot::SlotWriter;
use crate::signal::Chunk;
use crate::snapshot::Health;
use crate::source::{
    BoardCommand, CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source, SourceCounters, SourceError,
};
use crate::time::health::HealthMeter;
use crate::time::silence::Silence;

use super::link::STALL_SECS;
use super::shared::Shared;

/// How long a source that can wait waits for the stages behind before it looks again.
const WAIT: std::time::Duration = std::time::Duration::from_micros(500);

/// How often the stream's health goes to the viewers, in seconds.
const HEALTH_EVERY_SECS: f64 = 0.25;

/// Measures how the stream keeps time, and tells the viewers.
pub struct HealthFeed {
    meter: HealthMeter,
    writer: SlotWriter<Health>,
    silence: Option<Silence>,
    next_secs: f64,
}

impl HealthFeed {
    /// Of a meter, into a slot.
    pub fn new(meter: HealthMeter, writer: SlotWriter<Health>) -> Self {
        Self { meter, writer, silence: None, next_secs: 0.0 }
    }

    fn take(&mut self, chunk: &Chunk, counters: &SourceCounters, shared: &Shared) {
        chunk.frames().iter().for_each(|meta| self.meter.frame(meta));
        let now_secs = shared.clock.now_secs();
        if !chunk.frames().is_empty() {
            let silence = self.silence.get_or_insert_with(|| Silence::since(now_secs));
            silence.broken(now_secs);
            shared.link.allow_silence(silence.allowed_secs(STALL_SECS));
        }
        let offset = (counters.clock_offset_secs, counters.clock_uncertainty_secs);
        let lost = counters.lost.saturating_sub(counters.left_out);
        self.meter.counters(now_secs, (lost, counters.lost_by_clock.min(lost)), offset);
        // Also when the clock stands still or went back, as an injected one may.
        if now_secs < self.next_secs && self.next_secs - now_secs <= HEALTH_EVERY_SECS {
            return;
        }
        self.next_secs = now_secs + HEALTH_EVERY_SECS;
        *self.writer.buffer() = self.meter.health(now_secs);
        self.writer.publish();
    }
}

/// The acquisition stage.
pub struct Acquire {
    source: Box<dyn Source>,
    chunk: Chunk,
    to_process: FrameProducer,
    to_record: Option<FrameProducer>,
    health: Option<HealthFeed>,
    commands: Option<Receiver<BoardCommand>>,
    reconnects: u64,
}

impl Acquire {
    /// A stage for a source that is prepared and has this many channels.
    pub fn new(
        source: Box<dyn Source>,
        channels: usize,
        to_process: FrameProducer,
        to_record: Option<FrameProducer>,
    ) -> Self {
        let chunk = Chunk::with_capacity(channels, CHUNK_FRAMES, CHUNK_MARKERS);
        Self { source, chunk, to_process, to_record, health: None, commands: None, reconnects: 0 }
    }

    /// The same, which also tells how the stream keeps time.
    #[must_use]
    pub fn with_health(self, health: HealthFeed) -> Self {
        Self { health: Some(health), ..self }
    }

    /// The same, taking commands for the board from here.
    #[must_use]
    pub fn with_commands(self, commands: Receiver<BoardCommand>) -> Self {
        Self { commands: Some(commands), ..self }
    }

    /// Carries out what the board is to be told.
    fn obey(&mut self, shared: &Shared) {
        while let Some(Ok(command)) = self.commands.as_ref().map(Receiver::try_recv) {
            let outcome = self.source.command(&command);
            shared.board.store(self.source.board());
            shared.board.answered(outcome.err().map(|error| error.to_string()));
        }
    }

    /// Reads once and hands over what came.
    ///
    /// # Errors
    /// Whatever the source says when it is gone for good.
    pub fn step(&mut self, shared: &Shared) -> Result<ReadStatus, SourceError> {
        self.obey(shared);
        self.chunk.clear();
        let recorder = self.to_record.as_ref();
        let is_behind =
            || shared.is_behind() || recorder.is_some_and(|ring| ring.reader_is_behind());
        if self.source.can_wait() && is_behind() {
            std::thread::sleep(WAIT);
            return Ok(ReadStatus::Idle);
        }
        let status = self.source.read(&mut self.chunk)?;
        let why = self.source.lost_why();
        shared.link.note(status, self.chunk.len(), why, || shared.clock.now_secs());
        let counters = self.source.counters();
        if let Some(health) = &mut self.health {
            health.take(&self.chunk, &counters, shared);
        }
        shared.counters.store(counters);
        if std::mem::replace(&mut self.reconnects, counters.reconnects) != counters.reconnects {
            // It was told anew what it was told before, but measures nothing.
            shared.board.store(self.source.board());
        }
        if self.chunk.is_empty() {
            return Ok(status);
        }
        self.to_process.write(&self.chunk);
        let mut dropped = self.to_process.dropped();
        if let Some(ring) = &mut self.to_record {
            ring.write(&self.chunk);
            dropped += ring.dropped();
        }
        shared.note_received(self.chunk.len() as u64);
        shared.dropped.store(dropped, Ordering::Relaxed);
        Ok(status)
    }

    /// Lets go of the source. Dropping the stage then tells the rings' readers that nothing more comes.
    pub fn stop(&mut self, shared: &Shared) {
        shared.counters.store(self.source.counters());
        self.source.stop();
    }
}
