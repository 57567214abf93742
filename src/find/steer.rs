//! Steering: after a choice the next page is made around it, narrower page by page, so that a picture can be reached that was
//! on no page before.
//!
//! Takes a [`Space`] of pictures, a seed and the size of a page; then choices, each with the probability that it was meant.
//! Gives pages of rows of the space. A page holds the picture that was chosen last, pictures from where what is wanted
//! probably lies (`Wanted`: all choices count), and behind them one row of strangers that were on no page yet, from
//! everywhere, so that one can leave. One step back, keeping, and starting again are always there; the path can be written
//! and taken up again.
//!
//! Guarantees: the same space, seed, settings and choices give the same pages, whatever was undone between; no drawing twice
//! on a page; none that was passed over [`MOST_REJECTIONS`](super::path::MOST_REJECTIONS) times comes back while there are
//! others. What it knows is similarity of pictures and choices, never a signal.

use std::sync::Arc;

use super::path::{MAX_STEPS, Path, Settings, Step};
use super::space::Space;
use super::steer_error::SteerError;
use super::turn;
use super::wanted::Wanted;
use crate::signal::flash::MAX_PAGE;

/// A way through pages.
#[derive(Clone, Debug)]
pub struct Steering {
    space: Arc<Space>,
    path: Path,
    wanted: Wanted,
    page: Vec<usize>,
}

impl Steering {
    /// The first page, spread over the whole space.
    ///
    /// # Errors
    /// `SteerError::PageSize` when the page is too large for a page or for the space; `SteerError::Space` when all pictures
    /// are the same drawing.
    pub fn new(space: Arc<Space>, seed: u64, page_size: usize) -> Result<Self, SteerError> {
        Self::with(space, seed, page_size, Settings::default())
    }

    /// As [`Steering::new`], with settings of one's own.
    ///
    /// # Errors
    /// As [`Steering::new`]; `SteerError::Path` for settings that no page can be made by.
    pub fn with(
        space: Arc<Space>,
        seed: u64,
        page_size: usize,
        settings: Settings,
    ) -> Result<Self, SteerError> {
        settings.check()?;
        let rows = space.rows();
        let most = MAX_PAGE.min(rows);
        if !(2..=most).contains(&page_size) {
            return Err(SteerError::PageSize { got: page_size, most, rows });
        }
        let path =
            Path { rows, page_size, seed, starts: 0, settings, steps: Vec::new(), kept: None };
        let wanted = Wanted::new(&space, settings.sharpness);
        let mut steering = Self { space, path, wanted, page: Vec::new() };
        steering.page = turn::page(&steering.space, &steering.path, &steering.wanted);
        if steering.page.len() < 2 {
            return Err(SteerError::Space("all of them are the same drawing".into()));
        }
        Ok(steering)
    }

    /// Takes up a path: its choices, then the page that follows.
    ///
    /// # Errors
    /// `SteerError::Path` when it speaks of another space or does not hold together; as [`Steering::new`].
    pub fn resume(space: Arc<Space>, path: Path) -> Result<Self, SteerError> {
        path.check(&space)?;
        let mut steering = Self::with(space, path.seed, path.page_size, path.settings)?;
        steering.path = path;
        steering.learn_again();
        steering.page = turn::page(&steering.space, &steering.path, &steering.wanted);
        Ok(steering)
    }

    /// The page that is on, rows of the space: its strangers come last.
    pub fn page(&self) -> &[usize] {
        &self.page
    }

    /// What was chosen so far.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The space that its pages are made of.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// How probably each row of the space is wanted, by the choices so far, `[rows]`.
    pub fn wanted(&self) -> Vec<f64> {
        self.wanted.probabilities()
    }

    /// Takes the choice of a picture of the page, meant with this probability, and makes the next page around it.
    ///
    /// # Errors
    /// `SteerError::NoSuchPicture`, `SteerError::Probability`, `SteerError::TooLong`; nothing changes then.
    pub fn choose(&mut self, index: usize, probability: f64) -> Result<(), SteerError> {
        if index >= self.page.len() {
            return Err(SteerError::NoSuchPicture { got: index, page: self.page.len() });
        }
        if !(0.0..=1.0).contains(&probability) {
            return Err(SteerError::Probability(probability.to_string()));
        }
        self.step(Some(index), probability)
    }

    /// The page had nothing: another one from the same belief.
    ///
    /// # Errors
    /// `SteerError::TooLong`; nothing changes then.
    pub fn pass(&mut self) -> Result<(), SteerError> {
        self.step(None, 0.0)
    }

    /// The page before is on again, as if nothing had been chosen from it; false on the first page.
    pub fn back(&mut self) -> bool {
        let Some(last) = self.path.steps.pop() else { return false };
        self.path.kept = None;
        self.page = last.page;
        self.learn_again();
        true
    }

    /// Keeps the picture that was chosen last; `None` while nothing was.
    pub fn keep(&mut self) -> Option<usize> {
        self.path.kept = self.path.last_chosen();
        self.path.kept
    }

