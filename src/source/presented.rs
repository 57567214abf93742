//! Any source, with the markers of a presenter in its own stream of markers.
//!
//! Takes a source and a [`Screen`]; gives the source's frames and markers, and after them what the presenter said. A
//! source that waits for nobody makes its own time: there a marker waits until the frames have come to its moment.
//! Allocates nothing in `read`; what finds no room in a chunk comes with the next.

use std::sync::Arc;

use super::{CHUNK_MARKERS, ReadStatus, Source, SourceCounters, SourceError, SourceInfo};
use crate::clock::Clock;
use crate::signal::{Chunk, Marker, Screen};

/// A source before which somebody presents.
pub struct PresentedSource {
    inner: Box<dyn Source>,
    screen: Arc<Screen>,
    held: Option<Marker>,
}

impl PresentedSource {
    /// Wraps a source.
    pub fn new(inner: Box<dyn Source>, screen: Arc<Screen>) -> Self {
        Self { inner, screen, held: None }
    }

    /// Adds what was said; true if there was something.
    fn add_markers(&mut self, chunk: &mut Chunk) -> bool {
        let waits = self.inner.is_offline();
        let reached_secs = chunk.frames().last().map(|meta| meta.time_secs);
        let mut any = false;
        while chunk.markers().len() < CHUNK_MARKERS {
            let Some(marker) = self.held.take().or_else(|| self.screen.next_marker()) else {
                break;
            };
            let is_due = !waits || reached_secs.is_some_and(|reached| marker.time_secs <= reached);
            if !is_due || !chunk.push_marker(marker) {
                self.held = Some(marker);
                break;
            }
            any = true;
        }
        any
    }
}

impl Source for PresentedSource {
    fn prepare(&mut self, clock: &Clock) -> Result<SourceInfo, SourceError> {
        self.inner.prepare(clock)
    }

    fn read(&mut self, chunk: &mut Chunk) -> Result<ReadStatus, SourceError> {
        let status = self.inner.read(chunk)?;
        let any = self.add_markers(chunk);
        Ok(if any && status == ReadStatus::Idle { ReadStatus::Data } else { status })
    }

    fn counters(&self) -> SourceCounters {
        self.inner.counters()
    }

    fn is_offline(&self) -> bool {
        self.inner.is_offline()
    }

    fn can_wait(&self) -> bool {
        self.inner.can_wait()
    }

    fn stop(&mut self) {
        self.inner.stop();
    }
}
