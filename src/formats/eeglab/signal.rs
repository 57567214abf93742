//! The samples: in the `.set` file, unpacked from it, or in the file beside it.
//!
//! Takes a file and how its numbers lie; gives stretches of samples. Holds no more than the stretch in hand.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use super::mat::{Number, Order};
use crate::formats::FormatError;

/// Where samples lie, and how.
#[derive(Debug)]
pub(super) struct Signal {
    pub file: File,
    /// For messages.
    pub path: PathBuf,
    /// First byte.
    pub from: u64,
    pub number: Number,
    pub order: Order,
    /// All samples of a channel stand together, not all channels of a sample.
    pub by_channel: bool,
    pub channels: usize,
    /// Samples of a channel.
    pub samples: u64,
    /// Bytes in hand.
    pub bytes: Vec<u8>,
}

impl Signal {
    /// Fills `values`, `[count, channels]`, with the samples from `first` on.
    ///
    /// # Errors
    /// [`FormatError::Io`].
    pub fn read(
        &mut self,
        first: u64,
        count: usize,
        values: &mut Vec<f64>,
    ) -> Result<(), FormatError> {
        let (channels, width) = (self.channels, self.number.bytes());
        values.resize(count * channels, 0.0);
        if !self.by_channel {
            self.fetch(first * (channels * width) as u64, count * channels * width)?;
            self.number.fill(&self.bytes, self.order, values.iter_mut());
            return Ok(());
        }
        for channel in 0..channels {
            self.fetch((channel as u64 * self.samples + first) * width as u64, count * width)?;
            let cells = values.iter_mut().skip(channel).step_by(channels);
            self.number.fill(&self.bytes, self.order, cells);
        }
        Ok(())
    }

    fn fetch(&mut self, at: u64, bytes: usize) -> Result<(), FormatError> {
        self.bytes.resize(bytes, 0);
        let io = |source| FormatError::Io {
            action: "reading the signal",
            source,
            path: self.path.clone(),
        };
        self.file.seek(SeekFrom::Start(self.from + at)).map_err(io)?;
        self.file.read_exact(&mut self.bytes).map_err(io)
    }
}
