//! The header: 256 bytes about the file, 256 about each signal, and in version 2 what was said besides.
//!
//! Takes the bytes; gives scales and sizes that are safe to compute with, and says what was odd. What contradicts the
//! file's size is left to the reader. Positions of electrodes are not given: writers disagree about their order.

use super::samples::SampleType;
use super::units::unit;
use super::words::{malformed, unusable};
use crate::formats::FormatError;
use crate::formats::fields::{at, f64_at, text, text_at, u32_at};
use crate::formats::recording::Calendar;
use crate::units::MAX_CHANNELS;

/// Bytes about the file, and about each signal.
pub(super) const PART_BYTES: usize = 256;

/// From here on dates are numbers and units have codes.
const SECOND_VERSION: f64 = 1.9;

/// From here on the duration of a record is one number of eight bytes, before it was two of four.
const REAL_DURATION_VERSION: f64 = 2.21;

/// A record that lasts less or more is taken for a field that means something else.
const RECORD_SECS: std::ops::RangeInclusive<f64> = 1e-6..=1e8;

/// Days from the date zero of version 2 (the start of year 0) to 1970.
const DAYS_TO_1970: f64 = 719_529.0;

/// Texts of the third header that are kept.
const MAX_FACTS: usize = 64;

/// Warnings kept.
const MAX_WARNINGS: usize = 100;

/// One signal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Signal {
    pub label: String,
    pub unit: String,
    pub filtering: String,
    pub transducer: String,
    /// Physical value of a sample `d`: `d * gain + offset`.
    pub gain: f64,
    pub offset: f64,
    /// Samples of a record.
    pub samples: u32,
    pub kind: SampleType,
}

/// How long a record lasts, as a fraction, so that rates are exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Duration {
    over: f64,
    under: f64,
}

impl Duration {
    /// In seconds; zero where the file does not say.
    pub fn secs(self) -> f64 {
        self.over / self.under
    }

    /// Rate in Hz of so many samples in a record; infinite where the duration is not known.
    pub fn rate_hz(self, samples: u32) -> f64 {
        f64::from(samples) * self.under / self.over
    }
}

/// The whole header.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub version: f64,
    pub started: Option<Calendar>,
    /// All headers together.
    pub bytes: u64,
    /// As the header says; negative while a recorder had not finished.
    pub records: i64,
    pub record: Duration,
    pub signals: Vec<Signal>,
    pub facts: Vec<(String, String)>,
    pub warnings: Vec<String>,
}

/// What the first bytes say about the rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    pub version: f64,
    pub signals: usize,
    /// All headers together.
    pub bytes: u64,
}

impl Extent {
    /// Reads the version and the sizes.
    pub fn of(first: &[u8; PART_BYTES]) -> Result<Self, FormatError> {
        let said = text_at(first, 4, 4);
        let version = said.parse::<f64>().ok().filter(|version| version.is_finite());
        let version = version.ok_or_else(|| {
            malformed(0, "'GDF' and its version, as 'GDF 2.20'".into(), format!("'GDF {said}'"))
        })?;
        if !(1.0..4.0).contains(&version) {
            let why = format!(
                "its version is {said}; 1.x and 2.x are read. Convert it with BioSig: save2gdf -f=EDF IN.gdf OUT.edf"
            );
            return Err(unusable(why));
        }
        let (signals, bytes) = if version < SECOND_VERSION {
            (u32_at(first, 252), u64::from_le_bytes(at(first, 184)))
        } else {
            let blocks = u16::from_le_bytes(at(first, 184));
            (u32::from(u16::from_le_bytes(at(first, 252))), u64::from(blocks) * PART_BYTES as u64)
        };
        let signals = signals as usize;
        if signals > MAX_CHANNELS {
            let expected = format!("at most {MAX_CHANNELS} signals");
            return Err(malformed(252, expected, signals.to_string()));
        }
        let needed = (PART_BYTES * (1 + signals)) as u64;
        if bytes < needed {
            let expected = format!("a header of at least {needed} bytes for {signals} signals");
            return Err(malformed(184, expected, format!("{bytes} bytes")));
        }
        Ok(Self { version, signals, bytes })
    }

