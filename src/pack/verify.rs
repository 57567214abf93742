//! Proves that the files of a pack are the ones its manifest was written for.
//!
//! SHA-256 of every listed file, read in pieces of 1 MiB, with a look at the stop flag between pieces.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use super::error::PackError;

/// Largest file that a pack may hold, in bytes: the limit of an ONNX file without external data.
pub const MAX_FILE_BYTES: u64 = 2 << 30;

const PIECE_BYTES: usize = 1 << 20;

/// SHA-256 of a file in lower-case hexadecimal, and its size in bytes.
///
/// # Errors
/// [`PackError::TooLarge`], [`PackError::Io`], [`PackError::Cancelled`]; `name` is used in messages.
pub fn hash_file(path: &Path, name: &str, cancel: &AtomicBool) -> Result<(String, u64), PackError> {
    let io = |source| PackError::Io { action: "reading", source, path: path.to_owned() };
    let mut file = File::open(path).map_err(io)?;
    let kind = file.metadata().map_err(io)?;
    if !kind.is_file() {
        let source = std::io::Error::other("this is not a regular file");
        return Err(PackError::Io { action: "reading", source, path: path.to_owned() });
    }
    if kind.len() > MAX_FILE_BYTES {
        let (file, got) = (name.to_owned(), kind.len());
        return Err(PackError::TooLarge { file, got, limit: MAX_FILE_BYTES });
    }
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut bytes = 0;
    loop {
        if cancel.load(Ordering::Relaxed) {
            return Err(PackError::Cancelled);
        }
        let got = file.read(&mut piece).map_err(io)?;
        if got == 0 {
            return Ok((hex(&hasher.finalize()), bytes));
        }
        hasher.update(&piece[..got]);
        bytes += got as u64;
    }
}

/// Checks one listed file.
///
/// # Errors
/// [`PackError::Hash`] when it is another file, and everything of [`hash_file`] and `resolve`.
pub fn verify_file(
    dir: &Path,
    name: &str,
    expected: &str,
    cancel: &AtomicBool,
) -> Result<u64, PackError> {
    let path = super::paths::resolve(dir, name)?;
    let (got, bytes) = hash_file(&path, name, cancel)?;
    if got.eq_ignore_ascii_case(expected) {
        return Ok(bytes);
    }
    let (file, expected) = (name.to_owned(), expected.to_ascii_lowercase());
    Err(PackError::Hash { file, expected, got })
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
