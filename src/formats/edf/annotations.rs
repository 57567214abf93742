//! What annotations take up in a file that is written.
//!
//! Takes all events; gives those that can be written, in the order of time, their texts cut to what a list holds, and the room
//! that the busiest record needs.

use std::collections::BTreeMap;

use super::layout::RECORD_BYTES;
use super::scale::Notes;
use crate::formats::recording::Event;

/// Bytes of a record for its own time and for marks of padding.
pub(super) const OWN_ANNOTATION_BYTES: usize = 512;

/// Longest text of an annotation, in bytes.
const MAX_TEXT_BYTES: usize = 512;

/// Events further from the first sample than this, in seconds, are left out: thirty years.
pub(super) const FARTHEST_SECS: f64 = 1e9;

/// Seconds in microseconds.
pub(super) fn micros(secs: f64) -> i64 {
    (secs * 1e6).round() as i64
}

/// Events that are near enough, with texts that are short enough.
pub(super) fn cut_texts(events: &[Event], notes: &mut Notes) -> Vec<Event> {
    let near = |event: &&Event| event.time_secs.abs() < FARTHEST_SECS;
    notes.late_events += events.iter().filter(|event| !near(event)).count() as u64;
    let mut events: Vec<Event> = events.iter().filter(near).cloned().collect();
    for event in &mut events {
        if event.label.len() > MAX_TEXT_BYTES {
            notes.cut_texts += 1;
            let end = (0..=MAX_TEXT_BYTES)
                .rev()
                .find(|end| event.label.is_char_boundary(*end))
                .unwrap_or(0);
            event.label.truncate(end);
        }
    }
    events.sort_by(|a, b| a.time_secs.total_cmp(&b.time_secs));
    events
}

/// Room that the annotations of the busiest record need: a record overlaps two stretches of its own length at most.
pub(super) fn annotation_bytes(events: &[Event], record_us: u64) -> usize {
    let mut buckets: BTreeMap<i64, usize> = BTreeMap::new();
    for event in events {
        let bucket = micros(event.time_secs).max(0) / record_us as i64;
        *buckets.entry(bucket).or_default() += event.label.len() + 40;
    }
    let pair = |bucket: &i64| buckets[bucket] + buckets.get(&(bucket + 1)).copied().unwrap_or(0);
    let busiest = buckets.keys().map(pair).max().unwrap_or(0);
    OWN_ANNOTATION_BYTES + busiest.min(RECORD_BYTES)
}
