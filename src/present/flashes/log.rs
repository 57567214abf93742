//! When each flash of a page was due and when it was seen.
//!
//! Takes one entry a flash; gives the share that was seen in time. Holds a bounded number of entries and counts all.

use serde::{Deserialize, Serialize};

use crate::signal::Lit;

/// Most entries kept: more than a page of the most flashes has, every third of them missed.
const MOST_KEPT: usize = 3000;

/// What became of a flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Seen when it was due, within one refresh.
    Counts,
    /// Seen earlier or later: left out.
    Late,
    /// Not seen: the same pictures are due again.
    Missed,
    /// Lit when the page was paused: left out.
    Cut,
}

/// When a flash was due and seen, in seconds on the program's clock.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FlashTiming {
    /// The pictures.
    pub lit: Lit,
    /// When it was due.
    pub due_secs: f64,
    /// When it was seen; NaN where it was not.
    #[serde(with = "crate::present::presenter::null_is_nan")]
    pub seen_secs: f64,
    /// It may have been seen so much earlier or later.
    #[serde(with = "crate::present::presenter::null_is_nan")]
    pub uncertainty_secs: f64,
    /// Refreshes of the display in a second, as measured until then.
    #[serde(with = "crate::present::presenter::null_is_nan")]
    pub refresh_hz: f64,
    /// Refreshes that passed without a new frame just before it was seen.
    pub missed_frames: u32,
    /// What became of it.
    pub fate: Fate,
}

impl FlashTiming {
    pub(super) fn missed(lit: Lit, due_secs: f64) -> Self {
        let [seen_secs, uncertainty_secs, refresh_hz] = [f64::NAN; 3];
        let (missed_frames, fate) = (0, Fate::Missed);
        Self { lit, due_secs, seen_secs, uncertainty_secs, refresh_hz, missed_frames, fate }
    }
}

/// The flashes of a page.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FlashLog {
    flashes: Vec<FlashTiming>,
    counted: u64,
    late: u64,
    missed: u64,
    cut: u64,
    #[serde(with = "crate::present::presenter::null_is_nan")]
    worst_secs: f64,
}

impl FlashLog {
    pub(super) fn push(&mut self, flash: FlashTiming) {
        *self.counter(flash.fate) += 1;
        if flash.seen_secs.is_finite() {
            self.worst_secs = self.worst_secs.max((flash.seen_secs - flash.due_secs).abs());
        }
        if self.flashes.len() < MOST_KEPT {
            self.flashes.push(flash);
        }
    }

    /// The last flash that was seen was cut off.
    pub(super) fn cut_last(&mut self) {
        let Some(last) = self.flashes.iter_mut().rfind(|flash| flash.fate != Fate::Missed) else {
            return;
        };
        let was = std::mem::replace(&mut last.fate, Fate::Cut);
        *self.counter(was) -= 1;
        self.cut += 1;
    }

    fn counter(&mut self, fate: Fate) -> &mut u64 {
        match fate {
            Fate::Counts => &mut self.counted,
            Fate::Late => &mut self.late,
            Fate::Missed => &mut self.missed,
            Fate::Cut => &mut self.cut,
        }
    }

    /// Each, in the order in which they were due; the first three thousand.
    pub fn flashes(&self) -> &[FlashTiming] {
        &self.flashes
    }

    /// How many came to this.
    pub fn count(&self, fate: Fate) -> u64 {
        match fate {
            Fate::Counts => self.counted,
            Fate::Late => self.late,
            Fate::Missed => self.missed,
            Fate::Cut => self.cut,
        }
    }

    /// Share of the flashes that were due which were seen within one refresh of that; a pause takes none away. NaN
    /// before the first.
    pub fn share_in_time(&self) -> f64 {
        self.counted as f64 / (self.counted + self.late + self.missed) as f64
    }

    /// Most that one was seen early or late, in seconds.
    pub fn worst_secs(&self) -> f64 {
        self.worst_secs
    }
}
