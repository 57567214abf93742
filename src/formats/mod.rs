//! Bytes ↔ chunks: readers and writers of recordings. Parsers take bytes and give values or a located
//! error; they open nothing themselves.

mod beside;
pub mod brainvision;
pub mod cnt;
pub mod edf;
pub mod eeglab;
pub mod events;
mod fields;
pub mod fif;
pub mod gdf;
mod open;
pub mod own;
pub mod recording;
pub mod text;
pub mod unit;
pub mod xdf;

use std::path::PathBuf;

pub use open::{open, open_with};

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The operating system refused.
    #[error("{action} failed: {source}: {path}", path = path.display())]
    Io {
        /// What was tried, as `reading`.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The bytes are not what the format says.
    #[error("{format} file is damaged at byte {offset}: expected {expected}, got {got}")]
    Malformed {
        /// Which format.
        format: &'static str,
        /// Where, from the start of the file.
        offset: u64,
        /// What should be there.
        expected: String,
        /// What is there.
        got: String,
    },
    /// The file is sound but holds nothing that can be used.
    #[error("{format} file cannot be used: {why}")]
    Unusable {
        /// Which format.
        format: &'static str,
        /// What is missing.
        why: String,
    },
    /// No reader knows it.
    #[error("this is not a recording that Phosphene reads ({why}): {path}", path = path.display())]
    Unknown {
        /// What it looks like.
        why: String,
        /// The file.
        path: PathBuf,
    },
}
