//! The recorder: every frame and marker, and what was decoded from them, into a crash-safe XDF file.
//!
//! Takes the reading end of a ring of its own; gives a file laid out as [`crate::formats::own`] says. What
//! has arrived goes to the operating system within [`limits::WRITE_SECS`] and to the disk within [`limits::SYNC_SECS`];
//! boundaries stand every [`limits::BOUNDARY_SECS`]. An existing file is never written to. When writing fails the
//! file is cut back to its last whole chunk. Any number of sources at once: [`multi`]. What a crash leaves
//! behind: [`recover`]. A plain object: the thread that drives it calls
//! [`Recorder::step`] some times a second, then [`Recorder::finish`].

pub mod decodes;
pub mod journal;
mod layout;
pub mod limits;
pub mod multi;
mod outcome;
mod recorder;
pub mod recover;
mod sink;

pub use outcome::{RecordError, RecordSummary};
pub use recorder::Recorder;
pub use sink::RecordSink;
