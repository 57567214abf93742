//! Samples → blocks.
//!
//! Takes the samples, their times and what the set says; gives blocks of up to 16 384 samples. Time zero is the first
//! sample; what was cut out of the recording is a gap in the times.

use super::events::Axis;
use super::signal::Signal;
use crate::formats::FormatError;
use crate::formats::recording::{Block, Event, Head, ReadRecording};

/// Values of a block at most: 4 MiB.
const MAX_BLOCK_VALUES: usize = 1 << 19;

/// Samples of a block at most.
const MAX_BLOCK_SAMPLES: usize = 16_384;

/// Reads a data set in pieces.
#[derive(Debug)]
pub struct EeglabReader {
    head: Head,
    signal: Signal,
    axis: Axis,
    warnings: Vec<String>,
    next: u64,
    next_mark: usize,
}

impl EeglabReader {
    pub(super) fn new(head: Head, signal: Signal, axis: Axis, warnings: Vec<String>) -> Self {
        Self { head, signal, axis, warnings, next: 0, next_mark: 0 }
    }

    /// Events before sample `until`; all that are left at the end of the recording.
    fn take_marks(&mut self, until: Option<u64>, events: &mut Vec<Event>) {
        while let Some(mark) = self.axis.marks.get(self.next_mark) {
            if until.is_some_and(|until| mark.sample >= until as f64) {
                return;
            }
            events.push(mark.event.clone());
            self.next_mark += 1;
        }
    }
}

impl ReadRecording for EeglabReader {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next_block(&mut self, block: &mut Block) -> Result<bool, FormatError> {
        block.clear();
        let most = (MAX_BLOCK_VALUES / self.signal.channels.max(1)).clamp(1, MAX_BLOCK_SAMPLES);
        let count = (self.signal.samples - self.next).min(most as u64) as usize;
        block.stream = 0;
        if count == 0 {
            self.take_marks(None, &mut block.events);
            return Ok(false);
        }
        self.signal.read(self.next, count, &mut block.values)?;
        let until = self.next + count as u64;
        self.axis.times(self.next..until, &mut block.times_secs);
        self.next = until;
        self.take_marks(Some(until), &mut block.events);
        Ok(true)
    }

    fn rewind(&mut self) -> Result<(), FormatError> {
        (self.next, self.next_mark) = (0, 0);
        Ok(())
    }

    fn seek_secs(&mut self, secs: f64) -> Result<(), FormatError> {
        self.next = self.axis.first_from(secs, self.signal.samples);
        self.next_mark = self.axis.first_mark_from(secs);
        Ok(())
    }

    fn progress(&self) -> f64 {
        self.next as f64 / self.signal.samples.max(1) as f64
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
