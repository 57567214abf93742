//! From BrainFlow's rows to frames: which rows are EEG, what they are called, when each frame was taken.
//!
//! Planned once from the board's description; delivering allocates nothing.

use std::fmt::Write;

use ::brainflow::{Description, Link, boards};

use super::request::Request;
use super::session::Data;
use crate::signal::{Chunk, Marker};
use crate::source::{SourceCounters, SourceError, SourceInfo, SourceKind};
use crate::time::arrival::StampClock;
use crate::time::counted::{CounterRule, Fit, Timeline};
use crate::units::{MAX_CHANNELS, SampleRate};

/// Longest text of a marker's number, in bytes.
const MARKER_BYTES: usize = 32;
/// Frames in a row whose number does not fit that are taken for damaged; after as many the rule is wrong, not the frames.
const MOST_DAMAGED: u32 = 8;

/// Cuts frames out of BrainFlow's rows.
#[derive(Debug)]
pub(super) struct Frames {
    eeg_rows: Vec<usize>,
    package_row: Option<usize>,
    timestamp_row: Option<usize>,
    marker_row: Option<usize>,
    num_rows: usize,
    values_uv: Vec<f32>,
    stamps: StampClock,
    timeline: Timeline,
    clock_resets: u64,
    delivered: u64,
    /// Number of the frame before, if its number did not fit and it was left out; and how many were, in a row.
    doubtful: Option<f64>,
    doubtful_in_a_row: u32,
    /// The board sends a frame in halves: its first one after a start has no partner.
    comes_in_halves: bool,
    is_first: bool,
    /// The next frame comes after a pause, also where it is the very first.
    after_pause: bool,
    /// That pause was for a command; and frames that commands have cost so far.
    after_command: bool,
    left_out: u64,
}

impl Frames {
    /// Plans which rows to take, and says what the source is.
    pub fn plan(request: &Request, board: &Description) -> Result<(Self, SourceInfo), SourceError> {
        let unusable = |why: String, remedy: &str| SourceError::Unusable {
            what: format!("BrainFlow board '{}'", request.board.name),
            why,
            remedy: remedy.into(),
        };
        let mut notes = Vec::new();
        let eeg_rows = choose_rows(board, &mut notes);
        if eeg_rows.is_empty() || eeg_rows.len() > MAX_CHANNELS {
            let why = format!("it has {} EEG channels", eeg_rows.len());
            return Err(unusable(
                why,
                "Use a board that measures EEG; `phosphene devices` lists them",
            ));
        }
        let channels = label_channels(request, board, eeg_rows.len(), &mut notes)
            .map_err(|why| unusable(why, "Give one name per channel, as in names=O1/Oz/O2"))?;
        let rate = SampleRate::new(board.rate_hz)
            .map_err(|e| unusable(e.to_string(), "Is BrainFlow's version 5.x?"))?;
        request.describe_in(&mut notes);
        let frames = Self {
            values_uv: vec![0.0; eeg_rows.len()],
            eeg_rows,
            package_row: board.package_row,
            timestamp_row: board.timestamp_row,
            marker_row: board.marker_row,
            num_rows: board.num_rows,
            stamps: StampClock::default(),
            timeline: Timeline::new(
                rate,
                board.package_row.and_then(|_| counter_rule(request.described_as.id)),
            ),
            clock_resets: 0,
            delivered: 0,
            doubtful: None,
            doubtful_in_a_row: 0,
            comes_in_halves: request.described_as.id == CYTON_DAISY,
            is_first: true,
            after_pause: false,
            after_command: false,
            left_out: 0,
        };
        let info = SourceInfo {
            mounted: None,
            kind: SourceKind::Brainflow,
            name: format!("{} ({})", board.device_name, request.board.name),
            simulated: request.is_synthetic(),
            snr_db: None,
            channels,
            rate,
            source_unit: "uV".into(),
            // Numbers put in by `insert_marker` name no picture; they are delivered all the same.
            has_markers: false,
            notes,
        };
        Ok((frames, info))
    }

    /// Rows of the board's data.
    pub fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// Frames handed over so far.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// The session was broken off.
    pub fn interrupt(&mut self) {
        self.stamps.clear();
        self.after_command = false;
        self.resume_after_pause();
    }

    /// The board began anew, its clock did not.
    fn resume_after_pause(&mut self) {
        self.timeline.interrupt();
        self.doubtful = None;
        (self.is_first, self.after_pause) = (true, true);
    }

