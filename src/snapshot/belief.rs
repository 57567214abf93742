//! What is believed, as a viewer sees it, and how it may be presented.

use crate::decode::{Scope, Show};

/// How a reconstruction or a null twin may be presented: the same rule on screen, on the sheet and in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presented {
    /// The best guess, sharp.
    Guess,
    /// Under a veil, its draws: no better than noise, and their disagreement is the message.
    Noise,
    /// A mean that was asked for, or that of an encoder without probabilities.
    Mean,
}

impl Presented {
    /// By what is shown and what is believed.
    pub fn of(shows: Show, believed: Option<&BelievedView>) -> Self {
        match (shows, believed) {
            (_, Some(believed)) if !believed.better_than_noise => Self::Noise,
            (Show::Best, Some(_)) => Self::Guess,
            _ => Self::Mean,
        }
    }
}

/// What is believed after k trials: one scope, its best guesses, and how sure they are.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct BelievedView {
    /// Which pictures are in play.
    pub scope: Scope,
    /// How many they are.
    pub pictures: usize,
    /// The most probable ones, first the best.
    pub best: Vec<GuessView>,
    /// Four drawn from the posterior.
    pub draws: Vec<GuessView>,
    /// Bits gained over not having looked.
    pub gain_bits: f64,
    /// Bits that naming one of them takes.
    pub needed_bits: f64,
    /// Bits that windows without information seldom gain (one in twenty does).
    pub noise_bits: f64,
    /// Whether more was gained than that.
    pub better_than_noise: bool,
    /// Whether the best guess is certain enough to be named: 0.95 and above.
    pub decided: bool,
    /// Probability that it is something else, against the pictures in play with even odds; `null` where the encoder knows
    /// nothing else than classes.
    pub something_else: Option<f64>,
    /// Row of the picture that was shown among those in play, where it is known and in play.
    pub truth_row: Option<usize>,
    /// Probability of the picture that was shown, where it is known and in play.
    pub truth_probability: Option<f64>,
    /// Its rank, from 1.
    pub truth_rank: Option<u32>,
    /// More looks that it will probably take to name the best guess, if it is right; `None` when that cannot be said.
    pub more_looks: Option<u32>,
    /// Whether more trials were averaged than probabilities were calibrated for.
    pub beyond_calibration: bool,
    /// The largest number of trials that they were calibrated for.
    pub calibrated_to: u32,
}

/// A picture in play with its probability.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct GuessView {
    /// Row among the pictures in play.
    pub row: usize,
    /// What a person calls it.
    pub label: String,
    /// Posterior probability.
    pub probability: f64,
}
