//! Which dialect a text is, by its first lines.

use std::path::Path;

use super::layout::{
    COUNT_MODULUS, Column, Digits, Layout, Timing, cells, eeg, least_cells, moment_secs, number,
    other,
};
use super::sd_card;
use crate::formats::FormatError;
use crate::formats::recording::Calendar;

/// Rates of devices; a measured one within [`RATE_TOLERANCE`] of one of these is taken for it.
const RATES_HZ: [f64; 9] = [125.0, 200.0, 220.0, 250.0, 256.0, 500.0, 512.0, 1000.0, 1600.0];
const RATE_TOLERANCE: f64 = 0.05;

/// BrainFlow's rows of a default preset: columns in all, first EEG column, EEG columns, stamp, marker, and what
/// boards that is. Source: BrainFlow 5.23's board descriptions.
const BRAINFLOW: [(usize, usize, usize, usize, usize, &str); 5] = [
    (32, 1, 16, 30, 31, "the synthetic board or Cyton with Daisy"),
    (24, 1, 8, 22, 23, "Cyton"),
    (15, 1, 4, 13, 14, "Ganglion"),
    (25, 1, 4, 23, 24, "Ganglion on WiFi"),
    (29, 9, 16, 27, 28, "Galea"),
];

/// Finds the dialect.
pub(super) fn layout(first: &[u8], len: u64, path: &Path) -> Result<Layout, FormatError> {
    let text = String::from_utf8_lossy(first);
    let text = text.trim_start_matches('\u{feff}');
    let whole = first.len() as u64 == len;
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    // The last line may be cut.
    if !whole {
        lines.pop();
    }
    lines.retain(|line| !line.trim().is_empty());
    let unknown = |why: String| FormatError::Unknown { why, path: path.into() };
    let Some(line) = lines.first() else {
        return Err(unknown("its first 64 KiB hold no line of text".into()));
    };
    if let Some(layout) = sd_card::layout(&lines) {
        return Ok(layout);
    }
    if line.starts_with('%') {
        return openbci(&lines).map_err(unknown);
    }
    if let Some(layout) = named_columns(&lines) {
        return layout.map_err(unknown);
    }
    brainflow(&lines)
        .unwrap_or_else(|| {
            let shown: String =
                line.chars().take(40).map(|c| if c.is_control() { '.' } else { c }).collect();
            Err(format!("it begins with '{shown}', which is no format of recordings known here"))
        })
        .map_err(unknown)
}

/// OpenBCI GUI: `%` lines, perhaps a line of names, rows.
fn openbci(lines: &[&str]) -> Result<Layout, String> {
    let head: Vec<&str> = lines.iter().take_while(|line| line.starts_with('%')).copied().collect();
    let said = |key: &str| {
        let line =
            head.iter().find_map(|line| line.trim_start_matches('%').trim().strip_prefix(key))?;
        line.trim_start_matches([' ', '=']).split(' ').next()?.parse::<f64>().ok()
    };
    let rest = &lines[head.len()..];
    let mut warnings = Vec::new();
    let names = rest
        .first()
        .filter(|line| line.contains("EXG Channel") || line.starts_with("Sample Index"));
    let rows = if names.is_some() { &rest[1..] } else { rest };
    let Some(row) = rows.iter().max_by_key(|line| cells(line, b',').len()) else {
        return Err("it has no rows".into());
    };
    let sd_card = head[0].contains("OBCI Data Log");
    let columns = match names {
        Some(names) => cells(names, b',').into_iter().map(named).collect(),
        None => {
            let fewest = rows
                .iter()
                .map(|line| cells(line, b',').len())
                .filter(|n| *n > 4)
                .min()
                .unwrap_or(0);
            let channels = match said("Number of channels") {
                Some(count) => count as usize,
                None if sd_card => {
                    if fewest >= 17 {
                        16
                    } else {
                        8
                    }
                }
                None => match fewest {
                    17.. => 16,
                    9.. => 8,
                    _ => 4,
                },
            };
            unnamed(&cells(row, b','), channels)?
        }
    };
    let rate_hz =
        said("Sample Rate").filter(|rate| (1.0..=20_000.0).contains(rate)).unwrap_or_else(|| {
            warnings.push("the file does not name its rate: 250 Hz are assumed".into());
            250.0
        });
    let board = head.iter().find_map(|line| line.strip_prefix("%Board = "));
    let mut layout = Layout {
        format: if sd_card { "OpenBCI SD text" } else { "OpenBCI text" },
        delimiter: b',',
        digits: Digits::Decimal,
        least_cells: least_cells(&columns),
        columns,
        rate_hz,
        timing: Timing::Rows,
        started: None,
        facts: board.map(|board| ("device".into(), board.trim().into())).into_iter().collect(),
        warnings,
        simulated: board.is_some_and(|board| board.contains("Synthetic")),
    };
    layout.timing = counting(rows, &layout);
    layout.started = start_of(rows, &layout);
    Ok(layout)
}

