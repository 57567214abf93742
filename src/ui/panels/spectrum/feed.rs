//! Brings the signal to the thread that does the arithmetic, and keeps what comes back.
//!
//! Reads on in [`History`] where it stopped, at most [`BLOCK_VALUES`] values a job and [`JOBS_A_FRAME`] jobs a frame of the
//! window: a thread that is slow is fed later, and what fell out of the history meanwhile is a gap for it. Nothing here
//! waits. While the page is not shown nothing is read; when it is opened, the history is caught up with.

use crate::compute::beside::Beside;
use crate::signal::montage::Position;
use crate::ui::panels::traces::history::History;

use super::analysis::{Analysis, Answer, Block, Column, Job, Setup, Spectra};

/// Most values of a job (1 MiB).
const BLOCK_VALUES: usize = 256 << 10;
/// Most jobs of one kind that a frame of the window hands over.
const JOBS_A_FRAME: usize = 4;
/// Where more than this is missing, seconds, averages begin anew: they are of now.
const ANEW_SECS: f64 = 2.0;
/// Jobs and answers that may wait.
const ROOM: usize = 12;

/// What has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cursor {
    epoch: u64,
    next: u64,
    /// Something is missing before the next frame.
    gap: bool,
}

impl Cursor {
    /// At the beginning of what is kept.
    fn at_first(history: &History) -> Self {
        Self { epoch: history.epoch(), next: history.first(), gap: true }
    }

    /// The next frames, with `values` taken of their numbers. A block ends where much is missing.
    fn block(
        &mut self,
        history: &History,
        most_frames: usize,
        values: impl FnOnce(std::ops::Range<u64>) -> Vec<f32>,
    ) -> Option<Block> {
        let fell_out = self.next < history.first();
        if fell_out {
            (self.next, self.gap) = (history.first(), true);
        }
        let end = history.end().min(self.next + most_frames as u64);
        if self.next >= end {
            return None;
        }
        let anew = fell_out || much_is_missing(history, self.next);
        let end = (self.next + 1..end).find(|n| much_is_missing(history, *n)).unwrap_or(end);
        let missing = |n: &u64| history.stamp(*n).is_some_and(|stamp| stamp.seam.is_some());
        let mut gaps: Vec<usize> =
            (self.next..end).filter(missing).map(|n| (n - self.next) as usize).collect();
        if self.gap && gaps.first() != Some(&0) {
            gaps.insert(0, 0);
        }
        let last_secs = history.stamp(end - 1).map_or(0.0, |stamp| stamp.time_secs);
        let values = values(self.next..end);
        (self.next, self.gap) = (end, false);
        Some(Block { values, gaps, last_secs, newest: end == history.end(), anew })
    }
}

/// Whether a frame comes long after the one before.
fn much_is_missing(history: &History, number: u64) -> bool {
    let (Some(stamp), Some(before)) =
        (history.stamp(number), number.checked_sub(1).and_then(|before| history.stamp(before)))
    else {
        return false;
    };
    stamp.seam.is_some() && (stamp.time_secs - before.time_secs).abs() > ANEW_SECS
}

/// The thread, what it was told and what it found.
#[derive(Default)]
pub struct Feed {
    beside: Option<Beside<Job, Answer>>,
    last_id: u64,
    setup: Option<(u64, Setup)>,
    all: Cursor,
    watched: Option<(u64, usize)>,
    one: Cursor,
    map: Option<(u64, Vec<Position>)>,
    /// The newest densities.
    pub spectra: Option<Spectra>,
    /// New columns of the watched channel, with the distance of bins in Hz and of columns in seconds.
    pub columns: Vec<Column>,
    /// See `columns`.
    pub column_scale: [f64; 2],
    /// The watched channel's columns begin anew.
    pub begun: bool,
    /// How many densities came so far.
    pub version: u64,
    /// Weights of the map for the electrodes asked for.
    pub weights: Option<Vec<f32>>,
}

impl Feed {
    /// Looks on: hands over what is new and takes what was found.
    pub fn tick(&mut self, history: &History, setup: Setup, channel: usize) {
        if self.beside.is_none() {
            let mut analysis = Analysis::default();
            let work = move |job| analysis.step(job);
            self.beside = Beside::start("phosphene-spectra", ROOM, work);
        }
        self.take();
        let stale = self.all.epoch != history.epoch();
        if stale || self.setup.is_none_or(|(_, before)| before != setup) {
            let id = self.new_id();
            if !self.offer(Job::Begin(id, setup)) {
                return;
            }
            self.setup = Some((id, setup));
            self.all = Cursor::at_first(history);
            self.spectra = None;
        }
        let stale = self.one.epoch != history.epoch();
        if stale || self.watched.is_none_or(|(_, before)| before != channel) {
            let id = self.new_id();
            if !self.offer(Job::Watch(id, setup.rate_hz)) {
                return;
            }
            self.watched = Some((id, channel));
            self.one = Cursor::at_first(history);
            self.columns.clear();
            self.begun = true;
        }
        self.hand_over(history, setup.channels, channel);
    }

