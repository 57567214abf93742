//! The field's scores of embeddings, each with its chance level, interval and p-value.
//!
//! n-way top-k: the share of trials whose picture is among the k nearest of n by inner product. 2-way identification:
//! the mean share of the other pictures that the true one beats (MindEye, ATM). Cosine: between prediction and truth.
//! ROC AUC: the share of pairs in the right order. Ties count half everywhere.

use faer::MatRef;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::calibrate::trials::Pictures;
use crate::stats::percentiles;

/// Resamples behind an interval, and permutations behind a p-value: an interval is then steady to a tenth of
/// its width, and the smallest p is 0.001.
pub const DRAWS: usize = 1000;

/// Rank of the truth among all pictures by inner product, from 1; pictures that score the same count half.
pub fn ranks(embeddings: MatRef<'_, f64>, pictures: &Pictures, truth: &[usize]) -> Vec<f64> {
    let scores = embeddings * pictures.targets.transpose();
    let rank = |(i, own): (usize, &usize)| {
        let mine = scores[(i, *own)];
        let others = (0..pictures.len()).filter(|other| other != own);
        1.0 + others.map(|other| beaten_by(scores[(i, other)], mine)).sum::<f64>()
    };
    truth.iter().enumerate().map(rank).collect()
}

fn beaten_by(other: f64, mine: f64) -> f64 {
    if other > mine || mine.is_nan() {
        1.0
    } else if other == mine {
        0.5
    } else {
        0.0
    }
}

/// Share of ranks up to k.
pub fn top_k(ranks: &[f64], k: usize) -> f64 {
    share(ranks.iter().map(|rank| f64::from(u8::from(*rank <= k as f64))))
}

/// 2-way identification among `n`, from ranks.
pub fn two_way(ranks: &[f64], n: usize) -> f64 {
    share(ranks.iter().map(|rank| (n as f64 - rank) / (n as f64 - 1.0).max(1.0)))
}

/// Mean cosine between predictions and the truth.
pub fn cosine(embeddings: MatRef<'_, f64>, pictures: &Pictures, truth: &[usize]) -> f64 {
    share(truth.iter().enumerate().map(|(i, own)| {
        let (mut both, mut a, mut b) = (0.0, 0.0, 0.0);
        for j in 0..embeddings.ncols() {
            let (x, y) = (embeddings[(i, j)], pictures.targets[(*own, j)]);
            both += x * y;
            a += x * x;
            b += y * y;
        }
        if a * b > 0.0 { both / (a * b).sqrt() } else { 0.0 }
    }))
}

/// Area under the ROC curve of scores of trials that are (`true`) or are not of the class; `None` without both.
/// As the Mann-Whitney statistic, ties half (Hanley & McNeil 1982).
pub fn roc_auc(scores: &[f64], is_class: &[bool]) -> Option<f64> {
    Ranked::of(scores).auc(|trial| is_class[trial])
}

/// Scores in their order: what one labelling after another, or one choice of trials after another, needs of them.
pub struct Ranked {
    /// Trials by rising score, tied ones together.
    order: Vec<usize>,
    /// Where each set of tied trials ends in that order.
    ends: Vec<usize>,
    /// Rank of each trial from 1, tied ones in the middle of theirs.
    ranks: Vec<f64>,
}

impl Ranked {
    /// Of the scores of all trials.
    pub fn of(scores: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        let (mut ends, mut ranks) = (Vec::new(), vec![0.0; scores.len()]);
        let mut at = 0;
        while at < order.len() {
            let is_tied = |i: &&usize| scores[**i] == scores[order[at]];
            // What is no number is tied with nothing, not even with itself.
            let tied = order[at..].iter().take_while(is_tied).count().max(1);
            let rank = at as f64 + (tied as f64 + 1.0) / 2.0;
            order[at..at + tied].iter().for_each(|trial| ranks[*trial] = rank);
            at += tied;
            ends.push(at);
        }
        Self { order, ends, ranks }
    }