    /// Whether it is laid out as versions 2 are.
    fn is_second(self) -> bool {
        self.version >= SECOND_VERSION
    }

    /// How much of the headers [`Header::parse`] wants: version 1 has nothing behind the signals.
    pub fn read_bytes(self) -> u64 {
        if self.is_second() { self.bytes } else { (PART_BYTES * (1 + self.signals)) as u64 }
    }
}

impl Header {
    /// Reads headers of [`Extent::read_bytes`].
    pub fn parse(bytes: &[u8], extent: Extent) -> Result<Self, FormatError> {
        let mut warnings = Vec::new();
        let widths = if extent.is_second() { [66, 64] } else { [80, 80] };
        let mut facts = vec![
            ("version".to_owned(), text_at(bytes, 4, 4)),
            ("patient".into(), text_at(bytes, 8, widths[0])),
            ("recording".into(), text_at(bytes, 88, widths[1])),
        ];
        let started = if extent.is_second() {
            date(u64::from_le_bytes(at(bytes, 168)))
        } else {
            let said = text_at(bytes, 168, 16);
            let date = written_date(&said);
            if date.is_none() && !said.is_empty() {
                warnings.push(format!("the start is not a date: '{said}'"));
            }
            date
        };
        let behind = PART_BYTES * (1 + extent.signals);
        if extent.is_second() {
            third_header(bytes.get(behind..).unwrap_or_default(), &mut facts);
        }
        let signals = bytes.get(PART_BYTES..).unwrap_or_default();
        let columns = Columns { bytes: signals, count: extent.signals };
        let mut header = Self {
            version: extent.version,
            started,
            bytes: extent.bytes,
            records: i64::from_le_bytes(at(bytes, 236)),
            record: duration(bytes, extent.version, &mut warnings),
            signals: Vec::with_capacity(extent.signals),
            facts,
            warnings,
        };
        for place in 0..extent.signals {
            let signal = header.signal(&columns, place, extent.is_second())?;
            header.signals.push(signal);
        }
        let transducer = header.signals.iter().find(|signal| !signal.transducer.is_empty());
        if let Some(signal) = transducer {
            header.facts.push(("transducer".into(), signal.transducer.clone()));
        }
        header.facts.retain(|(_, text)| !text.is_empty());
        Ok(header)
    }

    fn signal(
        &mut self,
        columns: &Columns<'_>,
        place: usize,
        second: bool,
    ) -> Result<Signal, FormatError> {
        let label = columns.text(0, 16, place);
        let number = u32_at(columns.bytes, columns.at(220, 4, place));
        let kind = SampleType::of(number).ok_or_else(|| {
            let at = PART_BYTES + columns.at(220, 4, place);
            unusable(format!(
                "signal {} ('{label}') has samples of type {number} (byte {at}); types 1 to 8, 16, 17, 279 and 535 are \
                 read. Convert it with BioSig: save2gdf -f=EDF IN.gdf OUT.edf",
                place + 1
            ))
        })?;
        let physical = [104, 112].map(|from| columns.real(from, place));
        let digital = [120, 128].map(|from| columns.digital(from, place, second));
        let (gain, offset) = scale(physical, digital).unwrap_or_else(|| {
            if kind_needs_range(kind) && self.warnings.len() < MAX_WARNINGS {
                self.warnings.push(format!(
                    "signal {} ('{label}') has no range: its values are those of the converter",
                    place + 1
                ));
            }
            (1.0, 0.0)
        });
        let code = u16::from_le_bytes(at(columns.bytes, columns.at(102, 2, place)));
        Ok(Signal {
            unit: if second { unit(code) } else { columns.text(96, 8, place) },
            transducer: columns.text(16, 80, place),
            filtering: if second { columns.filters(place) } else { columns.text(136, 80, place) },
            samples: u32_at(columns.bytes, columns.at(216, 4, place)),
            label,
            gain,
            offset,
            kind,
        })
    }
}

