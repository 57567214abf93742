//! Why a command did not succeed, and its exit code.

use crate::decode::{DecodeError, PackError};
use crate::pipeline::RunFailure;
use crate::study::error::PersonalError;

/// A command that did not succeed: what to say and which exit code to give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What happened and what to do, in plain words.
    pub message: String,
    /// Exit code.
    pub code: u8,
}

impl Failure {
    /// Anything that the other codes do not cover.
    pub fn unexpected(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// The arguments do not make sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }

    /// The source is not available or was lost for good.
    pub fn source(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 3 }
    }

    /// The model pack or the encoder is refused.
    pub fn pack(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 4 }
    }

    /// A recording or an output could not be kept safe.
    pub fn output(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 5 }
    }

    /// A file cannot be read.
    pub fn file(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 6 }
    }
}

impl From<PackError> for Failure {
    fn from(error: PackError) -> Self {
        Self::pack(error.to_string())
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Self::pack(error.to_string())
    }
}

impl From<RunFailure> for Failure {
    fn from(failure: RunFailure) -> Self {
        Self { message: failure.message, code: failure.exit_code }
    }
}

impl From<PersonalError> for Failure {
    fn from(error: PersonalError) -> Self {
        let message = error.to_string();
        match error {
            PersonalError::Pack(_) => Self::pack(message),
            PersonalError::Output(_) => Self::output(message),
            PersonalError::Sessions(_) => Self::file(message),
            PersonalError::Run(failure) => Self { message, code: failure.exit_code },
            PersonalError::Unexpected(_) => Self::unexpected(message),
        }
    }
}