/// A column of OpenBCI's line of names.
fn named(name: &str) -> Column {
    if let Some(number) =
        name.strip_prefix("EXG Channel ").and_then(|rest| rest.parse::<u32>().ok())
    {
        return eeg(&format!("EXG{}", number.saturating_add(1)));
    }
    match name {
        "Sample Index" => Column::Index,
        "Timestamp" => Column::Seconds(0.0), // the unit follows from the size of the first stamp
        "Marker Channel" | "Marker" => Column::Marker,
        "Not Used" | "Other" | "Timestamp (Formatted)" => Column::Ignored,
        _ if name.starts_with("Accel") => other(name, "g"),
        _ => other(name, ""),
    }
}

/// The columns of older files: count, channels, three of acceleration, whatever else, and stamps anywhere behind.
fn unnamed(row: &[&str], channels: usize) -> Result<Vec<Column>, String> {
    if channels == 0 || row.len() <= channels {
        return Err(format!(
            "its rows have {} columns, too few for {channels} channels and a count",
            row.len()
        ));
    }
    let mut accelerations = 0;
    Ok(row
        .iter()
        .enumerate()
        .map(|(place, cell)| match number(cell, b',') {
            _ if place == 0 => Column::Index,
            _ if place <= channels => eeg(&format!("EXG{place}")),
            None => Column::Ignored,
            Some(value) if value > 1e9 => Column::Seconds(0.0),
            Some(_) if accelerations < 3 => {
                accelerations += 1;
                other(&format!("Accel {}", ["X", "Y", "Z"][accelerations - 1]), "g")
            }
            Some(_) => Column::Ignored,
        })
        .collect())
}

/// Stamps in milliseconds or seconds, by their size.
pub(super) fn scale_of(stamp: f64) -> f64 {
    if stamp > 1e11 { 1e-3 } else { 1.0 }
}

/// The step and modulus of the device's count, where there is one that counts.
fn counting(rows: &[&str], layout: &Layout) -> Timing {
    let Some(place) = layout.columns.iter().position(|column| *column == Column::Index) else {
        return Timing::Rows;
    };
    let counts: Vec<f64> = rows
        .iter()
        .filter_map(|line| number(cells(line, layout.delimiter).get(place)?, layout.delimiter))
        .collect();
    let steps: Vec<u32> = counts
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .filter(|s| *s > 0.0 && *s < 8.0)
        .map(|s| s as u32)
        .collect();
    let step = (1..8).max_by_key(|step| steps.iter().filter(|s| *s == step).count()).unwrap_or(1);
    let highest = counts.iter().copied().fold(0.0, f64::max);
    if steps.is_empty() || highest >= f64::from(COUNT_MODULUS) {
        // It never begins again: a count of the rows themselves.
        return if steps.is_empty() {
            Timing::Rows
        } else {
            Timing::Counted { modulus: u32::MAX, step }
        };
    }
    Timing::Counted { modulus: COUNT_MODULUS, step }
}

/// Calendar time of the first row, where its stamp is a number of seconds or milliseconds since 1970.
fn start_of(rows: &[&str], layout: &Layout) -> Option<Calendar> {
    let place = layout.columns.iter().position(|column| matches!(column, Column::Seconds(_)))?;
    let stamps = rows
        .iter()
        .filter_map(|line| number(cells(line, layout.delimiter).get(place)?, layout.delimiter));
    let first = stamps.into_iter().find(|stamp| *stamp > 1e9)?;
    let epoch = Calendar { year: 1970, month: 1, day: 1, ..Calendar::default() };
    Some(epoch.plus_secs(first * scale_of(first)))
}

/// muse-lsl and Mind Monitor: a first line of names.
fn named_columns(lines: &[&str]) -> Option<Result<Layout, String>> {
    let delimiter = if lines[0].contains(';') { b';' } else { b',' };
    let names = cells(lines[0], delimiter);
    let layout = match *names.first()? {
        "timestamps" => Layout {
            format: "muse-lsl CSV",
            columns: names.iter().map(|name| muse_lsl(name)).collect(),
            timing: Timing::Stamps,
            ..empty(delimiter)
        },
        "TimeStamp" => Layout {
            format: "Mind Monitor CSV",
            columns: names.iter().map(|name| mind_monitor(name)).collect(),
            timing: Timing::Rows,
            ..empty(delimiter)
        },
        _ => return None,
    };
    Some(with_rate(Layout { least_cells: least_cells(&layout.columns), ..layout }, &lines[1..]))
}

