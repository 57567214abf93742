//! The control: what the same machinery makes of windows without information.
//!
//! [`surrogate`] shuffles the phases of a window; [`twin`] sends surrogates through encoder, average and generator.

pub mod surrogate;
pub mod twin;
