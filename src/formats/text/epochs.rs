//! Neurosity's raw brainwaves as JSON: the objects that the SDK's `brainwaves("raw")` emits.
//!
//! ```text
//! {"data": [[…16 samples…], …8 channels…], "info": {"samplingRate": 256, "startTime": 1628194299499, "channelNames": […]}}
//! ```
//!
//! Takes such objects one a line, in an array, or within other objects; gives a block an epoch, in µV. Held are one
//! epoch of at most [`MAX_EPOCH_BYTES`] and 8 bytes a sample for their times. Source: Neurosity's SDK documentation
//! ("Brainwaves").

use std::io::{BufRead, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::landmarks::{Landmark, Landmarks};
use super::layout::{Column, calendar, eeg};
use super::rate::{scale_of, step};
use super::settled::{MAX_ROWS, settle};
use crate::formats::FormatError;
use crate::formats::recording::{Block, Head, ReadRecording, StreamHead};

const FORMAT: &str = "Neurosity JSON";

/// Longest epoch as text: 16 samples of 8 channels take 3 KiB, a minute a few hundred.
const MAX_EPOCH_BYTES: usize = 1 << 20;

/// Objects within objects.
const MAX_DEPTH: usize = 16;

/// Epochs that begin after less than this share of their length overlap.
const OVERLAP: f64 = 0.9;

/// Warnings that name their place.
const MAX_NAMED: u64 = 10;

#[derive(Debug, Deserialize)]
struct Epoch {
    /// Samples of each channel; null where there is none.
    data: Vec<Vec<Option<f64>>>,
    info: Info,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    sampling_rate: f64,
    /// Milliseconds since 1970.
    start_time: f64,
    channel_names: Vec<String>,
}

impl Epoch {
    fn samples(&self) -> usize {
        self.data.first().map_or(0, Vec::len)
    }

    fn is_sound(&self) -> bool {
        let samples = self.samples();
        samples > 0
            && self.data.len() == self.info.channel_names.len()
            && self.data.iter().all(|channel| channel.len() == samples)
            && (1.0..=20_000.0).contains(&self.info.sampling_rate)
            && self.info.start_time.is_finite()
    }

    fn start_secs(&self) -> f64 {
        self.info.start_time * scale_of(self.info.start_time)
    }
}

/// Finds objects in bytes.
#[derive(Debug, Default)]
struct Scanner {
    /// From the beginning of the first object that may be an epoch.
    buffer: Vec<u8>,
    /// Objects that are open, and where in the buffer they begin; `None` for one that holds epochs.
    open: Vec<Option<usize>>,
    is_text: bool,
    is_escaped: bool,
}

impl Scanner {
    /// Takes a byte; gives the epoch that it closes. `None` where objects lie too deep.
    fn take(&mut self, byte: u8) -> Option<Option<Epoch>> {
        let opens = byte == b'{' && !self.is_text;
        if opens {
            if self.open.len() >= MAX_DEPTH {
                return None;
            }
            self.open.push(Some(self.buffer.len()));
        }
        if self.open.iter().any(Option::is_some) {
            self.buffer.push(byte);
            self.limit();
        }
        if self.is_text {
            self.is_text = self.is_escaped || byte != b'"';
            self.is_escaped = byte == b'\\' && !self.is_escaped;
        } else if byte == b'"' {
            self.is_text = true;
        } else if byte == b'}' {
            return Some(self.close());
        }
        Some(None)
    }

    fn close(&mut self) -> Option<Epoch> {
        let from = self.open.pop().flatten()?;
        let text = self.buffer.get(from..)?;
        let has_data = text.windows(6).any(|word| word == b"\"data\"");
        let epoch = has_data.then(|| serde_json::from_slice::<Epoch>(text).ok()).flatten();
        if epoch.is_some() {
            self.open.fill(None);
        }
        if self.open.iter().all(Option::is_none) {
            self.buffer.clear();
        }
        epoch
    }

    /// What is longer than an epoch holds epochs.
    fn limit(&mut self) {
        if self.buffer.len() < MAX_EPOCH_BYTES {
            return;
        }
        if let Some(first) = self.open.iter_mut().find(|from| from.is_some()) {
            *first = None;
        }
        let from = self.open.iter().flatten().next().copied().unwrap_or(self.buffer.len());
        self.buffer.drain(..from);
        for start in self.open.iter_mut().flatten() {
            *start -= from;
        }
    }
}

/// What reading goes on with between two epochs.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Bytes read.
    at: u64,
    /// Objects that are open.
    depth: usize,
    /// Epochs left out.
    odd: u64,
}

/// Reads epochs.
#[derive(Debug)]
pub struct EpochReader<R: BufRead + Seek> {
    input: R,
    path: PathBuf,
    len: u64,
    at: u64,
    scanner: Scanner,
    head: Head,
    times_secs: Vec<f64>,
    rows: usize,
    odd: u64,
    ended: bool,
    landmarks: Landmarks<Place>,
    said: Vec<String>,
    warnings: Vec<String>,
}

