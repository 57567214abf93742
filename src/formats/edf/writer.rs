//! EDF+ and BDF+ out.
//!
//! Takes samples at rising times; gives records of equal length, annotations in each, and a header whose number
//! of records is patched at the end. A gap begins a new record (then the file is `+D`) unless it ends within the
//! record; samples that were not there repeat the last one and are marked `BAD_padding` with their duration,
//! which MNE leaves out. Values are exact to half a step of the converter; the steps come from the ranges given,
//! rounded outwards to eight characters.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::layout::{RECORD_BYTES, duration, field_range, header, record};
use super::{Kind, numbers, tal};
use crate::formats::FormatError;
use crate::formats::recording::{Event, WriteHead, WriteRecording};
use crate::time::gaps::GAP_PERIODS;

/// Bytes of a record for its own time and for marks of padding.
const OWN_ANNOTATION_BYTES: usize = 512;

/// Longest text of an annotation, in bytes.
const MAX_TEXT_BYTES: usize = 512;

/// Events further from the first sample than this, in seconds, are left out: thirty years.
const FARTHEST_SECS: f64 = 1e9;

/// What stands where samples were not there.
const PADDING: &str = "BAD_padding";

#[derive(Debug)]
struct Scale {
    low: f64,
    gain: f64,
}

/// Writes one file.
#[derive(Debug)]
pub struct EdfWriter {
    file: File,
    path: PathBuf,
    kind: Kind,
    scales: Vec<Scale>,
    rate_hz: f64,
    record_us: u64,
    record_samples: usize,
    annotation_bytes: usize,
    /// Fraction of a second by which time zero is later than the header's start, in microseconds.
    fraction_us: i64,
    events: VecDeque<Event>,
    /// The record in the making: its time, samples `[rows, channels]`, and stretches of padding `[from, to)`.
    onset_us: i64,
    rows: Vec<i32>,
    padding: Vec<[usize; 2]>,
    records: u64,
    discontinuous: bool,
    last_secs: Option<f64>,
    notes: Notes,
}

/// What the user should know, in numbers.
#[derive(Debug, Default)]
struct Notes {
    clipped: u64,
    not_finite: u64,
    padded: u64,
    cut_texts: u64,
    late_events: u64,
    unmarked: u64,
}

impl EdfWriter {
    /// Makes the file, which must not exist, and writes its header.
    ///
    /// # Errors
    /// [`FormatError::Unusable`] when the rate or a range does not fit the format, [`FormatError::Io`].
    pub fn create(path: &Path, kind: Kind, head: &WriteHead) -> Result<Self, FormatError> {
        let unusable = |why: String| FormatError::Unusable { format: kind.name(), why };
        let channels = head.stream.channels.len();
        if channels == 0 || channels != head.ranges.len() || channels > 9000 {
            return Err(unusable(format!(
                "it holds 1 to 9000 channels with a range each, not {channels}"
            )));
        }
        let (record_us, record_samples) = record(head.stream.rate_hz, channels * kind.sample_bytes()).ok_or_else(|| {
            unusable(format!("no record of up to 60 s holds a whole number of samples at {} Hz; choose XDF or BrainVision", head.stream.rate_hz))
        })?;
        let mut ranges = Vec::with_capacity(channels);
        for (range, channel) in head.ranges.iter().zip(&head.stream.channels) {
            ranges.push(field_range(*range).ok_or_else(|| {
                unusable(format!(
                    "the range of channel '{}' does not fit into 8 characters: {range:?} {}",
                    channel.label, channel.unit
                ))
            })?);
        }
        let [least, most] = kind.digital_range().map(f64::from);
        let scales = ranges
            .iter()
            .map(|[(low, _), (high, _)]| Scale { low: *low, gain: (high - low) / (most - least) })
            .collect();
        let mut notes = Notes::default();
        let events = cut_texts(&head.events, &mut notes);
        let annotation_bytes =
            annotation_bytes(&events, record_us).next_multiple_of(kind.sample_bytes() * 2);
        let started = head.started.unwrap_or_default();
        let io = |source| FormatError::Io { action: "making the file", source, path: path.into() };
        let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(io)?;
        let header = header(kind, head, &ranges, record_us, record_samples, annotation_bytes);
        file.write_all(&header).map_err(io)?;
        Ok(Self {
            file,
            path: path.into(),
            kind,
            scales,
            rate_hz: head.stream.rate_hz,
            record_us,
            record_samples,
            annotation_bytes,
            fraction_us: (started.second.fract() * 1e6).round() as i64,
            events: events.into(),
            onset_us: 0,
            rows: Vec::with_capacity(record_samples * channels),
            padding: Vec::new(),
            records: 0,
            discontinuous: false,
            last_secs: None,
            notes,
        })
    }

    fn channels(&self) -> usize {
        self.scales.len()
    }

    fn filled(&self) -> usize {
        self.rows.len() / self.channels()
    }

