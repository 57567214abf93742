//! Lines → blocks.
//!
//! Takes lines of a known layout; gives blocks. Time zero is the first row. Rows that cannot be used are left out,
//! counted and named with their line. Where only all stamps together tell when samples were taken, the file is read
//! once before the first block, and 8 bytes a row are kept.

use std::io::{BufRead, Seek};
use std::path::Path;

use super::clock::RowClock;
use super::layout::{Column, Digits, Layout, Timing, calendar, cells};
use super::lines::{Encoding, Lines};
use super::row::{Misfit, Row, event};
use super::sd_card::Stamps;
use super::settled::{self, settle};
use crate::formats::FormatError;
use crate::formats::recording::{Block, Head, ReadRecording, StreamHead};

/// Rows, values and events of a block at most.
const MAX_BLOCK_ROWS: usize = 1024;
const MAX_BLOCK_VALUES: usize = 1 << 20;
const MAX_BLOCK_EVENTS: usize = 1 << 16;

/// Bad rows in a row that are taken for the end of what can be read.
const MAX_BAD_ROWS: u64 = 10_000;

/// Warnings about rows that name their line.
const MAX_NAMED: u64 = 10;

/// Reads a recording in pieces.
#[derive(Debug)]
pub struct TextReader<R: BufRead + Seek> {
    lines: Lines<R>,
    layout: Layout,
    head: Head,
    clock: RowClock,
    /// Times of the rows, where all stamps together told them.
    settled_secs: Vec<f64>,
    /// Stamps of the rows, while the file is read for them.
    raw_secs: Option<Vec<f64>>,
    rows: usize,
    /// What the marker columns held.
    held: Vec<String>,
    bad_rows: u64,
    bad_in_row: u64,
    lost: u64,
    invalid: u64,
    /// What the lines between the rows of an SD card say.
    card: Stamps,
    ended: bool,
    warnings: Vec<String>,
}

impl<R: BufRead + Seek> TextReader<R> {
    pub(super) fn new(
        input: R,
        path: &Path,
        layout: Layout,
        encoding: Encoding,
        len: u64,
    ) -> Result<Self, FormatError> {
        let mut reader = Self {
            lines: Lines::new(input, path, layout.format, encoding, len),
            head: head(&layout),
            warnings: Vec::new(),
            layout,
            clock: RowClock::default(),
            settled_secs: Vec::new(),
            raw_secs: None,
            rows: 0,
            held: Vec::new(),
            bad_rows: 0,
            bad_in_row: 0,
            lost: 0,
            invalid: 0,
            card: Stamps::default(),
            ended: false,
        };
        reader.rewind()?;
        let has_stamps =
            reader.layout.place(|c| matches!(c, Column::Seconds(_) | Column::Moment)).is_some();
        let is_counted = matches!(reader.layout.timing, Timing::Counted { .. });
        let needs_rate = is_counted && !reader.layout.is_rate_named && has_stamps;
        if reader.layout.timing == Timing::Settled || needs_rate {
            reader.read_stamps()?;
        }
        Ok(reader)
    }

    /// Reads the file for its stamps. What is wrong with it is found again, and told, when its blocks are read.
    fn read_stamps(&mut self) -> Result<(), FormatError> {
        self.raw_secs = Some(Vec::new());
        let mut block = Block::default();
        while let Ok(true) = self.next_block(&mut block) {
            if self.rows > settled::MAX_ROWS {
                break;
            }
        }
        let stamps = self.raw_secs.take().unwrap_or_default();
        if stamps.len() > settled::MAX_ROWS && self.layout.timing == Timing::Settled {
            self.layout.timing = Timing::Stamps;
            let most = settled::MAX_ROWS;
            self.layout.warnings.push(format!(
                "it has more than {most} rows: their time stamps are taken as they are"
            ));
        } else {
            let settled = settle(stamps, self.layout.rate_hz, self.layout.is_rate_named);
            self.layout.rate_hz = settled.rate_hz;
            self.layout.started = self.layout.started.or(calendar(settled.first_secs));
            if self.layout.timing == Timing::Settled {
                self.layout.warnings.extend(settled.said);
                self.settled_secs = settled.times_secs;
            } else {
                // The device's own count tells the times; only its rate was asked for.
                self.layout.warnings.extend(settled.said.into_iter().take(1));
            }
        }
        self.head = head(&self.layout);
        self.rewind()
    }

