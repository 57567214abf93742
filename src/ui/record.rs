//! Which decode is on the screen: one record at a time, for all panels.
//!
//! Takes each frame's snapshot and gives it back with the decode that is to be shown. Seen, picture, evidence and control
//! are then always of the same windows. Free-running decodes come many times a second: each stays for [`LEAST_SECS`],
//! so that nothing flickers at rates that can provoke seizures (3 Hz and above; W3C, WCAG 2.2, success criterion 2.3.1).
//! After a seek nothing is shown until a window of the new place is decoded.

use std::sync::Arc;

use crate::signal::Lock;
use crate::snapshot::{DecodeView, Snapshot};

/// How long a free-running decode stays on the screen.
pub const LEAST_SECS: f64 = 0.5;

/// The record on the screen.
#[derive(Debug, Default)]
pub struct OnScreen {
    shown: Option<Arc<DecodeView>>,
    since_secs: f64,
    seeks: u64,
    /// The window that was newest when a place was sought: it is of the place before.
    stale: Option<u64>,
}

impl OnScreen {
    /// Forgets everything, as before a new run.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Puts the decode to show into the snapshot; `seeks` counts the places sought in a replay.
    pub fn follow(&mut self, snapshot: &mut Snapshot, seeks: u64, now_secs: f64) {
        let newest = snapshot.decode.take();
        if seeks != self.seeks {
            let stale = newest.as_ref().map(|newest| newest.window);
            (self.seeks, self.shown, self.stale) = (seeks, None, stale);
        }
        if let Some(window) = self.stale
            && newest.as_ref().is_some_and(|newest| newest.window != window)
        {
            // Another window: from now on all are of the new place.
            self.stale = None;
        }
        // Its draws and twin may still be on their way.
        let stale = |newest: &Arc<DecodeView>| self.stale == Some(newest.window);
        if let Some(newest) = newest.filter(|newest| !stale(newest))
            && self.may_replace(&newest, now_secs)
        {
            if self.shown.as_ref().map(|shown| shown.window) != Some(newest.window) {
                self.since_secs = now_secs;
            }
            self.shown = Some(newest);
        }
        snapshot.decode = self.shown.clone();
    }

    fn may_replace(&self, newest: &DecodeView, now_secs: f64) -> bool {
        let Some(shown) = &self.shown else { return true };
        // The same window with its draws and twin, an onset's own picture, or long enough.
        newest.window == shown.window
            || newest.lock != Lock::Free
            || now_secs - self.since_secs >= LEAST_SECS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(window: u64, lock: Lock) -> Option<Arc<DecodeView>> {
        Some(Arc::new(DecodeView { window, lock, ..DecodeView::default() }))
    }

    fn shown(
        on_screen: &mut OnScreen,
        newest: &Option<Arc<DecodeView>>,
        seeks: u64,
        now: f64,
    ) -> Option<u64> {
        let mut snapshot = Snapshot { decode: newest.clone(), ..Snapshot::default() };
        on_screen.follow(&mut snapshot, seeks, now);
        snapshot.decode.map(|decode| decode.window)
    }

    #[test]
    fn free_running_decodes_stay_for_half_a_second_and_onsets_come_at_once() {
        let mut screen = OnScreen::default();
        assert_eq!(shown(&mut screen, &decode(1, Lock::Free), 0, 0.0), Some(1));
        assert_eq!(shown(&mut screen, &decode(2, Lock::Free), 0, 0.1), Some(1));
        assert_eq!(shown(&mut screen, &decode(6, Lock::Free), 0, 0.5), Some(6));
        let locked = Lock::Stimulus { row: Some(3), onset_secs: 1.0 };
        assert_eq!(shown(&mut screen, &decode(7, locked), 0, 0.6), Some(7));
    }

    #[test]
    fn after_a_seek_nothing_of_the_place_before_is_shown() {
        let (mut screen, old) = (OnScreen::default(), decode(9, Lock::Free));
        assert_eq!(shown(&mut screen, &old, 0, 0.0), Some(9));
        assert_eq!(shown(&mut screen, &old, 1, 0.1), None);
        assert_eq!(shown(&mut screen, &old, 1, 9.0), None, "while paused nothing new comes");
        assert_eq!(shown(&mut screen, &decode(4, Lock::Free), 1, 9.1), Some(4));
    }
}
