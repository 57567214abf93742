//! Emotiv: TestBench (and EmotivPRO 1) and EmotivPRO.
//!
//! TestBench: one line of facts, `title:…, recorded:…, sampling:128, …, labels:COUNTER INTERPOLATED AF3 … MARKER …`,
//! then rows. EmotivPRO: a line of facts, a line of names as `EEG.AF3`, `CQ.AF3`, `MOT.AccX`, `MarkerValueInt`, then
//! rows. Values are µV on top of about 4200, the middle of the converter's range, which stays. The headset counts its
//! samples; contact quality, motion and band powers are no EEG and are left out. Sources: Emotiv's documentation of
//! both programs and files of them.

use super::clock::counted;
use super::layout::{Column, Layout, Timing, eeg, is_eeg, moment_secs, number, other};
use super::look::Look;
use super::rate;
use super::shape::Table;
use super::table::{is_electrode, stamps_unit};
use crate::formats::recording::Calendar;

/// Where counts of Emotiv's headsets begin again.
const MODULI: [u32; 3] = [128, 129, 256];

/// Time of day in seconds and its thousandths are believed when they come at the rate of the file within this share.
const RATE_TOLERANCE: f64 = 0.05;

/// Its layout, when the first lines are of Emotiv.
pub(super) fn layout(look: &Look<'_>) -> Option<Result<Layout, String>> {
    let first = look.lines.first()?;
    let facts = Facts::of(first);
    if facts.is_some() && first.contains("labels:") {
        return facts.map(|facts| test_bench(look, &facts));
    }
    let is_names = |line: &&str| line.contains("EEG.Counter") || line.matches("EEG.").count() > 1;
    let at = look.lines.iter().take(2).position(is_names)?;
    Some(pro(look, at, &facts.unwrap_or_default()))
}

/// What the first line says: `key:value`, separated by commas.
#[derive(Default)]
struct Facts<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Facts<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let pair = |part: &'a str| {
            part.trim().split_once(':').map(|(key, value)| (key.trim(), value.trim()))
        };
        let facts: Vec<_> = line.split(',').filter_map(pair).collect();
        let is_it = facts.first().is_some_and(|(key, _)| key.eq_ignore_ascii_case("title"));
        is_it.then_some(Self(facts))
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| *value)
    }

    /// `sampling:128`, or `sampling rate:eeg_128;mot_32`.
    fn rate_hz(&self) -> Option<f64> {
        let said = self.get("sampling").or(self.get("sampling rate"))?;
        let eeg = said.split(';').find_map(|part| part.trim().strip_prefix("eeg_")).unwrap_or(said);
        number(eeg).filter(|rate| (1.0..=20_000.0).contains(rate))
    }

    fn started(&self) -> Option<Calendar> {
        let exact = self.get("timestamp started").and_then(moment_secs);
        let unix = || number(self.get("start timestamp")?);
        let recorded = || day_first(self.get("recorded")?);
        exact.or_else(unix).and_then(super::layout::calendar).or_else(recorded)
    }

    fn apply(&self, layout: Layout) -> Layout {
        let said = [("device", "headset type"), ("subject", "subject")].into_iter().filter_map(
            |(name, key)| Some((name, self.get(key).filter(|value| !value.is_empty())?)),
        );
        let mut facts: Vec<(String, String)> =
            said.map(|(name, value)| (name.into(), value.into())).collect();
        if let Some((_, device)) = facts.iter_mut().find(|(name, _)| name == "device") {
            device.insert_str(0, "Emotiv ");
        }
        Layout { started: self.started(), facts, ..layout }
    }
}

