//! Where the native libraries may be, in the order in which they are tried.

use std::path::{Path, PathBuf};

use super::library::{Library, Origin};

/// The bundled set, relative to the project or to the executable.
const BUNDLED: &str = "native/lib";

/// Folders that the system's loader may leave out.
const SYSTEM_FOLDERS: &[&str] = if cfg!(target_os = "macos") {
    &["/opt/homebrew/lib", "/usr/local/lib"]
} else if cfg!(windows) {
    &[]
} else {
    &["/usr/local/lib"]
};

/// Names under which the system's loader may know the library.
fn system_names(library: Library) -> &'static [&'static str] {
    match library {
        Library::Lsl if cfg!(windows) => &["lsl.dll"],
        Library::Lsl if cfg!(target_os = "macos") => &["liblsl.dylib"],
        Library::Lsl => &["liblsl.so", "liblsl.so.2"],
        Library::Brainflow if cfg!(windows) => &["BoardController.dll"],
        Library::Brainflow if cfg!(target_os = "macos") => &["libBoardController.dylib"],
        Library::Brainflow => &["libBoardController.so"],
        Library::OnnxRuntime if cfg!(windows) => &["onnxruntime.dll"],
        Library::OnnxRuntime if cfg!(target_os = "macos") => &["libonnxruntime.dylib"],
        Library::OnnxRuntime => &["libonnxruntime.so", "libonnxruntime.so.1"],
    }
}

/// The file inside the bundled folder.
fn bundled_file(library: Library) -> PathBuf {
    let name = system_names(library)[0];
    match library {
        Library::Brainflow => Path::new("brainflow").join(name),
        Library::Lsl | Library::OnnxRuntime => name.into(),
    }
}

/// Every place to look, system first. Names without a folder are left to the system's loader; of files
/// with a folder only those that exist are given.
pub(super) fn candidates(library: Library) -> impl Iterator<Item = (PathBuf, Origin)> {
    let names = system_names(library);
    let in_folders = SYSTEM_FOLDERS
        .iter()
        .flat_map(|folder| names.iter().map(|name| Path::new(folder).join(name)))
        .filter(|path| path.is_file());
    let system = names.iter().map(PathBuf::from).chain(in_folders);
    let bundled = bundled_places(library);
    system
        .map(|path| (path, Origin::System))
        .chain(bundled.into_iter().map(|path| (path, Origin::Bundled)))
}

/// The bundled file beside and above the executable, then in and above the working directory.
fn bundled_places(library: Library) -> Vec<PathBuf> {
    let executable = std::env::current_exe().ok();
    let beside = executable.as_deref().and_then(Path::parent).map(Path::to_owned);
    let working = std::env::current_dir().ok();
    let file = Path::new(BUNDLED).join(bundled_file(library));
    let mut places: Vec<PathBuf> = Vec::new();
    for start in [beside, working].iter().flatten() {
        for folder in start.ancestors() {
            let path = folder.join(&file);
            if path.is_file() && !places.contains(&path) {
                places.push(path);
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_comes_before_the_bundled_set() {
        for library in Library::ALL {
            let origins: Vec<_> = candidates(library).map(|(_, origin)| origin).collect();
            assert_eq!(origins[0], Origin::System);
            assert!(origins.is_sorted_by_key(|origin| *origin == Origin::Bundled));
        }
    }
}
