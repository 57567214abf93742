//! Finds out what a file is by its first bytes, and opens it.
//!
//! Takes a path; gives the reader of its format. Names are only asked where bytes cannot tell: the signal files of BrainVision
//! and EEGLAB have no mark of their own.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::recording::ReadRecording;
use super::{FormatError, brainvision, cnt, edf, eeglab, fif, gdf, text, xdf};

/// Bytes that are looked at: every format says its name in fewer.
const HEAD_BYTES: u64 = 256;

/// Opens a recording of any format that Phosphene reads.
///
/// # Errors
/// [`FormatError::Io`], [`FormatError::Unknown`] when no reader knows it, and what the reader finds wrong with
/// its header.
pub fn open(path: &Path) -> Result<Box<dyn ReadRecording>, FormatError> {
    open_with(path, xdf::Stamps::default())
}

/// As [`open`], with a choice of whose rules say when the samples of an XDF were taken.
///
/// # Errors
/// As [`open`].
pub fn open_with(path: &Path, stamps: xdf::Stamps) -> Result<Box<dyn ReadRecording>, FormatError> {
    let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
    let mut head = Vec::new();
    File::open(path).map_err(io)?.take(HEAD_BYTES).read_to_end(&mut head).map_err(io)?;
    if head.is_empty() {
        return Err(FormatError::Unknown { why: "it is empty".into(), path: path.into() });
    }
    if fif::is_fif(&head, path) {
        return Ok(Box::new(fif::open(path)?));
    }
    if is_xdf(&head) {
        // As they stand in the file: on no clock but the sender's.
        let synchronize = stamps != xdf::Stamps::Raw;
        let options = xdf::LoadOptions { stamps, synchronize, ..xdf::LoadOptions::default() };
        return Ok(Box::new(xdf::XdfReader::open(path, &options)?));
    }
    if edf::is_edf(&head) {
        return Ok(Box::new(edf::open(path)?));
    }
    if eeglab::is_eeglab(&head, path) {
        return Ok(Box::new(eeglab::open(path)?));
    }
    if is_brainvision(&head, path) {
        return Ok(Box::new(brainvision::open(path)?));
    }
    if head.starts_with(gdf::MAGIC) {
        return Ok(Box::new(gdf::open(path)?));
    }
    if cnt::is_cnt(&head) {
        return Ok(Box::new(cnt::open(path)?));
    }
    text::open(path)
}

/// XDF, bare or compressed.
fn is_xdf(head: &[u8]) -> bool {
    let gzip = head.starts_with(&[0x1f, 0x8b]);
    // Of all pairs that the check sum allows, those that compressors write: others begin texts, as `80` does.
    let zlib = [0x01, 0x5e, 0x9c, 0xda].iter().any(|level| head.starts_with(&[0x78, *level]));
    head.starts_with(&xdf::MAGIC) || gzip || zlib
}

fn is_brainvision(head: &[u8], path: &Path) -> bool {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}');
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    text.starts_with("Brain Vision")
        || text.starts_with("BrainVision")
        || ["vhdr", "vmrk", "eeg"].contains(&ending.as_str())
}
