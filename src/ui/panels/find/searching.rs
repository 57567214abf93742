//! A search: the run begins anew with the wearer, then page after page until somebody leaves.
//!
//! ```text
//! Connecting ─settled─► Page ─verdict, or every flash shown─► Told ─Enter, N, B─► Page
//! ```

use std::path::PathBuf;
use std::sync::Arc;

use egui::Key;

use super::choice;
use super::copying::{follow, is_away};
use super::keyboard::pressed;
use super::sheet::Sheet;
use super::shown::{Deal, Shown};
use super::told::Told;
use super::trail::Trail;
use super::work::{SearchStep, Searching, seed_of};
use super::{FindPanel, Now, Run, Stage};
use crate::find::{FindView, Wearer};
use crate::pipeline::finding::FindConfig;
use crate::pipeline::{Command, Recording};
use crate::present::safety::{self, Safety};
use crate::snapshot::RunState;
use crate::time::clock::utc_now_iso8601;

/// Signal before the first flash: the filters have settled, and the eyes too.
const SETTLE_SECS: f64 = 3.0;

/// What a page came to stays for so long, whatever key was just being pressed.
const LEAST_LOOK_SECS: f64 = 0.6;

/// Pages are shown for so many repetitions more than the rule allows: the last responses come after.
const SPARE_REPETITIONS: usize = 1;

/// What came of a key.
enum Next {
    Stay,
    Turn,
    Leave,
}

impl FindPanel {
    pub(super) fn begin_search(&mut self, wearer: Arc<Wearer>, now: &mut Now<'_, '_>) -> Stage {
        let seed = seed_of(now.scene.now_secs);
        let trail = Trail::new(&self.stimuli, self.choice.count, seed, self.choice.steers);
        let trail = match trail {
            Ok(trail) => trail,
            Err(why) => return self.broken(why, None, now),
        };
        let rule = self.choice.rule();
        let pace = choice::pace(Some(&wearer));
        let config = FindConfig { wearer, rule, seed };
        self.run = Some(Run(Some(Arc::new(config))));
        self.enter_fullscreen(now.ctx);
        now.ctx.request_repaint();
        let repetitions = self.choice.most_repetitions;
        let step = SearchStep::Connecting { since_secs: now.scene.now_secs };
        let (kept, is_keeping) = (None, false);
        let all = Searching { trail, pace, repetitions, seed, step, kept, is_keeping };
        Stage::Searching(Box::new(all))
    }

    pub(super) fn searching(&mut self, mut all: Box<Searching>, now: &mut Now<'_, '_>) -> Stage {
        now.ctx.request_repaint();
        if let RunState::Failed { message, .. } = &now.scene.snapshot.run {
            return self.stop_search(message.clone(), now);
        }
        if now.scene.snapshot.run == RunState::Ended {
            return self.stop_search("The source has ended".into(), now);
        }
        if Self::wants_out(now) {
            return self.leave_search(now);
        }
        let next = match &mut all.step {
            SearchStep::Connecting { since_secs } => {
                let is_there = is_settled(*since_secs, now);
                if is_there {
                    self.open_pages(now);
                }
                if is_there { Next::Turn } else { Next::Stay }
            }
            SearchStep::Page(shown) => {
                if let Some(told) = self.told(shown, now) {
                    let since_secs = now.scene.now_secs;
                    all.step = SearchStep::Told { told: Box::new(told), since_secs };
                }
                Next::Stay
            }
            SearchStep::Told { told, since_secs } => {
                let (told, since_secs) = (told.clone(), *since_secs);
                self.after_page(&mut all, &told, since_secs, now)
            }
        };
        match next {
            Next::Stay => Stage::Searching(all),
            Next::Leave => self.leave_search(now),
            Next::Turn => match self.next_page(&all, now) {
                Ok(shown) => {
                    all.step = SearchStep::Page(Box::new(shown));
                    (all.kept, all.is_keeping) = (None, false);
                    Stage::Searching(all)
                }
                Err(why) => self.stop_search(why, now),
            },
        }
    }

    /// The first page may come.
    fn open_pages(&self, now: &mut Now<'_, '_>) {
        if let Some(screen) = now.engine.screen() {
            screen.set_open(true);
        }
        if self.choice.records {
            let stamp = utc_now_iso8601().replace(':', "");
            let file = now.scene.view.record_folder.join(format!("find_{stamp}.xdf"));
            now.engine.send(Command::StartRecording(Recording::to(file)));
        }
    }

    fn next_page(&mut self, all: &Searching, now: &mut Now<'_, '_>) -> Result<Shown, String> {
        let rows = all.trail.page().to_vec();
        self.load(&rows, now);
        let deal = Deal {
            number: self.next_page,
            rows,
            sought: None,
            pace: all.pace,
            repetitions: all.repetitions + SPARE_REPETITIONS,
            seed: all.seed,
        };
        self.turn_to(deal, now)
    }