    /// Time of the next sample of the record in the making, in seconds.
    fn expected_secs(&self) -> f64 {
        self.onset_us as f64 * 1e-6 + self.filled() as f64 / self.rate_hz
    }

    fn push(&mut self, time_secs: f64, values: &[f64]) -> Result<(), FormatError> {
        if !time_secs.is_finite() || time_secs.abs() >= FARTHEST_SECS {
            let why = format!("a sample lies {time_secs} s from the first, more than 30 years");
            return Err(FormatError::Unusable { format: self.kind.name(), why });
        }
        let period_secs = 1.0 / self.rate_hz;
        let missing = match self.last_secs {
            None => {
                self.onset_us = micros(time_secs);
                0
            }
            Some(last) if time_secs - last > GAP_PERIODS * period_secs => {
                (((time_secs - self.expected_secs()) / period_secs).round()).max(0.0) as u64
            }
            Some(_) => 0,
        };
        if missing > 0 {
            self.leave_out(missing, time_secs)?;
        }
        for (channel, value) in values.iter().enumerate() {
            let sample = self.converted(channel, *value);
            self.rows.push(sample);
        }
        self.last_secs = Some(time_secs);
        if self.filled() == self.record_samples { self.close_record() } else { Ok(()) }
    }

    /// Goes over a gap: within the record by padding, else with a new record that begins at `time_secs`.
    fn leave_out(&mut self, missing: u64, time_secs: f64) -> Result<(), FormatError> {
        let room = (self.record_samples - self.filled()) as u64;
        if self.filled() > 0 {
            self.pad(missing.min(room) as usize);
            if missing < room {
                return Ok(());
            }
            self.close_record()?;
        }
        let onset_us = micros(time_secs);
        self.discontinuous |= onset_us != self.onset_us;
        // Never before the end of the last record.
        self.onset_us = onset_us.max(self.onset_us);
        Ok(())
    }

    fn pad(&mut self, count: usize) {
        let (from, channels) = (self.filled(), self.channels());
        let last = self.rows.len() - channels..self.rows.len();
        for _ in 0..count {
            self.rows.extend_from_within(last.clone());
        }
        self.padding.push([from, from + count]);
        self.notes.padded += count as u64;
    }

    fn converted(&mut self, channel: usize, value: f64) -> i32 {
        let [least, most] = self.kind.digital_range();
        let Scale { low, gain } = self.scales[channel];
        if !value.is_finite() {
            self.notes.not_finite += 1;
        }
        let sample = ((value - low) / gain).round() + f64::from(least);
        // A value that is not a number becomes the one nearest to zero.
        let sample =
            if sample.is_nan() { (-low / gain).round() + f64::from(least) } else { sample };
        self.notes.clipped +=
            u64::from(value.is_finite() && !(f64::from(least)..=f64::from(most)).contains(&sample));
        sample.clamp(f64::from(least), f64::from(most)) as i32
    }

    fn close_record(&mut self) -> Result<(), FormatError> {
        let (channels, kind) = (self.channels(), self.kind);
        let mut bytes =
            Vec::with_capacity(self.rows.len() * kind.sample_bytes() + self.annotation_bytes);
        for channel in 0..channels {
            for row in 0..self.record_samples {
                numbers::put(kind, self.rows[row * channels + channel], &mut bytes);
            }
        }
        let annotations = self.annotations();
        bytes.extend(&annotations);
        bytes.resize(bytes.len() + self.annotation_bytes - annotations.len(), 0);
        self.write_all(&bytes)?;
        self.rows.clear();
        self.padding.clear();
        self.records += 1;
        self.onset_us += self.record_us as i64;
        Ok(())
    }

    /// The lists of the record in the making: its own time, its padding, and every event until its end that fits.
    fn annotations(&mut self) -> Vec<u8> {
        let mut bytes = tal::list(&tal::seconds(self.onset_us + self.fraction_us), None, "");
        let micros_of = |row: usize| (row as f64 / self.rate_hz * 1e6).round() as i64;
        let mut unmarked = 0;
        for [from, to] in &self.padding {
            let onset = tal::seconds(self.onset_us + self.fraction_us + micros_of(*from));
            let list =
                tal::list(&onset, Some(&duration(micros_of(*to) - micros_of(*from))), PADDING);
            if bytes.len() + list.len() <= self.annotation_bytes {
                bytes.extend(list);
            } else {
                unmarked += 1;
            }
        }
        self.notes.unmarked += unmarked;
        let until_us = self.onset_us + self.record_us as i64;
        while let Some(event) =
            self.events.front().filter(|event| micros(event.time_secs) < until_us)
        {
            let list = self.list(event);
            if bytes.len() + list.len() > self.annotation_bytes {
                break;
            }
            bytes.extend(list);
            self.events.pop_front();
        }
        bytes
    }

