//! Samples → blocks.
//!
//! Takes the bytes of a file; gives blocks of up to a second. Samples of all channels stand beside one another, or in
//! runs of one channel after another. Time zero is the first sample.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::events::{self, Mark};
use super::setup::{
    ELECTRODE_BYTES, Electrode, Extent, SETUP_BYTES, Setup, channel_count, width_flag_at,
};
use super::words::{FORMAT, malformed};
use super::{NEUROSCAN, is_ant};
use crate::formats::FormatError;
use crate::formats::recording::{Block, Head, ReadRecording, StreamHead};

/// Samples of a block at most.
const MAX_BLOCK_SAMPLES: usize = 16_384;

/// Values of a block at most: 4 MiB.
const MAX_BLOCK_VALUES: usize = 1 << 19;

/// Reads a recording in pieces.
#[derive(Debug)]
pub struct CntReader<R: Read + Seek> {
    input: R,
    path: PathBuf,
    head: Head,
    electrodes: Vec<Electrode>,
    extent: Extent,
    rate_hz: f64,
    /// Blocks of the file that are read at a time, and samples that are given at a time.
    batch: u64,
    most: usize,
    marks: Vec<Mark>,
    warnings: Vec<String>,
    /// Blocks of the file in hand: the number of the first, how many, their bytes; the next sample of them.
    first: u64,
    held: u64,
    bytes: Vec<u8>,
    sample: usize,
    next_mark: usize,
}

impl<R: Read + Seek> CntReader<R> {
    /// Reads the headers and the events. `path` is only for messages.
    ///
    /// # Errors
    /// As [`super::open`].
    pub fn new(mut input: R, path: &Path) -> Result<Self, FormatError> {
        let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
        let len = input.seek(SeekFrom::End(0)).map_err(io)?;
        input.seek(SeekFrom::Start(0)).map_err(io)?;
        let mut start = Vec::new();
        input.by_ref().take(SETUP_BYTES as u64).read_to_end(&mut start).map_err(io)?;
        if is_ant(&start) {
            return Err(ant());
        }
        if !start.starts_with(NEUROSCAN) {
            let got = format!("'{}'", start.get(..12).unwrap_or(&start).escape_ascii());
            return Err(malformed(0, "'Version 3.0'", got));
        }
        let cut = |needed: usize| {
            malformed(len, &format!("headers of {needed} bytes"), "the end of the file".into())
        };
        let first = start.first_chunk::<SETUP_BYTES>().ok_or_else(|| cut(SETUP_BYTES))?;
        let channels = channel_count(first)?;
        let header_bytes = SETUP_BYTES + ELECTRODE_BYTES * channels;
        if len < header_bytes as u64 {
            return Err(cut(header_bytes));
        }
        let flag_at = width_flag_at(first);
        let rest = (ELECTRODE_BYTES * channels) as u64;
        input.by_ref().take(rest).read_to_end(&mut start).map_err(io)?;
        let flag = match flag_at.filter(|place| *place < len) {
            Some(place) => {
                let mut flag = [0];
                input.seek(SeekFrom::Start(place)).map_err(io)?;
                input.read_exact(&mut flag).map_err(io)?;
                Some(flag[0])
            }
            None => None,
        };
        let mut setup = Setup::parse(&start, len, flag)?;
        let mut warnings = std::mem::take(&mut setup.warnings);
        let marks =
            events::read(&mut input, setup.extent, channels, len, &mut warnings).map_err(io)?;
        Ok(Self::with_setup(input, path, setup, marks, warnings))
    }

    fn with_setup(
        input: R,
        path: &Path,
        setup: Setup,
        marks: Vec<Mark>,
        warnings: Vec<String>,
    ) -> Self {
        let channels = setup.electrodes.len();
        let most = (MAX_BLOCK_VALUES / channels.max(1)).clamp(1, MAX_BLOCK_SAMPLES);
        let second = (setup.rate_hz as usize).clamp(1, most);
        let stream = StreamHead {
            kind: "EEG".into(),
            rate_hz: setup.rate_hz,
            channels: setup.electrodes.iter().map(|one| one.head.clone()).collect(),
            ..StreamHead::default()
        };
        let is_simulated =
            |(name, text): &(String, String)| name == "recording" && text.contains("SIMULATED");
        Self {
            input,
            path: path.into(),
            head: Head {
                format: FORMAT,
                started: setup.started,
                streams: vec![stream],
                simulated: setup.facts.iter().any(is_simulated),
                facts: setup.facts,
            },
            electrodes: setup.electrodes,
            extent: setup.extent,
            rate_hz: setup.rate_hz,
            batch: (second / setup.extent.run).max(1) as u64,
            most,
            marks,
            warnings,
            first: 0,
            held: 0,
            bytes: Vec::new(),
            sample: 0,
            next_mark: 0,
        }
    }

    /// Brings the next blocks of the file into hand; false behind the last.
    fn fetch(&mut self) -> Result<bool, FormatError> {
        let first = self.first + self.held;
        let count = self.batch.min(self.extent.blocks.saturating_sub(first));
        if count == 0 {
            return Ok(false);
        }
        let block_bytes = self.extent.run * self.extent.width * self.electrodes.len();
        self.bytes.resize(count as usize * block_bytes, 0);
        let at = self.extent.from + first * block_bytes as u64;
        let io = |source| FormatError::Io { action: "reading", source, path: self.path.clone() };
        self.input.seek(SeekFrom::Start(at)).map_err(io)?;
        self.input.read_exact(&mut self.bytes).map_err(io)?;
        (self.first, self.held, self.sample) = (first, count, 0);
        Ok(true)
    }

