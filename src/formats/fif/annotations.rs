//! Annotations: what happened at which time, as MNE-Python stores it.
//!
//! Takes the block of annotations; gives events on the recording's axis. Those outside the recording are left
//! out and those that reach over its ends are cut there, both with a word, as MNE-Python does.

use super::tags::{Input, Tag, names};
use super::words::tag as kinds;
use crate::formats::FormatError;
use crate::formats::events::MAX_EVENTS;
use crate::formats::recording::Event;

/// Longest list of comments that is read.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// Times closer than this are the same: MNE-Python compares whole microseconds.
const SAME_SECS: f64 = 0.5e-6;

/// Annotations as the file has them.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    blocks: usize,
    onsets_secs: Vec<f64>,
    ends_secs: Vec<f64>,
    comments: String,
    /// What onsets count from, in seconds since 1970 and microseconds.
    origin: Option<[f64; 2]>,
}

/// Where the recording lies on the axis that annotations use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Date of the measurement, in seconds since 1970 and microseconds.
    pub date: Option<[f64; 2]>,
    /// First sample, in seconds after that date.
    pub first_secs: f64,
    /// From the first sample to one period behind the last.
    pub length_secs: f64,
}

impl Annotations {
    /// A block of annotations has begun. The first of a file counts.
    pub fn begin(&mut self) {
        self.blocks += 1;
    }

    pub fn take(&mut self, input: &mut Input, tag: &Tag) -> Result<(), FormatError> {
        if self.blocks > 1 {
            return Ok(());
        }
        match tag.kind {
            kinds::BASELINE_MIN => self.onsets_secs = input.numbers(tag, MAX_EVENTS)?,
            kinds::BASELINE_MAX => self.ends_secs = input.numbers(tag, MAX_EVENTS)?,
            kinds::COMMENT => self.comments = input.text(tag, MAX_TEXT_BYTES)?,
            kinds::MEAS_DATE => {
                let said = input.numbers(tag, 2)?;
                self.origin = said.first().map(|secs| [*secs, said.get(1).copied().unwrap_or(0.0)]);
            }
            _ => {}
        }
        Ok(())
    }

    /// The events in the order of time.
    pub fn events(self, span: Span, warnings: &mut Vec<String>) -> Vec<Event> {
        let zero_secs = self.zero_secs(span);
        let (onsets, comments) = (self.onsets_secs.len(), names(&self.comments).count());
        // One annotation without a word has no list at all.
        if onsets != self.ends_secs.len() || onsets != comments.max(usize::from(onsets == 1)) {
            warnings.push(format!(
                "{onsets} annotation(s) begin, {} end and {comments} have a name: those that have neither lack it",
                self.ends_secs.len()
            ));
        }
        let mut labels = names(&self.comments);
        let mut ends = self.ends_secs.iter();
        let (mut events, mut outside, mut cut) = (Vec::with_capacity(onsets), 0_usize, 0_usize);
        for onset_secs in &self.onsets_secs {
            let label = labels.next().unwrap_or_default();
            let length_secs = ends.next().map_or(0.0, |end_secs| end_secs - onset_secs);
            let length_secs = if length_secs > 0.0 { length_secs } else { 0.0 };
            match within(onset_secs - zero_secs, length_secs, span.length_secs) {
                Some((time_secs, duration_secs)) => {
                    cut += usize::from(duration_secs < length_secs);
                    events.push(Event { time_secs, duration_secs: Some(duration_secs), label });
                }
                None => outside += 1,
            }
        }
        if outside > 0 {
            warnings.push(format!(
                "{outside} annotation(s) lie outside the recording and are left out"
            ));
        }
        if cut > 0 {
            warnings.push(format!(
                "{cut} annotation(s) reach over an end of the recording and are cut there"
            ));
        }
        events.sort_by(|a: &Event, b| a.time_secs.total_cmp(&b.time_secs));
        events
    }

    /// The recording's first sample on the axis of the onsets. They count from their origin; without one from the
    /// first sample; without any date from where the samples are counted.
    fn zero_secs(&self, span: Span) -> f64 {
        match (span.date, self.origin) {
            (Some(date), Some(origin)) => {
                (date[0] - origin[0]) + (date[1] - origin[1]) * 1e-6 + span.first_secs
            }
            (Some(_), None) => 0.0,
            (None, _) => span.first_secs,
        }
    }
}

/// What lies within the recording of a stretch from `from_secs` on; `None` when nothing does.
fn within(from_secs: f64, length_secs: f64, recording_secs: f64) -> Option<(f64, f64)> {
    let to_secs = from_secs + length_secs;
    if !from_secs.is_finite() || from_secs > recording_secs + SAME_SECS || to_secs < -SAME_SECS {
        return None;
    }
    if from_secs >= -SAME_SECS && to_secs <= recording_secs + SAME_SECS {
        return Some((from_secs, length_secs));
    }
    let from_secs = from_secs.max(0.0);
    Some((from_secs, (to_secs.min(recording_secs) - from_secs).max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Span = Span { date: None, first_secs: 2.0, length_secs: 10.0 };

    fn stored(origin: Option<[f64; 2]>) -> Annotations {
        Annotations {
            blocks: 1,
            onsets_secs: vec![5.0, 1.0, 11.5, 13.0, f64::NAN],
            ends_secs: vec![5.5, 2.5, 14.0, 13.0, 0.0],
            comments: "a:b{COLON}c:d:e:f".into(),
            origin,
        }
    }

    #[test]
    fn those_outside_are_left_out_and_those_over_an_end_cut() {
        let mut warnings = Vec::new();
        let events = stored(None).events(SPAN, &mut warnings);
        let found: Vec<_> = events
            .iter()
            .map(|event| (event.time_secs, event.duration_secs.unwrap(), event.label.as_str()))
            .collect();
        assert_eq!(found, [(0.0, 0.5, "b:c"), (3.0, 0.5, "a"), (9.5, 0.5, "d")]);
        assert_eq!(warnings.len(), 2, "{warnings:?}");
    }

    #[test]
    fn onsets_count_from_their_origin() {
        let first = |date, origin| {
            let span = Span { date, ..SPAN };
            let events = stored(origin).events(span, &mut Vec::new());
            events.iter().find(|event| event.label == "a").unwrap().time_secs
        };
        assert_eq!(first(None, None), 3.0);
        assert_eq!(first(Some([100.0, 0.0]), None), 5.0);
        assert_eq!(first(Some([100.0, 0.0]), Some([100.0, 0.0])), 3.0);
        assert_eq!(first(Some([100.0, 250_000.0]), Some([101.0, 0.0])), 3.75);
    }

    #[test]
    fn lists_of_different_lengths_are_told() {
        let mut warnings = Vec::new();
        let stored = Annotations { comments: "a".into(), ends_secs: vec![6.0], ..stored(None) };
        let events = stored.events(SPAN, &mut warnings);
        assert_eq!(
            events.iter().find(|event| event.label == "a").unwrap().duration_secs,
            Some(1.0)
        );
        assert!(
            warnings.iter().any(|said| said.contains("5 annotation(s) begin, 1 end and 1 have"))
        );
    }
}
