//! Any source, with the markers of a presenter in its own stream of markers.
//!
//! Takes a source and a [`Screen`]; gives the source's frames and markers, and after them what the presenter said. A
//! marker waits for its moment: in a source that waits for nobody until the frames have come to it, else by the clock.
//! While somebody presents, the source's own names of pictures (of a replay, of another program) are not what is seen
//! here: they are kept, as [`FOREIGN_PREFIX`] and their label. Allocates nothing in `read`; what finds no room in a
//! chunk comes with the next.

use std::sync::Arc;

use super::forward::forward;
use super::{CHUNK_MARKERS, ReadStatus, Source, SourceError, SourceInfo};
use crate::signal::{Chunk, Marker, Screen};
use crate::time::clock::Clock;

/// Before the label of a picture's marker that another program sent while somebody presents.
pub const FOREIGN_PREFIX: &str = "foreign/";

/// A source before which somebody presents.
pub struct PresentedSource {
    inner: Box<dyn Source>,
    screen: Arc<Screen>,
    clock: Clock,
    held: Option<Marker>,
}

impl PresentedSource {
    /// Wraps a source.
    pub fn new(inner: Box<dyn Source>, screen: Arc<Screen>) -> Self {
        Self { inner, screen, clock: Clock::system(), held: None }
    }

    /// Adds what was said; true if there was something.
    fn add_markers(&mut self, chunk: &mut Chunk) -> bool {
        let reached_secs = if self.inner.is_offline() {
            chunk.frames().last().map(|meta| meta.time_secs)
        } else {
            Some(self.clock.now_secs())
        };
        let mut any = false;
        while chunk.markers().len() < CHUNK_MARKERS {
            let Some(marker) = self.held.take().or_else(|| self.screen.next_marker()) else {
                break;
            };
            let is_due = reached_secs.is_some_and(|reached| marker.time_secs <= reached);
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
    forward!(counters, lost_why, is_offline, rewinds, board, stop);

    fn prepare(&mut self, clock: &Clock) -> Result<SourceInfo, SourceError> {
        self.clock = clock.clone();
        self.inner.prepare(clock)
    }

    fn read(&mut self, chunk: &mut Chunk) -> Result<ReadStatus, SourceError> {
        let status = self.inner.read(chunk)?;
        if self.screen.is_open() {
            for marker in chunk.markers_mut().iter_mut().filter(|m| m.is_of_a_picture()) {
                *marker = marker.prefixed(FOREIGN_PREFIX);
            }
        }
        let any = self.add_markers(chunk);
        Ok(if any && status == ReadStatus::Idle { ReadStatus::Data } else { status })
    }

    fn can_wait(&self) -> bool {
        // What makes its own time loses nothing by waiting; on threads it would overrun the rings.
        self.inner.can_wait() || self.inner.is_offline()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{FrameMeta, StimulusSet};
    use crate::source::simulator::SimulatedSource;
    use crate::subject::SimParams;

    fn simulated() -> Box<dyn Source> {
        let spec: crate::source::SourceSpec = "sim:speed=max,repeats=1,seconds=20".parse().unwrap();
        let crate::source::SourceSpec::Sim(parameters) = spec else { panic!("{spec}") };
        let params = SimParams::from_parameters(&parameters).unwrap();
        Box::new(SimulatedSource::new(params, Arc::new(StimulusSet::bundled().unwrap())))
    }

    /// Labels and times of all markers, and the frames read before each.
    fn read(screen: &Arc<Screen>) -> Vec<(String, f64, f64)> {
        let mut source = PresentedSource::new(simulated(), screen.clone());
        let info = source.prepare(&Clock::manual(0.0).0).unwrap();
        let mut chunk = Chunk::with_capacity(info.channels.len(), 64, CHUNK_MARKERS);
        let mut all = Vec::new();
        loop {
            chunk.clear();
            let status = source.read(&mut chunk).unwrap();
            let reached = chunk.frames().last().map_or(f64::INFINITY, |m: &FrameMeta| m.time_secs);
            let said = chunk.markers().iter();
            all.extend(said.map(|m| (m.label().to_owned(), m.time_secs, reached)));
            if status == ReadStatus::End {
                return all;
            }
        }
    }

    #[test]
    fn other_programs_names_of_pictures_are_kept_but_not_taken_for_what_is_shown() {
        let closed = read(&Arc::new(Screen::new(8)));
        assert!(closed.iter().any(|(label, ..)| label.starts_with("stim/")), "{closed:?}");
        let screen = Arc::new(Screen::new(8));
        screen.set_open(true);
        screen.say(Marker::stimulus_onset(5.0, "panda"));
        let open = read(&screen);
        let own: Vec<_> = open.iter().filter(|(label, ..)| label.starts_with("stim/")).collect();
        assert_eq!(own.len(), 1, "{open:?}");
        assert_eq!((own[0].0.as_str(), own[0].1), ("stim/panda", 5.0));
        assert!(
            (5.0..5.5).contains(&own[0].2),
            "it came with the frames of its time: {}",
            own[0].2
        );
    }
}
