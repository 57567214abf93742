//! The pictures of a page in a square of groups: rows light up one after the other, then columns.
//!
//! Takes the number of pictures and the least number of flashes from one onset of a picture to its next; gives how many
//! rows and columns that takes, and which cells hold a picture. Rows and columns are as even as can be, and no picture's
//! column lights up too soon after its row.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::signal::Lit;

/// With four groups, 11 or 12 pictures cannot be divided without touching ones in a group; with five, all pages can.
const LEAST_GROUPS: usize = 5;

/// Choices of cells that are tried until rows and columns are even.
const TRIES: usize = 20;

/// A repetition of a page: its rows are the groups of the first division, its columns those of the second, so that no two
/// pictures share both.
#[derive(Clone, Debug)]
pub(super) struct Square {
    /// Row and column of each picture.
    pub(super) place: Vec<[usize; 2]>,
    /// Pictures of each row and of each column.
    pub(super) lit: [Vec<Lit>; 2],
}

impl Square {
    /// Pictures at these rows and columns.
    pub(super) fn new(place: Vec<[usize; 2]>, sides: &Sides) -> Self {
        let mut lit = sides.counts.map(|groups| vec![Lit::default(); groups]);
        for (picture, at) in place.iter().enumerate() {
            lit.iter_mut().zip(at).for_each(|(lit, group)| lit[*group].0 |= 1 << picture);
        }
        Self { place, lit }
    }

    /// Two pictures change places.
    pub(super) fn exchange(&mut self, a: usize, b: usize) {
        for (side, lit) in self.lit.iter_mut().enumerate() {
            let (from, to) = (self.place[a][side], self.place[b][side]);
            if from != to {
                let both = 1_u64 << a | 1 << b;
                lit[from].0 ^= both;
                lit[to].0 ^= both;
            }
        }
        self.place.swap(a, b);
    }
}

/// How many rows and columns.
#[derive(Clone, Debug)]
pub(super) struct Sides {
    pictures: usize,
    gap: usize,
    counts: [usize; 2],
    /// A choice of cells that is even, in case that no other is found.
    known: Vec<[usize; 2]>,
}

impl Sides {
    /// The fewest rows and columns, about as many as a group has pictures; none where no number keeps the gap.
    pub(super) fn new(pictures: usize, gap: usize, rng: &mut ChaCha8Rng) -> Option<Self> {
        let sums = 2 * LEAST_GROUPS..=2 * pictures;
        sums.map(|sum| [sum / 2, sum - sum / 2]).find_map(|counts| {
            let mut sides = Self { pictures, gap, counts, known: Vec::new() };
            sides.known = if sides.goes_on() { sides.even_cells(rng)? } else { return None };
            Some(sides)
        })
    }

    /// Every picture by itself.
    pub(super) fn line(pictures: usize) -> Self {
        Self { pictures, gap: 1, counts: [0, pictures], known: Vec::new() }
    }

    /// Flashes of a repetition.
    pub(super) fn flashes(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Groups of the last division.
    pub(super) fn last(&self) -> usize {
        self.counts[1]
    }

    /// Most pictures of a group.
    pub(super) fn largest_group(&self) -> usize {
        let largest = self.counts.iter().map(|groups| self.pictures.div_ceil((*groups).max(1)));
        if self.counts[0] == 0 { 1 } else { largest.max().unwrap_or(1) }
    }

    /// Whether pictures of the last columns always find room in the later rows of the next repetition.
    fn goes_on(&self) -> bool {
        let [row, column] = self.counts.map(|groups| self.pictures.div_ceil(groups));
        let has_room = |t: usize| (self.gap - t) * column + t * row <= self.pictures;
        let [rows, columns] = self.counts;
        self.gap <= rows.min(columns) && (1..self.gap).all(has_room)
    }

    /// Cells that hold a picture, at random.
    pub(super) fn cells(&self, rng: &mut ChaCha8Rng) -> Vec<[usize; 2]> {
        self.even_cells(rng).unwrap_or_else(|| self.known.clone())
    }

    fn even_cells(&self, rng: &mut ChaCha8Rng) -> Option<Vec<[usize; 2]>> {
        (0..TRIES).find_map(|_| self.try_cells(rng))
    }

    /// All cells that are not too soon, less those of the fullest rows and columns; nothing where these end uneven.
    fn try_cells(&self, rng: &mut ChaCha8Rng) -> Option<Vec<[usize; 2]>> {
        let [rows, columns] = self.counts;
        let all = (0..rows).flat_map(|row| (0..columns).map(move |column| [row, column]));
        let keeps_gap = |[row, column]: &[usize; 2]| rows + column >= row + self.gap;
        let mut cells: Vec<[usize; 2]> = all.filter(keeps_gap).collect();
        let mut full = self.counts.map(|groups| vec![0_usize; groups]);
        for cell in &cells {
            (0..2).for_each(|side| full[side][cell[side]] += 1);
        }
        let least = self.counts.map(|groups| self.pictures / groups);
        while cells.len() > self.pictures {
            let weight = |cell: &[usize; 2]| {
                let [a, b] = [0, 1].map(|side| full[side][cell[side]].saturating_sub(least[side]));
                (a.min(b), a + b)
            };
            let most = cells.iter().map(weight).max()?;
            let fullest: Vec<usize> =
                (0..cells.len()).filter(|i| weight(&cells[*i]) == most).collect();
            let cell = cells.swap_remove(fullest[rng.random_range(0..fullest.len())]);
            (0..2).for_each(|side| full[side][cell[side]] -= 1);
        }
        let is_even = |side: usize| {
            let most = self.pictures.div_ceil(self.counts[side]);
            full[side].iter().all(|count| (least[side]..=most).contains(count))
        };
        (cells.len() == self.pictures && is_even(0) && is_even(1)).then_some(cells)
    }
}
