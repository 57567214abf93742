//! Samples → blocks.
//!
//! Takes the files of a recording and what they say; gives blocks of at most 16 384 samples, in the units of the
//! channels: the stored number, times the calibration, times the range. Time zero is the first sample. Skipped
//! samples are gaps in time. Annotations and rises of the codes of stimulus channels are events.

use std::path::Path;

use super::annotations::Span;
use super::measurement::calendar;
use super::parts::{Part, Parts};
use super::signal::{Buffer, Signal};
use super::stim::Stim;
use super::tags::Input;
use super::words::FORMAT;
use crate::formats::FormatError;
use crate::formats::recording::{Block, ChannelHead, Event, Head, ReadRecording, StreamHead};

/// Values of a block at most: 4 MiB.
const MAX_BLOCK_VALUES: usize = 1 << 19;

/// Samples of a block at most.
const MAX_BLOCK_SAMPLES: usize = 16_384;

/// Warnings kept.
const MAX_WARNINGS: usize = 100;

/// Reads a recording in pieces.
#[derive(Debug)]
pub struct FifReader {
    head: Head,
    rate_hz: f64,
    /// What one step of each channel is in its unit.
    scales: Vec<f64>,
    parts: Vec<Part>,
    /// Annotations in the order of time, and the next of them.
    notes: Vec<Event>,
    next_note: usize,
    stim: Stim,
    warnings: Vec<String>,
    /// The file in hand and the next after it.
    file: Option<OpenPart>,
    next_part: usize,
    /// The sample after the last one given.
    next: i64,
    read_bytes: u64,
    bytes: Vec<u8>,
}

/// A file in hand.
#[derive(Debug)]
struct OpenPart {
    input: Input,
    signal: Signal,
    /// What to add to the file's count to have the recording's.
    shift: i64,
    /// The buffer in hand, without the samples that were given.
    buffer: Option<Buffer>,
}

impl FifReader {
    /// Opens a recording by its first file.
    ///
    /// # Errors
    /// As [`super::open`].
    pub(super) fn new(path: &Path) -> Result<Self, FormatError> {
        let Parts { contents, parts, mut warnings } = Parts::open(path)?;
        let measurement = contents.measurement;
        let rate_hz = measurement.rate_hz()?;
        let channels = measurement.channels()?;
        let first_secs = parts.first().map_or(0.0, |part| part.first as f64 / rate_hz);
        let length_secs = parts.last().map_or(0.0, |part| part.end() as f64 / rate_hz);
        let date = measurement.date();
        let notes =
            contents.annotations.events(Span { date, first_secs, length_secs }, &mut warnings);
        let facts = measurement.facts();
        let heads = measurement.channel_heads()?;
        let stream = StreamHead {
            kind: stream_kind(&heads).into(),
            rate_hz,
            channels: heads,
            ..StreamHead::default()
        };
        let head = Head {
            format: FORMAT,
            started: date.map(|date| calendar(date, first_secs)),
            streams: vec![stream],
            simulated: facts.iter().any(|(_, text)| text.contains("SIMULATED")),
            facts,
        };
        warnings.truncate(MAX_WARNINGS);
        Ok(Self {
            head,
            rate_hz,
            scales: channels.iter().map(super::channel::Channel::scale).collect(),
            stim: Stim::of(channels, &measurement.bad_channels()),
            parts,
            notes,
            next_note: 0,
            warnings,
            file: None,
            next_part: 0,
            next: 0,
            read_bytes: 0,
            bytes: Vec::new(),
        })
    }

    /// Brings the next buffer into hand; false behind the last of the last file.
    fn fetch(&mut self) -> Result<bool, FormatError> {
        loop {
            if let Some(file) = &mut self.file {
                file.buffer = file.signal.next(&mut file.input)?;
                if file.buffer.is_some() {
                    return Ok(true);
                }
                self.file = None;
            }
            let Some(part) = self.parts.get(self.next_part) else { return Ok(false) };
            self.next_part += 1;
            self.file = Some(OpenPart {
                input: Input::open(&part.path)?,
                signal: part.signal.clone(),
                shift: part.place.saturating_sub(part.first),
                buffer: None,
            });
        }
    }

    /// Fills `block` with the next stretch of the buffer in hand; false when it is used up.
    fn take(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        let Some(file) = &mut self.file else { return Ok(false) };
        let Some(buffer) = file.buffer.as_mut().filter(|buffer| buffer.samples > 0) else {
            return Ok(false);
        };
        let channels = self.scales.len().max(1);
        let most = (MAX_BLOCK_VALUES / channels).clamp(1, MAX_BLOCK_SAMPLES) as u64;
        let count = buffer.samples.min(most);
        self.bytes.resize(count as usize * buffer.row_bytes, 0);
        file.input.read_at(buffer.at, &mut self.bytes)?;
        block.values.reserve(count as usize * channels);
        for row in self.bytes.chunks_exact(buffer.row_bytes) {
            let numbers = row.chunks_exact(buffer.encoding.bytes);
            let values =
                numbers.zip(&self.scales).map(|(n, scale)| buffer.encoding.number(n) * scale);
            block.values.extend(values);
        }
        let from = buffer.first.saturating_add(file.shift);
        buffer.at += self.bytes.len() as u64;
        buffer.samples -= count;
        buffer.first = buffer.first.saturating_add(count.cast_signed());
        self.read_bytes += self.bytes.len() as u64;
        if from > self.next {
            self.stim.gap();
        }
        self.next = from.saturating_add(count.cast_signed());
        let rate_hz = self.rate_hz;
        let samples = (0..count.cast_signed()).map(|row| from.saturating_add(row));
        block.times_secs.extend(samples.map(|sample| sample as f64 / rate_hz));
        Ok(true)
    }

