//! A piece of filtered signal that the decoder looks at, cut to the model pack's contract.
//!
//! Layout: `[channels, samples]`, row-major, `f32`, µV, at the pack's sampling rate, in the pack's channel
//! order, filtered causally, re-referenced and baseline-corrected. Made by `dsp`, read by `decode`.

use arrayvec::ArrayVec;
use serde::Serialize;

use super::flash::{Flash, Lit};

/// Most flashes that are told of behind the one that a window is locked to: one each 50 ms of .8 s.
pub const MAX_FOLLOWING: usize = 16;

/// How much of the window's end may lack a flash that was seen within it: its marker may come later than the samples, and
/// no response to it begins before this.
pub const UNTOLD_SECS: f64 = 0.1;

/// What the window is aligned to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Lock {
    /// The onset of a picture: the row in the stimulus set where it is known, and its time.
    Stimulus {
        /// Row in the stimulus set; `None` when the marker names a picture that the set does not hold.
        row: Option<u16>,
        /// Onset in seconds on the program's clock.
        onset_secs: f64,
    },
    /// Some pictures of a page lit up, for a wearer who looks for one of them.
    Flash {
        /// Which.
        flash: Flash,
        /// Onset in seconds on the program's clock.
        onset_secs: f64,
    },
    /// Nothing: the newest stretch of signal.
    #[default]
    Free,
}

impl Lock {
    /// When what it is aligned to happened; nothing for a free one.
    pub fn onset_secs(self) -> Option<f64> {
        match self {
            Self::Stimulus { onset_secs, .. } | Self::Flash { onset_secs, .. } => Some(onset_secs),
            Self::Free => None,
        }
    }
}

/// A flash of the same page within the window that is locked to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Following {
    /// How long after the window's own flash.
    pub delay_secs: f64,
    /// What lit up.
    pub lit: Lit,
}

/// Why the program refuses to decode a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Abstention {
    /// Samples are missing inside the window.
    Gap,
    /// A value is not a number.
    NotFinite,
    /// Too many channels do not move at all.
    Flat,
    /// Too many channels sit at the amplifier's limit.
    Saturated,
    /// The excursion is larger than any brain makes: blink, jaw, movement.
    Artefact,
    /// Nearly all power sits in one narrow line: a test signal or mains hum, not EEG.
    NotEeg,
    /// The power spectrum is far from everything that the pack was trained on.
    OutOfDistribution,
    /// The filters have not settled since the start or since the last gap.
    Settling,
    /// Too few of the pack's channels are on this headset.
    MontageMismatch,
}

impl Abstention {
    /// The name used in JSON documents and files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::NotFinite => "not_finite",
            Self::Flat => "flat",
            Self::Saturated => "saturated",
            Self::Artefact => "artefact",
            Self::NotEeg => "not_eeg",
            Self::OutOfDistribution => "out_of_distribution",
            Self::Settling => "settling",
            Self::MontageMismatch => "montage_mismatch",
        }
    }

    /// One sentence for the wearer: what is wrong and what helps.
    pub fn plain_words(self) -> &'static str {
        match self {
            Self::Gap => "Samples were lost here. Move closer to the receiver or check the cable.",
            Self::NotFinite => "The signal holds values that are not numbers. Restart the source.",
            Self::Flat => "Several electrodes are flat. Check that they are plugged in.",
            Self::Saturated => "Several electrodes are at the amplifier's limit. Re-seat them.",
            Self::Artefact => {
                "Larger than EEG ever is: blink, jaw, movement or test signal. Sit still."
            }
            Self::NotEeg => "This looks like a test tone or mains hum, not EEG.",
            Self::OutOfDistribution => "This signal is unlike anything the model was trained on.",
            Self::Settling => "The filters are still settling. Wait a moment.",
            Self::MontageMismatch => "Too few of the model's electrodes are on this headset.",
        }
    }
}

/// One window with all that the decoder needs to know of it.
#[derive(Clone, Debug)]
pub struct Window {
    /// Running number of the window since the source started, counting windows that nobody decoded.
    pub index: u64,
    /// What the window is aligned to.
    pub lock: Lock,
    /// Values, `[channels, samples]`, row-major, µV.
    pub samples_uv: Vec<f32>,
    /// Rows of `samples_uv`, in the pack's order.
    pub channels: usize,
    /// Samples per channel.
    pub samples: usize,
    /// When the last sample in it was taken, in seconds on the program's clock.
    pub last_sample_secs: f64,
    /// When that sample reached the program.
    pub last_arrival_secs: f64,
    /// When the window was complete.
    pub made_secs: f64,
    /// Why it must not be decoded, if so.
    pub abstain: Option<Abstention>,
    /// Flashes that followed within a window that is locked to one, in order of time, but for the last [`UNTOLD_SECS`].
    pub following: ArrayVec<Following, MAX_FOLLOWING>,
}

impl Window {
    /// An empty window with memory for `channels` × `samples` values.
    pub fn with_shape(channels: usize, samples: usize) -> Self {
        Self {
            index: 0,
            lock: Lock::Free,
            samples_uv: vec![0.0; channels * samples],
            channels,
            samples,
            last_sample_secs: 0.0,
            last_arrival_secs: 0.0,
            made_secs: 0.0,
            abstain: None,
            following: ArrayVec::new(),
        }
    }

    /// The values of one channel, `[samples]`, µV.
    pub fn channel(&self, channel: usize) -> &[f32] {
        &self.samples_uv[channel * self.samples..(channel + 1) * self.samples]
    }

    /// The stimulus row, when the window is locked to a known picture.
    pub fn stimulus_row(&self) -> Option<u16> {
        match self.lock {
            Lock::Stimulus { row, .. } => row,
            Lock::Flash { .. } | Lock::Free => None,
        }
    }

    /// Copies another window of the same shape into this one without allocating.
    pub fn copy_from(&mut self, other: &Window) {
        let keep = std::mem::take(&mut self.samples_uv);
        *self = Window { samples_uv: keep, ..Window::header_of(other) };
        self.samples_uv.copy_from_slice(&other.samples_uv);
    }

    fn header_of(other: &Window) -> Window {
        Window { samples_uv: Vec::new(), following: other.following.clone(), ..*other }
    }
}
