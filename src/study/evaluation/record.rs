//! One picture of an evaluation as its document has it: what is believed after all looks, and how it may be presented.

use serde::Serialize;

use crate::snapshot::{BelievedView, Presented};

/// A picture after all of its looks, and its null twin of as many.
#[derive(Clone, Debug, Serialize)]
pub struct PictureRecord {
    /// The picture that was seen, as markers name it.
    pub picture: String,
    /// What a person calls it.
    pub label: String,
    /// Looks.
    pub k: u32,
    /// Pictures to choose from: chance is one in so many.
    pub pictures: usize,
    /// What came of the trials.
    #[serde(flatten)]
    pub own: Side,
    /// Rank of the picture that was seen, from 1.
    pub truth_rank: Option<u32>,
    /// p of the picture that was seen, against trials in which others were seen.
    pub p_shown: Option<f64>,
    /// p that there is anything at all, against null twins.
    pub p_value: Option<f64>,
    /// What came of its null twin.
    pub twin: Option<Side>,
}

/// What is believed, and the verdict.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// `guess`: better than noise, the best guess is shown; `noise`: no better than noise; `mean`: a mean, asked for or not
    /// calibrated.
    pub presented: Presented,
    /// Probabilities and bits; `null` where the encoder is not calibrated.
    pub believed: Option<BelievedView>,
    /// Label of the picture that scores highest.
    pub closest: Option<String>,
}
