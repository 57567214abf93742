//! The bytes of one variable, from front to back.
//!
//! Takes the file at the variable's place, bare or packed with zlib; gives elements by their tags, and bytes. A packed
//! variable may hold a thousand times its size, so what comes out of it is limited.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, Take, Write as _};
use std::path::Path;

use flate2::bufread::ZlibDecoder;

use super::number::{Number, Order};
use crate::formats::FormatError;
use crate::formats::eeglab::words::{FORMAT, unusable};

/// Bytes that are unpacked between two writes into the temporary file.
const UNPACKED_AT_ONCE: usize = 1 << 18;

/// An element: its type number, and where its content ends and the next begins, counted in the variable. Its content
/// begins where the input stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    pub kind: u32,
    pub bytes: u64,
    pub next: u64,
}

/// Where the content of an element lies, to be read later.
#[derive(Debug)]
pub struct Bytes {
    /// What was packed, in a file without a name; `None` when it lies in the MAT-file itself.
    pub unpacked: Option<File>,
    /// First byte in that file.
    pub from: u64,
    /// Bytes that are there; fewer than the element tells of in a file that was cut.
    pub count: u64,
}

#[derive(Debug)]
enum Source<'a> {
    Bare(&'a mut BufReader<File>),
    Packed(Box<ZlibDecoder<Take<&'a mut BufReader<File>>>>),
}

/// Reads a variable.
#[derive(Debug)]
pub struct Input<'a> {
    source: Source<'a>,
    path: &'a Path,
    /// Order of the bytes of numbers.
    pub order: Order,
    /// First byte of the variable in the file, for messages.
    base: u64,
    /// Bytes that have been read of the variable.
    at: u64,
    /// Bytes that the file has from `base` on, or that may come out of it.
    limit: u64,
    /// The file ended within the variable.
    is_cut: bool,
}

impl<'a> Input<'a> {
    /// A variable that lies bare at the place where the file stands, `base`, with `limit` bytes behind it.
    pub fn bare(
        file: &'a mut BufReader<File>,
        path: &'a Path,
        order: Order,
        base: u64,
        limit: u64,
    ) -> Self {
        Self { source: Source::Bare(file), path, order, base, at: 0, limit, is_cut: false }
    }

    /// A variable packed in the next `bytes` of the file; at most `limit` bytes are taken out.
    pub fn packed(
        file: &'a mut BufReader<File>,
        path: &'a Path,
        order: Order,
        base: u64,
        bytes: u64,
        limit: u64,
    ) -> Self {
        let source = Source::Packed(Box::new(ZlibDecoder::new(file.take(bytes))));
        Self { source, path, order, base, at: 0, limit, is_cut: false }
    }

    /// Bytes that have been read of the variable.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Whether the file ended before the variable did.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The error of something that makes no sense where the input stands.
    pub fn malformed(&self, expected: &str, got: impl Into<String>) -> FormatError {
        let (offset, expected) = match self.source {
            Source::Bare(_) => (self.base + self.at, expected.to_owned()),
            Source::Packed(_) => {
                (self.base, format!("{expected} ({} bytes into what is packed there)", self.at))
            }
        };
        FormatError::Malformed { format: FORMAT, offset, expected, got: got.into() }
    }

    fn failed(&mut self, why: io::Error) -> FormatError {
        match why.kind() {
            ErrorKind::UnexpectedEof => self.ended(),
            _ if is_damage(&why) => {
                self.malformed("packed bytes", "bytes that do not unpack (zlib)")
            }
            _ => FormatError::Io { action: "reading", source: why, path: self.path.into() },
        }
    }

    fn ended(&mut self) -> FormatError {
        self.is_cut = true;
        let end = match self.source {
            Source::Bare(_) => "the end of the file",
            Source::Packed(_) => "the end of what is packed",
        };
        self.malformed("more bytes", end)
    }

    /// Whether so many bytes may be read, before anything is done about them.
    fn allow(&mut self, bytes: u64) -> Result<(), FormatError> {
        if self.at.checked_add(bytes).is_some_and(|end| end <= self.limit) {
            return Ok(());
        }
        Err(match self.source {
            Source::Bare(_) => self.ended(),
            Source::Packed(_) => unusable(format!(
                "what is packed in it at byte {} unpacks to more than is read of a file of this size ({} MiB are \
                 left); save it unpacked (in MATLAB: save -v6), or with the samples in a .fdt file",
                self.base,
                self.limit >> 20
            )),
        })
    }

    /// Fills `into`.
    pub fn read(&mut self, into: &mut [u8]) -> Result<(), FormatError> {
        self.allow(into.len() as u64)?;
        let read = match &mut self.source {
            Source::Bare(file) => file.read_exact(into),
            Source::Packed(packed) => packed.read_exact(into),
        };
        read.map_err(|why| self.failed(why))?;
        self.at += into.len() as u64;
        Ok(())
    }

