//! What is kept while pages are shown: of copy pages, of a search, and of what broke off.

use std::path::PathBuf;

use super::shown::Shown;
use super::told::Told;
use super::trail::Trail;
use crate::present::flashes::FlashPace;
use crate::snapshot::RecordingState;

/// Copy pages, from which a wearer is learnt.
pub(super) struct Copying {
    pub recording: PathBuf,
    /// Rows of the set that stand on every page.
    pub rows: Vec<usize>,
    /// What is to be looked for, page by page: numbers on the page.
    pub sought: Vec<u8>,
    /// The page that is on or to come.
    pub at: usize,
    pub pace: FlashPace,
    pub seed: u64,
    pub step: CopyStep,
    /// How well the flashes of the page before were timed.
    pub timing: Option<String>,
}

/// Where they are.
pub(super) enum CopyStep {
    /// The recording is being opened, since when; what had failed before that is no news.
    Opening {
        since_secs: f64,
        before: RecordingState,
    },
    /// The picture is shown that is to be looked for; `left_secs` while it stands still.
    Cue {
        until_secs: f64,
        left_secs: Option<f64>,
    },
    Page(Box<Shown>),
    /// The recording is being closed.
    Closing {
        since_secs: f64,
    },
}

/// A search, page after page.
pub(super) struct Searching {
    pub trail: Trail,
    pub pace: FlashPace,
    pub repetitions: usize,
    pub seed: u64,
    pub step: SearchStep,
    /// What came of keeping the path.
    pub kept: Option<Result<PathBuf, String>>,
    pub is_keeping: bool,
}

/// Where it is.
pub(super) enum SearchStep {
    /// The run begins anew, since when.
    Connecting {
        since_secs: f64,
    },
    Page(Box<Shown>),
    Told {
        told: Box<Told>,
        since_secs: f64,
    },
}

/// What ended before its end.
pub(super) struct Broken {
    pub why: String,
    /// The recording of copy pages, and how many of them are whole.
    pub rest: Option<(PathBuf, usize)>,
}

/// Another one each time; all that it decides is in the recording's markers.
pub(super) fn seed_of(now_secs: f64) -> u64 {
    now_secs.to_bits()
}
