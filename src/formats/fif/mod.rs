//! FIF: recordings of Neuromag and MEGIN systems, and of MNE-Python.
//!
//! [`open`] gives a reader that holds a piece of the signal. Raw recordings are read, also those split into several
//! files; epochs, averages and all else that the format stores are refused by name. Projectors are not applied.
//! Source: Functional Image File Format, Elekta Neuromag; dictionary of tags of the FIFF constants, version 1.3;
//! the blocks that MNE-Python adds.

mod annotations;
mod channel;
mod contents;
mod landmarks;
mod measurement;
mod parts;
mod reader;
mod signal;
mod stim;
mod tags;
mod words;

use std::path::Path;

use super::FormatError;

pub use reader::FifReader;

/// Whether the first bytes of a file are those of FIF; a packed one is told by its name.
pub fn is_fif(head: &[u8], path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_lowercase();
    head.starts_with(&tags::MARK) || name.ends_with(".fif.gz")
}

/// Opens a raw recording by its first file; those that follow it are read when they are beside it.
///
/// # Errors
/// [`FormatError`] with the tag that makes no sense, or with what the file holds instead of a raw recording.
pub fn open(path: &Path) -> Result<FifReader, FormatError> {
    FifReader::new(path)
}
