//! What is at the other end of an OpenBCI dongle that BrainFlow could not use: asked once more, and listened to.
//!
//! Takes a port that is there, free and may be opened; sends the board's reset word, which BrainFlow has sent before, and hears
//! for at most [`PATIENCE_SECS`]. Gives the cause in words. BrainFlow says the same code for all of them.

use std::path::Path;

/// How long an answer may take, in seconds: a Cyton greets within half a second, a dongle gives up on its board after one.
const PATIENCE_SECS: f64 = 2.5;

/// What was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing at all.
    Nothing,
    /// The dongle: it has no radio contact with its board.
    NoRadio,
    /// A board that greets.
    Greeting,
    /// Bytes that are no board's words.
    Noise,
    /// It could not be listened to.
    Unheard,
}

impl Heard {
    /// Understands what came.
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        if bytes.is_empty() {
            Self::Nothing
        } else if text.contains("Failure") && text.contains("ommunications timeout") {
            Self::NoRadio
        } else if text.contains("OpenBCI") && text.contains("$$$") {
            Self::Greeting
        } else {
            Self::Noise
        }
    }

    /// Why, and what to do.
    pub fn sentence(self, port: &str) -> String {
        match self {
            Self::NoRadio => format!(
                "The dongle on {port} answers, but has no radio contact with its board: switch the board on (to PC, not to \
                 BLE), charge it, bring it closer; if it is on, board and dongle are on different radio channels."
            ),
            Self::Nothing => format!(
                "{port} is there and free, but nothing answers on it: is it the board's dongle, and does its switch stand \
                 on GPIO 6?"
            ),
            Self::Noise => format!(
                "Something answers on {port}, but not as an OpenBCI board at 115200 baud: it is another device, or the \
                 dongle was set to another speed (unplug it and plug it in again)."
            ),
            Self::Greeting => format!(
                "A board greets on {port} now: it was only just switched on, or far away. Connect again."
            ),
            Self::Unheard => format!(
                "{port} is there and free, but no board answers on it: is the board switched on (Cyton: to PC), its battery \
                 charged, and is it the board that belongs to this dongle (dongle: to GPIO 6)?"
            ),
        }
    }
}

/// Asks and listens.
#[cfg(unix)]
pub(super) fn to(port: &Path) -> Heard {
    hear(port).map_or(Heard::Unheard, |bytes| Heard::of(&bytes))
}

/// Asks and listens.
#[cfg(not(unix))]
pub(super) fn to(_port: &Path) -> Heard {
    Heard::Unheard
}

#[cfg(unix)]
fn hear(port: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::{Read as _, Write as _};
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    /// Most that is listened to: more than any greeting.
    const MOST_BYTES: usize = 4096;
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    let mut file = options.open(port)?;
    // SAFETY: zeros are a valid termios; the descriptor is open, and the pointer is to a local.
    unsafe {
        let mut line: libc::termios = std::mem::zeroed();
        if libc::tcgetattr(file.as_raw_fd(), &mut line) != 0 {
            return Err(std::io::Error::last_os_error());
        }
        libc::cfmakeraw(&mut line);
        libc::cfsetspeed(&mut line, libc::B115200);
        libc::tcsetattr(file.as_raw_fd(), libc::TCSANOW, &line);
    }
    file.write_all(b"v")?;
    let (mut heard, mut buffer) = (Vec::new(), [0; 512]);
    for _ in 0..(PATIENCE_SECS / PAUSE.as_secs_f64()) as usize {
        if let Ok(count) = file.read(&mut buffer) {
            heard.extend_from_slice(&buffer[..count]);
        }
        if heard.ends_with(b"$$$") || heard.len() > MOST_BYTES {
            break;
        }
        std::thread::sleep(PAUSE);
    }
    Ok(heard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_is_told_apart() {
        for (bytes, heard) in [
            (&b""[..], Heard::Nothing),
            (b"Failure: Communications timeout - Device failed to poll Host$$$", Heard::NoRadio),
            (b"\xA0\x01OpenBCI V3 8-16 channel\nFirmware: v3.1.1\n$$$", Heard::Greeting),
            (b"\xF8\x00\x80\xFE\xF8", Heard::Noise),
            (b"ok$$$", Heard::Noise),
        ] {
            assert_eq!(Heard::of(bytes), heard, "{bytes:?}");
        }
    }
}
