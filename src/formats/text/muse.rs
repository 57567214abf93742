//! Muse: muse-lsl and Mind Monitor.
//!
//! muse-lsl: `timestamps`, electrodes, perhaps `Right AUX`, perhaps columns of markers; stamps are LSL's (seconds),
//! one a packet of twelve samples, counted on within it. Mind Monitor: `TimeStamp` as a date, bands, `RAW_` columns in
//! µV, motion, and lines of `Elements` that are events. Sources: both programs' documentation and files.

use super::layout::{Column, Layout, Timing, cells, eeg, is_eeg, moment_secs, other};
use super::look::Look;
use super::rate;
use super::shape::{Table, is_marker_name};
use super::table::{is_electrode, stamps_unit};

/// Its layout, when the first line is one of theirs.
pub(super) fn layout(look: &Look<'_>) -> Option<Result<Layout, String>> {
    let line = look.lines.first()?;
    let first = line.split([',', ';', '\t']).next()?.trim().trim_matches('"');
    match first {
        "timestamps" => Some(muse_lsl(look)),
        "TimeStamp" if line.contains("RAW_") => Some(mind_monitor(look)),
        _ => None,
    }
}

fn muse_lsl(look: &Look<'_>) -> Result<Layout, String> {
    let table = Table::read(look, 0)?;
    let (scale, unit) = stamps_unit(&table, 0)?;
    let column = |(place, name): (usize, &String)| match name.to_lowercase().as_str() {
        _ if place == 0 => Column::Seconds(scale),
        "" => other(&format!("column {}", place + 1), ""),
        lower if is_marker_name(lower) => Column::Marker,
        lower if lower.contains("aux") => other(name, "uV"),
        _ if is_electrode(name) => eeg(name),
        _ => other(name, ""),
    };
    let columns: Vec<Column> = table.names.iter().enumerate().map(column).collect();
    if !columns.iter().any(is_eeg) {
        return Err(format!(
            "it looks like muse-lsl but none of its columns ({}) is named after an electrode",
            table.names.join(", ")
        ));
    }
    let mut layout = Layout {
        head_lines: table.head_lines,
        is_exact: true,
        timing: Timing::Settled,
        rate_hz: rate::step(&table.numbers(0).collect::<Vec<_>>())
            .map_or(0.0, |s| 1.0 / (s * scale)),
        warnings: table.warnings,
        ..Layout::new("muse-lsl CSV", table.delimiter, columns)
    };
    if scale != 1.0 {
        layout.warnings.push(format!("time stamps are {unit} by their size and step"));
    }
    Ok(layout)
}

fn mind_monitor(look: &Look<'_>) -> Result<Layout, String> {
    let line = look.lines.first().copied().unwrap_or_default();
    let delimiter = if line.contains(';') { b';' } else { b',' };
    let column = |name: &str| match name {
        "TimeStamp" => Column::Moment,
        "Elements" => Column::Words,
        _ => match name.strip_prefix("RAW_") {
            Some(label) => eeg(label),
            None if name.starts_with("Accelerometer") => other(name, "g"),
            None => Column::Ignored,
        },
    };
    let columns: Vec<Column> = cells(line, delimiter).into_iter().map(column).collect();
    let signal = columns.iter().position(is_eeg).unwrap_or_default();
    let stamp = |line: &&str| {
        let cells = cells(line, delimiter);
        cells.get(signal).filter(|cell| !cell.is_empty())?;
        moment_secs(cells.first()?)
    };
    let stamps: Vec<f64> = look.lines.iter().skip(1).filter_map(stamp).collect();
    let step = rate::step(&stamps).ok_or(if stamps.len() < 2 {
        "it looks like Mind Monitor CSV but has no two rows with a time and signal"
    } else {
        "it looks like Mind Monitor CSV but its times do not rise"
    })?;
    Ok(Layout {
        head_lines: look.numbers.first().copied().unwrap_or(1),
        timing: Timing::Settled,
        rate_hz: 1.0 / step,
        ..Layout::new("Mind Monitor CSV", delimiter, columns)
    })
}
