//! From any format to another.
//!
//! Takes a reader and where to write; gives what was written and what could not be kept. Reads the recording
//! twice: first to know ranges and events ([`super::survey`]), then to copy. BrainVision holds one regular stream and its
//! events; EDF and BDF hold other regular streams beside it, each at its rate; XDF holds every stream. Time begins at the first sample of the stream that
//! is written. Nothing is written over.

mod eeg;
mod choose;
mod xdf;

use std::path::{Path, PathBuf};

use super::survey::Survey;
use crate::formats::recording::{ReadRecording, WriteRecording};
use crate::formats::{FormatError, brainvision, edf};

pub use choose::{Converted, find_eeg};
pub use eeg::{Prepared, prepare};

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every stream.
    Xdf,
    /// EDF+: 16 bits.
    Edf,
    /// BDF+: 24 bits.
    Bdf,
    /// BrainVision: float32.
    BrainVision,
}

impl Target {
    /// By the ending of a file's name.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_lowercase();
        Some(match ending.as_str() {
            "xdf" => Self::Xdf,
            "edf" => Self::Edf,
            "bdf" => Self::Bdf,
            "vhdr" => Self::BrainVision,
            _ => return None,
        })
    }
}

/// Which streams go into a file that can hold several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carry {
    /// All that it can hold.
    All,
    /// The signal and its events: for data sets whose tables name one stream. XDF holds every stream all the same.
    Signal,
}

/// Copies a recording, of which `found` is the survey, into `path`.
///
/// # Errors
/// [`FormatError`] when it cannot be read or written, or has no stream that fits.
pub fn convert(
    reader: &mut dyn ReadRecording,
    found: &Survey,
    path: &Path,
    (target, carry): (Target, Carry),
    on_progress: impl FnMut(f64),
) -> Result<Converted, FormatError> {
    if target == Target::Xdf {
        return xdf::write(reader, path, on_progress);
    }
    let with_others = target != Target::BrainVision && carry == Carry::All;
    let prepared = prepare(reader.head(), found, with_others)?;
    let writer: Box<dyn WriteRecording> = match target {
        Target::Edf => Box::new(edf::EdfWriter::create(path, edf::Kind::Edf, &prepared.head)?),
        Target::Bdf => Box::new(edf::EdfWriter::create(path, edf::Kind::Bdf, &prepared.head)?),
        Target::BrainVision | Target::Xdf => Box::new(brainvision::BrainVisionWriter::create(
            path,
            brainvision::Encoding::Float32,
            &prepared.head,
        )?),
    };
    eeg::copy(reader, prepared, writer, on_progress)
}

/// The files that a conversion to `path` makes.
pub fn outputs(path: &Path, target: Target) -> Vec<PathBuf> {
    match target {
        Target::BrainVision => ["vhdr", "vmrk", "eeg"].map(|e| path.with_extension(e)).to_vec(),
        _ => vec![path.to_path_buf()],
    }
}
