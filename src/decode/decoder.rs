//! One window in, evidence and picture out: the decoder as a plain object, one [`Decoder::step`] a window.
//!
//! Takes [`Window`]s `[channels, samples]` µV of the pack's shape; gives [`Decoded`]: ranks, p-value, then
//! the picture, then the null twin. An abstaining window gives its reason and nothing else. The same
//! windows, pack, options and machine give the same bits; [`Decoder::decode_hash`] proves it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::control::twin::Twin;
use super::decoded::{Decoded, DecoderOptions, TwinDecoded};
use super::encoding::encoder::Encoder;
use super::error::{DecodeError, PackError};
use super::hash::{DecodeHash, embedding_sha256};
use super::inference::evidence::Evidence;
use super::inference::gallery::{self, Gallery};
use super::inference::trials::Trials;
use super::pack::Pack;
use super::painting::paint::{Painted, Painter, millis};
use super::painting::steady::{Steadier, Steadying};
use super::session::Runtime;
use crate::signal::Window;
use crate::time::clock::Clock;

/// Entries in a list of best rows.
pub const TOP: usize = 5;

/// Surrogates encoded per window until the null holds [`NULL_WARM`], and after that. The first is the twin.
const SURROGATES_COLD: usize = 8;
const SURROGATES_WARM: usize = 2;
const NULL_WARM: usize = 128;

/// Encoder, gallery, evidence and painter of one pack.
#[derive(Debug)]
pub struct Decoder {
    encoder: Encoder,
    painter: Painter,
    gallery: Arc<Gallery>,
    gallery_rows: Option<Vec<Option<u16>>>,
    trials: Trials,
    evidence: Evidence,
    twin: Twin,
    twin_on: bool,
    steadier: Steadier,
    steadying: Steadying,
    steps: u32,
    seed: u64,
    hash: DecodeHash,
    scores: Vec<f32>,
    twin_scores: Vec<f32>,
}

impl Decoder {
    /// Loads every graph of the pack and runs each once. `library` is ONNX Runtime's file.
    ///
    /// # Errors
    /// [`PackError`] when the pack does not keep its manifest's contract or ONNX Runtime is missing.
    pub fn load(pack: &Pack, options: &DecoderOptions, library: &Path) -> Result<Self, PackError> {
        let runtime = Runtime::load(library, options.threads)?;
        let gallery = Arc::new(Gallery::load(pack)?);
        let encoder = Encoder::load(pack, &runtime)?;
        let painter = Painter::load(pack, &runtime)?;
        let steps = options.steps.unwrap_or(pack.manifest().generator.steps);
        painter.check_steps(steps)?;
        let input = &pack.manifest().input;
        let sureness = pack.manifest().embedding.sureness;
        let (dim, seed) = (encoder.dim(), options.seed);
        let to_rows = |ids: &Vec<String>| ids.iter().map(|id| gallery.row_of(id)).collect();
        Ok(Self {
            gallery_rows: options.stimulus_ids.as_ref().map(to_rows),
            trials: Trials::new(dim, sureness),
            evidence: Evidence::new(gallery.len(), seed),
            twin: Twin::new(input.channels.len(), input.samples(), dim, sureness, seed),
            twin_on: options.twin,
            steadier: Steadier::new(dim),
            steadying: options.steadying,
            steps,
            seed,
            hash: DecodeHash::default(),
            scores: Vec::with_capacity(gallery.len()),
            twin_scores: Vec::with_capacity(gallery.len()),
            encoder,
            painter,
            gallery,
        })
    }

    /// Decodes one window: [`Decoder::step_with`] without looking in between.
    ///
    /// # Errors
    /// As [`Decoder::step_with`].
    pub fn step(
        &mut self,
        window: &Window,
        clock: &Clock,
        cancel: &AtomicBool,
    ) -> Result<Decoded, DecodeError> {
        self.step_with(window, clock, cancel, &mut |_| {})
    }

