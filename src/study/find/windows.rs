//! The windows of flashes, cut by the very signal path of live use.
//!
//! Takes a source and what a wearer's detector wants to see; gives each flash with its window, those that the gate refuses
//! too: a flash that is not looked at was seen all the same. Reads in steps of [`STEP_FRAMES`], so that whoever shows the
//! pages can answer between them.

use crate::dsp::chain::Chain;
use crate::pipeline::contract::{self, InputContract};
use crate::signal::marker::MarkerEvent;
use crate::signal::{Chunk, Lock, Window};
use crate::source::{CHUNK_MARKERS, ReadStatus, Source, SourceInfo};
use crate::study::trials::epochs::EpochError;
use crate::time::clock::Clock;

/// Frames of a step: some hundredths of a second, less than lies between two flashes.
pub const STEP_FRAMES: usize = 8;

/// A source whose flashes are cut out.
pub struct FlashWindows {
    source: Box<dyn Source>,
    info: SourceInfo,
    chain: Chain,
    chunk: Chunk,
    window: Window,
    reached_secs: f64,
}

impl FlashWindows {
    /// Opens the source.
    ///
    /// # Errors
    /// [`EpochError`]: the source, its electrodes, or a rate for which no filter can be built.
    pub fn open(mut source: Box<dyn Source>, contract: &InputContract) -> Result<Self, EpochError> {
        let info = source.prepare(&Clock::system())?;
        let fitted = contract::fit(contract, &info, contract::flashes_only());
        if fitted.refuse.is_some() {
            let (has, wants) = (info.channels.join(" "), contract.channels.join(" "));
            return Err(EpochError::Montage { has, wants });
        }
        let channels = fitted.chain.channels;
        let chain = Chain::prepare(fitted.chain)?;
        let window = Window::with_shape(channels, chain.window_samples());
        let chunk = Chunk::with_capacity(info.channels.len(), STEP_FRAMES, CHUNK_MARKERS);
        Ok(Self { source, info, chain, chunk, window, reached_secs: f64::NEG_INFINITY })
    }

    /// The source.
    pub fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// Stamp of the newest frame that was read.
    pub fn reached_secs(&self) -> f64 {
        self.reached_secs
    }

    /// Reads one step and shows `on_window` every flash whose window became complete; false at the end of the source.
    ///
    /// # Errors
    /// The source's own.
    pub fn step(&mut self, on_window: &mut dyn FnMut(&Window)) -> Result<bool, EpochError> {
        self.chunk.clear();
        let status = self.source.read(&mut self.chunk)?;
        for marker in self.chunk.markers() {
            if let MarkerEvent::Flash(flash) = marker.event() {
                self.chain.push_lock(Lock::Flash { flash, onset_secs: marker.time_secs });
            }
        }
        for (i, meta) in self.chunk.frames().iter().enumerate() {
            self.reached_secs = meta.time_secs;
            self.chain.push_frame(*meta, self.chunk.frame(i));
            while self.chain.pop_window(meta.arrival_secs, &mut self.window) {
                on_window(&self.window);
            }
        }
        if status == ReadStatus::End {
            self.source.stop();
        }
        Ok(status != ReadStatus::End)
    }
}
