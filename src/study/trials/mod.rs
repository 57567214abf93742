//! Recordings as labelled trials.
//!
//! [`epochs`] sends one recording through the chain of live use; [`sessions`] gathers runs and sessions behind pictures,
//! [`labelled`] behind any table of markers; [`population`] is what a pack knows of people's responses,
//! [`shuffled`] makes null twins.

pub mod epochs;
pub mod labelled;
pub mod population;
pub mod sessions;
pub mod shuffled;
pub mod unusable;
