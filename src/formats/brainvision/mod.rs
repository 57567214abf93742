//! BrainVision: a header and a list of markers as text, beside them the samples.
//!
//! [`open`] gives a reader that holds a second of signal; [`BrainVisionWriter`] writes the three files. Source:
//! BrainVision Core Data Format 1.0 and 2.0, Brain Products.

mod header;
mod markers;
mod reader;
mod segments;
mod words;
mod writer;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::FormatError;
use super::beside::is_plain;
use header::Header;
use words::{FORMAT, decoded};

pub use reader::BrainVisionReader;
pub use writer::{BrainVisionWriter, Encoding};

/// Longest text file that is read.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// Opens a recording by its header (`.vhdr`), or by one of the files beside it.
///
/// # Errors
/// [`FormatError`] with the key of the header that makes no sense, or the file that is missing.
pub fn open(path: &Path) -> Result<BrainVisionReader<File>, FormatError> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    let header_path = if ["eeg", "vmrk", "dat"].contains(&ending.as_str()) {
        path.with_extension("vhdr")
    } else {
        path.into()
    };
    let mut warnings = Vec::new();
    let header = Header::parse(&text(&header_path)?)?;
    let signal = beside(&header_path, &header.data_file, "eeg", &mut warnings)?;
    let mut marks = markers::Markers::default();
    if !header.marker_file.is_empty() {
        match beside(&header_path, &header.marker_file, "vmrk", &mut warnings)
            .and_then(|path| text(&path))
        {
            Ok(text) => marks = markers::parse(&text),
            Err(why) => warnings.push(format!("there are no markers: {why}")),
        }
    }
    let io =
        |source| FormatError::Io { action: "reading the signal", source, path: signal.clone() };
    let file = File::open(&signal).map_err(io)?;
    BrainVisionReader::new(file, &signal, header, marks, warnings)
}

/// A text file: UTF-8 where it is, else Latin-1.
fn text(path: &Path) -> Result<String, FormatError> {
    let io = |source| FormatError::Io { action: "reading", source, path: path.into() };
    let mut bytes = Vec::new();
    File::open(path).map_err(io)?.take(MAX_TEXT_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_TEXT_BYTES {
        let why = format!("{} is longer than {} MiB", path.display(), MAX_TEXT_BYTES >> 20);
        return Err(FormatError::Unusable { format: FORMAT, why });
    }
    Ok(decoded(bytes))
}

/// The file that a header names, which must be in the header's own folder. A file that was renamed together with
/// its header is found by the header's name.
fn beside(
    header: &Path,
    name: &str,
    ending: &str,
    warnings: &mut Vec<String>,
) -> Result<PathBuf, FormatError> {
    let stem = header.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = name.replace("$b", stem);
    if !is_plain(&name) {
        let why = format!("its header names the file '{name}', which is not beside it");
        return Err(FormatError::Unusable { format: FORMAT, why });
    }
    let named = header.with_file_name(&name);
    let renamed = header.with_extension(ending);
    if !named.exists() && renamed.exists() {
        warnings.push(format!("'{name}' is not there; {} is taken for it", renamed.display()));
        return Ok(renamed);
    }
    Ok(named)
}
