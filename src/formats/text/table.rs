//! A table of no known program, read by its names and by what its columns hold.
//!
//! Takes a first line of names; finds the column of time (by its name and because it rises at a rate of EEG), the
//! electrodes (names of the 10-05 system, or `EEG 1`), markers (by their name), and a count. What was taken for what is
//! a warning. Where evidence is missing the table is refused, with what it has and what it would need.

use super::clock::counted;
use super::layout::{Column, Layout, Timing, cells, channel, is_eeg, moment_secs, number};
use super::look::{Look, delimiter_of, shown};
use super::rate;
use super::shape::{Table, is_marker_name};
use crate::signal::montage::position;

/// Electrodes that have to be named: one alone may be a name of something else, as `Fz` is of a force.
const LEAST_ELECTRODES: usize = 2;

/// A rate by count and stamps this close to a known one is taken for it.
const KNOWN: f64 = 0.01;

/// Names that a sentence lists.
const NAMED: usize = 12;

/// Its layout, when a first line of names is there.
pub(super) fn layout(look: &Look<'_>) -> Option<Result<Layout, String>> {
    let at = look.lines.iter().position(|line| !line.starts_with('#'))?;
    let line = look.lines.get(at)?;
    let names = cells(line, delimiter_of(line));
    let is_names = names.len() > 1
        && names.iter().filter(|name| number(name).is_some()).count() * 2 < names.len()
        && !line
            .contains(|c: char| (c.is_control() && c != '\t') || c == char::REPLACEMENT_CHARACTER);
    let next = look.lines.get(at + 1)?;
    let has_rows = cells(next, delimiter_of(next)).iter().any(|cell| number(cell).is_some());
    (is_names && has_rows).then(|| Table::read(look, at).and_then(|table| by_evidence(&table)))
}

/// Whether a column of this name is an electrode's.
pub(super) fn is_electrode(name: &str) -> bool {
    position(split(name).0).is_some()
}

/// Seconds per unit of a column of stamps, and the unit's name.
pub(super) fn stamps_unit(table: &Table<'_>, place: usize) -> Result<(f64, &'static str), String> {
    let stamps: Vec<f64> = table.numbers(place).collect();
    rate::unit(&stamps).ok_or_else(|| {
        let name = table.names.get(place).map_or("", String::as_str);
        match rate::step(&stamps) {
            Some(step) => {
                format!("its times '{name}' rise by {step} a row: in no unit is that a rate of EEG")
            }
            None => {
                format!("its times '{name}' do not rise, or it has no rows with a time and signal")
            }
        }
    })
}

/// The label and the unit of a name: `EEG.Fp1 (uV)` is Fp1, uV.
fn split(name: &str) -> (&str, Option<&str>) {
    let name = name.trim();
    let (label, unit) = match name.split_once(['(', '[']) {
        Some((label, unit)) => (label.trim(), Some(unit.trim_end_matches([')', ']']).trim())),
        None => (name, None),
    };
    let prefix = label.get(..4).filter(|start| {
        ["eeg.", "eeg_", "eeg-", "eeg ", "raw_", "raw."].contains(&start.to_lowercase().as_str())
    });
    let bare = prefix.and_then(|prefix| label.get(prefix.len()..)).unwrap_or(label).trim();
    (if position(bare).is_some() { bare } else { label }, unit)
}

/// Whether a column of this name is time.
fn is_time_name(name: &str) -> bool {
    let lower = split(name).0.to_lowercase().replace([' ', '_', '-'], "");
    let exact = ["t", "sec", "secs", "seconds", "ms", "date", "datetime", "clock"];
    exact.contains(&lower.as_str())
        || lower.starts_with("time")
        || lower.ends_with("time")
        || lower.ends_with("timestamp")
        || lower.ends_with("timestamps")
}

