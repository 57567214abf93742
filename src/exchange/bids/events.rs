//! BIDS: a table of events, as others write it.
//!
//! Takes the bytes of an `_events.tsv`; gives its rows with all their columns, and of these the
//! events. Guarantees that memory is bounded whatever the bytes, and that a row that makes no sense
//! is refused with its line: a column that has slipped would change a score and nobody would see
//! it. Source: bids-specification 1.10.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::formats::FormatError;
use crate::formats::events::MAX_EVENTS;
use crate::formats::recording::Event;

/// Columns at most.
const MAX_COLUMNS: usize = 1000;

/// Memory that the rows of a table may take, in bytes: names of columns are kept with every row.
const MAX_KEPT_BYTES: usize = 512 << 20;

/// Further from the first sample than this, in seconds, is no onset: 31 years.
const MAX_ONSET_SECS: f64 = 1e9;

/// Characters of a cell that a message shows.
const SHOWN_CHARS: usize = 40;

/// A row of a table of events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BidsEvent {
    /// When, in seconds since the first sample; below zero for what was before it.
    pub onset_secs: f64,
    /// How long, where the table says so.
    pub duration_secs: Option<f64>,
    /// Name of the column and text of all other cells, in the order of the table; without those
    /// that are empty or `n/a`.
    pub fields: Vec<(String, String)>,
}

impl BidsEvent {
    /// The cell in a column; `None` where it is empty or `n/a`.
    pub fn field(&self, column: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == column).map(|(_, cell)| cell.as_str())
    }

    /// What it is called: its `trial_type`, else its `value`.
    pub fn label(&self) -> Option<&str> {
        self.field("trial_type").or_else(|| self.field("value"))
    }

    /// Whether a marker means it: the marker is its label, or is `column=cell`.
    pub fn fits(&self, marker: &str) -> bool {
        let named = |(column, cell): (&str, &str)| self.field(column) == Some(cell);
        self.label() == Some(marker) || marker.split_once('=').is_some_and(named)
    }

    /// What the row is called where markers have meanings; two markers when it has two meanings.
    fn label_among<'a>(
        &'a self,
        meanings: &'a [Vec<String>],
    ) -> Result<Option<&'a str>, [&'a str; 2]> {
        let mut fitting = meanings
            .iter()
            .filter_map(|markers| markers.iter().find(|marker| self.fits(marker)))
            .map(String::as_str);
        match (fitting.next(), fitting.next()) {
            (Some(one), Some(other)) => Err([one, other]),
            (Some(one), None) => Ok(Some(one)),
            (None, _) => Ok(self.label()),
        }
    }
}

/// A table of events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventTable {
    /// Where it is.
    pub path: PathBuf,
    /// In the order of the table.
    pub rows: Vec<BidsEvent>,
    /// What was odd and how it was dealt with.
    pub warnings: Vec<String>,
}

impl EventTable {
    /// The rows as events in the order of time; zero is the first sample. A row that fits a marker
    /// of one of the `meanings` (each a list of markers that mean the same) is labelled with that
    /// marker, any other with its `trial_type`, else its `value`; a row without either is left out.
    /// What was odd is added to `notes`.
    ///
    /// # Errors
    /// [`FormatError::Unusable`] when a row fits markers of two meanings.
    pub fn events(
        &self,
        meanings: &[Vec<String>],
        notes: &mut Vec<String>,
    ) -> Result<Vec<Event>, FormatError> {
        let mut events = Vec::new();
        for row in &self.rows {
            let label = row.label_among(meanings).map_err(|[one, other]| {
                let at = row.onset_secs;
                let (one, other, table) = (shown(one), shown(other), self.path.display());
                unusable(format!(
                    "the event at {at} s fits {one} and {other}, which differ: {table}"
                ))
            })?;
            events.extend(label.map(|label| Event {
                time_secs: row.onset_secs,
                duration_secs: row.duration_secs,
                label: label.into(),
            }));
        }
        events.sort_by(|a, b| a.time_secs.total_cmp(&b.time_secs));
        notes.extend(self.warnings.iter().cloned());
        let why = "have neither trial_type nor value and are left out";
        note(notes, self.rows.len() - events.len(), why, &self.path);
        Ok(events)
    }
}

