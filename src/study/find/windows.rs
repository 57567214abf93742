//! The windows of flashes, cut by the very signal path of live use.
//!
//! Takes a source and what of it is looked at; gives each flash with its window, those that the gate refuses too: a flash that
//! is not looked at was seen all the same. Reads in steps of [`STEP_FRAMES`], so that whoever shows the pages can answer between
//! them, and can record what it reads.

use std::path::Path;

use crate::dsp::chain::Chain;
use crate::find::wearer::WearerInput;
use crate::hop::ring::{FrameConsumer, FrameProducer, frame_ring};
use crate::pipeline::contract::{self, InputContract};
use crate::record::{RecordError, Recorder};
use crate::signal::marker::MarkerEvent;
use crate::signal::{Chunk, Lock, Window};
use crate::source::{CHUNK_MARKERS, ReadStatus, Source, SourceInfo};
use crate::study::error::PersonalError;
use crate::study::trials::epochs::EpochError;
use crate::time::clock::{Clock, utc_now_iso8601};

/// Frames of a step: some hundredths of a second, less than lies between two flashes.
pub const STEP_FRAMES: usize = 8;

/// A source whose flashes are cut out.
pub struct FlashWindows {
    source: Box<dyn Source>,
    info: SourceInfo,
    input: WearerInput,
    chain: Chain,
    chunk: Chunk,
    window: Window,
    tape: Option<Tape>,
    reached_secs: f64,
}

/// Where what is read is recorded.
struct Tape {
    into: FrameProducer,
    from: FrameConsumer,
    recorder: Recorder,
}

impl FlashWindows {
    /// Opens the source; where nobody says what is looked at, all of its electrodes are.
    ///
    /// # Errors
    /// [`PersonalError::Sessions`]: the source, its electrodes, or a rate for which no filter can be built.
    pub fn open(
        mut source: Box<dyn Source>,
        input: Option<&WearerInput>,
    ) -> Result<Self, PersonalError> {
        let bad = |why: EpochError| PersonalError::Sessions(why.to_string());
        let info = source.prepare(&Clock::system()).map_err(|why| bad(why.into()))?;
        let input = input.cloned().unwrap_or_else(|| WearerInput::of(info.channels.clone()));
        let contract = InputContract::of_wearer(&input).map_err(PersonalError::Sessions)?;
        let fitted = contract::fit(&contract, &info, contract::flashes_only());
        if fitted.refuse.is_some() {
            let (has, wants) = (info.channels.join(" "), contract.channels.join(" "));
            return Err(PersonalError::Sessions(format!(
                "this wearer was learnt with the electrodes {wants}; here are {has}. Use the same, or learn the wearer anew"
            )));
        }
        let channels = fitted.chain.channels;
        let chain = Chain::prepare(fitted.chain).map_err(|why| bad(why.into()))?;
        let window = Window::with_shape(channels, chain.window_samples());
        let chunk = Chunk::with_capacity(info.channels.len(), STEP_FRAMES, CHUNK_MARKERS);
        let reached_secs = f64::NEG_INFINITY;
        Ok(Self { source, info, input, chain, chunk, window, tape: None, reached_secs })
    }

    /// The same, recording all that is read.
    ///
    /// # Errors
    /// [`PersonalError::Output`] where the file cannot be made.
    pub fn recorded(self, path: &Path) -> Result<Self, PersonalError> {
        let failed = |why: RecordError| PersonalError::Output(why.to_string());
        let (into, from) = frame_ring(self.info.channels.len(), 4 * STEP_FRAMES);
        let now = utc_now_iso8601();
        let recorder =
            Recorder::create(path, &self.info, &now, &Clock::system()).map_err(failed)?;
        Ok(Self { tape: Some(Tape { into, from, recorder }), ..self })
    }

    /// The source.
    pub fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// What is looked at.
    pub fn input(&self) -> &WearerInput {
        &self.input
    }

    /// Stamp of the newest frame that was read; before the first, minus infinity.
    pub fn reached_secs(&self) -> f64 {
        self.reached_secs
    }

    /// Reads one step and shows `on_window` every flash whose window became complete; false at the end of the source.
    ///
    /// # Errors
    /// [`PersonalError::Sessions`] of the source, [`PersonalError::Output`] of the recording.
    pub fn step(&mut self, on_window: &mut dyn FnMut(&Window)) -> Result<bool, PersonalError> {
        self.chunk.clear();
        let status = self
            .source
            .read(&mut self.chunk)
            .map_err(|why| PersonalError::Sessions(why.to_string()))?;
        if let Some(tape) = &mut self.tape {
            tape.into.write(&self.chunk);
            let failed = |why: RecordError| PersonalError::Output(why.to_string());
            tape.recorder.step(&mut tape.from).map_err(failed)?;
        }
        for marker in self.chunk.markers() {
            let onset_secs = marker.time_secs;
            match marker.event() {
                MarkerEvent::Flash(flash) => {
                    self.chain.push_lock(Lock::Flash { flash, onset_secs });
                }
                MarkerEvent::FlashPause => self.chain.pause_flashes(onset_secs),
                _ => {}
            }
        }
        for (i, meta) in self.chunk.frames().iter().enumerate() {
            self.reached_secs = meta.time_secs;
            self.chain.push_frame(*meta, self.chunk.frame(i));
            while self.chain.pop_window(meta.arrival_secs, &mut self.window) {
                on_window(&self.window);
            }
        }
        Ok(status != ReadStatus::End)
    }

    /// Lets go of the source and closes the recording.
    ///
    /// # Errors
    /// [`PersonalError::Output`] where what was recorded cannot be made whole.
    pub fn close(mut self) -> Result<(), PersonalError> {
        self.source.stop();
        let Some(Tape { recorder, .. }) = self.tape else { return Ok(()) };
        recorder.finish().map(drop).map_err(|why| PersonalError::Output(why.to_string()))
    }
}
