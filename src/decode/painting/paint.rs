//! Embedding → picture: conditioning, seeded noise, denoising, image decoder, with the time of each.
//!
//! The same embedding, seed, window number and steps give the same picture. The noise does not depend on
//! the embedding, so that a picture and its null twin differ by nothing but the signal.

use super::denoise::Generator;
use super::image::ImageDecoder;
use super::noise::{NoiseKey, fill_noise};
use crate::decode::error::DecodeError;
use crate::decode::session::Runtime;
use crate::pack::Pack;
use crate::pack::PackError;
use crate::pack::manifest::EmbeddingNorm;
use crate::pack::vector::length;
use crate::signal::Picture;
use crate::time::clock::Clock;

/// Most steps that a picture can be painted in when the pack was not trained for more.
pub const MAX_STEPS: u32 = 64;

/// A picture with the time that it took.
#[derive(Clone, Debug)]
pub struct Painted {
    /// The picture.
    pub picture: Picture,
    /// Prior and denoiser, milliseconds.
    pub denoise_ms: f32,
    /// Image decoder, milliseconds.
    pub decode_image_ms: f32,
}

/// Generator and image decoder of a pack.
#[derive(Debug)]
pub struct Painter {
    generator: Generator,
    image: ImageDecoder,
    norm: EmbeddingNorm,
    steps_allowed: Vec<u32>,
    dim: usize,
    condition: Vec<f32>,
    noise: Vec<f32>,
}

impl Painter {
    /// Loads the graphs and paints once, so that whatever fails fails now.
    ///
    /// # Errors
    /// [`PackError`] when a graph does not keep the manifest's contract.
    pub fn load(pack: &Pack, runtime: &Runtime) -> Result<Self, PackError> {
        let manifest = pack.manifest();
        let generator = Generator::load(pack, runtime)?;
        let mut painter = Self {
            noise: vec![0.0; generator.latent_len()],
            generator,
            image: ImageDecoder::load(pack, runtime)?,
            norm: manifest.generator.embedding_norm,
            steps_allowed: manifest.generator.steps_allowed.clone(),
            dim: manifest.dim(),
            condition: Vec::with_capacity(manifest.dim()),
        };
        let (key, steps) = (NoiseKey { seed: 0, window: 0 }, manifest.generator.steps);
        painter.paint(&vec![0.0; painter.dim], key, steps, &|| false, &Clock::system())?;
        Ok(painter)
    }

    /// Checks a number of steps against those that the pack was trained for.
    ///
    /// # Errors
    /// [`DecodeError::Steps`].
    pub fn check_steps(&self, steps: u32) -> Result<(), DecodeError> {
        if self.steps_allowed.contains(&steps) {
            return Ok(());
        }
        Err(DecodeError::Steps { got: steps, allowed: self.steps_allowed.clone() })
    }

    /// Paints one embedding, `[dim]`, in any number of steps up to [`MAX_STEPS`], or more where the pack was
    /// trained for more. 0 steps are the prior alone, without noise.
    ///
    /// # Errors
    /// [`DecodeError::Steps`] beyond that and for 0 steps without a prior, [`DecodeError::Cancelled`], [`DecodeError::Length`], or as a graph fails.
    pub fn paint(
        &mut self,
        embedding: &[f32],
        key: NoiseKey,
        steps: u32,
        cancelled: &dyn Fn() -> bool,
        clock: &Clock,
    ) -> Result<Painted, DecodeError> {
        let possible = steps <= MAX_STEPS && (steps > 0 || self.generator.has_prior());
        if !possible {
            self.check_steps(steps)?;
        }
        if embedding.len() != self.dim {
            let (expected, got) = (self.dim, embedding.len());
            return Err(DecodeError::Length { what: "embedding", expected, got });
        }
        let began = clock.now_secs();
        condition(embedding, self.norm, &mut self.condition);
        fill_noise(key, &mut self.noise);
        let latent = self.generator.sample(&self.condition, &self.noise, steps, cancelled)?;
        let denoised = clock.now_secs();
        if cancelled() {
            return Err(DecodeError::Cancelled);
        }
        let picture = self.image.decode(latent)?;
        let done = clock.now_secs();
        Ok(Painted {
            picture,
            denoise_ms: millis(began, denoised),
            decode_image_ms: millis(denoised, done),
        })
    }
}

/// Milliseconds between two times in seconds.
pub(in crate::decode) fn millis(from_secs: f64, to_secs: f64) -> f32 {
    ((to_secs - from_secs) * 1000.0) as f32
}

fn condition(embedding: &[f32], norm: EmbeddingNorm, out: &mut Vec<f32>) {
    let length = length(embedding);
    let keep = length < f32::MIN_POSITIVE || (norm == EmbeddingNorm::Clip && length <= 1.0);
    let factor = if keep { 1.0 } else { 1.0 / length };
    out.clear();
    out.extend(embedding.iter().map(|v| v * factor));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_and_clip_differ_only_below_one() {
        let mut out = Vec::new();
        condition(&[0.3, 0.4], EmbeddingNorm::Clip, &mut out);
        assert_eq!(out, [0.3, 0.4]);
        condition(&[0.3, 0.4], EmbeddingNorm::Unit, &mut out);
        assert!((length(&out) - 1.0).abs() < 1e-6);
        condition(&[3.0, 4.0], EmbeddingNorm::Clip, &mut out);
        assert!((length(&out) - 1.0).abs() < 1e-6);
        condition(&[0.0, 0.0], EmbeddingNorm::Unit, &mut out);
        assert_eq!(out, [0.0, 0.0]);
    }
}
