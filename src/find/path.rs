//! The path through pages: what stood on each, what was chosen, and how pages were made.
//!
//! It is written as it is (JSON or TOML through serde) and read as what it may be: `Path::check` holds it against the space
//! that it speaks of. Which pictures were passed over too often follows from it.

use serde::{Deserialize, Serialize};

use super::space::Space;
use super::steer_error::SteerError;

/// Most pages of a path.
pub const MAX_STEPS: usize = 200;

/// A picture that was passed over so often does not come back.
pub const MOST_REJECTIONS: u8 = 2;

/// No setting is larger: beyond, a probability would be none.
const MOST_OF_A_SETTING: f64 = 1e3;

/// How pages are made. Chosen on development wishes: `models/training/steer.md`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// β: how surely the most similar picture of a page is the one chosen, per unit of cosine.
    pub sharpness: f64,
    /// How quickly a picture ceases to stand for others, e-fold per 1 / closeness of cosine.
    pub closeness: f64,
    /// By how much the number of pictures that a page is made of shrinks with every choice.
    pub narrowing: f64,
    /// Pictures of a page that are strangers; `None` for one in five.
    pub strangers: Option<usize>,
    /// Whether [`Steering::prior`](super::steer::Steering::prior) tells more than that all pictures of a page are equal.
    pub prior: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { sharpness: 10.0, closeness: 6.0, narrowing: 2.0, strangers: None, prior: false }
    }
}

impl Settings {
    /// Whether pages can be made by them.
    ///
    /// # Errors
    /// [`SteerError::Path`].
    pub(super) fn check(&self) -> Result<(), SteerError> {
        for number in [self.sharpness, self.closeness, self.narrowing] {
            if !(0.0..=MOST_OF_A_SETTING).contains(&number) {
                let what = format!("settings lie between 0 and {MOST_OF_A_SETTING}, got {number}");
                return Err(SteerError::Path(what));
            }
        }
        Ok(())
    }
}

/// One page and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Rows of the space, in the order of the page.
    pub page: Vec<usize>,
    /// Place on the page, from 0; `None` where the page was passed over.
    pub chosen: Option<usize>,
    /// The probability that this choice was meant; 0 where there was none.
    pub probability: f64,
}

impl Step {
    /// The row that was chosen.
    pub fn row(&self) -> Option<usize> {
        self.page.get(self.chosen?).copied()
    }
}

/// A path that can be written and taken up again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// Rows of the space that the pages speak of.
    pub rows: usize,
    /// Pictures of a page.
    pub page_size: usize,
    /// Seed of the pages.
    pub seed: u64,
    /// How often it was started again.
    pub starts: u32,
    /// How pages are made.
    pub settings: Settings,
    /// Page by page.
    pub steps: Vec<Step>,
    /// The row that was kept.
    pub kept: Option<usize>,
}

impl Path {
    /// The row that was chosen last.
    pub fn last_chosen(&self) -> Option<usize> {
        self.steps.iter().rev().find_map(Step::row)
    }

    /// Whether a path that was read can be taken up.
    ///
    /// # Errors
    /// [`SteerError::Path`].
    pub(super) fn check(&self, space: &Space) -> Result<(), SteerError> {
        let path = self;
        let wrong = |what: String| Err(SteerError::Path(what));
        if path.rows != space.rows() {
            return wrong(format!(
                "it speaks of {} pictures, there are {}",
                path.rows,
                space.rows()
            ));
        }
        if path.steps.len() > MAX_STEPS {
            return wrong(format!("{} pages, at most {MAX_STEPS} are kept", path.steps.len()));
        }
        path.settings.check()?;
        if path.kept.is_some_and(|row| row >= path.rows) {
            return wrong("the picture that was kept is not there".into());
        }
        for (number, step) in path.steps.iter().enumerate() {
            let mut rows = step.page.clone();
            rows.sort_unstable();
            rows.dedup();
            let fits = rows.len() == step.page.len()
                && (1..=path.page_size).contains(&rows.len())
                && rows.last().is_some_and(|row| *row < path.rows)
                && step.chosen.is_none_or(|chosen| chosen < step.page.len())
                && (0.0..=1.0).contains(&step.probability);
            if !fits {
                return wrong(format!("page {number} does not hold together"));
            }
        }
        Ok(())
    }
}

/// How often each row was passed over, up to 255 times: it stood on a page and another picture, or none, was chosen. The one
/// chosen counts as seen, once, where it never was passed over.
pub(super) fn passed_over(rows: usize, steps: &[Step]) -> Vec<u8> {
    let mut passed = vec![0_u8; rows];
    for step in steps {
        let chosen = step.row();
        for row in step.page.iter().filter(|row| Some(**row) != chosen) {
            passed[*row] = passed[*row].saturating_add(1);
        }
    }
    steps.iter().filter_map(Step::row).for_each(|row| passed[row] = passed[row].max(1));
    passed
}