    /// Takes the line in hand into the block.
    fn take(&mut self, block: &mut Block) -> Result<(), Misfit> {
        if self.lines.number() <= self.layout.head_lines {
            return Ok(());
        }
        let text = self.lines.text();
        if text.trim().is_empty() {
            return Ok(());
        }
        if let Some(said) = text.strip_prefix('%') {
            if self.layout.digits == Digits::CytonHex
                && let Some(paused_at) = self.card.take(said.trim())
            {
                self.clock.pause(paused_at);
            }
            return Ok(());
        }
        let row = Row { layout: &self.layout, cells: cells(&text, self.layout.delimiter) };
        let stamp = match self.layout.digits {
            Digits::Decimal => row.stamp(),
            Digits::CytonHex => self.card.take_start(),
        };
        if row.is_event_alone() {
            let time_secs = self.clock.time_of_event(stamp);
            block.events.extend(row.words().map(|word| event(time_secs, word)));
            return Ok(());
        }
        let before = block.values.len();
        row.values(&mut block.values)?;
        if self.layout.has_blank
            && !self.clock.has_begun
            && stamp.is_none()
            && block.values.iter().skip(before).all(|value| *value == 0.0)
        {
            block.values.truncate(before);
            return Ok(());
        }
        if let Some(raw) = &mut self.raw_secs {
            raw.push(stamp.unwrap_or(f64::NAN));
        }
        let settled_secs = self.settled_secs.get(self.rows).copied();
        let (time_secs, lost) = self.clock.next(&self.layout, row.index(), stamp, settled_secs);
        self.rows += 1;
        self.lost = self.lost.saturating_add(lost);
        self.invalid += u64::from(row.is_invalid());
        block.times_secs.push(time_secs);
        row.events(&self.clock, time_secs, &mut self.held, &mut block.events);
        Ok(())
    }

    /// Says which line is left out, and why.
    fn note_misfit(&mut self, misfit: &Misfit) -> Result<(), FormatError> {
        let number = self.lines.number();
        if self.lines.is_open() {
            self.warnings.push(format!("the last line ({number}) is cut off and is left out"));
            return Ok(());
        }
        self.bad_rows += 1;
        self.bad_in_row += 1;
        if self.bad_rows <= MAX_NAMED {
            let why = match misfit {
                Misfit::Columns(count) => {
                    format!("it has {count} columns, not {}", self.layout.columns.len())
                }
                Misfit::Cell(place, cell) => format!("column {place} holds '{cell}', not a number"),
            };
            self.warnings.push(format!("line {number} is left out: {why}"));
        }
        if self.bad_in_row > MAX_BAD_ROWS {
            return Err(FormatError::Malformed {
                format: self.layout.format,
                offset: self.lines.at(),
                expected: format!("rows of at least {} numbers", self.layout.least_cells),
                got: format!("{MAX_BAD_ROWS} lines of something else up to line {number}"),
            });
        }
        Ok(())
    }

    fn sum_up(&mut self) {
        if self.lines.met_zeros() && !self.ended {
            self.warnings.push(format!(
                "from line {} on the file holds no text but zeros: it ends there",
                self.lines.number()
            ));
        }
        if self.bad_rows > MAX_NAMED {
            self.warnings.push(format!("{} lines in all are left out", self.bad_rows));
        }
        if self.lost > 0 {
            self.warnings.push(format!(
                "{} samples are missing by the device's count and its stamps",
                self.lost
            ));
        }
        if self.invalid > 0 {
            self.warnings.push(format!("the device does not vouch for {} sample(s)", self.invalid));
        }
        if self.clock.restarts > 0 {
            self.warnings.push(format!(
                "the device began to count anew {} time(s): what was lost there is not known",
                self.clock.restarts
            ));
        }
        (self.bad_rows, self.lost, self.invalid, self.clock.restarts) = (0, 0, 0, 0);
        self.ended = true;
    }
}

fn head(layout: &Layout) -> Head {
    let channel = |column: &Column| match column {
        Column::Signal(channel) => Some(channel.clone()),
        _ => None,
    };
    let stream = StreamHead {
        kind: "EEG".into(),
        rate_hz: layout.rate_hz,
        channels: layout.columns.iter().filter_map(channel).collect(),
        ..StreamHead::default()
    };
    Head {
        format: layout.format,
        started: layout.started,
        streams: vec![stream],
        facts: layout.facts.clone(),
        simulated: layout.simulated,
    }
}

impl<R: BufRead + Seek> ReadRecording for TextReader<R> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        block.clear();
        while block.times_secs.len() < MAX_BLOCK_ROWS
            && block.values.len() < MAX_BLOCK_VALUES
            && block.events.len() < MAX_BLOCK_EVENTS
        {
            if self.ended || self.card.is_over() || !self.lines.advance()? {
                if block.times_secs.is_empty() {
                    self.sum_up();
                }
                return Ok(!block.times_secs.is_empty());
            }
            match self.take(block) {
                Ok(()) => self.bad_in_row = 0,
                Err(misfit) => self.note_misfit(&misfit)?,
            }
        }
        Ok(true)
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        self.lines.rewind()?;
        self.warnings.clone_from(&self.layout.warnings);
        (self.rows, self.bad_rows, self.bad_in_row) = (0, 0, 0);
        (self.lost, self.invalid) = (0, 0);
        (self.clock, self.card, self.ended) = (RowClock::default(), Stamps::default(), false);
        self.held.clear();
        Ok(())
    }

    fn progress(&self) -> f64 {
        self.lines.progress()
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
