//! Calibration: fits and scores on made trials with a known answer, whole sessions of the virtual subject, recordings and
//! data sets made elsewhere.

#![allow(clippy::unwrap_used)] // clippy.toml exempts test functions but not what they share

#[path = "../harness/mod.rs"]
mod harness;

mod answers;
mod classes;
mod fit;
mod leaks;
mod recordings;
mod session;
