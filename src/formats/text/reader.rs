//! Lines → blocks.
//!
//! Takes lines of a known layout; gives blocks. Time zero is the first row. Where the device counts its samples,
//! times are counted too: a jump of the count is a gap of so many samples, and a pause longer than the count can
//! tell is found by the stamps. Rows that cannot be used are counted and named.

use std::io::{BufRead, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::guess::stamp_of;
use super::layout::{Column, Digits, Layout, Timing};
use super::sd_card::Stamps;
use crate::formats::FormatError;
use crate::formats::recording::{Block, Event, Head, ReadRecording, StreamHead};

/// Longest line, in bytes: a thousand channels of twenty characters take 20 KiB.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Rows of a block at most, and values.
const MAX_BLOCK_ROWS: usize = 1024;

/// A pause of the stamps beyond what the count tells, in seconds, that is taken for lost samples.
const PAUSE_SECS: f64 = 0.5;

/// Bad rows in a row that are taken for the end of what can be read.
const MAX_BAD_ROWS: u64 = 10_000;

/// Warnings about rows that name their line.
const MAX_NAMED: u64 = 10;

/// Reads a recording in pieces.
#[derive(Debug)]
pub struct TextReader<R: BufRead + Seek> {
    input: R,
    path: PathBuf,
    layout: Layout,
    head: Head,
    /// Columns of channels.
    signals: Vec<usize>,
    len: u64,
    at: u64,
    line: Vec<u8>,
    line_number: u64,
    bad_rows: u64,
    bad_in_row: u64,
    lost: u64,
    clock: RowClock,
    /// What the lines between the rows of an SD card say.
    card: Stamps,
    /// What is left of the file is not text.
    ended: bool,
    warnings: Vec<String>,
}

/// Tells the time of rows.
#[derive(Clone, Copy, Debug, Default)]
struct RowClock {
    /// Samples since the first, lost ones included.
    count: u64,
    last_index: Option<f64>,
    last_stamp: Option<f64>,
    first_stamp: Option<f64>,
    begun: bool,
}

impl<R: BufRead + Seek> TextReader<R> {
    pub(super) fn new(
        input: R,
        path: &Path,
        layout: Layout,
        len: u64,
    ) -> Result<Self, FormatError> {
        let signals: Vec<usize> = layout
            .columns
            .iter()
            .enumerate()
            .filter_map(|(place, column)| matches!(column, Column::Signal(_)).then_some(place))
            .collect();
        let channel = |place: &usize| match &layout.columns[*place] {
            Column::Signal(channel) => Some(channel.clone()),
            _ => None,
        };
        let stream = StreamHead {
            kind: "EEG".into(),
            rate_hz: layout.rate_hz,
            channels: signals.iter().filter_map(channel).collect(),
            ..StreamHead::default()
        };
        let head = Head {
            format: layout.format,
            started: layout.started,
            streams: vec![stream],
            facts: layout.facts.clone(),
            simulated: layout.simulated,
        };
        let mut reader = Self {
            input,
            path: path.into(),
            warnings: layout.warnings.clone(),
            layout,
            head,
            signals,
            len,
            at: 0,
            line: Vec::new(),
            line_number: 0,
            bad_rows: 0,
            bad_in_row: 0,
            lost: 0,
            clock: RowClock::default(),
            card: Stamps::default(),
            ended: false,
        };
        reader.rewind()?;
        Ok(reader)
    }

    /// The next line; false at the end.
    fn next_line(&mut self) -> Result<bool, FormatError> {
        self.line.clear();
        let mut limited = self.input.by_ref().take(MAX_LINE_BYTES);
        let read = limited.read_until(b'\n', &mut self.line).map_err(|source| FormatError::Io {
            action: "reading",
            source,
            path: self.path.clone(),
        })?;
        // Space that was set aside for a file and never written, as after a power cut.
        if self.line.first() == Some(&0) {
            self.warnings.push(format!(
                "from line {} on the file holds no text but zeros: it ends there",
                self.line_number + 1
            ));
            self.ended = true;
            return Ok(false);
        }
        if read as u64 == MAX_LINE_BYTES && self.line.last() != Some(&b'\n') {
            return Err(FormatError::Malformed {
                format: self.layout.format,
                offset: self.at,
                expected: format!("lines of at most {MAX_LINE_BYTES} bytes"),
                got: format!("a longer one, line {}", self.line_number + 1),
            });
        }
        self.at += read as u64;
        self.line_number += 1;
        Ok(read > 0)
    }

    /// Takes the line in hand into the block; false when it is of no use.
    fn take(&mut self, block: &mut Block) -> bool {
        let text = String::from_utf8_lossy(&self.line);
        let text = text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            return true;
        }
        if let Some(said) = text.strip_prefix('%') {
            if self.layout.digits == Digits::CytonHex
                && let Some(paused_at) = self.card.take(said.trim())
            {
                self.clock.pause(paused_at);
            }
            return true;
        }
        let delimiter = self.layout.delimiter;
        let cells: Vec<&str> = text.split(char::from(delimiter)).map(str::trim).collect();
        let stamp = match self.layout.digits {
            Digits::Decimal => stamp_of(&self.layout.columns, &cells, delimiter),
            Digits::CytonHex => self.card.take_start(),
        };
        let words = || {
            self.layout
                .columns
                .iter()
                .zip(&cells)
                .filter(|(column, cell)| **column == Column::Words && !cell.is_empty())
        };
        let first =
            self.signals.first().and_then(|place| cells.get(*place)).copied().unwrap_or_default();
        if first.is_empty() && words().next().is_some() {
            let time_secs = self.clock.time_of_event(stamp, self.layout.rate_hz);
            block.events.extend(words().map(|(_, cell)| event(time_secs, cell)));
            return true;
        }
        if cells.len() < self.layout.least_cells {
            return false;
        }
        let before = block.values.len();
        for place in &self.signals {
            match cells.get(*place).map_or(Some(f64::NAN), |cell| self.layout.value(cell)) {
                Some(value) => block.values.push(value),
                None => {
                    block.values.truncate(before);
                    // The line of names of a file that has one.
                    return self.line_number == 1 || first.starts_with("EXG");
                }
            }
        }
        // The GUI's version 5 begins with a row of zeros that no device sent.
        if !self.clock.begun
            && block.values[before..].iter().all(|value| *value == 0.0)
            && stamp.is_none()
        {
            block.values.truncate(before);
            return true;
        }
        let index =
            self.layout.columns.iter().zip(&cells).find(|(column, _)| **column == Column::Index);
        let index = index.and_then(|(_, cell)| self.layout.value(cell));
        let (time_secs, lost) = self.clock.next(&self.layout, index, stamp);
        self.lost = self.lost.saturating_add(lost);
        block.times_secs.push(time_secs);
        block.events.extend(words().map(|(_, cell)| event(time_secs, cell)));
        let marks =
            self.layout.columns.iter().zip(&cells).filter(|(column, _)| **column == Column::Marker);
        for (_, cell) in marks {
            if self.layout.value(cell).is_some_and(|value| value != 0.0) {
                block
                    .events
                    .push(event(time_secs, cell.trim_end_matches(['0']).trim_end_matches('.')));
            }
        }
        true
    }

    fn note_bad_row(&mut self) -> Result<(), FormatError> {
        self.bad_rows += 1;
        self.bad_in_row += 1;
        if self.bad_rows <= MAX_NAMED {
            self.warnings.push(format!(
                "line {} is not a row of this recording and is left out",
                self.line_number
            ));
        }
        if self.bad_in_row > MAX_BAD_ROWS {
            return Err(FormatError::Malformed {
                format: self.layout.format,
                offset: self.at,
                expected: format!("rows of at least {} numbers", self.layout.least_cells),
                got: format!(
                    "{MAX_BAD_ROWS} lines of something else up to line {}",
                    self.line_number
                ),
            });
        }
        Ok(())
    }

    fn sum_up(&mut self) {
        if self.bad_rows > MAX_NAMED {
            self.warnings.push(format!("{} lines in all are left out", self.bad_rows));
        }
        if self.lost > 0 {
            self.warnings.push(format!(
                "{} samples are missing by the device's count and its stamps",
                self.lost
            ));
        }
        (self.bad_rows, self.lost) = (0, 0);
    }
}

