//! A Cyton that is not there: a thread at the far end of a pseudo-terminal that speaks its protocol.
//!
//! Protocol: <https://docs.openbci.com/Cyton/CytonDataFormat/>. Commands: `v` reset, `d` defaults, `b` start, `s` stop.
//! Frame: A0, number, 8 × 24-bit big-endian, 6 bytes aux, C0.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use phosphene::time::clock::Clock;

const RATE_HZ: f64 = 250.0;

/// What the test tells the device, and what it tells the test.
#[derive(Default)]
struct Wires {
    unplugged: AtomicBool,
    /// Frames to leave out at the next occasion; time goes on as if they had been sent.
    drop_frames: AtomicU64,
    sent: AtomicU64,
}

/// The device. Dropping it pulls the plug.
pub struct FakeCyton {
    wires: Arc<Wires>,
    thread: Option<JoinHandle<()>>,
}

/// Value of a channel in a frame, as the converter's count.
pub fn count_of(frame: u64, channel: usize) -> i32 {
    let sign = if channel.is_multiple_of(2) { 1 } else { -1 };
    sign * ((frame % 1000) as i32 * 100 + channel as i32 + 1)
}

impl FakeCyton {
    /// Plugs a device in behind `link`, a path that can be given as `serial_port`.
    pub fn plug_in(link: &Path) -> Self {
        let (master, slave, name) = open_pty();
        let _ = std::fs::remove_file(link);
        std::os::unix::fs::symlink(name, link).unwrap();
        let wires = Arc::new(Wires::default());
        let theirs = wires.clone();
        let run = move || {
            Device { port: master, _slave: slave, wires: theirs, streaming_since: None }.run()
        };
        let thread = std::thread::Builder::new().name("fake-cyton".into()).spawn(run).unwrap();
        Self { wires, thread: Some(thread) }
    }

    /// Loses frames on the radio link.
    pub fn lose(&self, frames: u64) {
        self.wires.drop_frames.store(frames, Ordering::SeqCst);
    }

    /// Pulls the plug.
    pub fn unplug(&mut self) {
        self.wires.unplugged.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for FakeCyton {
    fn drop(&mut self) {
        self.unplug();
    }
}

struct Device {
    port: File,
    // Held open so that the terminal lives before BrainFlow opens it.
    _slave: File,
    wires: Arc<Wires>,
    streaming_since: Option<f64>,
}

impl Device {
    fn run(mut self) {
        let clock = Clock::system();
        let mut next = 0;
        while !self.wires.unplugged.load(Ordering::SeqCst) {
            self.obey(&clock, &mut next);
            if let Some(since) = self.streaming_since {
                let due = ((clock.now_secs() - since) * RATE_HZ) as u64;
                next += self.wires.drop_frames.swap(0, Ordering::SeqCst);
                while next < due {
                    let _ = self.port.write_all(&frame(next));
                    next += 1;
                    self.wires.sent.fetch_add(1, Ordering::SeqCst);
                }
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn obey(&mut self, clock: &Clock, next: &mut u64) {
        let mut bytes = [0; 64];
        let count = self.port.read(&mut bytes).unwrap_or(0);
        for command in &bytes[..count] {
            match command {
                b'v' => {
                    drop(self.port.write_all(b"OpenBCI V3 8-16 channel\nFirmware: v3.1.1\n$$$"))
                }
                b'd' => drop(self.port.write_all(b"updating channel settings to default$$$")),
                b'b' => {
                    self.streaming_since = Some(clock.now_secs());
                    *next = 0;
                }
                b's' => self.streaming_since = None,
                _ => {}
            }
        }
    }
}

fn frame(number: u64) -> [u8; 33] {
    let mut bytes = [0; 33];
    bytes[0] = 0xA0;
    bytes[1] = (number % 256) as u8;
    for channel in 0..8 {
        let count = count_of(number, channel).to_be_bytes();
        bytes[2 + 3 * channel..5 + 3 * channel].copy_from_slice(&count[1..]);
    }
    bytes[32] = 0xC0;
    bytes
}

/// A pseudo-terminal in raw mode: the device's end (non-blocking), the computer's end, and its name.
fn open_pty() -> (File, File, std::path::PathBuf) {
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
    let name = std::fs::read_link(format!("/proc/self/fd/{}", slave.as_raw_fd())).unwrap();
    (master, slave, name)
}
