//! Where cleaning learns what clean signal is: from a recording before the run, or beside the run from its first minute.
//!
//! Learning takes up to seconds, so a live run has it done on a thread of its own ([`Learner`]); the signal thread only passes
//! memory to it and back, without waiting.

use std::path::Path;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::clean_setup::setup;
use super::cleaning::Cleaning;
use super::contract::Fitted;
use crate::dsp::chain::{ChainConfig, filter_of};
use crate::dsp::clean::asr::Lengths;
use crate::dsp::clean::{
    CleanSetup, Cleaner, Learned, Lesson, Statistics, UNSETTLED_SECS, Unlearned,
};
use crate::signal::Chunk;
use crate::signal::montage::canonical_label;
use crate::source::file::{FileSource, Speed};
use crate::source::{CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source, SourceInfo};
use crate::time::clock::Clock;

/// Most signal of a recording that is learned from, seconds: what is beyond says nothing new.
const MOST_SECS: f64 = 300.0;

/// What clean signal is, from a recording of the electrodes in `setup.used`.
///
/// # Errors
/// Why it cannot be had from this recording.
pub(super) fn learned_from(
    path: &Path,
    cleaning: &Cleaning,
    setup: &CleanSetup,
    info: &SourceInfo,
    fitted: &Fitted,
) -> Result<Statistics, String> {
    let failed = |why: String| format!("nothing can be learned from {}: {why}", path.display());
    let mut source = FileSource::new(path.to_path_buf()).with_speed(Speed::Max);
    let found = source.prepare(&Clock::system()).map_err(|e| failed(e.to_string()))?;
    if (found.rate.hz() / info.rate.hz() - 1.0).abs() > 1e-6 {
        let (has, wants) = (found.rate.hz(), info.rate.hz());
        return Err(failed(format!("it has {has} Hz, the source {wants} Hz")));
    }
    let used: Vec<&String> = info
        .channels
        .iter()
        .zip(&setup.used)
        .filter(|(_, u)| **u)
        .map(|(label, _)| label)
        .collect();
    let place = |label: &&String| {
        let wanted = canonical_label(label);
        let same = |c: &String| canonical_label(c).eq_ignore_ascii_case(&wanted);
        let at = found.channels.iter().position(same);
        at.ok_or_else(|| failed(format!("it has no electrode {label}")))
    };
    let places: Vec<usize> = used.iter().map(place).collect::<Result<_, _>>()?;
    let same_map = Fitted { chain: mapped_to(&found, &places, &fitted.chain), ..fitted.clone() };
    let mut teacher = Teacher::prepare(cleaning, &found, &same_map, places).map_err(failed)?;
    let mut chunk = Chunk::with_capacity(found.channels.len(), CHUNK_FRAMES, CHUNK_MARKERS);
    let read = |e: crate::source::SourceError| failed(e.to_string());
    loop {
        chunk.clear();
        let status = source.read(&mut chunk).map_err(read)?;
        if teacher.take(&chunk) || status == ReadStatus::End {
            break;
        }
    }
    source.stop();
    let cutoff = cleaning.components.as_ref().map_or(super::cleaning::CUTOFF, |c| c.cutoff);
    let lesson = Lesson { rate: info.rate, channels: teacher.places.len(), cutoff };
    lesson.learn(&teacher.collected).map(|(found, _)| found).map_err(|e| failed(e.why))
}

/// The chain's configuration for a recording whose channels may be others, or in another order.
fn mapped_to(found: &SourceInfo, places: &[usize], chain: &ChainConfig) -> ChainConfig {
    let mut mapping = vec![0.0; found.channels.len()];
    places.iter().for_each(|place| mapping[*place] = 1.0);
    ChainConfig { source_channels: found.channels.len(), mapping, channels: 1, ..chain.clone() }
}

/// Collects filtered frames as the cleaner of a run does.
struct Teacher {
    filter: crate::dsp::filter::SosFilter,
    /// Everything before components.
    before: Option<Cleaner>,
    places: Vec<usize>,
    frame: Vec<f32>,
    collected: Vec<f32>,
    calm: usize,
    settled: usize,
    every: usize,
    room: usize,
    next_index: Option<u64>,
}

