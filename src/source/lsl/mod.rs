//! Lab Streaming Layer: streams in. Streams out are in [`crate::publish`].
//!
//! ```text
//! query ─► resolve ─► describe ─► inlet ─► gaps ─► chunk
//!                        markers ────────────────►  ▲
//!                        comeback (after a loss) ───┘
//! ```
//!
//! For recording, [`Search`] and [`RawStream`] give any stream as it is: `search ─► raw ─► block`.
//!
//! Gives frames in µV of the EEG channels, `[frames, channels]`, stamped by the sender and moved to the
//! program's clock by the offset that liblsl measures. Stamps are not smoothed. Losses are found by
//! [`crate::time::gaps`]; a lost stream is looked for until it is back, and the break is marked. liblsl is loaded at run
//! time; its inlets must be gone before outlets of the same process.

mod block;
mod comeback;
mod describe;
mod electrodes;
mod info;
mod inlet;
mod library;
mod markers;
mod network;
mod pull;
mod query;
mod raw;
mod resolve;
mod search;
mod seek;
mod stream;
mod suitable;

pub use block::{Block, BlockValues};
pub use electrodes::with_electrodes;
pub use library::{configure, ensure_loaded, lsl_clock};
pub use network::{cards as network_cards, hint as network_hint};
pub use raw::{RawEvent, RawStream};
pub use resolve::{StreamSummary, list_streams};
pub use search::{Found, Search};
pub use seek::{Sought, seek};

use self::markers::MarkerInlet;
use self::query::{Query, display};
use self::stream::Stream;
use super::spec::Parameters;
use super::{LostWhy, ReadStatus, Source, SourceCounters, SourceError, SourceInfo, SourceKind};
use crate::signal::Chunk;
use crate::time::clock::Clock;

/// An EEG stream, and the marker stream beside it if there is one.
pub struct LslSource {
    query: Query,
    spec: String,
    stream: Option<Stream>,
    counters: SourceCounters,
}

impl LslSource {
    /// Understands what is asked for; connects to nothing yet.
    ///
    /// # Errors
    /// [`SourceError::BadSpec`] when a key or value cannot be used.
    pub fn new(parameters: &Parameters) -> Result<Self, SourceError> {
        Ok(Self {
            query: Query::from_parameters(parameters)?,
            spec: display(parameters),
            stream: None,
            counters: SourceCounters::default(),
        })
    }
}

impl Source for LslSource {
    fn prepare(&mut self, clock: &Clock) -> Result<SourceInfo, SourceError> {
        ensure_loaded()?;
        self.stream = None;
        self.counters = SourceCounters::default();
        let resolved = resolve::resolve(&self.query, clock)?;
        let markers = resolved.markers.as_ref().map(MarkerInlet::open).transpose()?;
        let has_markers = markers.is_some();
        let unit = self.query.unit.as_deref();
        let mut stream = Stream::open(&resolved.eeg, markers, unit, clock, &mut self.counters)?;
        let mut notes = resolved.notes;
        notes.extend(stream.take_notes());
        let info = SourceInfo {
            mounted: None,
            kind: SourceKind::Lsl,
            name: describe::clean(&resolved.eeg.name(), resolve::MAX_STREAM_NAME_CHARS),
            simulated: stream.description().simulated,
            snr_db: None,
            channels: stream.description().labels.clone(),
            rate: stream.rate(),
            source_unit: stream.description().unit.clone(),
            has_markers,
            notes,
        };
        self.stream = Some(stream);
        Ok(info)
    }

    fn read(&mut self, chunk: &mut Chunk) -> Result<ReadStatus, SourceError> {
        match &mut self.stream {
            Some(stream) => stream.read(chunk, &mut self.counters),
            None => Err(SourceError::Unusable {
                what: self.spec.clone(),
                why: "it is read before it is prepared or after it is stopped".into(),
                remedy: "Start the source again".into(),
            }),
        }
    }

    fn counters(&self) -> SourceCounters {
        self.counters
    }

    fn lost_why(&self) -> LostWhy {
        self.stream.as_ref().map_or(LostWhy::Unknown, Stream::lost_why)
    }

    fn stop(&mut self) {
        self.stream = None;
    }
}
