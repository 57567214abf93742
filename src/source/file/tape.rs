//! A recording ready to be replayed: everything decoded, in µV, in the order of delivery.
//!
//! Filled by [`super::load`].

use crate::formats::recording::Event;
use crate::signal::{FrameMeta, Marker};
use crate::source::SourceInfo;

/// Most memory that the values of a tape may take, in bytes: five hours of 64 channels at 500 Hz.
pub const MAX_TAPE_BYTES: u64 = 2 << 30;

/// A decoded recording.
#[derive(Debug)]
pub(super) struct Tape {
    /// What the source says of itself.
    pub info: SourceInfo,
    /// `[frames, channels]`, row-major, µV.
    pub samples: Vec<f32>,
    /// One per frame; `arrival_secs` is the same as `time_secs`.
    pub frames: Vec<FrameMeta>,
    /// Frames before which the recording device's clock was reset, rising.
    pub clock_resets: Vec<usize>,
    /// In order of delivery.
    pub markers: Vec<TapeMarker>,
}

/// A marker and its place among the frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TapeMarker {
    /// It is delivered just before this frame.
    pub before_row: usize,
    /// As the file has it.
    pub marker: Marker,
}

impl Tape {
    /// Takes these events in place of the recording's own markers; their zero is the first frame. What lies outside the
    /// recording is left out and noted.
    pub fn take_events(&mut self, events: &[Event]) {
        let (Some(first), Some(last)) = (self.frames.first(), self.frames.last()) else { return };
        let (first_secs, last_secs) = (first.time_secs, last.time_secs);
        let marker = |event: &Event| Marker::new(first_secs + event.time_secs, &event.label);
        let all: Vec<Marker> = events.iter().map(marker).collect();
        let inside: Vec<Marker> = all
            .iter()
            .filter(|marker| (first_secs..=last_secs).contains(&marker.time_secs))
            .copied()
            .collect();
        if inside.len() < all.len() {
            let outside = all.len() - inside.len();
            self.info.notes.push(format!("{outside} event(s) lie outside the recording"));
        }
        self.markers = place_markers(&self.frames, merge_markers(vec![inside]));
        self.info.has_markers = !self.markers.is_empty();
    }

    /// Gives every frame the time that counting at the nominal rate gives, and every marker that of its frame.
    pub fn count_stamps(&mut self) {
        let period_secs = self.info.rate.period_secs();
        let first_secs = self.frames.first().map_or(0.0, |frame| frame.time_secs);
        let time = |row: usize| first_secs + row as f64 * period_secs;
        for (row, frame) in self.frames.iter_mut().enumerate() {
            let time_secs = time(row);
            *frame = FrameMeta {
                index: row as u64,
                time_secs,
                arrival_secs: time_secs,
                gap_before: false,
            };
        }
        self.markers.iter_mut().for_each(|each| each.marker.time_secs = time(each.before_row));
        self.clock_resets.clear();
    }

    /// The values of a frame, `[channels]`, µV.
    pub fn frame(&self, row: usize) -> &[f32] {
        let channels = self.info.channels.len();
        &self.samples[row * channels..(row + 1) * channels]
    }
}

/// Puts markers among frames: each before the first frame that is not earlier, in the order given, so
/// that none overtakes another.
pub(super) fn place_markers(frames: &[FrameMeta], markers: Vec<Marker>) -> Vec<TapeMarker> {
    let mut row = 0;
    let place = |marker: Marker| {
        // False where either time is not a number: such a marker is delivered at once.
        while row < frames.len() && frames[row].time_secs < marker.time_secs {
            row += 1;
        }
        TapeMarker { before_row: row, marker }
    };
    markers.into_iter().map(place).collect()
}

/// Merges lists of markers by time; the order within each list stays as it is.
pub(super) fn merge_markers(lists: Vec<Vec<Marker>>) -> Vec<Marker> {
    let mut merged: Vec<(f64, Marker)> = Vec::new();
    for list in lists {
        let mut due = f64::NEG_INFINITY;
        merged.extend(list.into_iter().map(|marker| {
            due = due.max(marker.time_secs);
            (due, marker)
        }));
    }
    merged.sort_by(|a, b| a.0.total_cmp(&b.0));
    merged.into_iter().map(|(_, marker)| marker).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_keeps_each_list_in_order() {
        let list = |times: &[f64]| times.iter().map(|t| Marker::new(*t, "x")).collect::<Vec<_>>();
        let merged = merge_markers(vec![list(&[1.0, 5.0, 4.0]), list(&[2.0, 4.5])]);
        let times: Vec<_> = merged.iter().map(|marker| marker.time_secs).collect();
        assert_eq!(times, [1.0, 2.0, 4.5, 5.0, 4.0]);
    }

    #[test]
    fn a_marker_goes_before_the_first_frame_that_is_not_earlier() {
        let at = |time_secs| FrameMeta { time_secs, ..FrameMeta::default() };
        let frames = [at(1.0), at(2.0), at(3.0)];
        let markers = [0.5, 2.0, 2.5, 9.0].map(|t| Marker::new(t, "x")).to_vec();
        let rows: Vec<_> = place_markers(&frames, markers).iter().map(|m| m.before_row).collect();
        assert_eq!(rows, [0, 1, 2, 3]);
    }
}
