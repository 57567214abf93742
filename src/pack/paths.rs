//! Keeps a pack's paths inside the pack: no absolute paths, no `..`, no links that lead out.

use std::path::{Component, Path, PathBuf};

use super::error::PackError;

/// Checks a path as written, before the file system is asked.
///
/// # Errors
/// [`PackError::Path`] when it is empty, absolute, or holds anything but plain names. Backslashes, colons
/// and control characters are refused everywhere, so that a pack means the same on every system.
pub fn check_relative(file: &str) -> Result<(), PackError> {
    let refuse = |why| Err(PackError::Path { file: file.to_owned(), why });
    if file.is_empty() {
        return refuse("which is empty");
    }
    if file.chars().any(|c| c == '\\' || c == ':' || c.is_control()) {
        return refuse("which holds a backslash, a colon or a control character");
    }
    if Path::new(file).is_absolute() || file.starts_with('/') {
        return refuse("which is an absolute path");
    }
    if Path::new(file).components().any(|part| !matches!(part, Component::Normal(_))) {
        return refuse("which climbs out of its folder");
    }
    Ok(())
}

/// The real path of a file of the pack, links followed.
///
/// # Errors
/// [`PackError::Path`] as above and when a link leads out of the pack; [`PackError::Missing`];
/// [`PackError::Io`].
pub fn resolve(dir: &Path, file: &str) -> Result<PathBuf, PackError> {
    check_relative(file)?;
    let root = canonical(dir, dir, file)?;
    let real = canonical(&dir.join(file), dir, file)?;
    if !real.starts_with(&root) {
        let why = "which is a link that leads out of the pack";
        return Err(PackError::Path { file: file.to_owned(), why });
    }
    Ok(real)
}

fn canonical(path: &Path, dir: &Path, file: &str) -> Result<PathBuf, PackError> {
    path.canonicalize().map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => {
            PackError::Missing { file: file.to_owned(), dir: dir.to_owned() }
        }
        _ => PackError::Io { action: "finding", source, path: path.to_owned() },
    })
}
