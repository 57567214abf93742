//! The command line: one file per subcommand. Reads arguments, runs, turns outcomes into exit codes.
//!
//! Exit codes: 0 done · 1 unexpected · 2 usage · 3 source not available or lost for good · 4 model pack or
//! encoder refused · 5 recording or output could not be kept safe · 6 file cannot be read.

pub mod board;
pub mod calibrate;
mod canvas;
mod commands;
pub mod convert;
pub mod decoding;
pub mod devices;
pub mod doctor;
mod cleaning;
pub mod document;
#[cfg(feature = "window")]
mod embedding;
pub mod evaluate;
mod evaluate_classes;
pub mod failure;
pub mod find;
pub mod fit;
pub mod inspect;
pub mod live;
mod montage;
pub mod montages;
pub mod output;
pub mod pack;
mod pictures;
#[cfg(feature = "window")]
mod offered;
#[cfg(feature = "window")]
mod recent;
pub mod record;
pub mod replay;
pub mod sessions;
pub mod sheet;
#[cfg(feature = "window")]
mod shelf;
pub mod simulate;
mod span;
mod stamps;
mod terminal;
mod told;
#[cfg(feature = "window")]
mod wearers;
#[cfg(feature = "window")]
mod window;

pub use commands::{Cli, main};
pub use failure::Failure;