    /// Goes one frame on; what the page came to, once it is over.
    fn told(&self, shown: &mut Shown, now: &Now<'_, '_>) -> Option<Told> {
        let is_shown = follow(shown, now);
        let found = now.scene.snapshot.found.as_deref();
        let view = found.filter(|view| view.page == Some(shown.plan().page));
        let is_decided = view.is_some_and(is_decided);
        if !is_shown && !is_decided {
            return None;
        }
        shown.end();
        let labels = self.labels(&shown.plan().rows);
        Some(Told::of(view, shown.log(), &shown.plan().rows, &labels))
    }

    fn after_page(
        &mut self,
        all: &mut Searching,
        told: &Told,
        since_secs: f64,
        now: &mut Now<'_, '_>,
    ) -> Next {
        if all.is_keeping
            && let Some(kept) = now.engine.path_kept()
        {
            (all.kept, all.is_keeping) = (Some(kept), false);
        }
        let keys = [Key::Enter, Key::N, Key::B, Key::K].map(|key| pressed(now.ctx, key));
        if now.scene.now_secs - since_secs < LEAST_LOOK_SECS || is_away(now.scene.snapshot) {
            return Next::Stay;
        }
        let withheld = matches!(told.end, super::told::End::Withheld(_));
        match keys {
            [true, ..] if withheld => Next::Leave,
            [true, ..] => {
                if let (Some(picture), Some(probability)) = (told.picture(), told.probability()) {
                    // A path that is full stays as it is: the page is shown again.
                    let _ = all.trail.choose(picture, probability);
                }
                Next::Turn
            }
            [_, true, ..] if !withheld => {
                let _ = all.trail.pass();
                Next::Turn
            }
            [_, _, true, _] if !withheld && all.trail.back() => Next::Turn,
            [_, _, _, true] => {
                self.keep(all, told, now);
                Next::Stay
            }
            _ => Next::Stay,
        }
    }

    /// Writes the path with this picture at its end.
    fn keep(&mut self, all: &mut Searching, told: &Told, now: &mut Now<'_, '_>) {
        let Some(row) = told.row.filter(|_| !all.is_keeping && all.kept.is_none()) else { return };
        let rows = all.trail.chosen().into_iter().chain([row]);
        let picture = |row: usize| now.engine.stimulus_picture(u16::try_from(row).ok()?);
        let pictures = rows.filter_map(picture).collect();
        let stamp = utc_now_iso8601().replace(':', "");
        let file: PathBuf = self.folder.join(format!("found_{stamp}.png"));
        all.trail.kept = Some(row);
        all.is_keeping = true;
        now.engine.keep_path(file, pictures);
    }

    /// A page flashes no worse on this screen than what was accepted.
    pub(super) fn may_be_shown(&self, shown: &Shown, screen: egui::Rect) -> Result<(), String> {
        let sheet = Sheet::new(screen, shown.page());
        let verdict = safety::judge(&sheet.look(&shown.plan().pace, shown.most_lit()));
        let accepted = match &self.safety {
            Some(Ok(accepted)) if self.choice.accepted => Some(accepted),
            _ => None,
        };
        let is_fine = match (&verdict, accepted) {
            (Safety::Safe, _) => true,
            (_, None) => false,
            (Safety::Warn(_), Some(_)) => true,
            (Safety::Refuse(_), Some(accepted)) => matches!(accepted, Safety::Refuse(_)),
        };
        if is_fine { Ok(()) } else { Err(verdict.to_string()) }
    }

    fn leave_search(&mut self, now: &mut Now<'_, '_>) -> Stage {
        self.end_search(now);
        self.leave_fullscreen(now.ctx);
        now.ctx.request_repaint();
        self.back_to_start()
    }

    fn stop_search(&mut self, why: String, now: &mut Now<'_, '_>) -> Stage {
        self.end_search(now);
        self.broken(why, None, now)
    }

    /// Reconstruction again.
    fn end_search(&mut self, now: &mut Now<'_, '_>) {
        if self.choice.records {
            now.engine.send(Command::StopRecording);
        }
        if let Some(screen) = now.engine.screen() {
            screen.set_open(false);
        }
        self.run = Some(Run(None));
    }
}

fn is_decided(view: &FindView) -> bool {
    view.verdict.is_over() || view.withheld.is_some()
}

/// The run has begun anew, and its filters have settled.
fn is_settled(since_secs: f64, now: &Now<'_, '_>) -> bool {
    let (snapshot, now_secs) = (now.scene.snapshot, now.scene.now_secs);
    snapshot.run == RunState::Running
        && snapshot.run_since_secs > since_secs
        && now_secs - snapshot.run_since_secs >= SETTLE_SECS
}
