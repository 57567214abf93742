//! Live signal: sources (LSL, BrainFlow, the virtual subject, planted faults) and the signal path up to its windows and
//! decodes.

#![allow(clippy::unwrap_used)] // clippy.toml exempts test functions but not what they share

#[path = "../harness/mod.rs"]
mod harness;

mod blocks;
mod brainflow;
mod faults;
mod gate;
mod known;
mod libraries;
mod lsl;
mod offline;
mod quality;
mod real_eeg;
mod schedules;
mod simulator;
mod stalls;
mod states;
mod windows;
