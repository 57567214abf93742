//! All cleaning of a run as one object, between the filters and the mapping.
//!
//! Takes blocks of filtered frames `[frames × source_channels]`, row-major, µV; replaces bad electrodes ([`super::bad`]), takes
//! off a reference, takes out artefact components ([`super::subspace`]), each only where it is asked for. Frame by frame inside,
//! so that any cutting into blocks gives the same bits. Nothing allocates after `prepare`, but where the cleaner itself
//! is asked to learn ([`super::subspace::Learn::Here`]).

use super::bad::BadElectrodes;
use super::effect::Effect;
use super::learning::Lesson;
use super::statistics::Statistics;
use super::subspace::{Learned, Subspace, SubspaceSetup};
use crate::dsp::error::DspError;
use crate::dsp::quality::electrodes::ChannelQuality;
use crate::signal::montage::Position;
use crate::units::SampleRate;

/// What is to be done to which channels.
#[derive(Clone, Debug)]
pub struct CleanSetup {
    /// The source's rate.
    pub rate: SampleRate,
    /// Which source channels the decoder's are made from: only these are cleaned of components.
    pub used: Vec<bool>,
    /// Places of the source channels on the head.
    pub places: Vec<Option<Position>>,
    /// Source channels that were called bad by hand; empty: none.
    pub named_bad: Vec<bool>,
    /// Whether those that the quality meter calls bad are replaced too.
    pub watch_bad: bool,
    /// Source channels whose mean is taken off all in use; empty: none.
    pub reference: Vec<usize>,
    /// Artefact components, where they are to be taken out.
    pub subspace: Option<SubspaceSetup>,
}

/// The cleaner; see the module's text.
pub struct Cleaner {
    channels: usize,
    rate: SampleRate,
    bad: Option<BadElectrodes>,
    reference: Vec<usize>,
    used: Vec<usize>,
    subspace: Option<Subspace>,
}

impl Cleaner {
    /// Sets all memory aside.
    ///
    /// # Errors
    /// [`DspError`] with the setting that cannot work.
    pub fn prepare(setup: CleanSetup) -> Result<Self, DspError> {
        let channels = setup.used.len();
        if setup.places.len() != channels {
            let what = "the list of electrode places";
            return Err(DspError::Shape { what, expected: channels, got: setup.places.len() });
        }
        if let Some(missing) = setup.reference.iter().find(|c| **c >= channels) {
            let (what, expected) = ("the reference channel", "a channel of the source");
            return Err(DspError::OutOfRange { what, expected, got: *missing as f64 });
        }
        let used: Vec<usize> = (0..channels).filter(|c| setup.used[*c]).collect();
        let wants_bad = setup.watch_bad || setup.named_bad.contains(&true);
        let prepare_bad =
            || BadElectrodes::prepare(&setup.places, &setup.named_bad, setup.watch_bad, setup.rate);
        let bad = wants_bad.then(prepare_bad).transpose()?;
        let prepare = |subspace| Subspace::prepare(subspace, used.clone(), setup.rate);
        let subspace = setup.subspace.map(prepare).transpose()?;
        Ok(Self { channels, rate: setup.rate, bad, reference: setup.reference, used, subspace })
    }

    /// Cleans a block `[frames × source_channels]`, µV, in place. `qualities` `[source_channels]` are the verdicts as they
    /// are at its beginning; they are looked at every quarter of a second, so that a chain gives its frames one by one.
    pub fn process_block(&mut self, frames_uv: &mut [f32], qualities: &[ChannelQuality]) {
        for frame in frames_uv.chunks_exact_mut(self.channels.max(1)) {
            if let Some(bad) = &mut self.bad {
                bad.process_frame(frame, qualities);
            }
            if !self.reference.is_empty() {
                let sum: f64 = self.reference.iter().map(|c| f64::from(frame[*c])).sum();
                let level = (sum / self.reference.len() as f64) as f32;
                self.used.iter().for_each(|c| frame[*c] -= level);
            }
            if let Some(subspace) = &mut self.subspace {
                subspace.process_frame(frame);
            }
        }
    }

    /// Samples are missing before the next frame. Does not allocate.
    pub fn note_gap(&mut self) {
        if let Some(subspace) = &mut self.subspace {
            subspace.note_gap();
        }
    }

    /// The stream begins anew: as after `prepare`, but for what was learned. Does not allocate.
    pub fn reset(&mut self) {
        if let Some(bad) = &mut self.bad {
            bad.reset();
        }
        if let Some(subspace) = &mut self.subspace {
            subspace.reset();
        }
    }

    /// Frames by which what comes out is late; 0 unless a delay was asked for.
    pub fn delay_samples(&self) -> usize {
        self.subspace.as_ref().map_or(0, Subspace::delay_frames)
    }

    /// The same in seconds.
    pub fn delay_secs(&self) -> f64 {
        self.delay_samples() as f64 * self.rate.period_secs()
    }

    /// What it came to.
    pub fn effect(&self) -> Effect {
        let mut effect = Effect::default();
        if let Some(subspace) = &self.subspace {
            subspace.tell(&mut effect);
        }
        effect.interpolated = self.bad.as_ref().map_or(0, BadElectrodes::count) as u16;
        effect
    }

    /// What components are judged by, as soon as it is known.
    pub fn statistics(&self) -> Option<&Statistics> {
        self.subspace.as_ref()?.statistics()
    }

    /// What is to be learned from collected frames.
    pub fn lesson(&self) -> Option<Lesson> {
        self.subspace.as_ref().map(Subspace::lesson)
    }

    /// Frames that wait to be learned from by somebody else, once; see [`Cleaner::answer`].
    pub fn take_collected(&mut self) -> Option<Vec<f32>> {
        self.subspace.as_mut()?.take_collected()
    }

    /// What came of [`Lesson::learn`] on the frames that were taken, and their memory.
    pub fn answer(&mut self, learned: Learned, collected: Vec<f32>) {
        if let Some(subspace) = &mut self.subspace {
            subspace.answer(learned, collected);
        }
    }
}
