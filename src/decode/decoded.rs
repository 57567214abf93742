//! What goes into a decoder besides windows, and what comes out: options, one decode, its null twin, its times.

use std::sync::Arc;

use super::gallery::Ranked;
use crate::signal::Picture;
use crate::signal::window::{Abstention, Lock};

/// How to decode.
#[derive(Clone, Debug)]
pub struct DecoderOptions {
    /// Steps of the generator; the manifest's own when `None`.
    pub steps: Option<u32>,
    /// Seed of noise, surrogates and draws.
    pub seed: u64,
    /// Whether the null twin is painted and ranked.
    pub twin: bool,
    /// Threads that a graph may use.
    pub threads: usize,
    /// Names of the stimulus set in row order, to find them in the gallery; `None` when the rows are the
    /// gallery's own.
    pub stimulus_ids: Option<Vec<String>>,
}

impl Default for DecoderOptions {
    fn default() -> Self {
        Self { steps: None, seed: 0, twin: true, threads: 2, stimulus_ids: None }
    }
}

/// What became of one window.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Number of the window.
    pub window: u64,
    /// What it was aligned to.
    pub lock: Lock,
    /// Why it was not decoded, if so; nothing below is filled then.
    pub abstain: Option<Abstention>,
    /// Trials averaged.
    pub k: u32,
    /// Embedding of this window alone, `[dim]`.
    pub embedding: Vec<f32>,
    /// Mean over the k trials, `[dim]`: what is ranked, tested and painted.
    pub mean_embedding: Vec<f32>,
    /// Best five gallery rows of the mean, best first.
    pub top: Vec<Ranked>,
    /// How far the best is above the second.
    pub margin: f32,
    /// Gallery row of the picture that was really shown, where that is known.
    pub truth_row: Option<u16>,
    /// Rank of that row by this window alone, from 1.
    pub trial_truth_rank: Option<u32>,
    /// Rank of that row by the mean, from 1.
    pub truth_rank: Option<u32>,
    /// See [`super::evidence`]; `None` until the null is large enough.
    pub p_value: Option<f64>,
    /// Nulls that the p-value rests on.
    pub null_size: usize,
    /// The reconstruction; `None` when decoding was cancelled before it was done.
    pub image: Option<Arc<Picture>>,
    /// The null twin, once it is done.
    pub twin: Option<TwinDecoded>,
    /// Seed of the noise.
    pub seed: u64,
    /// Steps of the generator.
    pub steps: u32,
    /// Where the time went.
    pub times: DecodeTimes,
    /// SHA-256 of `embedding`'s bytes.
    pub embedding_sha256: String,
}

/// What the null twin gave.
#[derive(Clone, Debug)]
pub struct TwinDecoded {
    /// Best five rows of the mean over as many shuffled trials.
    pub top: Vec<Ranked>,
    /// Rank of the truth by this shuffled window alone, from 1.
    pub trial_truth_rank: Option<u32>,
    /// Rank of the truth by the mean, from 1.
    pub truth_rank: Option<u32>,
    /// Its picture.
    pub image: Option<Arc<Picture>>,
}

/// Times of one decode. Milliseconds are `None` where the stage did not run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DecodeTimes {
    /// When the decoder began, in seconds on the program's clock.
    pub begun_secs: f64,
    /// When the picture was there.
    pub picture_secs: Option<f64>,
    /// Encoder.
    pub encode_ms: Option<f32>,
    /// Prior and denoiser.
    pub denoise_ms: Option<f32>,
    /// Image decoder.
    pub decode_image_ms: Option<f32>,
    /// Surrogates and null twin, after the picture.
    pub null_ms: Option<f32>,
}
