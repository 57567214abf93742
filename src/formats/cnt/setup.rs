//! The header: 900 bytes about the file, 75 about each electrode.
//!
//! Takes the bytes and the length of the file; gives scales, and where the samples are. The count of samples in the
//! header is not reliable: the place of the table of events behind them is.

use super::words::{malformed, unusable};
use crate::formats::FormatError;
use crate::formats::fields::{at, f32_at, text_at, u32_at};
use crate::formats::recording::{Calendar, ChannelHead};
use crate::units::{MAX_CHANNELS, MAX_RATE_HZ};

/// Bytes about the file.
pub(super) const SETUP_BYTES: usize = 900;

/// Bytes about each electrode.
pub(super) const ELECTRODE_BYTES: usize = 75;

/// Steps of the converter by which sensitivities are given.
const STEPS: f64 = 204.8;

/// Most bytes of a block of samples of all channels.
const MAX_BLOCK_BYTES: u64 = 64 << 20;

/// One channel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Electrode {
    pub head: ChannelHead,
    /// Microvolts of a sample `d`: `(d - baseline) * gain`.
    pub baseline: f64,
    pub gain: f64,
}

/// Where the samples are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    /// First byte of the samples.
    pub from: u64,
    /// Bytes of a sample: 2 or 4.
    pub width: usize,
    /// Samples of one channel that stand together before those of the next.
    pub run: usize,
    /// Blocks of so many samples of all channels that are there.
    pub blocks: u64,
    /// First byte of the table of events; `None` where it is not in the file.
    pub table: Option<u64>,
}

/// The whole header.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setup {
    pub started: Option<Calendar>,
    pub rate_hz: f64,
    pub electrodes: Vec<Electrode>,
    pub extent: Extent,
    pub facts: Vec<(String, String)>,
    pub warnings: Vec<String>,
}

/// Number of channels, from the first 900 bytes.
pub(super) fn channel_count(bytes: &[u8; SETUP_BYTES]) -> Result<usize, FormatError> {
    let count = usize::from(u16::from_le_bytes(at(bytes, 370)));
    if count == 0 || count > MAX_CHANNELS {
        let expected = format!("1 to {MAX_CHANNELS} channels");
        return Err(malformed(370, &expected, count.to_string()));
    }
    Ok(count)
}

/// Where a file says that NextFile's flag stands: a byte that is 1 where samples have four bytes.
pub(super) fn width_flag_at(bytes: &[u8; SETUP_BYTES]) -> Option<u64> {
    let next = u32_at(bytes, 16);
    (next > 0).then(|| u64::from(next) + 52)
}

impl Setup {
    /// Reads all headers of a file of `len` bytes. `flag` is the byte at [`width_flag_at`].
    pub fn parse(bytes: &[u8], len: u64, flag: Option<u8>) -> Result<Self, FormatError> {
        let rate_hz = f64::from(u16::from_le_bytes(at(bytes, 376)));
        if rate_hz == 0.0 || rate_hz > MAX_RATE_HZ {
            return Err(malformed(376, "a rate in Hz", rate_hz.to_string()));
        }
        let mut warnings = Vec::new();
        let filtering = filtering(bytes);
        let table = bytes.get(SETUP_BYTES..).unwrap_or_default();
        let electrodes: Vec<_> =
            table.chunks_exact(ELECTRODE_BYTES).map(|part| electrode(part, &filtering)).collect();
        let scaleless = electrodes.iter().filter(|one| one.head.unit.is_empty()).count();
        if scaleless > 0 {
            warnings.push(format!(
                "{scaleless} channel(s) have no scale: their values are those of the converter"
            ));
        }
        let bad = table.chunks_exact(ELECTRODE_BYTES).filter(|part| at::<1>(part, 14) != [0]);
        let bad: Vec<_> = bad.map(|part| text_at(part, 0, 10)).collect();
        let written = format!("{} {}", text_at(bytes, 225, 10), text_at(bytes, 235, 12));
        let started = date(&written);
        if started.is_none() && !written.trim().is_empty() {
            warnings.push(format!("the start is not a date: '{}'", written.trim()));
        }
        let mut facts = vec![
            ("patient".to_owned(), text_at(bytes, 21, 20)),
            ("recording".into(), text_at(bytes, 205, 20)),
            ("bad channels".into(), bad.join(" ")),
        ];
        facts.retain(|(_, text)| !text.is_empty());
        let extent = extent(bytes, electrodes.len(), len, flag, &mut warnings)?;
        Ok(Self { started, rate_hz, electrodes, extent, facts, warnings })
    }
}

