//! A recording as a source: `file:PATH`.
//!
//! Gives the frames and markers of a file in their order, paced by the program's clock or as fast as they
//! are taken ([`Speed::Max`]; then nothing depends on any clock and every run gives the same bits).
//!
//! `time_secs` is **always the recorded time, unchanged to the last bit**, never moved to the present:
//! every difference between an onset and a sample is the number it was live, so windows are cut at the
//! same frames whenever and however fast the file is replayed. The clock only decides when a frame is
//! handed over; `arrival_secs` is that moment, and [`SourceCounters::clock_offset_secs`] leads from
//! recorded to present time. At full speed `arrival_secs` is `time_secs`.

mod channels;
mod continuity;
mod general;
mod tape;
mod xdf;

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::{MAX_READ_WAIT_SECS, ReadStatus, Source, SourceCounters, SourceError, SourceInfo};
use crate::clock::Clock;
use crate::formats::FormatError;
use crate::signal::{Chunk, FrameMeta};
pub use tape::MAX_TAPE_BYTES;
use tape::Tape;

/// Longest pause of a recording that a paced replay waits for, in seconds of the recording. Longer ones
/// are skipped; the stamps still tell.
pub const LONGEST_PAUSE_SECS: f64 = 5.0;

/// How fast a recording is replayed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// This many seconds of the recording per second: 1 is real time.
    Times(f64),
    /// As fast as frames are taken.
    Max,
}

impl FromStr for Speed {
    type Err = String;

    /// Reads `max`, `2`, `0.5` or `2x`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.trim_end_matches('x').parse::<f64>() {
            Ok(times) if times.is_finite() && times > 0.0 => Ok(Self::Times(times)),
            _ => Err(format!("'{text}' is not a speed: expected a number above 0, or max")),
        }
    }
}

/// Replays a file.
#[derive(Debug)]
pub struct FileSource {
    path: PathBuf,
    speed: Speed,
    clock: Option<Clock>,
    tape: Option<Tape>,
    /// The next frame and marker.
    row: usize,
    marker: usize,
    pace: Pace,
    counters: SourceCounters,
}

/// When frames are due.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    /// When replay began, on the program's clock.
    start_secs: Option<f64>,
    /// When the next frame is due, in seconds of the recording since its first frame, pauses shortened.
    due_secs: f64,
}

impl FileSource {
    /// A source that replays `path` in real time. Opens nothing yet.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            speed: Speed::Times(1.0),
            clock: None,
            tape: None,
            row: 0,
            marker: 0,
            pace: Pace::default(),
            counters: SourceCounters::default(),
        }
    }

    /// The same at another speed.
    #[must_use]
    pub fn with_speed(mut self, speed: Speed) -> Self {
        self.speed = speed;
        self
    }

    /// Frames handed over, and frames there are.
    pub fn progress(&self) -> (usize, usize) {
        (self.row, self.tape.as_ref().map_or(0, |tape| tape.frames.len()))
    }
}

impl Source for FileSource {
    fn prepare(&mut self, clock: &Clock) -> Result<SourceInfo, SourceError> {
        let tape = Tape::open(&self.path)?;
        let info = tape.info.clone();
        self.tape = Some(tape);
        self.clock = Some(clock.clone());
        (self.row, self.marker) = (0, 0);
        (self.pace, self.counters) = (Pace::default(), SourceCounters::default());
        Ok(info)
    }

