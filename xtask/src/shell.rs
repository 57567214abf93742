//! Runs commands from the project's root and turns their outcome into a [`Failure`] with an exit code.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a command of xtask did not work.
#[derive(Debug)]
pub struct Failure {
    /// For the person at the terminal: what happened and what to do.
    pub message: String,
    /// Exit code of xtask.
    pub code: u8,
}

impl Failure {
    /// Something must be done by hand first, or the command was not understood.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }

    /// Something did not work.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }
}

/// Prints a message on standard error: standard output belongs to the program that is started.
pub fn say(message: &str) {
    eprintln!("{message}");
}

/// Whether a command succeeds; its output is thrown away.
pub fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs commands in the project's root folder.
#[derive(Debug)]
pub struct Shell {
    root: PathBuf,
}

impl Shell {
    /// The shell of the project that this xtask belongs to.
    pub fn at_project_root() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self { root: here.parent().unwrap_or(here).to_path_buf() }
    }

    /// A path below the project's root.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Runs a command with its output on the terminal.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Result<(), Failure> {
        self.run_with(program, arguments, &[])
    }

    /// Runs a command with environment variables set.
    pub fn run_with(
        &self,
        program: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<(), Failure> {
        let status = Command::new(program)
            .args(arguments)
            .envs(variables.iter().copied())
            .current_dir(&self.root)
            .status()
            .map_err(|e| Failure::new(format!("{program} cannot be started: {e}")))?;
        if status.success() {
            return Ok(());
        }
        // A program ended by a signal has no code.
        let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        let message = format!("`{program} {}` ended with {status}", arguments.join(" "));
        Err(Failure { message, code })
    }

    /// Runs a command and gives what it prints; its errors go to the terminal.
    pub fn capture(&self, program: &str, arguments: &[&str]) -> Result<String, Failure> {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(&self.root)
            .stderr(Stdio::inherit())
            .output()
            .map_err(|e| Failure::new(format!("{program} cannot be started: {e}")))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            Ok(text)
        } else {
            Err(Failure::new(format!("{program} ended with {}", output.status)))
        }
    }

    /// Where cargo puts a release binary; CARGO_TARGET_DIR is honoured.
    pub fn release_binary(&self, name: &str) -> PathBuf {
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
        self.root
            .join(target)
            .join("release")
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}
