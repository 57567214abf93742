//! From window to evidence and picture.
//!
//! ```text
//! Window [C, S] µV ─► encoder ─► embedding [dim] ─► trials (mean of k) ─► gallery: scores, ranks
//!        │                                              │                └► evidence: p-value
//!        │                                              └► steady ─► prior ─► flow × steps ─► decoder ─► Picture
//!        └► surrogate ─► encoder ─► null reservoir, and the null twin's picture by the same path
//! ```
//!
//! Guarantees: the same windows, pack, seed and steps give the same bits; an abstaining window gives
//! neither embedding nor picture; no failure of a pack, file or graph panics.

pub mod error;
pub mod pack;
pub mod session;
pub mod square;
pub mod encoder;
mod tensors;
pub mod gallery;
pub mod responses;
pub mod sureness;
pub mod trials;
pub mod steady;
pub mod surrogate;
pub mod evidence;
pub mod scheduler;
pub mod denoise;
pub mod image;
pub mod paint;
pub mod twin;
pub mod hash;
pub mod decoded;
pub mod decoder;

pub use decoded::{DecodeTimes, Decoded, DecoderOptions, TwinDecoded};
pub use decoder::Decoder;
pub use error::{DecodeError, PackError};
pub use gallery::{Gallery, Ranked};
pub use pack::Pack;
pub use steady::{Noise, Steady, Steadying};
