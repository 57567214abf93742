//! Bytes → lines: UTF-8 (with or without its mark), UTF-16 by its mark, endings of both kinds, limits.
//!
//! Takes anything that can be read and sought; gives one line at a time with its number. A line is at most
//! [`MAX_LINE_BYTES`] long, and text ends where zeros begin.

use std::borrow::Cow;
use std::io::{BufRead, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::formats::FormatError;

/// Longest line, in bytes: a thousand channels of twenty characters take 20 KiB.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// How characters are bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Little,
    Utf16Big,
}

impl Encoding {
    /// By the mark in front; UTF-8 where there is none.
    pub fn of(first: &[u8]) -> Self {
        match first {
            [0xff, 0xfe, ..] => Self::Utf16Little,
            [0xfe, 0xff, ..] => Self::Utf16Big,
            _ => Self::Utf8,
        }
    }

    /// The text, without a mark. What is no character becomes U+FFFD.
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        let unit = match self {
            Self::Utf8 => {
                return String::from_utf8_lossy(
                    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes),
                );
            }
            Self::Utf16Little => u16::from_le_bytes,
            Self::Utf16Big => u16::from_be_bytes,
        };
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text: String =
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        Cow::Owned(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }

    /// Whether what was read up to a byte 10 ends a line; UTF-16 has such bytes within other characters too.
    fn ends_line(self, raw: &[u8]) -> bool {
        match self {
            Self::Utf8 => true,
            Self::Utf16Little => raw.len().is_multiple_of(2) && raw.ends_with(&[10, 0]),
            Self::Utf16Big => raw.len().is_multiple_of(2) && raw.ends_with(&[0, 10]),
        }
    }
}

/// Lines from front to back.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    path: PathBuf,
    format: &'static str,
    encoding: Encoding,
    raw: Vec<u8>,
    len: u64,
    at: u64,
    number: u64,
    /// What is left of the file is not text.
    zeros: bool,
}

impl<R: BufRead + Seek> Lines<R> {
    pub fn new(input: R, path: &Path, format: &'static str, encoding: Encoding, len: u64) -> Self {
        let (raw, path) = (Vec::new(), path.into());
        Self { input, path, format, encoding, raw, len, at: 0, number: 0, zeros: false }
    }

    /// Takes the next line in hand; false at the end.
    pub fn advance(&mut self) -> Result<bool, FormatError> {
        self.raw.clear();
        if self.zeros {
            return Ok(false);
        }
        self.read().map_err(|source| self.io(source))?;
        let read = self.raw.len() as u64;
        // Space that was set aside for a file and never written, as after a power cut.
        self.zeros = match self.encoding {
            Encoding::Utf8 => self.raw.first() == Some(&0),
            _ => self.raw.starts_with(&[0, 0]),
        };
        if read >= MAX_LINE_BYTES && !self.zeros && self.raw.last() != Some(&b'\n') {
            return Err(FormatError::Malformed {
                format: self.format,
                offset: self.at,
                expected: format!("lines of at most {MAX_LINE_BYTES} bytes"),
                got: format!("a longer one, line {}", self.number + 1),
            });
        }
        self.at += read;
        self.number += 1;
        Ok(read > 0 && !self.zeros)
    }

    fn read(&mut self) -> std::io::Result<()> {
        loop {
            let left = MAX_LINE_BYTES.saturating_sub(self.raw.len() as u64);
            let read = self.input.by_ref().take(left).read_until(b'\n', &mut self.raw)?;
            // The low byte of the little-endian line end; its high byte follows.
            if self.encoding == Encoding::Utf16Little && self.raw.len() % 2 == 1 {
                self.input.by_ref().take(1).read_to_end(&mut self.raw)?;
            }
            if read == 0 || self.encoding.ends_line(&self.raw) {
                return Ok(());
            }
        }
    }

    /// The line in hand, without its end.
    pub fn text(&self) -> Cow<'_, str> {
        match self.encoding.decode(&self.raw) {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches(['\r', '\n'])),
            Cow::Owned(mut text) => {
                text.truncate(text.trim_end_matches(['\r', '\n']).len());
                Cow::Owned(text)
            }
        }
    }

    /// Whether the file ends within the line in hand: behind the last line there is no line end.
    pub fn is_open(&self) -> bool {
        self.at >= self.len && !self.raw.contains(&b'\n')
    }

    /// The number of the line in hand, from one.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether the text ended at zeros.
    pub fn met_zeros(&self) -> bool {
        self.zeros
    }

    /// Bytes read.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Share of the file that was read, 0 to 1.
    pub fn progress(&self) -> f64 {
        self.at as f64 / self.len.max(1) as f64
    }

    pub fn rewind(&mut self) -> Result<(), FormatError> {
        self.input.seek(SeekFrom::Start(0)).map_err(|source| self.io(source))?;
        (self.at, self.number, self.zeros) = (0, 0, false);
        Ok(())
    }

    /// Goes on behind a line: so many bytes were read up to its end, and this is its number.
    pub fn go_to(&mut self, at: u64, number: u64) -> Result<(), FormatError> {
        self.input.seek(SeekFrom::Start(at)).map_err(|source| self.io(source))?;
        self.raw.clear();
        (self.at, self.number, self.zeros) = (at, number, false);
        Ok(())
    }

    fn io(&self, source: std::io::Error) -> FormatError {
        FormatError::Io { action: "reading", source, path: self.path.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn all(bytes: &[u8]) -> Vec<String> {
        let len = bytes.len() as u64;
        let mut lines =
            Lines::new(Cursor::new(bytes), Path::new("a"), "text", Encoding::of(bytes), len);
        let mut found = Vec::new();
        while lines.advance().unwrap() {
            found.push(lines.text().into_owned());
        }
        found
    }

    #[test]
    fn encodings_and_line_ends_are_told_by_their_bytes() {
        // U+0A0A and U+010A hold bytes 10 that end no line.
        let text = "a,b\r\n\u{a0a}\u{10a}\n\nlast";
        let right = ["a,b", "\u{a0a}\u{10a}", "", "last"];
        assert_eq!(all(text.as_bytes()), right);
        assert_eq!(all(&[b"\xef\xbb\xbf", text.as_bytes()].concat()), right);
        let marked = format!("\u{feff}{text}");
        let little: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((all(&little), all(&big)), (all(text.as_bytes()), all(text.as_bytes())));
    }

    #[test]
    fn text_ends_where_zeros_begin() {
        assert_eq!(all(b"1,2\n\0\0\0\n3"), ["1,2"]);
        assert_eq!(all(b""), [""; 0]);
    }
}
