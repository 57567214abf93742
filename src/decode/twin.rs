//! The null twin: the same window with its phases shuffled, through the same encoder, average, generator
//! and seed. What it shows is what the machinery makes of no information.
//!
//! It averages over k presentations just as the real path does, or the comparison would flatter that path.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::encoder::Encoder;
use super::error::DecodeError;
use super::gallery::Gallery;
use super::surrogate::Surrogate;
use super::trials::Trials;
use crate::signal::Window;

/// Keeps the phases apart from every other use of the seed.
const PHASE_SALT: u64 = 0x7068_6173_6520_7477;

/// Makes surrogates of one window after another and keeps the twin's own running mean.
#[derive(Debug)]
pub struct Twin {
    surrogate: Surrogate,
    samples_uv: Vec<f32>,
    embedding: Vec<f32>,
    trials: Trials,
    seed: u64,
}

/// The surrogates of one window.
#[derive(Debug)]
pub struct Shuffles {
    rng: ChaCha8Rng,
}

impl Twin {
    /// Memory for windows of `channels` × `samples` and embeddings of `dim`.
    pub fn new(channels: usize, samples: usize, dim: usize, seed: u64) -> Self {
        Self {
            surrogate: Surrogate::new(channels, samples),
            samples_uv: vec![0.0; channels * samples],
            embedding: vec![0.0; dim],
            trials: Trials::new(dim),
            seed,
        }
    }

    /// Says which picture the next window belongs to; see [`Trials::see`].
    pub fn see(&mut self, row: Option<u16>) {
        self.trials.see(row);
    }

    /// Begins the surrogates of window number `window`.
    pub fn begin(&self, window: u64) -> Shuffles {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ PHASE_SALT);
        rng.set_stream(window);
        Shuffles { rng }
    }

    /// Shuffles and encodes the window once more; gives the gallery scores of that embedding.
    ///
    /// # Errors
    /// [`DecodeError`] as the encoder fails.
    pub fn encode_next(
        &mut self,
        shuffles: &mut Shuffles,
        window: &Window,
        encoder: &mut Encoder,
        gallery: &Gallery,
        scores: &mut Vec<f32>,
    ) -> Result<(), DecodeError> {
        self.surrogate.draw(&window.samples_uv, &mut shuffles.rng, &mut self.samples_uv);
        encoder.encode(&self.samples_uv, &mut self.embedding)?;
        gallery.scores(&self.embedding, scores);
        Ok(())
    }

    /// Takes the embedding of the last surrogate as the twin's trial; gives the mean, `[dim]`.
    pub fn add_trial(&mut self) -> &[f32] {
        self.trials.add(&self.embedding);
        self.trials.mean()
    }
}
