//! The real-time stages keep their promise: after `prepare`, nothing allocates.
//!
//! A program of its own because the allocator belongs to the whole program: this one aborts where it is asked for memory
//! inside `assert_no_alloc`. Threads count apart, so tests do not disturb each other.

#![allow(clippy::unwrap_used)] // clippy.toml exempts test functions but not what they share

#[path = "../harness/mod.rs"]
mod harness;

mod board;
mod lsl;
mod replay;
mod signal_path;
mod stages;
mod subject;

#[cfg(debug_assertions)] // in a release build `assert_no_alloc` checks nothing and has no such allocator
#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;