    /// Area under the ROC curve of the trials that are of the class against all others; `None` without both. To the last bit
    /// [`roc_auc`]: sums of ranks are exact.
    pub fn auc(&self, is_class: impl Fn(usize) -> bool) -> Option<f64> {
        let (mut rank_sum, mut positive) = (0.0, 0.0);
        for (trial, rank) in self.ranks.iter().enumerate() {
            let own = f64::from(u8::from(is_class(trial)));
            rank_sum += own * rank;
            positive += own;
        }
        area(rank_sum, positive, self.ranks.len() as f64 - positive)
    }

    /// The same where each trial is there `times[trial]` times.
    pub fn auc_of_chosen(&self, times: &[usize], is_class: impl Fn(usize) -> bool) -> Option<f64> {
        let (mut rank_sum, mut positive, mut before, mut begin) = (0.0, 0, 0, 0);
        for end in &self.ends {
            let (mut tied, mut own) = (0, 0);
            for trial in &self.order[begin..*end] {
                tied += times[*trial];
                own += if is_class(*trial) { times[*trial] } else { 0 };
            }
            rank_sum += (before as f64 + (tied as f64 + 1.0) / 2.0) * own as f64;
            positive += own;
            before += tied;
            begin = *end;
        }
        area(rank_sum, positive as f64, (before - positive) as f64)
    }
}

fn area(rank_sum: f64, positive: f64, negative: f64) -> Option<f64> {
    (positive > 0.0 && negative > 0.0)
        .then(|| (rank_sum - positive * (positive + 1.0) / 2.0) / (positive * negative))
}

fn share(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u64), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { f64::NAN } else { sum / count as f64 }
}

/// 95 % interval of `statistic` of a choice of trials, by resampling whole groups (pictures): trials of one picture
/// are not independent (Field & Welsh 2007). `groups[i]` is the group of trial i.
pub fn bootstrap(
    groups: &[usize],
    seed: u64,
    mut statistic: impl FnMut(&[usize]) -> f64,
) -> [f64; 2] {
    let count = groups.iter().max().map_or(0, |most| most + 1);
    let mut members = vec![Vec::new(); count];
    groups.iter().enumerate().for_each(|(i, group)| members[*group].push(i));
    members.retain(|each| !each.is_empty());
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut chosen = Vec::with_capacity(groups.len());
    let draws: Vec<f64> = (0..DRAWS)
        .map(|_| {
            chosen.clear();
            for _ in 0..members.len() {
                chosen.extend_from_slice(&members[rng.random_range(0..members.len())]);
            }
            statistic(&chosen)
        })
        .collect();
    percentiles(&draws, [2.5, 97.5])
}

/// Where scores come from, which says how much they vary by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitted {
    /// A decoder that has seen none of these trials.
    Elsewhere,
    /// Decoders fitted crosswise: each fold's to all the others.
    Crosswise,
}

impl Fitted {
    /// The spread of a score under the null in units of that of exchanged labels. Two trials of different folds meet
    /// twice: each is in the training of the other's decoder, and both meetings bring the same number. Exchanging labels
    /// of fixed scores takes the two for independent, and gives half of the variance. (That scores of cross-validation
    /// vary more than independent ones: Noirhomme et al. 2014, NeuroImage: Clinical 4:687. The factor is exact for
    /// decoders that compare with class means, and measured on shuffled recordings by `examples/shuffled_p_values.rs`.)
    fn spread(self) -> f64 {
        match self {
            Self::Elsewhere => 1.0,
            Self::Crosswise => std::f64::consts::SQRT_2,
        }
    }
}

