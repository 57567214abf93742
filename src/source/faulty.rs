//! A fault layer over any source: what radio links, cables and clocks do to a stream.
//!
//! Takes a source; gives the same source with frames lost, held back, stamped badly, its clock reset or its plug
//! pulled, and pictures misnamed (a control: whatever still names them then is no evidence). Faults depend on the seed and the number of the frame, not on how the stream is cut or on the clock
//! (but for `burst`, which is about time). A lost frame leaves a jump in the index and is counted, but its gap is
//! not flagged: finding it by the index is for those downstream.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::spec::{Parameters, SourceSpec};
use super::{
    BoardCommand, BoardState, CHUNK_FRAMES, CHUNK_MARKERS, MAX_READ_WAIT_SECS, ReadStatus, Source,
    SourceCounters, SourceError, SourceInfo,
};
use crate::signal::{Chunk, FrameMeta, Marker, MarkerEvent};
use crate::time::clock::Clock;

/// How far a clock reset sets the clock back, in seconds.
pub const RESET_SECS: f64 = -1000.0;

const KEYS: &str = "drop, burst, jitter, reset, unplug, back, mislabel, seed";

/// Names of pictures that a misnamed one is drawn from: the last ones.
const NAMES: usize = 64;

/// Keeps the names apart from every other use of the seed: how markers fall between frames must not matter.
const NAME_SALT: u64 = 0x6d69_736c_6162_656c;

/// Which faults. `Default` has none.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    /// Probability that a frame is lost.
    pub drop_probability: f64,
    /// Nothing is delivered for this long, then all at once; 0 is off. Sources that wait for nobody ignore it.
    pub burst_secs: f64,
    /// Standard deviation of the noise on time stamps, in seconds.
    pub jitter_secs: f64,
    /// The source's clock is set back by [`RESET_SECS`] after this much signal.
    pub reset_secs: Option<f64>,
    /// The plug is pulled after this much signal.
    pub unplug_secs: Option<f64>,
    /// How long it stays pulled, in seconds of signal.
    pub back_secs: f64,
    /// Probability that a picture's onset carries the name of a picture drawn from the last ones.
    pub mislabel_probability: f64,
    /// Seed of the random faults.
    pub seed: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            drop_probability: 0.0,
            burst_secs: 0.0,
            jitter_secs: 0.0,
            reset_secs: None,
            unplug_secs: None,
            back_secs: 2.0,
            mislabel_probability: 0.0,
            seed: 1,
        }
    }
}

impl Faults {
    /// Reads the pairs of a `faulty:` specification.
    ///
    /// # Errors
    /// [`SourceError::BadSpec`] for an unknown key or an impossible value.
    pub fn from_parameters(parameters: &Parameters) -> Result<Self, SourceError> {
        let mut faults = Self::default();
        for (key, value) in parameters {
            faults.set(key, value).map_err(|why| SourceError::BadSpec {
                spec: format!("faulty:{}", &SourceSpec::Sim(parameters.clone()).to_string()[4..]),
                why,
            })?;
        }
        Ok(faults)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "drop" => self.drop_probability = number(key, value, 1.0)?,
            "burst" => self.burst_secs = number(key, value, 60.0)?,
            "jitter" => self.jitter_secs = number(key, value, 10_000.0)? / 1000.0,
            "reset" => self.reset_secs = Some(number(key, value, 1e6)?),
            "unplug" => self.unplug_secs = Some(number(key, value, 1e6)?),
            "back" => self.back_secs = number(key, value, 3600.0)?,
            "mislabel" => self.mislabel_probability = number(key, value, 1.0)?,
            "seed" => {
                self.seed =
                    value.parse().map_err(|_| format!("seed={value} is not a whole number"))?;
            }
            _ => return Err(format!("'{key}' is not one of the faults, which are {KEYS}")),
        }
        Ok(())
    }
}

fn number(key: &str, value: &str, most: f64) -> Result<f64, String> {
    let parsed = value.parse::<f64>().ok().filter(|v| (0.0..=most).contains(v));
    parsed.ok_or_else(|| format!("{key}={value} is not a number from 0 to {most}"))
}

/// A source with faults.
pub struct FaultySource {
    inner: Box<dyn Source>,
    faults: Faults,
    running: Option<Running>,
}

