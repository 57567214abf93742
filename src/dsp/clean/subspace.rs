//! Subspace cleaning from its first frame on: collects signal, waits for what is learned from it, then cleans.
//!
//! Takes frames `[source_channels]` after the filters, of which some belong to electrodes in use; changes those. What was
//! learned takes effect [`GRACE_SECS`] after the last frame that it was learned from, so that a replay gives what was live,
//! whoever learned it and however fast. Nothing allocates, but for [`Learn::Here`] at the end of collecting.

use super::asr::{Asr, Lengths};
use super::effect::{Effect, Phase};
use super::learning::{COLLECT_SECS, Lesson, Unlearned};
use super::statistics::Statistics;
use crate::dsp::error::DspError;
use crate::units::SampleRate;

/// From the last frame that is learned from to the first that is cleaned: longer than learning takes.
pub const GRACE_SECS: f64 = 5.0;
/// Signal after the start or a gap that is not learned from: the filters settle.
pub const UNSETTLED_SECS: f64 = 2.0;
/// Longest delay that can be asked for.
const MOST_DELAY_SECS: f64 = 1.0;
/// Cutoffs that make sense: below 2.5 nothing is left of EEG (Mullen et al. 2015), above 100 nothing is an artefact.
const CUTOFFS: [f64; 2] = [2.5, 100.0];

/// Who learns from what was collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learn {
    /// The cleaner, at once, in `process_block`: for recordings.
    Here,
    /// Somebody else, through [`super::Cleaner::take_collected`] and [`super::Cleaner::answer`]: live.
    Elsewhere,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct SubspaceSetup {
    /// How many deviations above the mean a component is taken for an artefact.
    pub cutoff: f64,
    /// How long frames are held back, so that the reconstruction can be that much ahead.
    pub delay_secs: f64,
    /// What was learned before; collected from the run itself where there is none.
    pub statistics: Option<Statistics>,
    /// Who learns.
    pub learn: Learn,
}

/// What came of learning: statistics with the seconds of clean signal behind them, or why not.
pub type Learned = Result<(Box<Statistics>, f64), Unlearned>;

enum State {
    Collecting,
    /// Collected; so many frames are left until what was learned takes effect.
    Learning {
        frames_left: usize,
    },
    Cleaning,
}

/// The running stage.
pub struct Subspace {
    asr: Asr,
    lesson: Lesson,
    learn: Learn,
    /// Source channels of the electrodes in use.
    used: Vec<usize>,
    frame: Vec<f32>,
    state: State,
    given: bool,
    collected: Vec<f32>,
    room: usize,
    handed_out: bool,
    answer: Option<Learned>,
    clean_secs: f64,
    failed_secs: f64,
    calm_frames: usize,
    every: usize,
    since: usize,
    effect: Tally,
    delay_frames: usize,
}

/// Sums over the second that runs, and what the last whole one came to.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    frames: usize,
    power: f64,
    removed: f64,
    taken: usize,
    last_share: f32,
    last_taken: usize,
}

impl Subspace {
    /// For the electrodes in `used` of frames at `rate`.
    ///
    /// # Errors
    /// [`DspError`] for a cutoff, a delay, a rate or a number of electrodes that cannot work.
    pub fn prepare(
        setup: SubspaceSetup,
        used: Vec<usize>,
        rate: SampleRate,
    ) -> Result<Self, DspError> {
        check("the cutoff", "2.5 to 100", setup.cutoff, CUTOFFS)?;
        let delays = [0.0, MOST_DELAY_SECS];
        check("the delay of subspace cleaning", "0 to 1 s", setup.delay_secs, delays)?;
        let delay_frames = rate.samples_in(setup.delay_secs);
        let channels = used.len();
        let mut asr = Asr::prepare(rate, channels, delay_frames)?;
        let given = setup.statistics.is_some();
        if let Some(statistics) = setup.statistics {
            if statistics.channels != channels {
                let what = "what subspace cleaning learned from";
                return Err(DspError::Shape { what, expected: channels, got: statistics.channels });
            }
            asr.set_statistics(Box::new(statistics));
        }
        let every = Lengths::at(rate).every;
        let frames = (rate.hz() / every as f64 * COLLECT_SECS) as usize;
        let room = if given { 0 } else { frames * channels };
        Ok(Self {
            asr,
            lesson: Lesson { rate, channels, cutoff: setup.cutoff },
            learn: setup.learn,
            frame: vec![0.0; channels],
            used,
            state: if given { State::Cleaning } else { State::Collecting },
            given,
            collected: Vec::with_capacity(room),
            room,
            handed_out: false,
            answer: None,
            clean_secs: 0.0,
            failed_secs: 0.0,
            calm_frames: 0,
            every,
            since: 0,
            effect: Tally::default(),
            delay_frames,
        })
    }

    /// Frames by which what comes out is late.
    pub fn delay_frames(&self) -> usize {
        self.delay_frames
    }

    /// What is to be learned from the collected frames.
    pub fn lesson(&self) -> Lesson {
        self.lesson
    }

