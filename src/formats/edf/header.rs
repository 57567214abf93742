//! The header: 256 characters about the file, 256 about each signal.
//!
//! Takes the bytes; gives scales and sizes that are safe to compute with, and says what was odd. Fields that
//! are not numbers are errors with their byte; numbers that contradict the file's size are left to the reader.

use super::numbers::parsed;
use super::{Kind, emotiv};
use crate::formats::FormatError;
use crate::formats::recording::Calendar;

/// Bytes about the file, and about each signal.
pub(super) const PART_BYTES: usize = 256;

/// Width of the fields of a signal, in their order.
const WIDTHS: [usize; 10] = [16, 80, 8, 8, 8, 8, 8, 80, 8, 32];

/// One signal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Signal {
    pub label: String,
    pub unit: String,
    pub filtering: String,
    pub transducer: String,
    /// Physical value of a sample `d`: `(d + offset) * gain`, as edfio computes it.
    pub gain: f64,
    pub offset: f64,
    /// Samples of a record.
    pub samples: usize,
    pub is_annotation: bool,
}

/// The whole header.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub kind: Kind,
    pub patient: String,
    pub recording: String,
    pub started: Option<Calendar>,
    /// What stands in the reserved field: `EDF+C`, `EDF+D`, …
    pub variant: String,
    /// As the header says; negative while a recorder had not finished.
    pub records: i64,
    pub record_secs: f64,
    pub signals: Vec<Signal>,
    pub is_emotiv: bool,
    pub warnings: Vec<String>,
}

impl Header {
    /// Number of signals, from the first 256 bytes.
    pub fn signal_count(bytes: &[u8; PART_BYTES]) -> Result<(Kind, usize), FormatError> {
        let kind = if bytes[0] == 0xff { Kind::Bdf } else { Kind::Edf };
        let text = ascii(&bytes[252..256]);
        match text.parse::<usize>() {
            Ok(count) => Ok((kind, count)),
            Err(_) => Err(malformed(kind, 252, "the number of signals", &text)),
        }
    }

    /// Reads a header of `PART_BYTES * (1 + signals)` bytes.
    pub fn parse(bytes: &[u8], kind: Kind, count: usize) -> Result<Self, FormatError> {
        let mut warnings = Vec::new();
        let number = |from: usize, what: &str| {
            let text = ascii(&bytes[from..from + 8]);
            parsed(&text).ok_or_else(|| malformed(kind, from as u64, what, &text))
        };
        let recording = ascii(&bytes[88..168]);
        let started = calendar(&ascii(&bytes[168..176]), &ascii(&bytes[176..184]), &recording);
        if started.is_none() {
            warnings.push(format!("the start is not a date: '{}'", ascii(&bytes[168..184])));
        }
        let header_bytes = number(184, "the length of the header")?;
        if header_bytes != bytes.len() as f64 {
            warnings.push(format!(
                "the header says that it has {header_bytes} bytes; {count} signals take {}",
                bytes.len()
            ));
        }
        let record_secs = number(244, "the duration of a record")?;
        let mut header = Self {
            kind,
            patient: ascii(&bytes[8..88]),
            recording,
            started,
            variant: ascii(&bytes[192..236]),
            records: number(236, "the number of records")? as i64,
            record_secs: record_secs.max(0.0),
            signals: Vec::with_capacity(count),
            is_emotiv: false,
            warnings,
        };
        for place in 0..count {
            let signal = header.signal(&bytes[PART_BYTES..], place, count)?;
            header.signals.push(signal);
        }
        let labels: Vec<&str> = header.signals.iter().map(|signal| signal.label.as_str()).collect();
        header.is_emotiv = emotiv::is_emotiv(&labels);
        Ok(header)
    }