    /// The next word.
    pub fn u32(&mut self) -> Result<u32, FormatError> {
        let mut bytes = [0; 4];
        self.read(&mut bytes)?;
        Ok(match self.order {
            Order::Little => u32::from_le_bytes(bytes),
            Order::Big => u32::from_be_bytes(bytes),
        })
    }

    /// The tag of the next element, which must lie within the first `end` bytes of the variable.
    pub fn tag(&mut self, end: u64) -> Result<Tag, FormatError> {
        if end.saturating_sub(self.at) < 8 {
            let left = end.saturating_sub(self.at);
            return Err(self.malformed("a tag of 8 bytes", format!("an array with {left} left")));
        }
        let first = self.u32()?;
        // Four bytes or fewer may stand within the tag, where their count shares a word with the type.
        let (kind, bytes, room) = match u64::from(first >> 16) {
            0 => (first, u64::from(self.u32()?), None),
            short => (first & 0xffff, short, Some(4)),
        };
        if bytes > room.unwrap_or_else(|| end - self.at) {
            let expected = format!("at most {} bytes", room.unwrap_or_else(|| end - self.at));
            return Err(self.malformed(&expected, format!("an element of {bytes}")));
        }
        // The last element of an array may lack the bytes that fill up to eight.
        let next = self.at + room.unwrap_or_else(|| bytes.next_multiple_of(8));
        Ok(Tag { kind, bytes, next: next.min(end) })
    }

    /// Goes on to a place of the variable; a place that lies behind is none to go to.
    pub fn go_to(&mut self, place: u64) -> Result<(), FormatError> {
        let bytes = place.saturating_sub(self.at);
        if bytes == 0 {
            return Ok(());
        }
        self.allow(bytes)?;
        let gone = match &mut self.source {
            Source::Bare(file) => {
                file.seek_relative(i64::try_from(bytes).unwrap_or(i64::MAX)).map(|()| bytes)
            }
            Source::Packed(packed) => io::copy(&mut packed.take(bytes), &mut io::sink()),
        };
        let gone = gone.map_err(|why| self.failed(why))?;
        self.at += gone;
        if gone < bytes { Err(self.ended()) } else { Ok(()) }
    }

    /// At most `most` bytes of the content of an element; the input then stands behind it.
    pub fn content(&mut self, tag: Tag, most: u64) -> Result<Vec<u8>, FormatError> {
        self.allow(tag.bytes)?;
        let mut bytes = vec![0; tag.bytes.min(most) as usize];
        self.read(&mut bytes)?;
        self.go_to(tag.next)?;
        Ok(bytes)
    }

    /// At most `most` numbers of an element; `None` when it holds none.
    pub fn numbers(&mut self, tag: Tag, most: u64) -> Result<Option<Vec<f64>>, FormatError> {
        let Some(number) = Number::of_kind(tag.kind) else {
            self.go_to(tag.next)?;
            return Ok(None);
        };
        let bytes = self.content(tag, most * number.bytes() as u64)?;
        let mut cells = vec![0.0; bytes.len() / number.bytes()];
        number.fill(&bytes, self.order, cells.iter_mut());
        Ok(Some(cells))
    }

    /// Where the next `count` bytes lie. What is packed is brought into a temporary file without a name.
    pub fn keep(&mut self, count: u64) -> Result<Bytes, FormatError> {
        if let Source::Bare(_) = self.source {
            let there = count.min(self.limit.saturating_sub(self.at));
            return Ok(Bytes { unpacked: None, from: self.base + self.at, count: there });
        }
        self.allow(count)?;
        let path = self.path;
        let io = |source| FormatError::Io {
            action: "unpacking into a temporary file",
            source,
            path: path.into(),
        };
        let mut file = tempfile::tempfile().map_err(io)?;
        let there = match &mut self.source {
            Source::Bare(_) => Ok(0),
            Source::Packed(packed) => {
                let mut out = BufWriter::with_capacity(UNPACKED_AT_ONCE, &mut file);
                let copied = io::copy(&mut packed.take(count), &mut out);
                out.flush().map_err(io)?;
                copied
            }
        };
        let there = match there {
            Ok(there) => there,
            // What came out before the file ended is good.
            Err(why) if why.kind() == ErrorKind::UnexpectedEof => {
                file.stream_position().map_err(io)?
            }
            Err(why) if is_damage(&why) => return Err(self.failed(why)),
            Err(why) => return Err(io(why)),
        };
        self.at += there;
        Ok(Bytes { unpacked: Some(file), from: 0, count: there })
    }

    /// Reads to the end of what is packed, where its checksum stands. More that a packer may have added behind the
    /// variable is not looked at.
    pub fn check(&mut self) -> Result<(), FormatError> {
        let Source::Packed(packed) = &mut self.source else { return Ok(()) };
        let read = packed.read(&mut [0; 8]);
        read.map(|_| ()).map_err(|why| self.failed(why))
    }
}

fn is_damage(why: &io::Error) -> bool {
    matches!(why.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData)
}