    /// What it cleans with, as far as it is known.
    pub fn statistics(&self) -> Option<&Statistics> {
        self.asr.statistics()
    }

    /// Samples are missing: filters and covariances begin anew, what was learned stays. Does not allocate.
    pub fn note_gap(&mut self) {
        self.asr.reset();
        self.calm_frames = 0;
    }

    /// Frames that are complete and wait to be learned from, once; give them back with the answer.
    pub fn take_collected(&mut self) -> Option<Vec<f32>> {
        let is_due = matches!(self.state, State::Learning { .. }) && !self.handed_out;
        (is_due && self.learn == Learn::Elsewhere).then(|| {
            self.handed_out = true;
            std::mem::take(&mut self.collected)
        })
    }

    /// What came of the frames that were taken, and their memory.
    pub fn answer(&mut self, learned: Learned, collected: Vec<f32>) {
        self.answer = Some(learned);
        self.collected = collected;
    }

    /// What is going on, and what it came to in the last whole second.
    pub fn tell(&self, effect: &mut Effect) {
        let channels = self.used.len();
        let rate_hz = self.lesson.rate.hz() / self.every as f64;
        effect.phase = match self.state {
            State::Collecting => Phase::Collecting,
            State::Learning { .. } => Phase::Learning,
            State::Cleaning => Phase::Cleaning,
        };
        effect.collected_secs = (self.collected.len() / channels) as f32 / rate_hz as f32;
        effect.wanted_secs = COLLECT_SECS as f32;
        effect.clean_secs = self.clean_secs as f32;
        effect.failed_secs = self.failed_secs as f32;
        effect.components = self.effect.last_taken as u16;
        effect.channels = channels as u16;
        effect.removed_share = self.effect.last_share;
    }

    /// Cleans a frame `[source_channels]`, µV, in place.
    pub fn process_frame(&mut self, frame_uv: &mut [f32]) {
        for (value, c) in self.frame.iter_mut().zip(&self.used) {
            *value = frame_uv[*c];
        }
        self.calm_frames = self.calm_frames.saturating_add(1);
        self.since = (self.since + 1) % self.every;
        match &mut self.state {
            State::Collecting => self.collect(),
            State::Learning { frames_left } => {
                *frames_left = frames_left.saturating_sub(1);
                if *frames_left == 0 {
                    self.take_effect();
                }
            }
            State::Cleaning => {}
        }
        let (power, removed) = self.asr.process_frame(&mut self.frame);
        self.effect.add(power, removed, self.asr.taken(), self.lesson.rate);
        for (value, c) in self.frame.iter().zip(&self.used) {
            frame_uv[*c] = *value;
        }
    }

    fn collect(&mut self) {
        let settled = self.lesson.rate.samples_in(UNSETTLED_SECS);
        if self.calm_frames <= settled || self.since != 0 {
            return;
        }
        self.collected.extend_from_slice(&self.frame);
        if self.collected.len() < self.room {
            return;
        }
        if self.learn == Learn::Here {
            let learned = self.lesson.learn(&self.collected);
            self.answer = Some(learned.map(|(found, secs)| (Box::new(found), secs)));
        }
        self.handed_out = false;
        let frames_left = self.lesson.rate.samples_in(GRACE_SECS).max(1);
        self.state = State::Learning { frames_left };
    }

    /// What was learned, or the next attempt. An answer that is late takes effect when it comes.
    fn take_effect(&mut self) {
        match self.answer.take() {
            None => {}
            Some(Ok((statistics, secs))) => {
                self.asr.set_statistics(statistics);
                self.clean_secs = secs;
                self.state = State::Cleaning;
            }
            Some(Err(unlearned)) => {
                self.failed_secs = unlearned.clean_secs;
                self.collected.clear();
                self.state = State::Collecting;
            }
        }
    }

    /// As after `prepare`: a replay that is rewound learns and cleans as it did the first time. Only a replay begins
    /// anew; where somebody else learns, what was learned stays.
    pub fn reset(&mut self) {
        self.note_gap();
        (self.since, self.effect) = (0, Tally::default());
        if !self.given && self.learn == Learn::Here {
            self.asr.forget();
            self.collected.clear();
            self.answer = None;
            (self.clean_secs, self.failed_secs) = (0.0, 0.0);
            self.state = State::Collecting;
        }
    }
}

impl Tally {
    fn add(&mut self, power: f64, removed: f64, taken: usize, rate: SampleRate) {
        self.frames += 1;
        self.power += power;
        self.removed += removed;
        self.taken = self.taken.max(taken);
        if self.frames as f64 >= rate.hz() {
            let share = if self.power > 0.0 { self.removed / self.power } else { 0.0 };
            let (last_share, last_taken) = (share.min(1.0) as f32, self.taken);
            *self = Self { last_share, last_taken, ..Self::default() };
        }
    }
}

fn check(
    what: &'static str,
    expected: &'static str,
    got: f64,
    range: [f64; 2],
) -> Result<(), DspError> {
    if (range[0]..=range[1]).contains(&got) {
        return Ok(());
    }
    Err(DspError::OutOfRange { what, expected, got })
}
