//! Makes a whole file of one whose recorder died.
//!
//! Takes a file in its place; gives it every footer it lacks, and keeps every complete sample. What cannot be part
//! of a file, the torn end, is first copied beside it (`name.torn`), so that nothing is lost even when this is
//! killed too: doing it again makes the file whole, though samples of the torn chunk may then be in that copy alone.
//! A whole file is not touched.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::assemble::{LoadOptions, SampleChunk, index};
use super::chunks::ChunkReader;
use super::samples::{SampleSink, Values};
use super::stream::{Stream, XdfFile};
use super::wire::{Cursor, FORMAT, Tag, put_varlen};
use super::write::{Written, chunk_bytes, footer_xml};
use crate::formats::FormatError;

/// What a repair found and did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repaired {
    /// True when there was nothing to do.
    pub was_whole: bool,
    /// Bytes at the end that belong to no complete sample.
    pub bytes_cut: u64,
    /// Where they are kept.
    pub torn: Option<PathBuf>,
    /// Streams: name, samples kept, last stamp in seconds.
    pub streams: Vec<(String, u64, Option<f64>)>,
}

impl Repaired {
    /// A sentence for the user.
    pub fn sentence(&self) -> String {
        let samples: u64 = self.streams.iter().map(|(_, samples, _)| samples).sum();
        let count = self.streams.len();
        if self.was_whole {
            return format!("it was whole: {samples} samples in {count} streams");
        }
        match &self.torn {
            Some(torn) => format!(
                "it is whole again with {samples} samples in {count} streams; {} bytes of a torn end are kept in {}",
                self.bytes_cut,
                torn.display()
            ),
            None => format!(
                "it is whole again with {samples} samples in {count} streams; its end was not torn"
            ),
        }
    }
}

/// Whether a file ends inside a chunk or any of its streams has no footer. Reads all of it.
///
/// # Errors
/// [`FormatError`] when it cannot be read or is not XDF.
pub fn is_unfinished(path: &Path) -> Result<bool, FormatError> {
    let (file, _) = indexed(path)?;
    Ok(last_whole(path)?.is_torn() || file.streams.iter().any(|stream| stream.footer.is_none()))
}

/// Makes the file whole.
///
/// # Errors
/// [`FormatError`] when it cannot be read or written, or is not XDF; then it is as it was, or as a repair that
/// was killed leaves it.
pub fn repair(path: &Path) -> Result<Repaired, FormatError> {
    let io =
        |action: &'static str| move |source| FormatError::Io { action, source, path: path.into() };
    let (mut found, chunks) = indexed(path)?;
    let whole = last_whole(path)?;
    whole.forget_torn(&mut found.streams);
    let mut done = Repaired {
        streams: found
            .streams
            .iter()
            .map(|s| (s.header.name.clone(), s.len() as u64, s.stamps.last().copied()))
            .collect(),
        ..Repaired::default()
    };
    if !whole.is_torn() && found.streams.iter().all(|stream| stream.footer.is_some()) {
        done.was_whole = true;
        return Ok(done);
    }
    let mut file =
        OpenOptions::new().read(true).write(true).open(path).map_err(io("opening for repair"))?;
    let mut end = Vec::new();
    if whole.is_torn() {
        end = complete_samples(&mut file, chunks.last(), &found.streams, path)?;
        // The new chunk's own count may take a byte more or less; what matters is that nothing is silent.
        done.bytes_cut = (whole.len - whole.end).saturating_sub(end.len() as u64);
        done.torn = Some(keep_torn(&mut file, whole.end, path)?);
    }
    for stream in found.streams.iter().filter(|stream| stream.footer.is_none()) {
        end.extend(footer(stream));
    }
    // Over the torn end in one go, and only then cut: what is between is as short as can be.
    file.seek(SeekFrom::Start(whole.end)).map_err(io("repairing"))?;
    file.write_all(&end).map_err(io("repairing"))?;
    file.set_len(whole.end + end.len() as u64).map_err(io("cutting the torn end"))?;
    file.sync_all().map_err(io("synchronising with the disk"))?;
    Ok(done)
}

fn indexed(path: &Path) -> Result<(XdfFile, Vec<SampleChunk>), FormatError> {
    let file = File::open(path).map_err(|source| FormatError::Io {
        action: "reading",
        source,
        path: path.into(),
    })?;
    index(file, path, &LoadOptions::raw())
}

/// Where the last whole chunk ends, and which chunk is torn.
struct LastWhole {
    end: u64,
    /// Of the file.
    len: u64,
    torn: Option<(Tag, u32)>,
}

