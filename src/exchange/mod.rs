//! What is done with a recording of any format: looked into, turned into another, laid out as a data set.
//!
//! | room | does |
//! |---|---|
//! | [`survey`] | reads it once: counts, times, gaps, moments, events |
//! | [`trust`] | says in ten lines whether it can be trusted, and what to do where not |
//! | [`convert`] | writes it in another format, and says what could not be carried |
//! | [`mod@cut`] | gives a piece of it |
//! | [`bids`] | a data set of the Brain Imaging Data Structure, out and in |
//!
//! The formats themselves are in [`crate::formats`]. [`open`] gives a recording with what the tables beside it say.

use std::path::Path;

use crate::formats::recording::ReadRecording;
use crate::formats::{self, FormatError, xdf::Stamps};

pub mod bids;
pub mod convert;
pub mod cut;
pub mod survey;
pub mod trust;

/// Opens a recording of any format; where it stands in a BIDS data set, types and missing units of its channels are those of
/// its table of channels.
///
/// # Errors
/// As [`formats::open`], and where that table cannot be read.
pub fn open(path: &Path, stamps: Stamps) -> Result<Box<dyn ReadRecording>, FormatError> {
    bids::with_table(formats::open_with(path, stamps)?, path)
}