/// Reads a table of events: a line of names, then rows with a tab between cells, which are never
/// quoted. `path` is for messages.
///
/// # Errors
/// [`FormatError::Malformed`] with byte and line where it makes no sense, [`FormatError::Unusable`]
/// when it is too large.
pub fn parse(bytes: &[u8], path: &Path) -> Result<EventTable, FormatError> {
    let text = utf8(bytes, path)?;
    let mut lines = lines(text, path);
    let none = || Line { number: 1, offset: 0, text: "", path };
    let columns = Columns::read(lines.next().unwrap_or_else(none))?;
    let mut reading = Reading { columns, rows: Vec::new(), kept: 0, timeless: 0, bad_durations: 0 };
    for line in lines {
        reading.take(line)?;
    }
    let mut warnings = Vec::new();
    note(&mut warnings, reading.timeless, "have no onset and are left out", path);
    note(&mut warnings, reading.bad_durations, "have a duration that is none: it is unknown", path);
    Ok(EventTable { path: path.into(), rows: reading.rows, warnings })
}

/// A line that is not blank.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    offset: usize,
    text: &'a str,
    path: &'a Path,
}

impl Line<'_> {
    fn malformed(self, expected: impl Into<String>, got: &str) -> FormatError {
        FormatError::Malformed {
            format: "BIDS events",
            offset: self.offset as u64,
            expected: expected.into(),
            got: format!("{got} in line {} of {}", self.number, self.path.display()),
        }
    }
}

/// Other encodings are refused: read as if they were UTF-8, two labels might become one.
fn utf8<'a>(bytes: &'a [u8], path: &Path) -> Result<&'a str, FormatError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        let number = 1 + bytes[..offset].iter().filter(|byte| **byte == b'\n').count();
        let byte = bytes.get(offset).copied().unwrap_or_default();
        let line = Line { number, offset, text: "", path };
        line.malformed("text in UTF-8", &format!("the byte {byte:#04x}"))
    })
}

fn lines<'a>(text: &'a str, path: &'a Path) -> impl Iterator<Item = Line<'a>> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut next = text.len() - body.len();
    let numbered = body.split('\n').zip(1..).map(move |(text, number)| {
        let offset = next;
        next += text.len() + 1;
        Line { number, offset, text, path }
    });
    numbered.filter(|line| !line.text.trim().is_empty())
}

/// Cells without the spaces around them, and without the carriage return at the end.
fn cells(text: &str) -> impl Iterator<Item = &str> {
    text.split('\t').map(str::trim)
}

/// What a cell says; `None` for one that says that it says nothing.
fn said(cell: &str) -> Option<&str> {
    Some(cell).filter(|cell| !cell.is_empty() && *cell != "n/a")
}

/// The line of names.
struct Columns<'a> {
    names: Vec<&'a str>,
    onset: usize,
    duration: Option<usize>,
}

impl<'a> Columns<'a> {
    fn read(line: Line<'a>) -> Result<Self, FormatError> {
        let names: Vec<&str> = cells(line.text).take(MAX_COLUMNS + 1).collect();
        if names.len() > MAX_COLUMNS {
            let expected = format!("at most {MAX_COLUMNS} columns");
            return Err(line.malformed(expected, "more"));
        }
        // Columns without a name, as of a row number, are passed over; there may be several.
        let mut seen = BTreeSet::new();
        if let Some(twice) = names.iter().find(|name| !name.is_empty() && !seen.insert(**name)) {
            let got = format!("{} twice", shown(twice));
            return Err(line.malformed("columns of different names", &got));
        }
        let place = |wanted: &str| names.iter().position(|name| *name == wanted);
        let Some(onset) = place("onset") else {
            return Err(line.malformed("a column 'onset'", &shown(line.text)));
        };
        let duration = place("duration");
        Ok(Self { names, onset, duration })
    }

    fn fields(&self, cells: &[&str]) -> Vec<(String, String)> {
        let is_other = |place: usize| place != self.onset && Some(place) != self.duration;
        let named = self.names.iter().zip(cells).enumerate();
        let mut fields: Vec<_> = named
            .filter(|(place, (name, _))| is_other(*place) && !name.is_empty())
            .filter_map(|(_, (name, cell))| Some(((*name).to_owned(), said(cell)?.to_owned())))
            .collect();
        fields.shrink_to_fit();
        fields
    }
}

/// The rows so far.
struct Reading<'a> {
    columns: Columns<'a>,
    rows: Vec<BidsEvent>,
    /// Bytes of memory.
    kept: usize,
    timeless: usize,
    bad_durations: usize,
}

