//! Steadying: how far one picture may differ from the one before. For the eye only; it follows all evidence.
//!
//! Takes the embedding of each decoded window, `[dim]` (the mean over its k trials), with the p-value of
//! [`crate::decode::inference::evidence`]; gives the embedding to paint, `[dim]`. Ranks, p-values, scores and the decode hash
//! are made before this stage and never see what it gives. The null twin goes through a stage of its own
//! with a p-value of its own, so that the two pictures still differ by nothing but the signal.
//!
//! The held embedding h follows the new one e by h ← h + w(p)·(e − h), with e cut to unit length.
//! A p-value p is worth at most the odds of −e·p·ln p against the null (Sellke, Bayarri & Berger, The
//! American Statistician 55:62–71, 2001), so with even odds before, B = min(1, −e·p·ln p) and
//!
//! w(p) = (1 − B) / (1 + B), kept within [[`MIN_WEIGHT`], [`MAX_WEIGHT`]]
//!
//! | p | ≥ 0.37, or none yet | 0.2 | 0.1 | 0.05 | 0.01 | 1/401, the smallest there is |
//! |---|---|---|---|---|---|---|
//! | w | 0.05 | 0.07 | 0.23 | 0.42 | 0.78 | 0.92 |
//!
//! The p-value and nothing else: it is calibrated on the stream itself, whatever the pack. Margins have a
//! pack's own units, and an embedding's length grows when the phases are shuffled.
//!
//! Guarantees: h never gets longer than 1; it begins at zero, which says nothing, so that the first
//! pictures are soft; embeddings that disagree shorten it, and the generator takes short for unsure. A
//! refused window does not reach this stage: it neither moves h nor fades it. The same embeddings and
//! p-values give the same bits.
//!
//! [`Steady::Auto`] steadies free-running windows only. Each picture onset has a picture of its own, and
//! blending it with the one before would show two stimuli at once. Free-running windows share most of
//! their samples with the one before and come many times a second: fresh noise and single windows would
//! flicker at the very rates that can provoke seizures (3–30 Hz; W3C, WCAG 2.2, success criterion 2.3.1).

use clap::ValueEnum;
use serde::Serialize;

use super::noise::NoiseKey;
use crate::pack::vector::length;
use crate::signal::window::Lock;

/// Weight of a window without evidence: alone it hardly moves the picture; ten a second without any
/// evidence still let go of an old one within some seconds.
pub const MIN_WEIGHT: f32 = 0.05;

/// Most that one window may count, however strong its evidence.
pub const MAX_WEIGHT: f32 = 0.95;

/// The stream of the seed that is kept for the held noise: no window has this number.
const HELD_NOISE: u64 = u64::MAX;

/// Whether successive embeddings are interpolated for the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Steady {
    /// On for free-running windows, off for windows locked to picture onsets.
    #[default]
    Auto,
    /// Always; windows locked to picture onsets then blend successive pictures.
    On,
    /// Never: each picture shows its own window, or the mean over its k trials.
    Off,
}

/// Which noise the generator starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// Fixed for free-running windows, fresh for windows locked to picture onsets.
    #[default]
    Auto,
    /// Each window has its own, drawn from the seed and the window's number.
    Fresh,
    /// One, drawn from the seed, for the whole run: pictures change only as embeddings do.
    Fixed,
}

/// How pictures follow one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Steadying {
    /// Interpolation between successive embeddings.
    pub steady: Steady,
    /// Noise of the generator.
    pub noise: Noise,
}

impl Steadying {
    /// Whether a window with this lock is steadied.
    pub fn steadies(self, lock: Lock) -> bool {
        match self.steady {
            Steady::Auto => lock == Lock::Free,
            Steady::On => true,
            Steady::Off => false,
        }
    }

    /// Whether a window with this lock starts from the noise that is held for the run.
    pub fn holds_noise(self, lock: Lock) -> bool {
        match self.noise {
            Noise::Auto => lock == Lock::Free,
            Noise::Fixed => true,
            Noise::Fresh => false,
        }
    }

    /// What the noise of a window is made from.
    pub fn noise_key(self, seed: u64, window: u64, lock: Lock) -> NoiseKey {
        let window = if self.holds_noise(lock) { HELD_NOISE } else { window };
        NoiseKey { seed, window }
    }
}

/// Weight of an embedding with this p-value, within [[`MIN_WEIGHT`], [`MAX_WEIGHT`]]; without a p-value
/// there is no evidence. Never grows with p.
pub fn weight(p_value: Option<f64>) -> f32 {
    let Some(p) = p_value.filter(|p| *p > 0.0) else {
        // Zero is stronger than any null can say; anything below it, or not a number, says nothing.
        return if p_value == Some(0.0) { MAX_WEIGHT } else { MIN_WEIGHT };
    };
    let against = if p < (-1.0_f64).exp() { -std::f64::consts::E * p * p.ln() } else { 1.0 };
    (((1.0 - against) / (1.0 + against)) as f32).clamp(MIN_WEIGHT, MAX_WEIGHT)
}

/// An embedding to paint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steadied<'a> {
    /// `[dim]`.
    pub embedding: &'a [f32],
    /// Weight of the newest window in it; `None` when it is the window's own embedding.
    pub weight: Option<f32>,
}

/// The stage: the embedding that the last picture showed.
#[derive(Clone, Debug)]
pub struct Steadier {
    held: Vec<f32>,
}

impl Steadier {
    /// Memory for embeddings of length `dim`, at zero.
    pub fn new(dim: usize) -> Self {
        Self { held: vec![0.0; dim] }
    }

