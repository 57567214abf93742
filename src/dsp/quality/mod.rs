//! Whether the signal can be trusted: a verdict for every electrode, and reasons not to decode a window.
//!
//! [`electrodes`] watches each source channel and gives [`verdict`]s, from what `decimate` keeps, `bands` finds in it and
//! `bridges` finds between channels; [`rails`] finds saturated samples; [`gate`] refuses windows; [`impedance`]
//! measures a contact by a board's own current.

pub mod verdict;
mod decimate;
mod bands;
mod bridges;
mod past;
pub mod electrodes;
pub mod gate;
pub mod impedance;
pub mod rails;