impl<R: BufRead + Seek> EpochReader<R> {
    pub(super) fn new(input: R, path: &Path, len: u64) -> Result<Self, FormatError> {
        let mut reader = Self {
            input,
            path: path.into(),
            len,
            at: 0,
            scanner: Scanner::default(),
            head: Head { format: FORMAT, ..Head::default() },
            times_secs: Vec::new(),
            rows: 0,
            odd: 0,
            ended: false,
            landmarks: Landmarks::default(),
            said: Vec::new(),
            warnings: Vec::new(),
        };
        reader.rewind()?;
        reader.read_starts()?;
        reader.rewind()?;
        Ok(reader)
    }

    /// Reads all epochs for the times at which they begin.
    fn read_starts(&mut self) -> Result<(), FormatError> {
        let (mut stamps, mut starts, mut samples) = (Vec::new(), Vec::new(), 0);
        loop {
            self.remember(stamps.len());
            let Some(epoch) = self.next_epoch()? else { break };
            if self.head.streams.is_empty() && epoch.is_sound() {
                self.head.streams.push(stream(&epoch.info));
            }
            if !self.fits(&epoch) {
                self.odd += 1;
                continue;
            }
            let (count, start) = (epoch.samples(), epoch.start_secs());
            samples = count;
            starts.push(start);
            stamps.extend((0..count).map(|i| start + i as f64 / epoch.info.sampling_rate));
            if stamps.len() > MAX_ROWS {
                let why = format!("it has more than {MAX_ROWS} samples; cut it into parts");
                return Err(FormatError::Unusable { format: FORMAT, why });
            }
        }
        let Some(rate_hz) = self.head.streams.first().map(|stream| stream.rate_hz) else {
            let why = "it looks like JSON but holds no epochs of raw brainwaves as Neurosity's SDK emits them \
                       ({data: [[…]], info: {samplingRate, startTime, channelNames}})";
            return Err(FormatError::Unknown { why: why.into(), path: self.path.clone() });
        };
        if let Some(step_secs) = step(&starts)
            && step_secs * rate_hz < OVERLAP * samples as f64
        {
            let why = format!(
                "its epochs overlap ({samples} samples every {:.0}); record the raw brainwaves without epoch()",
                step_secs * rate_hz
            );
            return Err(FormatError::Unusable { format: FORMAT, why });
        }
        let settled = settle(stamps, rate_hz, true);
        self.head.started = calendar(settled.first_secs);
        self.head.facts.push(("device".into(), "Neurosity".into()));
        self.head.streams.iter_mut().for_each(|stream| stream.stamps = settled.faults);
        (self.times_secs, self.said) = (settled.times_secs, settled.said);
        self.landmarks.settle(&self.times_secs, 0.0);
        Ok(())
    }

    /// Remembers the place before the next epoch, where it is far enough from the last one.
    fn remember(&mut self, rows: usize) {
        if self.landmarks.is_due(rows) {
            let state = Place { at: self.at, depth: self.scanner.open.len(), odd: self.odd };
            self.landmarks.note(Landmark { rows, reached_secs: f64::NEG_INFINITY, state });
        }
    }

    fn next_epoch(&mut self) -> Result<Option<Epoch>, FormatError> {
        loop {
            let bytes = self.input.fill_buf().map_err(|source| FormatError::Io {
                action: "reading",
                source,
                path: self.path.clone(),
            })?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let (mut used, mut found) = (0, None);
            for byte in bytes {
                used += 1;
                let Some(epoch) = self.scanner.take(*byte) else {
                    return Err(FormatError::Malformed {
                        format: FORMAT,
                        offset: self.at + used as u64,
                        expected: format!("objects at most {MAX_DEPTH} deep"),
                        got: "deeper ones".into(),
                    });
                };
                if epoch.is_some() {
                    found = epoch;
                    break;
                }
            }
            self.input.consume(used);
            self.at += used as u64;
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Whether an epoch is of the channels and the rate of the first.
    fn fits(&self, epoch: &Epoch) -> bool {
        self.head.streams.first().is_some_and(|stream| {
            epoch.is_sound()
                && epoch.info.sampling_rate == stream.rate_hz
                && stream.channels.iter().map(|c| &c.label).eq(&epoch.info.channel_names)
        })
    }

    fn take(&mut self, epoch: &Epoch, block: &mut Block) {
        let rate_hz = epoch.info.sampling_rate;
        for sample in 0..epoch.samples() {
            let after = block.times_secs.last().map_or(0.0, |last| last + 1.0 / rate_hz);
            block.times_secs.push(self.times_secs.get(self.rows).copied().unwrap_or(after));
            self.rows += 1;
            let value = |channel: &Vec<Option<f64>>| {
                channel.get(sample).copied().flatten().unwrap_or(f64::NAN)
            };
            block.values.extend(epoch.data.iter().map(value));
        }
    }

    fn note_odd(&mut self) {
        self.odd += 1;
        let said = format!(
            "the epoch that ends at byte {} has other channels, rate or lengths than the first and is left out",
            self.at
        );
        // One that is read again is not told again.
        if self.odd <= MAX_NAMED && !self.warnings.contains(&said) {
            self.warnings.push(said);
        }
    }
}

fn stream(info: &Info) -> StreamHead {
    let channel = |label: &String| match eeg(label) {
        Column::Signal(channel) => channel,
        _ => Default::default(),
    };
    StreamHead {
        kind: "EEG".into(),
        rate_hz: info.sampling_rate,
        channels: info.channel_names.iter().map(channel).collect(),
        ..StreamHead::default()
    }
}

impl<R: BufRead + Seek> ReadRecording for EpochReader<R> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        block.clear();
        while let Some(epoch) = self.next_epoch()? {
            if self.fits(&epoch) {
                self.take(&epoch, block);
                return Ok(true);
            }
            self.note_odd();
        }
        if !self.ended {
            self.ended = true;
            if self.odd > MAX_NAMED {
                self.warnings.push(format!("{} epochs in all are left out", self.odd));
            }
            if self.scanner.open.iter().any(Option::is_some) {
                self.warnings.push("the last epoch is cut off and is left out".into());
            }
        }
        Ok(false)
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        let io = |source| FormatError::Io { action: "reading", source, path: self.path.clone() };
        self.input.seek(SeekFrom::Start(0)).map_err(io)?;
        self.scanner = Scanner::default();
        (self.at, self.rows, self.odd, self.ended) = (0, 0, 0, false);
        self.warnings.clone_from(&self.said);
        Ok(())
    }

