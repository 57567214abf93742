//! What a recording of several sources holds, and why one could not be started or kept.

use std::path::PathBuf;

use crate::record::outcome::RecordError;
use crate::source::SourceError;

/// One stream of the file.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct StreamReport {
    /// As it stands in the file.
    pub name: String,
    /// Its type, as EEG.
    #[serde(rename = "type")]
    pub kind: String,
    /// Format of its values, as float32.
    pub format: &'static str,
    /// Values per sample.
    pub channels: usize,
    /// Nominal rate in Hz; zero where samples come at any time.
    pub rate_hz: f64,
    /// Samples written.
    pub samples: u64,
    /// First stamp, in seconds on the clock of whoever stamped it.
    pub first: Option<f64>,
    /// Last stamp.
    pub last: Option<f64>,
    /// Samples known to be missing.
    pub lost: u64,
    /// Clock offsets written.
    pub clock_offsets: u64,
}

/// What is left when a recording is over.
#[derive(Debug)]
pub struct RecordReport {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// From its first byte to its last, in seconds.
    pub seconds: f64,
    /// From the wish to stop until the file was whole and on the disk, in seconds; `None` where the sources
    /// ended by themselves.
    pub stop_secs: Option<f64>,
    /// Its streams, the notes left out.
    pub streams: Vec<StreamReport>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// Streams that went away and had not come back when the recording ended.
    pub away: Vec<String>,
    /// Sources that ended by an error.
    pub lost_for_good: Vec<String>,
    /// Why not everything could be kept.
    pub failure: Option<RecordError>,
}

/// Why a recording was not started. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A source cannot be had.
    #[error("{0}")]
    Source(#[from] SourceError),
    /// The file cannot be made.
    #[error("{0}")]
    Record(#[from] RecordError),
    /// The system refused a thread.
    #[error("the system refused a thread for the recording: {0}")]
    Thread(std::io::Error),
}

impl StartError {
    /// The command line's exit code for it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Source(error) => error.exit_code(),
            Self::Record(_) => 5,
            Self::Thread(_) => 1,
        }
    }
}
