//! One window in, evidence and picture out: the decoder as a plain object, one [`Decoder::step`] a window.
//!
//! Takes [`Window`]s `[channels, samples]` µV of the pack's shape; gives [`Decoded`]: ranks and probabilities, the picture,
//! then the draws, the null twin and the p-value. An abstaining window gives its reason and nothing else. The same
//! windows, pack, options and machine give the same bits; [`Decoder::decode_hash`] proves it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::control::sequential::Sequential;
use super::control::twin::{Shuffles, Twin};
use super::decoded::{Decoded, DecoderOptions, Show, Showing, TwinDecoded};
use super::encoding::encoder::Encoder;
use super::error::DecodeError;
use super::hash::{DecodeHash, embedding_sha256};
use super::inference::gallery::Gallery;
use super::inference::judge::{Judge, Labels};
use super::inference::trials::Trials;
use super::inference::weighing::{Asked, Weighing, Whose};
use super::painting::brush::Brush;
use super::painting::paint::{Painter, millis};
use super::painting::steady::{Steadier, Steadying};
use super::session::Runtime;
use crate::pack::Pack;
use crate::pack::PackError;
use crate::signal::Window;
use crate::time::clock::Clock;

pub use super::inference::weighing::TOP;

/// Surrogates encoded per window until the null holds [`NULL_WARM`], and after that. The first is the twin.
const SURROGATES_COLD: usize = 8;
const SURROGATES_WARM: usize = 2;
const NULL_WARM: usize = 128;

/// Encoder, gallery, evidence and painter of one pack.
#[derive(Debug)]
pub struct Decoder {
    encoder: Encoder,
    brush: Brush,
    gallery: Arc<Gallery>,
    gallery_rows: Option<Vec<Option<u16>>>,
    trials: Trials,
    weighing: Weighing,
    twin: Twin,
    twin_on: bool,
    control: Sequential,
    /// The newest window and the last one: a replay may go back, and what comes again tells nothing new.
    newest: Option<u64>,
    last: Option<u64>,
    steadier: Steadier,
    steadying: Steadying,
    showing: Showing,
    seed: u64,
    hash: DecodeHash,
}

