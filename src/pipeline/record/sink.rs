//! Where a recording goes: a file, or what a test puts in its place.
//!
//! Adds to [`Write`] what keeping data safe takes: synchronising with the disk, cutting off a chunk that
//! did not go out whole, and the space left.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

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
