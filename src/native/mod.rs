//! Finds the three native libraries at run time.
//!
//! Order: the environment variable of the library, which wins and must then be right; a system
//! installation, if it is new enough; the bundled set in `native/lib`, looked for beside the executable,
//! then upward from it, then upward from the working directory. [`find`] opens each candidate, asks it for
//! its version, and gives the first that will do, or everything that was tried and why it would not.
//! A file that is something else is refused with a reason; nothing is called in it.

pub mod memory;
mod places;
mod probe;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

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
    fn accepts(self, version: &str) -> bool {
        let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        match self {
            Self::Lsl => version >= (1, 18),
            Self::Brainflow => version == (5, 23),
            Self::OnnxRuntime => version >= (1, 24),
        }
    }

    fn remedy(self) -> String {
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

/// Where ONNX Runtime is.
///
/// # Errors
/// A message that says where it was sought and how to get it.
pub fn onnx_runtime() -> Result<PathBuf, String> {
    find(Library::OnnxRuntime).map(|found| found.path).map_err(|e| e.to_string())
}

/// What was found, in the order of the first searches.
///
/// One search at a time, and what it found stays: the loader answers to the bare name of any library that this
/// process already has open, from whatever folder, so that a second search would take a bundled library for an
/// installed one, under a name that opens nothing in another place.
static FOUND: Mutex<Vec<Found>> = Mutex::new(Vec::new());

/// Finds a library that will do; the same one each time in one process. Opens files, so not for real-time threads.
///
/// # Errors
/// [`NativeError`] with every file that was tried when none will do; when the environment variable is set,
/// only the file that it names is tried.
pub fn find(library: Library) -> Result<Found, NativeError> {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(before) = found.iter().find(|Found { library: known, .. }| *known == library) {
        return Ok(before.clone());
    }
    search(library).inspect(|first| found.push(first.clone()))
}

fn search(library: Library) -> Result<Found, NativeError> {
    match std::env::var_os(library.variable()).filter(|value| !value.is_empty()) {
        Some(named) => first_of(library, std::iter::once((named.into(), Origin::Environment))),
        None => first_of(library, places::candidates(library)),
    }
}

/// Checks one file as [`find`] does.
///
/// # Errors
/// [`NativeError`] when the file will not do.
pub fn check(library: Library, path: PathBuf) -> Result<Found, NativeError> {
    first_of(library, std::iter::once((path, Origin::Environment)))
}

fn first_of(
    library: Library,
    candidates: impl Iterator<Item = (PathBuf, Origin)>,
) -> Result<Found, NativeError> {
    let mut tried = Vec::new();
    for (path, origin) in candidates {
        match version_that_will_do(library, &path) {
            Ok(version) => return Ok(Found { library, path, version, origin }),
            Err(why) => tried.push((path, why)),
        }
    }
    Err(NativeError { library, tried, remedy: library.remedy() })
}

fn version_that_will_do(library: Library, path: &std::path::Path) -> Result<String, String> {
    let version = probe::version(library, path)?;
    if library.accepts(&version) {
        Ok(version)
    } else {
        Err(format!("it is version {version}, and {} is needed", library.requirement()))
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

    #[test]
    fn a_text_file_is_refused_with_its_name_and_a_remedy() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let message = check(Library::Lsl, path).unwrap_err().to_string();
        assert!(
            message.contains("Cargo.toml") && message.contains("cargo xtask setup"),
            "{message}"
        );
    }

    #[test]
    fn an_open_library_is_found_again_where_it_was() {
        let Ok(first) = find(Library::OnnxRuntime) else {
            println!("skipped: ONNX Runtime is not there; run `cargo xtask setup`");
            return;
        };
        // SAFETY: the file was just found to be ONNX Runtime, whose initialisers may run.
        let open = unsafe { libloading::Library::new(&first.path) };
        assert!(open.is_ok());
        assert_eq!(find(Library::OnnxRuntime).as_ref(), Ok(&first));
    }

    #[test]
    fn a_library_of_another_kind_is_refused() {
        let Ok(lsl) = find(Library::Lsl) else {
            println!("skipped: liblsl is not there; run `cargo xtask setup`");
            return;
        };
        for other in [Library::Brainflow, Library::OnnxRuntime] {
            let error = check(other, lsl.path.clone()).unwrap_err();
            assert!(error.tried[0].1.contains("does not offer"), "{error}");
        }
    }
}
