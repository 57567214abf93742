//! Records → blocks.
//!
//! Takes anything that reads and seeks; gives one stream for each number of samples per record, so that all
//! channels of a stream have the same rate. Holds one record. Time zero is the header's start; a record's time
//! is its own where the file is discontinuous, else its number times the duration, so that no error adds up.
//! Annotations are events; so are changes of BioSemi's status channel (its lower 16 bits, to other than zero) and of
//! Emotiv's `MARKER`, whose `COUNTER` tells what was lost on the way: what follows is later by as much.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::groups::{Group, Layout, MAX_RECORD_BYTES, has_rate};
use super::header::{Header, PART_BYTES, Signal};
use super::seek::{Landmark, Passed, by_number};
use super::{Kind, emotiv, numbers, tal};
use crate::formats::FormatError;
use crate::formats::recording::{Block, Event, Head, ReadRecording, StreamHead};

/// Samples of a block at most.
const MAX_BLOCK_SAMPLES: usize = 16_384;

const MAX_WARNINGS: usize = 100;

/// Reads a recording in pieces.
#[derive(Debug)]
pub struct EdfReader<R: Read + Seek> {
    input: R,
    path: PathBuf,
    kind: Kind,
    head: Head,
    header_bytes: u64,
    record_bytes: usize,
    record_secs: f64,
    records: u64,
    discontinuous: bool,
    /// Time of the first record.
    base_secs: f64,
    groups: Vec<Group>,
    /// Bytes of each annotation signal in a record.
    annotations: Vec<Range<usize>>,
    warnings: Vec<String>,
    bad_lists: u64,
    /// What is known of the records that were read, and whether those since the first are.
    passed: Passed,
    is_from_front: bool,
    /// The record in hand: its number, bytes and time; the next group and sample of it.
    next: u64,
    record: Vec<u8>,
    onset_secs: f64,
    group: usize,
    sample: usize,
    status: i64,
    counter: emotiv::Counter,
    events: Vec<Event>,
}

impl<R: Read + Seek> EdfReader<R> {
    /// Reads the header. `path` is only for messages.
    ///
    /// # Errors
    /// As [`super::open`].
    pub fn new(mut input: R, path: &Path) -> Result<Self, FormatError> {
        let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
        let len = input.seek(SeekFrom::End(0)).map_err(io)?;
        input.seek(SeekFrom::Start(0)).map_err(io)?;
        let mut first = [0; PART_BYTES];
        let cut = |kind: Kind, needed: u64| FormatError::Malformed {
            format: kind.name(),
            offset: len,
            expected: format!("a header of {needed} bytes"),
            got: "the end of the file".into(),
        };
        if len < PART_BYTES as u64 {
            return Err(cut(Kind::Edf, PART_BYTES as u64));
        }
        input.read_exact(&mut first).map_err(io)?;
        let (kind, count) = Header::signal_count(&first)?;
        let header_bytes = PART_BYTES as u64 * (1 + count as u64);
        if len < header_bytes {
            return Err(cut(kind, header_bytes));
        }
        let mut bytes = vec![0; header_bytes as usize];
        bytes[..PART_BYTES].copy_from_slice(&first);
        input.read_exact(&mut bytes[PART_BYTES..]).map_err(io)?;
        Self::with_header(input, path, Header::parse(&bytes, kind, count)?, len, header_bytes)
    }

