//! The variables of a MAT-file.
//!
//! Takes a path; shows one variable after the other. Of a packed variable that nobody wants only the name is unpacked.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::array::{Array, MATRIX};
use super::input::Input;
use super::number::Order;
use crate::formats::FormatError;
use crate::formats::eeglab::words::{FORMAT, unusable};

/// Bytes that are read at once: variables are read from front to back.
const READ_AT_ONCE: usize = 1 << 17;

/// Bytes of the header: text, then version and order of bytes.
const HEADER_BYTES: usize = 128;

/// Type number of a packed variable, and the highest that there is.
const PACKED: u32 = 15;
const LAST_KIND: u32 = 18;

/// Most variables that are looked at; a data set has about forty where its fields stand alone.
const MAX_VARIABLES: u32 = 10_000;

/// Most bytes that may come out of a packed file: a day of 64 channels at 500 Hz in single precision.
const MAX_UNPACKED_BYTES: u64 = 12 << 30;

/// Most that a byte may unpack to, once it is more than [`FREE_BYTES`]. Recorded EEG unpacks to two to ten times its
/// size; a thousand is what only a trap holds.
const MAX_RATIO: u64 = 400;

/// What any packed file may unpack to.
const FREE_BYTES: u64 = 64 << 20;

/// Goes through the variables of a file.
#[derive(Debug)]
pub struct Variables {
    file: BufReader<File>,
    path: PathBuf,
    order: Order,
    len: u64,
    at: u64,
    seen: u32,
    /// Bytes that may still come out of what is packed.
    may_unpack: u64,
    is_cut: bool,
}

impl Variables {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`FormatError`] when it is no MAT-file of level 5; HDF5, which MATLAB calls version 7.3, is refused by name.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
        let file = File::open(path).map_err(io)?;
        let len = file.metadata().map_err(io)?.len();
        let mut file = BufReader::with_capacity(READ_AT_ONCE, file);
        let mut header = Vec::with_capacity(HEADER_BYTES);
        file.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut header).map_err(io)?;
        let order = order(&header)?;
        let may_unpack = len.saturating_mul(MAX_RATIO).clamp(FREE_BYTES, MAX_UNPACKED_BYTES);
        let at = HEADER_BYTES as u64;
        Ok(Self { file, path: path.into(), order, len, at, seen: 0, may_unpack, is_cut: false })
    }

    /// Shows the next variable to `take`, which says whether it wanted it; false behind the last.
    ///
    /// # Errors
    /// [`FormatError`] where the file makes no sense, and what `take` says. [`Variables::is_cut`] then tells whether
    /// the file just ended too early.
    pub fn next(
        &mut self,
        take: &mut dyn FnMut(&mut Input<'_>, &Array) -> Result<bool, FormatError>,
    ) -> Result<bool, FormatError> {
        let left = self.len.saturating_sub(self.at);
        if left < 8 {
            self.is_cut |= left > 0 || self.at > self.len;
            return Ok(false);
        }
        self.seen += 1;
        if self.seen > MAX_VARIABLES {
            return Err(unusable(format!("it has more than {MAX_VARIABLES} variables")));
        }
        let Self { file, path, order, .. } = self;
        let inside = left - 8;
        let mut tag = Input::bare(file, path, *order, self.at, left);
        let (kind, bytes) = (tag.u32()?, u64::from(tag.u32()?));
        if kind == 0 || kind > LAST_KIND {
            return Err(tag.malformed("a variable", format!("an element of type {kind}")));
        }
        let base = self.at + 8;
        let padded = if kind == PACKED { bytes } else { bytes.next_multiple_of(8) };
        self.at = base + padded;
        let gone = match kind {
            MATRIX => {
                let mut input = Input::bare(file, path, *order, base, inside);
                let shown = show(&mut input, bytes, take);
                self.is_cut |= input.is_cut();
                shown?;
                input.at()
            }
            PACKED => {
                let packed = bytes.min(inside);
                let mut input = Input::packed(file, path, *order, base, packed, self.may_unpack);
                let shown = unpack(&mut input, take);
                self.is_cut |= input.is_cut() && packed < bytes;
                self.may_unpack = self.may_unpack.saturating_sub(input.at());
                shown?;
                // How far the file was read for it is not known.
                return self.go_on().map(|()| true);
            }
            _ => 0,
        };
        let rest = padded.min(inside).saturating_sub(gone);
        let io = |source| FormatError::Io { action: "reading", source, path: path.clone() };
        file.seek_relative(i64::try_from(rest).unwrap_or(i64::MAX)).map_err(io)?;
        Ok(true)
    }

    fn go_on(&mut self) -> Result<(), FormatError> {
        let io = |source| FormatError::Io { action: "reading", source, path: self.path.clone() };
        self.file.seek(SeekFrom::Start(self.at.min(self.len))).map(|_| ()).map_err(io)
    }

    /// Whether the file ended within a variable.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The file, to read samples from.
    pub fn into_file(self) -> File {
        self.file.into_inner()
    }
}

