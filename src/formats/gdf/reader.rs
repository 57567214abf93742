//! Records → blocks.
//!
//! Takes the bytes of a file; gives blocks of up to a second, one stream for each rate of the signals. Records may be
//! as short as a sample, so as many are read at a time as make a second. Values outside the digital range are given as
//! they are. Time zero is the first sample.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::events::{self, Mark};
use super::header::{Duration, Extent, Header, PART_BYTES, Signal};
use super::samples::SampleType;
use super::words::{malformed, unusable};
use crate::formats::FormatError;
use crate::formats::recording::{Block, ChannelHead, Head, ReadRecording, StreamHead};
use crate::units::MAX_RATE_HZ;

/// Samples of a block at most.
const MAX_BLOCK_SAMPLES: usize = 16_384;

/// Values of a block at most: 4 MiB.
const MAX_BLOCK_VALUES: usize = 1 << 19;

/// Longest record accepted, in bytes.
const MAX_RECORD_BYTES: u64 = 256 << 20;

/// Bytes of records that are read at a time, where a record has fewer.
const BATCH_BYTES: u64 = 4 << 20;

/// A signal's place in a record.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// First byte.
    from: usize,
    kind: SampleType,
    gain: f64,
    offset: f64,
}

/// Signals of one rate.
#[derive(Debug)]
struct Group {
    /// Samples of a record.
    samples: usize,
    rate_hz: f64,
    places: Vec<Place>,
}

/// Reads a recording in pieces.
#[derive(Debug)]
pub struct GdfReader<R: Read + Seek> {
    input: R,
    path: PathBuf,
    head: Head,
    header_bytes: u64,
    record_bytes: usize,
    record_secs: f64,
    /// Records that are there.
    records: u64,
    /// Records that are read at a time.
    batch: u64,
    groups: Vec<Group>,
    marks: Vec<Mark>,
    warnings: Vec<String>,
    /// Records in hand: the number of the first, how many, their bytes; the next group and sample of them.
    first: u64,
    held: u64,
    bytes: Vec<u8>,
    group: usize,
    sample: usize,
    next_mark: usize,
}

impl<R: Read + Seek> GdfReader<R> {
    /// Reads the header and the events. `path` is only for messages.
    ///
    /// # Errors
    /// As [`super::open`].
    pub fn new(mut input: R, path: &Path) -> Result<Self, FormatError> {
        let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
        let len = input.seek(SeekFrom::End(0)).map_err(io)?;
        input.seek(SeekFrom::Start(0)).map_err(io)?;
        let cut = |needed: u64| {
            malformed(len, format!("a header of {needed} bytes"), "the end of the file".into())
        };
        if len < PART_BYTES as u64 {
            return Err(cut(PART_BYTES as u64));
        }
        let mut first = [0; PART_BYTES];
        input.read_exact(&mut first).map_err(io)?;
        let extent = Extent::of(&first)?;
        if len < extent.bytes {
            return Err(cut(extent.bytes));
        }
        let mut bytes = first.to_vec();
        let rest = extent.read_bytes() - PART_BYTES as u64;
        input.by_ref().take(rest).read_to_end(&mut bytes).map_err(io)?;
        Self::with_header(input, path, Header::parse(&bytes, extent)?, len)
    }

    fn with_header(
        mut input: R,
        path: &Path,
        mut header: Header,
        len: u64,
    ) -> Result<Self, FormatError> {
        let mut warnings = std::mem::take(&mut header.warnings);
        let layout = Layout::of(&header)?;
        layout.warn(&mut warnings);
        let there = (len - header.bytes).checked_div(layout.bytes).unwrap_or(0);
        let records = whole_records(&header, layout.bytes, there, &mut warnings);
        let signals = records.saturating_mul(layout.bytes);
        let mut marks = Vec::new();
        // Behind a recorder that did not finish there is no table, only what it had begun to write.
        if u64::try_from(header.records).is_ok_and(|said| said == records || layout.bytes == 0) {
            let place = events::Place {
                from: header.bytes + signals,
                bytes: len - header.bytes - signals,
                version: header.version,
                signals_hz: layout.groups.iter().map(|group| group.rate_hz).fold(0.0, f64::max),
            };
            let io = |source| FormatError::Io {
                action: "reading the events",
                source,
                path: path.into(),
            };
            marks = events::read(&mut input, place, &mut warnings).map_err(io)?;
        }
        Ok(Self {
            input,
            path: path.into(),
            header_bytes: header.bytes,
            record_bytes: layout.bytes as usize,
            record_secs: header.record.secs(),
            records: if layout.groups.is_empty() { 0 } else { records },
            batch: layout.batch(header.record),
            head: head(header, layout.streams),
            groups: layout.groups,
            marks,
            warnings,
            first: 0,
            held: 0,
            bytes: Vec::new(),
            group: 0,
            sample: 0,
            next_mark: 0,
        })
    }

