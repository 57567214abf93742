//! What goes into a decoder besides windows, and what comes out: options, one decode, its null twin, its times.

use std::sync::Arc;

use serde::Serialize;

use super::control::sequential::ControlView;
use super::inference::gallery::Ranked;
use super::inference::judge::{Believed, Scope};
use super::inference::weighing::Asked;
use super::painting::steady::Steadying;
use crate::signal::window::{Abstention, Lock};
use crate::signal::{Picture, StimulusSet, Window};

/// What the picture is a picture of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// The most probable picture, painted sharp. Where the encoder has no answer model, the mean.
    #[default]
    Best,
    /// The mean of everything that cannot be ruled out: soft where the decoder is unsure.
    Mean,
}

/// What is shown; ranks, probabilities and p-values of the told pictures do not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Showing {
    /// Best guess or mean.
    pub show: Show,
    /// Which pictures are in play for the guess and the draws.
    pub scope: Scope,
}

/// How to decode.
#[derive(Clone, Debug)]
pub struct DecoderOptions {
    /// Steps of the generator; the manifest's own when `None`.
    pub steps: Option<u32>,
    /// Seed of noise, surrogates and draws.
    pub seed: u64,
    /// Whether the null twin is painted and ranked.
    pub twin: bool,
    /// How pictures follow one another, where means are painted; the evidence does not depend on it.
    pub steadying: Steadying,
    /// What is painted.
    pub showing: Showing,
    /// Feeds the null twin with the window itself, to see that the control's own test finds it: never in earnest.
    pub planted_leak: bool,
    /// Threads that a graph may use.
    pub threads: usize,
    /// Pictures that are told of in place of the pack's gallery: the wearer's own, in the pack's embedding space.
    pub told: Option<Arc<StimulusSet>>,
    /// Names of the stimulus set in row order, to find them in the gallery; `None` when the rows are the
    /// gallery's own.
    pub stimulus_ids: Option<Vec<String>>,
}

impl Default for DecoderOptions {
    fn default() -> Self {
        let steadying = Steadying::default();
        Self {
            steps: None,
            seed: 0,
            twin: true,
            steadying,
            showing: Showing::default(),
            planted_leak: false,
            threads: 2,
            told: None,
            stimulus_ids: None,
        }
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
    /// Best five gallery rows by all k trials, best first.
    pub top: Vec<Ranked>,
    /// How far the best score is above the second.
    pub margin: f32,
    /// Gallery row of the picture that was really shown, where that is known.
    pub truth_row: Option<u16>,
    /// Rank of that row by this window alone, from 1.
    pub trial_truth_rank: Option<u32>,
    /// Rank of that row by all k trials, from 1.
    pub truth_rank: Option<u32>,
    /// What is believed in the scope that is shown; `None` where the encoder has no answer model: not calibrated.
    pub believed: Option<Believed>,
    /// p of the shown picture, against windows in which others were seen: see [`super::inference::shown`].
    pub p_shown: Option<f64>,
    /// p that there is anything at all: see [`super::inference::anything`]; `None` until the null is large enough, and
    /// before the null twin is there.
    pub p_value: Option<f64>,
    /// Nulls that the p-value rests on.
    pub null_size: usize,
    /// Weight of this window in the picture, where the picture is steadied; see [`super::painting::steady`].
    pub steady_weight: Option<f32>,
    /// Whether the picture started from the noise that is held for the run.
    pub noise_held: bool,
    /// What the picture is; `Mean` also where there is no answer model.
    pub shows: Show,
    /// The reconstruction; `None` when decoding was cancelled before it was done.
    pub image: Option<Arc<Picture>>,
    /// Pictures of the draws from the posterior, in their order; they follow the reconstruction.
    pub draws: Vec<Arc<Picture>>,
    /// The null twin, once it is done.
    pub twin: Option<TwinDecoded>,
    /// Whether the control succeeds, over the run so far.
    pub control: ControlView,
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
    /// What is weighed of its window.
    pub(super) fn asked(&self, window: &Window) -> Asked<'_> {
        Asked {
            embedding: &self.embedding,
            mean: &self.mean_embedding,
            k: self.k,
            truth: self.truth_row,
            seen: window.stimulus_row(),
            window: self.window,
        }
    }

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
            believed: None,
            p_shown: None,
            p_value: None,
            null_size: 0,
            steady_weight: None,
            noise_held: false,
            shows: Show::default(),
            image: None,
            draws: Vec::new(),
            twin: None,
            control: ControlView::default(),
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
    /// Best five rows over as many shuffled trials.
    pub top: Vec<Ranked>,
    /// What would be believed of it.
    pub believed: Option<Believed>,
    /// Rank of the truth by this shuffled window alone, from 1.
    pub trial_truth_rank: Option<u32>,
    /// Rank of the truth by the mean, from 1.
    pub truth_rank: Option<u32>,
    /// Its own p-value that there is anything, against the null that its window was tested against.
    pub p_value: Option<f64>,
    /// Weight of this shuffled window in its picture, where pictures are steadied.
    pub steady_weight: Option<f32>,
    /// Its picture.
    pub image: Option<Arc<Picture>>,
    /// Pictures of its draws.
    pub draws: Vec<Arc<Picture>>,
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
