//! EDF, EDF+, BDF and BDF+: records of integers, each signal with a scale of its own.
//!
//! [`open`] gives a reader that holds one record at a time; [`EdfWriter`] writes EDF+ and BDF+. Sources:
//! edfplus.info/specs, teuniz.net/edfbrowser (BDF+), biosemi.com/faq/file_format.htm.

mod annotations;
mod emotiv;
mod groups;
mod header;
mod layout;
mod numbers;
mod others;
mod reader;
mod scale;
mod seek;
mod tal;
mod writer;

use std::fs::File;
use std::path::Path;

use super::FormatError;

pub use header::is_edf;
pub use reader::EdfReader;
pub use writer::EdfWriter;

/// Width of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 16 bits.
    Edf,
    /// 24 bits.
    Bdf,
}

impl Kind {
    /// Bytes of a sample.
    pub(super) fn sample_bytes(self) -> usize {
        match self {
            Self::Edf => 2,
            Self::Bdf => 3,
        }
    }

    /// Name in messages and in the label of annotation signals.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Edf => "EDF",
            Self::Bdf => "BDF",
        }
    }

    /// Smallest and largest sample.
    pub(super) fn digital_range(self) -> [i32; 2] {
        match self {
            Self::Edf => [-32_768, 32_767],
            Self::Bdf => [-8_388_608, 8_388_607],
        }
    }
}

/// Opens a file.
///
/// # Errors
/// [`FormatError::Malformed`] with the byte when the header makes no sense, [`FormatError::Io`].
pub fn open(path: &Path) -> Result<EdfReader<File>, FormatError> {
    let file = File::open(path).map_err(|source| FormatError::Io {
        action: "reading",
        source,
        path: path.into(),
    })?;
    EdfReader::new(file, path)
}
