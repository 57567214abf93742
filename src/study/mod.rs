//! What is done with recorded trials: gathered, fitted, scored, and held as a session from plan to report.
//!
//! ```text
//! recordings ─► trials ─┬─► fit ─► encoder.onnx, fit.toml, a class pack
//!                       └─► evaluation ─► scores with controls
//! find: a wearer who looks for a picture, learnt and judged
//! calibration: a session from plan to report, by all of these          folder: what a session leaves on disk
//! ```

pub mod error;
pub mod files;
pub mod folder;
pub mod trials;
pub mod fit;
pub mod evaluation;
pub mod calibration;
pub mod find;

pub use error::PersonalError;
