//! What the columns of a text mean.

use super::hexadecimal;
use crate::formats::recording::{Calendar, ChannelHead};

/// The Cyton's count of samples.
pub(super) const COUNT_MODULUS: u32 = 256;

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Column {
    /// Values of a channel.
    Signal(ChannelHead),
    /// The device's count of samples or of packets.
    Index,
    /// Seconds: the number times this. Zero: by the size of each stamp, see [`super::rate::scale_of`].
    Seconds(f64),
    /// What is to be added to the seconds of another column: the number times this.
    Fraction(f64),
    /// `2026-11-24 09:00:00.123`.
    Moment,
    /// A number; other than zero it is an event.
    Marker,
    /// A text; other than empty it is an event.
    Words,
    /// Labels of events, several separated by `:`.
    EventIds,
    /// When they were, on the axis of the stamps, separated by `:`.
    EventDates,
    /// How long they took in seconds, separated by `:`.
    EventDurations,
    /// Zero where the device does not vouch for the row.
    Valid,
    /// Not needed.
    Ignored,
}

/// How time is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Timing {
    /// Each row has its own.
    Stamps,
    /// Each row has a stamp, but of its packet or of its arrival: all of them together tell, see
    /// [`super::settled`].
    Settled,
    /// Rows are counted; the device's count and the stamps tell what is missing.
    Counted {
        /// The count begins again at this number; never where there is none.
        modulus: Option<u32>,
        /// Step from a count to the next.
        step: u32,
        /// Rows of one count.
        rows: u32,
    },
    /// Rows are counted; nothing tells what is missing but stamps, where there are any.
    Rows,
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Digits {
    /// As people write them.
    Decimal,
    /// As the Cyton writes them on its SD card; see [`super::sd_card`].
    CytonHex,
}

/// A dialect as it was met.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub format: &'static str,
    pub delimiter: u8,
    pub digits: Digits,
    pub columns: Vec<Column>,
    /// Lines in front that are no rows.
    pub head_lines: u64,
    /// Least number of cells of a row that is used; further columns may be missing.
    pub least_cells: usize,
    /// Whether every row has all columns: one that has not is left out.
    pub is_exact: bool,
    /// Whether a marker stays in its column until the next: then only a change is an event.
    pub is_held: bool,
    /// Whether a first row of zeros is no sample.
    pub has_blank: bool,
    pub rate_hz: f64,
    /// Whether the file or the device names the rate; else it was measured.
    pub is_rate_named: bool,
    pub timing: Timing,
    pub started: Option<Calendar>,
    pub facts: Vec<(String, String)>,
    pub warnings: Vec<String>,
    pub simulated: bool,
}

impl Layout {
    /// Rows of decimal numbers, counted, of which the least cells are those up to the last channel of EEG.
    pub fn new(format: &'static str, delimiter: u8, columns: Vec<Column>) -> Self {
        Self {
            format,
            delimiter,
            digits: Digits::Decimal,
            head_lines: 0,
            least_cells: least_cells(&columns),
            columns,
            is_exact: false,
            is_held: false,
            has_blank: false,
            rate_hz: 0.0,
            is_rate_named: false,
            timing: Timing::Rows,
            started: None,
            facts: Vec::new(),
            warnings: Vec::new(),
            simulated: false,
        }
    }

    /// The number in a cell, in the unit of its column.
    pub fn value(&self, cell: &str) -> Option<f64> {
        match self.digits {
            Digits::Decimal => number(cell),
            Digits::CytonHex => hexadecimal::value(cell),
        }
    }

    /// Where a column of this kind is.
    pub fn place(&self, is_it: impl Fn(&Column) -> bool) -> Option<usize> {
        self.columns.iter().position(is_it)
    }
}

