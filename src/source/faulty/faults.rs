//! Which faults are made: as values, as the text after `faulty:`, and back.
//!
//! | Key | Value | What happens |
//! |---|---|---|
//! | `drop` | 0 to 1 | this share of frames is lost |
//! | `burst` | 0 to 60 s | frames are held back for so much signal, then come all at once |
//! | `jitter` | 0 to 10 000 ms | standard deviation of noise on the stamps |
//! | `repeat` | 0 to 1 | this share of frames comes twice, the copy up to three frames later |
//! | `swap`, `within` | 0 to 1; 1 to 64 frames (3) | this share of frames comes after up to so many later ones |
//! | `corrupt`, `share` | 0 to 1; 0 to 1 (0.25) | in this share of frames, that share of channels (one at least) holds wild values, ±1 mV to ±10⁶ V |
//! | `nan` | 0 to 1 | the same with values that are not finite |
//! | `reset`, `step` | seconds; ±10⁶ s (−1000) | the clock is set by `step` after so much signal |
//! | `rate` | −50 to 50 % | between two stamps there is so much more time than the rate says |
//! | `stall`, `hold` | seconds; 0 to 60 s (2) | from then on nothing comes for so long, then all of it; nothing is lost |
//! | `mute`, `hush` | seconds; 0 to 3600 s (2) | from then on nothing comes for so long, and it is lost; the source says nothing |
//! | `unplug`, `back` | seconds; 0 to 3600 s (2) | the plug is pulled, and is back after so long; the source says so |
//! | `every` | 0 to 10⁶ s (0: once) | `reset`, `stall`, `mute` and `unplug` begin anew after so much signal |
//! | `mislabel` | 0 to 1 | this share of picture onsets has the name of one of the last pictures |
//! | `seed` | whole number (1) | of all that is drawn |
//! | `chaos`, `severity` | whole number; 0 to 1 (0.5) | all of these but `mislabel` are drawn ([`super::chaos`]); keys beside it win |
//!
//! Times are in seconds of signal since the first frame; several are parted by `/`, as in `unplug=3/10/15`.

use std::fmt;

/// How far `reset` sets the clock, in seconds, where `step` does not say.
pub const RESET_SECS: f64 = -1000.0;

/// Most times in one list.
pub const MOST_TIMES: usize = 64;

/// Which faults; see the table above. `Default` has none.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    /// Probability that a frame is lost.
    pub drop_probability: f64,
    /// Frames are held back for so many seconds of signal, then come at once; 0 is off.
    pub burst_secs: f64,
    /// Standard deviation of the noise on time stamps, in seconds.
    pub jitter_secs: f64,
    /// Probability that a frame comes twice.
    pub repeat_probability: f64,
    /// Probability that a frame comes after later ones.
    pub swap_probability: f64,
    /// How many later ones at most.
    pub swap_frames: u64,
    /// Probability that a frame holds wild values.
    pub corrupt_probability: f64,
    /// Probability that a frame holds values that are not finite.
    pub nan_probability: f64,
    /// Share of its channels that do.
    pub channel_share: f64,
    /// The source's clock is set after so much signal, in seconds.
    pub reset_secs: Vec<f64>,
    /// By how much, in seconds.
    pub step_secs: f64,
    /// By what share there is more time between two stamps than the rate says.
    pub rate_share: f64,
    /// From when on frames are held back, in seconds.
    pub stall_secs: Vec<f64>,
    /// For how long, in seconds.
    pub stall_for_secs: f64,
    /// From when on frames are lost without a word, in seconds.
    pub mute_secs: Vec<f64>,
    /// For how long, in seconds.
    pub mute_for_secs: f64,
    /// When the plug is pulled, in seconds.
    pub unplug_secs: Vec<f64>,
    /// How long it stays pulled, in seconds.
    pub back_secs: f64,
    /// The times above begin anew after so many seconds; 0 is never.
    pub every_secs: f64,
    /// Probability that a picture's onset carries the name of a picture drawn from the last ones.
    pub mislabel_probability: f64,
    /// Seed of the random faults.
    pub seed: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            drop_probability: 0.0,
            burst_secs: 0.0,
            jitter_secs: 0.0,
            repeat_probability: 0.0,
            swap_probability: 0.0,
            swap_frames: 3,
            corrupt_probability: 0.0,
            nan_probability: 0.0,
            channel_share: 0.25,
            reset_secs: Vec::new(),
            step_secs: RESET_SECS,
            rate_share: 0.0,
            stall_secs: Vec::new(),
            stall_for_secs: 2.0,
            mute_secs: Vec::new(),
            mute_for_secs: 2.0,
            unplug_secs: Vec::new(),
            back_secs: 2.0,
            every_secs: 0.0,
            mislabel_probability: 0.0,
            seed: 1,
        }
    }
}

impl fmt::Display for Faults {
    /// As after `faulty:`, without what is as by default; reads back as the same faults.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none = Self::default();
        let list = |times: &[f64]| times.iter().map(f64::to_string).collect::<Vec<_>>().join("/");
        let numbers = [
            ("drop", self.drop_probability, none.drop_probability, 1.0),
            ("burst", self.burst_secs, none.burst_secs, 1.0),
            ("jitter", self.jitter_secs, none.jitter_secs, 1000.0),
            ("repeat", self.repeat_probability, none.repeat_probability, 1.0),
            ("swap", self.swap_probability, none.swap_probability, 1.0),
            ("within", self.swap_frames as f64, none.swap_frames as f64, 1.0),
            ("corrupt", self.corrupt_probability, none.corrupt_probability, 1.0),
            ("nan", self.nan_probability, none.nan_probability, 1.0),
            ("share", self.channel_share, none.channel_share, 1.0),
            ("step", self.step_secs, none.step_secs, 1.0),
            ("rate", self.rate_share, none.rate_share, 100.0),
            ("hold", self.stall_for_secs, none.stall_for_secs, 1.0),
            ("hush", self.mute_for_secs, none.mute_for_secs, 1.0),
            ("back", self.back_secs, none.back_secs, 1.0),
            ("every", self.every_secs, none.every_secs, 1.0),
            ("mislabel", self.mislabel_probability, none.mislabel_probability, 1.0),
        ];
        let lists = [
            ("reset", &self.reset_secs),
            ("stall", &self.stall_secs),
            ("mute", &self.mute_secs),
            ("unplug", &self.unplug_secs),
        ];
        for (key, value, default, unit) in numbers {
            if value != default {
                // Nine digits behind the point, so that a unit leaves no rounding error behind.
                write!(f, "{key}={},", (value * unit * 1e9).round() / 1e9)?;
            }
        }
        for (key, times) in lists.iter().filter(|(_, times)| !times.is_empty()) {
            write!(f, "{key}={},", list(times))?;
        }
        write!(f, "seed={}", self.seed)
    }
}
