//! A FIFF file as a chain of tags: where each is, what it holds, in which block it stands.
//!
//! Takes a file; gives its tags one after another, whatever they hold. The chain is followed by the tags
//! themselves, not by the directory at the end of the file, which a recorder that stopped early never writes.
//! Whatever the file says, a walk ends: no tag is larger than the file, and all tags together are not either.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::words::{FORMAT, datatype, tag as kinds};
use crate::formats::FormatError;

/// How every file begins: the tag of its identity, its type, and how long it is.
pub(super) const MARK: [u8; 12] = [0, 0, 0, 100, 0, 0, 0, 31, 0, 0, 0, 20];

/// How compressed files begin.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes before what a tag holds: kind, type, size, place of the next; big-endian, 32 bits each.
const HEADER_BYTES: u64 = 16;

/// Tags of a file at most. Recorders write one for every few dozen samples or more.
const MAX_TAGS: u32 = 1 << 22;

/// Blocks inside one another at most.
const MAX_DEPTH: usize = 64;

/// A file and its length.
#[derive(Debug)]
pub(super) struct Input {
    file: File,
    path: PathBuf,
    len: u64,
}

impl Input {
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
        let mut file = File::open(path).map_err(io)?;
        let len = file.seek(SeekFrom::End(0)).map_err(io)?;
        Ok(Self { file, path: path.into(), len })
    }

    /// Refuses a file that does not begin as the format does.
    pub fn check_mark(&mut self) -> Result<(), FormatError> {
        let mut first = [0; MARK.len()];
        if self.len >= MARK.len() as u64 {
            self.read_at(0, &mut first)?;
        }
        if first.starts_with(&GZIP) {
            let why = "it is compressed: uncompress it first (gunzip)".into();
            return Err(FormatError::Unusable { format: FORMAT, why });
        }
        if first != MARK {
            return Err(FormatError::Malformed {
                format: FORMAT,
                offset: 0,
                expected: format!("the identity of a file ({MARK:?})"),
                got: format!("{first:?}"),
            });
        }
        Ok(())
    }

    /// Fills `bytes` from `at` on.
    pub fn read_at(&mut self, at: u64, bytes: &mut [u8]) -> Result<(), FormatError> {
        let read = self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.read_exact(bytes));
        let path = &self.path;
        read.map_err(|source| FormatError::Io { action: "reading", source, path: path.clone() })
    }

    /// What a tag holds, at most its first `most` bytes.
    pub fn content(&mut self, tag: &Tag, most: usize) -> Result<Vec<u8>, FormatError> {
        let mut bytes = vec![0; usize::try_from(tag.bytes).unwrap_or(most).min(most)];
        self.read_at(tag.at, &mut bytes)?;
        Ok(bytes)
    }

    /// The numbers that a tag holds, at most `most`.
    pub fn numbers(&mut self, tag: &Tag, most: usize) -> Result<Vec<f64>, FormatError> {
        let bytes = self.content(tag, most.saturating_mul(8))?;
        let mut numbers = numbers(tag.datatype, &bytes);
        numbers.truncate(most);
        Ok(numbers)
    }

    /// The first number that a tag holds.
    pub fn number(&mut self, tag: &Tag) -> Result<Option<f64>, FormatError> {
        Ok(self.numbers(tag, 1)?.first().copied())
    }

    /// The text that a tag holds, at most `most` bytes.
    pub fn text(&mut self, tag: &Tag, most: usize) -> Result<String, FormatError> {
        Ok(text(&self.content(tag, most)?))
    }
}

/// One tag. [`Tag::bytes`] are those that are there: a tag never reaches beyond the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub kind: i32,
    pub datatype: u32,
    /// First byte of what it holds.
    pub at: u64,
    pub bytes: u64,
}

/// A place in the chain of tags. Copies go on from the same place.
#[derive(Clone, Debug, Default)]
pub(super) struct Walker {
    /// Where the next tag is.
    next: Next,
    /// Bytes of all tags so far.
    walked: u64,
    tags: u32,
    blocks: Vec<i32>,
    oddity: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    At(u64),
    Nowhere,
}

impl Default for Next {
    fn default() -> Self {
        Self::At(0)
    }
}