    fn list(&self, event: &Event) -> Vec<u8> {
        let length = event
            .duration_secs
            .filter(|secs| *secs >= 0.0 && secs.is_finite())
            .map(|secs| duration(micros(secs)));
        tal::list(
            &tal::seconds(micros(event.time_secs) + self.fraction_us),
            length.as_deref(),
            &event.label,
        )
    }

    /// Events after the last sample: further records hold them, padded throughout.
    fn put_late_events(&mut self) -> Result<(), FormatError> {
        while let Some(event) = self.events.front() {
            if self.list(event).len() + OWN_ANNOTATION_BYTES > self.annotation_bytes {
                self.notes.late_events += 1;
                self.events.pop_front();
                continue;
            }
            self.onset_us = self.onset_us.max(micros(event.time_secs) - self.record_us as i64 + 1);
            self.discontinuous = true;
            let nothing = vec![0.0; self.channels()];
            for (channel, value) in nothing.iter().enumerate() {
                let sample = self.converted(channel, *value);
                self.rows.push(sample);
            }
            self.pad(self.record_samples - 1);
            self.padding = vec![[0, self.record_samples]];
            let waiting = self.events.len();
            self.close_record()?;
            if self.events.len() == waiting {
                // Never the same record again.
                self.notes.late_events += 1;
                self.events.pop_front();
            }
        }
        Ok(())
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.file.write_all(bytes).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> FormatError {
        FormatError::Io { action: "writing", source, path: self.path.clone() }
    }

    fn patch(&mut self, at: u64, text: &str, width: usize) -> Result<(), FormatError> {
        let field = format!("{text:<width$}");
        self.file.seek(SeekFrom::Start(at)).map_err(|source| self.failed(source))?;
        self.write_all(field.as_bytes())
    }
}

impl WriteRecording for EdfWriter {
    fn write(&mut self, times_secs: &[f64], values: &[f64]) -> Result<(), FormatError> {
        let channels = self.channels();
        if times_secs.len() * channels != values.len() {
            let why = format!(
                "{} values for {} samples of {channels} channels",
                values.len(),
                times_secs.len()
            );
            return Err(FormatError::Unusable { format: self.kind.name(), why });
        }
        times_secs
            .iter()
            .zip(values.chunks_exact(channels))
            .try_for_each(|(time, row)| self.push(*time, row))
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<String>, FormatError> {
        if self.filled() > 0 {
            let rest = self.record_samples - self.filled();
            self.pad(rest);
            // The last record may take all that is left: whatever comes after its end is late anyway.
            self.close_record()?;
        }
        self.put_late_events()?;
        let variant =
            format!("{}+{}", self.kind.name(), if self.discontinuous { 'D' } else { 'C' });
        self.patch(192, &variant, 5)?;
        let records = self.records.to_string();
        self.patch(236, &records, 8)?;
        self.file.sync_all().map_err(|source| self.failed(source))?;
        Ok(self.notes.said())
    }
}

impl Notes {
    fn said(&self) -> Vec<String> {
        [
            (self.clipped, "value(s) beyond the range given were set to its ends"),
            (self.not_finite, "value(s) are not numbers and were set to zero"),
            (
                self.padded,
                "sample(s) were not there: the last one is repeated and marked BAD_padding",
            ),
            (self.cut_texts, "annotation(s) were cut to 512 bytes"),
            (self.late_events, "annotation(s) do not fit, or are decades away, and are left out"),
            (self.unmarked, "stretch(es) of repeated samples found no room for their mark"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect()
    }
}

fn micros(secs: f64) -> i64 {
    (secs * 1e6).round() as i64
}

fn cut_texts(events: &[Event], notes: &mut Notes) -> Vec<Event> {
    let near = |event: &&Event| event.time_secs.abs() < FARTHEST_SECS;
    notes.late_events += events.iter().filter(|event| !near(event)).count() as u64;
    let mut events: Vec<Event> = events.iter().filter(near).cloned().collect();
    for event in &mut events {
        if event.label.len() > MAX_TEXT_BYTES {
            notes.cut_texts += 1;
            let end = (0..=MAX_TEXT_BYTES)
                .rev()
                .find(|end| event.label.is_char_boundary(*end))
                .unwrap_or(0);
            event.label.truncate(end);
        }
    }
    events.sort_by(|a, b| a.time_secs.total_cmp(&b.time_secs));
    events
}

/// Room that the annotations of the busiest record need: a record overlaps two stretches of its own length at most.
fn annotation_bytes(events: &[Event], record_us: u64) -> usize {
    let mut buckets: BTreeMap<i64, usize> = BTreeMap::new();
    for event in events {
        let bucket = micros(event.time_secs).max(0) / record_us as i64;
        *buckets.entry(bucket).or_default() += event.label.len() + 40;
    }
    let pair = |bucket: &i64| buckets[bucket] + buckets.get(&(bucket + 1)).copied().unwrap_or(0);
    let busiest = buckets.keys().map(pair).max().unwrap_or(0);
    OWN_ANNOTATION_BYTES + busiest.min(RECORD_BYTES)
}