    /// The board has taken a command: what it costs is known to whoever gave it.
    pub fn resume_after_command(&mut self) {
        self.resume_after_pause();
        self.after_command = true;
    }

    /// Puts frames and markers into `chunk`, which has room for them.
    pub fn deliver(&mut self, data: &Data<'_>, now_secs: f64, attended: bool, chunk: &mut Chunk) {
        let newest = self.stamp(data, data.frames - 1, now_secs);
        let mut reset_pending = self.stamps.observe(newest, now_secs, attended);
        self.clock_resets += u64::from(reset_pending);
        for frame in 0..data.frames {
            let stamp = self.stamp(data, frame, now_secs);
            let (at_secs, before_reset) = self.stamps.convert(stamp, now_secs);
            let counter = self.package_row.map_or(0.0, |row| data.value(row, frame));
            if !self.is_whole(counter, at_secs) {
                continue;
            }
            let joined = reset_pending && !before_reset;
            reset_pending &= before_reset;
            let lost_before = self.timeline.found().lost;
            let mut meta = self.timeline.place(counter, at_secs, now_secs, joined);
            if std::mem::take(&mut self.after_command) {
                self.left_out += self.timeline.found().lost - lost_before;
            }
            meta.gap_before |= std::mem::take(&mut self.after_pause);
            for (value, row) in self.values_uv.iter_mut().zip(&self.eeg_rows) {
                *value = data.value(*row, frame) as f32;
            }
            // Never full: no more frames are read than the chunk has room for.
            let _ = chunk.push(meta, &self.values_uv);
            self.deliver_marker(data, frame, meta.time_secs, chunk);
        }
        self.delivered += data.frames as u64;
    }

    /// Whether a frame can be believed. One whose number does not fit the one before, nor the one after it, was damaged on
    /// its way or is put together of two; what it was is counted as lost with the next. So is one that repeats a number: BrainFlow
    /// gives a Daisy's last half again where the half of this frame was lost.
    fn is_whole(&mut self, counter: f64, at_secs: f64) -> bool {
        if std::mem::take(&mut self.is_first) && self.comes_in_halves {
            return false;
        }
        match self.timeline.fit(counter, at_secs) {
            Fit::Follows => {
                (self.doubtful, self.doubtful_in_a_row) = (None, 0);
                true
            }
            Fit::Repeats => false,
            Fit::Jumps => {
                let before = self.doubtful.replace(counter);
                self.doubtful_in_a_row += 1;
                // Two that follow one another: the board counts anew.
                let counts_anew = before.is_some_and(|b| self.timeline.is_next(b, counter));
                let believed = counts_anew || self.doubtful_in_a_row > MOST_DAMAGED;
                if believed {
                    (self.doubtful, self.doubtful_in_a_row) = (None, 0);
                }
                believed
            }
        }
    }

    fn deliver_marker(&self, data: &Data<'_>, frame: usize, time_secs: f64, chunk: &mut Chunk) {
        let value = self.marker_row.map_or(0.0, |row| data.value(row, frame));
        if value == 0.0 || !value.is_finite() {
            return;
        }
        let mut label = arrayvec::ArrayString::<MARKER_BYTES>::new();
        // A number too long for the label is cut; markers are small whole numbers in practice.
        let _ = write!(label, "{value}");
        let _ = chunk.push_marker(Marker::new(time_secs, &label));
    }

    /// The board's stamp; the arrival where it has none.
    fn stamp(&self, data: &Data<'_>, frame: usize, now_secs: f64) -> f64 {
        let stamp = self.timestamp_row.map(|row| data.value(row, frame));
        stamp.filter(|stamp| stamp.is_finite()).unwrap_or(now_secs)
    }

    /// What is known of losses and time; reconnects are counted elsewhere.
    pub fn counters(&self) -> SourceCounters {
        let found = self.timeline.found();
        SourceCounters {
            lost: found.lost,
            lost_by_clock: found.lost_by_clock,
            left_out: self.left_out,
            gaps: found.gaps,
            clock_resets: self.clock_resets,
            reconnects: 0,
            late: 0,
            repeated: 0,
            clock_offset_secs: self.stamps.offset_secs(),
            clock_uncertainty_secs: self.stamps.uncertainty_secs(),
        }
    }
}

