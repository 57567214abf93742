//! One row of a text: its time, its values, its events.
//!
//! Takes the cells of a line and the layout; gives what they say. Nothing is remembered from row to row but what
//! the marker columns held.

use super::clock::RowClock;
use super::layout::{Column, Digits, Layout, is_eeg};
use super::rate::stamp_of;
use crate::formats::recording::Event;

/// Cells of a line.
pub(super) struct Row<'a> {
    pub layout: &'a Layout,
    pub cells: Vec<&'a str>,
}

/// Why a line is no row.
#[derive(Debug, PartialEq)]
pub(super) enum Misfit {
    /// It has another number of columns.
    Columns(usize),
    /// A cell is no number; which, from one, and what it holds.
    Cell(usize, String),
}

impl Row<'_> {
    fn of<'s>(
        &'s self,
        is_it: impl Fn(&Column) -> bool + 's,
    ) -> impl Iterator<Item = (usize, &'s str)> {
        let pairs = self.layout.columns.iter().zip(&self.cells).enumerate();
        pairs.filter(move |(_, (column, _))| is_it(column)).map(|(place, (_, cell))| (place, *cell))
    }

    /// The stamp in seconds, on the axis of the file.
    pub fn stamp(&self) -> Option<f64> {
        stamp_of(&self.layout.columns, &self.cells)
    }

    /// The device's count.
    pub fn index(&self) -> Option<f64> {
        let (_, cell) = self.of(|column| *column == Column::Index).next()?;
        self.layout.value(cell).filter(|index| index.is_finite())
    }

    /// Whether the device does not vouch for it.
    pub fn is_invalid(&self) -> bool {
        self.of(|column| *column == Column::Valid)
            .any(|(_, cell)| self.layout.value(cell) == Some(0.0))
    }

    /// Whether it has no signal, but text that is an event.
    pub fn is_event_alone(&self) -> bool {
        let mut signals = self.of(is_eeg);
        signals.all(|(_, cell)| cell.is_empty())
            && self.of(|column| *column == Column::Words).any(|(_, cell)| !cell.is_empty())
    }

    /// Appends its values; leaves `values` as they were when it is no row. A cell that is empty has no value (NaN),
    /// as long as another electrode has one: its sample keeps its place.
    pub fn values(&self, values: &mut Vec<f64>) -> Result<(), Misfit> {
        let before = values.len();
        let result = self.append(values);
        if result.is_err() {
            values.truncate(before);
        }
        result
    }

    fn append(&self, values: &mut Vec<f64>) -> Result<(), Misfit> {
        let (count, columns) = (self.cells.len(), &self.layout.columns);
        let surplus = self.cells.get(columns.len()..).unwrap_or_default();
        let wrong = if self.layout.is_exact {
            count < columns.len() || surplus.iter().any(|cell| !cell.is_empty())
        } else {
            count < self.layout.least_cells
        };
        if wrong {
            return Err(Misfit::Columns(count));
        }
        let mut is_empty = true;
        for (place, column) in columns.iter().enumerate() {
            if !matches!(column, Column::Signal(_)) {
                continue;
            }
            let cell = self.cells.get(place).copied().unwrap_or_default();
            let value = self.layout.value(cell);
            is_empty &= value.is_none() || !is_eeg(column);
            match value {
                Some(value) => values.push(value),
                None if cell.is_empty() => values.push(f64::NAN),
                None => return Err(misfit(place, cell)),
            }
        }
        if is_empty {
            let place = columns.iter().position(is_eeg).unwrap_or_default();
            return Err(misfit(place, self.cells.get(place).copied().unwrap_or_default()));
        }
        Ok(())
    }

    /// Texts that are events.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.of(|column| *column == Column::Words)
            .map(|(_, cell)| cell)
            .filter(|cell| !cell.is_empty())
    }

    /// Its events, taken at `time_secs`. `held` is what the columns held in the row before.
    pub fn events(
        &self,
        clock: &RowClock,
        time_secs: f64,
        held: &mut Vec<String>,
        events: &mut Vec<Event>,
    ) {
        held.resize(self.layout.columns.len(), String::new());
        for (place, column) in self.layout.columns.iter().enumerate() {
            let is_words = *column == Column::Words;
            if !is_words && *column != Column::Marker {
                continue;
            }
            let cell = self.cells.get(place).copied().unwrap_or_default();
            let Some(was) = held.get_mut(place) else { continue };
            let is_new = !self.layout.is_held || was != cell;
            if self.layout.is_held && is_new {
                cell.clone_into(was);
            }
            let number = self.layout.value(cell);
            let says = if is_words {
                !cell.is_empty()
            } else {
                number.is_some_and(|n| n != 0.0 && !n.is_nan())
            };
            if says && is_new {
                events.push(event(time_secs, &label(cell, self.layout.digits)));
            }
        }
        self.listed_events(clock, time_secs, events);
    }

    /// Events whose labels, dates and durations are lists within cells.
    fn listed_events(&self, clock: &RowClock, time_secs: f64, events: &mut Vec<Event>) {
        let list = |kind: Column| {
            let cell = self.of(move |column| *column == kind).next().map_or("", |(_, cell)| cell);
            cell.split(':').map(str::trim)
        };
        let mut dates = list(Column::EventDates);
        let mut durations = list(Column::EventDurations);
        for id in list(Column::EventIds) {
            let date = dates.next().and_then(|date| self.layout.value(date));
            let duration = durations.next().and_then(|secs| self.layout.value(secs));
            if id.is_empty() {
                continue;
            }
            // Between this row and the next, or the last: what is further off is not believed.
            let own = date.zip(clock.first_stamp).map(|(date, first)| date - first);
            let near = |own: &f64| (own - time_secs).abs() <= 1.0 / self.layout.rate_hz;
            events.push(Event {
                time_secs: own.filter(near).unwrap_or(time_secs),
                duration_secs: duration.filter(|secs| *secs > 0.0 && secs.is_finite()),
                label: id.into(),
            });
        }
    }
}

