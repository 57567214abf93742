//! # Phosphene
//!
//! Turns live EEG into pictures. Data flows one way, and this list of modules is the diagram; a module
//! imports only from modules above it, which `tests/architecture.rs` enforces.
//!
//! ```text
//! source ──► hop::ring ──► dsp ──► hop::slot ──► decode ──► snapshot ──► ui / cli
//!    │                                              ▲
//!    └────► hop::ring ──► recording (XDF)           └── model pack, calibrated encoder
//! ```

pub mod units;
pub mod clock;
pub mod config;
pub mod native;
pub mod stats;
pub mod signal;
pub mod formats;
pub mod source;
pub mod hop;
pub mod dsp;
pub mod decode;
pub mod calibrate;
pub mod snapshot;
pub mod pipeline;
#[cfg(feature = "window")]
pub mod ui;
pub mod cli;