    /// Asks for the weights that take electrodes to places.
    pub fn ask_map(&mut self, electrodes: &[Position], places: &[Position]) {
        if self.map.as_ref().is_some_and(|(_, before)| before == electrodes) {
            return;
        }
        let id = self.new_id();
        if self.offer(Job::Map(id, electrodes.to_vec(), places.to_vec())) {
            self.map = Some((id, electrodes.to_vec()));
            self.weights = None;
        }
    }

    fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn offer(&self, job: Job) -> bool {
        self.beside.as_ref().is_some_and(|beside| beside.offer(job).is_ok())
    }

    /// Whether there is room for one more job with some to spare.
    fn has_room(&self) -> bool {
        self.beside.as_ref().is_some_and(|beside| beside.waiting() + 3 < ROOM)
    }

    fn hand_over(&mut self, history: &History, channels: usize, channel: usize) {
        let most = BLOCK_VALUES / channels.max(1);
        for _ in 0..JOBS_A_FRAME {
            if !self.has_room() {
                return;
            }
            let values = |frames: std::ops::Range<u64>| {
                history.frames(frames.start, (frames.end - frames.start) as usize).collect()
            };
            let Some(block) = self.all.block(history, most, values) else { break };
            let _ = self.offer(Job::Frames(block));
        }
        for _ in 0..JOBS_A_FRAME {
            if !self.has_room() {
                return;
            }
            let values = |frames: std::ops::Range<u64>| {
                frames.map(|n| history.value(n, channel).unwrap_or(f32::NAN)).collect()
            };
            let Some(block) = self.one.block(history, BLOCK_VALUES, values) else { break };
            let _ = self.offer(Job::Samples(block));
        }
    }

    fn take(&mut self) {
        while let Some(answer) = self.beside.as_ref().and_then(Beside::take) {
            match answer {
                Answer::Spectra(spectra) => {
                    if self.setup.is_some_and(|(id, _)| id == spectra.id) {
                        self.spectra = Some(spectra);
                        self.version += 1;
                    }
                }
                Answer::Columns(id, scale, columns) => {
                    if self.watched.is_some_and(|(of, _)| of == id) {
                        self.column_scale = scale;
                        self.columns.extend(columns);
                    }
                }
                Answer::Map(id, weights) => {
                    if self.map.as_ref().is_some_and(|(of, _)| *of == id) {
                        self.weights = Some(weights);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::FrameMeta;

    #[test]
    fn blocks_hold_every_frame_once_and_say_where_some_are_missing() {
        let mut history = History::default();
        history.reset(2, 100.0);
        for index in (0..10).chain(20..25) {
            let gap_before = index == 20;
            let time_secs = index as f64 * 0.01;
            let meta = FrameMeta { index, time_secs, gap_before, ..FrameMeta::default() };
            history.push(meta, &[index as f32, 0.0]);
        }
        let mut cursor = Cursor::at_first(&history);
        let mut next = |most: usize| {
            let values = |frames: std::ops::Range<u64>| {
                frames.map(|n| history.value(n, 0).unwrap()).collect::<Vec<f32>>()
            };
            cursor.block(&history, most, values)
        };
        let first = next(4).unwrap();
        assert_eq!(
            (first.values, first.gaps, first.newest),
            (vec![0., 1., 2., 3.], vec![0], false)
        );
        let second = next(8).unwrap();
        assert_eq!(second.values, [4., 5., 6., 7., 8., 9., 20., 21.]);
        assert_eq!(second.gaps, [6]);
        let third = next(99).unwrap();
        assert_eq!((third.values, third.gaps, third.newest), (vec![22., 23., 24.], vec![], true));
        assert!((third.last_secs - 0.24).abs() < 1e-12);
        assert!(next(99).is_none());
    }

    #[test]
    fn after_a_long_gap_averages_begin_anew() {
        let mut history = History::default();
        history.reset(1, 100.0);
        for index in (0..10).chain(900..910) {
            let (gap_before, time_secs) = (index == 900, index as f64 * 0.01);
            let meta = FrameMeta { index, time_secs, gap_before, ..FrameMeta::default() };
            history.push(meta, &[0.0]);
        }
        let mut cursor = Cursor::at_first(&history);
        let mut next = || {
            let values = |frames: std::ops::Range<u64>| vec![0.0; frames.count()];
            cursor.block(&history, 99, values)
        };
        let told = |block: Block| (block.values.len(), block.gaps, block.anew, block.newest);
        assert_eq!(next().map(told), Some((10, vec![0], false, false)));
        assert_eq!(next().map(told), Some((10, vec![0], true, true)));
        assert_eq!(next(), None);
    }
}