struct Running {
    clock: Clock,
    rng: ChaCha8Rng,
    /// What the source below gave and has not been passed on yet.
    taken: Chunk,
    /// Next frame of `taken` to pass on.
    at: usize,
    rate_hz: f64,
    /// Number and time of the first frame.
    first: Option<(u64, f64)>,
    /// When a burst is let go, on the program's clock; `None` while one is flowing.
    release_secs: Option<f64>,
    unplugged: bool,
    was_reset: bool,
    /// Frames lost since the last one passed on.
    missing: u64,
    gap_before: bool,
    names: Names,
    counters: SourceCounters,
}

impl FaultySource {
    /// Puts faults over a source.
    pub fn new(inner: Box<dyn Source>, faults: Faults) -> Self {
        Self { inner, faults, running: None }
    }
}

impl Source for FaultySource {
    fn prepare(&mut self, clock: &Clock) -> Result<SourceInfo, SourceError> {
        let mut info = self.inner.prepare(clock)?;
        info.notes.push(format!("faults are made on purpose: {:?}", self.faults));
        let burst_secs = if self.inner.is_offline() { 0.0 } else { self.faults.burst_secs };
        self.running = Some(Running {
            clock: clock.clone(),
            rng: ChaCha8Rng::seed_from_u64(self.faults.seed),
            taken: Chunk::with_capacity(info.channels.len(), CHUNK_FRAMES, CHUNK_MARKERS),
            at: 0,
            rate_hz: info.rate.hz(),
            first: None,
            release_secs: (burst_secs > 0.0).then(|| clock.now_secs() + burst_secs),
            unplugged: false,
            was_reset: false,
            missing: 0,
            gap_before: false,
            names: Names::new(self.faults.seed),
            counters: SourceCounters::default(),
        });
        Ok(info)
    }

    fn read(&mut self, chunk: &mut Chunk) -> Result<ReadStatus, SourceError> {
        let Some(running) = self.running.as_mut() else { return Ok(ReadStatus::End) };
        if running.is_holding_back() {
            std::thread::sleep(Duration::from_secs_f64(MAX_READ_WAIT_SECS / 2.0));
            return Ok(ReadStatus::Idle);
        }
        let mut status = ReadStatus::Data;
        if running.at == running.taken.len() {
            running.taken.clear();
            running.at = 0;
            status = self.inner.read(&mut running.taken)?;
            running.pass_markers(&self.faults, chunk);
        }
        running.pass_frames(&self.faults, chunk);
        if status == ReadStatus::Idle && self.faults.burst_secs > 0.0 && !self.inner.is_offline() {
            running.release_secs = Some(running.clock.now_secs() + self.faults.burst_secs);
        }
        Ok(match status {
            _ if !chunk.is_empty() => ReadStatus::Data,
            ReadStatus::Data | ReadStatus::Idle if running.unplugged => ReadStatus::Lost,
            ReadStatus::Data => ReadStatus::Idle,
            other => other,
        })
    }

    fn counters(&self) -> SourceCounters {
        let inner = self.inner.counters();
        let Some(running) = &self.running else { return inner };
        let own = running.counters;
        SourceCounters {
            lost: inner.lost + own.lost,
            gaps: inner.gaps + own.gaps,
            clock_resets: inner.clock_resets + own.clock_resets,
            reconnects: inner.reconnects + own.reconnects,
            ..inner
        }
    }

    fn is_offline(&self) -> bool {
        self.inner.is_offline()
    }

    fn board(&self) -> Option<BoardState> {
        self.inner.board()
    }

    fn command(&mut self, command: &BoardCommand) -> Result<(), SourceError> {
        self.inner.command(command)
    }

    fn stop(&mut self) {
        self.inner.stop();
    }
}

/// What becomes of a moment of the stream.
#[derive(Clone, Copy, PartialEq)]
struct Fate {
    unplugged: bool,
    reset: bool,
}

impl Running {
    fn is_holding_back(&mut self) -> bool {
        let now_secs = self.clock.now_secs();
        let holding = self.release_secs.is_some_and(|release| now_secs < release);
        if !holding {
            self.release_secs = None;
        }
        holding
    }