/// How often chance does as well: labels are exchanged within each stratum (run), so that a difference between runs
/// is no evidence. p = (1 + #{permuted ≥ observed}) / (n + 1) (Phipson & Smyth 2010), with the permuted scores spread as
/// [`Fitted`] says.
pub fn permutation_p(
    truth: &[usize],
    strata: &[usize],
    (seed, from): (u64, Fitted),
    mut statistic: impl FnMut(&[usize]) -> f64,
) -> f64 {
    let observed = statistic(truth);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let places = Strata::of(strata);
    let mut labels = truth.to_vec();
    let all: Vec<f64> = (0..DRAWS)
        .map(|_| {
            places.exchange(truth, &mut labels, &mut rng);
            statistic(&labels)
        })
        .collect();
    let mean = all.iter().sum::<f64>() / DRAWS as f64;
    // Where all permutations score the same, rounding must not make a difference.
    let least = observed - 1e-12 * observed.abs();
    let as_good = all.iter().filter(|v| mean + (**v - mean) * from.spread() >= least).count();
    (1 + as_good) as f64 / (DRAWS + 1) as f64
}

/// Labels exchanged within each stratum.
pub fn permuted(truth: &[usize], strata: &[usize], rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut out = truth.to_vec();
    Strata::of(strata).exchange(truth, &mut out, rng);
    out
}

/// Where each stratum's trials stand.
struct Strata(Vec<Vec<usize>>);

impl Strata {
    fn of(strata: &[usize]) -> Self {
        let count = strata.iter().max().map_or(0, |most| most + 1);
        let mut places = vec![Vec::new(); count];
        strata.iter().enumerate().for_each(|(place, stratum)| places[*stratum].push(place));
        Self(places)
    }

