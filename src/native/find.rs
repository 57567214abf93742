//! One search for each library and process: what was found stays.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::library::{Found, Library, NativeError, Origin};
use super::{places, probe};

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

/// Where ONNX Runtime is.
///
/// # Errors
/// A message that says where it was sought and how to get it.
pub fn onnx_runtime() -> Result<PathBuf, String> {
    find(Library::OnnxRuntime).map(|found| found.path).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

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
