//! How long anything waits before it is safe, and how much room a recording needs.

/// Longest time that a frame waits before it is handed to the operating system, in seconds.
pub const WRITE_SECS: f64 = 0.25;

/// Longest time before what was written is synchronised with the disk, in seconds. With [`WRITE_SECS`] and
/// the time that synchronising takes, what is on the disk is at most a second old.
pub const SYNC_SECS: f64 = 0.5;

/// Time between boundary chunks and between checks of the free space, in seconds.
pub const BOUNDARY_SECS: f64 = 10.0;

/// Space needed to begin: an hour of 32 channels at 250 Hz takes 130 MB.
pub const MIN_FREE_BYTES_TO_START: u64 = 200 << 20;

/// Space below which a recording ends while its footers still fit.
pub const MIN_FREE_BYTES_TO_GO_ON: u64 = 20 << 20;

/// Frames collected at most before they are written, however little time has passed.
pub(super) const MAX_PENDING_FRAMES: usize = 4096;
