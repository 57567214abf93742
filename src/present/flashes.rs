//! One page on which pictures light up, as it happens: what to show in the next frame, and what came of it.
//!
//! Takes the plan of a page, an endless sequence of groups, and the times at which frames were seen; gives what the next
//! frame shows, tells a [`Screen`] what lit up when, and keeps the log of every flash. Knows no window and no clock: the
//! window calls it once a frame, and a [`VirtualDisplay`] does the same without one. It never ends a page for being sure:
//! whoever decides calls [`FlashPresenter::end`].
//!
//! Which flashes count, and how a recording tells it:
//!
//! | what happened | what is said | counts |
//! |---|---|---|
//! | seen within one refresh of the time it was due | `flash/…` at the time it was seen | yes |
//! | seen more than one refresh early or late | `late_flash/…` at the time it was seen, which no reader takes for a flash | no |
//! | no frame came when it was due, or none was seen while it was on | nothing; the same group lights up one interval later | no |
//! | lit when the page was paused | `flash_pause` after it; a window that holds one is left out | no |
//!
//! Whatever is missed, the rest of the page moves back: no picture lights up again before `least_gap_secs` less half a
//! refresh have passed since it was last seen to, whatever the display and the sequence do.

mod log;
mod plan;

pub use log::{Fate, FlashLog, FlashTiming};
pub use plan::{FlashPace, FlashPlan, MOST_FLASHES};

use super::presenter::SeenFrame;
use crate::signal::flash::{FLASH_PREFIX, PAUSE_LABEL};
use crate::signal::{Flash, Lighting, Lit, Marker, Screen};

/// Before the marker of a flash that was seen at another time than it was due.
pub const LATE_PREFIX: &str = "late_";

/// The marker of a page that goes on.
pub const RESUME_LABEL: &str = "flash_resume";

/// Signal after the last flash that belongs to the page: its window (0.8 s) must be whole and have been looked at.
pub const FLASH_TAIL_SECS: f64 = 1.2;

/// So many flashes missed in a row, and the page pauses itself: the window has lost the screen.
const MOST_MISSED: u32 = 8;

/// Refreshes in a second until a frame has told.
const USUAL_HZ: f64 = 60.0;

/// Where a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Everything is dark; the picture that is sought may be named.
    Lead,
    /// Groups light up.
    Flashing,
    /// Kept as it is until it is resumed.
    Paused(Pause),
    /// Every flash was shown; the last windows are being looked at.
    Tail,
    /// Ended by whoever decides, or after the tail.
    Over,
}

/// Why a page is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The viewer wished it, or the headset was lost.
    Asked,
    /// The display brought no frames when flashes were due.
    NoFrames,
}

/// What a frame shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashShowing {
    /// Where the page stands.
    pub phase: Phase,
    /// The pictures that are lit; none between flashes.
    pub lit: Lit,
    /// Number of the flash that is on.
    pub flash: Option<usize>,
    /// Whether the patch for a photodiode is bright: as long as pictures are lit.
    pub patch: bool,
}

/// A flash that is to come or was asked for.
#[derive(Clone, Copy, Debug)]
struct Due {
    lit: Lit,
    due_secs: f64,
    asked_secs: Option<f64>,
}

/// A page under way.
pub struct FlashPresenter {
    plan: FlashPlan,
    code: Box<dyn Iterator<Item = Lit> + Send>,
    phase: Phase,
    next: Option<Due>,
    on: Option<(Lit, f64)>,
    /// Flashes that were seen.
    seen: usize,
    missed_in_a_row: u32,
    /// It paused itself, and the marker is still to be said.
    pause_is_untold: bool,
    last_onset_secs: Vec<f64>,
    refresh_secs: f64,
    tail_from_secs: f64,
    log: FlashLog,
}

impl std::fmt::Debug for FlashPresenter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut all = f.debug_struct("FlashPresenter");
        all.field("plan", &self.plan).field("phase", &self.phase).field("seen", &self.seen);
        all.finish_non_exhaustive()
    }
}

impl FlashPresenter {
    /// A page that begins at `start_secs`, with groups from `code`; where that ends, the page ends too.
    ///
    /// # Errors
    /// A plan that is not possible.
    pub fn new(
        plan: FlashPlan,
        code: Box<dyn Iterator<Item = Lit> + Send>,
        start_secs: f64,
        screen: &Screen,
    ) -> Result<Self, String> {
        plan.check()?;
        screen.turn_to(Some(plan.open_page()));
        let mut page = Self {
            code,
            phase: Phase::Lead,
            next: None,
            on: None,
            seen: 0,
            missed_in_a_row: 0,
            pause_is_untold: false,
            last_onset_secs: vec![f64::NEG_INFINITY; plan.rows.len()],
            refresh_secs: 1.0 / USUAL_HZ,
            tail_from_secs: start_secs,
            log: FlashLog::default(),
            plan,
        };
        page.prepare(start_secs + page.plan.pace.lead_secs);
        Ok(page)
    }