    fn seek_secs(&mut self, secs: f64) -> Result<(), FormatError> {
        let Some(mark) = self.landmarks.before(secs).cloned() else { return self.rewind() };
        let Place { at, depth, odd } = mark.state;
        let io = |source| FormatError::Io { action: "reading", source, path: self.path.clone() };
        self.input.seek(SeekFrom::Start(at)).map_err(io)?;
        // Behind an epoch nothing is kept but how many objects around it are open.
        self.scanner = Scanner { open: vec![None; depth], ..Scanner::default() };
        (self.at, self.rows, self.odd) = (at, mark.rows, odd);
        Ok(())
    }

    fn progress(&self) -> f64 {
        self.at as f64 / self.len.max(1) as f64
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn epoch(number: usize) -> String {
        let channel = |c: usize| {
            (0..16).map(|i| (number * 16 + i + 1000 * c).to_string()).collect::<Vec<_>>().join(",")
        };
        let start = 1_628_194_299_499.0 + (number as f64 * 62.5).round();
        format!(
            "{{\"label\":\"raw {{\\\"}}\",\"data\":[[{}],[{}]],\"info\":{{\"samplingRate\":256,\"startTime\":{start},\
             \"channelNames\":[\"C3\",\"C4\"]}}}}",
            channel(0),
            channel(1)
        )
    }

    type Found = (Vec<f64>, Vec<f64>, Vec<String>);

    fn read(text: &str) -> Result<Found, FormatError> {
        let mut reader =
            EpochReader::new(Cursor::new(text), Path::new("a.json"), text.len() as u64)?;
        let (mut block, mut times, mut values) = (Block::default(), Vec::new(), Vec::new());
        while reader.next_block(&mut block)? {
            times.extend_from_slice(&block.times_secs);
            values.extend_from_slice(&block.values);
        }
        Ok((times, values, reader.warnings().to_vec()))
    }

    #[test]
    fn epochs_are_found_one_a_line_in_an_array_and_within_objects() {
        let epochs: Vec<String> = (0..100).map(epoch).collect();
        for text in [
            epochs.join("\n"),
            format!("[{}]", epochs.join(", ")),
            format!("{{\"who\": {{\"a\": 1}}, \"raw\": {{\"epochs\": [{}]}}}}", epochs.join(",")),
        ] {
            let (times, values, warnings) = read(&text).unwrap();
            assert_eq!(
                (times.len(), values.len(), warnings.len()),
                (1600, 3200, 0),
                "{warnings:?}"
            );
            assert_eq!((values[2 * 1234], values[2 * 1234 + 1]), (1234.0, 2234.0));
            assert!((times[1599] - 1599.0 / 256.0).abs() < 0.001, "{}", times[1599]);
        }
    }

    #[test]
    fn what_is_cut_odd_or_no_epoch_is_said() {
        let whole = [epoch(0), epoch(1), epoch(2).replace("\"C4\"", "\"Cz\""), epoch(3)].join("\n");
        let (times, _, warnings) = read(&whole[..whole.len() - 5]).unwrap();
        assert_eq!((times.len(), warnings.len()), (32, 2), "{warnings:?}");
        assert!(read("{\"a\": [1, 2]}").unwrap_err().to_string().contains("samplingRate"));
        assert!(read(&"{\"a\":".repeat(40)).unwrap_err().to_string().contains("deep"));
        let often: Vec<String> = (0..50)
            .map(|i| epoch(i).replace("\"samplingRate\":256", "\"samplingRate\":128"))
            .collect();
        assert!(read(&often.join("\n")).unwrap_err().to_string().contains("overlap"));
    }
}
