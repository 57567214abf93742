//! A table with a line of names: which name belongs to which column of the rows.
//!
//! Takes the first lines; gives the names, one for each column of the rows, and the rows. Where the line of names is
//! one short, what the columns hold decides, or nothing does: then the table is refused, with both counts and the line.

use std::collections::BTreeMap;

use super::layout::{cells, number};
use super::look::{Look, delimiter_of};

/// Different values that a column of markers has at most in the rows that are looked at.
const MAX_MARKS: usize = 64;

/// Cells that are looked at, at most.
const MOST_CELLS: usize = 1 << 20;

/// Rows that have to be there to decide by what they hold.
const LEAST_ROWS: usize = 16;

/// Names and rows.
#[derive(Debug, Default)]
pub(super) struct Table<'a> {
    pub delimiter: u8,
    /// Of each column; empty where the file has none.
    pub names: Vec<String>,
    /// Rows with all columns.
    pub rows: Vec<Vec<&'a str>>,
    /// The number of the line of names.
    pub head_lines: u64,
    pub warnings: Vec<String>,
}

impl<'a> Table<'a> {
    /// Reads the table whose names are in line `at` of those looked at.
    pub fn read(look: &Look<'a>, at: usize) -> Result<Self, String> {
        let line = look.lines.get(at).ok_or("it has no line of names")?;
        let delimiter = delimiter_of(line);
        let names = cells(line, delimiter).into_iter().map(str::to_owned).collect();
        let row = look.lines.get(at + 1).unwrap_or(line);
        let is_same = row.contains(char::from(delimiter));
        Self::with_names(look, at, names, if is_same { delimiter } else { delimiter_of(row) })
    }

    /// As [`Table::read`], with names from elsewhere; rows begin behind line `at`.
    pub fn with_names(
        look: &Look<'a>,
        at: usize,
        mut names: Vec<String>,
        delimiter: u8,
    ) -> Result<Self, String> {
        let rows: Vec<Vec<&str>> = look
            .lines
            .iter()
            .skip(at + 1)
            .map(|line| without_tail(cells(line, delimiter)))
            .collect();
        let mut counts = BTreeMap::new();
        rows.iter().for_each(|row| *counts.entry(row.len()).or_insert(0_usize) += 1);
        // Cells that are empty at the end of a row still are columns when there is a name for them.
        let longest = counts.keys().next_back().copied().unwrap_or(0);
        let usual =
            counts.into_iter().max_by_key(|(_, often)| *often).map_or(0, |(count, _)| count);
        while names.len() > longest && names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        let named = names.len();
        let head_lines = look.numbers.get(at).copied().unwrap_or(0);
        let mut table =
            Self { delimiter, names, rows: Vec::new(), head_lines, warnings: Vec::new() };
        let full = |line: &&str| cells(line, delimiter).len();
        let width = look.lines.iter().skip(at + 1).map(full).max().unwrap_or(0);
        let place =
            rows.iter().position(|row| row.len() == usual).map_or(at, |place| at + 1 + place);
        let number = look.numbers.get(place).copied().unwrap_or(head_lines);
        let counts = format!(
            "the line of names ({head_lines}) has {named} columns and line {number} has {usual}"
        );
        if usual == named + 1 {
            table.rows = rows.into_iter().filter(|row| row.len() == usual).collect();
            table.place_the_unnamed(&counts)?;
        } else if usual > named || width < named && !rows.is_empty() {
            return Err(format!(
                "{counts}: which is which cannot be told; give every column a name"
            ));
        } else {
            let pad = |mut row: Vec<&'a str>| {
                row.resize(named, "");
                row
            };
            // Some rows tell as much as all: one long line must not fill memory for thousands of short ones.
            let most = (MOST_CELLS / named.max(1)).max(LEAST_ROWS);
            let fitting = rows.into_iter().filter(|row| row.len() <= named);
            table.rows = fitting.take(most).map(pad).collect();
        }
        Ok(table)
    }

    /// Finds which of the columns has no name.
    fn place_the_unnamed(&mut self, counts: &str) -> Result<(), String> {
        let last = self.names.len();
        let enough = self.rows.len() >= LEAST_ROWS;
        let has_marker = self.names.last().is_some_and(|name| is_marker_name(name));
        if enough && self.counts_rows(0) && self.rises(1) && !self.counts_rows(1) {
            self.names.insert(0, String::new());
            self.warnings
                .push(format!("{counts}: the first column counts the rows and has no name"));
            return Ok(());
        }
        if enough && has_marker && self.is_marks(last) && !self.is_marks(last - 1) {
            self.names.insert(last - 1, String::new());
            self.warnings.push(format!(
                "{counts}: by what they hold the last column is '{}' and column {last} has no name",
                self.names.last().map_or("", String::as_str)
            ));
            return Ok(());
        }
        Err(format!("{counts}: which of them has no name cannot be told; give every column a name"))
    }

    /// The numbers of a column, where there are any.
    pub fn numbers(&self, place: usize) -> impl Iterator<Item = f64> {
        self.rows.iter().filter_map(move |row| number(row.get(place)?))
    }

    /// Whether a column holds few different whole numbers, or nothing.
    fn is_marks(&self, place: usize) -> bool {
        let cells =
            || self.rows.iter().filter_map(|row| row.get(place)).filter(|cell| !cell.is_empty());
        let mut values: Vec<f64> = self.numbers(place).collect();
        let all_whole =
            values.len() == cells().count() && values.iter().all(|value| value.fract() == 0.0);
        let quiet =
            values.iter().filter(|value| **value == 0.0).count() + self.rows.len() - values.len();
        values.sort_by(f64::total_cmp);
        values.dedup();
        all_whole && values.len() <= MAX_MARKS && 2 * quiet >= self.rows.len()
    }

    fn counts_rows(&self, place: usize) -> bool {
        let values: Vec<f64> = self.numbers(place).collect();
        values.len() == self.rows.len() && values.windows(2).all(|pair| pair[1] - pair[0] == 1.0)
    }

    fn rises(&self, place: usize) -> bool {
        let values: Vec<f64> = self.numbers(place).collect();
        values.len() == self.rows.len() && values.windows(2).all(|pair| pair[1] >= pair[0])
    }
}

/// A row without the empty cells at its end.
fn without_tail(mut row: Vec<&str>) -> Vec<&str> {
    while row.last().is_some_and(|cell| cell.is_empty()) {
        row.pop();
    }
    row
}

/// Whether a column of this name holds markers.
pub(super) fn is_marker_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["marker", "stim", "trigger", "event", "annotation", "sti "]
        .iter()
        .any(|word| lower.starts_with(word))
        || ["trig", "mark", "status", "sti", "markers"].contains(&lower.as_str())
}