    /// Decodes one window; `on_picture` is called once when evidence and picture are there and the null
    /// twin is not yet. When `cancel` becomes true, what was found so far is given: the embedding counts.
    ///
    /// # Errors
    /// [`DecodeError::Window`] for another shape, [`DecodeError::Cancelled`] when cancelled before
    /// anything was computed, or as a graph fails.
    pub fn step_with(
        &mut self,
        window: &Window,
        clock: &Clock,
        cancel: &AtomicBool,
        on_picture: &mut dyn FnMut(&Decoded),
    ) -> Result<Decoded, DecodeError> {
        self.encoder.check(window)?;
        let cancelled = || cancel.load(Ordering::Relaxed);
        if cancelled() {
            return Err(DecodeError::Cancelled);
        }
        let mut decoded = self.blank(window, clock);
        self.trials.see(window.stimulus_row());
        self.twin.see(window.stimulus_row());
        if window.abstain.is_some() {
            return Ok(decoded);
        }
        self.encode(window, clock, &mut decoded)?;
        self.weigh(&mut decoded);
        self.paint(clock, &cancelled, &mut decoded)?;
        if decoded.image.is_some() {
            on_picture(&decoded);
            self.shuffle(window, clock, &cancelled, &mut decoded)?;
        }
        Ok(decoded)
    }

    fn blank(&self, window: &Window, clock: &Clock) -> Decoded {
        let truth_row = window.stimulus_row().and_then(|row| self.gallery_row(row));
        Decoded {
            null_size: self.evidence.len(),
            noise_held: self.steadying.holds_noise(window.lock),
            seed: self.seed,
            steps: self.steps,
            ..Decoded::blank(window, truth_row, clock.now_secs())
        }
    }

    /// Window → embedding, and its place in the running mean and hash.
    fn encode(
        &mut self,
        window: &Window,
        clock: &Clock,
        decoded: &mut Decoded,
    ) -> Result<(), DecodeError> {
        decoded.embedding.resize(self.encoder.dim(), 0.0);
        self.encoder.encode(&window.samples_uv, &mut decoded.embedding)?;
        decoded.times.encode_ms = Some(millis(decoded.times.begun_secs, clock.now_secs()));
        decoded.k = self.trials.add(&decoded.embedding);
        decoded.mean_embedding.extend_from_slice(self.trials.mean());
        decoded.embedding_sha256 = embedding_sha256(&decoded.embedding);
        self.hash.add(&decoded.embedding, window.index, window.stimulus_row());
        Ok(())
    }

    /// Embedding → ranks and p-value.
    fn weigh(&mut self, decoded: &mut Decoded) {
        let rank = |scores: &[f32]| decoded.truth_row.and_then(|row| gallery::rank_of(scores, row));
        self.gallery.scores(&decoded.embedding, &mut self.scores);
        decoded.trial_truth_rank = rank(&self.scores);
        self.gallery.scores(&decoded.mean_embedding, &mut self.scores);
        decoded.truth_rank = rank(&self.scores);
        decoded.top = gallery::best(&self.scores, TOP);
        decoded.margin = match decoded.top[..] {
            [first, second, ..] => first.score - second.score,
            _ => 0.0,
        };
        decoded.p_value = self.evidence.p_value(&self.scores, decoded.k, decoded.window);
    }

    fn paint(
        &mut self,
        clock: &Clock,
        cancelled: &dyn Fn() -> bool,
        decoded: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let on = self.steadying.steadies(decoded.lock);
        let steadied = self.steadier.follow(self.trials.asked(), decoded.p_value, on);
        let key = self.steadying.noise_key(self.seed, decoded.window, decoded.lock);
        let painted = self.painter.paint(steadied.embedding, key, self.steps, cancelled, clock);
        decoded.steady_weight = steadied.weight;
        if let Some(painted) = unless_cancelled(painted)? {
            decoded.times.denoise_ms = Some(painted.denoise_ms);
            decoded.times.decode_image_ms = Some(painted.decode_image_ms);
            decoded.times.picture_secs = Some(clock.now_secs());
            decoded.image = Some(Arc::new(painted.picture));
        }
        Ok(())
    }

