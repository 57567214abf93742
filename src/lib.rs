//! # Phosphene
//!
//! Turns live EEG into pictures. Data flows one way, and this list of modules is the diagram; a module
//! imports only from modules above it, and no two files import one another: `tests/architecture` enforces both.
//!
//! ```text
//! source ──► hop::ring ──► dsp ──► hop::backlog ──► decode ──► snapshot ──► ui / cli
//!    │                                                 ▲
//!    └────► hop::ring ──► record (XDF)                 └── model pack, personal encoder (study)
//! ```

pub mod units;
pub mod palette;
pub mod config;
pub mod native;
pub mod stats;
pub mod compute;
pub mod signal;
pub mod time;
pub mod formats;
pub mod exchange;
pub mod subject;
pub mod source;
pub mod publish;
pub mod pack;
pub mod hop;
pub mod dsp;
pub mod decode;
pub mod present;
pub mod calibrate;
pub mod find;
pub mod snapshot;
pub mod report;
pub mod record;
pub mod pipeline;
pub mod study;
#[cfg(feature = "window")]
pub mod ui;
pub mod cli;
