//! A flash with its score, and the flashes around it.
//!
//! Responses last longer than the time between two flashes, so the score of one holds part of its neighbours' responses.
//! Those that followed within the window come with the flash; those before it are remembered here, a bounded number.

use std::collections::VecDeque;

use crate::signal::flash::{Flash, Lit};

/// How far a flash's response reaches: neighbours further away than this say nothing to a score.
pub const REACH_SECS: f64 = 0.8;

/// Time after a response to the sought picture after which the next one is as large as ever.
pub const RECOVERY_REACH_SECS: f64 = 3.0;

/// Most neighbours that are heeded, each way: [`REACH_SECS`] of flashes at twenty a second.
const MOST_NEIGHBOURS: usize = 16;

/// Most flashes remembered.
const MOST_REMEMBERED: usize = 64;

/// What the detector said of one flash, in order of arrival.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredFlash {
    /// What lit up, and on which page.
    pub flash: Flash,
    /// When it lit up, seconds on any clock that does not jump within a page.
    pub onset_secs: f64,
    /// The detector's score; `None` where the window was refused. One that is not finite counts as refused.
    pub score: Option<f64>,
    /// Flashes that followed within the window: seconds after this one's onset, and what lit up.
    pub following: Vec<(f64, Lit)>,
}

impl ScoredFlash {
    /// The score, where it is a number.
    pub fn finite_score(&self) -> Option<f64> {
        self.score.filter(|score| score.is_finite())
    }
}

/// The flashes of one page, in order of arrival.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScoredPage {
    /// Each.
    pub flashes: Vec<ScoredFlash>,
}

impl ScoredPage {
    /// The picture that was to be looked for, if all flashes say the same one.
    pub fn sought(&self) -> Option<usize> {
        let first = self.flashes.first()?.flash.sought?;
        let all_same = self.flashes.iter().all(|each| each.flash.sought == Some(first));
        all_same.then_some(usize::from(first))
    }
}

/// The flashes before the present one, on this page.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    before: VecDeque<(f64, Lit)>,
}

impl Trail {
    /// Calls `each` with the delay (seconds from this flash, negative before it) and the pictures of every flash in reach, this
    /// one itself (0) among them.
    pub fn around(&self, scored: &ScoredFlash, mut each: impl FnMut(f64, Lit)) {
        let newest_first = self.before.iter().rev().take(MOST_NEIGHBOURS);
        for (onset_secs, lit) in newest_first {
            let delay_secs = onset_secs - scored.onset_secs;
            if (-REACH_SECS..0.0).contains(&delay_secs) {
                each(delay_secs, *lit);
            }
        }
        each(0.0, scored.flash.lit);
        for (delay_secs, lit) in scored.following.iter().take(MOST_NEIGHBOURS) {
            if *delay_secs > 0.0 && *delay_secs <= REACH_SECS {
                each(*delay_secs, *lit);
            }
        }
    }

    /// Seconds since this picture lit up before, within [`RECOVERY_REACH_SECS`].
    pub fn since(&self, scored: &ScoredFlash, picture: usize) -> Option<f64> {
        let last = self.before.iter().rev().find(|(_, lit)| lit.holds(picture))?;
        Some(scored.onset_secs - last.0).filter(|secs| (0.0..=RECOVERY_REACH_SECS).contains(secs))
    }

    /// Seconds since the flash before; `None` for the first.
    pub fn step_secs(&self, scored: &ScoredFlash) -> Option<f64> {
        Some(scored.onset_secs - self.before.back()?.0)
    }

    /// Remembers this flash.
    pub fn pass(&mut self, scored: &ScoredFlash) {
        if self.before.len() == MOST_REMEMBERED {
            self.before.pop_front();
        }
        self.before.push_back((scored.onset_secs, scored.flash.lit));
    }

    /// Other lights for the flashes that are remembered.
    pub fn map(&mut self, change: impl Fn(Lit) -> Lit) {
        self.before.iter_mut().for_each(|(_, lit)| *lit = change(*lit));
    }

    /// Forgets all: another page.
    pub fn clear(&mut self) {
        self.before.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(onset_secs: f64, pictures: &[usize], following: Vec<(f64, Lit)>) -> ScoredFlash {
        let lit = Lit::of(pictures.iter().copied());
        let flash = Flash { page: 0, pictures: 40, lit, sought: None };
        ScoredFlash { flash, onset_secs, score: Some(0.0), following }
    }

    #[test]
    fn neighbours_in_reach_are_told_with_their_delays() {
        let mut trail = Trail::default();
        for i in 0..100 {
            trail.pass(&scored(f64::from(i) * 0.25, &[i as usize % 10], Vec::new()));
        }
        let now =
            scored(25.0, &[3], vec![(0.25, Lit::of([4])), (0.9, Lit::of([5])), (f64::NAN, Lit(1))]);
        let mut seen = Vec::new();
        trail.around(&now, |delay_secs, lit| seen.push((delay_secs, lit.pictures().next())));
        seen.sort_by(|a, b| a.0.total_cmp(&b.0));
        let want =
            [(-0.75, Some(7)), (-0.5, Some(8)), (-0.25, Some(9)), (0.0, Some(3)), (0.25, Some(4))];
        assert_eq!(seen, want);
        assert_eq!((trail.since(&now, 3), trail.since(&now, 9)), (Some(1.75), Some(0.25)));
        assert_eq!((trail.since(&now, 20), trail.step_secs(&now)), (None, Some(0.25)));
        assert!(trail.before.len() <= MOST_REMEMBERED);
    }
}
