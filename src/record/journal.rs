//! Which recordings are being written: one small file each, beside the program's data.
//!
//! An entry is locked as long as its recording runs and is removed when the recording is finished. An entry
//! that nobody holds was left by a crash or a power cut. Without a place for entries recordings work all
//! the same; only nothing is found after a crash.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::time::clock::utc_now_iso8601;

/// Longest entry that is read, in bytes: a path and a few words.
const MAX_ENTRY_BYTES: u64 = 64 << 10;

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unfinished {
    /// The recording, absolute.
    pub path: PathBuf,
    /// Process that wrote it.
    pub pid: u32,
    /// When it began, ISO 8601 in UTC.
    pub started_utc: String,
}

/// An entry that is held: locked until it is dropped.
#[derive(Debug)]
pub struct Entry {
    file: File,
    path: PathBuf,
}

impl Entry {
    /// The recording is whole: nothing is left to mend.
    pub fn finished(self) {
        // An entry that stays is looked at by the next start, which finds a whole file.
        let _ = std::fs::remove_file(&self.path);
        drop(self.file);
    }
}

/// Where entries are.
pub fn folder() -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "phosphene")?;
    Some(dirs.data_local_dir().join("unfinished"))
}

/// Says that a recording begins. `None` where no entry can be made.
pub fn enter(recording: &Path) -> Option<Entry> {
    let entered = folder().map(|folder| enter_at(&folder, recording))?;
    entered
        .inspect_err(|why| tracing::warn!("an unfinished recording would not be found: {why}"))
        .ok()
}

/// As [`enter`], in a folder.
///
/// # Errors
/// What the system says.
pub fn enter_at(folder: &Path, recording: &Path) -> std::io::Result<Entry> {
    std::fs::create_dir_all(folder)?;
    let recording = std::path::absolute(recording)?;
    let hash = Sha256::digest(recording.as_os_str().as_encoded_bytes());
    let name: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let path = folder.join(format!("{name}.json"));
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
    file.try_lock()?;
    file.set_len(0)?;
    let said =
        Unfinished { path: recording, pid: std::process::id(), started_utc: utc_now_iso8601() };
    file.write_all(serde_json::to_string(&said)?.as_bytes())?;
    file.sync_all()?;
    Ok(Entry { file, path })
}

/// Entries that nobody holds, each held now. An entry that cannot be read is removed.
pub fn left_behind(folder: &Path) -> Vec<(Unfinished, Entry)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    paths.into_iter().filter_map(take).collect()
}

fn take(path: PathBuf) -> Option<(Unfinished, Entry)> {
    let mut file = OpenOptions::new().read(true).write(true).open(&path).ok()?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return None,
    }
    let mut text = String::new();
    let read = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| (&file).take(MAX_ENTRY_BYTES).read_to_string(&mut text));
    let said = read.ok().and_then(|_| serde_json::from_str::<Unfinished>(&text).ok());
    let entry = Entry { file, path };
    match said {
        Some(said) => Some((said, entry)),
        None => {
            entry.finished();
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let running = enter_at(folder.path(), Path::new("a.xdf")).unwrap();
        let crashed = enter_at(folder.path(), Path::new("b.xdf")).unwrap();
        std::fs::write(folder.path().join("junk.json"), "{").unwrap();
        assert!(enter_at(folder.path(), Path::new("a.xdf")).is_err());
        drop(crashed);
        let found = left_behind(folder.path());
        assert_eq!(found.len(), 1);
        let said = &found[0].0;
        assert!(said.path.is_absolute() && said.path.ends_with("b.xdf"));
        assert_eq!(said.pid, std::process::id());
        assert!(!folder.path().join("junk.json").exists());
        running.finished();
        drop(found);
        assert_eq!(left_behind(folder.path()).len(), 1);
    }
}
