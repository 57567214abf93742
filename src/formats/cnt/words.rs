//! How this reader words what is wrong.

use crate::formats::FormatError;

/// Name in messages.
pub(super) const FORMAT: &str = "Neuroscan CNT";

/// What is wrong at a byte of the file.
pub(super) fn malformed(offset: u64, expected: &str, got: String) -> FormatError {
    FormatError::Malformed { format: FORMAT, offset, expected: expected.into(), got }
}

/// Why a sound file cannot be used.
pub(super) fn unusable(why: String) -> FormatError {
    FormatError::Unusable { format: FORMAT, why }
}
