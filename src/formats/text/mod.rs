//! Recordings as text: OpenBCI GUI (versions 2 to 6), the Cyton's SD cards as they are and converted, BrainFlow,
//! muse-lsl, Mind Monitor.
//!
//! Takes a file; finds its dialect by its first lines; gives a reader that holds a stretch of lines. What the
//! text does not say and had to be assumed is a warning.

mod guess;
mod hexadecimal;
mod layout;
mod reader;
mod sd_card;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::FormatError;
use super::recording::ReadRecording;

pub use reader::TextReader;

/// Bytes that are looked at to find the dialect: the longest header that is known, and rows behind it.
const LOOK_BYTES: u64 = 64 << 10;

/// Opens a recording that is text.
///
/// # Errors
/// [`FormatError::Unknown`] that says what the first line is when no dialect fits, [`FormatError::Io`].
pub fn open(path: &Path) -> Result<Box<dyn ReadRecording>, FormatError> {
    let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
    let file = File::open(path).map_err(io)?;
    Ok(Box::new(from_reader(BufReader::with_capacity(1 << 18, file), path)?))
}

/// As [`open`], from anything.
///
/// # Errors
/// As [`open`].
pub fn from_reader<R: std::io::BufRead + Seek>(
    mut input: R,
    path: &Path,
) -> Result<TextReader<R>, FormatError> {
    let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
    let mut first = Vec::new();
    input.by_ref().take(LOOK_BYTES).read_to_end(&mut first).map_err(io)?;
    let len = input.seek(SeekFrom::End(0)).map_err(io)?;
    let layout = guess::layout(&first, len, path)?;
    TextReader::new(input, path, layout, len)
}
