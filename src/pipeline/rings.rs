//! How much signal the rings between the threads hold, and why.
//!
//! Whoever reads slowly must not make acquisition lose anything, within bounds: a window that is not drawn loses what it
//! would have drawn, a decoder that is busy is given the newest window only, and a disk that stands still for ten
//! seconds fills half of its ring. `tests/live/stalls.rs` holds that.

use crate::source::CHUNK_FRAMES;

/// Seconds of signal that the ring to the signal stage holds. Full only if this computer stalls that long.
pub const PROCESS_RING_SECS: f64 = 4.0;

/// Seconds of signal that the ring to the recorder holds: it must outlast a slow disk.
pub const RECORD_RING_SECS: f64 = 20.0;

/// Seconds of signal that the ring to the screen holds; a window that is not drawn loses the rest.
pub const TRACE_RING_SECS: f64 = 2.0;

/// Frames of so many seconds, and never fewer than two reads bring: a source that waits for the stages behind it fills the
/// ring with one.
pub fn ring_frames(rate_hz: f64, secs: f64) -> usize {
    ((rate_hz * secs).ceil() as usize + 1).max(2 * CHUNK_FRAMES)
}