fn event(time_secs: f64, label: &str) -> Event {
    Event { time_secs, duration_secs: None, label: label.into() }
}

impl RowClock {
    /// The time of the next row, and how many samples are missing before it.
    fn next(&mut self, layout: &Layout, index: Option<f64>, stamp: Option<f64>) -> (f64, u64) {
        let mut lost = 0;
        if !self.begun {
            (self.begun, self.first_stamp) = (true, stamp);
        } else {
            lost = self.missing(layout, index, stamp);
            self.count = self.count.saturating_add(lost).saturating_add(1);
        }
        self.last_index = index.or(self.last_index);
        self.last_stamp = stamp.or(self.last_stamp);
        let counted = self.count as f64 / layout.rate_hz;
        match (layout.timing, stamp, self.first_stamp) {
            (Timing::Stamps, Some(stamp), Some(first)) => (stamp - first, 0),
            _ => (counted, lost),
        }
    }

    /// The device was stopped at `secs` of its own time; its count begins again afterwards.
    fn pause(&mut self, secs: f64) {
        (self.last_stamp, self.last_index) = (Some(secs), None);
    }

    fn missing(&self, layout: &Layout, index: Option<f64>, stamp: Option<f64>) -> u64 {
        let mut steps = 1;
        let mut wraps_at = 0.0;
        if let (Timing::Counted { modulus, step }, Some(last), Some(index)) =
            (layout.timing, self.last_index, index)
        {
            let moved = (index - last).rem_euclid(f64::from(modulus)).round();
            // A count that stands still or is no whole step tells nothing.
            let whole = (moved / f64::from(step)).floor();
            if moved > 0.0 && whole >= 1.0 && whole < f64::from(modulus) / f64::from(step) {
                steps = whole as u64;
            }
            wraps_at = f64::from(modulus) / f64::from(step);
        }
        let paused = match (self.last_stamp, stamp) {
            (Some(last), Some(stamp))
                if stamp - last > steps as f64 / layout.rate_hz + PAUSE_SECS =>
            {
                stamp - last
            }
            _ => return steps - 1,
        };
        let by_clock = paused * layout.rate_hz;
        let beyond = by_clock - steps as f64;
        let more = if wraps_at > 0.0 && wraps_at < 1e6 {
            (beyond / wraps_at).round() * wraps_at
        } else {
            beyond.round()
        };
        (steps - 1).saturating_add(more.max(0.0) as u64)
    }

