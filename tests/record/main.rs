//! Recording and replay: bit for bit, several streams at once, beside a live run, over LSL; crashes and full disks.

#![allow(clippy::unwrap_used)] // clippy.toml exempts test functions but not what they share

#[path = "../harness/mod.rs"]
mod harness;

mod beside;
mod bits;
mod decodes;
mod published;
mod replay;
mod several;