/// `02.01.26 10.00.00`: day, month, year of this century, time.
fn day_first(text: &str) -> Option<Calendar> {
    let mut parts = text.split([' ', '.']).map(|part| part.parse::<u16>().ok());
    let mut next = || parts.next()?;
    let (day, month, year) = (next()?, next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    let valid = (1..=31).contains(&day) && (1..=12).contains(&month) && year < 100;
    (valid && hour < 24 && minute < 60 && second < 61).then(|| Calendar {
        year: 2000 + year,
        month: month as u8,
        day: day as u8,
        hour: hour as u8,
        minute: minute as u8,
        second: f64::from(second),
    })
}

fn test_bench(look: &Look<'_>, facts: &Facts<'_>) -> Result<Layout, String> {
    let labels = facts.get("labels").unwrap_or_default();
    let names = labels.split_whitespace().map(str::to_owned).collect();
    let delimiter = look.lines.get(1).map_or(b',', |row| super::look::delimiter_of(row));
    let table =
        Table::with_names(look, 0, names, if delimiter == b',' { b',' } else { delimiter })?;
    let column = |name: &String| match name.as_str() {
        "COUNTER" => Column::Index,
        "MARKER" | "MARKER_HARDWARE" => Column::Marker,
        "TIME_STAMP_s" => Column::Seconds(1.0),
        "TIME_STAMP_ms" => Column::Fraction(1e-3),
        "" => other("column without a name", ""),
        _ if is_electrode(name) => eeg(name),
        _ => Column::Ignored,
    };
    let mut layout = Layout::new(
        "Emotiv TestBench CSV",
        table.delimiter,
        table.names.iter().map(column).collect(),
    );
    let rate_hz = facts.rate_hz().ok_or(
        "it looks like CSV of Emotiv TestBench but does not name its rate ('sampling:128')",
    )?;
    (layout.rate_hz, layout.is_rate_named) = (rate_hz, true);
    if !are_stamps(&table, &layout) {
        for column in &mut layout.columns {
            if matches!(column, Column::Seconds(_) | Column::Fraction(_)) {
                *column = Column::Ignored;
            }
        }
    }
    finish(&table, layout, facts)
}

fn pro(look: &Look<'_>, at: usize, facts: &Facts<'_>) -> Result<Layout, String> {
    let table = Table::read(look, at)?;
    let time = table.names.iter().position(|name| name == "Timestamp");
    let scale = match time {
        Some(place) if table.rows.len() > 1 => stamps_unit(&table, place)?.0,
        _ => 1.0,
    };
    let column = |(place, name): (usize, &String)| match name.as_str() {
        _ if Some(place) == time => Column::Seconds(scale),
        "EEG.Counter" => Column::Index,
        "MarkerValueInt" | "EEG.MarkerHardware" => Column::Marker,
        "" => other(&format!("column {}", place + 1), ""),
        _ => match name.strip_prefix("EEG.") {
            Some(label) if is_electrode(label) => eeg(label),
            _ => Column::Ignored,
        },
    };
    let columns = table.names.iter().enumerate().map(column).collect();
    let mut layout = Layout::new("EmotivPRO CSV", table.delimiter, columns);
    layout.is_rate_named = facts.rate_hz().is_some();
    let measured = || {
        let step = rate::step(&table.numbers(time?).collect::<Vec<_>>())?;
        Some(1.0 / (step * scale))
    };
    layout.rate_hz = facts.rate_hz().or_else(measured).ok_or(
        "it looks like CSV of EmotivPRO but names no rate ('sampling rate:eeg_128') and has no times that rise",
    )?;
    finish(&table, layout, facts)
}

fn finish(table: &Table<'_>, mut layout: Layout, facts: &Facts<'_>) -> Result<Layout, String> {
    if !layout.columns.iter().any(is_eeg) {
        let names: Vec<&str> = table.names.iter().take(20).map(String::as_str).collect();
        return Err(format!(
            "it is CSV of Emotiv without a column of EEG: it begins with {}; export the raw EEG",
            names.join(", ")
        ));
    }
    let has_stamps = layout.place(|column| matches!(column, Column::Seconds(_))).is_some();
    let modulus = |highest: f64| MODULI.into_iter().find(|modulus| highest < f64::from(*modulus));
    let counts = layout.place(|column| *column == Column::Index).map(|place| table.numbers(place));
    layout.timing = match counts.and_then(|counts| counted(&counts.collect::<Vec<_>>(), modulus)) {
        Some(timing) => timing,
        None if has_stamps => Timing::Settled,
        None => {
            layout
                .warnings
                .push("it has no counter that counts: lost samples cannot be told".into());
            Timing::Rows
        }
    };
    layout.warnings.extend(table.warnings.iter().cloned());
    Ok(facts.apply(Layout {
        head_lines: table.head_lines,
        is_exact: true,
        is_held: true,
        ..layout
    }))
}

/// Whether seconds and thousandths together come at the rate of the file.
fn are_stamps(table: &Table<'_>, layout: &Layout) -> bool {
    let both = layout.columns.contains(&Column::Seconds(1.0))
        && layout.columns.contains(&Column::Fraction(1e-3));
    let stamps: Vec<f64> =
        table.rows.iter().filter_map(|row| rate::stamp_of(&layout.columns, row)).collect();
    let measured = rate::step(&stamps).map(|step| 1.0 / step);
    both && measured.is_some_and(|hz| (hz / layout.rate_hz - 1.0).abs() < RATE_TOLERANCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_taken_from_the_first_line() {
        let line = "title: a, b, recorded: 02.01.26 10.00.05, sampling:128, subject:, labels:COUNTER AF3 MARKER , chan:3";
        let facts = Facts::of(line).unwrap();
        assert_eq!(
            (facts.rate_hz(), facts.get("labels")),
            (Some(128.0), Some("COUNTER AF3 MARKER"))
        );
        assert_eq!(facts.started().unwrap().iso8601(), "2026-01-02T10:00:05");
        let facts =
            Facts::of("title:x,start timestamp:1767348000.5,sampling rate:eeg_256;mot_64").unwrap();
        assert_eq!(facts.rate_hz(), Some(256.0));
        assert_eq!(facts.started().unwrap().iso8601(), "2026-01-02T10:00:00.500");
        assert!(Facts::of("Timestamp,EEG.Counter").is_none());
        assert!(day_first("31.13.26 10.00.00").is_none());
    }
}
