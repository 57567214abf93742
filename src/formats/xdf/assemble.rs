//! From chunks to streams.
//!
//! Takes a reader; gives [`XdfFile`]: every stream with its header, values, stamps, clock offsets and
//! footer, in order of appearance. Refuses a file that would take more memory than it is allowed to
//! ([`LoadOptions::max_decoded_bytes`]); takes memory only for bytes that are really there.

use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::path::Path;

use super::chunks::{ChunkReader, RawChunk};
use super::header::{FileHeader, Footer, StreamHeader};
use super::samples::{SampleSink, Values};
use super::stream::{Arrival, Stream, XdfFile};
use super::wire::{BOUNDARY, Cursor, FORMAT, Tag, malformed};
use super::{dejitter, sync, together};
use crate::formats::FormatError;
use crate::formats::recording::StampFaults;
use crate::time::offsets::ClockOffset;

/// Most memory that a loaded file may take unless told otherwise, in bytes.
const DEFAULT_MAX_DECODED_BYTES: u64 = 2 << 30;

/// Whose rules say when samples were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamps {
    /// As they stand in the file.
    Raw,
    /// Robust lines, stretch by stretch: see [`crate::time::stretches`].
    #[default]
    Settled,
    /// pyxdf's numbers.
    Pyxdf,
}

/// What to do with the stamps, and how much memory may be taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadOptions {
    /// Brings all streams to the clock of the computer that recorded.
    pub synchronize: bool,
    /// What becomes of the stamps of regular streams.
    pub stamps: Stamps,
    /// Most memory that values and stamps may take, in bytes.
    pub max_decoded_bytes: u64,
}

impl Default for LoadOptions {
    /// Streams on one clock, each sample at the time at which it was taken.
    fn default() -> Self {
        Self {
            synchronize: true,
            stamps: Stamps::Settled,
            max_decoded_bytes: DEFAULT_MAX_DECODED_BYTES,
        }
    }
}

impl LoadOptions {
    /// The stamps as they stand in the file.
    pub fn raw() -> Self {
        Self { synchronize: false, stamps: Stamps::Raw, ..Self::default() }
    }

    /// The numbers of pyxdf with its default options.
    pub fn pyxdf() -> Self {
        Self { stamps: Stamps::Pyxdf, ..Self::default() }
    }
}

/// Reads a whole file. `path` is only for messages.
///
/// # Errors
/// [`FormatError::Unknown`] when it is not XDF, [`FormatError::Unusable`] when it is larger than the
/// options allow, [`FormatError::Io`] when it cannot be read. Damage is no error: see the warnings.
pub fn load<R: Read + Seek>(
    reader: R,
    path: &Path,
    options: &LoadOptions,
) -> Result<XdfFile, FormatError> {
    assembled(reader, path, options, Assembly::default()).map(|(file, _)| file)
}

/// Where a chunk of samples lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct SampleChunk {
    /// Place of its stream among the streams of the file.
    pub stream: usize,
    /// Samples of that stream before it.
    pub first: usize,
    /// Where its content begins in the file, and how long it is.
    pub offset: u64,
    /// See `offset`.
    pub bytes: usize,
    /// True when the file ends before the chunk does.
    pub cut: bool,
}

/// As [`load`], without the values: they stay in the file, where the chunks say.
pub(super) fn index<R: Read + Seek>(
    reader: R,
    path: &Path,
    options: &LoadOptions,
) -> Result<(XdfFile, Vec<SampleChunk>), FormatError> {
    assembled(reader, path, options, Assembly { index: Some(Vec::new()), ..Assembly::default() })
}

