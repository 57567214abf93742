//! OpenBCI GUI, versions 2 to 6, and SD cards that it converted.
//!
//! `%` lines, perhaps a line of names, rows. Older files have none: count, channels, three accelerations, whatever
//! else, and stamps anywhere behind. Source: the GUI's documentation and files of its versions.

use super::clock::counted;
use super::layout::{COUNT_MODULUS, Column, Layout, Timing, calendar, cells, eeg, number, other};
use super::look::Look;
use super::rate::scale_of;
use crate::formats::recording::Calendar;

/// Rate of the boards unless the file says another.
const RATE_HZ: f64 = 250.0;

/// Its layout.
pub(super) fn layout(look: &Look<'_>) -> Result<Layout, String> {
    let head: Vec<&str> =
        look.lines.iter().take_while(|line| line.starts_with('%')).copied().collect();
    let mut rows = look.lines.get(head.len()..).unwrap_or_default();
    let names = rows
        .first()
        .filter(|line| line.contains("EXG Channel") || line.starts_with("Sample Index"));
    let mut head_lines = 0;
    if names.is_some() {
        head_lines = look.numbers.get(head.len()).copied().unwrap_or(0);
        rows = rows.get(1..).unwrap_or_default();
    }
    let Some(row) = rows.iter().max_by_key(|line| cells(line, b',').len()) else {
        return Err("it has no rows".into());
    };
    let is_card = head.first().is_some_and(|line| line.contains("OBCI Data Log"));
    let columns = match names {
        Some(names) => cells(names, b',').into_iter().map(named).collect(),
        None => unnamed(&cells(row, b','), channels(&head, rows, is_card))?,
    };
    let board = head.iter().find_map(|line| line.strip_prefix("%Board = "));
    let format = if is_card { "OpenBCI SD text" } else { "OpenBCI text" };
    let mut layout = Layout {
        head_lines,
        has_blank: true,
        is_rate_named: true,
        facts: board.map(|board| ("device".into(), board.trim().into())).into_iter().collect(),
        simulated: board.is_some_and(|board| board.contains("Synthetic")),
        ..Layout::new(format, b',', columns)
    };
    layout.rate_hz = said(&head, "Sample Rate")
        .filter(|rate| (1.0..=20_000.0).contains(rate))
        .unwrap_or_else(|| {
            layout.warnings.push("the file does not name its rate: 250 Hz are assumed".into());
            RATE_HZ
        });
    layout.timing = counting(rows, &layout);
    layout.started = start_of(rows, &layout);
    Ok(layout)
}

/// A number that the head says.
fn said(head: &[&str], key: &str) -> Option<f64> {
    let line =
        head.iter().find_map(|line| line.trim_start_matches('%').trim().strip_prefix(key))?;
    line.trim_start_matches([' ', '=']).split(' ').next()?.parse().ok()
}

/// How many channels a file without a line of names has.
fn channels(head: &[&str], rows: &[&str], is_card: bool) -> usize {
    let counts = rows.iter().map(|line| cells(line, b',').len());
    let fewest = counts.filter(|count| *count > 4).min().unwrap_or(0);
    match (said(head, "Number of channels"), fewest) {
        (Some(count), _) => count as usize,
        (None, 17..) => 16,
        (None, 9..) => 8,
        (None, _) => {
            if is_card {
                8
            } else {
                4
            }
        }
    }
}

/// A column of the line of names.
fn named(name: &str) -> Column {
    if let Some(number) =
        name.strip_prefix("EXG Channel ").and_then(|rest| rest.parse::<u32>().ok())
    {
        return eeg(&format!("EXG{}", number.saturating_add(1)));
    }
    match name {
        "Sample Index" => Column::Index,
        "Timestamp" => Column::Seconds(0.0), // the unit follows from the size of each stamp
        "Marker Channel" | "Marker" => Column::Marker,
        "Not Used" | "Other" | "Timestamp (Formatted)" => Column::Ignored,
        _ if name.starts_with("Accel") => other(name, "g"),
        _ => other(name, ""),
    }
}

/// The columns of a file without names.
fn unnamed(row: &[&str], channels: usize) -> Result<Vec<Column>, String> {
    if channels == 0 || row.len() <= channels {
        return Err(format!(
            "its rows have {} columns, too few for {channels} channels and a count",
            row.len()
        ));
    }
    let mut axes = ["X", "Y", "Z"].into_iter();
    let column = |(place, cell): (usize, &&str)| match number(cell) {
        _ if place == 0 => Column::Index,
        _ if place <= channels => eeg(&format!("EXG{place}")),
        None => Column::Ignored,
        Some(value) if value > 1e9 => Column::Seconds(0.0),
        Some(_) => axes.next().map_or(Column::Ignored, |axis| other(&format!("Accel {axis}"), "g")),
    };
    Ok(row.iter().enumerate().map(column).collect())
}

/// The step and modulus of the device's count, where there is one that counts.
pub(super) fn counting(rows: &[&str], layout: &Layout) -> Timing {
    let Some(place) = layout.place(|column| *column == Column::Index) else { return Timing::Rows };
    let cell = |line: &&str| number(cells(line, layout.delimiter).get(place)?);
    let counts: Vec<f64> = rows.iter().filter_map(cell).collect();
    // What goes beyond a byte never begins again: a count of the rows themselves.
    let modulus = |highest: f64| (highest < f64::from(COUNT_MODULUS)).then_some(COUNT_MODULUS);
    counted(&counts, modulus).unwrap_or(Timing::Rows)
}

/// Calendar time of the first row, where its stamp is a number since 1970.
fn start_of(rows: &[&str], layout: &Layout) -> Option<Calendar> {
    let place = layout.place(|column| matches!(column, Column::Seconds(_)))?;
    let stamp = |line: &&str| number(cells(line, layout.delimiter).get(place)?);
    let first = rows.iter().filter_map(stamp).find(|stamp| *stamp > 1e9)?;
    calendar(first * scale_of(first))
}
