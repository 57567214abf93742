//! XDF from front to back, in pieces.
//!
//! Takes a file, bare or packed; gives [`Block`]s in the order of the file. The first pass keeps headers,
//! clock offsets and stamps (8 bytes a sample, as synchronising and dejittering need them all), the second
//! brings the values: the same numbers as [`super::load`] gives with the same options, without its memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::assemble::{LoadOptions, SampleChunk, index};
use super::inflate;
use super::samples::{SampleSink, Values};
use super::seek::ChunkTimes;
use super::stream::{Stream, XdfFile};
use super::wire::{Cursor, FORMAT};
use crate::formats::FormatError;
use crate::formats::recording::{Block, Calendar, ChannelHead, Head, ReadRecording, StreamHead};

/// Samples of a block at most.
const MAX_BLOCK_SAMPLES: usize = 16_384;

/// Reads a recording in pieces.
#[derive(Debug)]
pub struct XdfReader<R: Read + Seek = File> {
    input: R,
    path: PathBuf,
    head: Head,
    streams: Vec<Stream>,
    warnings: Vec<String>,
    chunks: Vec<SampleChunk>,
    chunk_times: ChunkTimes,
    /// The next chunk, and samples of each stream given so far.
    next: usize,
    given: Vec<usize>,
    /// The chunk at which each stream begins, and the time from which on its samples are wanted.
    starts: Vec<usize>,
    from_secs: f64,
    /// Values of the chunk in hand and how many of its samples were given.
    content: Vec<u8>,
    values: Values,
    stamps: Vec<f64>,
    taken: usize,
}

impl XdfReader<File> {
    /// Opens a file and makes the first pass. Packed files are unpacked into a temporary one.
    ///
    /// # Errors
    /// As [`super::load`].
    pub fn open(path: &Path, options: &LoadOptions) -> Result<Self, FormatError> {
        let file = inflate::opened(path)?;
        let again = file.try_clone().map_err(|source| FormatError::Io {
            action: "reading",
            source,
            path: path.into(),
        })?;
        Self::with_passes(file, again, path, options)
    }
}

impl<R: Read + Seek> XdfReader<R> {
    /// As [`XdfReader::open`], from anything that reads and seeks, given once for each pass.
    ///
    /// # Errors
    /// As [`super::load`].
    pub fn with_passes(
        first: R,
        second: R,
        path: &Path,
        options: &LoadOptions,
    ) -> Result<Self, FormatError> {
        let (file, chunks) = index(first, path, options)?;
        let XdfFile { header, streams, warnings, .. } = file;
        let facts = [("recorder", &header.phosphene_version)]
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, version)| (name.to_owned(), format!("Phosphene {version}")))
            .collect();
        let head = Head {
            format: FORMAT,
            started: calendar(&header.datetime),
            streams: streams.iter().map(stream_head).collect(),
            facts,
            simulated: streams.iter().any(|stream| stream.header.simulated),
        };
        Ok(Self {
            input: second,
            path: path.into(),
            given: vec![0; streams.len()],
            starts: vec![0; streams.len()],
            from_secs: f64::NEG_INFINITY,
            chunk_times: ChunkTimes::of(&chunks, &streams),
            head,
            streams,
            warnings,
            chunks,
            next: 0,
            content: Vec::new(),
            values: Values::Int8(Vec::new()),
            stamps: Vec::new(),
            taken: 0,
        })
    }

    /// Brings the next chunk of samples into hand; false behind the last.
    fn fetch(&mut self) -> Result<bool, FormatError> {
        let starts = &self.starts;
        let is_wanted = |(number, chunk): &(usize, &SampleChunk)| starts[chunk.stream] <= *number;
        let mut left = self.chunks.iter().enumerate().skip(self.next);
        let Some((number, chunk)) = left.find(is_wanted).map(|(number, chunk)| (number, *chunk))
        else {
            self.next = self.chunks.len();
            return Ok(false);
        };
        self.next = number + 1;
        self.given[chunk.stream] = chunk.first;
        // The first pass has read these very bytes, so their number is one that the file has.
        self.content.resize(chunk.bytes, 0);
        let io = |source| FormatError::Io { action: "reading", source, path: self.path.clone() };
        self.input.seek(SeekFrom::Start(chunk.offset)).map_err(io)?;
        self.input.read_exact(&mut self.content).map_err(io)?;
        let header = &self.streams[chunk.stream].header;
        self.stamps.clear();
        self.values = Values::new(header.format);
        self.taken = 0;
        let mut cursor = Cursor::new(&self.content, chunk.offset);
        cursor.u32("a stream number")?;
        let mut sink = SampleSink {
            channels: header.channel_count,
            period_secs: header.period_secs(),
            stamps: &mut self.stamps,
            values: &mut self.values,
        };
        sink.take(&mut cursor, chunk.cut)?;
        if number == self.starts[chunk.stream] {
            self.skip_blocks(chunk);
        }
        Ok(true)
    }

    /// Leaves out the blocks of a long chunk that are before the time at which reading goes on.
    fn skip_blocks(&mut self, chunk: SampleChunk) {
        let own = chunk.first..chunk.first + self.stamps.len();
        let times = self.streams[chunk.stream].stamps.get(own).unwrap_or_default();
        let early = times.iter().take_while(|time| **time < self.from_secs).count();
        self.taken = early - early % MAX_BLOCK_SAMPLES;
        self.given[chunk.stream] += self.taken;
    }
}

