//! Which stream and which events of a recording are converted, and what came of it.

use crate::exchange::survey::Survey;
use crate::formats::own;
use crate::formats::recording::{Event, StreamHead};

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Converted {
    /// Samples written, all streams together.
    pub samples: u64,
    /// Events written.
    pub events: u64,
    /// What was left out or changed.
    pub notes: Vec<String>,
}

/// The stream that is the EEG: regular numbers of type EEG with samples, else any regular numbers with samples.
pub fn find_eeg(streams: &[StreamHead], found: &Survey) -> Option<usize> {
    let usable = |place: usize| {
        let (stream, seen) = (&streams[place], &found.streams[place]);
        !stream.is_text && stream.rate_hz > 0.0 && !stream.channels.is_empty() && seen.samples > 0
    };
    let named = |place: &usize| {
        let stream = &streams[*place];
        let eeg = |kind: &str| kind.eq_ignore_ascii_case(own::EEG_KIND);
        eeg(&stream.kind) || stream.channels.iter().any(|channel| eeg(&channel.kind))
    };
    let usable: Vec<usize> = (0..streams.len()).filter(|place| usable(*place)).collect();
    usable.iter().copied().find(named).or_else(|| usable.first().copied())
}

/// Events that are about the session, not about the recording itself.
pub(super) fn session_events(events: &[Event]) -> impl Iterator<Item = &Event> {
    events.iter().filter(|event| !event.label.starts_with(own::NOTE_PREFIX))
}
