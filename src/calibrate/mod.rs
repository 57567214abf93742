//! From labelled trials to a personal decoder, and an honest score of it.
//!
//! Pure functions on numbers in memory: nothing here reads devices or draws. Long work is shared among all cores by
//! [`crate::compute::workers`], whose threads end before the function that asked for them returns; results do not depend on their number.
//!
//! ```text
//! trials ─► noise ─► templates (responses) ─────────────┐
//!    ├────► whiten ─► features ─► ridge (inner choice) ──┴─► personal ─► onnx: encoder.onnx
//!    └────► split ─► score (metrics, intervals, controls) ─► verdict
//! ```
//!
//! Rules that hold everywhere: what is estimated (noise, means, weights, regularisation) comes from training trials
//! only; a test trial is looked at once, to score; every score stands beside its chance level and its controls.

pub mod linalg;
pub mod trials;
pub mod fit;
pub mod classes;
pub mod score;
pub mod onnx;

pub use fit::personal::Personal;
pub use trials::{CalibrationError, Pictures, Trial, Trials};