/// EEG rows; where a board has none, the rows that measure any potential.
fn choose_rows(board: &Description, notes: &mut Vec<String>) -> Vec<usize> {
    let eeg = board.rows("eeg");
    if !eeg.is_empty() {
        return eeg;
    }
    let exg = board.rows("exg");
    if !exg.is_empty() {
        notes.push(
            "BrainFlow does not say which channels are EEG: all of its ExG channels are taken"
                .into(),
        );
    }
    exg
}

/// Labels of the channels: the user's, else BrainFlow's, else numbers.
fn label_channels(
    request: &Request,
    board: &Description,
    count: usize,
    notes: &mut Vec<String>,
) -> Result<Vec<String>, String> {
    if !request.names.is_empty() {
        let given = request.names.len();
        let fits = given == count;
        return fits
            .then(|| request.names.clone())
            .ok_or_else(|| format!("it has {count} channels and names= gives {given}"));
    }
    if board.eeg_names.len() == count {
        if !request.is_synthetic() {
            notes.push(format!(
                "channel names are BrainFlow's for this board ({}): if your electrodes sit elsewhere, give names=A/B/…",
                board.eeg_names.join(" ")
            ));
        }
        return Ok(board.eeg_names.clone());
    }
    notes.push("BrainFlow gives no channel names for this board: give them as names=A/B/… in its channel order".into());
    Ok((1..=count).map(|n| format!("EEG{n}")).collect())
}

impl Request {
    /// What the user should know of a board that is not a device.
    fn describe_in(&self, notes: &mut Vec<String>) {
        match self.board.link {
            Link::Program => notes.push("BrainFlow's synthetic board: sine waves and noise, no person".into()),
            Link::File => notes.push(format!(
                "playback of {} as recorded with '{}'; BrainFlow leaves its markers out: open it as file:… to keep them",
                self.params.text("file"),
                self.described_as.name
            )),
            _ if self.has_master() => notes.push(format!(
                "received from another program that reads '{}'; BrainFlow leaves its markers out",
                self.described_as.name
            )),
            _ => {}
        }
    }
}

/// BrainFlow's number of a Cyton with a Daisy on its dongle.
const CYTON_DAISY: i32 = 2;

/// The rule of a board, where it is known for certain; other boards are watched by the clock alone,
/// because some repeat a number for several frames or count in ways of their own.
fn counter_rule(board: i32) -> Option<CounterRule> {
    match board {
        // A byte that advances with every frame; OpenBCI's Cyton data format, BrainFlow's synthetic board.
        boards::SYNTHETIC | 0 | 5 => Some(CounterRule { modulus: 256, step: 1 }),
        // Cyton with Daisy over serial: two packages, of which BrainFlow gives the first one's number.
        CYTON_DAISY => Some(CounterRule { modulus: 256, step: 2 }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_frames_and_markers() {
        // Rows: counter, two channels, stamp, marker; three frames, one of them marked.
        let rows =
            [5.0, 6.0, 7.0, 1.0, 2.0, 3.0, -1.0, -2.0, -3.0, 100.0, 100.01, 100.02, 0.0, 7.0, 0.0];
        let data = Data { frames: 3, values: &rows };
        let mut frames = Frames {
            eeg_rows: vec![1, 2],
            package_row: Some(0),
            timestamp_row: Some(3),
            marker_row: Some(4),
            num_rows: 5,
            values_uv: vec![0.0; 2],
            stamps: StampClock::default(),
            timeline: Timeline::new(SampleRate::new(100.0).unwrap(), counter_rule(0)),
            clock_resets: 0,
            delivered: 0,
            doubtful: None,
            doubtful_in_a_row: 0,
            comes_in_halves: false,
            is_first: true,
            after_pause: false,
            after_command: false,
            left_out: 0,
        };
        let mut chunk = Chunk::with_capacity(2, 8, 8);
        frames.deliver(&data, 50.0, true, &mut chunk);
        assert_eq!(chunk.samples(), [1.0, -1.0, 2.0, -2.0, 3.0, -3.0]);
        let marker = chunk.markers()[0];
        assert_eq!(marker.label(), "7");
        assert_eq!(marker.time_secs, chunk.frames()[1].time_secs);
        assert!((marker.time_secs - 49.99).abs() < 1e-9, "{}", marker.time_secs);
        assert_eq!((frames.delivered(), frames.counters().lost), (3, 0));
    }
}