impl Reading<'_> {
    fn take(&mut self, line: Line<'_>) -> Result<(), FormatError> {
        let (count, wanted) = (cells(line.text).count(), self.columns.names.len());
        if count != wanted {
            let got = format!("{count} ({})", shown(line.text));
            return Err(line.malformed(format!("{wanted} cells, as in the line of names"), &got));
        }
        let cells: Vec<&str> = cells(line.text).collect();
        let Some(onset) = said(cells[self.columns.onset]) else {
            self.timeless += 1;
            return Ok(());
        };
        let within = |secs: &f64| secs.abs() <= MAX_ONSET_SECS;
        let Some(onset_secs) = onset.parse().ok().filter(within) else {
            let expected = format!("an onset in seconds, {MAX_ONSET_SECS:e} at most");
            return Err(line.malformed(expected, &shown(onset)));
        };
        let duration = self.columns.duration.and_then(|place| said(cells[place]));
        let is_duration = |secs: &f64| secs.is_finite() && *secs >= 0.0;
        let duration_secs = duration.and_then(|cell| cell.parse().ok()).filter(is_duration);
        self.bad_durations += usize::from(duration.is_some() && duration_secs.is_none());
        self.keep(
            BidsEvent { onset_secs, duration_secs, fields: self.columns.fields(&cells) },
            line,
        )
    }

    fn keep(&mut self, row: BidsEvent, line: Line<'_>) -> Result<(), FormatError> {
        let field = |(name, cell): &(String, String)| {
            size_of::<(String, String)>() + name.len() + cell.len() + ALLOCATION_BYTES * 2
        };
        self.kept += size_of::<BidsEvent>() + row.fields.iter().map(field).sum::<usize>();
        if self.rows.len() == MAX_EVENTS || self.kept > MAX_KEPT_BYTES {
            let limit = MAX_KEPT_BYTES >> 20;
            return Err(unusable(format!(
                "its table of events has more than {MAX_EVENTS} rows or takes more than {limit} \
                 MiB of memory from line {} on: {}",
                line.number,
                line.path.display()
            )));
        }
        self.rows.push(row);
        Ok(())
    }
}

/// What the allocator adds to a short text, about.
const ALLOCATION_BYTES: usize = 24;

/// A cell as a message shows it: short, and without what would move a terminal.
fn shown(text: &str) -> String {
    let short: String =
        text.trim().chars().take(SHOWN_CHARS).flat_map(char::escape_debug).collect();
    let rest = if text.trim().chars().nth(SHOWN_CHARS).is_some() { "…" } else { "" };
    format!("'{short}{rest}'")
}

fn note(notes: &mut Vec<String>, count: usize, what: &str, path: &Path) {
    if count > 0 {
        notes.push(format!("{count} row(s) {what}: {}", path.display()));
    }
}