fn assembled<R: Read + Seek>(
    reader: R,
    path: &Path,
    options: &LoadOptions,
    mut assembly: Assembly,
) -> Result<(XdfFile, Vec<SampleChunk>), FormatError> {
    let mut chunks = ChunkReader::new(reader, path)?;
    while let Some(chunk) = chunks.next_chunk()? {
        match assembly.take(&chunk) {
            Ok(None) => {}
            Ok(Some(warning)) => chunks.warn(warning),
            Err(why) => chunks.reject(&why)?,
        }
        if assembly.bytes > options.max_decoded_bytes {
            let limit = options.max_decoded_bytes >> 20;
            let why =
                format!("it holds more than {limit} MiB of samples; cut it into shorter files");
            return Err(FormatError::Unusable { format: FORMAT, why });
        }
    }
    let cut = chunks.is_cut();
    let mut file = XdfFile { cut, warnings: chunks.into_warnings(), ..assembly.file };
    for stream in &mut file.streams {
        finish(stream, options, &mut file.warnings);
    }
    if options.synchronize && options.stamps == Stamps::Settled {
        let said = together::bring_together(&mut file);
        file.warnings.extend(said);
    }
    Ok((file, assembly.index.unwrap_or_default()))
}

fn finish(stream: &mut Stream, options: &LoadOptions, warnings: &mut Vec<String>) {
    if options.synchronize {
        warnings.extend(sync::synchronize(stream));
    }
    match options.stamps {
        Stamps::Settled => warnings.extend(dejitter::dejitter(stream)),
        Stamps::Pyxdf => dejitter::as_pyxdf(stream),
        Stamps::Raw => measure(stream),
    }
}

fn measure(stream: &mut Stream) {
    if !stream.stamps.is_empty() {
        stream.segments.push(0..stream.stamps.len());
        stream.effective_rate_hz = crate::time::line::mean_rate_hz(&stream.stamps);
    }
}

#[derive(Default)]
struct Assembly {
    file: XdfFile,
    by_id: BTreeMap<u32, Known>,
    /// Memory taken by values and stamps so far.
    bytes: u64,
    /// Chunks of samples so far.
    chunks: usize,
    /// Where chunks of samples lie; while it is kept, values are not.
    index: Option<Vec<SampleChunk>>,
}

/// What is known of a stream id.
#[derive(Clone, Copy)]
enum Known {
    /// Place in the list of streams.
    At(usize),
    /// Its header could not be used: its chunks are skipped.
    Unusable,
}

impl Assembly {
    /// Takes a chunk; gives a warning if something about it is odd.
    fn take(&mut self, chunk: &RawChunk<'_>) -> Result<Option<String>, FormatError> {
        let mut cursor = Cursor::new(chunk.content, chunk.offset);
        match chunk.tag {
            None => Ok(Some(format!("the chunk at byte {} is of an unknown kind", chunk.offset))),
            Some(Tag::FileHeader) => {
                self.file.header = FileHeader::parse(chunk.content);
                Ok(None)
            }
            Some(Tag::Boundary) if chunk.content == BOUNDARY || chunk.cut => Ok(None),
            Some(Tag::Boundary) => {
                let got = format!("{} other bytes", chunk.content.len());
                Err(malformed(chunk.offset, "the boundary signature".into(), got))
            }
            Some(Tag::StreamHeader) => {
                let id = cursor.u32("a stream number")?;
                Ok(self.take_header(id, cursor.rest()))
            }
            Some(tag) => {
                let id = cursor.u32("a stream number")?;
                self.take_of_stream(tag, id, &mut cursor, chunk)
            }
        }
    }

    fn take_header(&mut self, id: u32, xml: &[u8]) -> Option<String> {
        if self.by_id.contains_key(&id) {
            return Some(format!("stream {id} has a second header, which is left out"));
        }
        match StreamHeader::parse(xml) {
            Ok((header, repaired)) => {
                self.by_id.insert(id, Known::At(self.file.streams.len()));
                self.file.streams.push(Stream::new(id, header));
                self.file.arrivals.push(Vec::new());
                repaired.map(|what| format!("stream {id}: {what}"))
            }
            Err(why) => {
                self.by_id.insert(id, Known::Unusable);
                Some(format!("stream {id} cannot be read: {why}"))
            }
        }
    }

