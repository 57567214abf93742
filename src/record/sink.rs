//! Where a recording goes: a file, or what a test puts in its place.
//!
//! Adds to [`Write`] what keeping data safe takes: synchronising with the disk, cutting off a chunk that
//! did not go out whole, and the space left.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use super::limits::MIN_FREE_BYTES_TO_START;
use super::outcome::{RecordError, check_space};

/// An output that a recording can be trusted to.
pub trait RecordSink: Write {
    /// Returns once everything written is on the disk.
    ///
    /// # Errors
    /// What the system says.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the output to its first `bytes` bytes and goes on writing there.
    ///
    /// # Errors
    /// What the system says.
    fn cut(&mut self, bytes: u64) -> io::Result<()>;

    /// Bytes that may still be written, where that is known.
    fn free_bytes(&self) -> Option<u64>;
}

impl RecordSink for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)?;
        self.seek(SeekFrom::Start(bytes)).map(|_| ())
    }

    fn free_bytes(&self) -> Option<u64> {
        free_bytes_of(self)
    }
}

/// Makes a file that must not exist, and its folder; gives both, the folder where it can be opened.
///
/// # Errors
/// [`RecordError::Exists`], [`RecordError::NoSpace`], [`RecordError::Create`].
pub(super) fn create(path: &Path) -> Result<(File, Option<File>), RecordError> {
    let refused =
        |action| move |source| RecordError::Create { action, source, path: path.to_path_buf() };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(refused("making its folder"))?;
    // Where a folder cannot be opened like a file, neither check nor synchronisation is possible.
    let folder = File::open(folder).ok();
    check_space(folder.as_ref().and_then(free_bytes_of), MIN_FREE_BYTES_TO_START, path)?;
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let file = file.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => RecordError::Exists { path: path.into() },
        _ => refused("making the file")(source),
    })?;
    Ok((file, folder))
}

/// Synchronises a folder, so that a new name in it survives a power cut too; not every file system can.
pub(super) fn keep_name(folder: Option<File>) {
    if let Some(folder) = folder {
        let _ = folder.sync_all();
    }
}

/// Bytes that this user may still write to the file system that a file or folder is on.
#[cfg(unix)]
pub(super) fn free_bytes_of(file: &File) -> Option<u64> {
    use std::os::fd::AsRawFd;
    let mut stat = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the descriptor is open as long as `file` lives, and `stat` is writable.
    if unsafe { libc::fstatvfs(file.as_raw_fd(), stat.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: the call succeeded, so it has filled the structure.
    let stat = unsafe { stat.assume_init() };
    #[allow(clippy::unnecessary_cast)] // the fields have 32 bits on some platforms
    let bytes = (stat.f_bavail as u64).saturating_mul(stat.f_frsize as u64);
    Some(bytes)
}

/// Not known on this platform: recording starts without the check, and a full disk shows when writing fails.
#[cfg(not(unix))]
pub(super) fn free_bytes_of(_: &File) -> Option<u64> {
    None
}
