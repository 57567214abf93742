//! Headsets whose programs write one table: g.tec Unicorn and Neurosity Crown.
//!
//! Unicorn: `EEG 1` … `EEG 8` (or the electrodes), motion, battery, a `Counter` that never begins again and a
//! `Validation Indicator`, 250 Hz. Neurosity: `unixTimestamp` in milliseconds and electrodes; the same as JSON is
//! [`super::epochs`]. Sources: g.tec's Unicorn Suite and Neurosity's SDK documentation.

use super::clock::counted;
use super::layout::{Column, Layout, Timing, eeg, is_eeg, other};
use super::look::Look;
use super::rate;
use super::shape::Table;
use super::table::{is_electrode, stamps_unit};

/// Rate of the Unicorn, and where its electrodes `EEG 1` to `EEG 8` are.
const UNICORN_HZ: f64 = 250.0;
const UNICORN: [&str; 8] = ["Fz", "C3", "Cz", "C4", "Pz", "PO7", "Oz", "PO8"];

/// Its layout, when the line of names is one of theirs.
pub(super) fn layout(look: &Look<'_>) -> Option<Result<Layout, String>> {
    let line = look.lines.first()?.to_lowercase();
    let has = |names: &[&str]| {
        line.split([',', ';', '\t']).any(|cell| names.contains(&cell.trim().trim_matches('"')))
    };
    if has(&["counter", "cnt"]) && has(&["validation indicator", "validation", "valid"]) {
        return Some(Table::read(look, 0).and_then(|table| unicorn(&table)));
    }
    let is_neurosity = line.trim_start_matches('"').starts_with("unixtimestamp");
    is_neurosity.then(|| Table::read(look, 0).and_then(|table| neurosity(&table)))
}

fn unicorn(table: &Table<'_>) -> Result<Layout, String> {
    let lower: Vec<String> = table.names.iter().map(|name| name.to_lowercase()).collect();
    let number = |name: &str| name.strip_prefix("eeg")?.trim().parse::<usize>().ok();
    let all_eight = lower.iter().filter_map(|name| number(name)).eq(1..=UNICORN.len());
    let column = |(name, lower): (&String, &String)| match lower.as_str() {
        "counter" | "cnt" => Column::Index,
        "validation indicator" | "validation" | "valid" => Column::Valid,
        _ if is_electrode(name) => eeg(name),
        _ if lower.starts_with("acc") => other(name, "g"),
        _ if lower.starts_with("gyr") => other(name, "deg/s"),
        _ => match number(lower) {
            Some(number) if all_eight => eeg(UNICORN.get(number - 1).copied().unwrap_or(name)),
            Some(_) => eeg(name),
            None => Column::Ignored,
        },
    };
    let columns: Vec<Column> = table.names.iter().zip(&lower).map(column).collect();
    if !columns.iter().any(is_eeg) || table.rows.is_empty() {
        return Err("it looks like g.tec Unicorn CSV but has no rows, or no column of EEG".into());
    }
    let mut layout = Layout {
        head_lines: table.head_lines,
        is_exact: true,
        rate_hz: UNICORN_HZ,
        is_rate_named: true,
        facts: vec![("device".into(), "g.tec Unicorn".into())],
        warnings: table.warnings.clone(),
        ..Layout::new("Unicorn CSV", table.delimiter, columns)
    };
    layout.warnings.push("the file does not name its rate: the device's is 250 Hz".into());
    if all_eight {
        layout
            .warnings
            .push("EEG 1 to EEG 8 are taken for Fz, C3, Cz, C4, Pz, PO7, Oz and PO8".into());
    }
    let counter = layout.place(|column| *column == Column::Index).unwrap_or_default();
    let counts: Vec<f64> = table.numbers(counter).collect();
    layout.timing = counted(&counts, |_| None).unwrap_or_else(|| {
        layout.warnings.push("its counter does not count: lost samples cannot be told".into());
        Timing::Rows
    });
    Ok(layout)
}

fn neurosity(table: &Table<'_>) -> Result<Layout, String> {
    let (scale, _) = stamps_unit(table, 0)?;
    let column = |(place, name): (usize, &String)| match name.as_str() {
        _ if place == 0 => Column::Seconds(scale),
        _ if is_electrode(name) => eeg(name),
        _ => Column::Ignored,
    };
    let columns: Vec<Column> = table.names.iter().enumerate().map(column).collect();
    if !columns.iter().any(is_eeg) {
        return Err(format!(
            "it looks like a table of Neurosity but holds no raw signal: its columns are {}; \
             export the raw brainwaves",
            table.names.join(", ")
        ));
    }
    let step = rate::step(&table.numbers(0).collect::<Vec<_>>()).unwrap_or(1.0 / 256.0 / scale);
    Ok(Layout {
        head_lines: table.head_lines,
        is_exact: true,
        timing: Timing::Settled,
        rate_hz: 1.0 / (step * scale),
        facts: vec![("device".into(), "Neurosity Crown".into())],
        warnings: table.warnings.clone(),
        ..Layout::new("Neurosity CSV", table.delimiter, columns)
    })
}
