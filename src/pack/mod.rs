//! A model pack: one folder with `pack.toml` and the files that it names, verified.
//!
//! A [`Pack`] exists only when the manifest is within its limits and every listed file has its hash, so
//! whoever holds one may open the files. A personal encoder may stand in for the pack's own: same contract.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use sha2::{Digest, Sha256};

mod check;
pub mod error;
pub(crate) mod vector;
mod rules;
pub mod answers;
pub mod classes;
pub mod credit;
pub mod expected;
pub mod measured;
pub mod expectation;
pub mod limits;
pub mod manifest;
pub mod onnx;
pub mod paths;
pub mod remembered;
pub mod responses;
pub mod sureness;
pub mod tensors;
pub mod verify;
pub mod wire;

pub use error::PackError;
pub use expectation::{Basis, Expectation};
pub use expected::ExpectedSpec;
pub use manifest::Manifest;

/// Name of the manifest in a pack's folder.
pub const MANIFEST_FILE: &str = "pack.toml";

/// Largest manifest in bytes; 65 535 ids and labels fit.
pub const MAX_MANIFEST_BYTES: u64 = 8 << 20;

/// A verified pack.
#[derive(Clone, Debug)]
pub struct Pack {
    dir: PathBuf,
    manifest: Manifest,
    sha256: String,
    unknown_keys: Vec<String>,
    sizes: BTreeMap<String, u64>,
    encoder: EncoderFile,
}

#[derive(Clone, Debug)]
struct EncoderFile {
    path: PathBuf,
    name: String,
    sha256: String,
}

impl Pack {
    /// Reads the manifest and verifies every file.
    ///
    /// # Errors
    /// [`PackError`]: says which file or field, what was expected and what is there.
    pub fn open(dir: &Path) -> Result<Self, PackError> {
        Self::open_unless(dir, &AtomicBool::new(false))
    }

    /// [`Pack::open`] that gives up when `cancel` becomes true.
    ///
    /// # Errors
    /// As [`Pack::open`], and [`PackError::Cancelled`].
    pub fn open_unless(dir: &Path, cancel: &AtomicBool) -> Result<Self, PackError> {
        let bytes = read_manifest(dir)?;
        let text = text_of(&bytes)?;
        let (manifest, unknown_keys) = Manifest::parse(text)?;
        let mut sizes = BTreeMap::new();
        for (file, expected) in &manifest.files {
            sizes.insert(file.clone(), verify::verify_file(dir, file, expected, cancel)?);
        }
        let encoder = EncoderFile {
            path: paths::resolve(dir, &manifest.encoder.file)?,
            name: manifest.encoder.file.clone(),
            sha256: manifest.files[&manifest.encoder.file].to_ascii_lowercase(),
        };
        let sha256 = verify::hex(&Sha256::digest(&bytes));
        Ok(Self { dir: dir.to_owned(), manifest, sha256, unknown_keys, sizes, encoder })
    }

    /// The same pack with another encoder of the same contract, as calibration makes it.
    ///
    /// # Errors
    /// [`PackError::Io`] when the file cannot be read, [`PackError::TooLarge`].
    pub fn with_encoder(mut self, file: &Path) -> Result<Self, PackError> {
        let name = file.display().to_string();
        let (sha256, _) = verify::hash_file(file, &name, &AtomicBool::new(false))?;
        self.encoder = EncoderFile { path: file.to_owned(), name, sha256 };
        Ok(self)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the pack says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the manifest, which holds the hash of everything else.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// SHA-256 of the encoder in use.
    pub fn encoder_sha256(&self) -> &str {
        &self.encoder.sha256
    }

    /// The encoder in use, and its name for messages.
    pub fn encoder_file(&self) -> (&Path, &str) {
        (&self.encoder.path, &self.encoder.name)
    }

    /// Keys of the manifest that this version ignores.
    pub fn unknown_keys(&self) -> &[String] {
        &self.unknown_keys
    }

    /// What a careful reader would want to know though the pack can be used.
    pub fn warnings(&self) -> Vec<String> {
        let ignored = "is not known to this version and is ignored";
        let keys = self.unknown_keys.iter().map(|key| format!("pack.toml: '{key}' {ignored}"));
        let mut warnings: Vec<String> = keys.collect();
        if self.manifest.expected.is_none() {
            let why = "pack.toml: there is no [expected], so no score can be expected of a headset";
            warnings.push(why.into());
        }
        if self.manifest.answers.is_none() {
            let why =
                "pack.toml: there is no [answers], so decodes are not calibrated: no probabilities";
            warnings.push(why.into());
        }
        if self.manifest.credits.is_empty() {
            let why = "pack.toml: there is no [[credit]], so whose work this is cannot be checked";
            warnings.push(why.into());
        }
        warnings
    }

    /// What to expect with these channels interpolated and absent. `None` when the pack does not say, or when
    /// a personal encoder stands in, of which the pack's table says nothing.
    pub fn expectation(
        &self,
        interpolated: Vec<String>,
        absent: Vec<String>,
    ) -> Option<Expectation> {
        let channels = self.manifest.input.channels.len();
        Expectation::of(self.own_expected()?, channels, interpolated, absent)
    }

    /// The table of expected scores, where it is about the encoder in use.
    pub fn own_expected(&self) -> Option<&expected::ExpectedSpec> {
        self.manifest.expected.as_ref().filter(|_| self.has_own_encoder())
    }

    /// Whether the encoder in use is the pack's own, and not a personal one in its place.
    pub fn has_own_encoder(&self) -> bool {
        let listed = self.manifest.files.get(&self.manifest.encoder.file);
        listed.is_some_and(|listed| listed.eq_ignore_ascii_case(&self.encoder.sha256))
    }

    /// Every listed file with its size in bytes.
    pub fn sizes(&self) -> &BTreeMap<String, u64> {
        &self.sizes
    }

    /// The real path of a listed file.
    ///
    /// # Errors
    /// [`PackError::Missing`] when it has gone since it was verified.
    pub fn path(&self, file: &str) -> Result<PathBuf, PackError> {
        paths::resolve(&self.dir, file)
    }
}

/// The manifest's text.
///
/// # Errors
/// [`PackError::Manifest`] with the line that is not UTF-8.
fn text_of(bytes: &[u8]) -> Result<&str, PackError> {
    std::str::from_utf8(bytes).map_err(|e| {
        let at = e.valid_up_to();
        let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
        let why = format!("line {line}, byte {at} of the file is not UTF-8. Save it as UTF-8 text");
        PackError::Manifest { why }
    })
}

fn read_manifest(dir: &Path) -> Result<Vec<u8>, PackError> {
    if !dir.is_dir() {
        return Err(PackError::NoFolder { dir: dir.to_owned() });
    }
    let path = paths::resolve(dir, MANIFEST_FILE)?;
    let io = |source| PackError::Io { action: "reading", source, path: path.clone() };
    let file = std::fs::File::open(&path).map_err(io)?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file at the limit from one beyond it.
    file.take(MAX_MANIFEST_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    let got = bytes.len() as u64;
    if got > MAX_MANIFEST_BYTES {
        let file = MANIFEST_FILE.to_owned();
        return Err(PackError::TooLarge { file, got, limit: MAX_MANIFEST_BYTES });
    }
    Ok(bytes)
}
