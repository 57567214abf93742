//! OpenVIBE: the signal as its CSV writer has it.
//!
//! Since 2.1 `Time:256Hz,Epoch,O1,…,Event Id,Event Date,Event Duration`, where a row holds the events since the row
//! before, several separated by `:`. Before, `Time (s);O1;…;Sampling Rate`, with the rate in the first row. Files of
//! features, spectra and matrices have the same kind of first line and are refused by name. Source: OpenVIBE's
//! documentation of its CSV reader and writer.

use super::layout::{Column, Layout, Timing, eeg, is_eeg, number};
use super::look::Look;
use super::shape::Table;

const FORMAT: &str = "OpenVIBE CSV";

/// Its layout, when the line of names is of OpenVIBE.
pub(super) fn layout(look: &Look<'_>) -> Option<Result<Layout, String>> {
    let line = look.lines.first()?.trim_end_matches([',', ';', '\t']);
    if let Some(about) = line.strip_prefix("Time:") {
        return Some(signal(look, about.split([',', ';', '\t']).next().unwrap_or("").trim()));
    }
    let is_old = line.starts_with("Time (s)") && line.ends_with("Sampling Rate");
    is_old.then(|| old_signal(look))
}

fn signal(look: &Look<'_>, about: &str) -> Result<Layout, String> {
    let rate = about.strip_suffix("Hz").and_then(|rate| number(rate.trim()));
    let Some(rate_hz) = rate.filter(|rate| (1.0..=1e5).contains(rate)) else {
        return Err(format!(
            "it is CSV of OpenVIBE, but holds features, a spectrum or a matrix ('Time:{about}'), not a signal \
             ('Time:256Hz'); write the signal itself"
        ));
    };
    let table = Table::read(look, 0)?;
    let column = |(place, name): (usize, &String)| match name.as_str() {
        _ if place == 0 => Column::Seconds(1.0),
        "Epoch" => Column::Ignored,
        "Event Id" => Column::EventIds,
        "Event Date" => Column::EventDates,
        "Event Duration" => Column::EventDurations,
        "" => eeg(&format!("column {}", place + 1)),
        _ => eeg(name),
    };
    finish(table, column, rate_hz)
}

fn old_signal(look: &Look<'_>) -> Result<Layout, String> {
    let table = Table::read(look, 0)?;
    let last = table.names.len().saturating_sub(1);
    let Some(rate_hz) = table.numbers(last).next().filter(|rate| (1.0..=1e5).contains(rate)) else {
        return Err("it is CSV of OpenVIBE, but its column 'Sampling Rate' holds no rate".into());
    };
    let column = |(place, name): (usize, &String)| match place {
        0 => Column::Seconds(1.0),
        _ if place == last => Column::Ignored,
        _ => eeg(name),
    };
    // Rows but the first may end before it.
    finish(table, column, rate_hz).map(|layout| Layout { is_exact: false, ..layout })
}

fn finish(
    table: Table<'_>,
    column: impl Fn((usize, &String)) -> Column,
    rate_hz: f64,
) -> Result<Layout, String> {
    let columns = table.names.iter().enumerate().map(column).collect();
    let mut layout = Layout {
        head_lines: table.head_lines,
        is_exact: true,
        timing: Timing::Stamps,
        rate_hz,
        is_rate_named: true,
        warnings: table.warnings,
        ..Layout::new(FORMAT, table.delimiter, columns)
    };
    if !layout.columns.iter().any(is_eeg) {
        return Err("it is CSV of OpenVIBE, but has no column of a signal".into());
    }
    layout.warnings.push("the file does not name its unit: uV is assumed".into());
    Ok(layout)
}