    /// Shuffled windows for the null; the first is the twin.
    fn shuffle(
        &mut self,
        window: &Window,
        clock: &Clock,
        cancelled: &dyn Fn() -> bool,
        decoded: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let began = clock.now_secs();
        let cold = self.evidence.len() < NULL_WARM;
        let count = if cold { SURROGATES_COLD } else { SURROGATES_WARM };
        let mut shuffles = self.twin.begin(window.index);
        for i in 0..count {
            if cancelled() {
                break;
            }
            let Self { twin, encoder, gallery, scores, .. } = self;
            twin.encode_next(&mut shuffles, window, encoder, gallery, scores)?;
            // Before its scores join the null, so that it is tested as the window itself was.
            let twin = (i == 0).then(|| self.weigh_twin(decoded));
            self.evidence.push(&self.scores);
            if let Some(twin) = twin {
                self.paint_twin(twin, clock, cancelled, decoded)?;
            }
        }
        decoded.times.null_ms = Some(millis(began, clock.now_secs()));
        Ok(())
    }

    /// Ranks and p-value of the shuffled window just encoded, whose own scores are left as they are.
    fn weigh_twin(&mut self, decoded: &Decoded) -> TwinDecoded {
        let rank = |scores: &[f32]| decoded.truth_row.and_then(|row| gallery::rank_of(scores, row));
        let k = self.twin.add_trial();
        self.gallery.scores(self.twin.mean(), &mut self.twin_scores);
        TwinDecoded {
            top: gallery::best(&self.twin_scores, TOP),
            trial_truth_rank: rank(&self.scores),
            truth_rank: rank(&self.twin_scores),
            p_value: self.evidence.p_value(&self.twin_scores, k, decoded.window),
            steady_weight: None,
            image: None,
        }
    }

    /// The twin's picture: the same steps as [`Decoder::paint`], with its own steadying.
    fn paint_twin(
        &mut self,
        mut found: TwinDecoded,
        clock: &Clock,
        cancelled: &dyn Fn() -> bool,
        decoded: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let on = self.steadying.steadies(decoded.lock);
        // Also while it is not shown, so that it has the same past as the picture beside it.
        let steadied = self.twin.steady(found.p_value, on);
        if !self.twin_on {
            return Ok(());
        }
        let key = self.steadying.noise_key(self.seed, decoded.window, decoded.lock);
        let painted = self.painter.paint(steadied.embedding, key, self.steps, cancelled, clock);
        found.steady_weight = steadied.weight;
        found.image = unless_cancelled(painted)?.map(|painted| Arc::new(painted.picture));
        decoded.twin = Some(found);
        Ok(())
    }

    fn gallery_row(&self, stimulus_row: u16) -> Option<u16> {
        match &self.gallery_rows {
            Some(rows) => rows.get(usize::from(stimulus_row)).copied().flatten(),
            None => Some(stimulus_row).filter(|row| usize::from(*row) < self.gallery.len()),
        }
    }

    /// Changes the generator's steps.
    ///
    /// # Errors
    /// [`DecodeError::Steps`] when the pack does not allow them; nothing changes then.
    pub fn set_steps(&mut self, steps: u32) -> Result<(), DecodeError> {
        self.painter.check_steps(steps)?;
        self.steps = steps;
        Ok(())
    }

    /// Steps in use.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Switches the null twin's ranks and picture on or off; the null goes on growing.
    pub fn set_twin(&mut self, on: bool) {
        self.twin_on = on;
    }

    /// Changes how pictures follow one another; what was held is forgotten.
    pub fn set_steadying(&mut self, steadying: Steadying) {
        if steadying.steady != self.steadying.steady {
            self.steadier.forget();
            self.twin.forget_picture();
        }
        self.steadying = steadying;
    }

    /// How pictures follow one another.
    pub fn steadying(&self) -> Steadying {
        self.steadying
    }

    /// The pictures that decodes are ranked against.
    pub fn gallery(&self) -> &Arc<Gallery> {
        &self.gallery
    }

    /// SHA-256 over every embedding, window number and stimulus row so far.
    pub fn decode_hash(&self) -> String {
        self.hash.hex()
    }
}

fn unless_cancelled(painted: Result<Painted, DecodeError>) -> Result<Option<Painted>, DecodeError> {
    match painted {
        Ok(painted) => Ok(Some(painted)),
        Err(DecodeError::Cancelled) => Ok(None),
        Err(other) => Err(other),
    }
}
