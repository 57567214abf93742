//! The name of the format, and its refusals.

use crate::formats::FormatError;

/// The name in messages.
pub(super) const FORMAT: &str = "EEGLAB";

/// A sound file that cannot be used, and why.
pub(super) fn unusable(why: impl Into<String>) -> FormatError {
    FormatError::Unusable { format: FORMAT, why: why.into() }
}
