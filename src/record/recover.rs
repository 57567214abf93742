//! After a crash: finds recordings that were never finished, mends each, and says what was lost.
//!
//! What mending means is handed in ([`Mend`]), so that it can be tried without a damaged disk.

use std::path::{Path, PathBuf};

use crate::formats::{FormatError, xdf};

use super::journal;

/// How a recording is mended.
pub struct Mend<'a> {
    /// Whether a file lacks its end.
    pub is_unfinished: &'a dyn Fn(&Path) -> Result<bool, FormatError>,
    /// Makes it a whole file in its place; what was found and lost, in plain words.
    pub repair: &'a dyn Fn(&Path) -> Result<String, FormatError>,
}

/// A recording that an earlier run left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The file.
    pub path: PathBuf,
    /// True when the file is whole now.
    pub whole: bool,
    /// What happened to it, a sentence for the user.
    pub said: String,
}

/// Looks through the entries of a folder. A file that is gone or was whole all along is not worth a word; one
/// that cannot be mended is left as it is and told again at the next start.
pub fn recover_in(folder: &Path, mend: &Mend<'_>) -> Vec<Recovered> {
    let mut told = Vec::new();
    for (unfinished, entry) in journal::left_behind(folder) {
        let path = unfinished.path;
        if !path.is_file() {
            entry.finished();
            continue;
        }
        let outcome = (mend.is_unfinished)(&path).and_then(|unfinished| {
            if unfinished { (mend.repair)(&path).map(Some) } else { Ok(None) }
        });
        let started = &unfinished.started_utc;
        match outcome {
            Ok(None) => entry.finished(),
            Ok(Some(said)) => {
                entry.finished();
                let said = format!(
                    "a recording of {started} was not finished: {said}: {}",
                    path.display()
                );
                told.push(Recovered { path, whole: true, said });
            }
            Err(why) => {
                let said = format!(
                    "a recording of {started} was not finished and could not be mended, it is left as it is: {why}"
                );
                told.push(Recovered { path, whole: false, said });
            }
        }
    }
    told
}

/// As [`recover_in`], where recordings of this program are entered: for the start of every command that
/// records, and of the window. Reads each unfinished file once; nothing to do is quick.
pub fn recover() -> Vec<Recovered> {
    let Some(folder) = journal::folder() else { return Vec::new() };
    let repair = |path: &Path| xdf::repair(path).map(|done| done.sentence());
    recover_in(&folder, &Mend { is_unfinished: &xdf::is_unfinished, repair: &repair })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn unfinished_files_are_mended_once_and_others_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["whole.xdf", "cut.xdf", "bad.xdf", "gone.xdf"] {
            let path = folder.path().join(name);
            if name != "gone.xdf" {
                std::fs::write(&path, name).unwrap();
            }
            drop(journal::enter_at(folder.path(), &path).unwrap());
        }
        let mended = RefCell::new(Vec::new());
        let is_unfinished = |path: &Path| Ok(!path.ends_with("whole.xdf"));
        let repair = |path: &Path| {
            mended.borrow_mut().push(path.to_path_buf());
            if path.ends_with("bad.xdf") {
                let why = "no header".to_owned();
                return Err(FormatError::Unusable { format: "XDF", why });
            }
            Ok("12 samples, 3 bytes were cut off".into())
        };
        let mend = Mend { is_unfinished: &is_unfinished, repair: &repair };
        let mut told = recover_in(folder.path(), &mend);
        told.sort_by_key(|found| found.whole);
        assert_eq!(told.iter().map(|found| found.whole).collect::<Vec<_>>(), [false, true]);
        assert!(told[1].said.contains("12 samples") && told[1].said.contains("cut.xdf"));
        assert!(told[0].said.contains("no header"));
        // The one that could not be mended is tried again, the others are not.
        assert_eq!(recover_in(folder.path(), &mend).len(), 1);
        assert_eq!(mended.borrow().len(), 3);
    }
}
