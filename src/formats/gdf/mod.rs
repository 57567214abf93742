//! GDF, the General Data Format for biosignals: records as in EDF, but of any type of number, with a table of
//! events behind them.
//!
//! [`open`] gives a reader of versions 1.x and 2.x that holds about a second of signal, and the events. Sources:
//! A. Schlögl, "GDF - A general dataformat for biosignals", arXiv:cs/0608052, and its later revisions up to 2.51
//! (ÖNORM K2204:2015); units by ISO/IEEE 11073-10101.

mod events;
mod header;
mod reader;
mod samples;
mod units;
mod words;

use std::fs::File;
use std::path::Path;

use super::FormatError;

pub use reader::GdfReader;

/// What every GDF file begins with.
pub const MAGIC: &[u8] = b"GDF ";

/// Opens a file.
///
/// # Errors
/// [`FormatError::Malformed`] with the byte when the header makes no sense, [`FormatError::Unusable`] for a version
/// or a type of samples that is not read, [`FormatError::Io`].
pub fn open(path: &Path) -> Result<GdfReader<File>, FormatError> {
    let file = File::open(path).map_err(|source| FormatError::Io {
        action: "reading",
        source,
        path: path.into(),
    })?;
    GdfReader::new(file, path)
}