    /// Fills `block` with the next stretch of what is in hand; false when it is used up.
    fn take(&mut self, block: &mut Block) -> bool {
        let run = self.extent.run;
        let count = (run * self.held as usize - self.sample).min(self.most);
        if count == 0 {
            return false;
        }
        let rows = self.sample..self.sample + count;
        let before = self.first * run as u64;
        let times = rows.clone().map(|row| (before + row as u64) as f64 / self.rate_hz);
        block.times_secs.extend(times);
        block.values.resize(count * self.electrodes.len(), 0.0);
        self.fill(rows, &mut block.values);
        self.sample += count;
        true
    }

    /// Samples `rows`, counted over all that is in hand, of every channel.
    fn fill(&self, rows: Range<usize>, values: &mut [f64]) {
        let (channels, Extent { run, width, .. }) = (self.electrodes.len(), self.extent);
        for (channel, electrode) in self.electrodes.iter().enumerate() {
            let mut cells = values.iter_mut().skip(channel).step_by(channels);
            let mut row = rows.start;
            while row < rows.end {
                let (block, sample) = (row / run, row % run);
                let count = (run - sample).min(rows.end - row);
                let from = ((block * channels + channel) * run + sample) * width;
                let bytes = self.bytes.get(from..from + count * width).unwrap_or_default();
                for (sample, cell) in bytes.chunks_exact(width).zip(cells.by_ref()) {
                    *cell = (number(sample) - electrode.baseline) * electrode.gain;
                }
                row += count;
            }
        }
    }

    /// Events before a sample; all that are left at the end of the recording.
    fn take_marks(&mut self, until: u64, block: &mut Block) {
        let left = self.marks.get(self.next_mark..).unwrap_or_default();
        let count = left.partition_point(|mark| mark.sample < until);
        block.events.extend(left.iter().take(count).map(|mark| mark.event(self.rate_hz)));
        self.next_mark += count;
    }
}

/// The first of `samples` samples that is at or after a time; `samples` where none is.
fn first_from(secs: f64, rate_hz: f64, samples: u64) -> u64 {
    // Rounding may lead one or two too far, never further.
    let mut sample = ((secs * rate_hz).ceil() as u64).min(samples);
    while sample > 0 && (sample - 1) as f64 / rate_hz >= secs {
        sample -= 1;
    }
    sample
}

/// The sample in two or four bytes.
fn number(bytes: &[u8]) -> f64 {
    match *bytes {
        [a, b] => f64::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => f64::from(i32::from_le_bytes([a, b, c, d])),
        _ => 0.0,
    }
}

/// ANT's files say what they are and how to get out of them.
fn ant() -> FormatError {
    let why = "it is of ANT Neuro (asa, eego), whose samples are packed by a scheme that is not read. Export it from \
               asa or eego as EDF+ or BrainVision, or in Python with MNE and antio: \
               mne.io.read_raw_ant('IN.cnt').export('OUT.edf')";
    FormatError::Unusable { format: "ANT CNT", why: why.into() }
}

impl<R: Read + Seek> ReadRecording for CntReader<R> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        block.clear();
        loop {
            if self.held > 0 && self.take(block) {
                let given = self.first * self.extent.run as u64 + self.sample as u64;
                self.take_marks(given, block);
                return Ok(true);
            }
            if !self.fetch()? {
                self.take_marks(u64::MAX, block);
                return Ok(false);
            }
        }
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        (self.first, self.held, self.sample, self.next_mark) = (0, 0, 0, 0);
        Ok(())
    }

    fn seek_secs(&mut self, secs: f64) -> Result<(), FormatError> {
        let run = self.extent.run as u64;
        let samples = self.extent.blocks.saturating_mul(run);
        let sample = first_from(secs, self.rate_hz, samples);
        let is_early = |mark: &Mark| (mark.sample as f64 / self.rate_hz) < secs;
        self.next_mark = self.marks.partition_point(is_early);
        // The file's block that holds it; behind the end there is none.
        (self.first, self.held, self.sample) = (sample / run.max(1), 0, 0);
        Ok(())
    }

    fn progress(&self) -> f64 {
        (self.first + self.held) as f64 / self.extent.blocks.max(1) as f64
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_found_by_time() {
        for rate_hz in [1.0, 128.0, 250.0, 999.0, 1000.0] {
            for sample in (0..3000_u64).chain([3_600_000]) {
                let secs = sample as f64 / rate_hz;
                assert_eq!(first_from(secs, rate_hz, 4_000_000), sample);
                let behind = first_from(secs + 0.4 / rate_hz, rate_hz, 4_000_000);
                assert_eq!(behind, sample + 1);
            }
            assert_eq!(first_from(-1.0, rate_hz, 10), 0);
            assert_eq!(
                (first_from(f64::NAN, rate_hz, 10), first_from(1e300, rate_hz, 10)),
                (0, 10)
            );
        }
    }
}
