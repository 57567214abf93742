//! What the test programs share. Not a program itself: each includes it by
//! `#[path = "../harness/mod.rs"] mod harness;` and uses a part.
//!
//! Tests of one program run at the same time in one process. Those that cannot bear it hold a named lock:
//! [`program::undisturbed`] (the processor), [`brainflow::one_at_a_time`] (a board).

#![allow(dead_code)] // each program uses a part
#![allow(clippy::unwrap_used)] // a helper that fails is a test that fails

pub mod brainflow;
pub mod converted;
pub mod decode;
pub mod dsp;
pub mod electrodes;
pub mod lsl;
pub mod peers;
pub mod program;
pub mod recording;
#[cfg(feature = "window")]
pub mod window;
pub mod xdf;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file or folder below `tests/vectors`.
pub fn vectors(part: &str) -> PathBuf {
    root().join("tests/vectors").join(part)
}

/// Public recordings, kept outside the repository: in `../shared/data` or where `PHOSPHENE_TEST_DATA` says.
/// `None`, said aloud, where they are not.
pub fn public(part: &str) -> Option<PathBuf> {
    let beside = || root().join("../shared/data");
    let data = std::env::var_os("PHOSPHENE_TEST_DATA").map_or_else(beside, PathBuf::from);
    let path = data.join(part);
    if path.exists() {
        return Some(path);
    }
    eprintln!(
        "skipped: {} is not there (PHOSPHENE_TEST_DATA names another folder)",
        path.display()
    );
    None
}

/// The bundled pack.
pub fn demo_pack() -> PathBuf {
    root().join("models/demo")
}

/// Copies a folder with all that is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A folder that goes with the test, in memory where the system has a place for it: for tests that write a thousand files
/// and would wait for the disk each time.
pub fn folder_in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Holds a lock that a failed test may have left poisoned: it guards no data.
fn hold(lock: &'static Mutex<()>) -> MutexGuard<'static, ()> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
