//! Writes XDF.
//!
//! Takes descriptions, stamps and values; gives a file that every reader of the format understands. A
//! stamp is left out only where a reader deduces it to the last bit, and never at the start of a chunk, so
//! that a lost chunk cannot shift the stamps after it. Every chunk goes out in one write: after a failure
//! [`XdfWriter::whole_bytes`] tells where the last whole chunk ends. It neither buffers nor flushes.

use std::io::{self, Write};

use super::describe::{FileDescription, StreamDescription, Xml, file_xml, stream_xml};
use super::header::{ChannelFormat, StreamHeader};
use super::wire::{BOUNDARY, MAGIC, MAX_CHUNK_BYTES, TAG_BYTES, Tag, put_varlen};

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
pub enum XdfWriteError {
    /// The system refused.
    #[error("writing failed: {0}")]
    Io(#[from] io::Error),
    /// The caller gave what does not fit the stream.
    #[error("stream {stream} takes {expected}, got {got}")]
    Shape {
        /// Number of the stream in the file.
        stream: u32,
        /// What fits.
        expected: String,
        /// What was given.
        got: String,
    },
}

/// Names a stream of one writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamId(usize);

/// A number as it is stored.
pub trait SampleValue: Copy {
    /// The format whose streams take it.
    const FORMAT: ChannelFormat;
    /// Appends it, little-endian.
    fn put(self, out: &mut Vec<u8>);
}

macro_rules! sample_value {
    ($($kind:ty => $format:ident),*) => {$(
        impl SampleValue for $kind {
            const FORMAT: ChannelFormat = ChannelFormat::$format;
            fn put(self, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }
        }
    )*};
}
sample_value!(i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64, f32 => Float32, f64 => Double64);

/// What has been written of a stream: the truth for its footer.
#[derive(Debug)]
pub(super) struct Written {
    pub channels: usize,
    pub format: ChannelFormat,
    pub period_secs: f64,
    pub samples: u64,
    pub first_secs: f64,
    pub last_secs: f64,
    /// Every one, or after [`MOST_OFFSETS`] every second, fourth, …: their own chunks hold them all.
    pub offsets: Vec<(f64, f64)>,
    pub offset_count: u64,
}

/// Clock offsets kept of a stream for its footer: three hours of one each five seconds. A footer must not grow with the
/// hours, nor what is kept for it.
const MOST_OFFSETS: usize = 2048;

impl Written {
    fn note_offset(&mut self, offset: (f64, f64)) {
        // Doubled each time that the list was halved.
        let stride = (self.offset_count / MOST_OFFSETS as u64 + 1).next_power_of_two();
        if self.offsets.len() == MOST_OFFSETS {
            let mut number = 0_u64;
            self.offsets.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
        if self.offset_count.is_multiple_of(stride) {
            self.offsets.push(offset);
        }
        self.offset_count += 1;
    }
}

/// Writes a file, stream by stream and chunk by chunk.
#[derive(Debug)]
pub struct XdfWriter<W: Write> {
    out: W,
    whole_bytes: u64,
    streams: Vec<Written>,
    /// The chunk in the making, and its length and tag.
    content: Vec<u8>,
    chunk: Vec<u8>,
}

impl<W: Write> XdfWriter<W> {
    /// Writes the magic and the file header.
    ///
    /// # Errors
    /// [`XdfWriteError::Io`].
    pub fn new(out: W, file: &FileDescription) -> Result<Self, XdfWriteError> {
        let mut writer = Self {
            out,
            whole_bytes: 0,
            streams: Vec::new(),
            content: Vec::new(),
            chunk: Vec::new(),
        };
        writer.out.write_all(&MAGIC)?;
        writer.whole_bytes = MAGIC.len() as u64;
        writer.content.extend(file_xml(file).as_bytes());
        writer.put_chunk(Tag::FileHeader)?;
        Ok(writer)
    }

    /// Writes a stream header. Streams may be added at any time. Their numbers begin at 1.
    ///
    /// # Errors
    /// [`XdfWriteError::Io`].
    pub fn add_stream(&mut self, stream: &StreamDescription) -> Result<StreamId, XdfWriteError> {
        let shape = (stream.channels.len(), stream.format, stream.rate_hz);
        self.put_header(shape, &stream_xml(stream))
    }

    /// Writes the header of a stream of another program as that program put it; gives what the header says
    /// beside its name here. Channels, format and rate are read from it the way every reader will.
    ///
    /// # Errors
    /// [`XdfWriteError::Shape`] when it does not say what a stream must say, [`XdfWriteError::Io`].
    pub fn add_stream_as_described(
        &mut self,
        xml: &str,
    ) -> Result<(StreamId, StreamHeader), XdfWriteError> {
        let (header, _) =
            StreamHeader::parse(xml.as_bytes()).map_err(|why| XdfWriteError::Shape {
                stream: number(StreamId(self.streams.len())),
                expected: "a header with channel_count, nominal_srate and channel_format".into(),
                got: why,
            })?;
        let shape = (header.channel_count, header.format, header.nominal_rate_hz);
        Ok((self.put_header(shape, xml)?, header))
    }

