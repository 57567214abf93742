//! Where things are on this computer: packs, recordings, what was said of devices.
//!
//! Reads the environment and the file system; only [`montages`] writes.

pub mod montages;

use std::path::{Path, PathBuf};

/// Environment variable that names the folder of the model packs.
pub const MODELS_VARIABLE: &str = "PHOSPHENE_MODELS";

/// Folder name of the bundled pack.
const BUNDLED_PACK: &str = "demo";

/// How far above the program or the working directory the `models` folder is sought.
const LEVELS_UP: usize = 5;

/// The bundled pack: `$PHOSPHENE_MODELS/demo`, or `models/demo` in or above the working directory or the
/// program's folder.
pub fn bundled_pack() -> Option<PathBuf> {
    model_folders()
        .into_iter()
        .map(|folder| folder.join(BUNDLED_PACK))
        .find(|pack| has_manifest(pack))
}

/// Every pack that can be found in the `models` folders.
pub fn packs() -> Vec<PathBuf> {
    let entries = model_folders().into_iter().filter_map(|folder| std::fs::read_dir(folder).ok());
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|p| has_manifest(p))
        .collect();
    found.sort();
    found.dedup();
    found
}

fn has_manifest(pack: &Path) -> bool {
    pack.join("pack.toml").is_file()
}

fn model_folders() -> Vec<PathBuf> {
    if let Some(folder) = std::env::var_os(MODELS_VARIABLE) {
        return vec![folder.into()];
    }
    let starts = [std::env::current_dir().ok(), std::env::current_exe().ok()];
    let mut folders: Vec<PathBuf> = starts
        .into_iter()
        .flatten()
        .flat_map(|start| {
            start.ancestors().take(LEVELS_UP).map(|up| up.join("models")).collect::<Vec<_>>()
        })
        .filter(|folder| folder.is_dir())
        .collect();
    folders.dedup();
    folders
}

/// Where recordings go when no path is given: the user's documents folder, or the working directory.
pub fn recordings_folder() -> PathBuf {
    let documents =
        directories::UserDirs::new().and_then(|dirs| dirs.document_dir().map(Path::to_path_buf));
    documents.unwrap_or_else(|| PathBuf::from(".")).join("Phosphene")
}

/// A fresh file name in the recordings folder: `phosphene_2026-11-23T182410Z.xdf`.
pub fn new_recording_path(utc_iso8601: &str) -> PathBuf {
    recordings_folder().join(format!("phosphene_{}.xdf", utc_iso8601.replace(':', "")))
}
