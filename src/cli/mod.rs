//! The command line: one file per subcommand.

use std::process::ExitCode;

/// Reads the arguments, runs the command, gives the exit code.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