    fn put_header(
        &mut self,
        (channels, format, rate_hz): (usize, ChannelFormat, f64),
        xml: &str,
    ) -> Result<StreamId, XdfWriteError> {
        let id = StreamId(self.streams.len());
        self.streams.push(Written {
            channels,
            format,
            period_secs: if rate_hz > 0.0 { 1.0 / rate_hz } else { 0.0 },
            samples: 0,
            first_secs: 0.0,
            last_secs: 0.0,
            offsets: Vec::new(),
            offset_count: 0,
        });
        self.begin(id);
        self.content.extend(xml.as_bytes());
        self.put_chunk(Tag::StreamHeader)?;
        Ok(id)
    }

    /// Writes a chunk of numbers: `values` is `[stamps, channels]`, row-major. Nothing at all without stamps.
    ///
    /// # Errors
    /// [`XdfWriteError::Shape`] when they do not fit the stream, [`XdfWriteError::Io`].
    pub fn samples<T: SampleValue>(
        &mut self,
        id: StreamId,
        stamps_secs: &[f64],
        values: &[T],
    ) -> Result<(), XdfWriteError> {
        self.check(id, T::FORMAT, stamps_secs.len(), values.len())?;
        let channels = self.streams[id.0].channels;
        self.put_samples(id, stamps_secs, |i, out| {
            values[i * channels..(i + 1) * channels].iter().for_each(|value| value.put(out));
        })
    }

    /// Writes a chunk of text, which should be UTF-8 and is stored as it is: `values` is `[stamps, channels]`,
    /// row-major. Nothing at all without stamps.
    ///
    /// # Errors
    /// [`XdfWriteError::Shape`] when they do not fit the stream, [`XdfWriteError::Io`].
    pub fn texts<S: AsRef<[u8]>>(
        &mut self,
        id: StreamId,
        stamps_secs: &[f64],
        values: &[S],
    ) -> Result<(), XdfWriteError> {
        self.check(id, ChannelFormat::String, stamps_secs.len(), values.len())?;
        let channels = self.streams[id.0].channels;
        self.put_samples(id, stamps_secs, |i, out| {
            for value in &values[i * channels..(i + 1) * channels] {
                put_varlen(out, value.as_ref().len() as u64);
                out.extend(value.as_ref());
            }
        })
    }

    /// Writes what to add to the stream's stamps at a time of the stream's clock.
    ///
    /// # Errors
    /// [`XdfWriteError::Io`].
    pub fn clock_offset(
        &mut self,
        id: StreamId,
        time_secs: f64,
        value_secs: f64,
    ) -> Result<(), XdfWriteError> {
        self.begin(id);
        self.content.extend(time_secs.to_le_bytes());
        self.content.extend(value_secs.to_le_bytes());
        self.put_chunk(Tag::ClockOffset)?;
        self.streams[id.0].note_offset((time_secs, value_secs));
        Ok(())
    }

    /// Writes a place to resume reading after damage.
    ///
    /// # Errors
    /// [`XdfWriteError::Io`].
    pub fn boundary(&mut self) -> Result<(), XdfWriteError> {
        self.content.clear();
        self.content.extend(BOUNDARY);
        self.put_chunk(Tag::Boundary)
    }

    /// Writes the footers: the last thing in a file.
    ///
    /// # Errors
    /// [`XdfWriteError::Io`].
    pub fn put_footers(&mut self) -> Result<(), XdfWriteError> {
        for id in (0..self.streams.len()).map(StreamId) {
            self.begin(id);
            let xml = footer_xml(&self.streams[id.0]);
            self.content.extend(xml.as_bytes());
            self.put_chunk(Tag::StreamFooter)?;
        }
        Ok(())
    }

    /// Writes the footers and gives the output back, still to be flushed.
    ///
    /// # Errors
    /// [`XdfWriteError::Io`].
    pub fn finish(mut self) -> Result<W, XdfWriteError> {
        self.put_footers()?;
        Ok(self.out)
    }

    /// Bytes up to the end of the last chunk that went out whole.
    pub fn whole_bytes(&self) -> u64 {
        self.whole_bytes
    }

    /// First and last stamp written of a stream, in seconds; `None` without samples.
    pub fn stamp_range_secs(&self, id: StreamId) -> Option<(f64, f64)> {
        let stream = &self.streams[id.0];
        (stream.samples > 0).then_some((stream.first_secs, stream.last_secs))
    }

    /// Clock offsets written of a stream.
    pub fn offset_count(&self, id: StreamId) -> u64 {
        self.streams[id.0].offset_count
    }

    /// Samples written of a stream.
    pub fn sample_count(&self, id: StreamId) -> u64 {
        self.streams[id.0].samples
    }

