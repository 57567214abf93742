//! The table of events behind the records.
//!
//! Takes its bytes, which may be cut; gives the events that are whole, by time. Columns stand one after another: all
//! positions (from 1), all types, and in mode 3 all channels and durations. Modes 5 and 7 add times of day, which are
//! not used.

use std::io::{Read, Seek, SeekFrom};

use crate::formats::events::MAX_EVENTS;
use crate::formats::fields::{at, u32_at};
use crate::formats::recording::Event;

/// Bytes before the columns.
const HEAD_BYTES: usize = 8;

/// From this version on the rate is a float.
const FLOAT_RATE_VERSION: f64 = 1.94;

/// Type of an entry that is a value of a sparsely sampled channel, not an event.
const SPARSE_SAMPLE: u16 = 0x7fff;

/// An event, small.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mark {
    pub time_secs: f64,
    duration_secs: Option<f64>,
    kind: u16,
}

impl Mark {
    /// Its label is the number of its type.
    pub fn event(self) -> Event {
        Event {
            time_secs: self.time_secs,
            duration_secs: self.duration_secs,
            label: self.kind.to_string(),
        }
    }
}

/// Where the table is and what its times mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub from: u64,
    /// Bytes from there to the end of the file.
    pub bytes: u64,
    pub version: f64,
    /// Highest rate of the signals, which counts where the table has none; zero where there is none either.
    pub signals_hz: f64,
}

/// What the table begins with.
struct TableHead {
    mode: u8,
    count: usize,
    rate_hz: f64,
}

/// Reads the table.
pub(super) fn read(
    input: &mut (impl Read + Seek),
    place: Place,
    warnings: &mut Vec<String>,
) -> std::io::Result<Vec<Mark>> {
    let mut first = [0; HEAD_BYTES];
    if place.bytes < HEAD_BYTES as u64 {
        return Ok(Vec::new());
    }
    input.seek(SeekFrom::Start(place.from))?;
    input.read_exact(&mut first)?;
    let head = table_head(&first, place, warnings);
    if !matches!(head.mode, 1 | 3 | 5 | 7) {
        if head.count > 0 {
            warnings.push(format!(
                "the table of events is of mode {}, which is not known: its events are left out",
                head.mode
            ));
        }
        return Ok(Vec::new());
    }
    if head.rate_hz <= 0.0 {
        warnings.push("the table of events has no rate: its events are left out".into());
        return Ok(Vec::new());
    }
    let columns = Columns {
        positions: column(input, place, head.count, 0, 4)?,
        types: column(input, place, head.count, 4, 2)?,
        durations: match head.mode & 2 {
            0 => None,
            _ => Some(column(input, place, head.count, 8, 4)?),
        },
    };
    Ok(marks(&columns, &head, warnings))
}

/// The columns that are used, as far as they are there.
struct Columns {
    positions: Vec<u8>,
    types: Vec<u8>,
    durations: Option<Vec<u8>>,
}

/// A column of so many bytes for each event, behind columns of `before` bytes for each.
fn column(
    input: &mut (impl Read + Seek),
    place: Place,
    count: usize,
    before: u64,
    width: u64,
) -> std::io::Result<Vec<u8>> {
    let start = HEAD_BYTES as u64 + before * count as u64;
    let there = place.bytes.saturating_sub(start);
    let bytes = (width * count.min(MAX_EVENTS) as u64).min(there);
    let mut column = vec![0; bytes as usize];
    if bytes > 0 {
        input.seek(SeekFrom::Start(place.from + start))?;
        input.read_exact(&mut column)?;
    }
    Ok(column)
}

fn table_head(first: &[u8; HEAD_BYTES], place: Place, warnings: &mut Vec<String>) -> TableHead {
    let [mode, a, b, c, ..] = *first;
    let short = u32::from_le_bytes([a, b, c, 0]);
    let (count, rate_hz) = if place.version < FLOAT_RATE_VERSION {
        (u32_at(first, 4), f64::from(short))
    } else {
        (short, f64::from(f32::from_le_bytes(at(first, 4))))
    };
    let is_rate = rate_hz.is_finite() && rate_hz > 0.0;
    // Four bytes round a rate as 128.2 Hz.
    let is_signals = (rate_hz - place.signals_hz).abs() < 1e-6 * place.signals_hz;
    if !is_rate && count > 0 && place.signals_hz > 0.0 {
        warnings.push(format!(
            "the table of events has no rate: {} Hz of the signals is taken",
            place.signals_hz
        ));
    }
    let rate_hz = if is_rate && !is_signals { rate_hz } else { place.signals_hz };
    TableHead { mode, count: count as usize, rate_hz }
}

