//! EDF+ and BDF+ out.
//!
//! Takes samples at rising times; gives records of equal length, annotations in each, and a header whose number
//! of records is patched at the end. A gap begins a new record (then the file is `+D`) unless it ends within the
//! record; samples that were not there repeat the last one and are marked `BAD_padding` with their duration,
//! which MNE leaves out. Streams of other rates stand in the same records ([`super::others`]); a record waits for them for a
//! while. Values are exact to half a step of the converter; the steps come from the ranges given,
//! rounded outwards to eight characters.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::annotations::{
    FARTHEST_SECS, OWN_ANNOTATION_BYTES, annotation_bytes, cut_texts, micros,
};
use super::layout::{FieldRange, Written, duration, field_range, header, records};
use super::others::Other;
use super::scale::{Notes, Scale};
use super::{Kind, numbers, tal};
use crate::formats::FormatError;
use crate::formats::recording::{ChannelHead, Event, StreamHead, WriteHead, WriteRecording};
use crate::time::gaps::GAP_PERIODS;

/// Bytes of records that wait for samples of other streams at most.
const MAX_PENDING_BYTES: usize = 64 << 20;

/// Channels of a file at most: the header's field has four digits.
const MAX_SIGNALS: usize = 9000;

/// What stands where samples were not there.
const PADDING: &str = "BAD_padding";

/// A record that waits for the samples of other streams.
#[derive(Debug)]
struct Pending {
    onset_us: i64,
    signal: Vec<u8>,
    annotations: Vec<u8>,
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
    /// Streams of other rates with the scales of their channels; `None` for those that fit into no record.
    others: Vec<Option<(Other, Vec<Scale>)>>,
    /// What is said of those.
    unfit: Vec<String>,
    pending: VecDeque<Pending>,
    records: u64,
    discontinuous: bool,
    last_secs: Option<f64>,
    notes: Notes,
}

impl EdfWriter {
    /// Makes the file, which must not exist, and writes its header.
    ///
    /// # Errors
    /// [`FormatError::Unusable`] when the rate or a range does not fit the format, [`FormatError::Io`].
    pub fn create(path: &Path, kind: Kind, head: &WriteHead) -> Result<Self, FormatError> {
        let unusable = |why: String| FormatError::Unusable { format: kind.name(), why };
        let channels = head.stream.channels.len();
        if channels == 0 || channels != head.ranges.len() || channels > MAX_SIGNALS {
            return Err(unusable(format!(
                "it holds 1 to {MAX_SIGNALS} channels with a range each, not {channels}"
            )));
        }
        let rates_hz: Vec<f64> = std::iter::once(&head.stream)
            .chain(head.others.iter().map(|(stream, _)| stream))
            .map(|stream| stream.rate_hz)
            .collect();
        let (record_us, record_samples, of_others) =
            records(&rates_hz, channels * kind.sample_bytes()).ok_or_else(|| {
                unusable(format!(
                    "no record of up to 60 s holds a whole number of samples at {} Hz; choose XDF or BrainVision",
                    head.stream.rate_hz
                ))
            })?;
        let ranges = field_ranges(&head.stream, &head.ranges).map_err(unusable)?;
        let scales = ranges.iter().map(|range| Scale::of(range, kind)).collect();
        let mut taken = channels;
        let others: Vec<_> = head
            .others
            .iter()
            .zip(of_others)
            .map(|((stream, ranges), samples)| {
                let ranges = field_ranges(stream, ranges).ok()?;
                if taken + ranges.len() > MAX_SIGNALS {
                    return None;
                }
                taken += ranges.len();
                let scales = ranges.iter().map(|range| Scale::of(range, kind)).collect();
                Some((Other::new(stream.clone(), ranges, samples?), scales))
            })
            .collect();
        let unfit = head.others.iter().zip(&others).filter(|(_, other)| other.is_none());
        let unfit = unfit.map(|((StreamHead { name, rate_hz, .. }, _), _)| {
            format!("the stream '{name}' ({rate_hz} Hz) fits into no record of this file and is left out")
        });
        let unfit = unfit.collect();
        let mut notes = Notes::default();
        let events = cut_texts(&head.events, &mut notes);
        let annotation_bytes =
            annotation_bytes(&events, record_us).next_multiple_of(kind.sample_bytes() * 2);
        let started = head.started.unwrap_or_default();
        let io = |source| FormatError::Io { action: "making the file", source, path: path.into() };
        let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(io)?;
        let beside = others.iter().flatten().flat_map(|(other, _): &(Other, Vec<Scale>)| {
            let samples = other.samples;
            other
                .stream
                .channels
                .iter()
                .zip(&other.ranges)
                .map(move |(c, range)| (c, range, samples))
        });
        let own =
            head.stream.channels.iter().zip(&ranges).map(|(c, range)| (c, range, record_samples));
        let written: Vec<Written<'_>> = own.chain(beside).collect();
        file.write_all(&header(kind, head, &written, record_us, annotation_bytes)).map_err(io)?;
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
            others,
            unfit,
            pending: VecDeque::new(),
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
        self.scales[channel].sample(value, self.kind, &mut self.notes)
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
        let mut annotations = self.annotations();
        annotations.resize(self.annotation_bytes, 0);
        self.pending.push_back(Pending { onset_us: self.onset_us, signal: bytes, annotations });
        self.rows.clear();
        self.padding.clear();
        self.records += 1;
        self.onset_us += self.record_us as i64;
        self.put_pending(MAX_PENDING_BYTES)
    }