fn last_whole(path: &Path) -> Result<LastWhole, FormatError> {
    let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
    let file = File::open(path).map_err(io)?;
    let len = file.metadata().map_err(io)?.len();
    let mut chunks = ChunkReader::new(file, path)?;
    let mut found = LastWhole { end: super::wire::MAGIC.len() as u64, len, torn: None };
    while let Some(chunk) = chunks.next_chunk()? {
        if !chunk.cut {
            found.end = chunk.offset + chunk.content.len() as u64;
        } else if let (Some(tag), Some(id)) = (chunk.tag, chunk.content.first_chunk()) {
            found.torn = Some((tag, u32::from_le_bytes(*id)));
        }
    }
    Ok(found)
}

impl LastWhole {
    /// Bytes stand behind the last whole chunk: half a chunk, or what a power cut leaves there.
    fn is_torn(&self) -> bool {
        self.end < self.len
    }

    /// A reader makes what it can of a torn header or footer; here both go with the torn end.
    fn forget_torn(&self, streams: &mut Vec<Stream>) {
        match self.torn {
            Some((Tag::StreamHeader, id)) => {
                streams.retain(|stream| stream.id != id || !stream.is_empty())
            }
            Some((Tag::StreamFooter, id)) => {
                streams
                    .iter_mut()
                    .filter(|stream| stream.id == id)
                    .for_each(|stream| stream.footer = None);
            }
            _ => {}
        }
    }
}

/// The complete samples of a chunk that the end of the file cuts, as a chunk of their own; empty when there are none.
fn complete_samples(
    file: &mut File,
    last: Option<&SampleChunk>,
    streams: &[Stream],
    path: &Path,
) -> Result<Vec<u8>, FormatError> {
    let Some(chunk) = last.filter(|chunk| chunk.cut) else { return Ok(Vec::new()) };
    let io = |source| FormatError::Io { action: "reading the torn end", source, path: path.into() };
    let mut content = vec![0; chunk.bytes];
    file.seek(SeekFrom::Start(chunk.offset)).map_err(io)?;
    file.read_exact(&mut content).map_err(io)?;
    let stream = &streams[chunk.stream];
    let taken = |content: &[u8], cut: bool| {
        let mut cursor = Cursor::new(content, chunk.offset);
        cursor.u32("a stream number")?;
        let mut sink = SampleSink {
            channels: stream.header.channel_count,
            period_secs: stream.header.period_secs(),
            stamps: &mut Vec::new(),
            values: &mut Values::new(stream.header.format),
        };
        sink.take(&mut cursor, cut)
    };
    let count = taken(&content, true)?.taken;
    let samples_at = {
        let mut cursor = Cursor::new(&content, 0);
        cursor.u32("a stream number")?;
        cursor.varlen("the number of samples")?;
        cursor.offset() as usize
    };
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut kept = stream.id.to_le_bytes().to_vec();
    put_varlen(&mut kept, count);
    kept.extend_from_slice(&content[samples_at..]);
    let left_over = taken(&kept, false)?.left_over;
    kept.truncate(kept.len() - left_over);
    Ok(chunk_bytes(Tag::Samples, &kept))
}

/// Copies everything from `from` on beside the file, under a name that is free.
fn keep_torn(file: &mut File, from: u64, path: &Path) -> Result<PathBuf, FormatError> {
    for number in 0..1000 {
        let ending = if number == 0 { ".torn".into() } else { format!(".torn{number}") };
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        let torn = PathBuf::from(name);
        let io =
            |source| FormatError::Io { action: "keeping the torn end", source, path: torn.clone() };
        match OpenOptions::new().write(true).create_new(true).open(&torn) {
            Ok(mut beside) => {
                file.seek(SeekFrom::Start(from)).map_err(io)?;
                std::io::copy(file, &mut beside).map_err(io)?;
                beside.sync_all().map_err(io)?;
                // The name too must survive; where a folder cannot be opened like a file, it cannot be done.
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
                    let _ = folder.sync_all();
                }
                return Ok(torn);
            }
            Err(source) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(io(source)),
        }
    }
    Err(FormatError::Unusable {
        format: FORMAT,
        why: "a thousand torn ends lie beside it already".into(),
    })
}

fn footer(stream: &Stream) -> Vec<u8> {
    let written = Written {
        channels: stream.header.channel_count,
        format: stream.header.format,
        period_secs: stream.header.period_secs(),
        samples: stream.len() as u64,
        first_secs: stream.stamps.first().copied().unwrap_or(0.0),
        last_secs: stream.stamps.last().copied().unwrap_or(0.0),
        offsets: stream
            .clock_offsets
            .iter()
            .map(|offset| (offset.time_secs, offset.value_secs))
            .collect(),
        offset_count: stream.clock_offsets.len() as u64,
    };
    let mut content = stream.id.to_le_bytes().to_vec();
    content.extend(footer_xml(&written).as_bytes());
    chunk_bytes(Tag::StreamFooter, &content)
}
