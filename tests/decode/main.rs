//! Packs and the decoder: what is refused and why, the arithmetic against NumPy, determinism, evidence, steadying.

#![allow(clippy::unwrap_used)] // clippy.toml exempts test functions but not what they share

#[path = "../harness/mod.rs"]
mod harness;

mod answers;
mod bad_packs;
mod check;
mod classes;
mod damage;
mod demo;
mod evidence;
mod posterior;
mod steady;
mod tiny;