impl<R: Read + Seek> ReadRecording for XdfReader<R> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        block.clear();
        while self.taken == self.stamps.len() {
            if !self.fetch()? {
                return Ok(false);
            }
        }
        block.stream = self.chunks[self.next - 1].stream;
        let count = (self.stamps.len() - self.taken).min(MAX_BLOCK_SAMPLES);
        let stream = &self.streams[block.stream];
        let from = self.given[block.stream];
        // Both passes take the same samples of the same bytes; a file that changed in between has fewer.
        let times = stream.stamps.get(from..from + count).ok_or_else(|| FormatError::Unusable {
            format: FORMAT,
            why: "it changed while it was read".into(),
        })?;
        block.times_secs.extend_from_slice(times);
        let width = stream.header.channel_count;
        put(&self.values, self.taken * width..(self.taken + count) * width, block);
        self.given[block.stream] += count;
        self.taken += count;
        Ok(true)
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        self.next = 0;
        self.given.fill(0);
        self.starts.fill(0);
        self.from_secs = f64::NEG_INFINITY;
        self.stamps.clear();
        self.taken = 0;
        Ok(())
    }

    fn seek_secs(&mut self, secs: f64) -> Result<(), FormatError> {
        self.rewind()?;
        if !secs.is_nan() {
            self.from_secs = secs;
            self.starts = self.chunk_times.starts(secs);
            let first = self.starts.iter().copied().min().unwrap_or(0);
            self.next = first.min(self.chunks.len());
        }
        Ok(())
    }

    fn progress(&self) -> f64 {
        self.next as f64 / self.chunks.len().max(1) as f64
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// Appends values in double precision, or as text.
fn put(values: &Values, cells: std::ops::Range<usize>, block: &mut Block) {
    match values {
        Values::Int8(numbers) => block.values.extend(numbers[cells].iter().map(|v| f64::from(*v))),
        Values::Int16(numbers) => block.values.extend(numbers[cells].iter().map(|v| f64::from(*v))),
        Values::Int32(numbers) => block.values.extend(numbers[cells].iter().map(|v| f64::from(*v))),
        Values::Int64(numbers) => block.values.extend(numbers[cells].iter().map(|v| *v as f64)),
        Values::Float32(numbers) => {
            block.values.extend(numbers[cells].iter().map(|v| f64::from(*v)))
        }
        Values::Double64(numbers) => block.values.extend_from_slice(&numbers[cells]),
        Values::Text(text) => {
            block.texts.extend(cells.map(|i| text.get(i).unwrap_or_default().to_owned()))
        }
    }
}

fn stream_head(stream: &Stream) -> StreamHead {
    let header = &stream.header;
    let channel = |i: usize| {
        let known = header.channels.get(i).cloned().unwrap_or_default();
        ChannelHead {
            label: known.label,
            unit: known.unit,
            kind: known.kind,
            filtering: known.filtering,
            reference: header.reference.clone(),
            location_mm: known.location_mm,
        }
    };
    StreamHead {
        id: stream.id,
        name: header.name.clone(),
        kind: header.kind.clone(),
        rate_hz: header.nominal_rate_hz,
        clock_offsets: stream.clock_offsets.len() as u64,
        clock_resets: stream.clock_segments.len().saturating_sub(1) as u64,
        clock_drift_ppm: stream.clock_drift_ppm,
        clock_error_secs: stream.clock_error_secs,
        stamps: stream.stamp_faults,
        is_apart: stream.is_apart,
        is_text: matches!(stream.values, Values::Text(_)),
        channels: (0..header.channel_count).map(channel).collect(),
    }
}

/// `2026-11-24T09:08:37+0000` without its zone; `None` for anything else.
fn calendar(text: &str) -> Option<Calendar> {
    let (date, time) = text.trim().split_once(['T', ' '])?;
    let mut date = date.split('-');
    let mut time = time.get(..8)?.split(':');
    let calendar = Calendar {
        year: date.next()?.parse().ok()?,
        month: date.next()?.parse().ok().filter(|month| (1..=12).contains(month))?,
        day: date.next()?.parse().ok().filter(|day| (1..=31).contains(day))?,
        hour: time.next()?.parse().ok().filter(|hour| *hour < 24)?,
        minute: time.next()?.parse().ok().filter(|minute| *minute < 60)?,
        second: time.next()?.parse().ok().filter(|second| (0.0..61.0).contains(second))?,
    };
    Some(calendar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_recorders_are_read_and_others_are_none() {
        let known = calendar("2026-11-24T09:08:37+0000").unwrap();
        assert_eq!(known.iso8601(), "2026-11-24T09:08:37");
        for odd in ["", "2026", "2026-13-01T00:00:00", "2026-11-24T9:8:7", "é-é-éTéééééééé"]
        {
            assert_eq!(calendar(odd), None, "{odd}");
        }
    }
}
