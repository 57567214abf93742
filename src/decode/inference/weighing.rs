//! One answer weighed: ranks, probabilities and p-values, by the pack's answer model or, where it has none, by cosines alone.
//!
//! Takes the embedding of a window `[dim]` and the mean over its k trials; gives [`Weighed`]. The null twin is weighed in the
//! same way, with a sum of its own. Nothing here depends on how pictures are painted.

use super::anything::Anything;
use super::evidence::Evidence;
use super::gallery::{self, Gallery, Ranked};
use super::judge::{Believed, Judge, Scope};
use super::model::Sum;
use super::posterior::Belief;
use super::shown::Windows;
use crate::pack::Pack;
use crate::pack::PackError;

/// Entries in a list of best rows.
pub const TOP: usize = 5;

/// What a window or its twin is worth.
#[derive(Clone, Debug, Default)]
pub struct Weighed {
    /// Best five gallery rows, best first.
    pub top: Vec<Ranked>,
    /// How far the best score is above the second.
    pub margin: f32,
    /// Rank of the picture that was shown, by this window alone.
    pub trial_truth_rank: Option<u32>,
    /// The same by all k trials.
    pub truth_rank: Option<u32>,
    /// What is believed in the scope asked for; `None` where the encoder has no answer model.
    pub believed: Option<Believed>,
    /// p of the shown picture: see [`super::shown`].
    pub p_shown: Option<f64>,
    /// The row that this window alone names.
    pub named: Option<u16>,
}

/// One answer with what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Of this window, `[dim]`.
    pub embedding: &'a [f32],
    /// Over its k trials, `[dim]`.
    pub mean: &'a [f32],
    /// Trials.
    pub k: u32,
    /// Gallery row of what was shown, where it is known.
    pub truth: Option<u16>,
    /// Stimulus row of what was shown: also of pictures outside the gallery.
    pub seen: Option<u16>,
    /// Number of the window.
    pub window: u64,
}

/// Everything that answers are weighed by.
#[derive(Debug)]
pub struct Weighing {
    by: By,
    windows: Windows,
    scores: Vec<f32>,
}

#[derive(Debug)]
enum By {
    Model(Box<ByModel>),
    Cosines(Evidence),
}

#[derive(Debug)]
struct ByModel {
    judge: Judge,
    anything: Anything,
    own: Sum,
    twin: Sum,
    /// Gain in bits of the last window, told scope: what its p-value is about.
    own_gain: f64,
    twin_gain: f64,
}

impl Weighing {
    /// By the pack's answer model where it has one.
    ///
    /// # Errors
    /// [`PackError`] as [`Judge::load`].
    pub fn load(pack: &Pack, gallery: &Gallery, seed: u64) -> Result<Self, PackError> {
        Ok(Self::of(Judge::load(pack, gallery, seed)?, gallery, seed))
    }

    /// By this judge; by cosines where there is none.
    pub fn of(judge: Option<Judge>, gallery: &Gallery, seed: u64) -> Self {
        let by = match judge {
            Some(judge) => {
                let dim = judge.model().size();
                let (own, twin) = (Sum::new(dim), Sum::new(dim));
                let anything = Anything::new(dim, seed);
                let (own_gain, twin_gain) = (0.0, 0.0);
                By::Model(Box::new(ByModel { judge, anything, own, twin, own_gain, twin_gain }))
            }
            None => By::Cosines(Evidence::new(gallery.len(), seed)),
        };
        Self { by, windows: Windows::new(seed), scores: Vec::with_capacity(gallery.len()) }
    }

    /// The judge, where the encoder has an answer model.
    pub fn judge(&self) -> Option<&Judge> {
        match &self.by {
            By::Model(by) => Some(&by.judge),
            By::Cosines(_) => None,
        }
    }

    /// Windows without information that p-values rest on.
    pub fn nulls(&self) -> usize {
        match &self.by {
            By::Model(by) => by.anything.len(),
            By::Cosines(evidence) => evidence.len(),
        }
    }

    /// Weighs a window.
    pub fn weigh(&mut self, asked: Asked<'_>, gallery: &Gallery, scope: Scope) -> Weighed {
        let mut found = self.rank(asked, gallery, scope, Whose::Own);
        found.p_shown = self.p_shown(asked, gallery);
        found
    }

    /// Weighs the null twin.
    pub fn weigh_twin(&mut self, asked: Asked<'_>, gallery: &Gallery, scope: Scope) -> Weighed {
        self.rank(asked, gallery, scope, Whose::Twin)
    }

    fn rank(&mut self, asked: Asked<'_>, gallery: &Gallery, scope: Scope, whose: Whose) -> Weighed {
        gallery.scores(asked.mean, &mut self.scores);
        let margin = match gallery::best(&self.scores, 2)[..] {
            [first, second] => first.score - second.score,
            _ => 0.0,
        };
        let mut found = Weighed { margin, ..Weighed::default() };
        match &mut self.by {
            By::Model(by) => by.rank(asked, &self.scores, scope, whose, &mut found),
            By::Cosines(_) => {
                found.top = gallery::best(&self.scores, TOP);
                found.truth_rank = asked.truth.and_then(|row| gallery::rank_of(&self.scores, row));
                gallery.scores(asked.embedding, &mut self.scores);
                let rank = |row| gallery::rank_of(&self.scores, row);
                found.trial_truth_rank = asked.truth.and_then(rank);
                found.named = gallery::best(&self.scores, 1).first().map(|best| best.row);
            }
        }
        found
    }

