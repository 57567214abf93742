//! How a file to be written is laid out: the length of its records, ranges as fields, the header.
//!
//! Takes what is known before the first sample; gives bytes of fixed width as the EDF+ and BDF+ standards lay down
//! (edfplus.info, biosemi.com/faq/file_format.htm). The number of records and the `+D` of a file with gaps are patched
//! by the writer at the end.

use super::{Kind, numbers, tal};
use crate::formats::recording::{ChannelHead, WriteHead};

/// Longest record that the standard recommends, in bytes.
pub(super) const RECORD_BYTES: usize = 61_440;

/// Durations of a record that are tried, in microseconds: the longest that suits the rate and the size.
const DURATIONS_US: [u64; 17] = [
    1_000_000, 500_000, 250_000, 200_000, 125_000, 100_000, 62_500, 50_000, 40_000, 31_250, 25_000,
    20_000, 15_625, 12_500, 10_000, 8_000, 4_000,
];

/// Longer ones, in seconds, for rates that no whole second suits.
const LONG_SECS: std::ops::RangeInclusive<u64> = 2..=60;

/// A duration has no sign.
pub(super) fn duration(micros: i64) -> String {
    tal::seconds(micros.max(0)).trim_start_matches('+').into()
}

/// Samples of a record that lasts so long, where it holds a whole number of them.
fn whole_samples(rate_hz: f64, micros: u64) -> Option<usize> {
    let samples = rate_hz * micros as f64 * 1e-6;
    let near = samples.round();
    let is_whole = (1.0..=1e6).contains(&near) && (samples - near).abs() < 1e-6 * near.max(1.0);
    is_whole.then_some(near as usize)
}

/// Duration of a record in microseconds and the samples of each rate, so that all are exact. As many rates as fit, the first in
/// any case: `None` stands for those that do not.
pub(super) fn records(
    rates_hz: &[f64],
    frame_bytes: usize,
) -> Option<(u64, usize, Vec<Option<usize>>)> {
    let (first, others) = rates_hz.split_first()?;
    // A second or a tenth holds most rates; else the record is laid out for the first alone.
    let suits =
        |micros: u64| others.iter().filter(|rate| whole_samples(**rate, micros).is_some()).count();
    let alone = record(*first, frame_bytes)?;
    let tried = DURATIONS_US.into_iter().filter_map(|micros| {
        let samples = whole_samples(*first, micros)?;
        (samples * frame_bytes <= RECORD_BYTES).then_some((micros, samples))
    });
    let (micros, samples) = tried
        .chain([alone])
        .rev()
        .max_by_key(|(micros, _)| (suits(*micros), *micros == alone.0))
        .unwrap_or(alone);
    let of_others = others.iter().map(|rate| whole_samples(*rate, micros)).collect();
    Some((micros, samples, of_others))
}

/// Duration of a record in microseconds and its samples, so that both are exact.
pub(super) fn record(rate_hz: f64, frame_bytes: usize) -> Option<(u64, usize)> {
    let whole = |micros: u64| whole_samples(rate_hz, micros).map(|samples| (micros, samples));
    let fits = |(_, samples): &(u64, usize)| samples * frame_bytes <= RECORD_BYTES;
    let short: Vec<_> = DURATIONS_US.into_iter().filter_map(whole).collect();
    short
        .iter()
        .copied()
        .find(fits)
        .or_else(|| short.last().copied())
        .or_else(|| LONG_SECS.map(|secs| secs * 1_000_000).find_map(whole))
}

/// The lower and the upper end of a range: the value that the field holds, and the field.
pub(super) type FieldRange = [(f64, String); 2];

/// The range as two fields; a flat channel gets one unit on either side.
pub(super) fn field_range([low, high]: [f64; 2]) -> Option<FieldRange> {
    let (low, high) =
        if low.is_finite() && high.is_finite() && low <= high { (low, high) } else { (0.0, 0.0) };
    let wide = high - low > 1e-6 * high.abs().max(low.abs());
    let (low, high) = if wide { (low, high) } else { (low - 1.0, high + 1.0) };
    let fields = [numbers::rounded_outwards(low, false)?, numbers::rounded_outwards(high, true)?];
    (fields[1].0 > fields[0].0).then_some(fields)
}

