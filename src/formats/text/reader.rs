//! Lines → blocks.
//!
//! Takes lines of a known layout; gives blocks. Time zero is the first row. Rows that cannot be used are left out,
//! counted and named with their line. Where only all stamps together tell when samples were taken, the file is read
//! once before the first block, and 8 bytes a row are kept.

use std::io::{BufRead, Seek};
use std::path::Path;

use super::clock::{PAUSE_SECS, RowClock};
use super::landmarks::{Landmark, Landmarks};
use super::layout::{Column, Digits, Layout, Timing, calendar, cells};
use super::lines::{Encoding, Lines};
use super::row::{Misfit, Row, event};
use super::sd_card::Stamps;
use super::settled::{self, settle};
use crate::formats::FormatError;
use crate::formats::recording::{Block, Head, ReadRecording, StampFaults, StreamHead};

/// Rows, values and events of a block at most.
const MAX_BLOCK_ROWS: usize = 1024;
const MAX_BLOCK_VALUES: usize = 1 << 20;
const MAX_BLOCK_EVENTS: usize = 1 << 16;

/// Bad rows in a row that are taken for the end of what can be read.
const MAX_BAD_ROWS: u64 = 10_000;

/// Longest text of marker columns that is remembered with a place, in bytes.
const MAX_HELD_BYTES: usize = 4096;

/// Warnings about rows that name their line.
const MAX_NAMED: u64 = 10;

/// What reading goes on with between two blocks.
#[derive(Clone, Debug)]
struct Place {
    /// Bytes read, and lines.
    at: u64,
    line: u64,
    clock: RowClock,
    card: Stamps,
    held: Vec<String>,
    bad_rows: u64,
    bad_in_row: u64,
    lost: u64,
    invalid: u64,
}

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
    /// The latest time that was given since the front, in seconds, and places from which reading can go on.
    reached_secs: f64,
    landmarks: Landmarks<Place>,
    warnings: Vec<String>,
    /// The last line that a warning may have named, and whether the counts were told.
    told_line: u64,
    summed: bool,
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
            reached_secs: f64::NEG_INFINITY,
            landmarks: Landmarks::default(),
            told_line: 0,
            summed: false,
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
        let mut faults = StampFaults::default();
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
                faults = settled.faults;
                // Events stand at their row, at most a sample behind it, or between two rows.
                let slack_secs = PAUSE_SECS + 1.0 / self.layout.rate_hz;
                self.landmarks.settle(&self.settled_secs, slack_secs);
            } else {
                // The device's own count tells the times; only its rate was asked for.
                self.layout.warnings.extend(settled.said.into_iter().take(1));
            }
        }
        if self.settled_secs.is_empty() {
            // The times that were reached so far were those of another rate.
            self.landmarks = Landmarks::default();
        }
        self.head = head(&self.layout);
        self.head.streams.iter_mut().for_each(|stream| stream.stamps = faults);
        self.rewind()
    }

    /// Remembers the place before the next block, where it is far enough from the last one.
    fn remember(&mut self) {
        let held_bytes: usize = self.held.iter().map(String::len).sum();
        // Behind the zeros at the end of a text, lines may follow that are none of it.
        let is_over = self.ended || self.lines.met_zeros();
        if is_over || held_bytes > MAX_HELD_BYTES || !self.landmarks.is_due(self.rows) {
            return;
        }
        let state = Place {
            at: self.lines.at(),
            line: self.lines.number(),
            clock: self.clock,
            card: self.card,
            held: self.held.clone(),
            bad_rows: self.bad_rows,
            bad_in_row: self.bad_in_row,
            lost: self.lost,
            invalid: self.invalid,
        };
        let (rows, reached_secs) = (self.rows, self.reached_secs);
        self.landmarks.note(Landmark { rows, reached_secs, state });
    }

    /// Goes on at a place that was remembered.
    fn go_to(&mut self, mark: Landmark<Place>) -> Result<(), FormatError> {
        let Landmark { rows, reached_secs, state: place } = mark;
        self.lines.go_to(place.at, place.line)?;
        (self.rows, self.reached_secs, self.ended) = (rows, reached_secs, false);
        (self.clock, self.card, self.held) = (place.clock, place.card, place.held);
        (self.bad_rows, self.bad_in_row) = (place.bad_rows, place.bad_in_row);
        (self.lost, self.invalid) = (place.lost, place.invalid);
        // The place may have been remembered before the times were known.
        if let Some(secs) = rows.checked_sub(1).and_then(|last| self.settled_secs.get(last)) {
            self.clock.settle(*secs);
        }
        Ok(())
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
        // A line that is read again is not told again.
        let is_new = number > self.told_line;
        self.told_line = self.told_line.max(number);
        if self.lines.is_open() {
            if is_new {
                self.warnings.push(format!("the last line ({number}) is cut off and is left out"));
            }
            return Ok(());
        }
        self.bad_rows += 1;
        self.bad_in_row += 1;
        if self.bad_rows <= MAX_NAMED && is_new {
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
        self.ended = true;
        if std::mem::replace(&mut self.summed, true) {
            return;
        }
        if self.lines.met_zeros() {
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
    }

    fn read_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
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
        self.remember();
        let more = self.read_block(block);
        let times = block.times_secs.iter().copied();
        let times = times.chain(block.events.iter().map(|event| event.time_secs));
        self.reached_secs = times.fold(self.reached_secs, f64::max);
        more
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        self.lines.rewind()?;
        self.warnings.clone_from(&self.layout.warnings);
        (self.rows, self.bad_rows, self.bad_in_row) = (0, 0, 0);
        (self.lost, self.invalid) = (0, 0);
        (self.clock, self.card, self.ended) = (RowClock::default(), Stamps::default(), false);
        (self.told_line, self.summed) = (0, false);
        self.reached_secs = f64::NEG_INFINITY;
        self.held.clear();
        Ok(())
    }

    fn seek_secs(&mut self, secs: f64) -> Result<(), FormatError> {
        match self.landmarks.before(secs).filter(|mark| mark.rows > 0).cloned() {
            // What is ahead of the last place goes on where reading stands, if that is early enough.
            Some(mark) if self.reached_secs < secs && self.rows >= mark.rows => Ok(()),
            Some(mark) => self.go_to(mark),
            None => self.rewind(),
        }
    }

    fn progress(&self) -> f64 {
        self.lines.progress()
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
