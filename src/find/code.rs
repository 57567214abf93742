//! Which pictures of a page light up together, flash after flash.
//!
//! Takes the geometry of a page, a seed and rules; gives an endless sequence of [`Lit`], the same for the same seed. In
//! each repetition the pictures are divided into groups twice, anew, and every group lights up once, so that every picture
//! lights up exactly twice. What the sequence guarantees:
//!
//! - no picture twice within [`CodeRules::least_gap_secs`] of its last onset, across every border: what comes sooner evokes
//!   a weaker response (Jin, Sellers & Wang 2012);
//! - no two pictures that touch (also by a corner) in one group, as far as such a division is found: a flash beside the
//!   sought picture draws the eye (the checkerboard of Townsend et al. 2010). [`Code::touching`] counts where it gave way;
//! - pictures that lit up together seldom do so again: each repetition tells other pairs apart.
//!
//! Bounded memory, no input but checked numbers; a tenth of a millisecond a repetition of 40 pictures.

mod square;

use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use square::{Sides, Square};

use crate::signal::Lit;
use crate::signal::flash::MAX_PAGE;

/// Fewest pictures of a page: with fewer, groups are single pictures, and one is guessed right too often.
pub const MIN_PAGE: usize = 10;

/// Width of a page of square pictures over its height.
const ASPECT: f64 = 1.6;

/// Range of [`CodeRules::soa_secs`]: faster than this, responses drown in one another.
const SOA_SECS: [f64; 2] = [0.08, 2.0];

/// Largest [`CodeRules::least_gap_secs`].
const MOST_GAP_SECS: f64 = 2.0;

/// Squares that are tried until one has no two touching pictures in a group.
const ATTEMPTS: usize = 30;

/// Rounds of exchanges that improve a square.
const ROUNDS: usize = 24;

/// What it costs that two pictures in one group touch: more than everything else together.
const TOUCH_COST: u64 = 1 << 40;

/// How often two pictures met counts up to this.
const MOST_MET: u32 = 1 << 12;

/// Why there is no code.
#[derive(Debug, Error, PartialEq)]
pub enum CodeError {
    /// Too few or too many pictures.
    #[error("a page has {pictures} pictures; {MIN_PAGE} to {MAX_PAGE} are possible")]
    Pictures {
        /// How many there are.
        pictures: usize,
    },
    /// A number out of its range.
    #[error("{what} is {value}; {least} to {most} is possible")]
    Range {
        /// Which number.
        what: &'static str,
        /// What it is.
        value: f64,
        /// The least possible.
        least: f64,
        /// The most possible.
        most: f64,
    },
    /// So many flashes must lie between two of one picture that there are not groups enough.
    #[error(
        "{pictures} pictures cannot stay dark for {gap} flashes each: make the page larger, the interval longer, or the gap shorter"
    )]
    Gap {
        /// Pictures of the page.
        pictures: usize,
        /// Flashes from one onset of a picture to its next at the soonest.
        gap: usize,
    },
}

/// How the pictures of a page stand: row by row, the last row perhaps shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pictures: usize,
    columns: usize,
    rows: usize,
}

impl Page {
    /// A page of so many square pictures, about as wide as a screen.
    ///
    /// # Errors
    /// Fewer than [`MIN_PAGE`] or more than [`MAX_PAGE`].
    pub fn new(pictures: usize) -> Result<Self, CodeError> {
        if !(MIN_PAGE..=MAX_PAGE).contains(&pictures) {
            return Err(CodeError::Pictures { pictures });
        }
        // The largest square that fits that often into the page.
        let side = |columns: usize| {
            let rows = pictures.div_ceil(columns);
            (ASPECT / columns as f64).min(1.0 / rows as f64)
        };
        let columns = (1..=pictures).max_by(|a, b| side(*a).total_cmp(&side(*b))).unwrap_or(1);
        let rows = pictures.div_ceil(columns);
        // The same size of picture with fewer columns leaves fewer places empty.
        Ok(Self { pictures, columns: pictures.div_ceil(rows), rows })
    }

    /// How many pictures.
    pub fn pictures(self) -> usize {
        self.pictures
    }

    /// Pictures in a full row.
    pub fn columns(self) -> usize {
        self.columns
    }

    /// Rows.
    pub fn rows(self) -> usize {
        self.rows
    }

    /// Row and column of a picture, from 0.
    pub fn place(self, picture: usize) -> (usize, usize) {
        (picture / self.columns, picture % self.columns)
    }

    /// Whether two different pictures touch, by a side or a corner.
    pub fn touch(self, a: usize, b: usize) -> bool {
        let ((row, column), (other_row, other_column)) = (self.place(a), self.place(b));
        a != b && row.abs_diff(other_row) <= 1 && column.abs_diff(other_column) <= 1
    }
}

/// How pictures are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// About as many groups as a group has pictures, divided anew twice a repetition.
    #[default]
    Groups,
    /// Every picture by itself, once a repetition. Slower for everybody on the figures measured; for comparison.
    Singles,
}

