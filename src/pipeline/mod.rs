//! The live run: wires the stages together and spawns their threads.
//!
//! ```text
//! acquire ─ ring ─► process ─ backlog ─► decode ─► Snapshot
//!    └───── ring ─► record       └── ring ─► traces
//! ```
//!
//! [`Pipeline::start`] returns at once; connecting and loading happen on the threads and show in the
//! [`crate::snapshot::Snapshot`]. [`Pipeline::stop`] ends the source, lets every stage drain, and joins
//! every thread. A source that waits for nobody runs through [`offline`], the same stages on one thread.

pub mod acquire;
pub mod background;
pub mod board;
mod cleaned;
mod clean_setup;
pub mod cleaner;
pub mod cleaning;
pub mod command;
pub mod config;
pub mod contract;
pub mod decoding;
pub mod failure;
pub mod finding;
pub mod handle;
pub mod kept;
mod learning;
pub mod ledger;
pub mod line;
pub mod link;
pub mod offline;
pub mod process;
pub mod provenance;
mod recorded;
pub mod rings;
pub mod scores;
pub mod shared;
pub mod sink;
mod threads;
pub mod traces;
pub mod urgent;
mod view;

pub use command::Command;
pub use config::{DisplayFilter, Recording, RunConfig, WindowMode};
pub use failure::{RunFailure, RunReport};
pub use handle::Pipeline;
pub use sink::{DecodeSink, RunFacts};
pub use view::believed_view;