impl Decoder {
    /// Loads every graph of the pack and runs each once. `library` is ONNX Runtime's file.
    ///
    /// # Errors
    /// [`PackError`] when the pack does not keep its manifest's contract or ONNX Runtime is missing.
    pub fn load(pack: &Pack, options: &DecoderOptions, library: &Path) -> Result<Self, PackError> {
        let runtime = Runtime::load(library, options.threads)?;
        let own =
            options.told.as_ref().filter(|set| set.dim == pack.manifest().dim() && !set.is_empty());
        let gallery = match own {
            Some(set) => Gallery::of_stimuli(set),
            None => Gallery::load(pack)?,
        };
        let gallery = Arc::new(gallery);
        let encoder = Encoder::load(pack, &runtime)?;
        let painter = Painter::load(pack, &runtime)?;
        let steps = options.steps.unwrap_or(pack.manifest().generator.steps);
        painter.check_steps(steps)?;
        let input = &pack.manifest().input;
        let sureness = pack.manifest().embedding.sureness;
        let (dim, seed) = (encoder.dim(), options.seed);
        let shape = (input.channels.len(), input.samples());
        let to_rows = |ids: &Vec<String>| ids.iter().map(|id| gallery.row_seen(id)).collect();
        Ok(Self {
            gallery_rows: options.stimulus_ids.as_ref().map(to_rows),
            trials: Trials::new(dim, sureness),
            weighing: Weighing::load(pack, &gallery, seed)?,
            twin: Twin::new(shape, dim, sureness, seed, options.planted_leak),
            twin_on: options.twin,
            control: Sequential::new(gallery.len(), seed),
            newest: None,
            last: None,
            steadier: Steadier::new(dim),
            steadying: options.steadying,
            showing: options.showing,
            seed,
            hash: DecodeHash::default(),
            encoder,
            brush: Brush::new(painter, steps, seed),
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

    /// Decodes one window; `on_picture` is called once when evidence and picture are there and draws, null twin and p-value
    /// are not yet. When `cancel` becomes true, what was found so far is given: the embedding counts.
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
        if self.last.is_some_and(|last| window.index <= last) {
            // Looks are added up as time goes on: another pass over them is no new look.
            self.trials.see(None);
            self.twin.see(None);
        }
        let fresh = self.newest.is_none_or(|newest| window.index > newest);
        (self.last, self.newest) = (Some(window.index), self.newest.max(Some(window.index)));
        self.trials.see(window.stimulus_row());
        self.twin.see(window.stimulus_row());
        if window.abstain.is_some() {
            return Ok(decoded);
        }
        self.encode(window, clock, &mut decoded)?;
        self.weigh(window, &mut decoded);
        let while_awake = (&cancelled as &dyn Fn() -> bool, clock);
        self.paint(while_awake, &mut decoded)?;
        if decoded.image.is_some() {
            on_picture(&decoded);
            self.follow_up(window, while_awake, fresh, &mut decoded)?;
        }
        if fresh {
            self.weighing.keep(decoded.asked(window));
            self.twin.keep(window);
        }
        Ok(decoded)
    }

    fn blank(&self, window: &Window, clock: &Clock) -> Decoded {
        let truth_row = window.stimulus_row().and_then(|row| self.gallery_row(row));
        Decoded {
            null_size: self.weighing.nulls(),
            noise_held: self.steadying.holds_noise(window.lock),
            seed: self.seed,
            steps: self.brush.steps(),
            control: self.control.view(),
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

    /// Embedding → ranks, probabilities and the p-value of the shown picture.
    fn weigh(&mut self, window: &Window, decoded: &mut Decoded) {
        let asked = decoded.asked(window);
        let found = self.weighing.weigh(asked, &self.gallery, self.showing.scope);
        decoded.top = found.top;
        decoded.margin = found.margin;
        decoded.trial_truth_rank = found.trial_truth_rank;
        decoded.truth_rank = found.truth_rank;
        decoded.believed = found.believed;
        decoded.p_shown = found.p_shown;
        decoded.shows = match decoded.believed {
            Some(_) => self.showing.show,
            None => Show::Mean,
        };
    }

    fn paint(
        &mut self,
        (cancelled, clock): (&dyn Fn() -> bool, &Clock),
        decoded: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let guess = decoded.believed.as_ref().filter(|_| decoded.shows == Show::Best);
        let painted = match guess {
            Some(believed) => {
                self.brush.best(self.weighing.judge(), believed, (cancelled, clock))?
            }
            None => {
                decoded.p_value = self.p_value(decoded);
                let on = self.steadying.steadies(decoded.lock);
                let steadied = self.steadier.follow(self.trials.asked(), decoded.p_value, on);
                decoded.steady_weight = steadied.weight;
                let key = self.steadying.noise_key(self.seed, decoded.window, decoded.lock);
                self.brush.mean(steadied.embedding, key, (cancelled, clock))?
            }
        };
        if let Some(painted) = painted {
            decoded.times.denoise_ms = painted.took_ms.map(|(denoise, _)| denoise);
            decoded.times.decode_image_ms = painted.took_ms.map(|(_, decode)| decode);
            decoded.times.picture_secs = Some(clock.now_secs());
            decoded.image = Some(painted.picture);
        }
        Ok(())
    }

    /// All that may come after the picture: draws, null twin, p-value, and what the next window will need.
    fn follow_up(
        &mut self,
        window: &Window,
        while_awake: (&dyn Fn() -> bool, &Clock),
        fresh: bool,
        decoded: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let began = while_awake.1.now_secs();
        decoded.draws =
            self.brush.draws(self.weighing.judge(), decoded.believed.as_ref(), while_awake)?;
        if decoded.shows == Show::Best {
            // Where the mean is painted it was needed before the picture.
            decoded.p_value = self.p_value(decoded);
        }
        self.shuffle(window, while_awake, fresh, decoded)?;
        decoded.control = self.control.view();
        self.weighing.prepare(decoded.k + 1, self.showing.scope);
        decoded.times.null_ms = Some(millis(began, while_awake.1.now_secs()));
        Ok(())
    }

    fn p_value(&mut self, decoded: &Decoded) -> Option<f64> {
        let (mean, k, window) = (&decoded.mean_embedding, decoded.k, decoded.window);
        self.weighing.p_value(mean, (k, window), &self.gallery, Whose::Own)
    }

    /// Shuffled other windows for the null; the first is the twin.
    fn shuffle(
        &mut self,
        window: &Window,
        while_awake: (&dyn Fn() -> bool, &Clock),
        fresh: bool,
        decoded: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let cold = self.weighing.nulls() < NULL_WARM;
        let count = if cold { SURROGATES_COLD } else { SURROGATES_WARM };
        let mut shuffles = self.twin.begin(window.index);
        for i in 0..count {
            if while_awake.0() || !self.shuffle_once(window, &mut shuffles)? {
                break;
            }
            if i == 0 {
                // Before it joins the null, so that it is tested as the window itself was.
                let twin = self.weigh_twin(window, decoded, fresh);
                self.paint_twin(twin, while_awake, decoded)?;
            }
            if fresh {
                self.weighing.keep_null(self.twin.embedding(), &self.gallery);
            }
        }
        Ok(())
    }

    /// False while there is no other window far enough away.
    fn shuffle_once(
        &mut self,
        window: &Window,
        shuffles: &mut Shuffles,
    ) -> Result<bool, DecodeError> {
        let Self { twin, encoder, .. } = self;
        Ok(twin.encode_next(shuffles, window, encoder)?.is_some())
    }

    /// What the shuffled window just encoded is worth, and whether it names the picture.
    fn weigh_twin(&mut self, window: &Window, decoded: &Decoded, fresh: bool) -> TwinDecoded {
        let k = self.twin.add_trial();
        let asked = Asked {
            embedding: self.twin.embedding(),
            mean: self.twin.mean(),
            k,
            truth: decoded.truth_row,
            seen: window.stimulus_row(),
            window: decoded.window,
        };
        let found = self.weighing.weigh_twin(asked, &self.gallery, self.showing.scope);
        // Among one picture every guess is right.
        if let (true, Some(shown), Some(named)) =
            (fresh && self.gallery.len() > 1, decoded.truth_row, found.named)
        {
            self.control.add(named, shown, k <= 1);
        }
        let about = (k, decoded.window);
        let p_value = self.weighing.p_value(self.twin.mean(), about, &self.gallery, Whose::Twin);
        TwinDecoded {
            top: found.top,
            believed: found.believed,
            trial_truth_rank: found.trial_truth_rank,
            truth_rank: found.truth_rank,
            p_value,
            steady_weight: None,
            image: None,
            draws: Vec::new(),
        }
    }

    /// The twin's picture: the same steps as [`Decoder::paint`], with its own steadying.
    fn paint_twin(
        &mut self,
        mut found: TwinDecoded,
        while_awake: (&dyn Fn() -> bool, &Clock),
        decoded: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let on = self.steadying.steadies(decoded.lock);
        // Also while it is not shown, so that it has the same past as the picture beside it.
        let steadied = self.twin.steady(found.p_value, on);
        if !self.twin_on {
            return Ok(());
        }
        let painted = match found.believed.as_ref().filter(|_| decoded.shows == Show::Best) {
            Some(believed) => self.brush.best(self.weighing.judge(), believed, while_awake)?,
            None => {
                found.steady_weight = steadied.weight;
                let key = self.steadying.noise_key(self.seed, decoded.window, decoded.lock);
                self.brush.mean(steadied.embedding, key, while_awake)?
            }
        };
        found.image = painted.map(|painted| painted.picture);
        found.draws =
            self.brush.draws(self.weighing.judge(), found.believed.as_ref(), while_awake)?;
        decoded.twin = Some(found);
        Ok(())
    }

    /// Paints one picture in play that was not painted yet, so that it is there when it is guessed; false when none is left.
    ///
    /// # Errors
    /// As a graph fails.
    pub fn paint_ahead(
        &mut self,
        while_awake: (&dyn Fn() -> bool, &Clock),
    ) -> Result<bool, DecodeError> {
        self.brush.ahead(self.weighing.judge(), self.showing.scope, while_awake)
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
        self.brush.set_steps(steps)
    }

    /// Steps in use.
    pub fn steps(&self) -> u32 {
        self.brush.steps()
    }

    /// Switches the null twin's picture and ranks on or off; the null and the control's test go on.
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

    /// Changes what is painted: best guess or mean, and of which pictures.
    pub fn set_showing(&mut self, showing: Showing) {
        if showing.show != self.showing.show {
            self.steadier.forget();
            self.twin.forget_picture();
        }
        self.showing = showing;
    }

    /// What is painted.
    pub fn showing(&self) -> Showing {
        self.showing
    }

    /// The pictures that decodes are ranked against.
    pub fn gallery(&self) -> &Arc<Gallery> {
        &self.gallery
    }

    /// The answer model with its pictures; `None` where the encoder has none.
    pub fn judge(&self) -> Option<&Judge> {
        self.weighing.judge()
    }

    /// What people call the pictures in play.
    pub fn labels(&self) -> Labels {
        self.judge()
            .map_or_else(|| Labels::of_gallery(&self.gallery), |judge| judge.labels().clone())
    }

    /// SHA-256 over every embedding, window number and stimulus row so far.
    pub fn decode_hash(&self) -> String {
        self.hash.hex()
    }
}
