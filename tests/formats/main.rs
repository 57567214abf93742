//! Recordings as files: XDF and its repair, what headsets write, conversion, hostile bytes.

#![allow(clippy::unwrap_used)] // clippy.toml exempts test functions but not what they share

#[path = "../harness/mod.rs"]
mod harness;

mod cnt;
mod convert;
mod eeglab;
mod fif;
mod gdf;
mod headsets;
mod hostile;
mod seek;
mod tables;
mod time;
mod trouble;
mod xdf;
