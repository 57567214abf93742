//! What a session that was held left in its folder: who, with which pack, its runs, how it was held.
//!
//! Takes a folder; gives what its `protocol.toml` and `held.json` say and which recordings are there. A folder without
//! `protocol.toml` is no session of this program: its recordings are read all the same ([`crate::pipeline::sessions`]).

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Held, Session, TEST_TASK};
use crate::pipeline::personal::{PersonalError, write_new};

/// Largest `protocol.toml` and `held.json`, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// Most earlier sessions that a fit goes on from: the newest, so that a fit stays a matter of seconds.
const MOST_EARLIER: usize = 3;

/// A session that was held.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// `sub-01`.
    pub subject: String,
    /// `ses-01`.
    pub session: String,
    /// Name of its protocol.
    pub protocol: String,
    /// Hash of the pack that it was held with; empty where that was not known.
    pub pack_sha256: String,
    /// Runs with pictures that nobody trained on.
    pub test: Vec<PathBuf>,
    /// How it was held; empty where it was broken off.
    pub held: Held,
}

#[derive(Deserialize)]
struct Kept {
    subject: String,
    session: String,
    #[serde(default)]
    pack_sha256: String,
    protocol: KeptProtocol,
}

#[derive(Deserialize)]
struct KeptProtocol {
    name: String,
}

impl Folder {
    /// Reads it; `None` where it is no session of this program, or what it says of itself is damaged.
    pub fn read(path: &Path) -> Option<Self> {
        let kept: Kept = toml::from_str(&text(&path.join("protocol.toml"))?).ok()?;
        let held = text(&path.join("held.json")).and_then(|text| serde_json::from_str(&text).ok());
        let mut test: Vec<PathBuf> = std::fs::read_dir(path)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|file| {
                let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
                name.is_some_and(|name| name.contains(TEST_TASK) && name.ends_with(".xdf"))
            })
            .collect();
        test.sort();
        Some(Self {
            path: path.into(),
            subject: kept.subject,
            session: kept.session,
            protocol: kept.protocol.name,
            pack_sha256: kept.pack_sha256,
            test,
            held: held.unwrap_or_default(),
        })
    }

    /// The personal encoder that was fitted to it, where there is one.
    pub fn encoder(&self) -> Option<PathBuf> {
        Some(self.path.join("encoder.onnx")).filter(|path| path.is_file())
    }
}

fn text(path: &Path) -> Option<String> {
    let size = std::fs::metadata(path).ok()?.len();
    if size > MAX_BYTES {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

/// Keeps how a session was held.
///
/// # Errors
/// [`PersonalError::Output`].
pub fn keep(session: &Session, held: &Held) -> Result<(), PersonalError> {
    let text = serde_json::to_string_pretty(held)
        .map_err(|e| PersonalError::Unexpected(format!("held.json cannot be written: {e}")))?;
    write_new(&session.folder.join("held.json"), text.as_bytes())
}

/// Folders of the same person's newest sessions before this one that were held with the same pack, oldest first.
pub fn earlier(session: &Session, pack_sha256: &str) -> Vec<PathBuf> {
    let below = session.root.join(&session.subject);
    let mut found = folders_in(&below);
    found.retain(|path| *path != session.folder && *path < session.folder);
    found.retain(|path| Folder::read(path).is_some_and(|kept| kept.pack_sha256 == pack_sha256));
    found.split_off(found.len().saturating_sub(MOST_EARLIER))
}

/// The newest personal encoder of somebody else below `root` that was fitted to the same pack.
pub fn someone_elses_encoder(root: &Path, subject: &str, pack_sha256: &str) -> Option<PathBuf> {
    let others = folders_in(root).into_iter().filter(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| name.starts_with("sub-") && name != subject)
    });
    let mut sessions: Vec<Folder> =
        others.flat_map(|path| folders_in(&path)).filter_map(|path| Folder::read(&path)).collect();
    sessions.retain(|kept| kept.pack_sha256 == pack_sha256);
    sessions.iter().rev().find_map(Folder::encoder)
}

/// The folders in a folder, by name.
fn folders_in(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let mut found: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}
