//! The acquisition stage: from the source into the rings.
//!
//! Takes a prepared source, gives every frame and marker to the signal stage's ring and to the recorder's.
//! One `step` is one `read`; it never blocks beyond the source's own bound, locks, logs or allocates.

use std::sync::atomic::Ordering;

use crate::hop::ring::FrameProducer;
use crate::signal::Chunk;
use crate::source::{CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source, SourceError};

use super::shared::Shared;

/// How long a source that can wait waits for the stages behind before it looks again.
const WAIT: std::time::Duration = std::time::Duration::from_micros(500);

/// The acquisition stage.
pub struct Acquire {
    source: Box<dyn Source>,
    chunk: Chunk,
    to_process: FrameProducer,
    to_record: Option<FrameProducer>,
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
        Self { source, chunk, to_process, to_record }
    }

    /// Reads once and hands over what came.
    ///
    /// # Errors
    /// Whatever the source says when it is gone for good.
    pub fn step(&mut self, shared: &Shared) -> Result<ReadStatus, SourceError> {
        self.chunk.clear();
        let recorder = self.to_record.as_ref();
        let is_behind =
            || shared.is_behind() || recorder.is_some_and(|ring| ring.reader_is_behind());
        if self.source.can_wait() && is_behind() {
            std::thread::sleep(WAIT);
            return Ok(ReadStatus::Idle);
        }
        let status = self.source.read(&mut self.chunk)?;
        shared.set_lost(status == ReadStatus::Lost);
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
        shared.counters.store(self.source.counters());
        Ok(status)
    }

    /// Lets go of the source. Dropping the stage then tells the rings' readers that nothing more comes.
    pub fn stop(&mut self, shared: &Shared) {
        shared.counters.store(self.source.counters());
        self.source.stop();
    }
}
