//! Samples of any format on their way to a file, in memory that is used again.
//!
//! `[samples, channels]` values, row-major, bit for bit as they were sent, and one stamp per sample in
//! seconds on the clock of whoever stamped them.

use lsl::ChannelFormat;

/// Most bytes of values that one block sets aside: a hostile description must not decide how much memory is
/// taken.
const MAX_BLOCK_BYTES: usize = 4 << 20;

/// Values of one format.
#[derive(Clone, Debug, PartialEq)]
pub enum BlockValues {
    /// Signed, 1 byte.
    Int8(Vec<i8>),
    /// Signed, 2 bytes.
    Int16(Vec<i16>),
    /// Signed, 4 bytes.
    Int32(Vec<i32>),
    /// Signed, 8 bytes.
    Int64(Vec<i64>),
    /// IEEE single.
    Float32(Vec<f32>),
    /// IEEE double.
    Double64(Vec<f64>),
    /// Texts one after the other, and where each ends.
    Text {
        /// The bytes, as sent: should be UTF-8.
        bytes: Vec<u8>,
        /// The end of each text in `bytes`.
        ends: Vec<usize>,
    },
}

/// Some samples of one stream.
#[derive(Clone, Debug)]
pub struct Block {
    /// One per sample, in seconds.
    pub stamps: Vec<f64>,
    /// One per sample and channel, in the stream's format.
    pub values: BlockValues,
    channels: usize,
    max_samples: usize,
}

impl Block {
    /// Memory for at most `max_samples` samples, fewer where that would be more than 4 MiB. `None` for the
    /// format that liblsl calls undefined.
    pub fn new(format: ChannelFormat, channels: usize, max_samples: usize) -> Option<Self> {
        use BlockValues as V;
        let channels = channels.max(1);
        let max_samples = max_samples.clamp(1, (MAX_BLOCK_BYTES / (8 * channels)).max(1));
        let len = max_samples * channels;
        let values = match format {
            ChannelFormat::Int8 => V::Int8(Vec::with_capacity(len)),
            ChannelFormat::Int16 => V::Int16(Vec::with_capacity(len)),
            ChannelFormat::Int32 => V::Int32(Vec::with_capacity(len)),
            ChannelFormat::Int64 => V::Int64(Vec::with_capacity(len)),
            ChannelFormat::Float32 => V::Float32(Vec::with_capacity(len)),
            ChannelFormat::Double64 => V::Double64(Vec::with_capacity(len)),
            ChannelFormat::String => V::Text { bytes: Vec::new(), ends: Vec::with_capacity(len) },
            ChannelFormat::Undefined => return None,
        };
        Some(Self { stamps: Vec::with_capacity(max_samples), values, channels, max_samples })
    }

    /// An empty one like it, with memory of its own.
    pub fn renewed(&self) -> Self {
        use BlockValues as V;
        let len = self.max_samples * self.channels;
        let values = match &self.values {
            V::Int8(_) => V::Int8(Vec::with_capacity(len)),
            V::Int16(_) => V::Int16(Vec::with_capacity(len)),
            V::Int32(_) => V::Int32(Vec::with_capacity(len)),
            V::Int64(_) => V::Int64(Vec::with_capacity(len)),
            V::Float32(_) => V::Float32(Vec::with_capacity(len)),
            V::Double64(_) => V::Double64(Vec::with_capacity(len)),
            V::Text { .. } => V::Text { bytes: Vec::new(), ends: Vec::with_capacity(len) },
        };
        Self { stamps: Vec::with_capacity(self.max_samples), values, ..*self }
    }

    /// Values per sample.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Samples.
    pub fn len(&self) -> usize {
        self.stamps.len()
    }

    /// True without samples.
    pub fn is_empty(&self) -> bool {
        self.stamps.is_empty()
    }

    /// Samples that still fit.
    pub fn room(&self) -> usize {
        self.max_samples - self.stamps.len().min(self.max_samples)
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        use BlockValues as V;
        self.stamps.clear();
        match &mut self.values {
            V::Int8(values) => values.clear(),
            V::Int16(values) => values.clear(),
            V::Int32(values) => values.clear(),
            V::Int64(values) => values.clear(),
            V::Float32(values) => values.clear(),
            V::Double64(values) => values.clear(),
            V::Text { bytes, ends } => {
                bytes.clear();
                ends.clear();
            }
        }
    }

    /// Adds a sample of single precision. Nothing where the format is another.
    pub fn push_floats(&mut self, stamp_secs: f64, sample: &[f32]) {
        if let BlockValues::Float32(values) = &mut self.values {
            self.stamps.push(stamp_secs);
            values.extend_from_slice(sample);
        }
    }

    /// Adds a sample of 64-bit integers. Nothing where the format is another.
    pub fn push_ints(&mut self, stamp_secs: f64, sample: &[i64]) {
        if let BlockValues::Int64(values) = &mut self.values {
            self.stamps.push(stamp_secs);
            values.extend_from_slice(sample);
        }
    }

    /// Adds one text; the sample's stamp is added by the caller after its last channel.
    pub fn push_text(&mut self, text: &[u8]) {
        if let BlockValues::Text { bytes, ends } = &mut self.values {
            bytes.extend_from_slice(text);
            ends.push(bytes.len());
        }
    }
}

impl BlockValues {
    /// The texts, one after the other; none where the values are numbers.
    pub fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let (bytes, ends): (&[u8], &[usize]) = match self {
            Self::Text { bytes, ends } => (bytes, ends),
            _ => (&[], &[]),
        };
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts.zip(ends).map(|(start, &end)| &bytes[start..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_one_by_one_and_memory_has_a_bound() {
        let mut block = Block::new(ChannelFormat::String, 2, 4).unwrap();
        for text in [&b"a"[..], b"", b"bild-\xc3\xbc", b"\xff"] {
            block.push_text(text);
        }
        let texts: Vec<&[u8]> = block.values.texts().collect();
        assert_eq!(texts, [&b"a"[..], b"", b"bild-\xc3\xbc", b"\xff"]);
        block.clear();
        assert_eq!(block.values.texts().count(), 0);
        let large = Block::new(ChannelFormat::Double64, 1024, usize::MAX).unwrap();
        assert_eq!(large.room(), MAX_BLOCK_BYTES / 8 / 1024);
        assert!(Block::new(ChannelFormat::Undefined, 1, 1).is_none());
    }
}
