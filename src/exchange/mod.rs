//! What is done with a recording of any format: looked into, turned into another, laid out as a data set.
//!
//! | room | does |
//! |---|---|
//! | [`survey`] | reads it once: counts, times, gaps, moments, events |
//! | [`convert`] | writes it in another format, and says what could not be carried |
//! | [`bids`] | a data set of the Brain Imaging Data Structure, out and in |
//!
//! The formats themselves are in [`crate::formats`].

pub mod bids;
pub mod convert;
pub mod survey;
