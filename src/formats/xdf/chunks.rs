//! Cuts a file into chunks, and finds the way back after damage.
//!
//! Takes anything that reads and seeks; gives chunks one after another, each within
//! [`MAX_CHUNK_BYTES`] and never larger than the bytes that the file really has. After a bad chunk it
//! goes on behind it if a chunk begins there, else behind the next boundary signature; a chunk that the
//! end of the file cuts is handed over as far as it goes. Every such step is a warning, none an error:
//! errors are left to the operating system and to files that are not XDF at all.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::wire::{self, BOUNDARY, Cursor, MAGIC, MAX_CHUNK_BYTES, TAG_BYTES, Tag, malformed};
use crate::formats::FormatError;

/// Warnings kept; further ones are counted. A hostile file could otherwise make millions.
const MAX_WARNINGS: usize = 100;

/// Bytes searched at a time for a boundary.
const SCAN_BYTES: usize = 64 << 10;

/// Most bytes of a chunk before its content: length (9) and tag (2).
const MAX_HEAD_BYTES: u64 = 11;

/// A chunk as it lies in the file.
#[derive(Debug)]
pub struct RawChunk<'a> {
    /// What it holds; `None` for a tag that the specification does not know.
    pub tag: Option<Tag>,
    /// Where the content begins in the file.
    pub offset: u64,
    /// The bytes after the tag.
    pub content: &'a [u8],
    /// True when the file ends before the chunk does.
    pub cut: bool,
}

/// Gives the chunks of a file in order.
#[derive(Debug)]
pub struct ChunkReader<R: Read + Seek> {
    reader: BufReader<R>,
    path: PathBuf,
    len: u64,
    /// Where `reader` stands.
    reader_at: u64,
    /// Where the current chunk begins, and where the next one should.
    chunk_start: u64,
    next: u64,
    content: Vec<u8>,
    warnings: Vec<String>,
    more_warnings: u64,
    cut: bool,
}

/// Length and tag of a chunk.
#[derive(Clone, Copy)]
struct Head {
    tag: u16,
    content_start: u64,
    end: u64,
}

impl<R: Read + Seek> ChunkReader<R> {
    /// Checks the magic. `path` is only for messages.
    ///
    /// # Errors
    /// [`FormatError::Unknown`] when it is not XDF, [`FormatError::Io`] when it cannot be read.
    pub fn new(mut reader: R, path: &Path) -> Result<Self, FormatError> {
        let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
        let len = reader.seek(SeekFrom::End(0)).map_err(io)?;
        reader.seek(SeekFrom::Start(0)).map_err(io)?;
        let mut chunks = Self {
            reader: BufReader::with_capacity(SCAN_BYTES, reader),
            path: path.into(),
            len,
            reader_at: 0,
            chunk_start: 0,
            next: MAGIC.len() as u64,
            content: Vec::new(),
            warnings: Vec::new(),
            more_warnings: 0,
            cut: false,
        };
        let mut magic = [0; MAGIC.len()];
        if len >= MAGIC.len() as u64 {
            chunks.read_at(0, &mut magic)?;
        }
        if magic == MAGIC {
            return Ok(chunks);
        }
        let why = "an XDF file begins with the letters XDF: and this one does not".into();
        Err(FormatError::Unknown { why, path: path.into() })
    }

