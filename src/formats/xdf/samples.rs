//! The samples of a stream: values in the format of the file, one stamp each.
//!
//! Takes the content of sample chunks; appends to [`Values`] `[samples, channels]`, row-major, and to
//! stamps in seconds of the stream's clock. A chunk is taken whole or not at all, except the last one of
//! a file that was cut: of that, every complete sample. Memory grows by at most ten times the bytes read.

use super::header::ChannelFormat;
use super::wire::{Cursor, malformed};
use crate::formats::FormatError;

/// Text values: one string of everything and where each value ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextColumn {
    text: String,
    ends: Vec<usize>,
}

impl TextColumn {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Value `i`; `None` behind the last.
    pub fn get(&self, i: usize) -> Option<&str> {
        let end = *self.ends.get(i)?;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        Some(&self.text[start..end])
    }

    fn push(&mut self, bytes: &[u8]) {
        self.text.push_str(&String::from_utf8_lossy(bytes));
        self.ends.push(self.text.len());
    }

    fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.text.truncate(self.ends.last().copied().unwrap_or(0));
    }
}

/// Values of a stream, `[samples, channels]`, row-major, as stored.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
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
    /// One text per sample and channel, as of marker streams.
    Text(TextColumn),
}

/// Runs the same expression on whichever vector of numbers it is, and another one on text.
macro_rules! each {
    ($values:expr, $numbers:ident => $do:expr, $text:ident => $else:expr) => {
        match $values {
            Values::Int8($numbers) => $do,
            Values::Int16($numbers) => $do,
            Values::Int32($numbers) => $do,
            Values::Int64($numbers) => $do,
            Values::Float32($numbers) => $do,
            Values::Double64($numbers) => $do,
            Values::Text($text) => $else,
        }
    };
}

impl Values {
    /// No values yet.
    pub fn new(format: ChannelFormat) -> Self {
        match format {
            ChannelFormat::Int8 => Self::Int8(Vec::new()),
            ChannelFormat::Int16 => Self::Int16(Vec::new()),
            ChannelFormat::Int32 => Self::Int32(Vec::new()),
            ChannelFormat::Int64 => Self::Int64(Vec::new()),
            ChannelFormat::Float32 => Self::Float32(Vec::new()),
            ChannelFormat::Double64 => Self::Double64(Vec::new()),
            ChannelFormat::String => Self::Text(TextColumn::default()),
        }
    }

    /// Number of values, all channels together.
    pub fn len(&self) -> usize {
        each!(self, numbers => numbers.len(), text => text.len())
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Value `i` as a number; `None` for text and behind the last. 64-bit integers above 2^53 are rounded.
    pub fn number(&self, i: usize) -> Option<f64> {
        match self {
            Self::Int8(values) => values.get(i).map(|v| f64::from(*v)),
            Self::Int16(values) => values.get(i).map(|v| f64::from(*v)),
            Self::Int32(values) => values.get(i).map(|v| f64::from(*v)),
            Self::Int64(values) => values.get(i).map(|v| *v as f64),
            Self::Float32(values) => values.get(i).map(|v| f64::from(*v)),
            Self::Double64(values) => values.get(i).copied(),
            Self::Text(_) => None,
        }
    }

    /// Value `i` as text: text as it is, numbers in decimal; empty behind the last.
    pub fn text(&self, i: usize) -> String {
        each!(self,
            numbers => numbers.get(i).map_or_else(String::new, ToString::to_string),
            text => text.get(i).unwrap_or_default().into())
    }

    /// Bytes of memory that the values take.
    pub fn bytes(&self) -> u64 {
        each!(self,
            numbers => std::mem::size_of_val(numbers.as_slice()),
            text => text.text.len() + std::mem::size_of_val(text.ends.as_slice())) as u64
    }

    pub(super) fn truncate(&mut self, len: usize) {
        each!(self, numbers => numbers.truncate(len), text => text.truncate(len));
    }

    fn reserve(&mut self, count: usize) {
        each!(self, numbers => numbers.reserve(count), text => text.ends.reserve(count));
    }
}

/// What a chunk of samples brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Samples that the chunk announced.
    pub announced: u64,
    /// Samples that were taken.
    pub taken: u64,
    /// Bytes left over behind the last sample.
    pub left_over: usize,
}

