//! The next page: pictures from where what is wanted probably lies, then a row of strangers.
//!
//! Takes the [`Space`], the path so far, and what is wanted by its choices; gives rows. Guarantees: nothing but these decides,
//! so that a step undone and taken again shows the same page.

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::path::{MOST_REJECTIONS, Path, passed_over};
use super::space::Space;
use super::spread::{self, Asked};
use super::wanted::Wanted;

/// However narrow, a page is made of so many times its pictures.
const LEAST_IN_PLAY: usize = 3;

/// Keeps pages apart from every other use of the seed.
const PAGE_SALT: u64 = 0x7374_6565_7220_3031;

/// Streams of a seed that belong to one start.
const STREAMS: u64 = 1 << 32;

/// The page that follows from the path: rows of the space, its strangers last.
pub(super) fn page(space: &Space, path: &Path, wanted: &Wanted) -> Vec<usize> {
    let Path { page_size, seed, starts, settings, ref steps, .. } = *path;
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ PAGE_SALT);
    rng.set_stream(u64::from(starts).wrapping_mul(STREAMS) + steps.len() as u64);
    let passed = passed_over(space.rows(), steps);
    let (weights, even) = (in_play(path, wanted, &passed), vec![1.0; space.rows()]);
    let last = path.last_chosen();
    let strangers = settings.strangers.unwrap_or(page_size / 5).min(page_size - 1);
    let known = if last.is_some() { page_size - strangers } else { page_size };
    let mut page: Vec<usize> = last.into_iter().collect();
    let mut fill = |page: &mut Vec<usize>, weights: &[f64], upto: usize| {
        let count = upto.saturating_sub(page.len());
        let asked = Asked { weights, closeness: settings.closeness };
        spread::add(space, &asked, page, count, &mut rng);
    };
    fill(&mut page, &weights, known);
    let around = page.len();
    // Strangers are those that were on no page yet; where there are none left, whatever there is.
    let unseen: Vec<f64> = passed.iter().map(|times| f64::from(*times == 0)).collect();
    fill(&mut page, &unseen, page_size);
    fill(&mut page, &even, page_size);
    // Neighbours on the page would else be neighbours in probability, and their flashes are the easiest to mix up.
    page[..around].shuffle(&mut rng);
    page
}

/// The weights that a page is made by: of the pictures that are most probably wanted, fewer after every choice. Neither
/// the one chosen last, which is on the page anyway, nor one that was passed over too often is among them.
fn in_play(path: &Path, wanted: &Wanted, passed: &[u8]) -> Vec<f64> {
    let Path { page_size, settings, ref steps, .. } = *path;
    let mut weights = wanted.probabilities();
    for (weight, times) in weights.iter_mut().zip(passed) {
        if *times >= MOST_REJECTIONS {
            *weight = 0.0;
        }
    }
    if let Some(last) = path.last_chosen() {
        weights[last] = 0.0;
    }
    let choices = steps.iter().filter(|step| step.chosen.is_some()).count();
    let share = settings.narrowing.max(1.0).powi(-i32::try_from(choices).unwrap_or(i32::MAX));
    let most = ((weights.len() as f64 * share) as usize).max(LEAST_IN_PLAY * page_size);
    if most < weights.len() {
        let mut ordered = weights.clone();
        let (_, bound, _) = ordered.select_nth_unstable_by(most, |a, b| b.total_cmp(a));
        let bound = *bound;
        weights.iter_mut().filter(|weight| **weight <= bound).for_each(|weight| *weight = 0.0);
    }
    weights
}