impl Walker {
    /// The next tag; `None` at the end of the chain. The start of a block comes when it is the innermost, its
    /// end when it no longer is.
    pub fn next(&mut self, input: &mut Input) -> Result<Option<Tag>, FormatError> {
        let Next::At(at) = std::mem::replace(&mut self.next, Next::Nowhere) else {
            return Ok(None);
        };
        if at.saturating_add(HEADER_BYTES) > input.len {
            self.stopped(input.len, at);
            return Ok(None);
        }
        let mut header = [0; HEADER_BYTES as usize];
        input.read_at(at, &mut header)?;
        let [kind, datatype, size, next] = words(&header);
        let there = input.len - at - HEADER_BYTES;
        let bytes = u64::from(size).min(there);
        self.walked += HEADER_BYTES + bytes;
        self.tags += 1;
        if self.tags > MAX_TAGS {
            self.note(format!(
                "it has more than {MAX_TAGS} tags: from byte {at} on they are left out"
            ));
            return Ok(None);
        }
        if self.walked > input.len {
            self.note(format!("the tags lead in a circle at byte {at}: what follows is left out"));
            return Ok(None);
        }
        if bytes < u64::from(size) {
            self.note(format!(
                "the file is cut short: the tag at byte {at} has {size} bytes and {bytes} are there"
            ));
        }
        self.next = match next.cast_signed() {
            0 => Next::At(at + HEADER_BYTES + u64::from(size)),
            1.. => Next::At(u64::from(next)),
            _ => Next::Nowhere,
        };
        let tag = Tag { kind: kind.cast_signed(), datatype, at: at + HEADER_BYTES, bytes };
        self.nest(input, &tag)?;
        Ok(Some(tag))
    }

    /// The kind of the innermost block; zero outside all blocks.
    pub fn block(&self) -> i32 {
        self.blocks.last().copied().unwrap_or(0)
    }

    /// Why the chain ended where it should not.
    pub fn oddity(&self) -> Option<&str> {
        self.oddity.as_deref()
    }

    fn nest(&mut self, input: &mut Input, tag: &Tag) -> Result<(), FormatError> {
        match tag.kind {
            kinds::BLOCK_START if self.blocks.len() < MAX_DEPTH => {
                self.blocks.push(input.number(tag)?.map_or(0, |number| number as i32));
            }
            kinds::BLOCK_START => {
                self.note(format!(
                    "at byte {} blocks are nested too deep: the rest is left out",
                    tag.at
                ));
                self.next = Next::Nowhere;
            }
            kinds::BLOCK_END => {
                self.blocks.pop();
            }
            _ => {}
        }
        Ok(())
    }

    fn stopped(&mut self, len: u64, at: u64) {
        if at > len {
            self.note(format!("a tag is said to be at byte {at} and the file has {len}"));
        } else if at < len {
            self.note(format!("the file is cut short within the tag at byte {at}"));
        } else if !self.blocks.is_empty() {
            self.note(format!("the file is cut short at byte {at}: its last block has no end"));
        }
    }

    /// The first oddity is the cause of those after it.
    fn note(&mut self, oddity: String) {
        self.oddity.get_or_insert(oddity);
    }
}

/// Four big-endian words.
fn words(header: &[u8; HEADER_BYTES as usize]) -> [u32; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(header.chunks_exact(4)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    words
}

/// A big-endian number of a simple type; `None` for another type or length.
pub(super) fn number(datatype: u32, bytes: &[u8]) -> Option<f64> {
    Some(match (datatype, bytes) {
        (datatype::BYTE, &[a]) => f64::from(a),
        (datatype::SHORT | datatype::DAU_PACK16, &[a, b]) => f64::from(i16::from_be_bytes([a, b])),
        (datatype::USHORT, &[a, b]) => f64::from(u16::from_be_bytes([a, b])),
        (datatype::INT, &[a, b, c, d]) => f64::from(i32::from_be_bytes([a, b, c, d])),
        (datatype::UINT, &[a, b, c, d]) => f64::from(u32::from_be_bytes([a, b, c, d])),
        (datatype::FLOAT, &[a, b, c, d]) => f64::from(f32::from_be_bytes([a, b, c, d])),
        (datatype::DOUBLE, &[a, b, c, d, e, f, g, h]) => {
            f64::from_be_bytes([a, b, c, d, e, f, g, h])
        }
        _ => return None,
    })
}

/// Bytes of one number of a simple type.
pub(super) fn number_bytes(datatype: u32) -> Option<usize> {
    Some(match datatype {
        datatype::BYTE => 1,
        datatype::SHORT | datatype::DAU_PACK16 | datatype::USHORT => 2,
        datatype::INT | datatype::UINT | datatype::FLOAT => 4,
        datatype::DOUBLE => 8,
        _ => return None,
    })
}

fn numbers(datatype: u32, bytes: &[u8]) -> Vec<f64> {
    let Some(width) = number_bytes(datatype) else { return Vec::new() };
    bytes.chunks_exact(width).filter_map(|bytes| number(datatype, bytes)).collect()
}

/// Text up to its first zero byte. The format's is Latin-1; names of channels are met in UTF-8, and what Latin-1
/// lacks stands as `&#945;`.
pub(super) fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    without_references(&text)
}