    fn read(&mut self, chunk: &mut Chunk) -> Result<ReadStatus, SourceError> {
        let (Some(tape), Some(clock)) = (&self.tape, &self.clock) else {
            let why = "it was read before it was prepared".into();
            return Err(FormatError::Unusable { format: "recording", why }.into());
        };
        let mut reading = Reading {
            tape,
            row: self.row,
            marker: self.marker,
            pace: self.pace,
            counters: self.counters,
        };
        match self.speed {
            Speed::Max => reading.fill(chunk, f64::INFINITY, None),
            Speed::Times(times) => {
                let now = clock.now_secs();
                let start = *reading.pace.start_secs.get_or_insert(now);
                reading.fill(chunk, (now - start) * times, Some(now));
                reading.note_offset(start, times);
                if chunk.is_empty() && reading.row < tape.frames.len() {
                    wait((reading.pace.due_secs / times + start) - now);
                }
            }
        }
        let Reading { row, marker, pace, counters, .. } = reading;
        (self.row, self.marker, self.pace, self.counters) = (row, marker, pace, counters);
        let over = row == tape.frames.len() && marker == tape.markers.len();
        Ok(match (chunk.is_empty(), over) {
            (false, _) => ReadStatus::Data,
            (true, true) => ReadStatus::End,
            (true, false) => ReadStatus::Idle,
        })
    }

    fn counters(&self) -> SourceCounters {
        self.counters
    }

    fn is_offline(&self) -> bool {
        self.speed == Speed::Max
    }

    fn stop(&mut self) {
        self.tape = None;
    }
}

/// Sleeps until something may be due, but not longer than a read may wait.
fn wait(secs: f64) {
    std::thread::sleep(Duration::from_secs_f64(secs.clamp(0.0, MAX_READ_WAIT_SECS)));
}

/// One call of `read`: the place on the tape, moved forward.
struct Reading<'a> {
    tape: &'a Tape,
    row: usize,
    marker: usize,
    pace: Pace,
    counters: SourceCounters,
}

impl Reading<'_> {
    /// Hands over what is due until `until_secs` and fits. Markers go before the frame they belong to.
    fn fill(&mut self, chunk: &mut Chunk, until_secs: f64, arrival_secs: Option<f64>) {
        while self.fill_markers(chunk) {
            let Some(meta) = self.tape.frames.get(self.row) else { return };
            if self.pace.due_secs > until_secs {
                return;
            }
            let arrival_secs = arrival_secs.unwrap_or(meta.time_secs);
            if !chunk.push(FrameMeta { arrival_secs, ..*meta }, self.tape.frame(self.row)) {
                return;
            }
            self.count(*meta);
            self.advance(meta.time_secs);
        }
    }

    /// Hands over the markers before the next frame; false when they do not all fit.
    fn fill_markers(&mut self, chunk: &mut Chunk) -> bool {
        while let Some(next) =
            self.tape.markers.get(self.marker).filter(|m| m.before_row <= self.row)
        {
            if !chunk.push_marker(next.marker) {
                return false;
            }
            self.marker += 1;
        }
        true
    }

    fn count(&mut self, meta: FrameMeta) {
        if self.tape.clock_resets.binary_search(&self.row).is_ok() {
            self.counters.clock_resets += 1;
        }
        let Some(before) = self.row.checked_sub(1) else { return };
        let expected = self.tape.frames[before].index.saturating_add(1);
        self.counters.lost += meta.index.saturating_sub(expected);
        self.counters.gaps += u64::from(meta.gap_before);
    }

    fn advance(&mut self, time_secs: f64) {
        self.row += 1;
        if let Some(next) = self.tape.frames.get(self.row) {
            let step_secs = (next.time_secs - time_secs).clamp(0.0, LONGEST_PAUSE_SECS);
            // A step that is not a number must not stop the replay for good.
            self.pace.due_secs += if step_secs.is_nan() { 0.0 } else { step_secs };
        }
    }

    /// Notes what leads from recorded time to the program's clock at the next frame, or the last one.
    fn note_offset(&mut self, start_secs: f64, times: f64) {
        let row = self.row.min(self.tape.frames.len().saturating_sub(1));
        if let Some(frame) = self.tape.frames.get(row) {
            let due = start_secs + self.pace.due_secs / times;
            self.counters.clock_offset_secs = due - frame.time_secs;
        }
    }
}
