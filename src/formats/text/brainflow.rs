//! BrainFlow: rows of numbers without a line of names.
//!
//! The file names neither board nor columns: the number of columns is that of a board's default preset. Source:
//! BrainFlow 5.23's board descriptions.

use super::layout::{Column, Layout, Timing, calendar, cells, eeg, number};
use super::look::Look;
use super::openbci::counting;
use super::rate;

/// Columns in all, first EEG column, EEG columns, stamp, marker, and what boards that is.
const BOARDS: [(usize, usize, usize, usize, usize, &str); 5] = [
    (32, 1, 16, 30, 31, "the synthetic board or Cyton with Daisy"),
    (24, 1, 8, 22, 23, "Cyton"),
    (15, 1, 4, 13, 14, "Ganglion"),
    (25, 1, 4, 23, 24, "Ganglion on WiFi"),
    (29, 9, 16, 27, 28, "Galea"),
];

/// A measured rate this close to a known one is taken for it.
const RATE_TOLERANCE: f64 = 0.05;

/// Its layout, when the first line is numbers only.
pub(super) fn layout(look: &Look<'_>) -> Option<Result<Layout, String>> {
    let line = look.lines.first()?;
    let delimiter =
        [b'\t', b';'].into_iter().find(|d| line.contains(char::from(*d))).unwrap_or(b',');
    let row = cells(line, delimiter);
    let row: Vec<&str> = match row.split_last() {
        Some((&"", rest)) => rest.to_vec(),
        _ => row,
    };
    if row.len() < 3 || !row.iter().all(|cell| number(cell).is_some()) {
        return None;
    }
    Some(of_columns(look, delimiter, row.len()))
}

fn of_columns(look: &Look<'_>, delimiter: u8, columns: usize) -> Result<Layout, String> {
    let known = BOARDS.iter().find(|board| board.0 == columns);
    let Some((count, from, channels, stamp, marker, board)) = known.copied() else {
        return Err(format!(
            "it holds {columns} columns of numbers without names, which is no board of BrainFlow known here; \
             a first line of names (as time, O1, O2, marker) tells what they are"
        ));
    };
    let column = |place: usize| match place {
        0 => Column::Index,
        _ if (from..from + channels).contains(&place) => eeg(&format!("EXG{}", place - from + 1)),
        _ if place == stamp => Column::Seconds(1.0),
        _ if place == marker => Column::Marker,
        _ => Column::Ignored,
    };
    let columns = (0..count).map(column).collect();
    let mut layout =
        Layout { least_cells: count, ..Layout::new("BrainFlow CSV", delimiter, columns) };
    layout
        .warnings
        .push(format!("the file does not name its board: {count} columns are those of {board}"));
    layout.timing = match counting(&look.lines, &layout) {
        // The count of other boards begins again elsewhere.
        Timing::Counted { .. } if ![24, 32].contains(&count) => Timing::Rows,
        timing => timing,
    };
    let stamp = |line: &&str| number(cells(line, delimiter).get(stamp)?);
    let stamps: Vec<f64> = look.lines.iter().filter_map(stamp).collect();
    let Some(step) = rate::step(&stamps) else {
        return Err("it looks like BrainFlow CSV but its times do not rise".into());
    };
    layout.rate_hz = rate::known(1.0 / step, RATE_TOLERANCE);
    layout.is_rate_named = true; // by its first rows, as far as it can be
    layout.started = stamps.first().copied().and_then(calendar);
    layout.warnings.push(format!(
        "the file does not name its rate: {:.6} Hz by its stamps ({:.2})",
        layout.rate_hz,
        1.0 / step
    ));
    Ok(layout)
}
