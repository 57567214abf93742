//! A fault layer over any source: what radio links, cables, clocks and converters do to a stream.
//!
//! Takes a source; gives the same source with frames lost, held back, doubled, out of order or spoilt, stamped badly, its
//! clock set or its plug pulled, and pictures misnamed ([`faults`] has them all, [`chaos`] draws them). Each fault is
//! a function of the seed and the number of the frame: not of how the stream is cut, nor of the clock. So the same
//! faults come over a recording at full speed as over a headset, where signal takes its time.
//!
//! Of what is lost, late or doubled the layer says nothing, as a radio link does not: a lost frame leaves a jump in the
//! numbers, and finding it is for [`super::orderly`]. Of a plug it tells, as a source does that was away. Markers are on
//! the same bad clock and link: held back as frames are, and lost where nothing comes. `read` allocates nothing.

mod chance;
pub mod chaos;
mod fate;
pub mod faults;
mod held;
mod names;
mod read;

pub use faults::{Faults, RESET_SECS};

use arrayvec::ArrayVec;

use super::forward::forward;
use super::{
    CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source, SourceCounters, SourceError, SourceInfo,
};
use crate::signal::{Chunk, FrameMeta, Marker};
use crate::time::clock::Clock;
use chance::{Chance, For};
use fate::Fate;
use held::Held;
use names::Names;

/// How many frames later a copy comes at most.
const REPEAT_WITHIN: u64 = 3;

/// Most values that are held back (256 MB); beyond them frames come early.
const MOST_HELD_VALUES: usize = 64 << 20;

/// Markers that are held back at most; beyond them they come early.
const MOST_MARKERS: usize = 256;

/// A source with faults.
pub struct FaultySource {
    inner: Box<dyn Source>,
    faults: Faults,
    running: Option<Running>,
}

/// A marker that is held back.
#[derive(Clone, Copy)]
struct HeldMarker {
    /// Number of the frame with which it goes.
    due: u64,
    /// Number of the first frame behind it.
    before: u64,
    marker: Marker,
}

struct Running {
    faults: Faults,
    chance: Chance,
    rate_hz: f64,
    /// What the source below gave and has not been judged yet.
    taken: Chunk,
    /// Next frame and marker of `taken` to judge.
    at: usize,
    marker: usize,
    /// The frame in hand, `[channels]`.
    values: Vec<f32>,
    held: Held,
    markers: ArrayVec<HeldMarker, MOST_MARKERS>,
    /// Number and arrival of the frame that was judged last: what is due with it goes.
    now: (u64, f64),
    /// Number and time of the first frame.
    first: Option<(u64, f64)>,
    /// Number of the last frame of the source below, and what is added to its numbers.
    last: Option<u64>,
    renumbered: u64,
    unplugged: bool,
    gap_before: bool,
    reconnects: u64,
    names: Names,
}

impl FaultySource {
    /// Puts faults over a source.
    pub fn new(inner: Box<dyn Source>, faults: Faults) -> Self {
        Self { inner, faults, running: None }
    }
}

impl Source for FaultySource {
    forward!(lost_why, is_offline, can_wait, board, stop);

    fn prepare(&mut self, clock: &Clock) -> Result<SourceInfo, SourceError> {
        let mut info = self.inner.prepare(clock)?;
        info.notes.push(format!("faults are made on purpose: faulty:{}", self.faults));
        self.running = Some(Running::new(&self.faults, info.channels.len(), info.rate.hz()));
        Ok(info)
    }

