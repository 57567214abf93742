//! How large anything in a pack may be: several times what the largest published system needs (SDXL: latents of
//! 4 × 128 × 128, 2048-wide embeddings).

/// Generators that this version can run.
pub const KNOWN_KINDS: [&str; 1] = ["flow"];
/// Longest embedding.
pub const MAX_DIM: u64 = 16_384;
/// Most values in a window: 1024 channels × 4 s at 1 kHz.
pub const MAX_WINDOW_VALUES: usize = 4 << 20;
/// Longest window in seconds.
pub const MAX_WINDOW_SECS: f64 = 30.0;
/// Most values in a latent.
pub const MAX_LATENT_VALUES: u64 = 1 << 20;
/// Largest side of a picture in pixels.
pub const MAX_PICTURE_PX: u64 = 2048;
/// Most rows in a gallery: rows are `u16` everywhere.
pub const MAX_GALLERY_ROWS: usize = 65_535;
/// Most values in a gallery: 256 MiB.
pub const MAX_GALLERY_VALUES: u64 = 64 << 20;
/// Most steps of a generator.
pub const MAX_STEPS: u32 = 1000;
/// Smallest and largest number that latents may be divided by: beyond, single precision overflows.
pub const MIN_SCALE: f64 = 1e-6;
/// See [`MIN_SCALE`].
pub const MAX_SCALE: f64 = 1e6;
/// Largest standard deviation of the first noise; latents are of the order of 1.
pub const MAX_SIGMA: f64 = 1000.0;
/// Most files that a pack may list.
pub const MAX_FILES: usize = 4096;