    fn with_header(
        input: R,
        path: &Path,
        mut header: Header,
        len: u64,
        header_bytes: u64,
    ) -> Result<Self, FormatError> {
        let kind = header.kind;
        let mut warnings = std::mem::take(&mut header.warnings);
        let layout = Layout::of(&header);
        if layout.bytes > MAX_RECORD_BYTES {
            let why =
                format!("a record has {} bytes where {MAX_RECORD_BYTES} are allowed", layout.bytes);
            return Err(FormatError::Unusable { format: kind.name(), why });
        }
        let timeless = |signal: &&Signal| {
            !signal.is_annotation && signal.samples > 0 && !has_rate(&header, signal)
        };
        let timeless = header.signals.iter().filter(timeless).count();
        if timeless > 0 {
            let secs = header.record_secs;
            warnings.push(format!(
                "{timeless} signal(s) have no rate, as a record lasts {secs} s, and are left out"
            ));
        }
        let there = (len - header_bytes).checked_div(layout.bytes).unwrap_or(0);
        let records = match u64::try_from(header.records) {
            Ok(said) if said <= there => said,
            Ok(said) => {
                warnings.push(format!(
                    "{there} of the {said} records that the header tells of are there"
                ));
                there
            }
            Err(_) => {
                warnings.push(format!(
                    "the recorder did not finish the file: {there} records are there"
                ));
                there
            }
        };
        let left = (len - header_bytes) - records * layout.bytes;
        if left > 0 {
            warnings.push(format!("{left} bytes behind the last record are left out"));
        }
        let plus = header.variant.contains('+');
        let mut reader = Self {
            input,
            path: path.into(),
            kind,
            head: head(&header, layout.streams),
            header_bytes,
            record_bytes: layout.bytes as usize,
            record_secs: header.record_secs,
            records,
            discontinuous: plus && header.variant.contains("+D"),
            base_secs: 0.0,
            groups: layout.groups,
            annotations: layout.annotations,
            warnings,
            bad_lists: 0,
            passed: Passed::default(),
            is_from_front: true,
            next: 0,
            record: Vec::new(),
            onset_secs: 0.0,
            group: 0,
            sample: 0,
            status: 0,
            counter: emotiv::Counter::default(),
            events: Vec::new(),
        };
        reader.find_base(plus)?;
        Ok(reader)
    }

    /// The first record of EDF+ says by which fraction of a second it begins after the header's start.
    fn find_base(&mut self, plus: bool) -> Result<(), FormatError> {
        if plus && self.fetch()? {
            self.base_secs =
                tal::parse(&self.record[self.annotations.first().cloned().unwrap_or(0..0)])
                    .onset_secs
                    .unwrap_or(0.0);
            // What was remembered of the record was on an axis without its base.
            self.passed = Passed::default();
            self.rewind()?;
        }
        Ok(())
    }

    /// Brings the next record into hand, with its time and events; false behind the last.
    fn fetch(&mut self) -> Result<bool, FormatError> {
        if self.next == self.records {
            return Ok(false);
        }
        self.read(self.next, 0..self.record_bytes)?;
        let said = self.said(self.next, self.onset_secs);
        self.onset_secs = said.onset_secs;
        self.bad_lists += said.bad;
        self.events.extend(said.events);
        self.next += 1;
        (self.group, self.sample) = (0, 0);
        Ok(true)
    }

    /// Brings a part of a record into hand.
    fn read(&mut self, record: u64, part: Range<usize>) -> Result<(), FormatError> {
        let at = self.header_bytes + record * self.record_bytes as u64 + part.start as u64;
        self.record.resize(self.record_bytes, 0);
        let io = |source| FormatError::Io { action: "reading", source, path: self.path.clone() };
        self.input.seek(SeekFrom::Start(at)).map_err(io)?;
        self.input.read_exact(&mut self.record[part]).map_err(io)
    }

    /// When the record in hand begins and what its annotations say. `before_secs` is when the one before it began.
    fn said(&mut self, record: u64, before_secs: f64) -> Said {
        // A record of a discontinuous file that does not say when it is follows the one before.
        let onset_secs = match (self.discontinuous, record) {
            (true, 1..) => before_secs + self.record_secs,
            _ => self.base_secs + record as f64 * self.record_secs,
        };
        let mut said = Said { onset_secs, events: Vec::new(), bad: 0 };
        for (place, range) in self.annotations.iter().enumerate() {
            let found = tal::parse(&self.record[range.clone()]);
            said.events.extend(found.events);
            said.bad += found.bad;
            if let (0, true, Some(onset)) = (place, self.discontinuous, found.onset_secs) {
                said.onset_secs = onset;
            }
        }
        let times_secs = [said.onset_secs, said.onset_secs + self.last_sample_secs()];
        self.passed.take(record, times_secs, &said.events, (self.counter, self.status));
        said
    }

