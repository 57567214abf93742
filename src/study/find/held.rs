//! Pages held without a window: the virtual person before a virtual display that misses no refresh.
//!
//! Takes an opened source whose person sees a [`Screen`]; shows page after page on it, in the source's own time, and gives every
//! window to whoever looks for the answer, who says when a page is over. The presenter is the one of the window.

use std::sync::Arc;

use serde::Serialize;

use crate::find::{FindView, Verdict};
use crate::present::flashes::{FlashPlan, FlashPresenter};
use crate::present::presenter::SeenFrame;
use crate::signal::screen::PageShown;
use crate::signal::{Screen, Window};
use crate::study::error::PersonalError;

use super::windows::FlashWindows;

/// Refresh rate of the virtual display.
const VIRTUAL_HZ: f64 = 60.0;

/// How far ahead of the signal the display is shown, in seconds: a step of the source must find what happens in it.
const AHEAD_SECS: f64 = 0.1;

/// How fast pages are shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pace {
    /// From flash to flash.
    pub soa_secs: f64,
    /// How long a flash lasts.
    pub on_secs: f64,
    /// From the page's appearance to its first flash.
    pub lead_secs: f64,
    /// Signal behind the last flash of a page.
    pub tail_secs: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { soa_secs: 0.175, on_secs: 0.1, lead_secs: 1.0, tail_secs: 1.0 }
    }
}

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
    /// Its probability.
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
    pace: Pace,
    seed: u64,
    next_page: u32,
    /// Refreshes of the display so far.
    refresh: u64,
    is_over: bool,
}

impl Held {
    /// Before the first page. The source must have been made before this screen.
    pub fn new(windows: FlashWindows, screen: Arc<Screen>, pace: Pace, seed: u64) -> Self {
        screen.set_open(true);
        Self { windows, screen, pace, seed, next_page: 0, refresh: 0, is_over: false }
    }

    /// What the pages are read from.
    pub fn windows(&self) -> &FlashWindows {
        &self.windows
    }

    /// Holds one page of so many pictures: `sought` is told to the wearer, else the choice is its own (`nearest` is what it
    /// would choose, where somebody worked that out). `on_window` says when the page is over; after so many repetitions it is
    /// anyway. False when the source came to its end.
    ///
    /// # Errors
    /// As [`FlashWindows::step`]; [`PersonalError::Unexpected`] for a page that cannot be shown.
    pub fn page(
        &mut self,
        pictures: usize,
        told: (Option<u8>, Option<u8>),
        repetitions: usize,
        on_window: &mut dyn FnMut(&Window) -> bool,
    ) -> Result<bool, PersonalError> {
        let (sought, nearest) = told;
        let page = self.next_page;
        self.next_page += 1;
        let plan = FlashPlan {
            page,
            pictures,
            sought,
            soa_secs: self.pace.soa_secs,
            on_secs: self.pace.on_secs,
            lead_secs: self.pace.lead_secs,
            most_repetitions: repetitions,
            seed: self.seed.wrapping_add(u64::from(page)),
        };
        let start_secs = self.refresh as f64 / VIRTUAL_HZ;
        let mut presenter = FlashPresenter::new(plan, start_secs)
            .map_err(|why| PersonalError::Unexpected(why.to_string()))?;
        let columns = presenter.columns();
        self.screen.turn_to(PageShown { page, pictures, columns, nearest });
        let mut end_secs = None;
        while !self.is_over {
            let reached_secs = self.windows.reached_secs().max(0.0);
            if end_secs.is_some_and(|end| reached_secs >= end) {
                break;
            }
            self.show(&mut presenter, reached_secs + AHEAD_SECS, end_secs.is_some());
            let mut found = false;
            let goes_on = self.windows.step(&mut |window| found |= on_window(window))?;
            self.is_over = !goes_on;
            if end_secs.is_none() && (found || presenter.is_over()) {
                // What was lit up to now is waited for: its windows belong to this page, and not to the next.
                end_secs = Some(reached_secs + AHEAD_SECS + self.pace.tail_secs);
            }
        }
        Ok(!self.is_over)
    }

    /// Shows every refresh up to a time; nothing new lights up once the page is over.
    fn show(&mut self, presenter: &mut FlashPresenter, until_secs: f64, is_over: bool) {
        loop {
            let at_secs = self.refresh as f64 / VIRTUAL_HZ;
            if at_secs > until_secs {
                return;
            }
            self.refresh += 1;
            if is_over {
                presenter.end();
            }
            let showing = presenter.frame(at_secs);
            let frame = SeenFrame {
                at_secs,
                uncertainty_secs: 0.5 / VIRTUAL_HZ,
                refresh_hz: VIRTUAL_HZ,
                missed: 0,
            };
            presenter.seen(showing, frame, &self.screen);
        }
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
