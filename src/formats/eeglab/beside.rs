//! The two files of a data set: which belongs to which.
//!
//! Takes names as a `.set` file has them; gives paths in that file's own folder, and no others.

use std::path::{Path, PathBuf};

use super::words::unusable;
use crate::formats::FormatError;
use crate::formats::beside::is_plain;

/// The `.set` file to read for a path: itself, or the one beside a file of samples.
pub(super) fn set_of(path: &Path) -> Result<PathBuf, FormatError> {
    if !is_samples(path) {
        return Ok(path.into());
    }
    let set = ["set", "SET"].map(|ending| path.with_extension(ending));
    match set.iter().find(|set| set.exists()) {
        Some(set) => Ok(set.clone()),
        None => Err(unusable(format!(
            "it holds bare samples, and {}, which describes them, is not beside it",
            set[0].display()
        ))),
    }
}

/// Whether a path names bare samples.
pub(super) fn is_samples(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ending.eq_ignore_ascii_case("fdt") || ending.eq_ignore_ascii_case("dat")
}

/// The file of samples that a set names, by the first of `names` that is not empty. Files that were renamed together
/// are found by the set's name.
pub(super) fn samples_of(
    set: &Path,
    names: [&str; 2],
    warnings: &mut Vec<String>,
) -> Result<PathBuf, FormatError> {
    let name = names.into_iter().map(str::trim).find(|name| !name.is_empty()).unwrap_or_default();
    let named = is_plain(name).then(|| set.with_file_name(name)).filter(|named| is_samples(named));
    if let Some(named) = named.as_ref().filter(|named| named.is_file()) {
        return Ok(named.clone());
    }
    let renamed = ["fdt", "FDT", "dat"].map(|ending| set.with_extension(ending));
    if let Some(renamed) = renamed.into_iter().find(|renamed| renamed.is_file() && renamed != set) {
        warnings.push(format!("'{name}' is not there; {} is taken for it", renamed.display()));
        return Ok(renamed);
    }
    Err(unusable(if name.is_empty() {
        "EEG.data is empty, and no .fdt file of the set's name is beside it".to_owned()
    } else {
        format!(
            "its samples are in the file '{name}', which is not beside it as a .fdt or .dat file: put it into the \
             folder of the .set file"
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_lead_to_a_file() {
        for name in ["a.fdt", "a b.fdt"] {
            assert!(is_plain(name), "{name}");
        }
        for name in
            ["", "..", "../a.fdt", "/etc/passwd", "C:\\a.fdt", "b/a.fdt", "a\0.fdt", "b\\a.fdt"]
        {
            assert!(!is_plain(name), "{name}");
        }
    }
}
