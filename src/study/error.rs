//! Why a study cannot be done: no personal encoder, no score, no session.

use crate::decode::{DecodeError, PackError};
use crate::pipeline::RunFailure;

/// Why there is no personal encoder.
#[derive(Debug, thiserror::Error)]
pub enum PersonalError {
    /// The pack or its encoder.
    #[error("{0}")]
    Pack(String),
    /// The folder or a file in it.
    #[error("{0}")]
    Output(String),
    /// The sessions cannot be read, fitted to or scored.
    #[error("{0}")]
    Sessions(String),
    /// The run that records: its own message and exit code.
    #[error("{}", .0.message)]
    Run(RunFailure),
    /// The program is at fault.
    #[error("{0}")]
    Unexpected(String),
}

impl From<PackError> for PersonalError {
    fn from(error: PackError) -> Self {
        Self::Pack(error.to_string())
    }
}

impl From<DecodeError> for PersonalError {
    fn from(error: DecodeError) -> Self {
        Self::Pack(error.to_string())
    }
}
