//! From frame to frame where no page is shown: the choices, teaching, and what comes after.
//!
//! ```text
//! Start ─Begin─► Copying or Searching        Teaching ─there─► Taught ─Begin─► Searching
//! ```

use egui::{Key, Rect};

use super::choice::{self, Expected, Facts};
use super::keyboard::pressed;
use super::sheet;
use super::work::Broken;
use super::{Asked, FindPanel, Now, Stage};
use crate::find::rehearsal::Rehearsal;
use crate::find::{StopRule, Wearer};
use crate::snapshot::RecordingState;
use crate::ui::engine::{Learning, Taught, ToLearn};
use std::sync::Arc;
use std::time::Duration;

/// How often background work is looked at.
const POLL: Duration = Duration::from_millis(100);

/// Fewest whole copy pages that are learnt from.
pub(super) const LEAST_PAGES: usize = 4;

impl FindPanel {
    pub(super) fn at_start(&mut self, asked: Option<Asked>, now: &mut Now<'_, '_>) -> Stage {
        self.look_for_wearers(asked == Some(Asked::Look), now);
        self.judge(now);
        self.expect(now);
        let known = self.known.as_deref().map(Vec::as_slice);
        let wearer = choice::chosen(&self.choice, known).cloned();
        self.why_not = self.why_not_begin(wearer.as_deref(), now);
        if self.meter.verdict().is_none() {
            now.ctx.request_repaint();
        }
        match wearer {
            _ if asked != Some(Asked::Begin) || self.why_not.is_some() => Stage::Start,
            Some(wearer) => self.begin_search(wearer, now),
            None => self.begin_copying(now),
        }
    }

    fn look_for_wearers(&mut self, again: bool, now: &mut Now<'_, '_>) {
        if again || !self.has_looked {
            self.has_looked = true;
            self.known = None;
            now.engine.list_wearers(self.folder.clone());
        }
        if self.known.is_none() {
            self.known = now.engine.wearers();
            now.ctx.request_repaint_after(POLL);
            self.propose(now);
        }
    }

    /// The newest wearer of the same kind of signal, as long as nobody has chosen.
    fn propose(&mut self, now: &Now<'_, '_>) {
        let (false, Some(known)) = (self.has_chosen, &self.known) else { return };
        let Some(source) = &now.scene.snapshot.source else { return };
        let fits = |wearer: &Wearer| {
            wearer.simulated == source.simulated && wearer.rehearsal.too_weak().is_none()
        };
        let newest = known.iter().find(|known| known.wearer.as_deref().is_ok_and(fits));
        self.choice.who = newest.map(|known| known.path.clone());
    }

    /// What safety says of such a page on this screen.
    fn judge(&mut self, now: &Now<'_, '_>) {
        let monitor = now.ctx.input(|input| input.viewport().monitor_size);
        let shown = now.ctx.content_rect().size();
        let size = monitor.filter(|size| size.x > 100.0 && size.y > 100.0).unwrap_or(shown);
        let known = self.known.as_deref().map(Vec::as_slice);
        let pace = choice::pace(choice::chosen(&self.choice, known).map(|wearer| &**wearer));
        let screen = Rect::from_min_size(egui::Pos2::ZERO, size);
        let safety = sheet::judged(screen, self.choice.count, &pace);
        if self.safety.as_ref() != Some(&safety) {
            // Other words are not those that were accepted.
            self.choice.accepted = false;
            self.safety = Some(safety);
        }
    }

    /// Keeps what a page will take this wearer up to date with the choices.
    fn expect(&mut self, now: &mut Now<'_, '_>) {
        let known = self.known.as_deref().map(Vec::as_slice);
        let Some(wearer) = choice::chosen(&self.choice, known).cloned() else {
            (self.expected, self.expected_of) = (Expected::Nobody, None);
            return;
        };
        if self.expected == Expected::Working {
            match now.engine.rehearsed() {
                Some(Ok(rehearsal)) => self.expected = Expected::Known(rehearsal),
                Some(Err(why)) => self.expected = Expected::Failed(why),
                None => return now.ctx.request_repaint_after(POLL),
            }
        }
        // A slider that is being dragged is waited for.
        if now.ctx.input(|input| input.pointer.any_down()) {
            return;
        }
        let path = self.choice.who.clone().unwrap_or_default();
        let wanted = Some((path, self.choice.about_pages()));
        if self.expected_of != wanted {
            self.expected_of = wanted;
            self.expected = match stored(&wearer, self.choice.count, &self.choice.rule()) {
                Some(rehearsal) => Expected::Known(rehearsal),
                None => {
                    now.engine.rehearse(wearer, self.choice.count, self.choice.rule());
                    Expected::Working
                }
            };
            now.ctx.request_repaint_after(POLL);
        }
    }

