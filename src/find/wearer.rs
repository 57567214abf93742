//! A wearer who was learnt: what of the signal is looked at, the detector, and the law of its scores. One JSON file.
//!
//! Takes the file's text; gives a checked [`Wearer`], or what is wrong with it. A window becomes a [`ScoredFlash`] here and
//! nowhere else, so that learning, live use and replay see the same.

use serde::{Deserialize, Serialize};

use super::detector::{BAND_HZ, BAND_ORDER, Detector, LEAST_RATE_HZ, MAX_FILE_BYTES, WINDOW_SECS};
use super::law::ScoreLaw;
use super::rehearsal::Rehearsal;
use super::scored::ScoredFlash;
use crate::signal::{Lock, Window};
use crate::units::SampleRate;

/// What the file is.
pub const SCHEMA: u32 = 1;

/// Why a file is no wearer.
#[derive(Debug, thiserror::Error)]
#[error(
    "this is no file of a wearer who was learnt: {0}. Learn the wearer again (phosphene find --learn)"
)]
pub struct WearerError(String);

/// What of the signal is looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WearerInput {
    /// Electrodes, in order.
    pub channels: Vec<String>,
    /// Rate of the windows, Hz.
    pub rate_hz: f64,
    /// Corners of the band-pass, Hz.
    pub band_hz: [f64; 2],
    /// Its order.
    pub band_order: u32,
    /// Window after a flash, seconds.
    pub window_secs: [f64; 2],
}

impl WearerInput {
    /// What is looked at of these electrodes.
    pub fn of(channels: Vec<String>) -> Self {
        let (band_hz, band_order, window_secs) = (BAND_HZ, BAND_ORDER, WINDOW_SECS);
        Self { channels, rate_hz: LEAST_RATE_HZ, band_hz, band_order, window_secs }
    }

    /// The rate.
    pub fn rate(&self) -> Option<SampleRate> {
        SampleRate::new(self.rate_hz).ok()
    }
}

/// From what a wearer was learnt, and how well that did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learnt {
    /// Recordings.
    pub recordings: Vec<String>,
    /// Copy pages.
    pub pages: usize,
    /// Flashes whose window was usable, and those whose was refused.
    pub flashes: usize,
    /// See there.
    pub refused: usize,
    /// ROC AUC of single flashes, each scored by a detector that was fitted to other pages.
    pub auc: f64,
    /// Its 95 % interval over pages.
    pub auc_ci95: [f64; 2],
    /// The same with the sought picture exchanged between pages: chance.
    pub auc_exchanged: f64,
    /// Copy pages of [`Learnt::pages`] whose picture was right at their end, each by a law and a detector fitted to others.
    pub right: usize,
}

/// A wearer who was learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wearer {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Program and version.
    pub program: String,
    /// When, UTC.
    pub created: String,
    /// No person made the signal.
    pub simulated: bool,
    /// The source that was learnt with, in words.
    pub source: String,
    /// What is looked at.
    pub input: WearerInput,
    /// From a window to a score.
    pub detector: Detector,
    /// How scores come about.
    pub law: ScoreLaw,
    /// From what.
    pub learnt: Learnt,
    /// What a page will take.
    pub rehearsal: Rehearsal,
}

impl Wearer {
    /// The file.
    ///
    /// # Errors
    /// [`WearerError`] where a number cannot be written.
    pub fn to_json(&self) -> Result<String, WearerError> {
        serde_json::to_string_pretty(self).map_err(|why| WearerError(why.to_string()))
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`WearerError`]: too large, damaged, parts that do not fit each other.
    pub fn from_json(text: &str) -> Result<Self, WearerError> {
        if text.len() > 2 * MAX_FILE_BYTES {
            return Err(WearerError(format!("it has {} bytes", text.len())));
        }
        let found: Self = serde_json::from_str(text).map_err(|why| WearerError(why.to_string()))?;
        found.check()?;
        Ok(found)
    }

    fn check(&self) -> Result<(), WearerError> {
        let refuse = |why: String| Err(WearerError(why));
        if self.schema != SCHEMA {
            return refuse(format!("its schema is {}, {SCHEMA} is known", self.schema));
        }
        let WearerInput { channels, rate_hz, band_hz, window_secs, .. } = &self.input;
        let is_band = 0.0 < band_hz[0] && band_hz[0] < band_hz[1] && band_hz[1] < rate_hz / 2.0;
        let is_span = window_secs[0] == 0.0 && (0.1..=2.0).contains(&window_secs[1]);
        if self.input.rate().is_none() || !is_band || !is_span {
            return refuse("its rate, band or window is impossible".into());
        }
        if self.detector.channels() != channels.len() || self.detector.rate_hz() != *rate_hz {
            let (has, wants) = (channels.len(), self.detector.channels());
            return refuse(format!("{has} electrodes, and a detector for {wants}"));
        }
        self.detector.check().map_err(|why| WearerError(why.to_string()))?;
        self.law.check().map_err(|why| WearerError(why.to_string()))
    }

    /// What a window says; nothing for one that is not locked to a flash. A window that was refused, or that has no score, is
    /// a flash that was seen all the same.
    pub fn scored(&self, window: &Window) -> Option<ScoredFlash> {
        let score = || self.detector.score(&window.samples_uv);
        scored(window, window.abstain.is_none().then(score).flatten())
    }
}

/// A flash with this score, and what followed within its window.
pub fn scored(window: &Window, score: Option<f64>) -> Option<ScoredFlash> {
    let Lock::Flash { flash, onset_secs } = window.lock else { return None };
    let following = window.following.iter().map(|after| (after.delay_secs, after.lit)).collect();
    Some(ScoredFlash { flash, onset_secs, score, following })
}
