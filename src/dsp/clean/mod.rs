//! Cleaning.
pub mod asr;
pub mod shaping;
pub mod spd;
pub mod spread;
pub mod statistics;
pub mod windows;
