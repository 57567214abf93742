//! BrainFlow's exit codes, each with its name and with what a person can do about it.
//!
//! Source: `BrainFlowExitCodes` of BrainFlow 5.23.

use std::fmt;
use std::path::PathBuf;

/// A code that BrainFlow returned in place of success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub i32);

/// Number, name, and remedy of every code; the name is BrainFlow's own spelling.
const CODES: &[(i32, &str, &str)] = &[
    (1, "PORT_ALREADY_OPEN_ERROR", "Another session of this program holds the port: stop it first"),
    (
        2,
        "UNABLE_TO_OPEN_PORT_ERROR",
        "Is the dongle plugged in, and is serial_port its name? On Linux: are you in the group dialout \
         (`sudo usermod -aG dialout $USER`, then log in again)? Does another program hold the port?",
    ),
    (
        3,
        "SET_PORT_ERROR",
        "The port does not take the baud rate: is serial_port the board's dongle?",
    ),
    (
        4,
        "BOARD_WRITE_ERROR",
        "The board does not take commands: switch it off and on, then try again",
    ),
    (
        5,
        "INCOMMING_MSG_ERROR",
        "The board sent something unexpected: switch it off and on, then try again",
    ),
    (6, "INITIAL_MSG_ERROR", "The board did not greet: switch it off and on, then try again"),
    (
        7,
        "BOARD_NOT_READY_ERROR",
        "Is the board switched on, charged, near the dongle and on its radio channel? Does its \
         switch stand on PC (Cyton) and not on BLE?",
    ),
    (8, "STREAM_ALREADY_RUN_ERROR", "This session streams already: stop it first"),
    (9, "INVALID_BUFFER_SIZE_ERROR", "The buffer must hold between 1 and 21 600 000 samples"),
    (
        10,
        "STREAM_THREAD_ERROR",
        "BrainFlow could not start its thread: close other programs, then try again",
    ),
    (11, "STREAM_THREAD_IS_NOT_RUNNING", "The session does not stream: start the stream first"),
    (12, "EMPTY_BUFFER_ERROR", "No data has come yet: wait a little"),
    (
        13,
        "INVALID_ARGUMENTS_ERROR",
        "Check the parameters: serial_port, mac_address, ip_address, ip_port, file or master_board as the \
         board needs them",
    ),
    (
        14,
        "UNSUPPORTED_BOARD_ERROR",
        "This build of BrainFlow does not know the board, or not this preset of it",
    ),
    (
        15,
        "BOARD_NOT_CREATED_ERROR",
        "The session is not prepared, or was released: prepare it first",
    ),
    (
        16,
        "ANOTHER_BOARD_IS_CREATED_ERROR",
        "The same board with the same parameters is in use in this program: stop that session first",
    ),
    (
        17,
        "GENERAL_ERROR",
        "BrainFlow says no more than that. For a Bluetooth board: is Bluetooth on, and is the board not \
         connected to a phone?",
    ),
    (
        18,
        "SYNC_TIMEOUT_ERROR",
        "The board did not answer in time: move it closer, then raise `timeout`",
    ),
    (19, "JSON_NOT_FOUND_ERROR", "BrainFlow has no description of this board"),
    (20, "NO_SUCH_DATA_IN_JSON_ERROR", "The board has no channels of this kind"),
    (21, "CLASSIFIER_IS_NOT_PREPARED_ERROR", "Prepare the classifier first"),
    (22, "ANOTHER_CLASSIFIER_IS_PREPARED_ERROR", "Release the other classifier first"),
    (23, "UNSUPPORTED_CLASSIFIER_AND_METRIC_COMBINATION_ERROR", "Choose another classifier"),
];

impl Code {
    /// The port cannot be opened.
    pub const UNABLE_TO_OPEN_PORT: Self = Self(2);
    /// A parameter is missing or wrong.
    pub const INVALID_ARGUMENTS: Self = Self(13);
    /// The board, or this preset of it, is not known.
    pub const UNSUPPORTED_BOARD: Self = Self(14);
    /// The session was not prepared or is gone.
    pub const BOARD_NOT_CREATED: Self = Self(15);
    /// The same board with the same parameters is in use.
    pub const ANOTHER_BOARD_IS_CREATED: Self = Self(16);

    /// BrainFlow's name of the code.
    pub fn name(self) -> &'static str {
        self.row().map_or("UNKNOWN", |row| row.1)
    }

    /// What a person can do about it.
    pub fn remedy(self) -> &'static str {
        self.row().map_or("BrainFlow does not document this code; is its version 5.x?", |row| row.2)
    }

    fn row(self) -> Option<&'static (i32, &'static str, &'static str)> {
        CODES.iter().find(|row| row.0 == self.0)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.name())
    }
}

/// Why something could not be had from BrainFlow.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The shared library cannot be loaded.
    #[error("BrainFlow's library cannot be loaded: {why}: {path}", path = path.display())]
    Load {
        /// What the system said.
        why: String,
        /// The file.
        path: PathBuf,
    },
    /// It is a library, but not a BrainFlow that this crate knows.
    #[error("BrainFlow {found} cannot be used, version {wanted} or newer is needed: {path}", path = path.display())]
    Version {
        /// What the library says.
        found: String,
        /// Oldest one that will do.
        wanted: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// BrainFlow refused.
    #[error("{action} failed with BrainFlow's code {code}. {}", code.remedy())]
    Refused {
        /// What was tried, as `prepare_session`.
        action: &'static str,
        /// What BrainFlow returned.
        code: Code,
    },
    /// BrainFlow's description of a board is not usable.
    #[error("BrainFlow's description of board {board} cannot be used: {why}")]
    Description {
        /// Number of the board.
        board: i32,
        /// What is wrong with it.
        why: String,
    },
    /// Text for BrainFlow holds a zero byte.
    #[error("{what} holds a zero byte")]
    ZeroByte {
        /// Which text.
        what: &'static str,
    },
}

impl Error {
    /// BrainFlow's code, where there is one.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}

/// Turns a return value into a result.
pub(crate) fn check(action: &'static str, returned: i32) -> Result<(), Error> {
    if returned == 0 { Ok(()) } else { Err(Error::Refused { action, code: Code(returned) }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_code_and_the_remedy() {
        let message = check("prepare_session", 2).unwrap_err().to_string();
        for word in ["prepare_session", "2 UNABLE_TO_OPEN_PORT_ERROR", "dongle", "dialout"] {
            assert!(message.contains(word), "{message}");
        }
        assert_eq!(Code(99).name(), "UNKNOWN");
    }

    #[test]
    fn every_code_from_1_to_23_is_known_once() {
        for code in 1..=23 {
            assert_eq!(CODES.iter().filter(|row| row.0 == code).count(), 1, "{code}");
        }
    }
}
