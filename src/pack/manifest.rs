//! `pack.toml`: what a model pack says of itself.
//!
//! Takes the text, gives a [`Manifest`] whose every number was checked by [`super::limits`], and a list
//! of keys that this version does not know (they are ignored, and said). Shapes and units are in the fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::credit::Credit;
use super::expected::ExpectedSpec;
use super::sureness::Sureness;
use crate::units::SampleRate;

/// The manifest as written. Every shape and size is within the limits of [`super::limits`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format: 1.
    pub schema: u32,
    /// Name of the pack.
    pub name: String,
    /// Version of the pack.
    pub version: String,
    /// Licence of the weights.
    pub licence: String,
    /// What it is, in a sentence.
    pub description: String,
    /// True when it was trained on simulated signal only.
    pub simulated_training: bool,
    /// Data, script, commit, seed, date: shown, not interpreted.
    #[serde(default)]
    pub provenance: toml::Table,
    /// File → SHA-256 in hexadecimal, for every file that the pack uses.
    pub files: BTreeMap<String, String>,
    /// The signal that the encoder wants.
    pub input: InputSpec,
    /// EEG → embedding.
    pub encoder: EncoderSpec,
    /// Picture → embedding, where the pack has it.
    pub image_encoder: Option<ImageEncoderSpec>,
    /// What pictures evoke in people, where the pack knows it.
    pub responses: Option<ResponsesSpec>,
    /// How the encoder answers to pictures, where the pack knows it: without it there are no probabilities.
    pub answers: Option<AnswersSpec>,
    /// The embedding space.
    pub embedding: EmbeddingSpec,
    /// Embedding → latent.
    pub generator: GeneratorSpec,
    /// Latent → picture.
    pub decoder: DecoderSpec,
    /// Pictures to rank.
    pub gallery: GallerySpec,
    /// The drawings that the generator learned, where the pack tells them.
    pub remembered: Option<RememberedSpec>,
    /// What normal signal looks like to this pack.
    pub quality: Option<QualitySpec>,
    /// What score to expect with channels missing and at several noise levels.
    pub expected: Option<ExpectedSpec>,
    /// Whose work is in the pack; empty in older packs.
    #[serde(default, rename = "credit")]
    pub credits: Vec<Credit>,
}

/// The signal that the encoder was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputSpec {
    /// 10-05 names, in the encoder's order.
    pub channels: Vec<String>,
    /// Sampling rate.
    pub sample_rate_hz: SampleRate,
    /// Start and end of the window relative to the picture's onset, seconds.
    pub window_secs: [f64; 2],
    /// Start and end of the stretch whose mean is taken off, seconds.
    pub baseline_secs: Option<[f64; 2]>,
    /// Pass band in Hz.
    pub band_hz: [f64; 2],
    /// Order of the band-pass.
    pub band_order: u32,
    /// Mains notch in Hz; 0 is none.
    pub notch_hz: f64,
    /// `average`, `none`, or the name of a channel.
    pub reference: String,
    /// `none` is the only one so far.
    pub normalisation: String,
    /// `uV`.
    pub unit: String,
}

impl InputSpec {
    /// Samples per channel in one window.
    pub fn samples(&self) -> usize {
        self.sample_rate_hz.samples_in(self.window_secs[1] - self.window_secs[0])
    }
}

/// EEG → embedding: `[1, channels, samples]` µV → `[1, dim]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncoderSpec {
    /// ONNX file.
    pub file: String,
    /// Input tensor.
    pub input: String,
    /// Output tensor.
    pub output: String,
}

/// Picture → embedding: `[1, 3, size, size]`, RGB, 0–1 → `[1, dim]`, unit length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageEncoderSpec {
    /// ONNX file.
    pub file: String,
    /// Input tensor.
    pub input: String,
    /// Output tensor.
    pub output: String,
    /// Side of the picture in pixels.
    pub size_px: u64,
}

/// What pictures evoke in the mean person, and how persons differ: see [`super::responses`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResponsesSpec {
    /// Safetensors file.
    pub file: String,
}

/// How the encoder answers to pictures: see [`super::answers`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswersSpec {
    /// Safetensors file.
    pub file: String,
}

/// The drawings that the generator learned: see [`super::remembered`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RememberedSpec {
    /// Safetensors file.
    pub embeddings: String,
    /// Tensor in it, `[rows, dim]`, f16 or f32.
    pub tensor: String,
}

