//! Which pictures make a page: those that stand for as much of what may be wanted as so many can.
//!
//! Takes weights over the [`Space`], nothing for those that may not be on the page, and what is on it already; gives rows.
//! A page is good when whatever is wanted has something alike on it: pictures are added one by one, each the one that brings
//! most of the weight nearer to its nearest picture of the page. Weights that are even give a page spread over everything,
//! weights that are narrow one that goes through a neighbourhood picture by picture.
//!
//! Guarantees: the same weights and random numbers give the same page; no row twice, and no two that are the same drawing.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::space::{SAME_DRAWING, Space};

/// Pictures that are considered for a page, drawn by their weight: all 6 000 would take seconds, and bring nothing.
const POOL: usize = 320;

/// What a page is made for.
pub(super) struct Asked<'a> {
    /// How probably each row is wanted, `[rows]`, or in whatever measure: only ratios matter. None at 0 is taken.
    pub weights: &'a [f64],
    /// How quickly one picture ceases to stand for another as they differ: e-fold per 1 / `closeness` of cosine.
    pub closeness: f64,
}

/// Adds up to `count` rows to a page.
pub(super) fn add(
    space: &Space,
    asked: &Asked<'_>,
    page: &mut Vec<usize>,
    count: usize,
    rng: &mut ChaCha8Rng,
) {
    if count == 0 {
        return;
    }
    let mut pool = drawn(asked, POOL.max(2 * count), rng);
    pool.retain(|row| page.iter().all(|other| space.likeness(*row, *other) < SAME_DRAWING));
    let stands_for = |a: usize, b: usize| ((space.likeness(a, b) - 1.0) * asked.closeness).exp();
    let mut covered: Vec<f64> = pool
        .iter()
        .map(|row| page.iter().map(|other| stands_for(*row, *other)).fold(0.0, f64::max))
        .collect();
    let alike: Vec<Vec<f64>> =
        pool.iter().map(|a| pool.iter().map(|b| stands_for(*a, *b)).collect()).collect();
    let same = ((SAME_DRAWING - 1.0) * asked.closeness).exp();
    let mut open = vec![true; pool.len()];
    for _ in 0..count {
        let gain = |candidate: usize| -> f64 {
            let nearer = alike[candidate].iter().zip(&covered).map(|(a, c)| (a - c).max(0.0));
            nearer.zip(&pool).map(|(nearer, row)| nearer * asked.weights[*row]).sum()
        };
        let gains = (0..pool.len()).filter(|i| open[*i]).map(|i| (i, gain(i)));
        let Some((next, _)) = gains.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))) else {
            return;
        };
        page.push(pool[next]);
        for (i, alike) in alike[next].iter().enumerate() {
            covered[i] = covered[i].max(*alike);
            open[i] &= *alike < same;
        }
    }
}

/// Up to `count` rows without replacement, by weight: the largest of ln weight + Gumbel noise.
fn drawn(asked: &Asked<'_>, count: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut keyed: Vec<(f64, usize)> = asked
        .weights
        .iter()
        .enumerate()
        .filter(|(_, weight)| **weight > 0.0)
        .map(|(row, weight)| {
            let uniform: f64 = rng.random_range(f64::MIN_POSITIVE..1.0);
            (weight.ln() - (-uniform.ln()).ln(), row)
        })
        .collect();
    keyed.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    keyed.truncate(count);
    keyed.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    /// Three heaps of forty pictures on a sphere in 3 dimensions, far apart.
    fn heaps() -> Space {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut values = Vec::new();
        for row in 0..120 {
            let mut at = [0, 1, 2].map(|_| rng.random_range(-0.3..0.3_f32));
            at[row / 40] += 1.0;
            values.extend(at);
        }
        Space::new(values, 3).unwrap()
    }

    fn page(weights: &[f64], count: usize, seed: u64) -> Vec<usize> {
        let mut page = Vec::new();
        let asked = Asked { weights, closeness: 10.0 };
        add(&heaps(), &asked, &mut page, count, &mut ChaCha8Rng::seed_from_u64(seed));
        page
    }

    #[test]
    fn even_weights_reach_every_heap_and_narrow_ones_stay() {
        let even = vec![1.0; 120];
        let mut heap: Vec<usize> = page(&even, 3, 1).iter().map(|row| row / 40).collect();
        heap.sort_unstable();
        assert_eq!(heap, [0, 1, 2]);
        let narrow: Vec<f64> = (0..120).map(|row| if row / 40 == 1 { 1.0 } else { 1e-9 }).collect();
        assert!(page(&narrow, 3, 1).iter().all(|row| row / 40 == 1));
    }

    #[test]
    fn rows_without_weight_and_same_drawings_stay_away_and_a_page_can_end_short() {
        let space = heaps();
        let mut weights = vec![1.0; 120];
        weights[..70].fill(0.0);
        let all = page(&weights, 120, 9);
        assert!(all.len() < 50 && all.iter().all(|row| *row >= 70));
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| space.likeness(*a, *b) < SAME_DRAWING + 1e-9));
        }
        assert_eq!(all, page(&weights, 120, 9));
    }
}