    fn exchange(&self, truth: &[usize], out: &mut [usize], rng: &mut ChaCha8Rng) {
        let mut labels = Vec::new();
        for places in &self.0 {
            labels.clear();
            labels.extend(places.iter().map(|place| truth[*place]));
            labels.shuffle(rng);
            places.iter().zip(&labels).for_each(|(place, label)| out[*place] = *label);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane() -> Pictures {
        let ids = ["a", "b", "c"].map(str::to_owned).to_vec();
        Pictures::new(ids, &[1.0, 0.0, 0.0, 1.0, -1.0, 0.0], 2).unwrap()
    }

    #[test]
    fn ranks_count_ties_half_and_nan_last() {
        let found = faer::Mat::from_fn(4, 2, |i, j| {
            [[0.9, 0.1], [0.0, 0.0], [-2.0, 0.5], [f64::NAN, 0.0]][i][j]
        });
        assert_eq!(ranks(found.as_ref(), &plane(), &[0, 1, 1, 0]), [1.0, 2.0, 2.0, 3.0]);
    }

    #[test]
    fn auc_equals_counting_pairs() {
        let (scores, is) = ([0.1, 0.4, 0.35, 0.8, 0.4], [false, false, true, true, true]);
        let pairs = [(0.35, 0.1), (0.8, 0.1), (0.4, 0.1), (0.35, 0.4), (0.8, 0.4), (0.4, 0.4)];
        let right: f64 = pairs.iter().map(|(p, n)| 1.0 - beaten_by(*n, *p)).sum();
        assert_eq!(roc_auc(&scores, &is), Some(right / 6.0));
        assert_eq!(roc_auc(&scores, &[true; 5]), None);
    }

    #[test]
    fn the_auc_of_ranked_scores_is_that_of_sorting_again() {
        // Many ties, and a score that is no number's neighbour.
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut scores: Vec<f64> = (0..97).map(|_| (8.0 * rng.random::<f64>()).round()).collect();
        scores[5] = f64::NEG_INFINITY;
        let ranked = Ranked::of(&scores);
        let pairs = |scores: &[f64], is: &[bool]| {
            let (mut right, mut count) = (0.0, 0.0);
            for i in (0..is.len()).filter(|i| is[*i]) {
                for j in (0..is.len()).filter(|j| !is[*j]) {
                    right += 1.0 - beaten_by(scores[j], scores[i]);
                    count += 1.0;
                }
            }
            right / count
        };
        for _ in 0..20 {
            let is: Vec<bool> = (0..97).map(|_| rng.random::<f64>() < 0.3).collect();
            let auc = ranked.auc(|i| is[i]);
            assert_eq!(auc, roc_auc(&scores, &is));
            assert!((auc.unwrap() - pairs(&scores, &is)).abs() < 1e-12);
            let chosen: Vec<usize> = (0..97).map(|_| rng.random_range(0..97)).collect();
            let mut times = vec![0; 97];
            chosen.iter().for_each(|i| times[*i] += 1);
            let of_chosen: Vec<f64> = chosen.iter().map(|i| scores[*i]).collect();
            let is_chosen: Vec<bool> = chosen.iter().map(|i| is[*i]).collect();
            let auc = ranked.auc_of_chosen(&times, |i| is[i]);
            assert_eq!(auc, roc_auc(&of_chosen, &is_chosen));
            assert!((auc.unwrap() - pairs(&of_chosen, &is_chosen)).abs() < 1e-12);
        }
        assert_eq!(ranked.auc(|_| true), None);
        assert_eq!(ranked.auc_of_chosen(&[0; 97], |i| i < 9), None);
    }

    #[test]
    fn intervals_hold_the_truth_and_p_values_of_nothing_are_uniform() {
        let groups: Vec<usize> = (0..200).map(|i| i / 5).collect();
        let values: Vec<f64> = (0..200).map(|i| f64::from(u8::from(i % 4 == 0))).collect();
        let [low, high] = bootstrap(&groups, 1, |chosen| share(chosen.iter().map(|i| values[*i])));
        assert!(low < 0.25 && 0.25 < high && high - low < 0.2, "{low} {high}");
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut small = 0;
        for _ in 0..200 {
            let truth: Vec<usize> = (0..40).map(|_| rng.random_range(0..2)).collect();
            let score: Vec<f64> = (0..40).map(|_| rng.random()).collect();
            let p = permutation_p(&truth, &[0; 40], (rng.random(), Fitted::Elsewhere), |labels| {
                share(labels.iter().zip(&score).map(|(l, s)| *l as f64 * s))
            });
            small += usize::from(p <= 0.1);
        }
        // 20 are expected; 8 to 36 holds 99.9 %.
        assert!((8..=36).contains(&small), "{small}");
    }

    #[test]
    fn scores_of_crosswise_fitted_means_have_uniform_p_values_only_with_their_spread() {
        // Four runs of ten trials in eight dimensions of noise; each run is scored by the class means of the others.
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let runs: Vec<usize> = (0..40).map(|i| i / 10).collect();
        let mut small = [0, 0];
        for _ in 0..400 {
            let x: Vec<Vec<f64>> =
                (0..40).map(|_| (0..8).map(|_| rng.random::<f64>() - 0.5).collect()).collect();
            let y: Vec<usize> = permuted(&[0, 1].repeat(20), &runs, &mut rng);
            let sign = |i: usize| if y[i] == 1 { 1.0 } else { -1.0 };
            let score = |i: usize| -> f64 {
                let others = (0..40).filter(|j| runs[*j] != runs[i]);
                others
                    .map(|j| sign(j) * x[j].iter().zip(&x[i]).map(|(a, b)| a * b).sum::<f64>())
                    .sum()
            };
            let scores: Vec<f64> = (0..40).map(score).collect();
            for (place, from) in [Fitted::Elsewhere, Fitted::Crosswise].into_iter().enumerate() {
                let p = permutation_p(&y, &runs, (rng.random(), from), |labels| {
                    labels.iter().zip(&scores).map(|(l, s)| *l as f64 * s).sum()
                });
                small[place] += usize::from(p <= 0.05);
            }
        }
        // Twenty are expected of four hundred; 8 to 34 holds 99.9 %. Without the spread there are twice as many.
        assert!((8..=34).contains(&small[1]) && small[0] > 34, "{small:?}");
    }
}