/// What a name alone tells of a column that is not time.
fn by_name(name: &str) -> Column {
    let (label, unit) = split(name);
    let lower = label.to_lowercase();
    let is_numbered = lower.strip_prefix("eeg").is_some_and(|rest| {
        rest.trim_start_matches([' ', '_', '.', '-', 'c', 'h']).parse::<u16>().is_ok()
    });
    let kind = ["eog", "emg", "ecg"].into_iter().find(|kind| lower.starts_with(kind));
    match lower.as_str() {
        _ if kind.is_some() => {
            channel(label, unit.unwrap_or("uV"), &kind.unwrap_or_default().to_uppercase())
        }
        _ if position(label).is_some() || is_numbered => {
            channel(label, unit.unwrap_or("uV"), "EEG")
        }
        _ if is_marker_name(label) => Column::Marker,
        "counter" | "count" | "index" | "sample" | "samples" | "sampleindex" | "sample index"
        | "sample_index" | "packet" | "packet counter" | "packet_counter" | "cnt" => Column::Index,
        _ => Column::Ignored,
    }
}

/// The column of time: place, what it is, Hz, and a word for its unit.
fn time_of(table: &Table<'_>) -> Option<(usize, Column, f64, &'static str)> {
    let named = table.names.iter().enumerate().filter(|(_, name)| is_time_name(name));
    let mut found = named.filter_map(|(place, name)| {
        if let Ok((scale, unit)) = stamps_unit(table, place) {
            let step = rate::step(&table.numbers(place).collect::<Vec<_>>())?;
            let (scale, unit) = rate::as_named(split(name).1, step).unwrap_or((scale, unit));
            return Some((place, Column::Seconds(scale), 1.0 / (step * scale), unit));
        }
        let moments: Vec<f64> =
            table.rows.iter().filter_map(|row| moment_secs(row.get(place)?)).collect();
        Some((place, Column::Moment, 1.0 / rate::step(&moments)?, "date and time"))
    });
    found.next()
}

fn by_evidence(table: &Table<'_>) -> Result<Layout, String> {
    let mut columns: Vec<Column> = table.names.iter().map(|name| by_name(name)).collect();
    let electrodes = columns.iter().filter(|column| is_eeg(column)).count();
    let Some((time, column, rate_hz, unit)) =
        time_of(table).filter(|_| electrodes >= LEAST_ELECTRODES)
    else {
        return Err(refusal(table, electrodes));
    };
    if let Some(place) = columns.get_mut(time) {
        *place = column;
    }
    words(table, &mut columns);
    let timing = count(table, &mut columns).unwrap_or(Timing::Settled);
    let mut warnings = vec![taken(table, &columns, unit)];
    warnings.extend(table.warnings.iter().cloned());
    let counted_hz = rate_by_count(table, &columns, timing);
    if let Some(hz) = counted_hz {
        warnings.push(format!("the file does not name its rate: {hz} Hz by its count and stamps"));
    }
    Ok(Layout {
        head_lines: table.head_lines,
        is_exact: true,
        is_held: true,
        timing,
        rate_hz: counted_hz.unwrap_or(rate_hz),
        is_rate_named: counted_hz.is_some(),
        warnings,
        ..Layout::new("CSV", table.delimiter, columns)
    })
}

/// Markers that are texts.
fn words(table: &Table<'_>, columns: &mut [Column]) {
    for (place, column) in columns.iter_mut().enumerate() {
        let mut cells = table.rows.iter().filter_map(|row| row.get(place));
        if *column == Column::Marker && cells.any(|cell| !cell.is_empty() && number(cell).is_none())
        {
            *column = Column::Words;
        }
    }
}

