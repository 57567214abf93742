//! The command line: one file per subcommand.

use std::process::ExitCode;

pub mod pack;

/// Why a command ended without doing what was asked, with the exit code of the contract: 1 unexpected,
/// 2 usage, 3 source, 4 model pack or encoder, 5 recording or output, 6 file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// For the person who typed the command: what happened and what to do.
    pub message: String,
    /// The exit code.
    pub code: u8,
}

impl Failure {
    /// Something that should not happen.
    pub fn unexpected(message: String) -> Self {
        Self { message, code: 1 }
    }

    /// The arguments do not make sense.
    pub fn usage(message: String) -> Self {
        Self { message, code: 2 }
    }

    /// The model pack or encoder is refused.
    pub fn pack(message: String) -> Self {
        Self { message, code: 4 }
    }

    /// The output could not be kept safe.
    pub fn output(message: String) -> Self {
        Self { message, code: 5 }
    }

    /// A file cannot be read.
    pub fn file(message: String) -> Self {
        Self { message, code: 6 }
    }
}

impl From<crate::decode::PackError> for Failure {
    fn from(error: crate::decode::PackError) -> Self {
        Self::pack(error.to_string())
    }
}

impl From<crate::decode::DecodeError> for Failure {
    fn from(error: crate::decode::DecodeError) -> Self {
        Self::pack(error.to_string())
    }
}

/// Reads the arguments, runs the command, gives the exit code.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