    fn signal(&mut self, bytes: &[u8], place: usize, count: usize) -> Result<Signal, FormatError> {
        let at =
            |field: usize| count * WIDTHS[..field].iter().sum::<usize>() + place * WIDTHS[field];
        let text = |field: usize| ascii(&bytes[at(field)..at(field) + WIDTHS[field]]);
        let number = |field: usize, what: &str| {
            let said = text(field);
            let what = format!("the {what} of signal {}", place + 1);
            parsed(&said)
                .ok_or_else(|| malformed(self.kind, (PART_BYTES + at(field)) as u64, &what, &said))
        };
        let label = text(0);
        let is_annotation =
            label == format!("{} Annotations", self.kind.name()) || label == "EDF Annotations";
        let samples = number(8, "samples per record")?;
        if !(0.0..=1e9).contains(&samples) || samples.fract() != 0.0 {
            let what = format!("the samples per record of signal {}", place + 1);
            return Err(malformed(self.kind, (PART_BYTES + at(8)) as u64, &what, &text(8)));
        }
        let scale = [3, 4, 5, 6].map(|field| number(field, "range"));
        let (gain, offset) = match scale {
            // Either range may be reversed: the standard's formula holds all the same.
            [Ok(low), Ok(high), Ok(least), Ok(most)] if high != low && most != least => {
                let gain = (high - low) / (most - least);
                (gain, high / gain - most)
            }
            _ if is_annotation => (1.0, 0.0),
            _ => {
                self.warnings.push(format!(
                    "signal {} ('{label}') has no range: its values are those of the converter",
                    place + 1
                ));
                (1.0, 0.0)
            }
        };
        Ok(Signal {
            unit: text(2),
            transducer: text(1),
            filtering: text(7),
            gain,
            offset,
            samples: samples as usize,
            is_annotation,
            label,
        })
    }
}

/// Whether the first 256 bytes are such a header. Some recorders write a date where the version belongs, so that the
/// fields that a reader cannot do without decide: the length of the header, and the number of signals that gives it.
pub fn is_edf(head: &[u8]) -> bool {
    if head.starts_with(b"0       ") || head.starts_with(b"\xffBIOSEMI") {
        return true;
    }
    let number = |range: std::ops::Range<usize>| -> Option<usize> {
        std::str::from_utf8(head.get(range)?).ok()?.trim_end().parse().ok()
    };
    let bytes_of = |signals: usize| signals.checked_add(1)?.checked_mul(PART_BYTES);
    number(252..256).and_then(bytes_of).is_some_and(|bytes| number(184..192) == Some(bytes))
}

fn malformed(kind: Kind, offset: u64, what: &str, got: &str) -> FormatError {
    FormatError::Malformed {
        format: kind.name(),
        offset,
        expected: what.into(),
        got: format!("'{got}'"),
    }
}

/// The text of a field. Bytes above 127 are taken for Latin-1, which is what old recorders wrote.
fn ascii(bytes: &[u8]) -> String {
    let text: String = match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    text.trim_matches([' ', '\0']).into()
}

/// `dd.mm.yy` and `hh.mm.ss`; the year's century from the recording field of EDF+ where it is there.
fn calendar(date: &str, time: &str, recording: &str) -> Option<Calendar> {
    let numbers = |text: &str| -> Option<[u16; 3]> {
        let parts: Vec<u16> =
            text.split(['.', ':', '-', '/']).map_while(|part| part.trim().parse().ok()).collect();
        parts.try_into().ok()
    };
    let [day, month, year] = numbers(date)?;
    let [hour, minute, second] = numbers(time)?;
    let full =
        recording.strip_prefix("Startdate ").and_then(|rest| rest.get(7..11)?.parse::<u16>().ok());
    let century = if year >= 85 { 1900 } else { 2000 };
    let year = full.filter(|full| full % 100 == year % 100).unwrap_or(if year < 100 {
        century + year
    } else {
        year
    });
    let valid = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    valid.then(|| Calendar {
        year,
        month: month as u8,
        day: day as u8,
        hour: hour as u8,
        minute: minute as u8,
        second: f64::from(second),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_clipped_in_1985_and_the_recording_field_wins() {
        let year = |date, recording| calendar(date, "01.02.03", recording).unwrap().year;
        assert_eq!((year("01.02.84", ""), year("01.02.85", "")), (2084, 1985));
        assert_eq!(year("01.02.85", "Startdate 01-FEB-2085 X X X"), 2085);
        assert_eq!(calendar("31.13.20", "00.00.00", ""), None);
        assert!(calendar("01.02.20", "00:00:00", "").is_some());
    }
}