impl Teacher {
    fn prepare(
        cleaning: &Cleaning,
        found: &SourceInfo,
        fitted: &Fitted,
        places: Vec<usize>,
    ) -> Result<Self, String> {
        let other = Cleaning { components: None, watch_bad: false, ..cleaning.clone() };
        let before = match other.is_off() {
            true => None,
            false => {
                Some(Cleaner::prepare(setup(&other, found, fitted)?).map_err(|e| e.to_string())?)
            }
        };
        let every = Lengths::at(found.rate).every;
        Ok(Self {
            filter: filter_of(&fitted.chain).map_err(|e| e.to_string())?,
            before,
            room: (MOST_SECS * found.rate.hz()) as usize / every * places.len(),
            places,
            frame: vec![0.0; found.channels.len()],
            collected: Vec::new(),
            calm: 0,
            settled: found.rate.samples_in(UNSETTLED_SECS),
            every,
            next_index: None,
        })
    }

    /// True when there is enough.
    fn take(&mut self, chunk: &Chunk) -> bool {
        for (i, meta) in chunk.frames().iter().enumerate() {
            let raw = chunk.frame(i);
            let follows = self.next_index == Some(meta.index) && !meta.gap_before;
            self.next_index = Some(meta.index + 1);
            if !follows || !raw.iter().all(|v| v.is_finite()) {
                self.calm = 0;
            }
            self.frame
                .iter_mut()
                .zip(raw)
                .filter(|(_, v)| v.is_finite())
                .for_each(|(f, v)| *f = *v);
            if self.calm == 0 {
                self.filter.settle_on(&self.frame);
            }
            self.calm += 1;
            let mut held = self.frame.clone();
            self.filter.process_in_place(&mut held);
            if let Some(before) = &mut self.before {
                before.process_block(&mut held, &[]);
            }
            if self.calm > self.settled && self.calm.is_multiple_of(self.every) {
                self.collected.extend(self.places.iter().map(|place| held[*place]));
            }
        }
        self.collected.len() >= self.room
    }
}

/// Learns on a thread of its own while a run goes on.
pub struct Learner {
    jobs: Option<Sender<(Lesson, Vec<f32>)>>,
    answers: Receiver<(Learned, Vec<f32>)>,
    handle: Option<JoinHandle<()>>,
}

impl Learner {
    /// Waits for something to learn.
    pub fn start() -> Self {
        let (jobs, to_learn) = bounded::<(Lesson, Vec<f32>)>(1);
        let (answer, answers) = bounded(1);
        let body = move || {
            for (lesson, collected) in to_learn {
                let learned = lesson.learn(&collected).map(|(found, secs)| (Box::new(found), secs));
                if answer.send((learned, collected)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("phosphene-learn".into());
        Self { jobs: Some(jobs), answers, handle: thread.spawn(body).ok() }
    }

    /// Passes on what the cleaner has collected and what was learned. Neither waits nor allocates.
    pub fn attend(&self, cleaner: &mut Cleaner) {
        if let (Some(jobs), Some(lesson)) = (&self.jobs, cleaner.lesson())
            && let Some(collected) = cleaner.take_collected()
        {
            // One is asked for at a time, and there is room for one: it fails where the thread is gone.
            if let Err(error) = jobs.try_send((lesson, collected)) {
                let why = "the thread that learns is gone".into();
                let (_, collected) = error.into_inner();
                cleaner.answer(Err(Unlearned { clean_secs: 0.0, why }), collected);
            }
        }
        if let Ok((learned, collected)) = self.answers.try_recv() {
            cleaner.answer(learned, collected);
        }
    }
}

impl Drop for Learner {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(handle) = self.handle.take()
            && handle.join().is_err()
        {
            tracing::error!("learning what is clean ended by a fault of the program");
        }
    }
}