/// The events of columns that may be cut.
fn marks(columns: &Columns, head: &TableHead, warnings: &mut Vec<String>) -> Vec<Mark> {
    let whole = (columns.types.len() / 2).min(head.count);
    if whole == MAX_EVENTS && whole < head.count {
        warnings.push(format!("the first {whole} of {} events are kept", head.count));
    } else if whole < head.count {
        warnings.push(format!(
            "{whole} of the {} events that the table tells of are there",
            head.count
        ));
    }
    let durations = columns.durations.as_ref();
    let (mut sparse, mut early) = (0_u64, 0_u64);
    let mut marks = Vec::with_capacity(whole);
    for row in 0..whole {
        let kind = u16::from_le_bytes(at(&columns.types, 2 * row));
        let position = u32_at(&columns.positions, 4 * row);
        if kind == SPARSE_SAMPLE && durations.is_some() {
            sparse += 1;
            continue;
        }
        early += u64::from(position == 0);
        let duration = durations.and_then(|all| all.get(4 * row..4 * row + 4));
        marks.push(Mark {
            time_secs: f64::from(position.saturating_sub(1)) / head.rate_hz,
            duration_secs: duration.map(|field| f64::from(u32_at(field, 0)) / head.rate_hz),
            kind,
        });
    }
    if sparse > 0 {
        warnings.push(format!("{sparse} values of sparsely sampled channels are left out"));
    }
    if early > 0 {
        warnings.push(format!(
            "{early} event(s) are at position 0, where the first sample is 1: they are put at the first sample"
        ));
    }
    marks.sort_by(|a, b| a.time_secs.total_cmp(&b.time_secs));
    marks
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn found(table: &[u8], version: f64, signals_hz: f64) -> (Vec<Mark>, Vec<String>) {
        let mut warnings = Vec::new();
        let place = Place { from: 0, bytes: table.len() as u64, version, signals_hz };
        let marks = read(&mut Cursor::new(table), place, &mut warnings).unwrap();
        (marks, warnings)
    }

    fn table(mode: u8, rate_hz: f32) -> Vec<u8> {
        let mut bytes = vec![mode, 2, 0, 0];
        bytes.extend(rate_hz.to_le_bytes());
        bytes.extend([101_u32, 1].map(u32::to_le_bytes).as_flattened());
        bytes.extend([768_u16, 0x0300].map(u16::to_le_bytes).as_flattened());
        if mode == 3 {
            bytes.extend([0; 4]);
            bytes.extend([50_u32, 0].map(u32::to_le_bytes).as_flattened());
        }
        bytes
    }

    #[test]
    fn events_come_by_time_with_their_number() {
        let (marks, warnings) = found(&table(3, 100.0), 2.2, 100.0);
        let events: Vec<_> = marks.into_iter().map(Mark::event).collect();
        let times: Vec<_> = events.iter().map(|e| (e.time_secs, e.duration_secs)).collect();
        assert_eq!(times, [(0.0, Some(0.0)), (1.0, Some(0.5))]);
        assert_eq!((events[1].label.as_str(), warnings.len()), ("768", 0));
        assert_eq!(found(&table(1, 100.0), 2.2, 100.0).0[1].duration_secs, None);
    }

    #[test]
    fn a_table_of_version_one_has_its_rate_in_three_bytes() {
        let mut bytes = vec![1, 250, 0, 0, 1, 0, 0, 0];
        bytes.extend(251_u32.to_le_bytes());
        bytes.extend(5_u16.to_le_bytes());
        assert_eq!(found(&bytes, 1.25, 500.0).0[0].time_secs, 1.0);
    }

    #[test]
    fn rates_are_those_of_the_signals_where_the_table_rounds_or_lacks_them() {
        let exact = found(&table(1, 128.2), 2.2, 128.2).0[1].time_secs;
        assert_eq!(exact, 100.0 / 128.2);
        for absent in [0.0, f32::NAN, -1.0, f32::INFINITY] {
            let (marks, warnings) = found(&table(1, absent), 2.2, 50.0);
            assert_eq!((marks[1].time_secs, warnings.len()), (2.0, 1));
            assert!(found(&table(1, absent), 2.2, 0.0).0.is_empty());
        }
    }

    #[test]
    fn cut_tables_give_what_is_whole() {
        let bytes = table(3, 100.0);
        for (cut, events) in [(32, 2), (31, 2), (20, 2), (19, 1), (17, 0), (9, 0), (7, 0)] {
            let (marks, warnings) = found(&bytes[..cut], 2.2, 100.0);
            assert_eq!(marks.len(), events, "{cut}");
            assert!(!warnings.is_empty() || events == 2 || cut == 7, "{cut}");
        }
        let lie = [1, 255, 255, 255, 0, 0, 0x80, 0x3f];
        assert!(found(&lie, 2.2, 100.0).0.is_empty());
    }
}