/// How the column that counts does so; others of that name are not needed.
fn count(table: &Table<'_>, columns: &mut [Column]) -> Option<Timing> {
    let mut timing = None;
    for (place, column) in columns.iter_mut().enumerate() {
        if *column != Column::Index {
            continue;
        }
        let counts: Vec<f64> = table.numbers(place).collect();
        let falls: Vec<f64> =
            counts.windows(2).filter(|p| p[1] < p[0]).map(|p| p[0] + 1.0 - p[1]).collect();
        // Where it falls it begins again, each time at the same number.
        let modulus = |highest: f64| {
            let first = falls.first().copied().filter(|m| falls.iter().all(|f| f == m));
            first.filter(|m| *m > highest && *m < 1e6).map(|m| m as u32)
        };
        match counted(&counts, modulus) {
            Some(found) if timing.is_none() => timing = Some(found),
            _ => *column = Column::Ignored,
        }
    }
    timing
}

/// The known rate that a count and the stamps make together, where they do: losses do not disturb it.
fn rate_by_count(table: &Table<'_>, columns: &[Column], timing: Timing) -> Option<f64> {
    let Timing::Counted { step, rows, .. } = timing else { return None };
    let index = columns.iter().position(|column| *column == Column::Index)?;
    let pair = |row: &Vec<&str>| Some((number(row.get(index)?)?, rate::stamp_of(columns, row)?));
    let pairs: Vec<(f64, f64)> = table.rows.iter().filter_map(pair).collect();
    let lag = (pairs.len() / 2).max(1);
    let rate = |(a, b): (&(f64, f64), &(f64, f64))| {
        (b.0 - a.0) / f64::from(step) * f64::from(rows) / (b.1 - a.1)
    };
    let mut rates: Vec<f64> = pairs.iter().zip(pairs.iter().skip(lag)).map(rate).collect();
    rates.retain(|rate| rate.is_finite() && *rate > 0.0);
    rates.sort_by(f64::total_cmp);
    let middle = rates.get(rates.len() / 2).copied()?;
    Some(rate::known(middle, KNOWN)).filter(|known| *known != middle || middle.fract() == 0.0)
}

/// What was taken for what.
fn taken(table: &Table<'_>, columns: &[Column], unit: &str) -> String {
    let of = |is_it: fn(&Column) -> bool| {
        let pairs = table.names.iter().zip(columns).filter(|(_, column)| is_it(column));
        list(pairs.map(|(name, _)| name.as_str()).filter(|name| !name.is_empty()))
    };
    let time = of(|column| matches!(column, Column::Seconds(_) | Column::Moment));
    let mut said = format!(
        "a table of no program known here, read by its names: {time} is time ({unit}), signal is {}",
        of(|column| matches!(column, Column::Signal(_)))
    );
    let marks = of(|column| matches!(column, Column::Marker | Column::Words));
    let count = of(|column| *column == Column::Index);
    let unused = of(|column| *column == Column::Ignored);
    let parts = [("markers are", marks), ("samples are counted by", count), ("not used:", unused)];
    for (word, names) in parts.into_iter().filter(|(_, names)| !names.is_empty()) {
        said += &format!(", {word} {names}");
    }
    if table.names.iter().any(|name| is_electrode(name) && split(name).1.is_none()) {
        said += "; uV is assumed";
    }
    said
}

fn refusal(table: &Table<'_>, electrodes: usize) -> String {
    let names = list(table.names.iter().map(String::as_str));
    let mut needs = Vec::new();
    if time_of(table).is_none() {
        needs.push(
            "a column of time that rises evenly (named as 'time' or 'timestamps')".to_owned(),
        );
    }
    if electrodes < LEAST_ELECTRODES {
        needs.push(format!(
            "at least {LEAST_ELECTRODES} columns named after electrodes (as Fz or O1; it has {electrodes})"
        ));
    }
    format!("it is a table with the columns {names}; to be read it needs {}", needs.join(" and "))
}

/// Names with commas between them; of many the first.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let mut said: Vec<String> = names.iter().take(NAMED).map(|name| shown(name, 30)).collect();
    if names.len() > NAMED {
        said.push(format!("… ({} in all)", names.len()));
    }
    said.join(", ")
}
