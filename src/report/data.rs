//! What a report shows.

use faer::Mat;

use crate::calibrate::score::Score;
use crate::calibrate::{Pictures, Trials};
use crate::decode::ControlView;
use crate::present::presenter::{Attention, TrialTiming};
use crate::snapshot::{BelievedView, Presented};

/// Everything on the page.
pub struct ReportData<'a> {
    /// As `sub-01 ses-01`.
    pub title: String,
    /// When it was made, UTC.
    pub created_utc: String,
    /// Whether any signal came from no person.
    pub simulated: bool,
    /// How strongly what is simulated answers beside people, in words, where that is known.
    pub strength: Vec<String>,
    /// Names and values: pack, encoder, seeds, hashes.
    pub facts: Vec<(String, String)>,
    /// What reproduces the numbers.
    pub commands: Vec<String>,
    /// Why there is no score, if so.
    pub refused: Option<String>,
    /// The words of the control where it succeeds: then there are neither pictures nor scores.
    pub withheld: Option<String>,
    /// How often null twins name the pictures; `None` where there were none.
    pub control: Option<ControlView>,
    /// Where probabilities come from; `None` where the decoder is not calibrated.
    pub calibrated_by: Option<String>,
    /// What the reader should know.
    pub cautions: Vec<String>,
    /// Scores on the training runs; the first is the headline.
    pub scores: &'a [Score],
    /// Scores on test runs, with whose pictures the scored encoder was not calibrated.
    pub held_out: &'a [Score],
    /// Scores of what was painted.
    pub painted: &'a [Score],
    /// The trials of the training runs.
    pub trials: &'a Trials,
    /// Their pictures.
    pub pictures: &'a Pictures,
    /// Sampling rate of the epochs.
    pub rate_hz: f64,
    /// First sample of an epoch after the onset, in seconds.
    pub window_start_secs: f64,
    /// Names of the channels.
    pub channels: Vec<String>,
    /// Where each is on the unit disc (x right, y front); `None` where that is not known.
    pub positions: Vec<Option<[f64; 2]>>,
    /// Whether what painted the examples was not calibrated with their pictures; else only the trials were left out.
    pub examples_are_new: bool,
    /// How often each picture (row) was taken for each (column).
    pub confusion: Option<Mat<f64>>,
    /// When every trial was due and seen; empty where another program presented.
    pub timing: &'a [TrialTiming],
    /// The display; `None` for a virtual one.
    pub display: Option<DisplayFacts>,
    /// The task; `None` where nobody could press a key.
    pub attention: Option<Attention>,
    /// The recordings.
    pub runs: Vec<RunFacts>,
    /// What was decoded from left-out trials, in the order in which their pictures were first shown.
    pub examples: Vec<Example>,
}

/// What a display can do.
#[derive(Clone, Debug, PartialEq)]
pub struct DisplayFacts {
    /// Refreshes in a second.
    pub refresh_hz: f64,
    /// Spread of the time between two.
    pub jitter_secs: f64,
    /// Share of refreshes without a new frame.
    pub missed_share: f64,
    /// In words.
    pub verdict: String,
}

/// A recording.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFacts {
    /// Its name.
    pub file: String,
    /// Trials used.
    pub trials: usize,
    /// Trials refused, by reason.
    pub refused: Vec<(String, usize)>,
    /// Hash of the file.
    pub sha256: String,
}

/// One picture: seen, made of its trials, made of null twins.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// What was seen.
    pub label: String,
    /// The picture that was shown, as a PNG file.
    pub seen_png: Vec<u8>,
    /// Looks.
    pub k: u32,
    /// Pictures to choose from.
    pub pictures: usize,
    /// What came of the trials.
    pub made: Made,
    /// What came of as many null twins: other trials with their phases shuffled, the same way.
    pub twin: Option<Made>,
    /// Rank of the picture that was seen, from 1.
    pub truth_rank: Option<u32>,
    /// p of the picture that was seen.
    pub p_shown: Option<f64>,
    /// p that there is anything at all.
    pub p_value: Option<f64>,
}

/// A reconstruction or a null twin, and how it may be presented.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Sharp, under a veil, or a mean.
    pub presented: Presented,
    /// What is believed; `None` where the encoder is not calibrated.
    pub believed: Option<BelievedView>,
    /// Label of the picture that scores highest.
    pub closest: Option<String>,
    /// The picture, as a PNG file.
    pub png: Vec<u8>,
    /// The draws of what is believed, in their order, as PNG files.
    pub draws_png: Vec<Vec<u8>>,
}
