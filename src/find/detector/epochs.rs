//! Epochs behind flashes, as the detector takes them.

use faer::Mat;

use super::DetectorError;
use crate::calibrate::trials::{Trial, Trials};

/// The causal Butterworth band of the epochs and its order (as in [`crate::dsp::design::band_pass`]). Inner cross-validation
/// chose order 2 over 4, whose delay smears the answer, in all ten folds of two recordings; from .5 Hz on in eight of them.
pub const BAND_HZ: [f64; 2] = [0.5, 16.0];
/// See [`BAND_HZ`].
pub const BAND_ORDER: u32 = 2;

/// From the flash's onset on.
pub const WINDOW_SECS: [f64; 2] = [0.0, 0.8];

/// At least this many samples a second: above twice the band with room for its slope.
pub const LEAST_RATE_HZ: f64 = 64.0;

/// Most numbers of an epoch: 256 channels of a second at 128 Hz.
pub const MAX_EPOCH: usize = 1 << 15;

/// Epochs behind flashes and what is known of each.
#[derive(Clone, Copy, Debug)]
pub struct Epochs<'a> {
    /// Channels of an epoch.
    pub channels: usize,
    /// Samples of a channel.
    pub samples: usize,
    /// Samples a second.
    pub rate_hz: f64,
    /// Causally filtered, `[flashes, channels, samples]`, µV.
    pub values: &'a [f32],
    /// Whether the sought picture lit up, `[flashes]`.
    pub is_target: &'a [bool],
    /// Page, run or block of each, `[flashes]`: flashes of one group share more than those of two, and are never on both
    /// sides of a fold. Any numbers; neighbours in time have neighbouring numbers.
    pub groups: &'a [usize],
}

impl<'a> Epochs<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        self.is_target.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.is_target.is_empty()
    }

    /// One, `[channels, samples]`.
    pub fn epoch(&self, flash: usize) -> &'a [f32] {
        let width = self.channels * self.samples;
        &self.values[flash * width..(flash + 1) * width]
    }

    /// Checks shapes and numbers.
    ///
    /// # Errors
    /// [`DetectorError::Epochs`].
    pub fn check(&self) -> Result<(), DetectorError> {
        let refuse = |why: String| Err(DetectorError::Epochs(why));
        let width = self.channels.checked_mul(self.samples).filter(|n| (1..=MAX_EPOCH).contains(n));
        let Some(width) = width else {
            let (channels, samples) = (self.channels, self.samples);
            return refuse(format!("an epoch has {channels} channels of {samples} samples"));
        };
        if !(self.rate_hz.is_finite() && self.rate_hz > 0.0) {
            return refuse(format!("their rate is {} Hz", self.rate_hz));
        }
        let (flashes, got) = (self.len(), self.values.len());
        if flashes.checked_mul(width) != Some(got) {
            return refuse(format!("{flashes} of {width} numbers are told, and there are {got}"));
        }
        if self.groups.len() != flashes {
            return refuse(format!("{flashes} are told, and {} groups", self.groups.len()));
        }
        match self.values.iter().position(|value| !value.is_finite()) {
            Some(at) => refuse(format!("flash {} holds values that are no numbers", at / width)),
            None => Ok(()),
        }
    }

    /// Groups numbered from 0 in the order of their numbers.
    pub(super) fn numbered_groups(&self) -> Vec<usize> {
        let mut known = self.groups.to_vec();
        known.sort_unstable();
        known.dedup();
        self.groups.iter().map(|group| known.binary_search(group).unwrap_or_default()).collect()
    }

    /// Some, as the few-class path takes them: class 1 are targets.
    pub(super) fn trials(&self, rows: &[usize]) -> Trials {
        let about = |row: &usize| Trial {
            picture: usize::from(self.is_target[*row]),
            run: self.groups[*row],
            session: 0,
            onset_secs: 0.0,
        };
        Trials {
            channels: self.channels,
            samples: self.samples,
            about: rows.iter().map(about).collect(),
            eeg: rows.iter().flat_map(|row| self.epoch(*row)).copied().collect(),
            before: Vec::new(),
            zero_shot: Mat::zeros(rows.len(), 0),
        }
    }
}
