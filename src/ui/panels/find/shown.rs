//! One page on the screen: its presenter, what was painted last, and why it stands still.
//!
//! Takes the frames of the window and whether the headset sends; gives what to paint. A page whose headset is lost is paused
//! and kept; it goes on when the headset is back and somebody wishes it.

use crate::find::code::{Code, Page};
use crate::present::flashes::{
    FlashLog, FlashPace, FlashPlan, FlashPresenter, FlashShowing, Pause, Phase,
};
use crate::present::presenter::SeenFrame;
use crate::signal::Screen;

use super::sheet;

/// What a page is made of.
pub(super) struct Deal {
    /// Another number for every page of the program's run.
    pub number: u32,
    /// Rows of the set.
    pub rows: Vec<usize>,
    /// The picture to look for; none where the choice is free.
    pub sought: Option<u8>,
    pub pace: FlashPace,
    pub repetitions: usize,
    pub seed: u64,
}

/// A page under way.
pub(super) struct Shown {
    page: Page,
    most_lit: usize,
    presenter: FlashPresenter,
    /// What the frame before this one shows.
    painted: Option<FlashShowing>,
    /// The headset sends nothing.
    is_away: bool,
    /// It was lost while this page was on.
    was_away: bool,
}

impl Shown {
    /// The page begins now.
    ///
    /// # Errors
    /// Why it cannot be shown.
    pub fn new(deal: Deal, now_secs: f64, screen: &Screen) -> Result<Self, String> {
        let Deal { number, rows, sought, pace, repetitions, seed } = deal;
        let page = Page::new(rows.len()).map_err(|why| why.to_string())?;
        let code = Code::new(page, seed.wrapping_add(u64::from(number)), sheet::rules(&pace))
            .map_err(|why| why.to_string())?;
        let most_lit = code.largest_group();
        let plan = FlashPlan {
            page: number,
            rows,
            sought,
            pace,
            most_flashes: repetitions * code.flashes_per_repetition(),
        };
        let presenter = FlashPresenter::new(plan, Box::new(code), now_secs, screen)?;
        let (painted, is_away, was_away) = (None, false, false);
        Ok(Self { page, most_lit, presenter, painted, is_away, was_away })
    }

    pub fn page(&self) -> Page {
        self.page
    }

    /// Most pictures that light up together.
    pub fn most_lit(&self) -> usize {
        self.most_lit
    }

    pub fn plan(&self) -> &FlashPlan {
        self.presenter.plan()
    }

    pub fn log(&self) -> &FlashLog {
        self.presenter.log()
    }

    pub fn is_over(&self) -> bool {
        self.presenter.phase() == Phase::Over
    }

    pub fn end(&mut self) {
        self.presenter.end();
    }

    /// What was painted has come onto the display.
    pub fn seen(&mut self, frame: Option<SeenFrame>, screen: &Screen) {
        if let (Some(showing), Some(frame)) = (self.painted.take(), frame) {
            self.presenter.seen(showing, frame, screen);
        }
    }

    /// What to paint for this time.
    pub fn frame(&mut self, at_secs: f64) -> FlashShowing {
        let showing = self.presenter.frame(at_secs);
        self.painted = Some(showing);
        showing
    }

    /// Whether the headset sends.
    pub fn follow(&mut self, is_away: bool, now_secs: f64, screen: &Screen) {
        if is_away && !self.is_away {
            self.presenter.pause(now_secs, screen);
            self.was_away = true;
        }
        self.is_away = is_away;
    }

    /// Stands still, or goes on; it does not go on without a headset.
    pub fn toggle(&mut self, now_secs: f64, screen: &Screen) {
        match self.presenter.phase() {
            Phase::Paused(_) if self.is_away => {}
            Phase::Paused(_) => {
                self.was_away = false;
                self.presenter.resume(now_secs, screen);
            }
            _ => self.presenter.pause(now_secs, screen),
        }
    }

    /// Why the page stands still, in words; nothing where it does not.
    pub fn note(&self) -> Option<&'static str> {
        let Phase::Paused(pause) = self.presenter.phase() else { return None };
        Some(match (pause, self.is_away, self.was_away) {
            (_, true, _) => {
                "The headset is lost. This page is kept: it can go on when the headset is back."
            }
            (_, false, true) => "The headset is back. Space goes on with this page.",
            (Pause::NoFrames, ..) => {
                "The display came too late for eight flashes in a row. Bring this window to the front, close other programs; Space goes on."
            }
            (Pause::Asked, ..) => "Paused. Space goes on, Escape ends.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::flash::PAUSE_LABEL;

    const PERIOD_SECS: f64 = 1.0 / 60.0;

    fn shown(screen: &Screen) -> Shown {
        let pace = FlashPace { lead_secs: 0.1, ..FlashPace::default() };
        let rows = (0..20).collect();
        let deal = Deal { number: 3, rows, sought: None, pace, repetitions: 2, seed: 1 };
        Shown::new(deal, 0.0, screen).unwrap()
    }

    /// Frames until then; the flashes that were told.
    fn run(page: &mut Shown, from_secs: f64, to_secs: f64, screen: &Screen) -> usize {
        let frames = ((to_secs - from_secs) / PERIOD_SECS) as usize;
        for i in 0..frames {
            let at_secs = from_secs + i as f64 * PERIOD_SECS;
            let frame =
                SeenFrame { at_secs, uncertainty_secs: PERIOD_SECS, refresh_hz: 60.0, missed: 0 };
            page.seen(Some(frame), screen);
            page.frame(at_secs + PERIOD_SECS);
        }
        std::iter::from_fn(|| screen.next_marker())
            .filter(|marker| marker.label().starts_with("flash/"))
            .count()
    }

    #[test]
    fn a_lost_headset_keeps_the_page_until_it_is_back_and_somebody_goes_on() {
        let screen = Screen::new(1000);
        let mut page = shown(&screen);
        let before = run(&mut page, 0.0, 1.0, &screen);
        assert!(before >= 3 && page.note().is_none());
        page.follow(true, 1.0, &screen);
        assert_eq!(screen.next_marker().map(|m| m.label() == PAUSE_LABEL), Some(true));
        assert!(page.note().unwrap().contains("lost"));
        page.toggle(1.5, &screen);
        assert!(page.note().unwrap().contains("lost"), "it does not go on without a headset");
        assert_eq!(run(&mut page, 1.5, 3.0, &screen), 0);
        page.follow(false, 3.0, &screen);
        assert!(page.note().unwrap().contains("back"));
        assert_eq!(run(&mut page, 3.0, 4.0, &screen), 0, "not by itself");
        page.toggle(4.0, &screen);
        let after = run(&mut page, 4.0, 9.0, &screen);
        assert!(page.is_over() && before + after >= page.plan().most_flashes - 1, "{after}");
    }

    #[test]
    fn space_pauses_and_goes_on() {
        let screen = Screen::new(1000);
        let mut page = shown(&screen);
        run(&mut page, 0.0, 1.0, &screen);
        page.toggle(1.0, &screen);
        assert!(page.note().unwrap().contains("Paused"));
        page.toggle(2.0, &screen);
        assert!(page.note().is_none() && run(&mut page, 2.0, 3.0, &screen) > 2);
    }
}