/// Printable ASCII in a field of fixed width.
fn field(text: &str, width: usize) -> Vec<u8> {
    let text = text.replace(['µ', 'μ'], "u");
    let clean = text.chars().map(|c| if (' '..='~').contains(&c) { c as u8 } else { b'_' });
    let mut bytes: Vec<u8> = clean.take(width).collect();
    bytes.resize(width, b' ');
    bytes
}

fn unit_of(channel: &ChannelHead) -> String {
    // Eight characters do not hold every spelling of a voltage.
    let known = [(1e-3, "nV"), (1.0, "uV"), (1e3, "mV"), (1e6, "V")];
    let short = channel.microvolts().and_then(|scale| known.iter().find(|(own, _)| *own == scale));
    short.map_or_else(|| channel.unit.clone(), |(_, unit)| (*unit).into())
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// A channel as it is written: what it is, its range, and its samples in a record.
pub(super) type Written<'a> = (&'a ChannelHead, &'a FieldRange, usize);

/// The header of a file with an annotation signal behind the channels.
pub(super) fn header(
    kind: Kind,
    head: &WriteHead,
    written: &[Written<'_>],
    record_us: u64,
    annotation_bytes: usize,
) -> Vec<u8> {
    let signals = written.len() + 1;
    let mut bytes = match kind {
        Kind::Edf => field("0", 8),
        Kind::Bdf => [&[0xff][..], b"BIOSEMI"].concat(),
    };
    let equipment = if head.simulated { "Phosphene_SIMULATED" } else { "Phosphene" };
    let (date, time, long) = match head.started {
        Some(at) => {
            let month = MONTHS[usize::from(at.month.clamp(1, 12)) - 1];
            (
                format!("{:02}.{:02}.{:02}", at.day, at.month, at.year % 100),
                format!("{:02}.{:02}.{:02}", at.hour, at.minute, at.second.floor() as u32),
                format!("{:02}-{month}-{:04}", at.day, at.year),
            )
        }
        None => ("01.01.85".into(), "00.00.00".into(), "X".into()),
    };
    bytes.extend(field("X X X X", 80));
    bytes.extend(field(&format!("Startdate {long} X X {equipment}"), 80));
    bytes.extend(field(&date, 8));
    bytes.extend(field(&time, 8));
    bytes.extend(field(&(256 * (signals + 1)).to_string(), 8));
    bytes.extend(field(&format!("{}+C", kind.name()), 44));
    bytes.extend(field("-1", 8));
    bytes.extend(field(&duration(record_us as i64), 8));
    bytes.extend(field(&signals.to_string(), 4));
    let [least, most] = kind.digital_range();
    let annotations = format!("{} Annotations", kind.name());
    let mut column = |width: usize, of: &dyn Fn(&Written<'_>) -> String, last: &str| {
        for channel in written {
            bytes.extend(field(&of(channel), width));
        }
        bytes.extend(field(last, width));
    };
    column(16, &|(channel, ..)| channel.label.clone(), &annotations);
    column(80, &|_| String::new(), "");
    column(8, &|(channel, ..)| unit_of(channel), "");
    column(8, &|(_, [low, _], _)| low.1.clone(), "-1");
    column(8, &|(_, [_, high], _)| high.1.clone(), "1");
    column(8, &|_| least.to_string(), &least.to_string());
    column(8, &|_| most.to_string(), &most.to_string());
    column(80, &|(channel, ..)| channel.filtering.clone(), "");
    column(
        8,
        &|(_, _, samples)| samples.to_string(),
        &(annotation_bytes / kind.sample_bytes()).to_string(),
    );
    column(32, &|_| String::new(), "");
    bytes
}
