//! Cleaning, optional and honest: what is taken out is counted and shown, and off is the default.
//!
//! [`Cleaner`] is all of it in order: bad electrodes are interpolated ([`bad`]), a reference is taken off, artefact components
//! are taken out ([`subspace`], which collects signal, has it learned from ([`learning`]) and runs [`asr`]). What is clean is
//! found by [`windows`] and [`spread`], and put into [`statistics`]; [`shaping`] is the weighting filter behind both.

pub mod asr;
pub mod bad;
pub mod cleaner;
pub mod effect;
pub mod learning;
pub mod shaping;
mod spd;
pub mod spread;
pub mod statistics;
pub mod subspace;
pub mod windows;

pub use cleaner::{CleanSetup, Cleaner};
pub use effect::{Effect, Phase};
pub use learning::{Lesson, Unlearned};
pub use statistics::Statistics;
pub use subspace::{Learn, Learned, SubspaceSetup, UNSETTLED_SECS};
