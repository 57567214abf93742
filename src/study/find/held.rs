//! Pages held without a window: the virtual person before a virtual display that misses no refresh.
//!
//! Takes an opened source whose person sees a [`Screen`]; shows page after page on it, in the source's own time, and gives every
//! window to whoever looks for the answer, who says when a page is over. The presenter is the one of the window.

use std::sync::Arc;

use serde::Serialize;

use crate::find::code::{Code, CodeRules, Page};
use crate::find::{FindView, Verdict};
use crate::present::flashes::{
    FLASH_TAIL_SECS, FlashPace, FlashPlan, FlashPresenter, Phase, VirtualDisplay,
};
use crate::signal::{Screen, Window};
use crate::study::error::PersonalError;

use super::windows::FlashWindows;

/// How far ahead of the signal the display is shown, in seconds: a step of the source must find what happens in it.
const AHEAD_SECS: f64 = 0.1;

/// A page that was held.
#[derive(Clone, Debug, Serialize)]
pub struct HeldPage {
    /// Its number.
    pub page: u32,
    /// What the wearer was told to look for.
    pub sought: Option<usize>,
    /// How the search ended.
    pub verdict: Verdict,
    /// The picture that was found.
    pub found: Option<usize>,
    /// Its probability; where none was found, the largest on the page.
    pub probability: f64,
    /// Probability that nobody is looking.
    pub nobody: f64,
    /// Flashes.
    pub flashes: u64,
    /// Those of them whose window was refused.
    pub refused: u64,
    /// Seconds of flashing.
    pub secs: f64,
    /// Seconds with all that lies before the first flash and behind the last.
    pub secs_with_pauses: f64,
}

impl HeldPage {
    /// How a page stands.
    pub fn of(view: &FindView) -> Self {
        let found = view.verdict.found();
        let best = view.probabilities.iter().copied().fold(0.0, f64::max);
        Self {
            page: view.page.unwrap_or_default(),
            sought: view.sought,
            verdict: view.verdict,
            found,
            probability: best,
            nobody: view.nobody,
            flashes: view.flashes,
            refused: view.flashes - view.scored,
            secs: view.secs,
            secs_with_pauses: view.secs,
        }
    }
}

/// Pages before the virtual person.
pub struct Held {
    windows: FlashWindows,
    screen: Arc<Screen>,
    display: VirtualDisplay,
    pace: FlashPace,
    seed: u64,
    next_page: u32,
}

impl Held {
    /// Before the first page. The source must have been made before this screen.
    pub fn new(windows: FlashWindows, screen: Arc<Screen>, pace: FlashPace, seed: u64) -> Self {
        screen.set_open(true);
        let display = VirtualDisplay::new(0.0);
        Self { windows, screen, display, pace, seed, next_page: 0 }
    }

    /// What the pages are read from.
    pub fn windows(&self) -> &FlashWindows {
        &self.windows
    }

    /// Holds one page of these rows of the pictures: `sought` is what the wearer is told to look for, else the choice is its
    /// own. `on_window` says when the page is over; after so many repetitions it is anyway. False when the source came to its end.
    ///
    /// # Errors
    /// As [`FlashWindows::step`]; [`PersonalError::Unexpected`] for a page that cannot be shown.
    pub fn page(
        &mut self,
        rows: &[usize],
        sought: Option<u8>,
        repetitions: usize,
        on_window: &mut dyn FnMut(&Window) -> bool,
    ) -> Result<bool, PersonalError> {
        let mut presenter = self.presenter(rows, sought, repetitions)?;
        self.next_page += 1;
        let mut end_secs = None;
        loop {
            let reached_secs = self.windows.reached_secs().max(0.0);
            let until_secs = reached_secs + AHEAD_SECS;
            self.display.advance(until_secs, &mut presenter, &self.screen);
            if end_secs.is_some_and(|end| reached_secs >= end) {
                return Ok(true);
            }
            let mut found = false;
            if !self.windows.step(&mut |window| found |= on_window(window))? {
                return Ok(false);
            }
            if end_secs.is_none() && (found || presenter.phase() == Phase::Over) {
                // What was lit up to now is waited for: its windows belong to this page, and not to the next.
                presenter.end();
                end_secs = Some(until_secs + FLASH_TAIL_SECS);
            }
        }
    }

    fn presenter(
        &self,
        rows: &[usize],
        sought: Option<u8>,
        repetitions: usize,
    ) -> Result<FlashPresenter, PersonalError> {
        let bad = |why: String| PersonalError::Unexpected(why);
        let page = Page::new(rows.len()).map_err(|why| bad(why.to_string()))?;
        let FlashPace { soa_secs, least_gap_secs, .. } = self.pace;
        let rules = CodeRules { soa_secs, least_gap_secs, ..CodeRules::default() };
        let seed = self.seed.wrapping_add(u64::from(self.next_page));
        let code = Code::new(page, seed, rules).map_err(|why| bad(why.to_string()))?;
        let plan = FlashPlan {
            page: self.next_page,
            rows: rows.to_vec(),
            sought,
            pace: self.pace,
            most_flashes: repetitions * code.flashes_per_repetition(),
        };
        FlashPresenter::new(plan, Box::new(code), self.display.next_secs(), &self.screen)
            .map_err(bad)
    }

    /// Ends the session: the screen closes, the recording is made whole.
    ///
    /// # Errors
    /// As [`FlashWindows::close`].
    pub fn close(self) -> Result<(), PersonalError> {
        self.screen.set_open(false);
        self.windows.close()
    }
}