    /// The time of something between rows.
    fn time_of_event(&self, stamp: Option<f64>, rate_hz: f64) -> f64 {
        let counted = self.count as f64 / rate_hz;
        match (stamp, self.last_stamp) {
            (Some(stamp), Some(last)) => counted + (stamp - last).clamp(0.0, PAUSE_SECS),
            _ => counted,
        }
    }
}

impl<R: BufRead + Seek> ReadRecording for TextReader<R> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        block.clear();
        while block.times_secs.len() < MAX_BLOCK_ROWS {
            if self.ended || self.card.is_over() || !self.next_line()? {
                if block.times_secs.is_empty() {
                    self.sum_up();
                    return Ok(false);
                }
                return Ok(true);
            }
            if self.take(block) {
                self.bad_in_row = 0;
            } else {
                self.note_bad_row()?;
            }
        }
        Ok(true)
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        let io = |source| FormatError::Io { action: "reading", source, path: self.path.clone() };
        self.input.seek(SeekFrom::Start(0)).map_err(io)?;
        self.warnings.clone_from(&self.layout.warnings);
        (self.at, self.line_number, self.bad_rows, self.bad_in_row, self.lost) = (0, 0, 0, 0, 0);
        (self.clock, self.card, self.ended) = (RowClock::default(), Stamps::default(), false);
        Ok(())
    }

    fn progress(&self) -> f64 {
        self.at as f64 / self.len.max(1) as f64
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
