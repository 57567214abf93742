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
mod load;
mod tape;
pub mod transport;
mod xdf;

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::{MAX_READ_WAIT_SECS, ReadStatus, Source, SourceCounters, SourceError, SourceInfo};
use crate::formats::FormatError;
use crate::formats::recording::Event;
use crate::signal::{Chunk, FrameMeta};
use crate::time::clock::Clock;
pub use tape::MAX_TAPE_BYTES;
use tape::Tape;
pub use transport::{Outline, Transport};

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
    transport: Option<Arc<Transport>>,
    counted: bool,
    events: Option<Vec<Event>>,
}

/// When frames are due.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    /// When replay began, on the program's clock.
    start_secs: Option<f64>,
    /// When the next frame is due, in seconds of the recording since its first frame, pauses shortened.
    due_secs: f64,
    /// The speed that a controlled replay goes by since `start_secs`.
    speed: f64,
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
            transport: None,
            counted: false,
            events: None,
        }
    }

    /// The same under the control of a viewer, who then says the speed.
    #[must_use]
    pub fn with_transport(mut self, transport: Arc<Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The same with times by counting samples at the nominal rate from the first stamp on, and no gaps: for recordings
    /// whose stamps are those of packets or rounded, and of which no sample is missing. Markers stay at their sample.
    #[must_use]
    pub fn with_counted_stamps(mut self) -> Self {
        self.counted = true;
        self
    }

    /// The same with these events in place of its own markers: a table of events beside the recording, as in BIDS.
    #[must_use]
    pub fn with_events(mut self, events: Vec<Event>) -> Self {
        self.events = Some(events);
        self
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
        let mut tape = load::load(&self.path)?;
        if let Some(events) = &self.events {
            tape.take_events(events);
        }
        if self.counted {
            tape.count_stamps();
        }
        let info = tape.info.clone();
        if let Some(transport) = &self.transport {
            transport.set_outline(|| outline(&tape));
        }
        self.tape = Some(tape);
        self.clock = Some(clock.clone());
        (self.row, self.marker) = (0, 0);
        (self.pace, self.counters) = (Pace::default(), SourceCounters::default());
        Ok(info)
    }

    fn read(&mut self, chunk: &mut Chunk) -> Result<ReadStatus, SourceError> {
        if let Some(transport) = self.transport.clone() {
            return Ok(self.read_controlled(&transport, chunk));
        }
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

    fn can_wait(&self) -> bool {
        self.transport.is_some()
    }

    fn rewinds(&self) -> bool {
        true
    }

    fn stop(&mut self) {
        self.tape = None;
    }
}

/// Share of a second that a controlled replay hands over at once: little enough that a stage which holds it up is
/// never more than a window behind.
const CONTROLLED_READ_SECS: f64 = 0.1;

impl FileSource {
    /// One read under a viewer's control.
    fn read_controlled(&mut self, transport: &Transport, chunk: &mut Chunk) -> ReadStatus {
        let (Some(tape), Some(clock)) = (&self.tape, &self.clock) else { return ReadStatus::End };
        let Some((first, last)) = tape.frames.first().zip(tape.frames.last()) else {
            return ReadStatus::End;
        };
        if let Some(time_secs) = transport.take_seek() {
            transport.begin_run_in(time_secs.clamp(first.time_secs, last.time_secs));
            (self.row, self.marker, self.pace) = (0, 0, Pace::default());
        } else if self.row == tape.frames.len() && transport.is_looping() {
            transport.begin_run_in(f64::NEG_INFINITY);
            (self.row, self.marker, self.pace) = (0, 0, Pace::default());
        }
        let mut reading = Reading {
            tape,
            row: self.row,
            marker: self.marker,
            pace: self.pace,
            counters: self.counters,
        };
        let now = clock.now_secs();
        let next_secs = tape.frames.get(reading.row).map_or(f64::INFINITY, |frame| frame.time_secs);
        let running_in = next_secs < transport.run_in_until_secs();
        let moves =
            running_in || transport.is_playing() || next_secs <= transport.step_until_secs();
        let at_end = reading.row == tape.frames.len() && reading.marker == tape.markers.len();
        if at_end && !transport.is_holding() {
            return ReadStatus::End;
        }
        if !moves || at_end {
            // Pausing takes no time of the recording.
            self.pace.start_secs = None;
            wait(MAX_READ_WAIT_SECS);
            return ReadStatus::Idle;
        }
        // The first frame goes alone: it tells the stages behind that the tape was rewound.
        let rate_hz = tape.info.rate.hz();
        let most = match (reading.row, running_in) {
            (0, _) => 1,
            // Nothing is decoded: as much as every ring holds.
            (_, true) => rate_hz.ceil() as usize,
            (_, false) => (rate_hz * CONTROLLED_READ_SECS).ceil() as usize,
        }
        .max(1);
        let until =
            if running_in { f64::INFINITY } else { reading.pace.due_by(transport.speed(), now) };
        reading.fill_some(chunk, until, now, most, transport);
        if running_in {
            // Time begins anew where the seek ends.
            reading.pace.start_secs = None;
        }
        if chunk.is_empty() {
            wait(MAX_READ_WAIT_SECS);
        } else if let Some(frame) = reading.row.checked_sub(1).and_then(|row| tape.frames.get(row))
        {
            // While it runs in it is, for the viewer, where it was sent.
            transport.set_position(frame.time_secs.max(transport.run_in_until_secs()));
        }
        let Reading { row, marker, pace, counters, .. } = reading;
        (self.row, self.marker, self.pace, self.counters) = (row, marker, pace, counters);
        if chunk.is_empty() { ReadStatus::Idle } else { ReadStatus::Data }
    }
}

impl Pace {
    /// What is due now at this speed; from where it is when it begins or the speed changes.
    fn due_by(&mut self, speed: f64, now_secs: f64) -> f64 {
        let anchored = self.start_secs.filter(|_| self.speed == speed);
        let start = anchored.unwrap_or_else(|| {
            self.speed = speed;
            *self.start_secs.insert(now_secs - self.due_secs / speed)
        });
        (now_secs - start) * speed
    }
}

fn outline(tape: &Tape) -> Outline {
    let (Some(first), Some(last)) = (tape.frames.first(), tape.frames.last()) else {
        return Outline::default();
    };
    let gaps = tape.frames.windows(2).filter(|pair| pair[1].gap_before);
    Outline {
        first_secs: first.time_secs,
        last_secs: last.time_secs,
        events: tape
            .markers
            .iter()
            .map(|m| (m.marker.time_secs, m.marker.label().to_owned()))
            .collect(),
        gaps: gaps.map(|pair| [pair[0].time_secs, pair[1].time_secs]).collect(),
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

    /// As [`Reading::fill`], at most so many frames, and none beyond the end of a run-in or of a step.
    fn fill_some(
        &mut self,
        chunk: &mut Chunk,
        until_secs: f64,
        now: f64,
        most: usize,
        transport: &Transport,
    ) {
        let run_in = transport.run_in_until_secs();
        let stop = if transport.is_playing() { f64::INFINITY } else { transport.step_until_secs() };
        while chunk.len() < most && self.fill_markers(chunk) {
            let Some(meta) = self.tape.frames.get(self.row) else { return };
            let in_run_in = meta.time_secs < run_in;
            let held = !in_run_in && (meta.time_secs > stop || until_secs == f64::INFINITY);
            if held || self.pace.due_secs > until_secs {
                return;
            }
            let meta = FrameMeta { arrival_secs: now, ..*meta };
            if !chunk.push(meta, self.tape.frame(self.row)) {
                return;
            }
            if !in_run_in {
                self.count(meta);
            }
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
