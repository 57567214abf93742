//! What became of the windows of the last minute.
//!
//! Takes the run's counts whenever somebody looks; gives what was added to them in the last minute. Keeps at most one count a
//! second.

use std::collections::VecDeque;

use super::{Snapshot, WindowCounts};
use crate::signal::Abstention;

/// Seconds that are looked back.
const SPAN_SECS: f64 = 60.0;

/// Windows by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecentWindows {
    /// Completed by the signal stage.
    pub made: u64,
    /// Replaced by newer ones before the decoder was free.
    pub skipped: u64,
    /// Refused because samples were missing in them.
    pub gaps: u64,
    /// Refused because the filters had not settled.
    pub settling: u64,
    /// Decoded or refused for whatever reason.
    pub known: u64,
}

impl RecentWindows {
    /// All of a run.
    pub fn of_run(counts: &WindowCounts) -> Self {
        let refused = |why: Abstention| counts.abstained.get(&why).copied().unwrap_or(0);
        Self {
            made: counts.made,
            skipped: counts.skipped,
            gaps: refused(Abstention::Gap),
            settling: refused(Abstention::Settling),
            known: counts.abstained.values().sum::<u64>() + counts.decoded,
        }
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            made: self.made.saturating_sub(before.made),
            skipped: self.skipped.saturating_sub(before.skipped),
            gaps: self.gaps.saturating_sub(before.gaps),
            settling: self.settling.saturating_sub(before.settling),
            known: self.known.saturating_sub(before.known),
        }
    }
}

impl Snapshot {
    /// Windows of the last minute; of the whole run where nobody counted by the minute.
    pub fn recent_windows(&self) -> RecentWindows {
        self.recent.unwrap_or_else(|| RecentWindows::of_run(&self.windows))
    }
}

/// The counts of the last minute, about one a second.
#[derive(Debug, Default)]
pub struct WindowHistory(VecDeque<(f64, RecentWindows)>);

impl WindowHistory {
    /// Takes the run's counts as they are now; gives those of the last minute.
    pub fn follow(&mut self, now_secs: f64, counts: &WindowCounts) -> RecentWindows {
        let now = RecentWindows::of_run(counts);
        match self.0.back() {
            None => self.0.push_back((now_secs, RecentWindows::default())),
            Some((last_secs, _)) if now_secs - last_secs >= 1.0 => {
                self.0.push_back((now_secs, now))
            }
            Some(_) => {}
        }
        // The oldest is as old as a minute, or the run's beginning.
        while self.0.get(1).is_some_and(|(secs, _)| now_secs - secs >= SPAN_SECS) {
            self.0.pop_front();
        }
        self.0.front().map_or(now, |(_, before)| now.since(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_before_the_last_minute_is_forgotten_and_memory_is_bounded() {
        let (mut history, mut counts) = (WindowHistory::default(), WindowCounts::default());
        let mut seen = RecentWindows::default();
        for tenth in 0..3000_u64 {
            let secs = tenth as f64 / 10.0;
            counts.made += 1;
            // The first two minutes were bad.
            counts.skipped += u64::from(secs < 120.0);
            seen = history.follow(secs, &counts);
            if tenth == 300 {
                assert_eq!((seen.made, seen.skipped), (301, 301), "all since the beginning");
            }
        }
        assert_eq!(seen.skipped, 0);
        assert!((600..=620).contains(&seen.made), "{}", seen.made);
        assert!(history.0.len() <= 62, "{}", history.0.len());
    }
}