/// Days and seconds of a moment as text, in seconds since 1970; a zone behind it is not minded.
pub(super) fn moment_secs(text: &str) -> Option<f64> {
    let (date, time) = text.trim().split_once([' ', 'T'])?;
    let mut date = date.split(['-', '/']).map(|part| part.parse::<u16>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.trim().split(':');
    let hour: f64 = time.next()?.parse().ok()?;
    let minute: f64 = time.next()?.parse().ok()?;
    let second = time.next()?;
    let end = second.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(second.len());
    let second: f64 = second.get(..end)?.parse().ok()?;
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day);
    let valid = valid
        && (0.0..24.0).contains(&hour)
        && (0.0..60.0).contains(&minute)
        && (0.0..61.0).contains(&second);
    let midnight = Calendar { year, month: month as u8, day: day as u8, ..Calendar::default() };
    valid.then(|| midnight.unix_secs() + hour * 3600.0 + minute * 60.0 + second)
}

/// Calendar time of seconds since 1970, to a millisecond; `None` where they are not of this century.
pub(super) fn calendar(unix_secs: f64) -> Option<Calendar> {
    let epoch = Calendar { year: 1970, month: 1, day: 1, ..Calendar::default() };
    (9.4e8..4.2e9).contains(&unix_secs).then(|| epoch.plus_secs((unix_secs * 1e3).round() * 1e-3))
}

/// The number in a cell, with a decimal point or comma.
pub(super) fn number(cell: &str) -> Option<f64> {
    match cell.parse() {
        Ok(value) => Some(value),
        Err(_) if cell.contains(',') => cell.replace(',', ".").parse().ok(),
        Err(_) => None,
    }
}

/// A channel of EEG, in µV.
pub(super) fn eeg(label: &str) -> Column {
    channel(label, "uV", "EEG")
}

/// A channel of something else.
pub(super) fn other(label: &str, unit: &str) -> Column {
    channel(label, unit, "MISC")
}

/// A channel.
pub(super) fn channel(label: &str, unit: &str, kind: &str) -> Column {
    Column::Signal(ChannelHead {
        label: label.into(),
        unit: unit.into(),
        kind: kind.into(),
        ..ChannelHead::default()
    })
}

/// Whether a column is a channel of EEG.
pub(super) fn is_eeg(column: &Column) -> bool {
    matches!(column, Column::Signal(channel) if channel.kind == "EEG")
}

/// The cells of a line, without the quotes around them. A delimiter within quotes is none.
pub(super) fn cells(line: &str, delimiter: u8) -> Vec<&str> {
    let delimiter = char::from(delimiter);
    if !line.contains('"') {
        return line.split(delimiter).map(str::trim).collect();
    }
    let mut is_quoted = false;
    line.split(|c: char| {
        is_quoted ^= c == '"';
        c == delimiter && !is_quoted
    })
    .map(|cell| {
        let cell = cell.trim();
        cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell).trim()
    })
    .collect()
}

/// Cells that a row must have: up to the last channel of EEG.
fn least_cells(columns: &[Column]) -> usize {
    columns.iter().rposition(is_eeg).map_or(columns.len(), |place| place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_seconds_since_1970() {
        assert_eq!(moment_secs("1970-01-02 00:00:01.5"), Some(86_401.5));
        assert_eq!(moment_secs("1970-01-02T00:00:01.5+08:00"), Some(86_401.5));
        assert_eq!(moment_secs("2026-13-02 00:00:01"), None);
        assert_eq!(moment_secs("12:00:01"), None);
    }

    #[test]
    fn numbers_have_points_or_commas() {
        assert_eq!((number("1,5"), number("1.6E9"), number("x")), (Some(1.5), Some(1.6e9), None));
        assert_eq!((number("1,234.5"), number("")), (None, None));
    }

    #[test]
    fn quotes_hold_delimiters() {
        assert_eq!(cells("\"1,5\", 2 ,\"a \"\"b\"\"\",", b','), ["1,5", "2", "a \"\"b\"\"", ""]);
        assert_eq!(cells("1,5;2;\"x;y\"", b';'), ["1,5", "2", "x;y"]);
        assert_eq!(cells("1,\"2,3", b','), ["1", "\"2,3"]);
    }
}
