//! The control: what the same machinery makes of windows without information.
//!
//! [`others`] keeps windows of the stream that are far enough away; [`surrogate`] shuffles the phases of one of them;
//! [`twin`] sends it through encoder, average and generator; [`sequential`] says whether the control succeeds.

pub mod others;
pub mod sequential;
pub mod surrogate;
pub mod twin;