    /// Brings the next records into hand; false behind the last.
    fn fetch(&mut self) -> Result<bool, FormatError> {
        let first = self.first + self.held;
        let count = self.batch.min(self.records.saturating_sub(first));
        if count == 0 {
            return Ok(false);
        }
        self.bytes.resize(count as usize * self.record_bytes, 0);
        let at = self.header_bytes + first * self.record_bytes as u64;
        let io = |source| FormatError::Io { action: "reading", source, path: self.path.clone() };
        self.input.seek(SeekFrom::Start(at)).map_err(io)?;
        self.input.read_exact(&mut self.bytes).map_err(io)?;
        (self.first, self.held, self.group, self.sample) = (first, count, 0, 0);
        Ok(true)
    }

    /// Fills `block` with the next stretch of the records in hand; false when they are used up.
    fn take(&mut self, block: &mut Block) -> bool {
        while let Some(group) = self.groups.get(self.group) {
            let most = (MAX_BLOCK_VALUES / group.places.len()).clamp(1, MAX_BLOCK_SAMPLES);
            let count = (group.samples * self.held as usize - self.sample).min(most);
            if count == 0 {
                (self.group, self.sample) = (self.group + 1, 0);
                continue;
            }
            let rows = self.sample..self.sample + count;
            let before = self.first * group.samples as u64;
            block.stream = self.group;
            block
                .times_secs
                .extend(rows.clone().map(|row| (before + row as u64) as f64 / group.rate_hz));
            block.values.resize(count * group.places.len(), 0.0);
            group.fill(&self.bytes, self.record_bytes, rows, &mut block.values);
            self.sample += count;
            return true;
        }
        false
    }

    /// The first record with a sample at or after a time; behind the last where there is none.
    fn record_at(&self, secs: f64) -> u64 {
        let last_secs = |record: u64| {
            let last = |group: &Group| {
                let behind = (record + 1).saturating_mul(group.samples as u64);
                behind.saturating_sub(1) as f64 / group.rate_hz
            };
            self.groups.iter().map(last).fold(0.0, f64::max)
        };
        // Rounding may lead one too far, never further.
        let mut record = ((secs / self.record_secs) as u64).min(self.records);
        while record > 0 && last_secs(record - 1) >= secs {
            record -= 1;
        }
        record
    }

    /// Events before a time; all that are left at the end of the recording.
    fn take_marks(&mut self, until_secs: f64, block: &mut Block) {
        let left = self.marks.get(self.next_mark..).unwrap_or_default();
        let count = left.partition_point(|mark| mark.time_secs < until_secs);
        block.events.extend(left.iter().take(count).map(|mark| mark.event()));
        self.next_mark += count;
    }
}

impl Group {
    /// Samples `rows`, counted over all records in `bytes`, of every channel.
    fn fill(
        &self,
        bytes: &[u8],
        record_bytes: usize,
        rows: std::ops::Range<usize>,
        values: &mut [f64],
    ) {
        for (channel, place) in self.places.iter().enumerate() {
            let width = place.kind.bytes();
            let mut cells = values.iter_mut().skip(channel).step_by(self.places.len());
            let mut row = rows.start;
            while row < rows.end {
                let (record, sample) = (row / self.samples, row % self.samples);
                let count = (self.samples - sample).min(rows.end - row);
                let from = record * record_bytes + place.from + sample * width;
                let run = bytes.get(from..from + count * width).unwrap_or_default();
                for (sample, cell) in run.chunks_exact(width).zip(cells.by_ref()) {
                    *cell = place.kind.number(sample) * place.gain + place.offset;
                }
                row += count;
            }
        }
    }
}