    /// The next chunk; `None` at the end of the file.
    ///
    /// # Errors
    /// [`FormatError::Io`] only.
    pub fn next_chunk(&mut self) -> Result<Option<RawChunk<'_>>, FormatError> {
        let Some((head, cut)) = self.find_chunk()? else {
            return Ok(None);
        };
        let end = head.end.min(self.len);
        self.next = end;
        // At most MAX_CHUNK_BYTES and at most what the file has: both were checked with the head.
        let mut content = std::mem::take(&mut self.content);
        content.resize((end - head.content_start) as usize, 0);
        let read = self.read_at(head.content_start, &mut content);
        self.content = content;
        read?;
        let tag = Tag::from_number(head.tag);
        Ok(Some(RawChunk { tag, offset: head.content_start, content: &self.content, cut }))
    }

    /// Tells that the chunk just given made no sense: notes why, and goes on behind it if a chunk begins
    /// there, else behind the next boundary.
    ///
    /// # Errors
    /// [`FormatError::Io`] only.
    pub fn reject(&mut self, why: &FormatError) -> Result<(), FormatError> {
        if self.plausible_at(self.next)? {
            self.warn(format!("{why}; this chunk is left out"));
            return Ok(());
        }
        self.resume_at_boundary(&why.to_string())
    }

    /// Notes something that the user should know.
    pub fn warn(&mut self, text: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(text);
        } else {
            self.more_warnings += 1;
        }
    }

    /// True when the file ended inside a chunk.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// What was noted on the way.
    pub fn into_warnings(mut self) -> Vec<String> {
        if self.more_warnings > 0 {
            self.warnings.push(format!("and {} more warnings", self.more_warnings));
        }
        self.warnings
    }

    /// The head of the next chunk that can be read, and whether the end of the file cuts it.
    fn find_chunk(&mut self) -> Result<Option<(Head, bool)>, FormatError> {
        while self.next < self.len {
            self.chunk_start = self.next;
            let head = match self.read_head(self.next)? {
                Ok(head) => head,
                Err(_) if self.len - self.next < MAX_HEAD_BYTES => break,
                Err(why) => {
                    self.resume_at_boundary(&why.to_string())?;
                    continue;
                }
            };
            if head.end <= self.len {
                if Tag::from_number(head.tag).is_some() || self.plausible_at(head.end)? {
                    return Ok(Some((head, false)));
                }
                let why =
                    format!("the chunk at byte {} has the unknown tag {}", self.next, head.tag);
                self.resume_at_boundary(&why)?;
                continue;
            }
            // Either the recorder was killed here, or the length is wrong; a later boundary tells.
            if let Some(found) = self.find_boundary(self.next + 1)? {
                let why = format!("the chunk at byte {} is longer than the file", self.next);
                self.skip_to(found, &why);
                continue;
            }
            self.note_cut();
            return Ok(Some((head, true)));
        }
        if self.next < self.len {
            self.note_cut();
            self.next = self.len;
        }
        Ok(None)
    }

    fn note_cut(&mut self) {
        self.cut = true;
        let (at, len) = (self.next, self.len);
        self.warn(format!("the file ends at byte {len} inside the chunk that begins at byte {at}"));
    }

    fn read_head(&mut self, at: u64) -> Result<Result<Head, FormatError>, FormatError> {
        let mut bytes = [0; MAX_HEAD_BYTES as usize];
        let available = (self.len - at).min(MAX_HEAD_BYTES) as usize;
        self.read_at(at, &mut bytes[..available])?;
        Ok(parse_head(&bytes[..available], at))
    }

    /// Whether a chunk of a known kind, or the end of the file, is at this place.
    fn plausible_at(&mut self, at: u64) -> Result<bool, FormatError> {
        if at >= self.len {
            return Ok(at == self.len);
        }
        let head = self.read_head(at)?;
        Ok(head.is_ok_and(|head| Tag::from_number(head.tag).is_some()))
    }

    fn resume_at_boundary(&mut self, why: &str) -> Result<(), FormatError> {
        match self.find_boundary(self.chunk_start + 1)? {
            Some(found) => self.skip_to(found, why),
            None => {
                self.warn(format!("{why}; nothing after it can be read"));
                self.next = self.len;
            }
        }
        Ok(())
    }

    fn skip_to(&mut self, found: u64, why: &str) {
        self.next = found;
        self.warn(format!("{why}; reading goes on at byte {found}, behind the next boundary"));
    }

    /// The place just behind the next boundary signature at or after `from`.
    fn find_boundary(&mut self, from: u64) -> Result<Option<u64>, FormatError> {
        let mut block = vec![0; SCAN_BYTES];
        let mut at = from;
        while at + BOUNDARY.len() as u64 <= self.len {
            let size = (self.len - at).min(SCAN_BYTES as u64) as usize;
            self.read_at(at, &mut block[..size])?;
            if let Some(found) = find(&block[..size], &BOUNDARY) {
                return Ok(Some(at + (found + BOUNDARY.len()) as u64));
            }
            // Blocks overlap, so that a signature across two of them is found.
            at += (size - (BOUNDARY.len() - 1)) as u64;
        }
        Ok(None)
    }

    fn read_at(&mut self, at: u64, bytes: &mut [u8]) -> Result<(), FormatError> {
        let moved = at.wrapping_sub(self.reader_at) as i64;
        let read = self.reader.seek_relative(moved).and_then(|()| self.reader.read_exact(bytes));
        self.reader_at = at + bytes.len() as u64;
        read.map_err(|source| FormatError::Io {
            action: "reading",
            source,
            path: self.path.clone(),
        })
    }
}

fn parse_head(bytes: &[u8], at: u64) -> Result<Head, FormatError> {
    let mut cursor = Cursor::new(bytes, at);
    let length = cursor.varlen("the chunk length")?;
    if !(TAG_BYTES..=MAX_CHUNK_BYTES).contains(&length) {
        let expected = format!("a chunk of {TAG_BYTES} to {MAX_CHUNK_BYTES} bytes");
        return Err(malformed(at, expected, format!("{length} bytes")));
    }
    let tag_start = cursor.offset();
    let mut tag = [0; 2];
    tag.copy_from_slice(cursor.take(TAG_BYTES, "the chunk's tag")?);
    let tag = u16::from_le_bytes(tag);
    Ok(Head { tag, content_start: tag_start + wire::TAG_BYTES, end: tag_start + length })
}

/// Where `needle` begins in `hay`.
fn find(hay: &[u8], needle: &[u8; 16]) -> Option<usize> {
    let mut from = 0;
    while let Some(step) = hay.get(from..)?.iter().position(|byte| *byte == needle[0]) {
        from += step;
        if hay[from..].starts_with(needle) {
            return Some(from);
        }
        from += 1;
    }
    None
}
