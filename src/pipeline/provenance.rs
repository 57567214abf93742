//! What a personal encoder was fitted to: the `fit.toml` that [`crate::study`] leaves beside it.
//!
//! Takes the encoder's path; gives the hashes of its pack and of the recordings that it has seen, so that it is not
//! used with another pack, and not scored on what it was fitted to. A `fit.toml` of another encoder is no provenance.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde::Deserialize;

use super::cleaning::Cleaning;
use super::config::RunConfig;
use crate::decode::Pack;

/// Largest `fit.toml`, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// Where an encoder comes from.
#[derive(Clone, Debug, Deserialize)]
pub struct Provenance {
    pack: String,
    pack_sha256: String,
    encoder_sha256: String,
    /// What was cleaned, in [`Cleaning`]'s spelling; absent: nothing.
    #[serde(default)]
    cleaning: Option<String>,
    #[serde(default)]
    runs: Vec<FittedRun>,
}

#[derive(Clone, Debug, Deserialize)]
struct FittedRun {
    sha256: String,
}

impl Provenance {
    /// Of the encoder in use in `pack`, which lies at `encoder`; `None` where nothing beside it tells.
    pub fn of(pack: &Pack, encoder: &Path) -> Option<Self> {
        let path = encoder.with_file_name("fit.toml");
        let size = std::fs::metadata(&path).ok()?.len();
        let text = (size <= MAX_BYTES).then(|| std::fs::read_to_string(&path).ok())??;
        let found: Self = toml::from_str(&text).ok()?;
        (found.encoder_sha256 == pack.encoder_sha256()).then_some(found)
    }

    /// Refuses another pack than it was fitted to: its embeddings would mean something else there.
    ///
    /// # Errors
    /// A message with both hashes.
    pub fn check_pack(&self, pack: &Pack) -> Result<(), String> {
        if self.pack_sha256 == pack.sha256() {
            return Ok(());
        }
        let short = |hash: &str| hash.chars().take(12).collect::<String>();
        Err(format!(
            "the personal encoder was fitted to the pack {} ({}…), this is {} ({}…): fit it again with `phosphene fit --pack`",
            self.pack,
            short(&self.pack_sha256),
            pack.manifest().name,
            short(pack.sha256())
        ))
    }

    /// Refuses a signal that is cleaned otherwise than what it was fitted to: answers and noise would be others.
    ///
    /// # Errors
    /// A message with both, and what to say.
    pub fn check_cleaning(&self, cleaning: &Cleaning) -> Result<(), String> {
        let Some(fitted) = &self.cleaning else { return Ok(()) };
        let now = cleaning.to_string();
        if *fitted == now {
            return Ok(());
        }
        Err(format!(
            "the personal encoder was fitted to cleaned signal ({fitted}), this run has: {now}. Clean it in the same way with --clean, --bad and --reference, or fit again without"
        ))
    }

    /// Whether it was fitted to the recording with this hash.
    pub fn has_seen(&self, sha256: &str) -> bool {
        self.runs.iter().any(|run| run.sha256 == sha256)
    }
}

/// Refuses an encoder that was fitted to another pack, or to signal that was cleaned otherwise; one without provenance is
/// taken as it is.
///
/// # Errors
/// As [`Provenance::check_pack`] and [`Provenance::check_cleaning`].
pub fn check(pack: &Pack, encoder: &Path, cleaning: &Cleaning) -> Result<(), String> {
    let Some(known) = Provenance::of(pack, encoder) else { return Ok(()) };
    known.check_pack(pack)?;
    known.check_cleaning(cleaning)
}

/// Reads and verifies the pack, with the personal encoder where one was asked for.
pub fn open_pack(config: &RunConfig, folder: &Path, cancel: &AtomicBool) -> Result<Pack, String> {
    let pack = Pack::open_unless(folder, cancel).map_err(|e| e.to_string())?;
    match &config.encoder {
        Some(file) => {
            let pack = pack.with_encoder(file).map_err(|e| e.to_string())?;
            check(&pack, file, &config.cleaning)?;
            Ok(pack)
        }
        None => Ok(pack),
    }
}