fn misfit(place: usize, cell: &str) -> Misfit {
    let shown = cell.chars().take(20).map(|c| if c.is_control() { '.' } else { c }).collect();
    Misfit::Cell(place + 1, shown)
}

/// An event without a duration.
pub(super) fn event(time_secs: f64, label: &str) -> Event {
    Event { time_secs, duration_secs: None, label: label.into() }
}

/// A marker in the file's own words: `2.000` is 2, and quotes within quotes are one.
fn label(cell: &str, digits: Digits) -> String {
    let whole = match cell.split_once('.') {
        Some((whole, rest))
            if !whole.is_empty()
                && rest.bytes().all(|b| b == b'0')
                && digits == Digits::Decimal =>
        {
            whole
        }
        _ => cell,
    };
    whole.replace("\"\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::text::layout::{cells, eeg, other};

    fn layout() -> Layout {
        let columns = vec![eeg("O1"), eeg("O2"), other("AUX", ""), Column::Marker, Column::Words];
        Layout { is_exact: true, ..Layout::new("CSV", b',', columns) }
    }

    #[test]
    fn cells_are_values_or_the_reason_why_not() {
        let layout = layout();
        let values = |line| {
            let mut values = vec![9.0];
            let row = Row { layout: &layout, cells: cells(line, b',') };
            row.values(&mut values).map(|()| values)
        };
        let found = values("1,,3,,").unwrap();
        assert!(found[..2] == [9.0, 1.0] && found[2].is_nan() && found[3] == 3.0);
        assert_eq!(values("1,2,3,0,x,,"), Ok(vec![9.0, 1.0, 2.0, 3.0]));
        assert_eq!(values("1,2,3"), Err(Misfit::Columns(3)));
        assert_eq!(values("1,2,3,0,x,y"), Err(Misfit::Columns(6)));
        assert_eq!(values("1,two,3,,"), Err(Misfit::Cell(2, "two".into())));
        assert_eq!(values(",,3,,"), Err(Misfit::Cell(1, String::new())));
    }

    #[test]
    fn markers_are_told_row_by_row_or_when_they_change() {
        let found = |is_held| {
            let layout = Layout { is_held, ..layout() };
            let (mut held, mut events) = (Vec::new(), Vec::new());
            for line in ["1,1,1,10,", "1,1,1,10,", "1,1,1,0,go", "1,1,1,2.00,go"] {
                let row = Row { layout: &layout, cells: cells(line, b',') };
                row.events(&RowClock::default(), 0.5, &mut held, &mut events);
            }
            events.into_iter().map(|event| event.label).collect::<Vec<_>>()
        };
        assert_eq!(found(false), ["10", "10", "go", "2", "go"]);
        assert_eq!(found(true), ["10", "go", "2"]);
    }
}