    /// What a frame shows that will be seen at this time: the time now and a refresh more, where frames are seen when the
    /// next one begins.
    pub fn frame(&mut self, at_secs: f64) -> FlashShowing {
        if matches!(self.phase, Phase::Paused(_) | Phase::Over) {
            return self.dark();
        }
        let stays = self.plan.pace.on_secs - self.refresh_secs / 2.0;
        if let Some((lit, onset_secs)) = self.on {
            if at_secs - onset_secs < stays {
                return self.bright(lit, self.seen.saturating_sub(1));
            }
            self.on = None;
        }
        let Some(due) = self.next else {
            if at_secs - self.tail_from_secs >= FLASH_TAIL_SECS {
                self.phase = Phase::Over;
            }
            return self.dark();
        };
        match due.asked_secs {
            Some(asked_secs) if at_secs - asked_secs < stays => self.bright(due.lit, self.seen),
            Some(_) => self.missed(at_secs),
            None => self.first_asked(due, at_secs),
        }
    }

    fn first_asked(&mut self, due: Due, at_secs: f64) -> FlashShowing {
        let half = self.refresh_secs / 2.0;
        if at_secs + half < due.due_secs {
            return self.dark();
        }
        // Where an earlier flash was late, its pictures' next must not come too soon. It is due then, and not late.
        let last = due.lit.pictures().filter_map(|i| self.last_onset_secs.get(i));
        let soonest =
            last.fold(f64::NEG_INFINITY, |a, b| a.max(*b)) + self.plan.pace.least_gap_secs;
        if at_secs + half < soonest {
            self.next = Some(Due { due_secs: soonest, ..due });
            return self.dark();
        }
        if at_secs - due.due_secs > self.refresh_secs {
            return self.missed(at_secs);
        }
        self.phase = Phase::Flashing;
        self.next = Some(Due { asked_secs: Some(at_secs), ..due });
        self.bright(due.lit, self.seen)
    }

    /// The flash that was due was not seen: it is due again one interval from now.
    fn missed(&mut self, at_secs: f64) -> FlashShowing {
        if let Some(due) = &mut self.next {
            self.log.push(FlashTiming::missed(due.lit, due.due_secs));
            *due = Due { due_secs: at_secs + self.plan.pace.soa_secs, asked_secs: None, ..*due };
        }
        self.missed_in_a_row += 1;
        if self.missed_in_a_row >= MOST_MISSED {
            self.phase = Phase::Paused(Pause::NoFrames);
            self.pause_is_untold = true;
        }
        self.dark()
    }

    /// What [`FlashPresenter::frame`] asked for was seen; tells the screen what has lit up.
    pub fn seen(&mut self, showing: FlashShowing, frame: SeenFrame, screen: &Screen) {
        if frame.refresh_hz.is_finite() && (20.0..=1000.0).contains(&frame.refresh_hz) {
            self.refresh_secs = 1.0 / frame.refresh_hz;
        }
        if std::mem::take(&mut self.pause_is_untold) {
            screen.say(Marker::new(frame.at_secs, PAUSE_LABEL));
        }
        let is_running = matches!(self.phase, Phase::Lead | Phase::Flashing);
        if let Some(due) = self.next.filter(|due| due.asked_secs.is_some())
            && showing.flash == Some(self.seen)
            && is_running
        {
            self.appeared(due, frame, screen);
        }
    }

    fn appeared(&mut self, due: Due, frame: SeenFrame, screen: &Screen) {
        let FlashPace { soa_secs, on_secs, .. } = self.plan.pace;
        let at_secs = frame.at_secs;
        let flash = Flash {
            page: self.plan.page,
            pictures: self.plan.pictures(),
            lit: due.lit,
            sought: self.plan.sought,
        };
        // Times of frames are known to a part of a refresh.
        let is_late = (at_secs - due.due_secs).abs() > 1.05 * self.refresh_secs;
        let marker = Marker::new(at_secs, &flash.label());
        let late = || Marker::new(at_secs, &format!("{LATE_PREFIX}{}", marker.label()));
        screen.say(if is_late { late() } else { marker });
        // Whoever looks sees it in any case.
        screen.light(Lighting { flash, onset_secs: at_secs, offset_secs: at_secs + on_secs });
        self.log.push(FlashTiming {
            lit: due.lit,
            due_secs: due.due_secs,
            seen_secs: at_secs,
            uncertainty_secs: frame.uncertainty_secs,
            refresh_hz: frame.refresh_hz,
            missed_frames: frame.missed,
            fate: if is_late { Fate::Late } else { Fate::Counts },
        });
        for picture in due.lit.pictures() {
            if let Some(last) = self.last_onset_secs.get_mut(picture) {
                *last = at_secs;
            }
        }
        self.on = Some((due.lit, at_secs));
        self.seen += 1;
        self.missed_in_a_row = 0;
        self.tail_from_secs = at_secs;
        // After a late flash the rest moves back; within half a refresh the beat is kept.
        self.prepare((due.due_secs + soa_secs).max(at_secs + soa_secs - self.refresh_secs / 2.0));
    }

