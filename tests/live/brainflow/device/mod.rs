//! A Cyton that is not there: a thread at the far end of a pseudo-terminal that is a dongle, a radio link and a board.
//!
//! The board is [`firmware`]; this is what lies between it and the computer, with all that can go wrong there.

#![allow(dead_code, clippy::unwrap_used)] // each user needs a part of it

pub mod firmware;
mod multi;
mod terminal;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use phosphene::time::clock::Clock;

use firmware::Firmware;

/// What is at the far end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// A board that is on.
    #[default]
    Board,
    /// The dongle alone: its board is off, or far away.
    DongleOnly,
    /// Something that says nothing.
    Silent,
    /// Something that speaks another language, or at another speed.
    Noise,
}

/// What becomes of one packet on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Sent,
    /// It does not.
    Lost,
    /// Its last byte is wrong.
    Footer(u8),
    /// It arrives with a number that is so much higher.
    Number(u8),
    /// So many of its bytes are missing at its end.
    Cut(usize),
    /// So many bytes that belong to nothing come before it.
    Stray(usize),
    /// It arrives twice.
    Twice,
}

/// What the test tells the device, and what it tells the test.
struct Wires {
    presence: Presence,
    plugged: bool,
    fates: VecDeque<Fate>,
    rate_hz: f64,
    heard: String,
    board: Firmware,
}

/// The device. Dropping it pulls the plug.
pub struct FakeCyton {
    wires: Arc<Mutex<Wires>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeCyton {
    /// Plugs a device in behind `link`, a path that can be given as `serial_port`.
    pub fn plug_in(link: &Path) -> Self {
        Self::plug_in_as(link, Presence::Board, false)
    }

    /// The same with a choice of what it is, and of a Daisy on it.
    pub fn plug_in_as(link: &Path, presence: Presence, daisy: bool) -> Self {
        let (master, slave, name) = terminal::open();
        let _ = std::fs::remove_file(link);
        std::os::unix::fs::symlink(name, link).expect("the link can be made");
        let wires = Arc::new(Mutex::new(Wires {
            presence,
            plugged: true,
            fates: VecDeque::new(),
            rate_hz: 250.0,
            heard: String::new(),
            board: Firmware::new(daisy),
        }));
        let theirs = wires.clone();
        let run = move || Link { port: master, _slave: slave, wires: theirs }.run();
        let thread = std::thread::Builder::new()
            .name("fake-cyton".into())
            .spawn(run)
            .expect("a thread can be had");
        Self { wires, thread: Some(thread) }
    }

    fn wires(&self) -> MutexGuard<'_, Wires> {
        self.wires.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of the next packets.
    pub fn suffer(&self, fates: impl IntoIterator<Item = Fate>) {
        self.wires().fates.extend(fates);
    }

    /// The same from the next packet on that begins a frame of two halves.
    pub fn suffer_from_even(&self, fates: impl IntoIterator<Item = Fate>) {
        let mut wires = self.wires();
        if !wires.board.number().is_multiple_of(2) {
            wires.fates.push_back(Fate::Sent);
        }
        wires.fates.extend(fates);
    }

    /// Loses packets on the radio link.
    pub fn lose(&self, packets: usize) {
        self.suffer(std::iter::repeat_n(Fate::Lost, packets));
    }

    /// Switches the board off or on, or swaps it.
    pub fn become_(&self, presence: Presence) {
        self.wires().presence = presence;
    }

    /// Everything that the board has heard.
    pub fn heard(&self) -> String {
        self.wires().heard.clone()
    }

    /// Looks into the board, or changes it.
    pub fn board<T>(&self, look: impl FnOnce(&mut Firmware) -> T) -> T {
        look(&mut self.wires().board)
    }

    /// Lets its clock run at another rate.
    pub fn set_rate_hz(&self, rate_hz: f64) {
        self.wires().rate_hz = rate_hz;
    }

    /// Pulls the plug.
    pub fn unplug(&mut self) {
        self.wires().plugged = false;
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the device did not panic");
        }
    }
}

impl Drop for FakeCyton {
    fn drop(&mut self) {
        self.unplug();
    }
}

/// The dongle with its radio.
struct Link {
    port: File,
    // Held open so that the terminal lives before the computer opens it.
    _slave: File,
    wires: Arc<Mutex<Wires>>,
}

impl Link {
    fn run(mut self) {
        let clock = Clock::system();
        let (mut starts, mut since_secs, mut sent) = (0, 0.0, 0_u64);
        let wires = self.wires.clone();
        loop {
            let mut wires = wires.lock().unwrap_or_else(PoisonError::into_inner);
            if !wires.plugged {
                return;
            }
            let now_secs = clock.now_secs();
            self.listen(&mut wires, now_secs);
            if starts != wires.board.starts {
                (starts, since_secs, sent) = (wires.board.starts, now_secs, 0);
            }
            if wires.board.streams {
                let due = ((now_secs - since_secs) * wires.rate_hz) as u64;
                while sent < due {
                    self.transmit(&mut wires);
                    sent += 1;
                }
            }
            drop(wires);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn listen(&mut self, wires: &mut Wires, now_secs: f64) {
        let mut bytes = [0; 256];
        let count = self.port.read(&mut bytes).unwrap_or(0);
        for byte in &bytes[..count] {
            match wires.presence {
                Presence::Board => {
                    wires.heard.push(char::from(*byte));
                    wires.board.hear(*byte, now_secs);
                }
                Presence::DongleOnly => {
                    self.say(b"Failure: Communications timeout - Device failed to poll Host$$$")
                }
                // 9600 baud heard at 115200: long runs of one level.
                Presence::Noise => self.say(&[0xF8, 0x00, 0x80, 0xFE, 0xF8, 0x00, 0x78, 0xF8]),
                Presence::Silent => {}
            }
        }
        let answers = wires.board.take_answers();
        self.say(&answers);
    }

    fn transmit(&mut self, wires: &mut Wires) {
        let packet = wires.board.packet();
        let fate = wires.fates.pop_front().unwrap_or(Fate::Sent);
        if wires.presence != Presence::Board {
            return;
        }
        match fate {
            Fate::Sent => self.say(&packet),
            Fate::Lost => {}
            Fate::Footer(byte) => self.say(&[&packet[..32], &[byte]].concat()),
            Fate::Number(more) => {
                self.say(&[&packet[..1], &[packet[1].wrapping_add(more)], &packet[2..]].concat());
            }
            Fate::Cut(bytes) => self.say(&packet[..33 - bytes.min(33)]),
            Fate::Stray(bytes) => {
                self.say(&vec![0x55; bytes]);
                self.say(&packet);
            }
            Fate::Twice => {
                self.say(&packet);
                self.say(&packet);
            }
        }
    }

    /// A terminal that nobody reads is full at some time: what does not fit is lost, as on a real port.
    fn say(&mut self, bytes: &[u8]) {
        let _ = self.port.write_all(bytes);
    }
}
