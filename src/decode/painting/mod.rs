//! From an embedding to a picture.
//!
//! ```text
//! embedding ─► steady ─► denoise (prior, scheduler × steps) ─► image ─► Picture
//!                             noise, by seed and window ┘        (all in [paint])
//! ```

pub mod denoise;
pub mod image;
pub mod noise;
pub mod paint;
pub mod scheduler;
pub mod steady;
