//! The built program and its subcommands, used as a person would: exit codes, messages, documents, files.

#![allow(clippy::unwrap_used)] // clippy.toml exempts test functions but not what they share

#[path = "../harness/mod.rs"]
mod harness;

mod cleaning;
mod montages;
mod pack;
mod pictures;
mod program;
