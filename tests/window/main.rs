//! The window, driven through its keys, pointer and accessibility tree, without a display; with feature `window` only.

#![allow(clippy::unwrap_used)] // clippy.toml exempts test functions but not what they share

#[path = "../harness/mod.rs"]
mod harness;

#[cfg(feature = "window")]
mod board;
#[cfg(feature = "window")]
mod calibration;
#[cfg(feature = "window")]
mod find;
#[cfg(feature = "window")]
mod find_states;
#[cfg(feature = "window")]
mod keys;
#[cfg(feature = "window")]
mod quality;
mod montage;
#[cfg(feature = "window")]
mod states;
#[cfg(feature = "window")]
mod timeline;
#[cfg(feature = "window")]
mod views;
