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
    /// The device's count of samples.
    Index,
    /// Seconds: the number times this.
    Seconds(f64),
    /// `2026-11-24 09:00:00.123`.
    Moment,
    /// A number; other than zero it is an event.
    Marker,
    /// A text; other than empty it is an event.
    Words,
    /// Not needed.
    Ignored,
}

/// How time is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Timing {
    /// Each row has its own.
    Stamps,
    /// Rows are counted; the device's count and the stamps tell what is missing.
    Counted {
        /// The count begins again at this number.
        modulus: u32,
        /// Step from a row to the next.
        step: u32,
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
    /// Least number of cells of a row that is used; further columns may be missing.
    pub least_cells: usize,
    pub rate_hz: f64,
    pub timing: Timing,
    pub started: Option<Calendar>,
    pub facts: Vec<(String, String)>,
    pub warnings: Vec<String>,
    pub simulated: bool,
}

impl Layout {
    /// The number in a cell, in the unit of its column.
    pub fn value(&self, cell: &str) -> Option<f64> {
        match self.digits {
            Digits::Decimal => number(cell, self.delimiter),
            Digits::CytonHex => hexadecimal::value(cell),
        }
    }
}

/// Days and seconds of a moment as text, in seconds since 1970 without a zone.
pub(super) fn moment_secs(text: &str) -> Option<f64> {
    let (date, time) = text.trim().split_once([' ', 'T'])?;
    let mut date = date.split('-').map(|part| part.parse::<u16>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.split(':');
    let hour: f64 = time.next()?.parse().ok()?;
    let minute: f64 = time.next()?.parse().ok()?;
    let second: f64 = time.next()?.parse().ok()?;
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day);
    let valid = valid
        && (0.0..24.0).contains(&hour)
        && (0.0..60.0).contains(&minute)
        && (0.0..61.0).contains(&second);
    let midnight = Calendar { year, month: month as u8, day: day as u8, ..Calendar::default() };
    valid.then(|| midnight.unix_secs() + hour * 3600.0 + minute * 60.0 + second)
}

/// The number in a cell. A decimal comma is understood where the comma is not the delimiter.
pub(super) fn number(cell: &str, delimiter: u8) -> Option<f64> {
    if delimiter != b',' && cell.contains(',') {
        return cell.replace(',', ".").parse().ok();
    }
    cell.parse().ok()
}

/// A channel of EEG, in µV.
pub(super) fn eeg(label: &str) -> Column {
    Column::Signal(ChannelHead {
        label: label.into(),
        unit: "uV".into(),
        kind: "EEG".into(),
        ..ChannelHead::default()
    })
}

/// A channel of something else.
pub(super) fn other(label: &str, unit: &str) -> Column {
    Column::Signal(ChannelHead {
        label: label.into(),
        unit: unit.into(),
        kind: "MISC".into(),
        ..ChannelHead::default()
    })
}

/// The cells of a line.
pub(super) fn cells(line: &str, delimiter: u8) -> Vec<&str> {
    line.split(char::from(delimiter)).map(str::trim).collect()
}

/// Cells that a row must have: up to the last channel of EEG.
pub(super) fn least_cells(columns: &[Column]) -> usize {
    let is_eeg =
        |column: &Column| matches!(column, Column::Signal(channel) if channel.kind == "EEG");
    columns.iter().rposition(is_eeg).map_or(columns.len(), |place| place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_seconds_since_1970() {
        assert_eq!(moment_secs("1970-01-02 00:00:01.5"), Some(86_401.5));
        assert_eq!(moment_secs("2026-13-02 00:00:01"), None);
        assert_eq!(moment_secs("12:00:01"), None);
        assert_eq!(
            (number("1,5", b';'), number("1.6E9", b','), number("x", b',')),
            (Some(1.5), Some(1.6e9), None)
        );
    }
}