    fn prepare(&mut self, due_secs: f64) {
        let lit = if self.seen < self.plan.most_flashes { self.code.next() } else { None };
        self.next = lit.map(|lit| Due { lit, due_secs, asked_secs: None });
        if self.next.is_none() {
            self.phase = Phase::Tail;
        }
    }

    /// The page stands still and is kept: the headset was lost, or the viewer wishes it. A flash that is on does not
    /// count; one that was asked for and not yet seen comes again.
    pub fn pause(&mut self, at_secs: f64, screen: &Screen) {
        if !matches!(self.phase, Phase::Lead | Phase::Flashing) {
            return;
        }
        self.phase = Phase::Paused(Pause::Asked);
        if self.on.take().is_some() {
            self.log.cut_last();
        }
        screen.say(Marker::new(at_secs, PAUSE_LABEL));
    }

    /// The page goes on where it stood, after the lead-in. Nothing happens to one that is not paused.
    pub fn resume(&mut self, at_secs: f64, screen: &Screen) {
        if !matches!(self.phase, Phase::Paused(_)) {
            return;
        }
        self.phase = Phase::Lead;
        self.missed_in_a_row = 0;
        if let Some(due) = &mut self.next {
            *due = Due { due_secs: at_secs + self.plan.pace.lead_secs, asked_secs: None, ..*due };
        }
        screen.say(Marker::new(at_secs, RESUME_LABEL));
    }

    /// Ends the page: the verdict is there, or nobody wants one any more.
    pub fn end(&mut self) {
        self.phase = Phase::Over;
        (self.on, self.next) = (None, None);
    }

    fn bright(&self, lit: Lit, flash: usize) -> FlashShowing {
        FlashShowing { phase: self.phase, lit, flash: Some(flash), patch: true }
    }

    fn dark(&self) -> FlashShowing {
        FlashShowing { phase: self.phase, lit: Lit::default(), flash: None, patch: false }
    }

    /// Where the page stands.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The plan.
    pub fn plan(&self) -> &FlashPlan {
        &self.plan
    }

    /// Flashes that were seen, late ones too.
    pub fn flashes(&self) -> usize {
        self.seen
    }

    /// Every flash that was due.
    pub fn log(&self) -> &FlashLog {
        &self.log
    }
}

/// Flashes and markers that a screen must have room for while a page of so many flashes is shown.
pub fn flash_capacity(most_flashes: usize) -> usize {
    2 * most_flashes.min(MOST_FLASHES) + 64
}

/// Whether a marker is a flash that was seen late.
pub fn is_late(label: &str) -> bool {
    label.strip_prefix(LATE_PREFIX).is_some_and(|flash| flash.starts_with(FLASH_PREFIX))
}

/// A display without a window, that refreshes sixty times a second and misses nothing.
#[derive(Debug)]
pub struct VirtualDisplay {
    start_secs: f64,
    refresh: u64,
}

impl VirtualDisplay {
    /// A display whose first frame is seen at `start_secs`.
    pub fn new(start_secs: f64) -> Self {
        Self { start_secs, refresh: 0 }
    }

    /// When the next frame is seen.
    pub fn next_secs(&self) -> f64 {
        self.start_secs + self.refresh as f64 / USUAL_HZ
    }

    /// Shows every frame that is seen until then; says whether the page goes on.
    pub fn advance(&mut self, until_secs: f64, page: &mut FlashPresenter, screen: &Screen) -> bool {
        while page.phase() != Phase::Over && self.next_secs() <= until_secs {
            let at_secs = self.next_secs();
            let showing = page.frame(at_secs);
            let uncertainty_secs = 0.5 / USUAL_HZ;
            let frame = SeenFrame { at_secs, uncertainty_secs, refresh_hz: USUAL_HZ, missed: 0 };
            page.seen(showing, frame, screen);
            self.refresh += 1;
        }
        page.phase() != Phase::Over
    }
}

#[cfg(test)]
#[path = "flashes_tests.rs"]
mod tests;
