//! The null twin: another window of the stream with its phases shuffled, through the same encoder, average, posterior,
//! generator and seed. What it shows is what the machinery makes of no information about the picture on show.
//!
//! It averages over k presentations, and is steadied by its own evidence where pictures are, just as the real path is, or the
//! comparison would flatter that path. Until the stream has a window far enough away there is no twin.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::others::Others;
use super::surrogate::Surrogate;
use crate::decode::encoding::encoder::Encoder;
use crate::decode::error::DecodeError;
use crate::decode::inference::trials::Trials;
use crate::decode::painting::steady::{Steadied, Steadier};
use crate::pack::sureness::Sureness;
use crate::signal::Window;

/// Keeps the phases apart from every other use of the seed.
const PHASE_SALT: u64 = 0x7068_6173_6520_7477;

/// Makes surrogates of other windows and keeps the twin's own running mean.
#[derive(Debug)]
pub struct Twin {
    others: Others,
    surrogate: Surrogate,
    samples_uv: Vec<f32>,
    embedding: Vec<f32>,
    trials: Trials,
    /// Which run of looks at one picture the next window belongs to.
    run: u64,
    row: Option<u16>,
    steadier: Steadier,
    seed: u64,
    /// Fed with the window itself, to see that the control's test finds it.
    planted_leak: bool,
}

/// The surrogates of one window.
#[derive(Debug)]
pub struct Shuffles {
    rng: ChaCha8Rng,
}

impl Twin {
    /// Memory for windows of `channels` × `samples` and embeddings of `dim`.
    pub fn new(
        (channels, samples): (usize, usize),
        dim: usize,
        sureness: Option<Sureness>,
        seed: u64,
        planted_leak: bool,
    ) -> Self {
        Self {
            others: Others::new(channels * samples),
            surrogate: Surrogate::new(channels, samples),
            samples_uv: vec![0.0; channels * samples],
            embedding: vec![0.0; dim],
            trials: Trials::new(dim, sureness),
            run: 0,
            row: None,
            steadier: Steadier::new(dim),
            seed,
            planted_leak,
        }
    }

    /// Says which picture the next window belongs to; see [`Trials::see`].
    pub fn see(&mut self, row: Option<u16>) {
        self.trials.see(row);
        if row.is_none() || row != self.row {
            self.run += 1;
        }
        self.row = row;
    }

    /// Keeps a window for the twins of later ones.
    pub fn keep(&mut self, window: &Window) {
        self.others.keep(window, self.run);
    }

    /// Begins the surrogates of window number `window`.
    pub fn begin(&self, window: u64) -> Shuffles {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ PHASE_SALT);
        rng.set_stream(window);
        Shuffles { rng }
    }

    /// Shuffles and encodes another window; gives its embedding, or `None` while there is no window far enough away.
    ///
    /// # Errors
    /// [`DecodeError`] as the encoder fails.
    pub fn encode_next(
        &mut self,
        shuffles: &mut Shuffles,
        window: &Window,
        encoder: &mut Encoder,
    ) -> Result<Option<&[f32]>, DecodeError> {
        if self.planted_leak {
            self.samples_uv.copy_from_slice(&window.samples_uv);
        } else {
            let Some(other) = self.others.choose(window, self.run, &mut shuffles.rng) else {
                return Ok(None);
            };
            self.surrogate.draw(other, &mut shuffles.rng, &mut self.samples_uv);
        }
        encoder.encode(&self.samples_uv, &mut self.embedding)?;
        Ok(Some(&self.embedding))
    }

    /// Takes the embedding of the last surrogate as the twin's trial; gives the trials in its mean.
    pub fn add_trial(&mut self) -> u32 {
        self.trials.add(&self.embedding)
    }

    /// The embedding of its newest trial, `[dim]`.
    pub fn embedding(&self) -> &[f32] {
        &self.embedding
    }

    /// The mean over its trials, `[dim]`.
    pub fn mean(&self) -> &[f32] {
        self.trials.mean()
    }

    /// The embedding to paint where means are painted: with its own sureness, steadied by the twin's own p-value where `on`.
    pub fn steady(&mut self, p_value: Option<f64>, on: bool) -> Steadied<'_> {
        self.steadier.follow(self.trials.asked(), p_value, on)
    }

    /// Lets go of the picture held so far.
    pub fn forget_picture(&mut self) {
        self.steadier.forget();
    }
}