/// What a code must keep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeRules {
    /// From one onset to the next.
    pub soa_secs: f64,
    /// From one onset of a picture to its next, at the soonest.
    pub least_gap_secs: f64,
    /// Groups or single pictures.
    pub grouping: Grouping,
}

impl Default for CodeRules {
    /// Five flashes a second; no picture twice within 400 ms.
    fn default() -> Self {
        Self { soa_secs: 0.2, least_gap_secs: 0.4, grouping: Grouping::Groups }
    }
}

impl CodeRules {
    /// Checks every number.
    ///
    /// # Errors
    /// A number out of its range, with what is possible.
    pub fn check(&self) -> Result<(), CodeError> {
        let [least, most] = SOA_SECS;
        let range = |what, value: f64, least: f64, most: f64| {
            let found = CodeError::Range { what, value, least, most };
            if (least..=most).contains(&value) { Ok(()) } else { Err(found) }
        };
        range("soa_secs", self.soa_secs, least, most)?;
        range("least_gap_secs", self.least_gap_secs, 0.0, MOST_GAP_SECS)
    }

    /// Flashes from one onset of a picture to its next at the soonest; at least one.
    pub fn gap_flashes(&self) -> usize {
        // Two fifths of a second are two fifths of a second, however they are divided.
        ((self.least_gap_secs / self.soa_secs - 1e-9).ceil() as usize).max(1)
    }
}

/// An endless sequence of flashes.
#[derive(Clone, Debug)]
pub struct Code {
    page: Page,
    grouping: Grouping,
    gap: usize,
    sides: Sides,
    /// Those that touch each picture.
    near: Vec<Lit>,
    /// How often two pictures were in one group, [pictures × pictures].
    together: Vec<u32>,
    /// The last group in which each picture lit up, of the repetition before; nothing before the first.
    before: Option<Vec<usize>>,
    repetitions: u64,
    touching: u64,
    /// Flashes of the repetition under way, the next one last.
    ready: Vec<Lit>,
    rng: ChaCha8Rng,
}

impl Code {
    /// The flashes of a page.
    ///
    /// # Errors
    /// Rules out of their range, or a gap that the page's groups cannot keep.
    pub fn new(page: Page, seed: u64, rules: CodeRules) -> Result<Self, CodeError> {
        rules.check()?;
        let (pictures, gap) = (page.pictures, rules.gap_flashes());
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let sides = match rules.grouping {
            Grouping::Groups => Sides::new(pictures, gap, &mut rng),
            Grouping::Singles => (pictures >= gap).then(|| Sides::line(pictures)),
        };
        let Some(sides) = sides else { return Err(CodeError::Gap { pictures, gap }) };
        let touch = |a: usize| Lit::of((0..pictures).filter(|b| page.touch(a, *b)));
        Ok(Self {
            page,
            grouping: rules.grouping,
            gap,
            near: (0..pictures).map(touch).collect(),
            together: vec![0; pictures * pictures],
            before: None,
            repetitions: 0,
            touching: 0,
            ready: Vec::with_capacity(sides.flashes()),
            sides,
            rng,
        })
    }

    /// The page.
    pub fn page(&self) -> Page {
        self.page
    }

    /// Flashes of a repetition, in which every picture lights up twice (single pictures: once).
    pub fn flashes_per_repetition(&self) -> usize {
        self.sides.flashes()
    }

    /// Most pictures that ever light up together.
    pub fn largest_group(&self) -> usize {
        self.sides.largest_group()
    }

    /// Pairs of touching pictures that had to share a group, in all repetitions begun until now; and those repetitions.
    pub fn touching(&self) -> (u64, u64) {
        (self.touching, self.repetitions)
    }

    /// Makes the next repetition ready.
    fn repeat(&mut self) {
        let last: Vec<usize> = match self.grouping {
            Grouping::Singles => {
                let order: Vec<usize> = (0..self.page.pictures).collect();
                let place = self.spread(&order);
                self.ready = vec![Lit::default(); self.page.pictures];
                place
                    .iter()
                    .enumerate()
                    .for_each(|(picture, i)| self.ready[*i] = Lit::of([picture]));
                place
            }
            Grouping::Groups => {
                let square = self.best_square();
                self.ready = square.lit.concat();
                square.place.iter().map(|[_, column]| *column).collect()
            }
        };
        self.ready.reverse();
        self.before = Some(last);
        self.repetitions = self.repetitions.saturating_add(1);
    }

    /// The best of some random squares, each improved by exchanges; the first one without touching pictures in a group.
    fn best_square(&mut self) -> Square {
        let (mut best, mut least) = (self.square(), u64::MAX);
        for _ in 0..ATTEMPTS {
            let mut square = self.square();
            self.improve(&mut square);
            let cost = self.cost(&square);
            if cost < least {
                (best, least) = (square, cost);
            }
            if least < TOUCH_COST {
                break;
            }
        }
        self.touching = self.touching.saturating_add(least / TOUCH_COST);
        for group in best.lit.concat() {
            for (a, b) in group.pictures().flat_map(|a| group.pictures().map(move |b| (a, b))) {
                let met = &mut self.together[a * self.page.pictures + b];
                *met = met.saturating_add(1).min(MOST_MET);
            }
        }
        best
    }

