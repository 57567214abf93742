//! What can be wrong with a way through pages.

use thiserror::Error;

/// Why a page cannot be made, or a choice not taken.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SteerError {
    /// Embeddings that pages cannot be made of.
    #[error("the pictures that pages are made of: {0}")]
    Space(String),
    /// A page of this size cannot be made of so many pictures.
    #[error("a page holds 2 to {most} pictures of the {rows} that there are, got {got}")]
    PageSize {
        /// What was asked for.
        got: usize,
        /// Most pictures of a page.
        most: usize,
        /// Pictures that there are.
        rows: usize,
    },
    /// A choice that is not on the page.
    #[error("the page has {page} pictures, there is no number {got} (from 0)")]
    NoSuchPicture {
        /// What was chosen.
        got: usize,
        /// How many there are.
        page: usize,
    },
    /// A probability that is none.
    #[error("the probability of a choice lies between 0 and 1, got {0}")]
    Probability(String),
    /// More pages than a path holds.
    #[error("a path holds {0} pages at most: keep the picture, go back, or start again")]
    TooLong(usize),
    /// A path that was read and does not fit.
    #[error("the path of pages cannot be taken up: {0}")]
    Path(String),
    /// A strip that cannot be drawn.
    #[error("the strip of the path: {0}")]
    Strip(String),
}