/// The headers of the signals: each field stands there for all signals, then the next one.
struct Columns<'a> {
    bytes: &'a [u8],
    count: usize,
}

impl Columns<'_> {
    /// First byte of a field, from the bytes of a signal that stand before it, and its own.
    fn at(&self, before: usize, width: usize, place: usize) -> usize {
        before * self.count + width * place
    }

    fn text(&self, before: usize, width: usize, place: usize) -> String {
        text_at(self.bytes, self.at(before, width, place), width)
    }

    fn real(&self, before: usize, place: usize) -> f64 {
        f64_at(self.bytes, self.at(before, 8, place))
    }

    /// End of the digital range: a whole number in version 1.
    fn digital(&self, before: usize, place: usize, second: bool) -> f64 {
        if second {
            return self.real(before, place);
        }
        i64::from_le_bytes(at(self.bytes, self.at(before, 8, place))) as f64
    }

    /// Filters of version 2 in words; empty for those that are not given.
    fn filters(&self, place: usize) -> String {
        let of = |before: usize, name: &str| {
            let hz = f32::from_le_bytes(at(self.bytes, self.at(before, 4, place)));
            (hz.is_finite() && hz > 0.0).then(|| format!("{name}:{hz}Hz"))
        };
        let filters = [of(208, "HP"), of(204, "LP"), of(212, "N")];
        filters.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// Gain and offset that bring the digital range, in either direction, to the physical one.
fn scale(physical: [f64; 2], digital: [f64; 2]) -> Option<(f64, f64)> {
    let gain = (physical[1] - physical[0]) / (digital[1] - digital[0]);
    let offset = physical[0] - digital[0] * gain;
    (gain.is_finite() && gain != 0.0 && offset.is_finite()).then_some((gain, offset))
}

/// Samples that are real numbers are physical as they are.
fn kind_needs_range(kind: SampleType) -> bool {
    !matches!(kind, SampleType::Float32 | SampleType::Float64)
}

/// How long a record lasts. The other reading of the field is tried where that of the version makes no sense.
fn duration(bytes: &[u8], version: f64, warnings: &mut Vec<String>) -> Duration {
    let fraction =
        Duration { over: f64::from(u32_at(bytes, 244)), under: f64::from(u32_at(bytes, 248)) };
    let real = Duration { over: f64_at(bytes, 244), under: 1.0 };
    let [own, other] =
        if version < REAL_DURATION_VERSION { [fraction, real] } else { [real, fraction] };
    let is_sound = |duration: &Duration| RECORD_SECS.contains(&duration.secs());
    if is_sound(&own) {
        return own;
    }
    if is_sound(&other) {
        warnings.push(format!(
            "the duration of a record is written as another version does: {} s",
            other.secs()
        ));
        return other;
    }
    Duration { over: 0.0, under: 1.0 }
}

/// A date of version 2: days since the start of year 0 in units of 2^-32. Written to less than 0.1 ms.
fn date(days: u64) -> Option<Calendar> {
    if days == 0 {
        return None;
    }
    let whole = (days >> 32) as f64 - DAYS_TO_1970;
    let of_day = (days & 0xffff_ffff) as f64 / 4_294_967_296.0 * 86_400.0;
    let secs = whole * 86_400.0 + (of_day * 1e4).round() / 1e4;
    let epoch = Calendar { year: 1970, month: 1, day: 1, ..Calendar::default() };
    Some(epoch.plus_secs(secs)).filter(|date| *date != epoch)
}

/// A date of version 1: `YYYYMMDDhhmmsscc`, the last two hundredths of a second.
fn written_date(text: &str) -> Option<Calendar> {
    let number = |from: usize, to: usize| text.get(from..to)?.trim().parse::<u16>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
    let hundredths = number(14, 16).unwrap_or(0);
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    (is_date && hour < 24 && minute < 60 && second < 61).then(|| Calendar {
        year,
        month: month as u8,
        day: day as u8,
        hour: hour as u8,
        minute: minute as u8,
        second: f64::from(second) + f64::from(hundredths) / 100.0,
    })
}

/// What version 2 says behind the signals: a tag, three bytes of length, the content. Names that the recorder gave
/// its own types of events become facts; events keep their numbers.
fn third_header(mut bytes: &[u8], facts: &mut Vec<(String, String)>) {
    while let Some((tag, rest)) = bytes.split_first_chunk::<4>() {
        let [tag, length @ ..] = *tag;
        let length = u32::from_le_bytes([length[0], length[1], length[2], 0]) as usize;
        let Some((content, rest)) = rest.split_at_checked(length) else { return };
        let words = content.split(|byte| *byte == 0).map(text);
        match tag {
            0 => return,
            1 => {
                let named = words.enumerate().filter(|(_, name)| !name.is_empty());
                facts.extend(named.take(MAX_FACTS).map(|(at, name)| (format!("event {at}"), name)));
            }
            3 => {
                let device: Vec<_> = words.filter(|word| !word.is_empty()).take(4).collect();
                facts.push(("device".into(), device.join(" ")));
            }
            _ => {}
        }
        if facts.len() > 2 * MAX_FACTS {
            return;
        }
        bytes = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_both_versions() {
        let written = |text| written_date(text).map(Calendar::iso8601);
        assert_eq!(written("2011030415161778").unwrap(), "2011-03-04T15:16:17.780");
        assert_eq!(written("20110304151617").unwrap(), "2011-03-04T15:16:17");
        assert_eq!(["20111304151617", "", "jjjj", "2011"].map(written_date), [None; 4]);
        // 2000-01-01 is day 730 486 of year 0; three quarters of a day are 18 hours.
        let days = (730_486 << 32) + (3 << 30);
        assert_eq!(date(days).unwrap().iso8601(), "2000-01-01T18:00:00");
        assert_eq!([0, u64::MAX].map(date), [None; 2]);
    }

    #[test]
    fn durations_are_fractions_then_reals() {
        let field = |bytes: [u8; 8], version| {
            let mut header = vec![0; 256];
            header[244..252].copy_from_slice(&bytes);
            let mut warnings = Vec::new();
            (duration(&header, version, &mut warnings), warnings.len())
        };
        let fraction = [3, 0, 0, 0, 8, 0, 0, 0];
        let (found, warned) = field(fraction, 2.2);
        assert_eq!((found.secs(), found.rate_hz(96), warned), (0.375, 256.0, 0));
        assert_eq!(field(fraction, 2.51).0.secs(), 0.375);
        assert_eq!(field(0.5_f64.to_le_bytes(), 2.51).0.rate_hz(64), 128.0);
        assert_eq!(field(0.5_f64.to_le_bytes(), 1.25).1, 1);
        assert_eq!(field([0; 8], 1.25).0.secs(), 0.0);
        assert_eq!(field(f64::NAN.to_le_bytes(), 2.51).0.secs(), 0.0);
    }

    #[test]
    fn scales_run_in_both_directions() {
        assert_eq!(scale([-100.0, 100.0], [0.0, 200.0]), Some((1.0, -100.0)));
        assert_eq!(scale([-100.0, 100.0], [200.0, 0.0]), Some((-1.0, 100.0)));
        for [a, b, c, d] in [[0.0; 4], [0.0, 1.0, 5.0, 5.0], [f64::NAN, 1.0, 0.0, 1.0]] {
            assert_eq!(scale([a, b], [c, d]), None);
        }
    }

    #[test]
    fn the_third_header_names_events_and_device() {
        let mut facts = Vec::new();
        let bytes = [
            &[1, 13, 0, 0][..],
            b"\0blink\0saccade"[..13].as_ref(),
            &[3, 6, 0, 0],
            b"g.tec\0",
            &[9, 255, 255, 255, 1],
        ]
        .concat();
        third_header(&bytes, &mut facts);
        let named: Vec<_> =
            facts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(named, [("event 1", "blink"), ("event 2", "saccad"), ("device", "g.tec")]);
    }
}
