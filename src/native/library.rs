//! The three libraries: their names, versions that will do, and what to say when one is missing.

use std::fmt;
use std::path::PathBuf;

/// A library that Phosphene opens at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Library {
    /// liblsl: Lab Streaming Layer.
    Lsl,
    /// BrainFlow's BoardController: headsets.
    Brainflow,
    /// ONNX Runtime: the decoder.
    OnnxRuntime,
}

/// Where a library was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Named by an environment variable.
    Environment,
    /// Installed on the system.
    System,
    /// In the bundled folder `native/lib`.
    Bundled,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "named by an environment variable",
            Self::System => "installed on the system",
            Self::Bundled => "bundled",
        })
    }
}

/// A library that will do.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Found {
    /// Which one.
    pub library: Library,
    /// The file, or the name under which the system's loader knows it.
    pub path: PathBuf,
    /// What the library says its version is.
    pub version: String,
    /// Where it was found.
    pub origin: Origin,
}

/// No file will do. The text names every file that was tried, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{library} was not found or cannot be used:{}\n{remedy}", Tried(.tried))]
pub struct NativeError {
    /// Which one.
    pub library: Library,
    /// Every file that was tried, and why it would not do.
    pub tried: Vec<(PathBuf, String)>,
    /// What to do.
    pub remedy: String,
}

/// Writes one line per file that was tried.
struct Tried<'a>(&'a [(PathBuf, String)]);

impl fmt::Display for Tried<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(path, why)| write!(f, "\n  {}: {why}", path.display()))
    }
}

impl NativeError {
    /// Every file that was tried and why it would not do, in one line.
    pub fn tried_in_one_line(&self) -> String {
        let parts: Vec<String> =
            self.tried.iter().map(|(path, why)| format!("{}: {why}", path.display())).collect();
        if parts.is_empty() { "it was not found".into() } else { parts.join("; ") }
    }
}

impl Library {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lsl, Self::Brainflow, Self::OnnxRuntime];

    /// The environment variable that names the file to use.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Lsl => "PHOSPHENE_LIBLSL",
            Self::Brainflow => "PHOSPHENE_BRAINFLOW",
            Self::OnnxRuntime => "ORT_DYLIB_PATH",
        }
    }

    /// Which versions will do, in words.
    pub fn requirement(self) -> &'static str {
        match self {
            Self::Lsl => "1.18 or newer",
            Self::Brainflow => "5.23",
            Self::OnnxRuntime => "1.24 or newer",
        }
    }

    /// Whether a version as the library states it will do.
    ///
    /// liblsl before 1.18 misses streams of the same machine; BrainFlow's functions and board numbers are
    /// bound as of 5.23; the decoder asks for version 24 of ONNX Runtime's interface, which came with 1.24.
    pub(super) fn accepts(self, version: &str) -> bool {
        let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        match self {
            Self::Lsl => version >= (1, 18),
            Self::Brainflow => version == (5, 23),
            Self::OnnxRuntime => version >= (1, 24),
        }
    }

    pub(super) fn remedy(self) -> String {
        format!("Run `cargo xtask setup`, or set {} to the library's file.", self.variable())
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lsl => "liblsl",
            Self::Brainflow => "BrainFlow",
            Self::OnnxRuntime => "ONNX Runtime",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(Library::Lsl.accepts("1.18") && !Library::Lsl.accepts("1.9"));
        assert!(Library::Brainflow.accepts("5.23.0") && !Library::Brainflow.accepts("5.24.0"));
        assert!(Library::OnnxRuntime.accepts("1.32.0") && !Library::OnnxRuntime.accepts("1.23.2"));
        assert!(!Library::OnnxRuntime.accepts("") && Library::Lsl.accepts("2.0"));
    }
}