    fn read(&mut self, chunk: &mut Chunk) -> Result<ReadStatus, SourceError> {
        let Some(running) = self.running.as_mut() else { return Ok(ReadStatus::End) };
        let mut status = ReadStatus::Data;
        running.pass_frames(chunk);
        if running.at == running.taken.len() && chunk.room() > 0 {
            running.taken.clear();
            (running.at, running.marker) = (0, 0);
            status = self.inner.read(&mut running.taken)?;
            running.pass_frames(chunk);
            if matches!(status, ReadStatus::End | ReadStatus::Lost) {
                running.let_go(chunk);
            }
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
        let own = self.running.as_ref().map_or(0, |running| running.reconnects);
        SourceCounters { reconnects: inner.reconnects + own, gaps: inner.gaps + own, ..inner }
    }

    /// Numbers rise for ever here, also over a recording: see `Running::number`.
    fn rewinds(&self) -> bool {
        false
    }
}

impl Running {
    fn new(faults: &Faults, channels: usize, rate_hz: f64) -> Self {
        let longest_secs = [
            if faults.stall_secs.is_empty() { 0.0 } else { faults.stall_for_secs },
            faults.burst_secs,
        ];
        let longest = (longest_secs[0].max(longest_secs[1]) * rate_hz).ceil() as usize + 1;
        // Each may come twice.
        let frames = 2 * (longest + faults.swap_frames as usize + REPEAT_WITHIN as usize);
        Self {
            faults: faults.clone(),
            chance: Chance(faults.seed),
            rate_hz,
            taken: Chunk::with_capacity(channels, CHUNK_FRAMES, CHUNK_MARKERS),
            at: 0,
            marker: 0,
            values: vec![0.0; channels],
            held: Held::prepare(frames.min(MOST_HELD_VALUES / channels.max(1)), channels),
            markers: ArrayVec::new(),
            now: (0, 0.0),
            first: None,
            last: None,
            renumbered: 0,
            unplugged: false,
            gap_before: false,
            reconnects: 0,
            names: Names::new(faults.seed),
        }
    }

    /// Judges frames and passes on what is due, while there is room.
    fn pass_frames(&mut self, chunk: &mut Chunk) {
        loop {
            self.pass_due(chunk);
            self.pass_markers(chunk);
            if self.at == self.taken.len() || chunk.room() == 0 {
                return;
            }
            self.judge(self.taken.frames()[self.at], chunk);
            self.at += 1;
        }
    }

    fn pass_due(&mut self, chunk: &mut Chunk) {
        let (number, arrival_secs) = self.now;
        self.pass_until(number, arrival_secs, chunk);
    }

    /// Passes on what is held back for a frame that does not come.
    fn let_go(&mut self, chunk: &mut Chunk) {
        self.pass_until(u64::MAX, self.now.1, chunk);
    }

    /// Passes on what is due with frame `number`, markers in their place.
    fn pass_until(&mut self, number: u64, arrival_secs: f64, chunk: &mut Chunk) {
        let first = self.first.map_or(0, |(first, _)| first);
        while let Some(next) = self.held.next_due(number) {
            if chunk.room() == 0 {
                return;
            }
            self.pass_held_markers(number, next.index - first, chunk);
            let Some((meta, values)) = self.held.take_due(number) else { return };
            let _room_was_checked = chunk.push(FrameMeta { arrival_secs, ..meta }, values);
        }
        self.pass_held_markers(number, u64::MAX, chunk);
    }

    fn pass_held_markers(&mut self, number: u64, before: u64, chunk: &mut Chunk) {
        self.markers.retain(|held| {
            let goes = held.due <= number && held.before <= before;
            !goes || !chunk.push_marker(held.marker)
        });
    }

    /// Decides what becomes of the frame in `taken` and passes, keeps or loses it. There is room for one in the chunk.
    fn judge(&mut self, meta: FrameMeta, chunk: &mut Chunk) {
        let meta = FrameMeta { index: self.number(meta.index), ..meta };
        let (first, first_secs) = *self.first.get_or_insert((meta.index, meta.time_secs));
        let number = meta.index - first;
        let fate = Fate::at(&self.faults, number as f64 / self.rate_hz);
        self.now = (number, meta.arrival_secs);
        self.plug(fate.unplugged);
        self.gap_before |= meta.gap_before;
        let dropped = self.chance.happens(self.faults.drop_probability, For::Drop, number);
        if fate.unplugged || fate.mute || dropped {
            return;
        }
        let slow_secs = (meta.time_secs - first_secs) * self.faults.rate_share;
        let noise_secs = match self.faults.jitter_secs {
            0.0 => 0.0,
            sd => sd * self.chance.normal(number),
        };
        let meta = FrameMeta {
            time_secs: meta.time_secs + slow_secs + noise_secs + fate.shift_secs,
            gap_before: std::mem::take(&mut self.gap_before),
            ..meta
        };
        self.spoil(number);
        let due = self.due(number, fate.held_until_secs);
        self.pass_or_keep(number, due, meta, chunk);
        if self.chance.happens(self.faults.repeat_probability, For::Repeat, number) {
            let later = self.chance.below(REPEAT_WITHIN + 1, For::RepeatDelay, number);
            // Without room there is no copy.
            let _kept = self.held.keep(due + later, meta, &self.values);
        }
    }

