//! What a window, or a picture, is in embedding space.
//!
//! [`encoder`] takes a window `[channels, samples]` in µV (or a picture) and gives an embedding `[dim]`; [`square`] turns
//! any picture file into what the image encoder sees.

pub mod encoder;
pub mod square;