    /// Writes records whose other streams are there, and all but so many bytes of those that wait for them.
    fn put_pending(&mut self, most_bytes: usize) -> Result<(), FormatError> {
        while let Some(front) = self.pending.front() {
            let end_secs = (front.onset_us + self.record_us as i64) as f64 * 1e-6;
            let is_whole = self.others.iter().flatten().all(|(other, _)| other.has_until(end_secs));
            if !is_whole && self.pending.len() * front.signal.len() <= most_bytes {
                break;
            }
            let Some(record) = self.pending.pop_front() else { break };
            let mut bytes = record.signal;
            for (other, scales) in self.others.iter_mut().flatten() {
                let rows = other.record(record.onset_us as f64 * 1e-6);
                for (channel, scale) in scales.iter().enumerate() {
                    for value in rows.iter().skip(channel).step_by(scales.len()) {
                        let sample = scale.sample(*value, self.kind, &mut self.notes);
                        numbers::put(self.kind, sample, &mut bytes);
                    }
                }
            }
            bytes.extend(&record.annotations);
            self.write_all(&bytes)?;
        }
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

    fn write_other(
        &mut self,
        other: usize,
        times_secs: &[f64],
        values: &[f64],
    ) -> Result<(), FormatError> {
        if let Some(Some((other, _))) = self.others.get_mut(other) {
            other.take(times_secs, values);
        }
        self.put_pending(MAX_PENDING_BYTES)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<String>, FormatError> {
        if self.filled() > 0 {
            let rest = self.record_samples - self.filled();
            self.pad(rest);
            // The last record may take all that is left: whatever comes after its end is late anyway.
            self.close_record()?;
        }
        self.put_late_events()?;
        self.put_pending(0)?;
        let variant =
            format!("{}+{}", self.kind.name(), if self.discontinuous { 'D' } else { 'C' });
        self.patch(192, &variant, 5)?;
        let records = self.records.to_string();
        self.patch(236, &records, 8)?;
        self.file.sync_all().map_err(|source| self.failed(source))?;
        let of_others = self.others.iter().flatten().flat_map(|(other, _)| other.said());
        Ok(self.notes.said().into_iter().chain(of_others).chain(self.unfit).collect())
    }
}

/// Ranges as fields, or the channel whose range does not fit.
fn field_ranges(stream: &StreamHead, ranges: &[[f64; 2]]) -> Result<Vec<FieldRange>, String> {
    let field = |(range, channel): (&[f64; 2], &ChannelHead)| {
        field_range(*range).ok_or_else(|| {
            let (label, unit) = (&channel.label, &channel.unit);
            format!(
                "the range of channel '{label}' does not fit into 8 characters: {range:?} {unit}"
            )
        })
    };
    ranges.iter().zip(&stream.channels).map(field).collect()
}