/// Replaces numbered references (`&#945;`) by their characters.
fn without_references(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("&#") {
        plain.push_str(before);
        let digits = after.bytes().take(7).take_while(u8::is_ascii_digit).count();
        let (number, behind) = after.split_at(digits);
        let character = number.parse().ok().and_then(char::from_u32);
        match (character, behind.strip_prefix(';')) {
            (Some(character), Some(behind)) => {
                plain.push(character);
                rest = behind;
            }
            _ => {
                plain.push_str("&#");
                rest = after;
            }
        }
    }
    plain + rest
}

/// The items of a list of names: between colons; a colon inside a name is written `{COLON}`.
pub(super) fn names(list: &str) -> impl Iterator<Item = String> + '_ {
    let items = (!list.is_empty()).then(|| list.split(':')).into_iter().flatten();
    items.map(|name| name.replace("{COLON}", ":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(kind: i32, datatype: u32, next: i32, content: &[u8]) -> Vec<u8> {
        let size = content.len() as u32;
        let head =
            [kind.cast_unsigned(), datatype, size, next.cast_unsigned()].map(u32::to_be_bytes);
        [&head.concat(), content].concat()
    }

    /// Kinds of the tags met, each with its block, and what was odd.
    fn walk(bytes: &[u8]) -> (Vec<(i32, i32)>, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.fif");
        std::fs::write(&path, bytes).unwrap();
        let mut input = Input::open(&path).unwrap();
        let (mut walker, mut met) = (Walker::default(), Vec::new());
        while let Some(tag) = walker.next(&mut input).unwrap() {
            met.push((tag.kind, walker.block()));
        }
        (met, walker.oddity().map(str::to_owned))
    }

    #[test]
    fn tags_are_met_in_their_blocks() {
        let int = |kind, value: i32| tag(kind, datatype::INT, 0, &value.to_be_bytes());
        let bytes = [int(104, 100), int(200, 3), int(105, 100), tag(108, 0, -1, &[])].concat();
        let met = vec![(104, 100), (200, 100), (105, 0), (108, 0)];
        assert_eq!(walk(&bytes), (met, None));
        let (met, oddity) = walk(&bytes[..bytes.len() - 30]);
        assert_eq!(met.len(), 2);
        assert!(oddity.unwrap().contains("within the tag at byte 40"));
        let (met, oddity) = walk(&bytes[..bytes.len() - 36]);
        assert_eq!(met.len(), 2);
        assert!(oddity.unwrap().contains("last block"));
    }

    #[test]
    fn circles_and_lies_end() {
        let round = [tag(100, 0, 0, &[0; 8]), tag(108, 0, 24, &[])].concat();
        let (met, oddity) = walk(&round);
        assert!(met.len() < 4, "{met:?}");
        assert!(oddity.unwrap().contains("circle at byte 24"));
        let (_, oddity) = walk(&tag(100, 0, i32::MAX, &[]));
        assert!(oddity.unwrap().contains("2147483647"));
        let mut long = tag(300, 3, 0, &[0; 8]);
        long[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        let (met, oddity) = walk(&long);
        assert_eq!(met, [(300, 0)]);
        assert!(oddity.unwrap().contains("4294967295 bytes and 8 are there"));
        let deep = tag(104, 3, 0, &[0, 0, 0, 1]).repeat(200);
        assert!(walk(&deep).1.unwrap().contains("too deep"));
    }

    #[test]
    fn texts_in_every_encoding_met() {
        assert_eq!(text(b"Gr\xf6\xdfe\0rest"), "Größe");
        assert_eq!(text("µV".as_bytes()), "µV");
        assert_eq!(
            text(b"&#945;&#128512; &#; &#x; &#9999999999; 50&#"),
            "α😀 &#; &#x; &#9999999999; 50&#"
        );
        let listed: Vec<_> = names("a:b{COLON}c::d").collect();
        assert_eq!(listed, ["a", "b:c", "", "d"]);
        assert_eq!(names("").count(), 0);
    }
}
