//! Pure, causal signal processing: streaming equals batch.
//!
//! Takes frames `[channels]`, `f32`, µV with their times; gives windows `[channels, samples]` cut to the
//! model pack's contract. No stage reads time, locks, logs or looks ahead; memory is set aside in
//! `prepare`, and nothing allocates after that. Arithmetic inside filters is `f64`.
//!
//! ```text
//! raw ─► notch, band-pass ─► (clean) ─► mapping ─► reference ─► resample ─► history ─► window ─► gate
//!  └─► quality                (all in [chain])
//! ```

pub mod error;
pub mod section;
pub mod design;
mod pairing;
pub mod filter;
pub mod mapping;
pub mod reference;
pub mod resample;
pub mod spectrum;
pub mod welch;
pub mod spectrogram;
pub mod bands;
pub mod quality;
pub mod clean;
mod history;
mod layout;
pub mod window;
mod ready;
pub mod chain;
pub mod display;

pub use chain::{Chain, ChainConfig};
pub use error::DspError;
pub use quality::electrodes::ChannelQuality;
pub use quality::gate::{BandStatistics, GateConfig};
pub use quality::verdict::{Reason, Verdict};
pub use reference::Reference;
pub use window::Windows;
