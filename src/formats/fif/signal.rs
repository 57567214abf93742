//! The samples of one file: which buffers hold them, and when each buffer begins.
//!
//! Takes the chain of tags from the first block of samples on; gives buffer after buffer with its place on the
//! count of samples. What was skipped counts and has no samples.

use super::tags::{Input, Tag, Walker, number, number_bytes};
use super::words::{FORMAT, datatype, is_raw, tag as kinds};
use crate::formats::FormatError;

/// Longest skip that is believed, in samples: the format counts them in 32 bits.
const MAX_SKIPPED: i64 = i32::MAX as i64;

/// Samples of all channels in one piece: `[samples, channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Buffer {
    /// First byte.
    pub at: u64,
    pub samples: u64,
    /// Bytes of one sample of all channels.
    pub row_bytes: usize,
    pub encoding: Encoding,
    /// The first sample, on the file's count.
    pub first: i64,
}

/// How a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    datatype: u32,
    pub bytes: usize,
}

impl Encoding {
    fn of(tag: &Tag) -> Result<Self, FormatError> {
        let why = match tag.datatype {
            datatype::SHORT
            | datatype::DAU_PACK16
            | datatype::INT
            | datatype::FLOAT
            | datatype::DOUBLE => {
                let bytes = number_bytes(tag.datatype).unwrap_or(1);
                return Ok(Self { datatype: tag.datatype, bytes });
            }
            datatype::COMPLEX_FLOAT | datatype::COMPLEX_DOUBLE => {
                "its samples are complex numbers, as of an analytic signal: save the signal itself"
                    .into()
            }
            other => format!(
                "its samples at byte {} are of type {other} where 2, 3, 4, 5 or 16 is expected \
                 (16 or 32-bit integers, single or double precision)",
                tag.at
            ),
        };
        Err(FormatError::Unusable { format: FORMAT, why })
    }

    /// The number in so many bytes.
    pub fn number(self, bytes: &[u8]) -> f64 {
        number(self.datatype, bytes).unwrap_or(f64::NAN)
    }
}

/// A place in the samples of a file. Copies go on from the same place.
#[derive(Clone, Debug)]
pub(super) struct Signal {
    walker: Walker,
    channels: usize,
    /// The next sample, on the file's count.
    next: i64,
    is_begun: bool,
    /// The file says which of the recording's samples is its first.
    pub is_placed: bool,
    skipped_buffers: i64,
    skipped_samples: i64,
    /// Skips that are too long to be meant.
    pub left_skips: u64,
    /// Bytes at the ends of buffers that are not a whole sample.
    pub left_bytes: u64,
}

impl Signal {
    /// From the start of a block of samples on, which `walker` has just met.
    pub fn new(walker: Walker, channels: usize) -> Self {
        Self {
            walker,
            channels: channels.max(1),
            next: 0,
            is_begun: false,
            is_placed: false,
            skipped_buffers: 0,
            skipped_samples: 0,
            left_skips: 0,
            left_bytes: 0,
        }
    }

    /// Channels of a sample.
    #[cfg(test)]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The next buffer that holds a sample; `None` behind the last.
    pub fn next(&mut self, input: &mut Input) -> Result<Option<Buffer>, FormatError> {
        while let Some(tag) = self.walker.next(input)? {
            if !is_raw(self.walker.block()) {
                continue;
            }
            match tag.kind {
                kinds::FIRST_SAMPLE if !self.is_begun => {
                    self.next = i64::from(input.number(&tag)?.unwrap_or(0.0) as i32);
                    self.is_placed = true;
                }
                kinds::DATA_SKIP => self.skipped_buffers = skip(input, &tag)?,
                kinds::DATA_SKIP_SAMP => self.skipped_samples = skip(input, &tag)?,
                kinds::DATA_BUFFER => {
                    let buffer = self.place(&tag)?;
                    if buffer.samples > 0 {
                        return Ok(Some(buffer));
                    }
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// A skip is counted in buffers of the size of the one that follows, or in samples.
    fn place(&mut self, tag: &Tag) -> Result<Buffer, FormatError> {
        let encoding = Encoding::of(tag)?;
        let row_bytes = encoding.bytes * self.channels;
        let samples = tag.bytes / row_bytes as u64;
        self.left_bytes += tag.bytes % row_bytes as u64;
        let count = samples.cast_signed();
        let skipped =
            self.skipped_buffers.saturating_mul(count).saturating_add(self.skipped_samples);
        let mut first = self.next;
        if skipped <= MAX_SKIPPED {
            first = first.saturating_add(skipped);
        } else {
            self.left_skips += 1;
        }
        self.next = first.saturating_add(count);
        (self.skipped_buffers, self.skipped_samples) = (0, 0);
        self.is_begun = true;
        Ok(Buffer { at: tag.at, samples, row_bytes, encoding, first })
    }
}

/// Buffers or samples that were skipped.
fn skip(input: &mut Input, tag: &Tag) -> Result<i64, FormatError> {
    Ok(input.number(tag)?.map_or(0, |number| number.max(0.0) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(kind: i32, datatype: u32, content: &[u8]) -> Vec<u8> {
        let head = [kind.cast_unsigned(), datatype, content.len() as u32, 0].map(u32::to_be_bytes);
        [&head.concat(), content].concat()
    }

    fn int(kind: i32, value: i32) -> Vec<u8> {
        tag(kind, datatype::INT, &value.to_be_bytes())
    }

    /// Places of the buffers of two channels, and skips that were left out.
    fn places(tags: &[Vec<u8>]) -> Result<(Vec<i64>, u64), FormatError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.fif");
        std::fs::write(&path, [&int(kinds::BLOCK_START, 102), &tags.concat()[..]].concat())
            .unwrap();
        let mut input = Input::open(&path).unwrap();
        let (mut signal, mut places) = (Signal::new(Walker::default(), 2), Vec::new());
        while let Some(buffer) = signal.next(&mut input)? {
            places.push(buffer.first);
        }
        Ok((places, signal.left_skips))
    }

    #[test]
    fn skips_count_buffers_or_samples() {
        let buffer = tag(kinds::DATA_BUFFER, datatype::SHORT, &[0; 12]);
        let tags = [
            int(kinds::FIRST_SAMPLE, 100),
            int(kinds::DATA_SKIP, 2),
            buffer.clone(),
            int(kinds::DATA_SKIP, 1),
            buffer.clone(),
            int(kinds::DATA_SKIP_SAMP, 5),
            buffer.clone(),
            int(kinds::DATA_SKIP, -7),
            buffer.clone(),
        ];
        assert_eq!(places(&tags).unwrap(), (vec![106, 112, 120, 123], 0));
        let absurd = [buffer.clone(), int(kinds::DATA_SKIP, i32::MAX), buffer];
        assert_eq!(places(&absurd).unwrap(), (vec![0, 3], 1));
    }

    #[test]
    fn other_numbers_are_refused() {
        let why = |datatype| {
            places(&[tag(kinds::DATA_BUFFER, datatype, &[0; 16])]).unwrap_err().to_string()
        };
        assert!(why(datatype::COMPLEX_DOUBLE).contains("complex"));
        assert!(why(datatype::USHORT).contains("of type 7 where"));
    }
}
