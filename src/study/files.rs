//! Files that a study leaves: written whole, never over another.

use std::path::Path;

use super::error::PersonalError;

/// Writes a file that must not exist, synchronised with the disk.
///
/// # Errors
/// [`PersonalError::Output`].
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), PersonalError> {
    use std::io::Write;
    let failed = |e: std::io::Error| {
        PersonalError::Output(format!("it cannot be written ({e}): {}", path.display()))
    };
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_all().map_err(failed)
}