    /// The number of a frame; numbers rise for ever, also over a recording that begins anew.
    fn number(&mut self, index: u64) -> u64 {
        if let Some(last) = self.last.filter(|last| index <= *last) {
            self.renumbered += last + 1 - index;
            self.gap_before = true;
        }
        self.last = Some(index);
        index + self.renumbered
    }

    /// With which frame this one goes.
    fn due(&self, number: u64, held_until_secs: Option<f64>) -> u64 {
        let held = held_until_secs.map_or(0, |secs| (secs * self.rate_hz).ceil() as u64);
        let swapped = self.chance.happens(self.faults.swap_probability, For::Swap, number);
        let behind = self.chance.below(self.faults.swap_frames, For::SwapDelay, number);
        // It goes before the frame with which it is due, so behind one fewer.
        held.max(if swapped { number + 2 + behind } else { number })
    }

    fn pass_or_keep(&mut self, number: u64, due: u64, meta: FrameMeta, chunk: &mut Chunk) {
        let waits = due > number || !self.held.is_empty() || !self.markers.is_empty();
        if waits && self.held.keep(due, meta, &self.values) {
            return;
        }
        let _room_was_checked = chunk.push(meta, &self.values);
    }

    /// Takes the frame's values in hand and spoils them if that is their lot.
    fn spoil(&mut self, number: u64) {
        self.values.copy_from_slice(self.taken.frame(self.at));
        let Self { faults, chance, values, .. } = self;
        let wild = chance.happens(faults.corrupt_probability, For::Corrupt, number);
        let not_finite = chance.happens(faults.nan_probability, For::NotFinite, number);
        if !wild && !not_finite {
            return;
        }
        let channels = values.len() as u64;
        let one = chance.below(channels.max(1), For::Channel, number);
        for (channel, value) in (0_u64..).zip(values.iter_mut()) {
            let place = number.wrapping_mul(channels + 1) + channel + 1;
            if channel != one && !chance.happens(faults.channel_share, For::Channel, place) {
                continue;
            }
            if wild {
                let drawn = chance.unit(For::CorruptValue, place);
                let size = 10_f64.powf(3.0 + 18.0 * (drawn - 0.5).abs());
                *value = size.copysign(drawn - 0.5) as f32;
            }
            if not_finite {
                let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
                *value = odd[chance.below(3, For::NotFiniteValue, place) as usize];
            }
        }
    }

    /// A plug that comes back is known to the source; it marks the gap itself.
    fn plug(&mut self, unplugged: bool) {
        if self.unplugged && !unplugged {
            self.reconnects += 1;
            self.gap_before = true;
        }
        self.unplugged = unplugged;
    }

    /// Passes on the markers before the next frame, with the faults of their moment.
    fn pass_markers(&mut self, chunk: &mut Chunk) {
        let first_frame = self.taken.frames().first().map(|meta| meta.time_secs);
        let first_secs = self.first.map(|(_, secs)| secs).or(first_frame);
        while self.taken.marker_places().get(self.marker).is_some_and(|place| *place <= self.at) {
            let mut marker = self.taken.markers()[self.marker];
            self.marker += 1;
            // A marker that comes before any frame belongs to the start.
            let since_secs = first_secs.map_or(0.0, |first| marker.time_secs - first);
            let fate = Fate::at(&self.faults, since_secs);
            marker.time_secs += since_secs * self.faults.rate_share + fate.shift_secs;
            marker = self.names.pass(marker, self.faults.mislabel_probability);
            if fate.unplugged || fate.mute {
                continue;
            }
            let number = |secs: f64| (secs * self.rate_hz).ceil().max(0.0) as u64;
            let (before, due) = (number(since_secs), fate.held_until_secs.map_or(0, number));
            // In order, also behind one that was held back.
            let due = due.max(self.markers.last().map_or(0, |last| last.due));
            let held = HeldMarker { due, before, marker };
            if due <= self.now.0 || self.markers.try_push(held).is_err() {
                // The caller's chunk holds as many markers as ours; where it does not, the rest is lost.
                let _kept = chunk.push_marker(marker);
            }
        }
    }
}