fn electrode(bytes: &[u8], filtering: &str) -> Electrode {
    let (sensitivity, calibration) = (f32_at(bytes, 59), f32_at(bytes, 71));
    let gain = sensitivity * calibration / STEPS;
    let is_scale = gain.is_finite() && gain != 0.0;
    let head = ChannelHead {
        label: text_at(bytes, 0, 10),
        unit: if is_scale { "uV".into() } else { String::new() },
        filtering: filtering.into(),
        ..ChannelHead::default()
    };
    let baseline = f64::from(i16::from_le_bytes(at(bytes, 47)));
    Electrode { head, baseline, gain: if is_scale { gain } else { 1.0 } }
}

/// Filters of the amplifier in words, where they were on.
fn filtering(bytes: &[u8]) -> String {
    let of = |name: &str, switch: usize, place: usize| {
        let hz = f32_at(bytes, place);
        let is_on = at::<1>(bytes, switch) != [0] && hz.is_finite() && hz > 0.0;
        is_on.then(|| format!("{name}:{hz}Hz"))
    };
    let filters = [of("HP", 439, 869), of("LP", 438, 875)];
    filters.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Where the samples begin and end, and how wide they are.
fn extent(
    bytes: &[u8],
    channels: usize,
    len: u64,
    flag: Option<u8>,
    warnings: &mut Vec<String>,
) -> Result<Extent, FormatError> {
    let from = (SETUP_BYTES + ELECTRODE_BYTES * channels) as u64;
    let [upper, lower] = [u32_at(bytes, 12), u32_at(bytes, 886)].map(u64::from);
    let counted = u64::from(u32_at(bytes, 864));
    let values = counted * channels as u64;
    // Of a place beyond 4 GiB the field holds the lower half.
    let of_width = |width: usize| (width, from + values * width as u64);
    let by_count =
        [2, 4].map(of_width).into_iter().find(|(_, end)| values > 0 && end & 0xffff_ffff == lower);
    let is_there = |end: &u64| (from..len).contains(end);
    let said = [(upper << 32) + lower, lower].into_iter().find(is_there);
    let table = by_count.map_or(said, |(_, end)| Some(end).filter(is_there));
    let by_flag = flag.map(|flag| if flag == 1 { 4 } else { 2 });
    let by_size = table.filter(|end| !(end - from).is_multiple_of(4 * channels as u64)).map(|_| 2);
    let Some(width) = by_count.map(|(width, _)| width).or(by_flag).or(by_size) else {
        return Err(unusable(format!(
            "nothing tells whether its samples have 2 bytes or 4: the header counts {counted} samples of {channels} \
             channel(s) and puts their end at byte {lower}. Export it from Scan or Curry as EDF"
        )));
    };
    let run = match u32_at(bytes, 894) as usize {
        0 | 1 => 1,
        offset => (offset / width).max(1),
    };
    let block_bytes = (run * width * channels) as u64;
    if block_bytes > MAX_BLOCK_BYTES {
        let expected = format!("blocks of at most {MAX_BLOCK_BYTES} bytes of all channels");
        return Err(malformed(894, &expected, format!("{block_bytes} bytes")));
    }
    let end = table.unwrap_or(len);
    let blocks = end.saturating_sub(from) / block_bytes;
    let left = end.saturating_sub(from) % block_bytes;
    let samples = blocks * run as u64;
    if table.is_none() {
        let why = if lower < from { "was not written" } else { "is not there" };
        warnings.push(format!("the table of events {why}: {samples} samples, and no events"));
    } else if counted > 0 && counted != samples {
        warnings.push(format!("the header tells of {counted} samples; {samples} are there"));
    }
    if left > 0 {
        warnings.push(format!("{left} bytes behind the last whole block are left out"));
    }
    Ok(Extent { from, width, run, blocks, table })
}

/// `mm/dd/yy hh:mm:ss`; the day first where the first number cannot be a month.
fn date(text: &str) -> Option<Calendar> {
    let mut parts = text.split(['/', '-', '.', ':', ' ']).filter(|part| !part.is_empty());
    let mut next = || parts.next()?.parse::<u16>().ok();
    let (first, second, year) = (next()?, next()?, next()?);
    let (hour, minute, secs) = (next()?, next()?, next()?);
    let (month, day) = if first > 12 { (second, first) } else { (first, second) };
    let year = match year {
        0..=68 => 2000 + year,
        69..=99 => 1900 + year,
        _ => year,
    };
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day) && year < 10_000;
    (is_date && hour < 24 && minute < 60 && secs < 61).then(|| Calendar {
        year,
        month: month as u8,
        day: day as u8,
        hour: hour as u8,
        minute: minute as u8,
        second: f64::from(secs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_the_month_first_unless_it_cannot_be() {
        let iso = |text| date(text).map(Calendar::iso8601);
        assert_eq!(iso("03/04/11 15:16:17").unwrap(), "2011-03-04T15:16:17");
        assert_eq!(iso("13/04/98 15:16:17").unwrap(), "1998-04-13T15:16:17");
        assert_eq!(["", "03/04/11", "03/44/11 15:16:17"].map(date), [None; 3]);
    }

    /// The headers of a file whose samples end at a byte.
    fn found(
        table: u32,
        upper: u32,
        samples: u32,
        len: u64,
        flag: Option<u8>,
    ) -> Result<(Extent, usize), FormatError> {
        let mut bytes = vec![0; SETUP_BYTES + 2 * ELECTRODE_BYTES];
        bytes[886..890].copy_from_slice(&table.to_le_bytes());
        bytes[12..16].copy_from_slice(&upper.to_le_bytes());
        bytes[864..868].copy_from_slice(&samples.to_le_bytes());
        let mut warnings = Vec::new();
        extent(&bytes, 2, len, flag, &mut warnings).map(|extent| (extent, warnings.len()))
    }

    #[test]
    fn the_width_comes_from_the_count_else_the_flag_else_the_size() {
        let width = |table, samples, flag| {
            let (extent, warned) = found(table, 0, samples, 5000, flag).unwrap();
            (extent.width, extent.blocks, warned)
        };
        assert_eq!(width(1050 + 400, 100, None), (2, 100, 0));
        assert_eq!(width(1050 + 800, 100, Some(0)), (4, 100, 0));
        assert_eq!(width(1050 + 800, 7, Some(1)), (4, 100, 1));
        assert_eq!(width(1050 + 804, 0, Some(0)), (2, 201, 0));
        assert_eq!(width(1050 + 804, 7, None), (2, 201, 1));
        let why = found(1050 + 800, 0, 7, 5000, None).unwrap_err().to_string();
        assert!(why.contains("2 bytes or 4") && why.contains("EDF"), "{why}");
    }

    #[test]
    fn a_missing_table_leaves_the_samples_that_are_there() {
        let (extent, warned) = found(1050 + 800, 0, 200, 1450, None).unwrap();
        assert_eq!((extent.blocks, extent.table, warned), (100, None, 1));
        let (extent, _) = found(0, 0, 0, 1450, Some(0)).unwrap();
        assert_eq!((extent.blocks, extent.table), (100, None));
        // Beyond 4 GiB the field holds the lower half of the place, and another field sometimes the upper.
        let end = (1 << 32) + 1050 + 400;
        for (upper, samples, flag) in [(0, (1 << 30) + 100, None), (1, 3, Some(0))] {
            let (extent, _) = found(1050 + 400, upper, samples, end + 9, flag).unwrap();
            assert_eq!((extent.width, extent.table), (2, Some(end)));
        }
    }
}