    /// Begins anew at zero.
    pub fn forget(&mut self) {
        self.held.fill(0.0);
    }

    /// Follows one decoded window. When not `on`, gives back the embedding's own bits and begins anew.
    pub fn follow<'a>(
        &'a mut self,
        embedding: &'a [f32],
        p_value: Option<f64>,
        on: bool,
    ) -> Steadied<'a> {
        if !on {
            self.forget();
            return Steadied { embedding, weight: None };
        }
        let weight = weight(p_value);
        // Longer than 1 says no more than 1, and one odd window must not outweigh all later ones.
        let factor = 1.0 / length(embedding).max(1.0);
        for (held, value) in self.held.iter_mut().zip(embedding) {
            *held += weight * (factor * value - *held);
        }
        Steadied { embedding: &self.held, weight: Some(weight) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::painting::noise::fill_noise;

    fn noise(window: u64, scale: f32) -> Vec<f32> {
        let mut values = vec![0.0; 16];
        fill_noise(NoiseKey { seed: 3, window }, &mut values);
        values.iter_mut().for_each(|v| *v *= scale);
        values
    }

    fn distance(a: &[f32], b: &[f32]) -> f32 {
        length(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
    }

    #[test]
    fn weights_are_those_of_the_table_and_fall_with_p() {
        let table =
            [(0.9, 0.05), (0.37, 0.05), (0.2, 0.07), (0.1, 0.23), (0.05, 0.42), (0.01, 0.78)];
        for (p, want) in table {
            assert!((weight(Some(p)) - want).abs() < 0.005, "{p}: {}", weight(Some(p)));
        }
        assert!((weight(Some(1.0 / 401.0)) - 0.92).abs() < 0.005);
        let all: Vec<f32> = (0..=1000).map(|i| weight(Some(f64::from(i) / 1000.0))).collect();
        assert!(all.windows(2).all(|pair| pair[0] >= pair[1]), "more evidence never counts less");
        assert!(all.iter().all(|w| (MIN_WEIGHT..=MAX_WEIGHT).contains(w)));
        for nothing in [None, Some(f64::NAN), Some(-1.0), Some(2.0), Some(f64::INFINITY)] {
            assert_eq!(weight(nothing), MIN_WEIGHT, "{nothing:?}");
        }
    }

    #[test]
    fn the_held_embedding_never_gets_longer_than_one() {
        let mut steadier = Steadier::new(16);
        for window in 0..500 {
            let p = (window % 100) as f64 / 100.0;
            let scale = if window % 7 == 0 { 1e6 } else { 0.1 };
            let embedding = noise(window, scale);
            let held = steadier.follow(&embedding, Some(p), true).embedding;
            assert!(length(held) <= 1.0 + 1e-6, "window {window}: {}", length(held));
        }
    }

    #[test]
    fn no_evidence_hardly_moves_it_and_strong_evidence_takes_it_along() {
        let mut steadier = Steadier::new(2);
        for _ in 0..20 {
            steadier.follow(&[1.0, 0.0], Some(0.0025), true);
        }
        let before = steadier.held.clone();
        assert!(distance(&before, &[1.0, 0.0]) < 1e-3);
        for unsure in [None, Some(0.6)] {
            let mut one = steadier.clone();
            let after = one.follow(&[-1.0, 0.0], unsure, true).embedding;
            assert!(distance(&before, after) <= 2.0 * MIN_WEIGHT + 1e-6, "{unsure:?}");
        }
        let after = steadier.follow(&[0.0, 1.0], Some(0.0025), true).embedding;
        assert!(distance(after, &[0.0, 1.0]) < 0.15, "{after:?}");
    }

    #[test]
    fn embeddings_that_disagree_make_it_shorter_and_those_that_agree_longer() {
        let run = |signs: [f32; 2]| {
            let mut steadier = Steadier::new(1);
            for i in 0..60 {
                steadier.follow(&[0.8 * signs[i % 2]], Some(0.3), true);
            }
            length(&steadier.held)
        };
        assert!(run([1.0, -1.0]) < 0.1 && run([1.0, 1.0]) > 0.7);
    }

    #[test]
    fn off_gives_the_embeddings_own_bits_and_begins_anew() {
        let mut steadier = Steadier::new(16);
        steadier.follow(&noise(1, 0.2), Some(0.01), true);
        let own = noise(2, 3.0);
        assert_eq!(
            steadier.follow(&own, Some(0.01), false),
            Steadied { embedding: &own, weight: None }
        );
        assert_eq!(steadier.held, vec![0.0; 16]);
    }

    #[test]
    fn automatic_steadies_what_is_locked_to_nothing() {
        let (free, locked) = (Lock::Free, Lock::Stimulus { row: Some(1), onset_secs: 2.0 });
        let auto = Steadying::default();
        assert!(auto.steadies(free) && auto.holds_noise(free));
        assert!(!auto.steadies(locked) && !auto.holds_noise(locked));
        assert_eq!(auto.noise_key(5, 7, locked), NoiseKey { seed: 5, window: 7 });
        assert_eq!(auto.noise_key(5, 7, free), auto.noise_key(5, 8, free));
        let on = Steadying { steady: Steady::On, noise: Noise::Fixed };
        let off = Steadying { steady: Steady::Off, noise: Noise::Fresh };
        for lock in [free, locked] {
            assert!(on.steadies(lock) && on.holds_noise(lock));
            assert!(!off.steadies(lock) && !off.holds_noise(lock));
        }
    }
}
