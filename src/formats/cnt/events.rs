//! The table of events behind the samples.
//!
//! Takes its bytes, which may be cut; gives the events that are whole, by time. Types 1 and 2 place an event by a byte
//! of the file, type 3 by a sample counted from 0 without the headers.

use std::io::{Read, Seek, SeekFrom};

use super::setup::Extent;
use crate::formats::events::MAX_EVENTS;
use crate::formats::fields::{at, u32_at};
use crate::formats::recording::Event;

/// Bytes before the events.
const HEAD_BYTES: usize = 9;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The number at the trigger port.
    Stimulus(u16),
    /// Buttons of the response pad.
    Pad(u8),
    /// A function key.
    Key(u8),
    /// What a person or the recorder noted: the upper four bits beside the pad's.
    Note(u8),
}

/// An event, small.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mark {
    /// Sample, from 0.
    pub sample: u64,
    kind: Kind,
}

impl Mark {
    /// As an event. Responses are worded as MNE words them, so that labels that people know stay.
    pub fn event(self, rate_hz: f64) -> Event {
        let label = match self.kind {
            Kind::Stimulus(number) => number.to_string(),
            Kind::Pad(buttons) => format!("KeyPad Response {buttons}"),
            Kind::Key(key) => format!("Keyboard Response {key}"),
            Kind::Note(0xb) => "DC reset".into(),
            Kind::Note(0xc) => "reject".into(),
            Kind::Note(0xd) => "accept".into(),
            Kind::Note(0xe) => "discontinuity".into(),
            Kind::Note(_) => "0".into(),
        };
        Event { time_secs: self.sample as f64 / rate_hz, duration_secs: None, label }
    }
}

/// Reads the table of a file of `len` bytes.
pub(super) fn read(
    input: &mut (impl Read + Seek),
    extent: Extent,
    channels: usize,
    len: u64,
    warnings: &mut Vec<String>,
) -> std::io::Result<Vec<Mark>> {
    let Some(from) = extent.table else { return Ok(Vec::new()) };
    let there = len.saturating_sub(from);
    if there < HEAD_BYTES as u64 {
        warnings.push("the table of events is cut".into());
        return Ok(Vec::new());
    }
    let mut head = [0; HEAD_BYTES];
    input.seek(SeekFrom::Start(from))?;
    input.read_exact(&mut head)?;
    let width = match head {
        [1, ..] => 8,
        [2 | 3, ..] => 19,
        [other, ..] => {
            warnings.push(format!(
                "the table of events is of type {other}; types 1, 2 and 3 are read: there are no events"
            ));
            return Ok(Vec::new());
        }
    };
    let said = u32_at(&head, 1) as usize / width;
    let whole = (there - HEAD_BYTES as u64) / width as u64;
    let count = said.min(usize::try_from(whole).unwrap_or(usize::MAX)).min(MAX_EVENTS);
    if count == MAX_EVENTS && count < said {
        warnings.push(format!("only the first {count} of {said} events are read"));
    } else if count < said {
        warnings.push(format!("{count} of the {said} events that the table tells of are there"));
    }
    let mut bytes = vec![0; count * width];
    input.read_exact(&mut bytes)?;
    let frame = (extent.width * channels) as u64;
    let (mut early, mut marks) = (0_u64, Vec::with_capacity(count));
    for event in bytes.chunks_exact(width) {
        let place = u64::from(u32_at(event, 4));
        let sample = if head.starts_with(&[3]) {
            place
        } else {
            early += u64::from(place < extent.from);
            place.saturating_sub(extent.from) / frame
        };
        marks.push(Mark { sample, kind: kind(event) });
    }
    if early > 0 {
        warnings.push(format!(
            "{early} event(s) are placed before the first sample: they are put at it"
        ));
    }
    marks.sort_by_key(|mark| mark.sample);
    Ok(marks)
}

/// What an event says: a response before a stimulus, as peers read it.
fn kind(event: &[u8]) -> Kind {
    let [key, pad] = at(event, 2);
    let stimulus = u16::from_le_bytes(at(event, 0));
    match (pad & 15, key, stimulus) {
        (1.., ..) => Kind::Pad(pad & 15),
        (0, 1.., _) => Kind::Key(key),
        (0, 0, 1..) => Kind::Stimulus(stimulus),
        (0, 0, 0) => Kind::Note(pad >> 4),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const EXTENT: Extent = Extent { from: 0, width: 2, run: 1, blocks: 10, table: Some(0) };

    fn labels(table: &[u8]) -> (Vec<(String, f64)>, usize) {
        let mut warnings = Vec::new();
        let len = table.len() as u64;
        let marks = read(&mut Cursor::new(table), EXTENT, 2, len, &mut warnings).unwrap();
        let events = marks.into_iter().map(|mark| mark.event(100.0));
        (events.map(|event| (event.label, event.time_secs)).collect(), warnings.len())
    }

    #[test]
    fn events_say_what_was_pressed_shown_or_noted() {
        let mut table = vec![1, 40, 0, 0, 0, 0, 0, 0, 0];
        for (head, place) in
            [([7, 1, 0, 0], 400_u32), ([9, 0, 0, 3], 0), ([9, 0, 2, 0], 0), ([0, 0, 0, 0xe0], 0)]
        {
            table.extend(head);
            table.extend(place.to_le_bytes());
        }
        let (found, warned) = labels(&table);
        let words: Vec<_> = found.iter().map(|(label, _)| label.as_str()).collect();
        assert_eq!(words, ["KeyPad Response 3", "Keyboard Response 2", "discontinuity", "263"]);
        assert_eq!((found[3].1, warned), (1.0, 1), "four of five events are there");
    }

    #[test]
    fn type_three_counts_samples() {
        let mut table = vec![3, 19, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 250, 0, 0, 0];
        table.extend([0; 11]);
        assert_eq!(labels(&table).0, [("5".to_owned(), 2.5)]);
        assert_eq!(labels(&table[..27]), (Vec::new(), 1));
        assert_eq!(labels(&table[..8]), (Vec::new(), 1));
        table[0] = 9;
        assert_eq!(labels(&table), (Vec::new(), 1));
    }
}
