//! From answers to beliefs: what is probable among the pictures in play, and how much that is worth.
//!
//! Takes the pack's answer model, the pictures that were told (the gallery, or the wearer's own) and those that the
//! generator remembers; for a [`Sum`] of trials gives [`Believed`] in the scope that was asked for. The same for the null twin.

use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::gallery::Gallery;
use super::looks;
use super::model::{Model, Sum};
use super::nothing::Marks;
use super::posterior::{Belief, Candidates, probability_of_else};
use crate::pack::Pack;
use crate::pack::PackError;
use crate::pack::answers::Answers;
use crate::pack::classes::ClassAnswers;
use crate::pack::remembered::Remembered;

/// Guesses listed.
const LISTED: usize = 5;

/// Pictures drawn from the posterior.
pub const DRAWS: usize = 4;

/// Keeps the draws apart from every other use of the seed.
const DRAW_SALT: u64 = 0x6472_6177_6e20_3421;

/// Cosine from which a remembered drawing is the gallery's picture: half precision.
const SAME_PICTURE: f32 = 0.999;

/// Told pictures that are looked up among the remembered ones; beyond, it would take minutes.
const MOST_LOOKED_UP: usize = 1000;

/// Which pictures are in play.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Those that were told: the gallery, or the wearer's own.
    #[default]
    Told,
    /// All drawings that the generator learned.
    Remembered,
}

/// A picture with its probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guess {
    /// Row among the pictures of the scope.
    pub row: usize,
    /// Posterior probability.
    pub probability: f64,
}

/// What is believed after k trials, in one scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Believed {
    /// Which pictures are in play.
    pub scope: Scope,
    /// How many they are.
    pub pictures: usize,
    /// The most probable, first the best.
    pub best: Vec<Guess>,
    /// Four drawn from the posterior, each with the probability of its picture.
    pub draws: Vec<Guess>,
    /// Bits gained over not having looked.
    pub gain_bits: f64,
    /// Bits that windows without information seldom gain: see [`super::nothing`].
    pub mark_bits: f64,
    /// Probability that it is none of the pictures in play; `None` where the encoder knows nothing else than classes.
    pub something_else: Option<f64>,
    /// The picture that was shown with its probability, and its rank, where it is known and in play.
    pub truth: Option<(Guess, u32)>,
    /// More looks until the best guess is named, if it is right; `None` when it cannot be said, or never.
    pub more_looks: Option<u32>,
    /// The largest number of trials for which probabilities were calibrated.
    pub calibrated_to: u32,
}

impl Believed {
    /// Whether more was gained than windows without information gain.
    pub fn better_than_noise(&self) -> bool {
        self.gain_bits > self.mark_bits
    }

    /// Whether the best guess is certain enough to be named.
    pub fn decided(&self) -> bool {
        let sure = self.best.first().is_some_and(|best| best.probability >= looks::DECIDED);
        sure && self.something_else.is_none_or(|p| p < 0.5)
    }

    /// Bits that naming one of these pictures takes.
    pub fn needed_bits(&self) -> f64 {
        (self.pictures.max(1) as f64).log2()
    }
}

/// The pictures of a scope, with their marks.
#[derive(Clone, Debug)]
struct InPlay {
    candidates: Candidates,
    marks: Marks,
    /// `[n, dim]`: what the generator is asked with.
    embeddings: Vec<f32>,
}

/// What people call the pictures of each scope.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    told: Arc<[String]>,
    remembered: Arc<[String]>,
}

impl Labels {
    /// Of a gallery alone.
    pub fn of_gallery(gallery: &Gallery) -> Self {
        Self { told: gallery.labels().into(), remembered: Arc::default() }
    }

    /// The label of a row; empty where there is none.
    pub fn of(&self, scope: Scope, row: usize) -> &str {
        let labels = match scope {
            Scope::Told => &self.told,
            Scope::Remembered => &self.remembered,
        };
        labels.get(row).map_or("", String::as_str)
    }
}

/// The model with the pictures in play.
#[derive(Debug)]
pub struct Judge {
    model: Model,
    told: InPlay,
    remembered: Option<InPlay>,
    /// Row among the remembered of each told picture that is remembered.
    remembered_row: Vec<Option<usize>>,
    labels: Labels,
    seed: u64,
    scores: Vec<f64>,
    source: String,
}

