//! Cleaning: artefact subspaces as asrpy finds them, interpolation as MNE does it, the same for any cutting into blocks,
//! nothing invented, nothing allocated.

#![allow(clippy::unwrap_used)] // clippy.toml exempts test functions but not what they share

mod asr;
mod bad;
mod chain;
mod signal;
mod whole;

#[cfg(debug_assertions)] // in a release build `assert_no_alloc` checks nothing and has no such allocator
#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;
