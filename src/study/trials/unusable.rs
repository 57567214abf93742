//! Why sessions cannot be used.

use std::path::PathBuf;

use super::epochs::EpochError;
use crate::calibrate::CalibrationError;
use crate::decode::{DecodeError, PackError};
use crate::study::error::PersonalError;

/// Why sessions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Nothing there to read.
    #[error("{why}: {path}", path = path.display())]
    NoRecording {
        /// What is wrong.
        why: String,
        /// What was given.
        path: PathBuf,
    },
    /// A recording gives no epochs.
    #[error("{source}: {path}", path = path.display())]
    Epochs {
        /// Why.
        source: EpochError,
        /// Which.
        path: PathBuf,
    },
    /// The pack cannot be opened.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// Its encoder.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// What was found cannot be used.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
}

impl From<SessionError> for PersonalError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Pack(_) | SessionError::Decode(_) => Self::Pack(error.to_string()),
            _ => Self::Sessions(error.to_string()),
        }
    }
}