pub(super) fn unusable(why: String) -> FormatError {
    FormatError::Unusable { format: "BIDS", why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::bids::tables;
    use crate::formats::recording::WriteHead;

    fn read(table: &str) -> Result<EventTable, FormatError> {
        parse(table.as_bytes(), Path::new("events.tsv"))
    }

    #[test]
    fn rows_are_read_by_the_names_of_their_columns() {
        let table = "\u{feff}\tonset\ttrial_type\tduration\tvalue\tstim_file\r\n\
            0\t2.5\tface\tn/a\t7\t\"a b\".png\r\n\r\n1\t-1e-1\tn/a\t0.5\tS  1\tn/a\r\n\
            2\tn/a\tface\t-1\t\t\r\n3\t 3 \tn/a\tlong\t\tx.png\n";
        let found = read(table).unwrap();
        let pair = |name: &str, cell: &str| (name.to_owned(), cell.to_owned());
        let first = BidsEvent {
            onset_secs: 2.5,
            duration_secs: None,
            fields: vec![
                pair("trial_type", "face"),
                pair("value", "7"),
                pair("stim_file", "\"a b\".png"),
            ],
        };
        assert_eq!((&found.rows[0], found.rows.len()), (&first, 3));
        let mut notes = Vec::new();
        let events = found.events(&[], &mut notes).unwrap();
        let event = |time_secs, duration_secs, label: &str| Event {
            time_secs,
            duration_secs,
            label: label.into(),
        };
        assert_eq!(events, [event(-0.1, Some(0.5), "S  1"), event(2.5, None, "face")]);
        let said = ["1 row(s) have no onset", "1 row(s) have a duration", "1 row(s) have neither"];
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert!(notes.iter().zip(said).all(|(note, said)| note.contains(said)), "{notes:?}");
    }

    #[test]
    fn markers_may_name_a_column_and_mean_one_thing() {
        let found = read("onset\tstim\tvalue\n1\ta=b\t5\n2\tcat\t6\n3\tn/a\t7\n").unwrap();
        let labels = |meanings: &[&[&str]]| {
            let own = |group: &&[&str]| group.iter().map(|marker| (*marker).to_owned()).collect();
            let meanings: Vec<Vec<String>> = meanings.iter().map(own).collect();
            let events = found.events(&meanings, &mut Vec::new());
            events.map(|events| events.into_iter().map(|event| event.label).collect::<Vec<_>>())
        };
        let named = labels(&[&["stim=a=b"], &["6", "stim=cat", "stim=n/a"]]).unwrap();
        assert_eq!(named, ["stim=a=b", "6", "7"]);
        let error = labels(&[&["stim=cat"], &["value=6"]]).unwrap_err().to_string();
        assert!(error.contains("at 2 s fits 'stim=cat' and 'value=6'"), "{error}");
    }

    #[test]
    fn what_this_program_writes_reads_back() {
        let event = |time_secs, duration_secs, label: &str| Event {
            time_secs,
            duration_secs,
            label: label.into(),
        };
        let events = vec![event(0.1 + 0.2, Some(0.25), "stim/panda"), event(1.5, None, "stim_off")];
        let head = WriteHead { events, ..WriteHead::default() };
        let found = read(&tables::events(&head, &|_| true)).unwrap();
        let back = |row: &BidsEvent| {
            event(row.onset_secs, row.duration_secs, row.field("value").unwrap_or_default())
        };
        assert_eq!(found.rows.iter().map(back).collect::<Vec<_>>(), head.events);
        assert!(found.rows[0].fits("concept=panda") && found.rows[0].fits("stimulus"));
    }

    #[test]
    fn hostile_tables_are_refused_with_their_place() {
        let wide = "x\t".repeat(MAX_COLUMNS);
        for (table, said) in [
            ("", "at byte 0: expected a column 'onset', got '' in line 1 of events.tsv"),
            ("Onset\n1\n", "got 'Onset' in line 1"),
            ("onset\tx\tx\n", "got 'x' twice in line 1"),
            (&wide, "at most 1000 columns"),
            ("onset\tx\n1\n", "at byte 8: expected 2 cells"),
            ("onset\tx\n\n1\ta\tb\n", "got 3 ('1\\ta\\tb') in line 3"),
            ("onset\n1\nNaN\n", "at byte 8: expected an onset in seconds, 1e9 at most, got 'NaN'"),
            ("onset\n-inf\n", "'-inf' in line 2"),
            ("onset\n1e999\n", "'1e999' in line 2"),
            ("onset\n1700000000\n", "'1700000000' in line 2"),
            ("onset\n0,5\n", "'0,5' in line 2"),
            ("onset\n\u{1b}[2J\n", "'\\u{1b}[2J' in line 2"),
        ] {
            let error = read(table).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        let error = parse(b"onset\tx\n1\tB\xe4r\n", Path::new("t")).unwrap_err().to_string();
        assert!(error.contains("at byte 11: expected text in UTF-8, got the byte 0xe4 in line 2"));
        let error = read(&format!("onset\n{}", "1\n".repeat(MAX_EVENTS + 1))).unwrap_err();
        assert!(error.to_string().contains("1000000 rows"), "{error}");
    }

    #[test]
    fn rows_that_take_more_memory_than_is_allowed_are_refused() {
        let line = |text| Line { number: 9, offset: 0, text, path: Path::new("t") };
        let columns = Columns::read(line("onset\tname")).unwrap();
        let kept = MAX_KEPT_BYTES - 200;
        let mut rows = Reading { columns, rows: Vec::new(), kept, timeless: 0, bad_durations: 0 };
        rows.take(line("1\tx")).unwrap();
        let error = rows.take(line("2\tx")).unwrap_err().to_string();
        assert!(error.contains("512 MiB of memory from line 9 on"), "{error}");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let whole =
            "\u{feff}onset\tduration\ttrial_type\tvalue\r\n1.5\tn/a\tfäce\t1\r\n2\t0\tn/a\t2\n";
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            (state >> 33) as usize
        };
        for _ in 0..20_000 {
            let mut bytes = whole.as_bytes().to_vec();
            bytes.truncate(next() % (bytes.len() + 1));
            for _ in 0..next() % 4 {
                let hostile = [b'\t', b'\n', b'\r', b'-', b'e', b'9', 0, 0xff, 0xc3];
                let (at, byte) = (next() % bytes.len().max(1), hostile[next() % hostile.len()]);
                if let Some(place) = bytes.get_mut(at) {
                    *place = byte;
                }
            }
            if let Ok(found) = parse(&bytes, Path::new("t")) {
                let events = found.events(&[], &mut Vec::new()).unwrap();
                assert!(events.iter().all(|event| event.time_secs.is_finite()));
            }
        }
    }
}
