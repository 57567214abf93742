//! The null twin: the same window with its phases shuffled, through the same encoder, average, generator
//! and seed. What it shows is what the machinery makes of no information.
//!
//! It averages over k presentations and is steadied by its own evidence just as the real path is, or the
//! comparison would flatter that path.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::surrogate::Surrogate;
use crate::decode::encoding::encoder::Encoder;
use crate::decode::error::DecodeError;
use crate::decode::inference::gallery::Gallery;
use crate::decode::inference::trials::Trials;
use crate::decode::pack::sureness::Sureness;
use crate::decode::painting::steady::{Steadied, Steadier};
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
    steadier: Steadier,
    seed: u64,
}

/// The surrogates of one window.
#[derive(Debug)]
pub struct Shuffles {
    rng: ChaCha8Rng,
}

impl Twin {
    /// Memory for windows of `channels` × `samples` and embeddings of `dim`.
    pub fn new(
        channels: usize,
        samples: usize,
        dim: usize,
        sureness: Option<Sureness>,
        seed: u64,
    ) -> Self {
        Self {
            surrogate: Surrogate::new(channels, samples),
            samples_uv: vec![0.0; channels * samples],
            embedding: vec![0.0; dim],
            trials: Trials::new(dim, sureness),
            steadier: Steadier::new(dim),
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

    /// Takes the embedding of the last surrogate as the twin's trial; gives the trials in its mean.
    pub fn add_trial(&mut self) -> u32 {
        self.trials.add(&self.embedding)
    }

    /// The mean over its trials, `[dim]`.
    pub fn mean(&self) -> &[f32] {
        self.trials.mean()
    }

    /// The embedding to paint: the mean with its own sureness, steadied by the twin's own p-value where `on`.
    pub fn steady(&mut self, p_value: Option<f64>, on: bool) -> Steadied<'_> {
        self.steadier.follow(self.trials.asked(), p_value, on)
    }

    /// Lets go of the picture held so far.
    pub fn forget_picture(&mut self) {
        self.steadier.forget();
    }
}