    /// How long after its beginning a record has its last sample.
    fn last_sample_secs(&self) -> f64 {
        let last = |group: &Group| {
            (group.samples.saturating_sub(1)) as f64 * (self.record_secs / group.samples as f64)
        };
        self.groups.iter().map(last).fold(0.0, f64::max)
    }

    /// As [`EdfReader::said`], of a record that is not in hand: its annotations alone are read.
    fn look(&mut self, record: u64, before_secs: f64) -> Result<Said, FormatError> {
        for place in 0..self.annotations.len() {
            let part = self.annotations[place].clone();
            self.read(record, part)?;
        }
        Ok(self.said(record, before_secs))
    }

    /// The first record with a sample at or after a time, and the state before it. What was not read yet of the annotations
    /// before it is, so that those ahead of their time are known.
    fn find(&mut self, secs: f64) -> Result<Landmark, FormatError> {
        let last_secs = self.last_sample_secs();
        let mut mark = Landmark::default();
        if self.discontinuous {
            mark = self.passed.before(secs, 0.0);
            while mark.record < self.records {
                let onset_secs = self.look(mark.record, mark.onset_before_secs)?.onset_secs;
                if onset_secs + last_secs >= secs {
                    break;
                }
                (mark.record, mark.onset_before_secs) = (mark.record + 1, onset_secs);
            }
        } else {
            let axis = [self.base_secs, self.record_secs, last_secs];
            mark.record = by_number(secs, axis, self.records);
            while !self.annotations.is_empty() && self.passed.records() < mark.record {
                self.look(self.passed.records(), 0.0)?;
            }
        }
        mark.status = mark.record.checked_sub(1).map_or(Ok(0), |before| self.last_code(before))?;
        Ok(mark)
    }

    /// The code of the trigger channels at the end of a record.
    fn last_code(&mut self, record: u64) -> Result<i64, FormatError> {
        let group = self.groups.iter().rev().find(|group| !group.triggers.is_empty());
        let Some(group) = group else { return Ok(0) };
        let (last, width) = (group.samples - 1, self.kind.sample_bytes());
        let triggers: Vec<_> =
            group.triggers.iter().map(|(at, how)| (group.places[*at], *how)).collect();
        for (place, trigger) in triggers {
            let from = place.from + last * width;
            self.read(record, from..from + width)?;
            let sample = f64::from(numbers::sample(&self.record[from..from + width]));
            let code = trigger.code((sample + place.offset) * place.gain, &place);
            if code != 0 {
                return Ok(code);
            }
        }
        Ok(0)
    }

    fn warn(&mut self, said: String) {
        if self.warnings.len() < MAX_WARNINGS && !self.warnings.contains(&said) {
            self.warnings.push(said);
        }
    }

    /// Fills `block` with the next stretch of the record in hand; false when it is used up.
    fn take(&mut self, block: &mut Block) -> bool {
        while let Some(group) = self.groups.get(self.group) {
            let count = (group.samples - self.sample).min(MAX_BLOCK_SAMPLES);
            if count == 0 {
                (self.group, self.sample) = (self.group + 1, 0);
                continue;
            }
            let period_secs = self.record_secs / group.samples as f64;
            let rows = self.sample..self.sample + count;
            block.stream = self.group;
            block.times_secs.extend(rows.map(|row| self.onset_secs + row as f64 * period_secs));
            fill(group, &self.record, self.kind, self.sample, block);
            let channels = group.places.len();
            if let Some(counter) = group.counter {
                let counts = block.values[counter..].iter().step_by(channels);
                for (count, time_secs) in counts.zip(&mut block.times_secs) {
                    *time_secs += self.counter.lost_before(*count) as f64 * period_secs;
                }
            }
            if !group.triggers.is_empty() {
                for (row, time_secs) in block.values.chunks_exact(channels).zip(&block.times_secs) {
                    note_trigger(group.code(row), *time_secs, &mut self.status, &mut self.events);
                }
            }
            self.sample += count;
            return true;
        }
        false
    }
}

/// What a record says besides its samples.
struct Said {
    onset_secs: f64,
    events: Vec<Event>,
    /// Annotations that are not understood.
    bad: u64,
}