/// How to read the samples of one stream, and where they go.
pub(super) struct SampleSink<'a> {
    /// Values per sample.
    pub channels: usize,
    /// Time between two samples, in seconds; zero when irregular.
    pub period_secs: f64,
    /// Stamps so far.
    pub stamps: &'a mut Vec<f64>,
    /// Values so far.
    pub values: &'a mut Values,
}

impl SampleSink<'_> {
    /// Takes the content of a chunk after its stream id. With `keep_whole_samples` an end inside a sample
    /// is no error and what is complete is kept.
    pub fn take(
        &mut self,
        cursor: &mut Cursor<'_>,
        keep_whole_samples: bool,
    ) -> Result<Taken, FormatError> {
        let announced = cursor.varlen("the number of samples")?;
        let (samples_before, values_before) = (self.stamps.len(), self.values.len());
        self.reserve(announced, cursor.remaining());
        let mut taken = 0;
        while taken < announced {
            if let Err(why) = self.take_sample(cursor) {
                let keep = if keep_whole_samples { taken as usize } else { 0 };
                self.stamps.truncate(samples_before + keep);
                self.values.truncate(values_before + keep * self.channels);
                if !keep_whole_samples {
                    return Err(why);
                }
                break;
            }
            taken += 1;
        }
        Ok(Taken { announced, taken, left_over: cursor.remaining() })
    }

    /// Sets aside what the bytes at hand can fill, whatever number is announced.
    fn reserve(&mut self, announced: u64, bytes: usize) {
        let each = 1 + self.channels * min_bytes(self.values);
        let samples = announced.min((bytes / each) as u64) as usize;
        self.stamps.reserve(samples);
        self.values.reserve(samples * self.channels);
    }

    fn take_sample(&mut self, cursor: &mut Cursor<'_>) -> Result<(), FormatError> {
        let start = cursor.offset();
        let stamp = match cursor.u8("the size of a time stamp")? {
            0 => self.stamps.last().copied().unwrap_or(0.0) + self.period_secs,
            8 => cursor.f64("a time stamp")?,
            other => {
                return Err(malformed(
                    start,
                    "0 or 8 as the size of a time stamp".into(),
                    other.to_string(),
                ));
            }
        };
        take_values(self.values, self.channels, cursor)?;
        self.stamps.push(stamp);
        Ok(())
    }
}

fn min_bytes(values: &Values) -> usize {
    match values {
        Values::Int8(_) => 1,
        Values::Int16(_) | Values::Text(_) => 2,
        Values::Int32(_) | Values::Float32(_) => 4,
        Values::Int64(_) | Values::Double64(_) => 8,
    }
}

/// Appends the little-endian numbers of one sample.
macro_rules! extend {
    ($numbers:expr, $kind:ty, $bytes:expr) => {
        $numbers.extend(
            $bytes
                .as_chunks::<{ std::mem::size_of::<$kind>() }>()
                .0
                .iter()
                .copied()
                .map(<$kind>::from_le_bytes),
        )
    };
}

fn take_values(
    values: &mut Values,
    channels: usize,
    cursor: &mut Cursor<'_>,
) -> Result<(), FormatError> {
    if let Values::Text(text) = values {
        for _ in 0..channels {
            let length = cursor.varlen("the length of a text")?;
            text.push(cursor.take(length, "text")?);
        }
        return Ok(());
    }
    let bytes = cursor.take((channels * min_bytes(values)) as u64, "values")?;
    match values {
        Values::Int8(numbers) => extend!(numbers, i8, bytes),
        Values::Int16(numbers) => extend!(numbers, i16, bytes),
        Values::Int32(numbers) => extend!(numbers, i32, bytes),
        Values::Int64(numbers) => extend!(numbers, i64, bytes),
        Values::Float32(numbers) => extend!(numbers, f32, bytes),
        Values::Double64(numbers) => extend!(numbers, f64, bytes),
        Values::Text(_) => {}
    }
    Ok(())
}