    /// The first group in which a picture may light up without being too soon after its last.
    fn earliest(&self, picture: usize) -> usize {
        let last = self.before.as_ref().map(|before| before[picture] + self.gap);
        last.map_or(0, |soonest| soonest.saturating_sub(self.sides.last()))
    }

    /// Puts the pictures into slots at random, given the group of each slot in the order of their flashes; keeps the gap.
    fn spread(&mut self, slots: &[usize]) -> Vec<usize> {
        let mut free: Vec<usize> = (0..slots.len()).collect();
        free.shuffle(&mut self.rng);
        let mut order: Vec<usize> = (0..self.page.pictures).collect();
        order.shuffle(&mut self.rng);
        // Those with the fewest choices first: the choices of each hold those of all before it, and the sides
        // were chosen so that they suffice.
        order.sort_by_key(|picture| std::cmp::Reverse(self.earliest(*picture)));
        let mut found = vec![0; self.page.pictures];
        for picture in order {
            let earliest = self.earliest(picture);
            let fits = free.iter().position(|slot| slots[*slot] >= earliest).unwrap_or(0);
            found[picture] = free.swap_remove(fits);
        }
        found
    }

    /// A random square that keeps the gap.
    fn square(&mut self) -> Square {
        let cells = self.sides.cells(&mut self.rng);
        let rows: Vec<usize> = cells.iter().map(|[row, _]| *row).collect();
        let place = self.spread(&rows).into_iter().map(|cell| cells[cell]).collect();
        Square::new(place, &self.sides)
    }

    /// Exchanges pictures between cells: as long as some touch, also at random without gain, so that the search does not
    /// stand still; then as long as fewer of those meet that have met.
    fn improve(&mut self, square: &mut Square) {
        let mut order: Vec<usize> = (0..square.place.len()).collect();
        for _ in 0..ROUNDS {
            order.shuffle(&mut self.rng);
            let wanders = self.cost(square) >= TOUCH_COST;
            let mut is_better = wanders;
            for (i, &a) in order.iter().enumerate() {
                for &b in &order[i + 1..] {
                    if self.pays(square, a, b, wanders) {
                        square.exchange(a, b);
                        is_better = true;
                    }
                }
            }
            if !is_better {
                return;
            }
        }
    }

    /// Whether two pictures are to change places.
    fn pays(&mut self, square: &Square, a: usize, b: usize, wanders: bool) -> bool {
        let [at, to] = [square.place[a][0], square.place[b][0]];
        if to < self.earliest(a) || at < self.earliest(b) {
            return false;
        }
        let [now, then] = change(square, a, b, |picture, others| self.touching_in(picture, others));
        if then != now {
            return then < now;
        }
        if wanders {
            return self.rng.random_bool(0.5);
        }
        let [now, then] = change(square, a, b, |picture, others| self.met_in(picture, others));
        then < now
    }

    /// How many of these a picture touches.
    fn touching_in(&self, picture: usize, others: Lit) -> u64 {
        u64::from((self.near[picture].0 & others.0).count_ones())
    }

    /// How often a picture met these: growing faster than that, so that no pair is left to meet more often than others.
    fn met_in(&self, picture: usize, others: Lit) -> u64 {
        let met = &self.together[picture * self.page.pictures..][..self.page.pictures];
        let (mut left, mut sum) = (others.0, 0);
        while left != 0 {
            sum += u64::from(met[left.trailing_zeros() as usize]).pow(2);
            left &= left - 1;
        }
        sum
    }

    fn cost_in(&self, picture: usize, others: Lit) -> u64 {
        self.touching_in(picture, others) * TOUCH_COST + self.met_in(picture, others)
    }

    fn cost(&self, square: &Square) -> u64 {
        let of = |group: &Lit| {
            let rest = |a: usize| Lit(group.0 & !(1 << a));
            group.pictures().map(|a| self.cost_in(a, rest(a))).sum::<u64>()
        };
        square.lit.iter().flatten().map(of).sum::<u64>() / 2
    }
}

impl Iterator for Code {
    type Item = Lit;

    fn next(&mut self) -> Option<Lit> {
        if self.ready.is_empty() {
            self.repeat();
        }
        self.ready.pop()
    }
}

/// What two pictures cost where they are, and exchanged, if a picture among others costs so much.
fn change(square: &Square, a: usize, b: usize, cost: impl Fn(usize, Lit) -> u64) -> [u64; 2] {
    let (mut now, mut then) = (0, 0);
    for (side, lit) in square.lit.iter().enumerate() {
        let (from, to) = (square.place[a][side], square.place[b][side]);
        if from != to {
            let (rest, other) = (Lit(lit[from].0 & !(1 << a)), Lit(lit[to].0 & !(1 << b)));
            now += cost(a, rest) + cost(b, other);
            then += cost(a, other) + cost(b, rest);
        }
    }
    [now, then]
}

#[cfg(test)]
#[path = "code_tests.rs"]
mod tests;