    fn why_not_begin(&self, wearer: Option<&Wearer>, now: &Now<'_, '_>) -> Option<String> {
        let unknown = Err("The page has not been judged yet.".to_owned());
        let facts = Facts {
            snapshot: now.scene.snapshot,
            pictures: self.stimuli.len(),
            cannot_present: now.engine.cannot_present(),
            has_screen: now.engine.screen().is_some(),
            safety: self.safety.as_ref().unwrap_or(&unknown),
            wearer,
            expected: &self.expected,
            is_measured: self.meter.verdict().is_some(),
        };
        choice::why_not(&self.choice, &facts)
    }

    pub(super) fn teaching(&mut self, now: &mut Now<'_, '_>) -> Stage {
        match now.engine.learning() {
            Learning::Done(taught) => {
                self.choice.who = Some(taught.path.clone());
                (self.has_chosen, self.has_looked) = (true, false);
                Stage::Taught(taught)
            }
            Learning::Failed(why) => Stage::Broken(Broken { why, rest: None }),
            Learning::None | Learning::Working => {
                now.ctx.request_repaint_after(POLL);
                Stage::Teaching
            }
        }
    }

    pub(super) fn after_teaching(
        &mut self,
        taught: Arc<Taught>,
        asked: Option<Asked>,
        now: &mut Now<'_, '_>,
    ) -> Stage {
        // The list is read again with the new file in it, so that the start page knows it.
        self.look_for_wearers(false, now);
        match asked {
            Some(Asked::Leave) => self.back_to_start(),
            Some(Asked::Begin) if taught.wearer.rehearsal.too_weak().is_none() => {
                self.begin_search(taught.wearer.clone(), now)
            }
            _ => Stage::Taught(taught),
        }
    }

    pub(super) fn after_breaking(
        &mut self,
        broken: Broken,
        asked: Option<Asked>,
        now: &mut Now<'_, '_>,
    ) -> Stage {
        match (asked, &broken.rest) {
            (Some(Asked::Leave), _) => self.back_to_start(),
            (Some(Asked::LearnFromRest), Some((recording, _)))
                if !matches!(now.scene.snapshot.recording, RecordingState::On { .. }) =>
            {
                let recording = recording.clone();
                self.teach(recording, now)
            }
            _ => Stage::Broken(broken),
        }
    }

    /// Hands the recording of copy pages over.
    pub(super) fn teach(&mut self, recording: std::path::PathBuf, now: &mut Now<'_, '_>) -> Stage {
        // By the usual rule: the file's own expectation is then of that.
        let (folder, rule) = (self.folder.clone(), StopRule::default());
        let pictures = self.choice.count;
        let source = now.scene.snapshot.source.as_ref();
        let device = source.map_or_else(String::new, |source| source.name.clone());
        now.engine.learn_wearer(ToLearn { recording, device, folder, pictures, rule });
        now.ctx.request_repaint_after(POLL);
        Stage::Teaching
    }

    /// The choices again; the words of safety are accepted anew.
    pub(super) fn back_to_start(&mut self) -> Stage {
        self.choice.accepted = false;
        self.meter.reset();
        Stage::Start
    }

    /// Ends what was on; says why.
    pub(super) fn broken(
        &mut self,
        why: String,
        rest: Option<(std::path::PathBuf, usize)>,
        now: &mut Now<'_, '_>,
    ) -> Stage {
        if let Some(screen) = now.engine.screen() {
            screen.set_open(false);
        }
        self.leave_fullscreen(now.ctx);
        now.ctx.request_repaint();
        Stage::Broken(Broken { why, rest })
    }

    /// Whether somebody wants to end it.
    pub(super) fn wants_out(now: &Now<'_, '_>) -> bool {
        pressed(now.ctx, Key::Escape)
    }
}

/// What the file says of such pages; nothing of others.
fn stored(wearer: &Wearer, pictures: usize, rule: &StopRule) -> Option<Rehearsal> {
    let is_usual = *rule == StopRule::default();
    (is_usual && wearer.rehearsal.pictures == pictures).then(|| wearer.rehearsal.clone())
}