fn show(
    input: &mut Input<'_>,
    bytes: u64,
    take: &mut dyn FnMut(&mut Input<'_>, &Array) -> Result<bool, FormatError>,
) -> Result<(), FormatError> {
    let end = input.at() + bytes;
    let array = Array::read(input, end)?;
    if take(input, &array)? {
        input.go_to(end)?;
        input.check()?;
    }
    Ok(())
}

fn unpack(
    input: &mut Input<'_>,
    take: &mut dyn FnMut(&mut Input<'_>, &Array) -> Result<bool, FormatError>,
) -> Result<(), FormatError> {
    let tag = input.tag(u64::MAX)?;
    if tag.kind != MATRIX {
        return Err(input.malformed("an array", format!("an element of type {}", tag.kind)));
    }
    show(input, tag.bytes, take)
}

/// The order of bytes of a file with this header.
fn order(header: &[u8]) -> Result<Order, FormatError> {
    if header.starts_with(b"\x89HDF\r\n\x1a\n") || header.starts_with(b"MATLAB 7.3 MAT-file") {
        return Err(unusable(
            "it is a MATLAB 7.3 file (HDF5), which is not read: save it again in the older form, in EEGLAB after telling \
             File > Preferences (in older versions File > Memory and other options) not to use the 7.3 format, or by \
             pop_saveset(EEG, 'filename', 'name.set', 'version', '6'); in MATLAB by save -v6",
        ));
    }
    match header.get(124..128) {
        Some([0, 1, b'I', b'M']) => Ok(Order::Little),
        Some([1, 0, b'M', b'I']) => Ok(Order::Big),
        Some(got) => Err(FormatError::Malformed {
            format: FORMAT,
            offset: 124,
            expected: "version 1 of a MAT-file and its order of bytes, IM or MI".into(),
            got: format!("{got:02x?}"),
        }),
        None => Err(FormatError::Malformed {
            format: FORMAT,
            offset: header.len() as u64,
            expected: format!("a header of {HEADER_BYTES} bytes"),
            got: "the end of the file".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(end: &[u8; 4]) -> Vec<u8> {
        let mut header = b"MATLAB 5.0 MAT-file".to_vec();
        header.resize(124, b' ');
        header.extend(end);
        header
    }

    #[test]
    fn the_header_tells_the_order_of_bytes_or_why_it_is_not_read() {
        assert_eq!(order(&header(b"\x00\x01IM")).unwrap(), Order::Little);
        assert_eq!(order(&header(b"\x01\x00MI")).unwrap(), Order::Big);
        for (header, word) in [
            (header(b"\x00\x02IM"), "at byte 124"),
            (b"\x89HDF\r\n\x1a\n".to_vec(), "MATLAB 7.3"),
            (b"MATLAB 7.3 MAT-file, Platform".to_vec(), "save -v6"),
            (b"MATLAB 5.0".to_vec(), "at byte 10"),
        ] {
            let why = order(&header).unwrap_err().to_string();
            assert!(why.contains(word), "{why}");
        }
    }
}
