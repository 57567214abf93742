//! From an embedding to a picture.
//!
//! ```text
//! guess, draw ──► album ──┐
//! mean ─► steady ─────────┴► denoise (prior, scheduler × steps) ─► image ─► Picture
//!                             noise, by seed and window ┘        (all in [paint]; [brush] asks for it)
//! ```

pub mod album;
pub mod brush;
pub mod denoise;
pub mod image;
pub mod noise;
pub mod paint;
pub mod scheduler;
pub mod steady;
