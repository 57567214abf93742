//! p of the shown picture: how its score stands among its scores in windows in which other pictures were seen.
//!
//! Takes answers `[dim]` of the stream's earlier windows with what was seen in them, and the direction `[dim]` in which a
//! picture is scored; gives p = (1 + #{others ≥ own}) / (n + 1) (Phipson & Smyth 2010), so never 0. Uniform for a picture that
//! was not shown, whatever the encoder: such a window is one of the others.
//!
//! A mean of k trials of one picture is compared with means of k trials of one other picture. There are too few of these
//! to wait for, so they are put together: the spread over pictures and the spread of trials are told apart (analysis of
//! variance with random effects), and a mean is a picture's share of the one and k draws from the other.

use std::collections::{BTreeMap, VecDeque};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Windows of other pictures below which there is no p: the smallest possible p is then 1/40.
pub const MIN_OTHERS: usize = 39;

/// Windows kept; the oldest make room.
pub const MAX_KEPT: usize = 400;

/// Means put together for k above 1.
const DRAWS: usize = 400;

/// Keeps these draws apart from every other use of the seed.
const SALT: u64 = 0x7368_6f77_6e20_7021;

/// Answers of the stream's windows, with the stimulus row of each.
#[derive(Clone, Debug, Default)]
pub struct Windows {
    kept: VecDeque<(u16, Vec<f64>, f64)>,
    seed: u64,
}

impl Windows {
    /// None yet.
    pub fn new(seed: u64) -> Self {
        Self { kept: VecDeque::new(), seed }
    }

    /// Keeps the answer of one window in which the picture `row` was seen, with the weight that it has in a mean.
    pub fn keep(&mut self, row: u16, answer: Vec<f64>, weight: f64) {
        if self.kept.len() == MAX_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((row, answer, weight));
    }

    /// Windows in which another picture than `row` was seen.
    pub fn others(&self, row: u16) -> usize {
        self.kept.iter().filter(|(seen, ..)| *seen != row).count()
    }

    /// p of the picture `row` with this score of a mean of k trials; scores are products with `direction`.
    pub fn p_value(
        &self,
        row: u16,
        direction: &[f64],
        score: f64,
        k: u32,
        window: u64,
    ) -> Option<f64> {
        if self.others(row) < MIN_OTHERS {
            return None;
        }
        let mut by_picture: BTreeMap<u16, Vec<f64>> = BTreeMap::new();
        let mut weights: BTreeMap<u16, Vec<f64>> = BTreeMap::new();
        for (seen, answer, weight) in self.kept.iter().filter(|(seen, ..)| *seen != row) {
            let product = direction.iter().zip(answer).map(|(d, a)| d * a).sum();
            by_picture.entry(*seen).or_default().push(product);
            weights.entry(*seen).or_default().push(*weight);
        }
        let others: Vec<f64> = if k <= 1 {
            by_picture.into_values().flatten().collect()
        } else {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ SALT);
            rng.set_stream(window);
            Effects::of(&by_picture, &weights)?.means(k, &mut rng)
        };
        let as_high = others.iter().filter(|other| **other >= score).count();
        Some((1 + as_high) as f64 / (others.len() + 1) as f64)
    }
}

/// Scores taken apart: what pictures differ by, and what trials of one picture differ by.
struct Effects {
    mean: f64,
    /// One for each picture, scaled to the variance over pictures.
    pictures: Vec<f64>,
    /// One for each trial, scaled to the variance within, with its weight in a mean.
    trials: Vec<(f64, f64)>,
}

