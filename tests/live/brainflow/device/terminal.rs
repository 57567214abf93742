//! A pseudo-terminal in raw mode.

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::PathBuf;

/// The device's end (non-blocking), the computer's end, and its name.
pub fn open() -> (File, File, PathBuf) {
    let (mut master, mut slave) = (0, 0);
    let mut raw: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: `raw` is a plain structure that cfmakeraw fills; all pointers are to locals or null.
    let made = unsafe {
        libc::cfmakeraw(&mut raw);
        libc::openpty(&mut master, &mut slave, std::ptr::null_mut(), &raw, std::ptr::null())
    };
    assert_eq!(made, 0, "no pseudo-terminal on this machine");
    // SAFETY: both descriptors were just opened and belong to nobody else.
    let (master, slave) = unsafe { (File::from_raw_fd(master), File::from_raw_fd(slave)) };
    // SAFETY: a flag on a descriptor that is open.
    unsafe { libc::fcntl(master.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    let name = std::fs::read_link(format!("/proc/self/fd/{}", slave.as_raw_fd()))
        .expect("the terminal has a name");
    (master, slave, name)
}
