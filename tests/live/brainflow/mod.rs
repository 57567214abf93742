//! BrainFlow boards through the real library: synthetic, playback, streaming, and a Cyton on a pseudo-terminal.

mod boards;
#[cfg(target_os = "linux")]
mod commands;
#[cfg(target_os = "linux")]
mod cyton;
#[cfg(target_os = "linux")]
mod device;
#[cfg(target_os = "linux")]
mod trouble;