    fn take_of_stream(
        &mut self,
        tag: Tag,
        id: u32,
        cursor: &mut Cursor<'_>,
        chunk: &RawChunk<'_>,
    ) -> Result<Option<String>, FormatError> {
        let place = match self.by_id.get(&id) {
            Some(Known::At(place)) => *place,
            Some(Known::Unusable) => return Ok(None),
            None => {
                let expected = "the number of a stream whose header came before".to_owned();
                return Err(malformed(cursor.offset(), expected, id.to_string()));
            }
        };
        let stream = &mut self.file.streams[place];
        match tag {
            Tag::Samples => {
                let before = stream.bytes();
                let first_sample = stream.len();
                self.file.arrivals[place].push(Arrival { number: self.chunks, first_sample });
                self.chunks += 1;
                let warning = stream.take_samples(cursor, chunk.cut)?;
                if let Some(index) = &mut self.index {
                    let (offset, bytes) = (chunk.offset, chunk.content.len());
                    index.push(SampleChunk {
                        stream: place,
                        first: first_sample,
                        offset,
                        bytes,
                        cut: chunk.cut,
                    });
                    stream.values.truncate(0);
                }
                self.bytes += stream.bytes() - before;
                return Ok(warning);
            }
            Tag::ClockOffset => stream.clock_offsets.push(ClockOffset {
                time_secs: cursor.f64("the time of a clock offset")?,
                value_secs: cursor.f64("a clock offset")?,
            }),
            Tag::StreamFooter => stream.footer = Some(Footer::parse(cursor.rest())),
            Tag::FileHeader | Tag::StreamHeader | Tag::Boundary => {}
        }
        Ok(None)
    }
}

impl XdfFile {
    /// Does to a file loaded with [`LoadOptions::raw`] what the default options do, once. Warnings join those of the file.
    pub fn settle(&mut self) {
        let options = LoadOptions::default();
        for stream in &mut self.streams {
            stream.segments.clear();
            finish(stream, &options, &mut self.warnings);
        }
        let said = together::bring_together(self);
        self.warnings.extend(said);
    }
}

impl Stream {
    fn new(id: u32, header: StreamHeader) -> Self {
        Self {
            id,
            stamps: Vec::new(),
            values: Values::new(header.format),
            header,
            clock_offsets: Vec::new(),
            footer: None,
            segments: Vec::new(),
            clock_segments: Vec::new(),
            effective_rate_hz: 0.0,
            clock_drift_ppm: 0.0,
            clock_error_secs: 0.0,
            stamp_faults: StampFaults::default(),
            steps_back: Vec::new(),
            is_apart: false,
        }
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.stamps.len()
    }

    /// True when it has a header but no samples.
    pub fn is_empty(&self) -> bool {
        self.stamps.is_empty()
    }

    fn bytes(&self) -> u64 {
        self.values.bytes() + std::mem::size_of_val(self.stamps.as_slice()) as u64
    }

    fn take_samples(
        &mut self,
        cursor: &mut Cursor<'_>,
        cut: bool,
    ) -> Result<Option<String>, FormatError> {
        let start = cursor.offset();
        let mut sink = SampleSink {
            channels: self.header.channel_count,
            period_secs: self.header.period_secs(),
            stamps: &mut self.stamps,
            values: &mut self.values,
        };
        let taken = sink.take(cursor, cut)?;
        Ok(if taken.taken < taken.announced {
            let id = self.id;
            Some(format!(
                "stream {id}: {} of the {} samples of the last chunk are there",
                taken.taken, taken.announced
            ))
        } else if taken.left_over > 0 {
            Some(format!(
                "stream {}: the chunk at byte {start} is {} bytes longer than its samples",
                self.id, taken.left_over
            ))
        } else {
            None
        })
    }
}
