//! A small safe binding over the C interface of BrainFlow's BoardController, loaded at run time.
//!
//! Takes the path of the shared library, a board and its parameters; gives samples, row by row, into the
//! caller's buffer. Nothing is linked: a program with this crate starts where BrainFlow is missing.
//! Reading allocates nothing on this side of the interface. Dropping a [`Board`] ends its session.
//!
//! Checked against BrainFlow 5.23 (<https://brainflow.readthedocs.io>, `board_controller.h`).

pub mod boards;
mod board;
mod code;
mod description;
mod library;
mod params;

pub use board::{Board, MAX_BUFFER_FRAMES};
pub use boards::{BOARDS, BoardModel, Link, Need};
pub use code::{Code, Error};
pub use description::{Description, Preset};
pub use library::{Library, LogLevel};
pub use params::{Params, ParamsError};
