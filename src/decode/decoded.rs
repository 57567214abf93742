//! What goes into a decoder besides windows, and what comes out: options, one decode, its null twin, its times.

use std::sync::Arc;

use super::inference::gallery::Ranked;
use super::painting::steady::Steadying;
use crate::signal::window::{Abstention, Lock};
use crate::signal::{Picture, Window};

/// How to decode.
#[derive(Clone, Debug)]
pub struct DecoderOptions {
    /// Steps of the generator; the manifest's own when `None`.
    pub steps: Option<u32>,
    /// Seed of noise, surrogates and draws.
    pub seed: u64,
    /// Whether the null twin is painted and ranked.
    pub twin: bool,
    /// How pictures follow one another; the evidence does not depend on it.
    pub steadying: Steadying,
    /// Threads that a graph may use.
    pub threads: usize,
    /// Names of the stimulus set in row order, to find them in the gallery; `None` when the rows are the
    /// gallery's own.
    pub stimulus_ids: Option<Vec<String>>,
}

impl Default for DecoderOptions {
    fn default() -> Self {
        let steadying = Steadying::default();
        Self { steps: None, seed: 0, twin: true, steadying, threads: 2, stimulus_ids: None }
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
    /// Mean over the k trials, `[dim]`: what is ranked and tested, and painted unless it is steadied.
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
    /// See [`super::inference::evidence`]; `None` until the null is large enough.
    pub p_value: Option<f64>,
    /// Nulls that the p-value rests on.
    pub null_size: usize,
    /// Weight of this window in the picture, where the picture is steadied; see [`super::painting::steady`].
    pub steady_weight: Option<f32>,
    /// Whether the picture started from the noise that is held for the run.
    pub noise_held: bool,
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

impl Decoded {
    /// Nothing found yet. `truth_row` is the gallery row of what was shown.
    pub(super) fn blank(window: &Window, truth_row: Option<u16>, begun_secs: f64) -> Self {
        Self {
            window: window.index,
            lock: window.lock,
            abstain: window.abstain,
            k: 0,
            embedding: Vec::new(),
            mean_embedding: Vec::new(),
            top: Vec::new(),
            margin: 0.0,
            truth_row,
            trial_truth_rank: None,
            truth_rank: None,
            p_value: None,
            null_size: 0,
            steady_weight: None,
            noise_held: false,
            image: None,
            twin: None,
            seed: 0,
            steps: 0,
            times: DecodeTimes { begun_secs, ..DecodeTimes::default() },
            embedding_sha256: String::new(),
        }
    }
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
    /// Its own p-value, against the null that its window was tested against.
    pub p_value: Option<f64>,
    /// Weight of this shuffled window in its picture, where pictures are steadied.
    pub steady_weight: Option<f32>,
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
