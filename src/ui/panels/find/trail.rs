//! Which pictures stand on the next page, and the path of those that were chosen.
//!
//! Takes a set of pictures, the size of a page and a seed; then choices. Gives rows of the set. Where pages are steered,
//! [`Steering`] makes the next one around the choice; else a page is all pictures in their order, or a sample of them. One
//! step back is always there.

use std::sync::Arc;

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::find::space::Space;
use crate::find::steer::Steering;
use crate::signal::StimulusSet;

/// Pages that can be gone back.
const MOST_PAGES: usize = 200;

/// Pages, by whom they are made.
enum Maker {
    /// Around what is chosen.
    Steered(Box<Steering>),
    /// Drawn; page by page, with what was chosen there.
    Drawn(Vec<(Vec<usize>, Option<usize>)>),
}

/// A path through pages.
pub(super) struct Trail {
    rows: usize,
    size: usize,
    seed: u64,
    maker: Maker,
    /// The page that is on.
    page: Vec<usize>,
    /// Row that was kept.
    pub kept: Option<usize>,
}

impl Trail {
    /// The first page. Pages of all pictures there are cannot be steered: every one is the same.
    ///
    /// # Errors
    /// Why no page can be made of these pictures.
    pub fn new(
        set: &StimulusSet,
        size: usize,
        seed: u64,
        is_steered: bool,
    ) -> Result<Self, String> {
        let rows = set.len();
        if size > rows {
            return Err(format!("a page of {size} pictures cannot be made of {rows}"));
        }
        let maker = if is_steered && size < rows {
            let space = Space::new(set.embeddings.clone(), set.dim);
            let space = Arc::new(space.map_err(|why| why.to_string())?);
            let steering = Steering::new(space, seed, size).map_err(|why| why.to_string())?;
            Maker::Steered(Box::new(steering))
        } else {
            Maker::Drawn(Vec::new())
        };
        let mut trail = Self { rows, size, seed, maker, page: Vec::new(), kept: None };
        trail.turn();
        Ok(trail)
    }

    /// Rows of the set, in the order of the page.
    pub fn page(&self) -> &[usize] {
        &self.page
    }

    /// Whether the next page lies around the choice.
    pub fn is_steered(&self) -> bool {
        matches!(self.maker, Maker::Steered(_))
    }

    /// Takes a choice of the page, meant with this probability, and turns to the next page.
    ///
    /// # Errors
    /// Why it cannot be taken; the page stays.
    pub fn choose(&mut self, picture: usize, probability: f64) -> Result<(), String> {
        match &mut self.maker {
            Maker::Steered(steering) => {
                steering.choose(picture, probability).map_err(|why| why.to_string())?;
            }
            Maker::Drawn(pages) => remember(pages, &self.page, Some(picture)),
        }
        self.turn();
        Ok(())
    }

    /// Nothing of the page is taken: another one.
    ///
    /// # Errors
    /// Why there is none; the page stays.
    pub fn pass(&mut self) -> Result<(), String> {
        match &mut self.maker {
            Maker::Steered(steering) => steering.pass().map_err(|why| why.to_string())?,
            Maker::Drawn(pages) => remember(pages, &self.page, None),
        }
        self.turn();
        Ok(())
    }

    /// The page before is on again, as if nothing had been chosen from it; false on the first.
    pub fn back(&mut self) -> bool {
        self.kept = None;
        match &mut self.maker {
            Maker::Steered(steering) => {
                let is_back = steering.back();
                self.page = steering.page().to_vec();
                is_back
            }
            Maker::Drawn(pages) => match pages.pop() {
                Some((page, _)) => {
                    self.page = page;
                    true
                }
                None => false,
            },
        }
    }

    /// Rows that were chosen, in their order.
    pub fn chosen(&self) -> Vec<usize> {
        match &self.maker {
            Maker::Steered(steering) => {
                steering.path().steps.iter().filter_map(crate::find::path::Step::row).collect()
            }
            Maker::Drawn(pages) => {
                pages.iter().filter_map(|(page, chosen)| page.get((*chosen)?).copied()).collect()
            }
        }
    }

    fn turn(&mut self) {
        self.page = match &self.maker {
            Maker::Steered(steering) => steering.page().to_vec(),
            Maker::Drawn(pages) => self.drawn(pages.len()),
        };
    }

    /// All pictures keep their places from page to page: one need not search for them.
    fn drawn(&self, number: usize) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.rows).collect();
        if self.size < self.rows {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream(number as u64);
            rows.shuffle(&mut rng);
            rows.truncate(self.size);
        }
        rows
    }
}

fn remember(pages: &mut Vec<(Vec<usize>, Option<usize>)>, page: &[usize], chosen: Option<usize>) {
    if pages.len() == MOST_PAGES {
        pages.remove(0);
    }
    pages.push((page.to_vec(), chosen));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> StimulusSet {
        StimulusSet::bundled().unwrap()
    }

    #[test]
    fn a_page_of_all_keeps_its_order_and_a_part_is_drawn_anew() {
        let mut all = Trail::new(&set(), 40, 1, true).unwrap();
        assert!(!all.is_steered());
        let first = all.page().to_vec();
        assert_eq!(first, (0..40).collect::<Vec<_>>());
        all.choose(7, 0.9).unwrap();
        assert_eq!((all.page(), all.chosen()), (first.as_slice(), vec![7]));
        let mut some = Trail::new(&set(), 20, 1, false).unwrap();
        let first = some.page().to_vec();
        some.pass().unwrap();
        assert!(some.page() != first && some.page().len() == 20 && some.chosen().is_empty());
        assert!(some.back() && some.page() == first && !some.back());
        assert!(Trail::new(&set(), 41, 1, true).is_err());
    }

    #[test]
    fn a_steered_page_holds_the_choice_and_back_takes_it_away() {
        let mut trail = Trail::new(&set(), 20, 5, true).unwrap();
        let first = trail.page().to_vec();
        trail.choose(3, 0.95).unwrap();
        assert!(trail.is_steered() && trail.page().contains(&first[3]));
        assert_eq!(trail.chosen(), [first[3]]);
        assert!(trail.choose(20, 0.9).is_err() && trail.chosen().len() == 1);
        assert!(trail.back() && trail.page() == first && trail.chosen().is_empty());
    }
}
