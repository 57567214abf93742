//! A recording of any format but XDF as a tape.
//!
//! Takes a reader; picks the EEG, brings it to µV, and puts annotations and streams of markers among its
//! frames. A step of more than one and a half periods is a gap, and what it lost is counted by the clock.

use std::path::Path;

use super::channels::{note_implausible, select_channels};
use super::tape::{MAX_TAPE_BYTES, Tape, merge_markers, place_markers};
use crate::formats::events::{as_events, is_markers};
use crate::formats::recording::{Block, Event, Head, ReadRecording, StreamHead};
use crate::formats::{FormatError, own};
use crate::signal::{FrameMeta, Marker};
use crate::source::{SourceInfo, SourceKind};
use crate::time::gaps::GAP_PERIODS;
use crate::units::SampleRate;

/// Markers kept.
const MAX_MARKERS: usize = 1_000_000;

/// Reads a whole recording.
pub(super) fn read(reader: &mut dyn ReadRecording, path: &Path) -> Result<Tape, FormatError> {
    let head = reader.head().clone();
    let unusable = |why: String| FormatError::Unusable { format: head.format, why };
    let Some(place) = find_eeg(&head.streams) else {
        return Err(unusable("it has no regular stream of numbers".into()));
    };
    let stream = &head.streams[place];
    let rate = SampleRate::new(stream.rate_hz).map_err(|why| unusable(why.to_string()))?;
    let mut notes = Vec::new();
    let selection = select_channels(&stream.channels, &mut notes);
    let mut taken =
        Taken { frames: Frames::new(stream.rate_hz), samples: Vec::new(), lists: Vec::new() };
    taken.lists.resize_with(head.streams.len() + 1, Vec::new);
    let mut block = Block::default();
    while reader.next_block(&mut block)? {
        taken.take(&head, place, &selection.rows, &mut block);
        if (taken.samples.len() as u64).saturating_mul(4) > MAX_TAPE_BYTES {
            let limit = MAX_TAPE_BYTES >> 20;
            return Err(unusable(format!(
                "its signal would take more than {limit} MiB of memory; cut it into shorter files"
            )));
        }
    }
    taken.annotations(&mut block.events);
    if taken.frames.metas.is_empty() {
        return Err(unusable("its signal has no samples".into()));
    }
    notes.extend(reader.warnings().iter().cloned());
    note_implausible(&taken.samples, selection.labels.len(), &mut notes);
    let markers = merge_markers(taken.lists);
    let info = SourceInfo {
        mounted: None,
        kind: SourceKind::File,
        name: path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into()),
        simulated: head.simulated,
        snr_db: None,
        channels: selection.labels,
        rate,
        source_unit: selection.unit,
        has_markers: !markers.is_empty(),
        notes,
    };
    let frames = taken.frames.metas;
    let markers = place_markers(&frames, markers);
    Ok(Tape { info, samples: taken.samples, frames, clock_resets: Vec::new(), markers })
}

fn find_eeg(streams: &[StreamHead]) -> Option<usize> {
    let usable = |s: &StreamHead| !s.is_text && s.rate_hz > 0.0 && !s.channels.is_empty();
    let eeg = |kind: &str| kind.eq_ignore_ascii_case(own::EEG_KIND);
    let named =
        |s: &StreamHead| eeg(&s.kind) || s.channels.iter().any(|channel| eeg(&channel.kind));
    streams
        .iter()
        .position(|stream| usable(stream) && named(stream))
        .or_else(|| streams.iter().position(usable))
}

/// What has been read.
struct Taken {
    frames: Frames,
    /// `[frames, channels]`, µV.
    samples: Vec<f32>,
    /// Markers of each stream, annotations last.
    lists: Vec<Vec<Marker>>,
}

impl Taken {
    fn take(&mut self, head: &Head, place: usize, rows: &[(usize, f64)], block: &mut Block) {
        if block.stream == place {
            let width = head.streams[place].channels.len();
            for (time_secs, values) in block.times_secs.iter().zip(block.values.chunks_exact(width))
            {
                self.frames.push(*time_secs);
                self.samples
                    .extend(rows.iter().map(|(channel, scale)| (values[*channel] * scale) as f32));
            }
        } else if head.streams.get(block.stream).is_some_and(is_markers) {
            let list = &mut self.lists[block.stream];
            list.extend(
                as_events(block)
                    .take(MAX_MARKERS - list.len().min(MAX_MARKERS))
                    .map(|e| marker(&e)),
            );
        }
        self.annotations(&mut block.events);
    }

    fn annotations(&mut self, events: &mut Vec<Event>) {
        let Some(list) = self.lists.last_mut() else { return };
        let room = MAX_MARKERS - list.len().min(MAX_MARKERS);
        list.extend(events.drain(..).take(room).map(|event| marker(&event)));
    }
}

fn marker(event: &Event) -> Marker {
    Marker::new(event.time_secs, &event.label)
}

/// Frames by the clock.
struct Frames {
    period_secs: f64,
    index: u64,
    metas: Vec<FrameMeta>,
}

impl Frames {
    fn new(rate_hz: f64) -> Self {
        Self { period_secs: 1.0 / rate_hz, index: 0, metas: Vec::new() }
    }

    fn push(&mut self, time_secs: f64) {
        let step_secs =
            self.metas.last().map_or(self.period_secs, |last| time_secs - last.time_secs);
        let gap = step_secs > GAP_PERIODS * self.period_secs;
        if gap {
            // The cast saturates; no recording is that long.
            let lost = ((step_secs / self.period_secs) - 1.0).round() as u64;
            self.index = self.index.saturating_add(lost);
        }
        let gap_before = gap || step_secs < 0.0;
        self.metas.push(FrameMeta {
            index: self.index,
            time_secs,
            arrival_secs: time_secs,
            gap_before,
        });
        self.index = self.index.saturating_add(1);
    }
}
