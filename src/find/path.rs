//! The path through pages: what stood on each, what was chosen, and how pages were made.
//!
//! It is written as it is (JSON or TOML through serde) and read as what it may be: [`Path::check`] holds it against the space
//! that it speaks of. Which pictures were passed over too often follows from it.

use serde::{Deserialize, Serialize};

use super::space::Space;
use super::steer_error::SteerError;

/// Most pages of a path.
pub const MAX_STEPS: usize = 200;

/// A picture that was passed over so often does not come back.
pub const MOST_REJECTIONS: usize = 2;

/// How pages are made. Tuned on development wishes by `examples/steer_figures.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// β: how surely the most similar picture of a page is the one chosen, per unit of cosine.
    pub sharpness: f64,
    /// How quickly a picture ceases to stand for others, e-fold per 1 / closeness of cosine.
    pub closeness: f64,
    /// Pictures of a page that are strangers; `None` for one in five.
    pub strangers: Option<usize>,
    /// Whether [`Steering::prior`](super::steer::Steering::prior) tells more than that all pictures of a page are equal.
    pub prior: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { sharpness: 8.0, closeness: 6.0, strangers: None, prior: false }
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
        for numbers in [path.settings.sharpness, path.settings.closeness] {
            if !(0.0..=1e3).contains(&numbers) {
                return wrong(format!("settings lie between 0 and 1000, got {numbers}"));
            }
        }
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

/// Which rows were passed over too often: they stood on a page and another picture, or none, was chosen.
pub(super) fn barred(rows: usize, steps: &[Step]) -> Vec<bool> {
    let mut passed = vec![0_usize; rows];
    for step in steps {
        let chosen = step.row();
        for row in step.page.iter().filter(|row| Some(**row) != chosen) {
            passed[*row] += 1;
        }
    }
    passed.into_iter().map(|times| times >= MOST_REJECTIONS).collect()
}