impl<R: Read + Seek> ReadRecording for GdfReader<R> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        block.clear();
        loop {
            if self.held > 0 && self.take(block) {
                self.take_marks((self.first + self.held) as f64 * self.record_secs, block);
                return Ok(true);
            }
            if !self.fetch()? {
                self.take_marks(f64::INFINITY, block);
                return Ok(false);
            }
        }
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        (self.first, self.held, self.group, self.sample, self.next_mark) = (0, 0, 0, 0, 0);
        Ok(())
    }

    fn seek_secs(&mut self, secs: f64) -> Result<(), FormatError> {
        self.rewind()?;
        self.first = self.record_at(secs);
        self.next_mark = self.marks.partition_point(|mark| mark.time_secs < secs);
        Ok(())
    }

    fn progress(&self) -> f64 {
        (self.first + self.held) as f64 / self.records.max(1) as f64
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// How many records are read: those that the header tells of, as far as they are there.
fn whole_records(header: &Header, bytes: u64, there: u64, warnings: &mut Vec<String>) -> u64 {
    match u64::try_from(header.records) {
        Ok(said) if said <= there || bytes == 0 => said,
        Ok(said) => {
            warnings.push(format!(
                "{there} of the {said} records that the header tells of are there, and no events"
            ));
            there
        }
        Err(_) => {
            warnings.push(format!(
                "the recorder did not finish the file: {there} records are there, and no events"
            ));
            there
        }
    }
}

/// Where everything is in a record.
struct Layout {
    bytes: u64,
    groups: Vec<Group>,
    streams: Vec<StreamHead>,
    /// Signals without a rate, and those without samples in the records.
    timeless: usize,
    sparse: usize,
}

impl Layout {
    fn of(header: &Header) -> Result<Self, FormatError> {
        let mut layout =
            Self { bytes: 0, groups: Vec::new(), streams: Vec::new(), timeless: 0, sparse: 0 };
        for signal in &header.signals {
            let from = layout.bytes;
            layout.bytes += u64::from(signal.samples) * signal.kind.bytes() as u64;
            if layout.bytes > MAX_RECORD_BYTES {
                return Err(unusable(format!(
                    "a record has {} bytes or more where {MAX_RECORD_BYTES} are allowed",
                    layout.bytes
                )));
            }
            let rate_hz = header.record.rate_hz(signal.samples);
            if signal.samples == 0 {
                layout.sparse += 1;
            } else if rate_hz <= MAX_RATE_HZ {
                layout.add(signal, rate_hz, from as usize);
            } else {
                layout.timeless += 1;
            }
        }
        Ok(layout)
    }

    fn add(&mut self, signal: &Signal, rate_hz: f64, from: usize) {
        let samples = signal.samples as usize;
        let place = Place { from, kind: signal.kind, gain: signal.gain, offset: signal.offset };
        let channel = ChannelHead {
            label: signal.label.clone(),
            unit: signal.unit.clone(),
            filtering: signal.filtering.clone(),
            ..ChannelHead::default()
        };
        let mut known = self.groups.iter_mut().zip(&mut self.streams);
        if let Some((group, stream)) = known.find(|(group, _)| group.samples == samples) {
            group.places.push(place);
            stream.channels.push(channel);
            return;
        }
        self.groups.push(Group { samples, rate_hz, places: vec![place] });
        self.streams.push(StreamHead { rate_hz, channels: vec![channel], ..StreamHead::default() });
    }

    fn warn(&self, warnings: &mut Vec<String>) {
        if self.timeless > 0 {
            warnings.push(format!(
                "{} signal(s) have no rate of at most {MAX_RATE_HZ} Hz and are left out",
                self.timeless
            ));
        }
        if self.sparse > 0 {
            warnings.push(format!(
                "{} signal(s) have no samples in the records and are left out",
                self.sparse
            ));
        }
    }

    /// Records that make about a second, and are few enough to hold.
    fn batch(&self, record: Duration) -> u64 {
        let longest = self.groups.iter().map(|group| group.samples).max().unwrap_or(1);
        let by_time = (1.0 / record.secs()).min(MAX_BLOCK_SAMPLES as f64) as u64;
        let by_samples = (MAX_BLOCK_SAMPLES / longest.max(1)) as u64;
        by_time.min(by_samples).min(BATCH_BYTES / self.bytes.max(1)).max(1)
    }
}

fn head(header: Header, streams: Vec<StreamHead>) -> Head {
    let said = |name: &str| {
        header.facts.iter().any(|(own, text)| own == name && text.contains("SIMULATED"))
    };
    Head {
        format: if header.version < 1.9 { "GDF 1" } else { "GDF 2" },
        started: header.started,
        simulated: said("recording"),
        streams,
        facts: header.facts,
    }
}
