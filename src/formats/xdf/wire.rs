//! The smallest parts of XDF: the magic, the tags, the boundary signature, and a cursor over bytes.
//!
//! Takes bytes and where they begin in the file; gives numbers, or [`FormatError::Malformed`] with the
//! byte offset. Everything is little-endian. Source: XDF 1.0, github.com/sccn/xdf/wiki/Specifications.

use crate::formats::FormatError;

/// The name in error messages.
pub(super) const FORMAT: &str = "XDF";

/// First bytes of every file.
pub const MAGIC: [u8; 4] = *b"XDF:";

/// Content of a boundary chunk: what a reader looks for after damage.
pub const BOUNDARY: [u8; 16] = [
    0x43, 0xA5, 0x46, 0xDC, 0xCB, 0xF5, 0x41, 0x0F, 0xB3, 0x0E, 0xD5, 0x46, 0x73, 0x83, 0xCB, 0xE4,
];

/// Longest chunk accepted, in bytes. Recorders write half a second at a time; a longer chunk than this is
/// a damaged length.
pub const MAX_CHUNK_BYTES: u64 = 256 << 20;

/// Bytes of the tag, which the length of a chunk counts.
pub(super) const TAG_BYTES: u64 = 2;

/// What a chunk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Tag {
    /// XML about the file.
    FileHeader = 1,
    /// XML about a stream.
    StreamHeader = 2,
    /// Samples of a stream.
    Samples = 3,
    /// One measurement of a stream's clock.
    ClockOffset = 4,
    /// A place to resume reading after damage.
    Boundary = 5,
    /// XML with what was written of a stream.
    StreamFooter = 6,
}

impl Tag {
    /// The tag with this number; `None` for one that the specification does not know.
    pub fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            1 => Self::FileHeader,
            2 => Self::StreamHeader,
            3 => Self::Samples,
            4 => Self::ClockOffset,
            5 => Self::Boundary,
            6 => Self::StreamFooter,
            _ => return None,
        })
    }
}

/// Reads numbers from bytes and knows where in the file it is.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    base: u64,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `bytes`, which begin at `base` in the file.
    pub fn new(bytes: &'a [u8], base: u64) -> Self {
        Self { bytes, at: 0, base }
    }

    /// Where the next byte is in the file.
    pub fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Bytes not yet taken.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The next `count` bytes, which are `what`.
    pub fn take(&mut self, count: u64, what: &str) -> Result<&'a [u8], FormatError> {
        let rest = &self.bytes[self.at..];
        let taken = usize::try_from(count).ok().and_then(|count| rest.get(..count));
        let Some(taken) = taken else {
            let expected = format!("{count} bytes of {what}");
            return Err(malformed(self.offset(), expected, format!("{} bytes", rest.len())));
        };
        self.at += taken.len();
        Ok(taken)
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        self.at = self.bytes.len();
        rest
    }

    /// One byte.
    pub fn u8(&mut self, what: &str) -> Result<u8, FormatError> {
        Ok(self.array::<1>(what)?[0])
    }

    /// Four bytes, unsigned.
    pub fn u32(&mut self, what: &str) -> Result<u32, FormatError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    /// Eight bytes, floating point.
    pub fn f64(&mut self, what: &str) -> Result<f64, FormatError> {
        Ok(f64::from_le_bytes(self.array(what)?))
    }

    /// An integer that says its own length (1, 4 or 8 bytes) first.
    pub fn varlen(&mut self, what: &str) -> Result<u64, FormatError> {
        let start = self.offset();
        match self.u8(what)? {
            1 => Ok(u64::from(self.u8(what)?)),
            4 => Ok(u64::from(self.u32(what)?)),
            8 => Ok(u64::from_le_bytes(self.array(what)?)),
            other => {
                let expected = format!("1, 4 or 8 as the size of {what}");
                Err(malformed(start, expected, other.to_string()))
            }
        }
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], FormatError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u64, what)?);
        Ok(array)
    }
}

/// The error for bytes that are not what XDF says.
pub(super) fn malformed(offset: u64, expected: String, got: String) -> FormatError {
    FormatError::Malformed { format: FORMAT, offset, expected, got }
}

/// Appends an integer the way LabRecorder does: 1 byte if it fits, else 4, else 8.
pub(super) fn put_varlen(out: &mut Vec<u8>, value: u64) {
    if let Ok(small) = u8::try_from(value) {
        out.extend([1, small]);
    } else if let Ok(middle) = u32::try_from(value) {
        out.push(4);
        out.extend(middle.to_le_bytes());
    } else {
        out.push(8);
        out.extend(value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_every_length_read_back() {
        for value in [0, 255, 256, u64::from(u32::MAX), u64::from(u32::MAX) + 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_varlen(&mut bytes, value);
            assert_eq!(Cursor::new(&bytes, 0).varlen("it").unwrap(), value);
        }
    }

    #[test]
    fn errors_tell_the_byte_in_the_file() {
        let mut cursor = Cursor::new(&[3, 0], 100);
        let message = cursor.varlen("the chunk length").unwrap_err().to_string();
        assert!(message.contains("byte 100") && message.contains("chunk length"), "{message}");
        let message = Cursor::new(&[0; 3], 7).f64("a stamp").unwrap_err().to_string();
        assert!(message.contains("byte 7") && message.contains("3 bytes"), "{message}");
    }
}