impl Effects {
    /// `None` where no picture was seen twice.
    fn of(scores: &BTreeMap<u16, Vec<f64>>, weights: &BTreeMap<u16, Vec<f64>>) -> Option<Self> {
        let groups: Vec<(f64, f64)> = scores
            .values()
            .map(|group| (group.len() as f64, group.iter().sum::<f64>() / group.len() as f64))
            .collect();
        let count: f64 = groups.iter().map(|(n, _)| n).sum();
        let free = count - groups.len() as f64;
        if free < 1.0 || groups.len() < 2 {
            return None;
        }
        let mean = groups.iter().map(|(n, own)| n * own).sum::<f64>() / count;
        let mut trials = Vec::new();
        for ((group, (n, own)), weights) in scores.values().zip(&groups).zip(weights.values()) {
            if *n > 1.0 {
                let unbiased = (n / (n - 1.0)).sqrt();
                let with = group.iter().zip(weights);
                trials.extend(with.map(|(score, weight)| ((score - own) * unbiased, *weight)));
            }
        }
        let within = scores
            .values()
            .zip(&groups)
            .flat_map(|(group, (_, own))| group.iter().map(move |score| (score - own).powi(2)))
            .sum::<f64>()
            / free;
        let among = groups.iter().map(|(n, own)| n * (own - mean).powi(2)).sum::<f64>()
            / (groups.len() - 1) as f64;
        let squares = groups.iter().map(|(n, _)| n * n).sum::<f64>();
        let size = (count - squares / count) / (groups.len() - 1) as f64;
        let over_pictures = ((among - within) / size).max(0.0);
        let pictures = groups
            .iter()
            .map(|(n, own)| {
                let share = over_pictures / (over_pictures + within / n).max(f64::MIN_POSITIVE);
                (own - mean) * share.sqrt()
            })
            .collect();
        Some(Self { mean, pictures, trials })
    }

    fn means(&self, k: u32, rng: &mut ChaCha8Rng) -> Vec<f64> {
        (0..DRAWS)
            .map(|_| {
                let picture = self.pictures[rng.random_range(0..self.pictures.len())];
                let (mut noise, mut worth) = (0.0, 0.0);
                for _ in 0..k {
                    let (trial, weight) = self.trials[rng.random_range(0..self.trials.len())];
                    noise += weight * trial;
                    worth += weight;
                }
                self.mean + picture + noise / worth
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::{Distribution, StandardNormal};

    /// p of a picture that is never shown, at k, for many windows of a stream with effects of pictures.
    fn p_values(k: u32, over_pictures: f64, seed: u64) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut normal = move || -> f64 { StandardNormal.sample(&mut rng) };
        let effects: Vec<f64> = (0..60).map(|_| over_pictures * normal()).collect();
        (0..250)
            .filter_map(|run| {
                let mut windows = Windows::new(run);
                for t in 0..300_u16 {
                    let row = t % 40;
                    windows.keep(row, vec![effects[usize::from(row)] + normal()], 1.0);
                }
                // The window judged shows one of the pictures that nobody met before: just another one.
                let shown = effects[40 + (run as usize % 20)];
                let score = shown + (0..k).map(|_| normal()).sum::<f64>() / f64::from(k);
                windows.p_value(99, &[1.0], score, k, run)
            })
            .collect()
    }

    #[test]
    fn p_is_uniform_for_a_picture_that_was_not_shown() {
        for (k, over_pictures) in [(1, 0.0), (1, 1.0), (10, 0.0), (10, 0.3), (40, 0.3)] {
            let p = p_values(k, over_pictures, 7 + u64::from(k));
            let below =
                |most: f64| p.iter().filter(|p| **p <= most).count() as f64 / p.len() as f64;
            assert_eq!(p.len(), 250);
            // Pictures' own effects come in twenties, so that the shares are rough.
            assert!((0.01..0.14).contains(&below(0.05)), "k {k}: {}", below(0.05));
            assert!((below(0.5) - 0.5).abs() < 0.16, "k {k}: {}", below(0.5));
        }
    }

    #[test]
    fn too_few_others_give_no_p_and_p_is_never_zero() {
        let mut windows = Windows::new(1);
        for t in 0..38 {
            windows.keep(t % 5, vec![f64::from(t)], 1.0);
        }
        assert_eq!(windows.p_value(9, &[1.0], 1e9, 1, 0), None);
        windows.keep(1, vec![0.0], 1.0);
        assert_eq!(windows.p_value(9, &[1.0], 1e9, 1, 0), Some(1.0 / 40.0));
        assert_eq!(windows.p_value(9, &[1.0], 1e9, 3, 0), Some(1.0 / 401.0));
        assert_eq!(windows.p_value(1, &[1.0], 1e9, 1, 0), None, "its own windows do not count");
    }

    #[test]
    fn all_equal_answers_say_nothing() {
        let mut windows = Windows::new(1);
        (0..80).for_each(|t| windows.keep(t % 8, vec![2.0], 1.0));
        assert_eq!(windows.p_value(9, &[1.0], 2.0, 1, 0), Some(1.0));
        assert_eq!(windows.p_value(9, &[1.0], 2.0, 5, 0), Some(1.0));
    }
}