fn empty(delimiter: u8) -> Layout {
    Layout {
        format: "",
        delimiter,
        digits: Digits::Decimal,
        columns: Vec::new(),
        least_cells: 0,
        rate_hz: 0.0,
        timing: Timing::Rows,
        started: None,
        facts: Vec::new(),
        warnings: Vec::new(),
        simulated: false,
    }
}

fn muse_lsl(name: &str) -> Column {
    let lower = name.to_lowercase();
    match lower.as_str() {
        "timestamps" => Column::Seconds(1.0),
        _ if lower.starts_with("marker") || lower.starts_with("stim") => Column::Marker,
        _ if lower.contains("aux") => other(name, "uV"),
        _ => eeg(name),
    }
}

fn mind_monitor(name: &str) -> Column {
    match name {
        "TimeStamp" => Column::Moment,
        "Elements" => Column::Words,
        _ => match name.strip_prefix("RAW_") {
            Some(label) => eeg(label),
            None if name.starts_with("Accelerometer") => other(name, "g"),
            None => Column::Ignored,
        },
    }
}

/// The rate by the stamps of the first rows.
fn with_rate(mut layout: Layout, rows: &[&str]) -> Result<Layout, String> {
    let stamp = |line: &&str| {
        let cells = cells(line, layout.delimiter);
        let has_signal =
            cells.len() >= layout.least_cells && !cells[layout.least_cells - 1].is_empty();
        has_signal.then(|| stamp_of(&layout.columns, &cells, layout.delimiter)).flatten()
    };
    let stamps: Vec<f64> = rows.iter().filter_map(stamp).collect();
    let (Some(first), Some(last)) = (stamps.first(), stamps.last()) else {
        return Err(format!(
            "it looks like {} but has no rows with a time and signal",
            layout.format
        ));
    };
    let measured = (stamps.len() - 1) as f64 / (last - first);
    if !(measured.is_finite() && measured > 0.0) {
        return Err(format!("it looks like {} but its times do not rise", layout.format));
    }
    let off = |rate: &f64| (measured / rate - 1.0).abs();
    let nearest = RATES_HZ.into_iter().min_by(|a, b| off(a).total_cmp(&off(b)));
    let near = nearest.filter(|rate| off(rate) < RATE_TOLERANCE);
    layout.rate_hz = near.unwrap_or(measured);
    layout.warnings.push(format!(
        "the file does not name its rate: {:.6} Hz by its stamps ({measured:.2})",
        layout.rate_hz
    ));
    if *first > 1e9 {
        let epoch = Calendar { year: 1970, month: 1, day: 1, ..Calendar::default() };
        layout.started = Some(epoch.plus_secs(*first));
    }
    Ok(layout)
}

/// The time of a row, in seconds.
pub(super) fn stamp_of(columns: &[Column], cells: &[&str], delimiter: u8) -> Option<f64> {
    columns.iter().zip(cells).find_map(|(column, cell)| match column {
        Column::Seconds(scale) => {
            let stamp =
                number(cell, delimiter).filter(|stamp| stamp.is_finite() && *stamp > 0.0)?;
            Some(stamp * if *scale > 0.0 { *scale } else { scale_of(stamp) })
        }
        Column::Moment => moment_secs(cell),
        _ => None,
    })
}

/// BrainFlow: numbers only, tabs (or commas) between them.
fn brainflow(lines: &[&str]) -> Option<Result<Layout, String>> {
    let delimiter = if lines[0].contains('\t') { b'\t' } else { b',' };
    let row = cells(lines[0], delimiter);
    if row.len() < 3 || !row.iter().all(|cell| number(cell, delimiter).is_some()) {
        return None;
    }
    let known = BRAINFLOW.iter().find(|board| board.0 == row.len());
    let Some((count, from, channels, stamp, marker, board)) = known.copied() else {
        return Some(Err(format!(
            "it holds {} columns of numbers, which is no board of BrainFlow known here",
            row.len()
        )));
    };
    let columns = (0..count)
        .map(|place| match place {
            0 => Column::Index,
            _ if (from..from + channels).contains(&place) => {
                eeg(&format!("EXG{}", place - from + 1))
            }
            _ if place == stamp => Column::Seconds(1.0),
            _ if place == marker => Column::Marker,
            _ => Column::Ignored,
        })
        .collect::<Vec<_>>();
    let mut layout =
        Layout { format: "BrainFlow CSV", least_cells: count, columns, ..empty(delimiter) };
    layout
        .warnings
        .push(format!("the file does not name its board: {count} columns are those of {board}"));
    layout.timing = match counting(lines, &layout) {
        // The count of other boards begins again elsewhere.
        Timing::Counted { .. } if ![24, 32].contains(&count) => Timing::Rows,
        timing => timing,
    };
    Some(with_rate(layout, lines))
}
