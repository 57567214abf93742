//! Samples → blocks.
//!
//! Takes the signal file and what header and markers said; gives blocks of up to a second. Vectorised files are
//! read channel by channel, a stretch at a time. Time zero is the first sample; a segment begins when its date says.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::header::Header;
use super::markers::{Mark, Markers};
use super::segments::Segments;
use super::words::FORMAT;
use crate::formats::FormatError;
use crate::formats::recording::{Block, Event, Head, ReadRecording, StreamHead};

/// Values of a block at most: 4 MiB.
const MAX_BLOCK_VALUES: usize = 1 << 19;

/// Samples of a block at most.
const MAX_BLOCK_SAMPLES: usize = 16_384;

/// Reads a recording in pieces.
#[derive(Debug)]
pub struct BrainVisionReader<R: Read + Seek> {
    input: R,
    path: PathBuf,
    header: Header,
    head: Head,
    marks: Vec<Mark>,
    segments: Segments,
    warnings: Vec<String>,
    samples: u64,
    next: u64,
    next_mark: usize,
    bytes: Vec<u8>,
}

impl<R: Read + Seek> BrainVisionReader<R> {
    pub(super) fn new(
        mut input: R,
        path: &Path,
        header: Header,
        marks: Markers,
        mut warnings: Vec<String>,
    ) -> Result<Self, FormatError> {
        let io =
            |source| FormatError::Io { action: "reading the signal", source, path: path.into() };
        let len = input.seek(SeekFrom::End(0)).map_err(io)?;
        let frame = (header.channels.len() * header.binary.bytes()) as u64;
        let samples = len / frame;
        if len % frame != 0 {
            warnings.push(format!(
                "the last {} bytes are not a whole sample and are left out",
                len % frame
            ));
        }
        if let Some(said) = header.points.filter(|said| *said != samples && *said > 0) {
            warnings.push(format!("the header tells of {said} samples; {samples} are there"));
        }
        if marks.bad > 0 {
            warnings.push(format!("{} marker(s) have no position and are left out", marks.bad));
        }
        warnings.extend(header.warnings.iter().cloned());
        let rate_hz = 1e6 / header.interval_us;
        let segments = Segments::new(&marks.segments, header.interval_us * 1e-6, &mut warnings);
        let stream = StreamHead {
            kind: "EEG".into(),
            rate_hz,
            channels: header.channels.clone(),
            ..StreamHead::default()
        };
        let head = Head {
            format: FORMAT,
            started: segments.started,
            streams: vec![stream],
            facts: Vec::new(),
            simulated: header.simulated,
        };
        let path = path.into();
        Ok(Self {
            input,
            path,
            header,
            head,
            marks: marks.marks,
            segments,
            warnings,
            samples,
            next: 0,
            next_mark: 0,
            bytes: Vec::new(),
        })
    }

    fn read_at(&mut self, at: u64, bytes: usize) -> Result<(), FormatError> {
        self.bytes.resize(bytes, 0);
        let io = |source| FormatError::Io {
            action: "reading the signal",
            source,
            path: self.path.clone(),
        };
        self.input.seek(SeekFrom::Start(at)).map_err(io)?;
        self.input.read_exact(&mut self.bytes).map_err(io)
    }

    fn fill(&mut self, count: usize, block: &mut Block) -> Result<(), FormatError> {
        let (width, channels) = (self.header.binary.bytes(), self.header.channels.len());
        block.values.resize(count * channels, 0.0);
        if self.header.is_vectorized {
            for channel in 0..channels {
                let at = (channel as u64 * self.samples + self.next) * width as u64;
                self.read_at(at, count * width)?;
                let cells = block.values[channel..].iter_mut().step_by(channels);
                for (cell, bytes) in cells.zip(self.bytes.chunks_exact(width)) {
                    *cell = self.header.binary.number(bytes) * self.header.resolutions[channel];
                }
            }
            return Ok(());
        }
        self.read_at(self.next * (channels * width) as u64, count * channels * width)?;
        let rows =
            block.values.chunks_exact_mut(channels).zip(self.bytes.chunks_exact(channels * width));
        for (row, bytes) in rows {
            for ((cell, bytes), resolution) in
                row.iter_mut().zip(bytes.chunks_exact(width)).zip(&self.header.resolutions)
            {
                *cell = self.header.binary.number(bytes) * resolution;
            }
        }
        Ok(())
    }

    /// Markers before sample `until`; all that are left at the end of the recording.
    fn take_marks(&mut self, until: Option<u64>, events: &mut Vec<Event>) {
        let period_secs = self.header.interval_us * 1e-6;
        while let Some(mark) = self.marks.get(self.next_mark) {
            if until.is_some_and(|until| mark.position > until) {
                return;
            }
            events.push(Event {
                time_secs: self.segments.secs_of(mark.position - 1),
                duration_secs: Some(mark.points as f64 * period_secs),
                label: mark.label.clone(),
            });
            self.next_mark += 1;
        }
    }
}

impl<R: Read + Seek> ReadRecording for BrainVisionReader<R> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        block.clear();
        let most = (MAX_BLOCK_VALUES / self.header.channels.len()).clamp(1, MAX_BLOCK_SAMPLES);
        let count = (self.samples - self.next).min(most as u64) as usize;
        if count == 0 {
            self.take_marks(None, &mut block.events);
            return Ok(false);
        }
        self.fill(count, block)?;
        let rows = self.next..self.next + count as u64;
        block.times_secs.extend(rows.map(|row| self.segments.secs_of(row)));
        self.next += count as u64;
        self.take_marks(Some(self.next), &mut block.events);
        Ok(true)
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        (self.next, self.next_mark) = (0, 0);
        Ok(())
    }

    fn seek_secs(&mut self, secs: f64) -> Result<(), FormatError> {
        // Both are in the order of time.
        let Self { segments, marks, .. } = self;
        let is_early = |mark: &Mark| segments.secs_of(mark.position - 1) < secs;
        self.next_mark = marks.partition_point(is_early);
        self.next = segments.first_from(secs, self.samples);
        Ok(())
    }

    fn progress(&self) -> f64 {
        self.next as f64 / self.samples.max(1) as f64
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