    /// Adds the events of a block to it.
    fn take_events(&mut self, block: &mut Block) {
        let rows = block.values.chunks_exact(self.scales.len().max(1));
        for (row, time_secs) in rows.zip(&block.times_secs) {
            self.stim.take(row, *time_secs, &mut block.events);
        }
        let end_secs = self.next as f64 / self.rate_hz;
        self.take_notes(end_secs, &mut block.events);
        block.events.sort_by(|a, b| a.time_secs.total_cmp(&b.time_secs));
        if std::mem::take(&mut self.stim.has_negative) {
            self.warn(
                "codes of stimulus channels are below zero: they are taken without their sign",
            );
        }
    }

    /// Annotations before a time.
    fn take_notes(&mut self, until_secs: f64, events: &mut Vec<Event>) {
        while let Some(note) =
            self.notes.get(self.next_note).filter(|note| note.time_secs < until_secs)
        {
            events.push(note.clone());
            self.next_note += 1;
        }
    }

    /// The sample, on the recording's count, that is the first at or after a time; behind the last where there is none.
    fn first_from(&self, secs: f64) -> i64 {
        let end = self.parts.last().map_or(0, Part::end);
        // Rounding may lead one or two too far, never further.
        let mut sample = ((secs * self.rate_hz).ceil() as i64).clamp(0, end.max(0));
        while sample > 0 && (sample - 1) as f64 / self.rate_hz >= secs {
            sample -= 1;
        }
        sample
    }

    /// Brings the buffer into hand that holds a sample above zero, from that sample on; the next one where it is missing.
    fn go_to(&mut self, sample: i64) -> Result<(), FormatError> {
        // Where the sample is missing this tells that there is a gap before the one that comes.
        self.next = sample;
        let number =
            self.parts.iter().position(|part| part.end() > sample).unwrap_or(self.parts.len());
        let before = self.parts.iter().take(number);
        self.read_bytes = before.fold(0, |sum, part| sum.saturating_add(part.bytes));
        self.next_part = number.saturating_add(1);
        let Some(part) = self.parts.get(number) else { return Ok(()) };
        let shift = part.place.saturating_sub(part.first);
        let own = sample.saturating_sub(shift);
        let mut input = Input::open(&part.path)?;
        let mut signal = part.landmarks.before(own).unwrap_or(&part.signal).clone();
        let buffer = loop {
            let Some(mut buffer) = signal.next(&mut input)? else { break None };
            let early = own.saturating_sub(buffer.first).max(0).cast_unsigned();
            if early < buffer.samples {
                buffer.at += early * buffer.row_bytes as u64;
                buffer.samples -= early;
                buffer.first = buffer.first.max(own);
                break Some(buffer);
            }
        };
        let share = own.saturating_sub(part.first) as f64 / part.length.max(1) as f64;
        self.read_bytes = self.read_bytes.saturating_add((share * part.bytes as f64) as u64);
        self.file = Some(OpenPart { input, signal, shift, buffer });
        Ok(())
    }

    fn warn(&mut self, said: &str) {
        if self.warnings.len() < MAX_WARNINGS && !self.warnings.iter().any(|known| known == said) {
            self.warnings.push(said.into());
        }
    }
}

impl ReadRecording for FifReader {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        block.clear();
        loop {
            if self.take(block)? {
                self.take_events(block);
                return Ok(true);
            }
            if !self.fetch()? {
                self.take_notes(f64::INFINITY, &mut block.events);
                return Ok(false);
            }
        }
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        self.file = None;
        (self.next_part, self.next, self.next_note, self.read_bytes) = (0, 0, 0, 0);
        self.stim.rewind();
        Ok(())
    }

    fn seek_secs(&mut self, secs: f64) -> Result<(), FormatError> {
        self.rewind()?;
        let (first, end) = (self.first_from(secs), self.parts.last().map_or(0, Part::end));
        // One sooner: the codes of stimulus channels rise from those of the sample before.
        let sample = if first < end { first - 1 } else { end };
        if sample > 0 {
            self.go_to(sample)?;
            self.next_note = self.notes.partition_point(|note| note.time_secs < secs);
        }
        Ok(())
    }

    fn progress(&self) -> f64 {
        let bytes = self.parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.bytes));
        self.read_bytes as f64 / bytes.max(1) as f64
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// The type of the stream by its channels.
fn stream_kind(channels: &[ChannelHead]) -> &'static str {
    let has = |kind: &str| channels.iter().any(|channel| channel.kind == kind);
    ["EEG", "MEG"].into_iter().find(|kind| has(kind)).unwrap_or_default()
}