    /// The output, to flush or to synchronise it.
    pub fn output(&mut self) -> &mut W {
        &mut self.out
    }

    fn check(
        &self,
        id: StreamId,
        format: ChannelFormat,
        stamps: usize,
        values: usize,
    ) -> Result<(), XdfWriteError> {
        let stream = &self.streams[id.0];
        if stream.format == format
            && stamps * stream.channels == values
            && u32::try_from(stamps).is_ok()
        {
            return Ok(());
        }
        let (channels, own) = (stream.channels, stream.format.name());
        Err(XdfWriteError::Shape {
            stream: number(id),
            expected: format!("{channels} values of {own} per stamp"),
            got: format!("{values} values of {} for {stamps} stamps", format.name()),
        })
    }

    fn put_samples(
        &mut self,
        id: StreamId,
        stamps: &[f64],
        mut put_values: impl FnMut(usize, &mut Vec<u8>),
    ) -> Result<(), XdfWriteError> {
        let (Some(first), Some(last)) = (stamps.first(), stamps.last()) else { return Ok(()) };
        self.begin(id);
        let period_secs = self.streams[id.0].period_secs;
        // LabRecorder always writes the count with four bytes; `check` has seen that it fits.
        self.content.push(4);
        self.content.extend((stamps.len() as u32).to_le_bytes());
        for (i, stamp) in stamps.iter().enumerate() {
            let deduced = i > 0 && (stamps[i - 1] + period_secs).to_bits() == stamp.to_bits();
            if deduced {
                self.content.push(0);
            } else {
                self.content.push(8);
                self.content.extend(stamp.to_le_bytes());
            }
            put_values(i, &mut self.content);
        }
        self.put_chunk(Tag::Samples)?;
        let written = &mut self.streams[id.0];
        if written.samples == 0 {
            written.first_secs = *first;
        }
        written.last_secs = *last;
        written.samples += stamps.len() as u64;
        Ok(())
    }

    /// Begins the content of a chunk that belongs to a stream.
    fn begin(&mut self, id: StreamId) {
        self.content.clear();
        self.content.extend(number(id).to_le_bytes());
    }

    /// Sends the content out as one chunk, in one write.
    fn put_chunk(&mut self, tag: Tag) -> Result<(), XdfWriteError> {
        let length = self.content.len() as u64 + TAG_BYTES;
        if length > MAX_CHUNK_BYTES {
            let why = format!(
                "a chunk of {length} bytes is longer than the {MAX_CHUNK_BYTES} that readers accept"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why).into());
        }
        self.chunk.clear();
        put_varlen(&mut self.chunk, length);
        self.chunk.extend((tag as u16).to_le_bytes());
        self.chunk.extend_from_slice(&self.content);
        self.out.write_all(&self.chunk)?;
        self.whole_bytes += self.chunk.len() as u64;
        Ok(())
    }
}

/// The number of a stream in the file.
fn number(id: StreamId) -> u32 {
    id.0 as u32 + 1
}

pub(super) fn footer_xml(stream: &Written) -> String {
    let mut xml = Xml::new();
    xml.within("info", |xml| {
        xml.leaf("first_timestamp", &stream.first_secs.to_string());
        xml.leaf("last_timestamp", &stream.last_secs.to_string());
        xml.leaf("sample_count", &stream.samples.to_string());
        xml.within("clock_offsets", |xml| {
            for (time, value) in &stream.offsets {
                xml.within("offset", |xml| {
                    xml.leaf("time", &time.to_string());
                    xml.leaf("value", &value.to_string());
                });
            }
        });
    });
    xml.0
}

/// A whole chunk: length, tag, content.
pub(super) fn chunk_bytes(tag: Tag, content: &[u8]) -> Vec<u8> {
    let mut chunk = Vec::with_capacity(content.len() + 16);
    put_varlen(&mut chunk, content.len() as u64 + TAG_BYTES);
    chunk.extend((tag as u16).to_le_bytes());
    chunk.extend_from_slice(content);
    chunk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footer_keeps_clock_offsets_evenly_and_not_more_than_fit() {
        let mut stream = Written {
            channels: 1,
            format: ChannelFormat::Float32,
            period_secs: 0.0,
            samples: 0,
            first_secs: 0.0,
            last_secs: 0.0,
            offsets: Vec::new(),
            offset_count: 0,
        };
        for count in 0..100_000 {
            stream.note_offset((f64::from(count), 0.0));
            assert!(stream.offsets.len() <= MOST_OFFSETS);
        }
        assert_eq!(stream.offset_count, 100_000);
        let steps: Vec<f64> = stream.offsets.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        assert!(stream.offsets.len() > MOST_OFFSETS / 2 && stream.offsets[0].0 == 0.0);
        assert!(steps.iter().all(|step| *step == steps[0]), "{:?}", &steps[..9]);
    }
}
