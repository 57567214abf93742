//! Our numbers against those of others: pyxdf, MNE, edfio, pyedflib, the BIDS validator, SciPy, Pillow, scikit-image.
//!
//! Either from vectors that they left in `tests/vectors`, or by asking them now, where Python has them
//! (`requirements.txt`; `cargo xtask test` sets it up).

#![allow(clippy::unwrap_used)] // clippy.toml exempts test functions but not what they share

#[path = "../harness/mod.rs"]
mod harness;

mod convert;
mod examples;
mod likeness;
mod signal;
mod stats;
mod xdf;
