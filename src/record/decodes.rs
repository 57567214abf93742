//! Decodes on their way into a live recording: one JSON line each, through a bounded channel.
//!
//! At ten decodes a second [`CAPACITY`] is half a minute, longer than any disk should stand still. When it is
//! full the newest decode is dropped and counted; the recorder writes the count as a note marker. The decode
//! thread never waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

/// Decodes that wait for the recorder at most.
pub const CAPACITY: usize = 256;

/// One decode: when it was there, in seconds on the program's clock, and its line.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodeLine {
    /// Seconds on the program's clock.
    pub at_secs: f64,
    /// One JSON object.
    pub json: String,
}

/// The recorder's end.
#[derive(Debug)]
pub struct DecodeTap {
    lines: Receiver<DecodeLine>,
    dropped: Arc<AtomicU64>,
    told: u64,
    closed: bool,
}

impl DecodeTap {
    /// The next decode, if one is there.
    pub fn next_line(&mut self) -> Option<DecodeLine> {
        match self.lines.try_recv() {
            Ok(line) => Some(line),
            Err(why) => {
                self.closed = why.is_disconnected();
                None
            }
        }
    }

    /// True once the last decode was taken and no other can come.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Decodes dropped since the last call.
    pub fn newly_dropped(&mut self) -> u64 {
        let all = self.dropped.load(Ordering::Relaxed);
        all - std::mem::replace(&mut self.told, all)
    }
}

/// The decoder's end.
#[derive(Clone, Debug)]
pub struct DecodeFeed {
    lines: Sender<DecodeLine>,
    dropped: Arc<AtomicU64>,
}

impl DecodeFeed {
    /// Hands a decode over; when there is no room it is dropped and counted. Never waits.
    pub fn push(&self, line: DecodeLine) {
        match self.lines.try_send(line) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            // The record thread has ended by an error of its own, which is told.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }
}

/// The two ends.
pub fn decode_tap() -> (DecodeFeed, DecodeTap) {
    let (tx, rx) = bounded(CAPACITY);
    let dropped = Arc::new(AtomicU64::new(0));
    let feed = DecodeFeed { lines: tx, dropped: dropped.clone() };
    (feed, DecodeTap { lines: rx, dropped, told: 0, closed: false })
}