/// The embedding space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingSpec {
    /// Length of an embedding.
    pub dim: u64,
    /// True when the encoder gives unit length; false when the length carries confidence.
    pub normalised: bool,
    /// Name of the space.
    pub space: String,
    /// How sure averages of embeddings are; absent, a mean goes to the generator as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sureness: Option<Sureness>,
}

/// What happens to an embedding's length before it conditions the generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingNorm {
    /// Scaled to unit length; an embedding of length 0 stays 0.
    Unit,
    /// Shortened to unit length when it is longer.
    Clip,
}

/// Embedding → latent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeneratorSpec {
    /// Which scheduler; see [`super::limits::KNOWN_KINDS`].
    pub kind: String,
    /// ONNX file of the regression prior, embedding → latent mean.
    pub prior: Option<String>,
    /// The prior's input, `[1, dim]`.
    pub prior_input: Option<String>,
    /// The prior's output, `[1, latent…]`.
    pub prior_output: Option<String>,
    /// ONNX file of the denoiser.
    pub file: String,
    /// Denoiser input: the noisy latent, `[1, latent…]`.
    pub input_x: String,
    /// Denoiser input: the time, `[1]` or a scalar, 1 → 0.
    pub input_t: String,
    /// Denoiser input: the embedding, `[1, dim]`.
    pub input_embedding: String,
    /// Denoiser input: the latent mean, `[1, latent…]`; absent when it takes none.
    pub input_mean: Option<String>,
    /// Denoiser output: the velocity, `[1, latent…]`.
    pub output: String,
    /// Shape of the latent without the batch: channels, height, width.
    pub latent: Vec<u64>,
    /// Standard deviation of the noise at the start.
    pub sigma: f32,
    /// Steps unless asked otherwise.
    pub steps: u32,
    /// Steps that the denoiser was trained for.
    pub steps_allowed: Vec<u32>,
    /// What happens to the embedding's length.
    pub embedding_norm: EmbeddingNorm,
}

/// Latent → picture: `[1, latent…]` → `[1, 3, size, size]`, RGB, 0–1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecoderSpec {
    /// ONNX file.
    pub file: String,
    /// Input tensor.
    pub input: String,
    /// Output tensor.
    pub output: String,
    /// Latents are divided by this first.
    pub scale: f32,
    /// Side of the picture in pixels.
    pub size_px: u64,
}

/// The pictures that a decode is ranked against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GallerySpec {
    /// Safetensors file.
    pub embeddings: String,
    /// Tensor in it, `[rows, dim]`, f32.
    pub tensor: String,
    /// Short names, one per row.
    pub ids: Vec<String>,
    /// What a person calls them, one per row.
    pub labels: Vec<String>,
    /// Where rows stand for classes: names of the pictures that are of each class, as markers name them; absent otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Vec<String>>,
}

/// Log band powers of the training signal, for the out-of-distribution check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualitySpec {
    /// Mean per band.
    pub log_band_power_mean: Vec<f64>,
    /// Standard deviation per band.
    pub log_band_power_std: Vec<f64>,
}

impl Manifest {
    /// Every file that a field uses, with the field's name.
    pub fn used_files(&self) -> Vec<(&'static str, &str)> {
        let mut used = vec![
            ("encoder.file", self.encoder.file.as_str()),
            ("generator.file", &self.generator.file),
            ("decoder.file", &self.decoder.file),
            ("gallery.embeddings", &self.gallery.embeddings),
        ];
        used.extend(self.generator.prior.as_deref().map(|file| ("generator.prior", file)));
        used.extend(self.image_encoder.as_ref().map(|e| ("image_encoder.file", e.file.as_str())));
        used.extend(self.responses.as_ref().map(|r| ("responses.file", r.file.as_str())));
        used.extend(self.answers.as_ref().map(|a| ("answers.file", a.file.as_str())));
        let remembered = self.remembered.as_ref();
        used.extend(remembered.map(|r| ("remembered.embeddings", r.embeddings.as_str())));
        used
    }

    /// Length of an embedding.
    pub fn dim(&self) -> usize {
        self.embedding.dim as usize // bounded by `limits`
    }

    /// Shape of a latent with its batch of one.
    pub fn latent_shape(&self) -> Vec<usize> {
        std::iter::once(1).chain(self.generator.latent.iter().map(|&n| n as usize)).collect()
    }
}