    /// Keeps the answer to a phase-randomised window for the p-values to come.
    pub fn keep_null(&mut self, embedding: &[f32], gallery: &Gallery) {
        match &mut self.by {
            By::Model(by) => {
                let turned = by.judge.model().turned(embedding);
                let weight = by.judge.model().weight(&turned);
                by.anything.keep_null(turned, weight);
            }
            By::Cosines(evidence) => {
                gallery.scores(embedding, &mut self.scores);
                evidence.push(&self.scores);
            }
        }
    }

    /// p that there is anything in the window weighed last, or in its twin.
    pub fn p_value(
        &mut self,
        mean: &[f32],
        (k, window): (u32, u64),
        gallery: &Gallery,
        whose: Whose,
    ) -> Option<f64> {
        match &mut self.by {
            By::Model(by) => {
                let gain = if whose == Whose::Own { by.own_gain } else { by.twin_gain };
                let temperature = by.judge.model().temperature(k).told;
                let (model, told) = (by.judge.model(), by.judge.told());
                by.anything.p_value((model, told), gain, (k, temperature), window)
            }
            By::Cosines(evidence) => {
                gallery.scores(mean, &mut self.scores);
                evidence.p_value(&self.scores, k, window)
            }
        }
    }

    /// Finds what the next decode of this picture will need.
    pub fn prepare(&mut self, k: u32, scope: Scope) {
        if let By::Model(by) = &mut self.by {
            by.judge.prepare(k, scope);
        }
    }

    /// What was seen, as far as it tells windows apart: its class, where the encoder knows classes.
    fn seen(&self, asked: Asked<'_>) -> Option<u16> {
        let of_classes = self.judge().is_some_and(|judge| judge.model().of_few_classes());
        if of_classes { asked.truth } else { asked.seen }
    }

    fn p_shown(&self, asked: Asked<'_>, gallery: &Gallery) -> Option<f64> {
        let (seen, row) = (self.seen(asked)?, usize::from(asked.truth?));
        let (direction, answer) = match &self.by {
            By::Model(by) => {
                let told = by.judge.told();
                let weights = by.judge.model().precisions(f64::from(asked.k));
                let away = told.expected(row).iter().zip(told.centre());
                let direction = away.zip(weights).map(|((own, all), w)| w * (own - all)).collect();
                (direction, by.own.mean())
            }
            By::Cosines(_) => (doubles(gallery.embedding(row)), doubles(asked.mean)),
        };
        let direction: Vec<f64> = direction;
        let score = direction.iter().zip(&answer).map(|(d, a)| d * a).sum();
        self.windows.p_value(seen, &direction, score, asked.k, asked.window)
    }

    /// Keeps a window that was weighed: later ones may be compared with it.
    pub fn keep(&mut self, asked: Asked<'_>) {
        if asked.embedding.is_empty() {
            return;
        }
        let (answer, weight) = match &mut self.by {
            By::Model(by) => {
                let turned = by.judge.model().turned(asked.embedding);
                let weight = by.judge.model().weight(&turned);
                by.anything.keep_own(&turned, weight);
                (turned, weight)
            }
            By::Cosines(_) => (doubles(asked.embedding), 1.0),
        };
        if let Some(seen) = self.seen(asked) {
            self.windows.keep(seen, answer, weight);
        }
    }
}

/// Whose answer is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The window's.
    Own,
    /// The null twin's.
    Twin,
}

impl ByModel {
    fn rank(
        &mut self,
        asked: Asked<'_>,
        scores: &[f32],
        scope: Scope,
        whose: Whose,
        found: &mut Weighed,
    ) {
        let turned = self.judge.model().turned(asked.embedding);
        let weight = self.judge.model().weight(&turned);
        let sum = if whose == Whose::Own { &mut self.own } else { &mut self.twin };
        if asked.k <= 1 {
            sum.clear();
        }
        sum.add(&turned, weight);
        let told = self.judge.told_belief(sum);
        if whose == Whose::Own {
            self.own_gain = told.gain_bits;
        } else {
            self.twin_gain = told.gain_bits;
        }
        let alone = match sum.k() {
            1 => told.clone(),
            _ => {
                let mut alone = Sum::new(turned.len());
                alone.add(&turned, weight);
                self.judge.told_belief(&alone)
            }
        };
        let rank = |belief: &Belief| self.judge.told_rank(belief, usize::from(asked.truth?));
        (found.truth_rank, found.trial_truth_rank) = (rank(&told), rank(&alone));
        // Rows of a gallery fit: `limits::MAX_GALLERY_ROWS`.
        found.named = alone.best(1).first().map(|row| *row as u16);
        found.top = told.best(TOP).into_iter().map(|row| ranked(row, scores, &told)).collect();
        let about = (scope, asked.truth.map(usize::from), asked.window);
        found.believed = Some(self.judge.believe(sum, &told, about));
    }
}

fn ranked(row: usize, scores: &[f32], told: &Belief) -> Ranked {
    let score = scores.get(row).copied().unwrap_or_default();
    // Rows of a gallery fit: `limits::MAX_GALLERY_ROWS`.
    Ranked { row: row as u16, score, probability: Some(told.probability(row)) }
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}
