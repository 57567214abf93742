//! From window to evidence and picture.
//!
//! ```text
//! [pack] ─► encoding ──► inference ──► painting ──► Decoded
//!             │             ▲             ▲
//!             └── control ──┴─────────────┘   (the null twin goes the same way)
//! ```
//!
//! | room | takes → gives |
//! |---|---|
//! | [`session`] | an ONNX graph → a session of ONNX Runtime (the only file that names it) |
//! | [`encoding`] | a window `[C, S]` µV → an embedding `[dim]`; a picture file → what the image encoder sees |
//! | [`inference`] | embeddings → what they mean: posterior over the pictures in play, ranks, p-values |
//! | [`painting`] | a guess or a mean → a picture: prior, flow × steps, image decoder |
//! | [`control`] | another window, phase-randomised → the null, the null twin, and whether it succeeds |
//! | [`decoder`] | all of it in order, for one window after another |
//!
//! Guarantees: the same windows, pack, seed and steps give the same bits; an abstaining window gives
//! neither embedding nor picture; no failure of a pack, file or graph panics.

pub mod error;
pub mod session;
pub mod encoding;
pub mod inference;
pub mod painting;
pub mod control;
pub mod hash;
pub mod decoded;
pub mod decoder;

pub use crate::pack::{Pack, PackError};
pub use control::sequential::ControlView;
pub use decoded::{DecodeTimes, Decoded, DecoderOptions, Show, Showing, TwinDecoded};
pub use decoder::Decoder;
pub use error::DecodeError;
pub use inference::gallery::{Gallery, Ranked};
pub use inference::judge::{Believed, Labels, Scope};
pub use painting::steady::{Noise, Steady, Steadying};