impl Judge {
    /// Prepares the pack's answer model; `None` when the encoder in use has none.
    ///
    /// # Errors
    /// [`PackError`] as the files are not what they must be.
    pub fn load(pack: &Pack, gallery: &Gallery, seed: u64) -> Result<Option<Self>, PackError> {
        if let Some(answers) = ClassAnswers::load(pack)? {
            return Self::of_classes(answers, pack, gallery, seed);
        }
        let Some(answers) = Answers::load(pack)? else { return Ok(None) };
        let remembered = Remembered::load(pack)?;
        let model = Model::new(&answers, &Answers::file_of(pack))?;
        Ok(Some(Self::of((model, answers.source), remembered, gallery, seed)))
    }

    /// `None` where other pictures than those of the classes are to be told apart: of them the encoder says nothing.
    fn of_classes(
        answers: ClassAnswers,
        pack: &Pack,
        gallery: &Gallery,
        seed: u64,
    ) -> Result<Option<Self>, PackError> {
        if gallery.ids() != pack.manifest().gallery.ids {
            return Ok(None);
        }
        let model = Model::of_classes(&answers, &embeddings_of(gallery), &Answers::file_of(pack))?;
        Ok(Some(Self::of((model, answers.source), None, gallery, seed)))
    }

    /// With a model and a sentence on where it comes from.
    pub fn of(
        (model, source): (Model, String),
        remembered: Option<Remembered>,
        gallery: &Gallery,
        seed: u64,
    ) -> Self {
        let told = InPlay::new(&model, embeddings_of(gallery));
        let mut labels = Labels::of_gallery(gallery);
        let remembered = remembered.map(|remembered| {
            labels.remembered = remembered.labels.into();
            InPlay::new(&model, remembered.embeddings)
        });
        let remembered_row = match &remembered {
            Some(remembered) if gallery.len() <= MOST_LOOKED_UP => {
                (0..gallery.len()).map(|row| remembered.row_like(gallery.embedding(row))).collect()
            }
            _ => vec![None; gallery.len()],
        };
        let mut judge = Self {
            model,
            told,
            remembered,
            remembered_row,
            labels,
            seed,
            scores: Vec::new(),
            source,
        };
        judge.prepare(1, Scope::Told);
        judge
    }

    /// The answer model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The pictures that were told.
    pub fn told(&self) -> &Candidates {
        &self.told.candidates
    }

    /// Where the answer model comes from, in a sentence.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How many pictures are in play in a scope; `None` where the pack does not have it.
    pub fn pictures(&self, scope: Scope) -> Option<usize> {
        self.in_play(scope).map(|in_play| in_play.candidates.len())
    }

    /// The embedding of a picture, `[dim]`.
    pub fn embedding(&self, scope: Scope, row: usize) -> Option<&[f32]> {
        let (in_play, dim) = (self.in_play(scope)?, self.model.dim());
        in_play.embeddings.get(row * dim..(row + 1) * dim)
    }

    /// The remembered rows, first those that are most like a told picture (of the first `told`): near them guesses fall while
    /// told pictures are shown.
    pub fn remembered_by_likeness(&self, told: usize) -> Vec<usize> {
        let Some(remembered) = &self.remembered else { return Vec::new() };
        let dim = self.model.dim().max(1);
        let mut likeness: Vec<(f32, usize)> = (remembered.embeddings.chunks_exact(dim))
            .map(|row| self.told.embeddings.chunks_exact(dim).take(told).map(|t| dot(row, t)))
            .map(|cosines| cosines.fold(f32::NEG_INFINITY, f32::max))
            .zip(0..)
            .collect();
        likeness.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        likeness.into_iter().map(|(_, row)| row).collect()
    }

    /// What people call the pictures.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The posterior over the told pictures.
    pub fn told_belief(&mut self, sum: &Sum) -> Belief {
        let Self { model, told, scores, .. } = self;
        told.candidates.log_likelihoods(model, sum, scores);
        Belief::of(scores, model.temperature(sum.k()).told)
    }

    /// What is believed of the pictures in this scope; those that were told where the pack remembers none. `truth` is the
    /// told row that was shown, `window` seeds the draws.
    pub fn believe(
        &mut self,
        sum: &Sum,
        told: &Belief,
        (scope, truth, window): (Scope, Option<usize>, u64),
    ) -> Believed {
        let Self { model, scores, remembered, .. } = self;
        let temperature = model.temperature(sum.k());
        let wider = match (scope, remembered) {
            (Scope::Remembered, Some(in_play)) => {
                in_play.candidates.log_likelihoods(model, sum, scores);
                Some(Belief::of(scores, temperature.remembered))
            }
            _ => None,
        };
        let truth = match &wider {
            Some(_) => truth.and_then(|row| *self.remembered_row.get(row)?),
            None => truth,
        };
        let (scope, belief, softened) = match &wider {
            Some(belief) => (Scope::Remembered, belief, temperature.remembered),
            None => (Scope::Told, told, temperature.told),
        };
        let log_open = self.model.log_background(sum);
        let something_else = log_open
            .map(|log_open| probability_of_else(log_open, belief.log_evidence, temperature.open));
        let (mark_bits, best) = (self.mark(scope, sum.k(), softened), self.guesses(belief, scope));
        let informed = belief.gain_bits > mark_bits;
        let more_looks = self.more_looks((scope, softened), belief, &best, sum.k(), informed);
        let truth = truth.and_then(|row| self.truth(scope, belief, row));
        Believed {
            scope,
            pictures: belief.log_posterior.len(),
            draws: self.draws(belief, scope, window),
            gain_bits: belief.gain_bits,
            mark_bits,
            something_else,
            truth,
            more_looks,
            calibrated_to: self.model.calibrated_to(),
            best,
        }
    }