    /// Passes frames on while there is room.
    fn pass_frames(&mut self, faults: &Faults, chunk: &mut Chunk) {
        while self.at < self.taken.len() && chunk.room() > 0 {
            let meta = self.taken.frames()[self.at];
            if let Some(meta) = self.judge(meta, faults) {
                let _room_was_checked = chunk.push(meta, self.taken.frame(self.at));
            }
            self.at += 1;
        }
    }

    /// The frame's meta data with its faults, or `None` when it is lost.
    fn judge(&mut self, mut meta: FrameMeta, faults: &Faults) -> Option<FrameMeta> {
        let first = self.first.get_or_insert((meta.index, meta.time_secs)).0;
        let fate = fate(faults, meta.index.saturating_sub(first) as f64 / self.rate_hz);
        // Drawn for every frame, lost or not, so that one fault does not move another.
        let dropped = self.rng.random_bool(faults.drop_probability);
        let noise: f64 = self.rng.sample(StandardNormal);
        self.plug(fate.unplugged);
        self.gap_before |= meta.gap_before;
        if fate.unplugged || dropped {
            self.missing += 1;
            return None;
        }
        if fate.reset {
            self.reset_clock();
            meta.time_secs += RESET_SECS;
        }
        self.count_missing();
        meta.time_secs += noise * faults.jitter_secs;
        meta.gap_before = std::mem::take(&mut self.gap_before);
        Some(meta)
    }

    fn count_missing(&mut self) {
        if self.missing > 0 {
            self.counters.lost += self.missing;
            self.counters.gaps += 1;
            self.missing = 0;
        }
    }

    /// A plug that comes back is known to the source; it marks the gap itself.
    fn plug(&mut self, unplugged: bool) {
        if self.unplugged && !unplugged {
            self.counters.reconnects += 1;
            self.gap_before = true;
        }
        self.unplugged = unplugged;
    }

    fn reset_clock(&mut self) {
        if !self.was_reset {
            self.was_reset = true;
            self.counters.clock_resets += 1;
            self.counters.gaps += 1;
            self.gap_before = true;
        }
    }

    /// Passes markers on with the clock's faults; those of an unplugged time are lost.
    fn pass_markers(&mut self, faults: &Faults, chunk: &mut Chunk) {
        let first_frame = self.taken.frames().first().map(|meta| meta.time_secs);
        let first_secs = self.first.map(|(_, secs)| secs).or(first_frame);
        for &(mut marker) in self.taken.markers() {
            // A marker that comes before any frame belongs to the start.
            let fate = fate(faults, first_secs.map_or(0.0, |first| marker.time_secs - first));
            if fate.reset {
                marker.time_secs += RESET_SECS;
            }
            marker = self.names.pass(marker, faults.mislabel_probability);
            if !fate.unplugged {
                // The caller's chunk holds as many markers as ours; where it does not, the rest is lost.
                let _kept = chunk.push_marker(marker);
            }
        }
    }
}

/// The last pictures' onsets, and what misnames the next.
struct Names {
    rng: ChaCha8Rng,
    last: [Marker; NAMES],
    seen: usize,
}

impl Names {
    fn new(seed: u64) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed ^ NAME_SALT);
        Self { rng, last: [Marker::new(0.0, ""); NAMES], seen: 0 }
    }

    /// The marker, or at this moment the label of an earlier onset.
    fn pass(&mut self, marker: Marker, probability: f64) -> Marker {
        if !matches!(marker.event(), MarkerEvent::StimulusOnset(_)) {
            return marker;
        }
        self.last[self.seen % NAMES] = marker;
        self.seen += 1;
        // Drawn for every onset, so that one more misnamed picture does not move the others.
        let (chosen, from) = (self.rng.random_bool(probability), self.rng.random::<f64>());
        let known = self.seen.min(NAMES);
        let other = self.last[((from * known as f64) as usize).min(known - 1)];
        if chosen { Marker::new(marker.time_secs, other.label()) } else { marker }
    }
}

fn fate(faults: &Faults, since_start_secs: f64) -> Fate {
    let unplugged = |from: f64| (from..from + faults.back_secs).contains(&since_start_secs);
    Fate {
        unplugged: faults.unplug_secs.is_some_and(unplugged),
        reset: faults.reset_secs.is_some_and(|at| since_start_secs >= at),
    }
}
