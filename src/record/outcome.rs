//! How a recording ends: what it holds, or why it could not be kept.
//!
//! Errors say what happened, to which file, and what to do; the command line's exit code for all of them
//! is 5.

use std::io;
use std::path::{Path, PathBuf};

use crate::formats::xdf::XdfWriteError;

/// Why a recording cannot be kept. Every message says what happened and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file is there already.
    #[error("the recording was not started: this file exists and is never overwritten; choose another name: {path}", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// There is too little space.
    #[error("{free_mib} MiB are free where {need_mib} MiB are needed to record; make room or record elsewhere: {path}", path = path.display())]
    NoSpace {
        /// Space left.
        free_mib: u64,
        /// Space needed.
        need_mib: u64,
        /// The file.
        path: PathBuf,
    },
    /// The system refused to make it.
    #[error("the recording was not started: {action} failed: {source}; choose a folder that you may write to: {path}", path = path.display())]
    Create {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{action} failed: {source}; what was recorded until then is kept: {path}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The ring does not carry what the source said.
    #[error(
        "the recording takes {expected} channels, the ring carries {got}; this is a fault of the program"
    )]
    Width {
        /// Channels of the source.
        expected: usize,
        /// Channels of the ring.
        got: usize,
    },
    /// An earlier error ended it.
    #[error("the recording was ended by an earlier error: {path}", path = path.display())]
    Ended {
        /// The file.
        path: PathBuf,
    },
}

/// What a finished recording holds.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct RecordSummary {
    /// The file.
    pub path: PathBuf,
    /// Frames written.
    pub frames: u64,
    /// Markers written, notes about the recording included.
    pub markers: u64,
    /// Decodes written.
    pub decodes: u64,
    /// Frames and markers lost because the recorder was too slow: should be zero, or it is an error on screen.
    pub lost: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// From the first frame to the last by their numbers, lost ones counted, in seconds: a clock may be set meanwhile.
    pub seconds: f64,
}

/// What went wrong in the writer, with the file's name.
pub(super) fn io_error(action: &'static str, why: XdfWriteError, path: &Path) -> RecordError {
    let source = match why {
        XdfWriteError::Io(source) => source,
        shape @ XdfWriteError::Shape { .. } => io::Error::new(io::ErrorKind::InvalidInput, shape),
    };
    RecordError::Io { action, source, path: path.into() }
}

/// Refuses where less is free than is needed; passes where the free space is not known.
pub(super) fn check_space(free: Option<u64>, need: u64, path: &Path) -> Result<(), RecordError> {
    match free {
        Some(free) if free < need => Err(RecordError::NoSpace {
            free_mib: free >> 20,
            need_mib: need >> 20,
            path: path.into(),
        }),
        _ => Ok(()),
    }
}