/// Samples of a group, from one of the record on, as many as the block has times for.
fn fill(group: &Group, record: &[u8], kind: Kind, from: usize, block: &mut Block) {
    let (count, width) = (block.times_secs.len(), kind.sample_bytes());
    block.values.resize(count * group.places.len(), 0.0);
    for (channel, place) in group.places.iter().enumerate() {
        let bytes = &record[place.from + from * width..][..count * width];
        let cells = block.values[channel..].iter_mut().step_by(group.places.len());
        for (cell, sample) in cells.zip(bytes.chunks_exact(width)) {
            *cell = (f64::from(numbers::sample(sample)) + place.offset) * place.gain;
        }
    }
}

fn note_trigger(code: i64, time_secs: f64, before: &mut i64, events: &mut Vec<Event>) {
    if code != *before && code != 0 {
        events.push(Event { time_secs, duration_secs: None, label: code.to_string() });
    }
    *before = code;
}

impl<R: Read + Seek> ReadRecording for EdfReader<R> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        block.clear();
        loop {
            if self.next > 0 && self.take(block) {
                block.events.append(&mut self.events);
                return Ok(true);
            }
            if !self.fetch()? {
                block.events.append(&mut self.events);
                let bad = std::mem::take(&mut self.bad_lists);
                // Of a part of the file their number says nothing.
                if bad > 0 && self.is_from_front {
                    self.warn(format!("{bad} annotation(s) are not understood and were left out"));
                }
                if let Some(said) = self.counter.said() {
                    self.warn(said);
                }
                return Ok(false);
            }
            // A file of annotations alone has no samples to bring them with.
            if self.groups.is_empty() && !self.events.is_empty() {
                block.events.append(&mut self.events);
                return Ok(true);
            }
        }
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        (self.next, self.group, self.sample, self.status) = (0, 0, 0, 0);
        self.counter = emotiv::Counter::default();
        self.events.clear();
        (self.bad_lists, self.is_from_front) = (0, true);
        Ok(())
    }

    fn seek_secs(&mut self, secs: f64) -> Result<(), FormatError> {
        self.rewind()?;
        if self.groups.is_empty() || secs.is_nan() {
            return Ok(());
        }
        let counted = self.groups.iter().filter(|group| group.counter.is_some());
        let lost_secs = counted.map(|group| self.record_secs / group.samples as f64);
        let mark = match lost_secs.reduce(f64::max) {
            // What the headset's count says was lost is counted from the first sample on: only what was read is known.
            Some(lost_secs) => self.passed.before(secs, lost_secs),
            None => self.find(secs)?,
        };
        let Some(ahead) = self.passed.ahead(secs, mark.record) else { return Ok(()) };
        if mark.record > 0 {
            // The record in hand is used up.
            (self.next, self.group, self.is_from_front) = (mark.record, self.groups.len(), false);
            (self.counter, self.status) = (mark.counter, mark.status);
            (self.onset_secs, self.events) = (mark.onset_before_secs, ahead);
        }
        Ok(())
    }

    fn progress(&self) -> f64 {
        self.next as f64 / self.records.max(1) as f64
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

fn head(header: &Header, streams: Vec<StreamHead>) -> Head {
    let format = match (header.kind, header.variant.get(..5)) {
        (Kind::Edf, Some("EDF+C")) => "EDF+C",
        (Kind::Edf, Some("EDF+D")) => "EDF+D",
        (Kind::Edf, _) => "EDF",
        (Kind::Bdf, Some("BDF+C")) => "BDF+C",
        (Kind::Bdf, Some("BDF+D")) => "BDF+D",
        (Kind::Bdf, _) => "BDF",
    };
    let mut facts = vec![
        ("patient".to_owned(), header.patient.clone()),
        ("recording".into(), header.recording.clone()),
    ];
    facts.extend(
        header
            .signals
            .iter()
            .find(|s| !s.transducer.is_empty())
            .map(|s| ("transducer".into(), s.transducer.clone())),
    );
    facts.retain(|(_, text)| !text.is_empty());
    Head {
        format,
        started: header.started,
        streams,
        facts,
        simulated: header.recording.contains("SIMULATED"),
    }
}