    /// Finds what a decode of k trials will need, while nobody waits for a picture.
    pub fn prepare(&mut self, k: u32, scope: Scope) {
        let temperature = self.model.temperature(k);
        self.mark(Scope::Told, k, temperature.told);
        if scope == Scope::Remembered {
            self.mark(scope, k, temperature.remembered);
        }
    }

    fn mark(&mut self, scope: Scope, k: u32, temperature: f64) -> f64 {
        let in_play = match (scope, &mut self.remembered) {
            (Scope::Remembered, Some(in_play)) => in_play,
            _ => &mut self.told,
        };
        in_play.marks.at(&self.model, &in_play.candidates, k, temperature)
    }

    fn in_play(&self, scope: Scope) -> Option<&InPlay> {
        match scope {
            Scope::Told => Some(&self.told),
            Scope::Remembered => self.remembered.as_ref(),
        }
    }

    /// The best rows; a picture that is there more than once is listed once, with what its rows have together.
    fn guesses(&self, belief: &Belief, scope: Scope) -> Vec<Guess> {
        let Some(in_play) = self.in_play(scope) else { return Vec::new() };
        let mut found: Vec<Guess> = Vec::with_capacity(LISTED);
        for row in belief.best(LISTED + in_play.candidates.doubled().min(LISTED)) {
            let probability = belief.probability(row);
            let same = found.iter().position(|guess| in_play.candidates.same(guess.row, row));
            match same {
                Some(place) => found[place].probability += probability,
                None if found.len() < LISTED => found.push(Guess { row, probability }),
                None => {}
            }
        }
        found.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.row.cmp(&b.row)));
        found
    }

    /// The same uniform numbers for a window and its twin, so that they differ by nothing but the signal.
    fn draws(&self, belief: &Belief, scope: Scope, window: u64) -> Vec<Guess> {
        let Some(in_play) = self.in_play(scope) else { return Vec::new() };
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ DRAW_SALT);
        rng.set_stream(window);
        let rows = (0..DRAWS).filter_map(|_| belief.draw(rng.random()));
        let together = |row| in_play.candidates.together(belief, row);
        rows.map(|row| Guess { row, probability: together(row) }).collect()
    }

    /// A picture with its probability and rank; doubles count as one.
    fn truth(&self, scope: Scope, belief: &Belief, row: usize) -> Option<(Guess, u32)> {
        let candidates = &self.in_play(scope)?.candidates;
        let probability = candidates.together(belief, row);
        Some((Guess { row, probability }, candidates.rank(belief, row)?))
    }

    /// Rank of a told picture, from 1; doubles count as one.
    pub fn told_rank(&self, belief: &Belief, row: usize) -> Option<u32> {
        self.told.candidates.rank(belief, row)
    }

    fn more_looks(
        &self,
        (scope, temperature): (Scope, f64),
        belief: &Belief,
        best: &[Guess],
        k: u32,
        informed: bool,
    ) -> Option<u32> {
        let best = best.first().filter(|best| informed && best.probability < looks::DECIDED)?;
        let candidates = &self.in_play(scope)?.candidates;
        looks::more(&self.model, candidates, belief, (best.row, k), temperature)
    }
}

/// The embeddings of every row, `[n, dim]`.
fn embeddings_of(gallery: &Gallery) -> Vec<f32> {
    (0..gallery.len()).flat_map(|row| gallery.embedding(row).to_vec()).collect()
}

impl InPlay {
    fn new(model: &Model, embeddings: Vec<f32>) -> Self {
        let candidates = Candidates::new(model, &embeddings);
        Self { candidates, marks: Marks::default(), embeddings }
    }

    fn row_like(&self, embedding: &[f32]) -> Option<usize> {
        let is_same = |row: &[f32]| dot(row, embedding) > SAME_PICTURE;
        self.embeddings.chunks_exact(embedding.len()).position(is_same)
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
