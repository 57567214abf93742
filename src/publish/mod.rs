//! What other programs get from Phosphene, one protocol a file. Today: Lab Streaming Layer ([`lsl`]).

pub mod lsl;

pub use lsl::{MarkerOutlet, Publisher};