    /// Starts again, with another first page.
    pub fn restart(&mut self) {
        self.path.starts = self.path.starts.wrapping_add(1);
        self.path.steps.clear();
        self.path.kept = None;
        self.learn_again();
        self.page = turn::page(&self.space, &self.path, &self.wanted);
    }

    /// Log-probabilities with which the pictures of a page of rows will be chosen, `[page]`: all equal, unless the settings ask
    /// for the prior from similarity.
    pub fn prior(&self, page: &[usize]) -> Vec<f64> {
        if self.path.settings.prior {
            return self.wanted.of_page(&self.space, page);
        }
        vec![-(page.len().max(1) as f64).ln(); page.len()]
    }

    fn step(&mut self, chosen: Option<usize>, probability: f64) -> Result<(), SteerError> {
        if self.path.steps.len() >= MAX_STEPS {
            return Err(SteerError::TooLong(MAX_STEPS));
        }
        let page = std::mem::take(&mut self.page);
        if let Some(chosen) = chosen {
            self.wanted.learn(&self.space, &page, chosen, probability);
        }
        self.path.steps.push(Step { page, chosen, probability });
        self.path.kept = None;
        self.page = turn::page(&self.space, &self.path, &self.wanted);
        Ok(())
    }

    fn learn_again(&mut self) {
        self.wanted = Wanted::new(&self.space, self.path.settings.sharpness);
        for step in &self.path.steps {
            if let Some(chosen) = step.chosen {
                self.wanted.learn(&self.space, &step.page, chosen, step.probability);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::find::path::MOST_REJECTIONS;
    use crate::find::space::SAME_DRAWING;

    const SIZE: usize = 20;

    /// Four hundred pictures about twenty centres, in 16 dimensions.
    fn space() -> Arc<Space> {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let mut at = |spread: f32| -> Vec<f32> {
            (0..16).map(|_| rng.random_range(-spread..spread)).collect()
        };
        let centres: Vec<Vec<f32>> = (0..20).map(|_| at(1.0)).collect();
        let values = (0..400).flat_map(|row| {
            let own = at(0.5);
            centres[row / 20].iter().zip(own).map(|(c, o)| c + o).collect::<Vec<_>>()
        });
        Arc::new(Space::new(values.collect(), 16).unwrap())
    }

    fn fresh(seed: u64) -> Steering {
        Steering::new(space(), seed, SIZE).unwrap()
    }

    fn nearest(steering: &Steering, wish: usize) -> usize {
        let likeness = |i: &usize| steering.space().likeness(steering.page()[*i], wish);
        (0..steering.page().len()).max_by(|a, b| likeness(a).total_cmp(&likeness(b))).unwrap()
    }

    /// What this seed's first page does not show.
    fn hidden(steering: &Steering) -> usize {
        (0..400).rev().find(|row| !steering.page().contains(row)).unwrap()
    }

    fn heap_share(steering: &Steering, wish: usize) -> usize {
        steering.page().iter().filter(|row| **row / 20 == wish / 20).count()
    }

    #[test]
    fn a_picture_that_was_on_no_page_is_reached_and_pages_grow_narrow() {
        for seed in 0..4 {
            let mut steering = fresh(seed);
            let wish = hidden(&steering);
            let first = heap_share(&steering, wish);
            let mut widest = 0;
            for _ in 0..5 {
                if steering.page().contains(&wish) {
                    break;
                }
                let choice = nearest(&steering, wish);
                steering.choose(choice, 0.95).unwrap();
                widest = widest.max(heap_share(&steering, wish));
            }
            assert!(steering.page().contains(&wish), "seed {seed}");
            assert!(widest >= first + 3, "seed {seed}: {first} to {widest} of the neighbourhood");
        }
    }

    #[test]
    fn a_page_holds_the_choice_strangers_and_no_drawing_twice() {
        let mut steering = fresh(3);
        let chosen = steering.page()[4];
        steering.choose(4, 0.95).unwrap();
        steering
            .choose(steering.page().iter().position(|row| *row == chosen).unwrap(), 0.95)
            .unwrap();
        let page = steering.page().to_vec();
        assert!(page.len() == SIZE && page.contains(&chosen));
        for (i, a) in page.iter().enumerate() {
            assert!(page[..i].iter().all(|b| steering.space().likeness(*a, *b) < SAME_DRAWING));
        }
        let likeness = |rows: &[usize]| -> f64 {
            let all = rows.iter().map(|row| steering.space().likeness(*row, chosen));
            all.sum::<f64>() / rows.len() as f64
        };
        let (around, strangers) = page.split_at(SIZE - SIZE / 5);
        assert!(likeness(around) > likeness(strangers) + 0.2);
    }

    #[test]
    fn what_was_passed_over_twice_does_not_come_back() {
        let mut steering = fresh(5);
        for _ in 0..8 {
            steering.choose(0, 0.9).unwrap();
        }
        let steps = &steering.path().steps;
        for row in 0..400 {
            let passed = |step: &&Step| step.page.contains(&row) && step.row() != Some(row);
            assert!(steps.iter().filter(passed).count() <= usize::from(MOST_REJECTIONS), "{row}");
        }
    }

    #[test]
    fn a_space_of_one_page_goes_on_and_one_of_one_drawing_is_refused() {
        let all = Space::new(
            space().embedding(0).iter().chain(space().embedding(30)).copied().collect(),
            16,
        );
        let mut steering = Steering::new(Arc::new(all.unwrap()), 1, 2).unwrap();
        for _ in 0..6 {
            steering.choose(0, 0.9).unwrap();
            assert_eq!(steering.page().len(), 2);
        }
        let same = Space::new([1.0, 0.0].repeat(5), 2).unwrap();
        assert!(matches!(Steering::new(Arc::new(same), 1, 2), Err(SteerError::Space(_))));
    }

    #[test]
    fn strangers_are_new_while_there_are_new_ones() {
        let mut steering = fresh(6);
        let mut seen = steering.page().to_vec();
        for _ in 0..6 {
            steering.choose(3, 0.9).unwrap();
            let strangers = &steering.page()[SIZE - SIZE / 5..];
            assert!(strangers.iter().all(|row| !seen.contains(row)));
            seen.extend(steering.page());
        }
    }

    #[test]
    fn going_back_and_again_is_as_if_nothing_had_been() {
        let mut straight = fresh(7);
        let mut winding = fresh(7);
        straight.choose(2, 0.9).unwrap();
        winding.choose(2, 0.9).unwrap();
        let second = winding.page().to_vec();
        winding.choose(9, 0.4).unwrap();
        winding.pass().unwrap();
        assert!(winding.back() && winding.back());
        assert_eq!(winding.page(), second);
        straight.choose(5, 0.8).unwrap();
        winding.choose(5, 0.8).unwrap();
        assert_eq!((winding.page(), winding.path()), (straight.page(), straight.path()));
        assert_eq!(winding.wanted(), straight.wanted());
        assert!(!fresh(7).back());
    }

    #[test]
    fn a_path_is_written_and_taken_up_and_a_wrong_one_refused() {
        let mut steering = fresh(9);
        steering.choose(1, 0.9).unwrap();
        steering.pass().unwrap();
        steering.choose(3, 0.7).unwrap();
        assert_eq!(steering.keep(), steering.path().steps[2].row());
        let text = serde_json::to_string(steering.path()).unwrap();
        let path: Path = serde_json::from_str(&text).unwrap();
        let again = Steering::resume(space(), path.clone()).unwrap();
        assert_eq!((again.page(), again.path()), (steering.page(), steering.path()));
        let spoiled: [fn(&mut Path); 8] = [
            |p| p.rows = 399,
            |p| p.page_size = 61,
            |p| p.kept = Some(400),
            |p| p.settings.sharpness = f64::NAN,
            |p| p.steps[0].page[0] = 400,
            |p| p.steps[0].page[0] = p.steps[0].page[1],
            |p| p.steps[0].chosen = Some(20),
            |p| p.steps[0].probability = 1.5,
        ];
        for (number, spoil) in spoiled.into_iter().enumerate() {
            let mut path = path.clone();
            spoil(&mut path);
            assert!(Steering::resume(space(), path).is_err(), "{number}");
        }
    }

    #[test]
    fn starting_again_shows_another_page_and_forgets() {
        let mut steering = fresh(1);
        let first = steering.page().to_vec();
        steering.choose(0, 0.9).unwrap();
        steering.restart();
        assert!(steering.page() != first && steering.path().steps.is_empty());
        let wanted = steering.wanted();
        assert!(
            wanted.iter().all(|p| (p - 1.0 / 400.0).abs() < 1e-12) && steering.keep().is_none()
        );
    }

    #[test]
    fn nothing_changes_when_a_choice_is_refused() {
        let mut steering = fresh(2);
        let before = (steering.page().to_vec(), steering.path().clone());
        assert_eq!(steering.choose(20, 0.5), Err(SteerError::NoSuchPicture { got: 20, page: 20 }));
        for wrong in [-0.1, 1.1, f64::NAN] {
            assert!(matches!(steering.choose(0, wrong), Err(SteerError::Probability(_))));
        }
        assert_eq!((steering.page().to_vec(), steering.path().clone()), before);
        for size in [0, 1, 61] {
            assert!(Steering::new(space(), 0, size).is_err(), "{size}");
        }
    }

    #[test]
    fn the_prior_is_even_unless_asked_for() {
        let even = fresh(4);
        let expected = -(SIZE as f64).ln();
        assert!(even.prior(even.page()).iter().all(|l| (l - expected).abs() < 1e-12));
        let settings = Settings { prior: true, ..Settings::default() };
        let mut asked = Steering::with(space(), 4, SIZE, settings).unwrap();
        for _ in 0..3 {
            asked.choose(nearest(&asked, 77), 0.95).unwrap();
        }
        let prior = asked.prior(asked.page());
        assert!((prior.iter().map(|l| l.exp()).sum::<f64>() - 1.0).abs() < 1e-9);
        let (own, stranger) = (prior[nearest(&asked, 77)], prior[SIZE - 1]);
        assert!(own > stranger + 0.2 && stranger > expected - 0.7, "{own} {stranger}");
    }
}
