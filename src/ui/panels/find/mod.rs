//! The page *Find*: a second way from EEG to a picture, beside reconstruction and never mixed up with it. One looks for a
//! picture on a page; pictures light up in groups; the one that is looked for is found by attention.
//!
//! ```text
//! Start ─learn me─► Copying: recording opens ─► cue ─► page ─► … ─► recording closes ─► Teaching ─► Taught ─┐
//!   └───somebody known──────────────────────────────────────────────────────────────────────────────────────┴► Searching:
//!       the run begins anew with this wearer ─► page ─► told ─Enter─► page ─► …
//! ```
//!
//! The presenter (`present::flashes`) decides what lights up; this module tells it when frames were seen, and ends a page when
//! the search says so. Recording, learning and searching happen behind the [`Engine`]. Escape ends it; what was recorded until
//! then stays.

mod choice;
mod sheet;
mod lights;
mod trail;
mod told;
mod shown;
mod stage;
mod work;
mod follow;
mod copying;
mod searching;
mod keyboard;
mod screen;
mod start;
mod who;
mod taught;
mod result;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Context, Ui, ViewportCommand};

use super::calibrate::meter::Meter;
use crate::pipeline::WindowMode;
use crate::pipeline::finding::FindConfig;
use crate::present::presenter::SeenFrame;
use crate::present::safety::Safety;
use crate::signal::StimulusSet;
use crate::ui::engine::{Engine, KnownWearer, Taught};
use crate::ui::scene::{Page, Scene};
use choice::{Choice, Expected};
use lights::Lights;
use work::{Broken, Copying, Searching};

/// Folder of wearers' files, beside that of the sessions.
const FOLDER: &str = "finders";

/// A run that is to begin anew: to look for a picture with this wearer, or to reconstruct again.
#[derive(Clone, Debug)]
pub struct Run(pub Option<Arc<FindConfig>>);

/// Where it is.
#[derive(Default)]
enum Stage {
    /// What it is, and the choices.
    #[default]
    Start,
    Copying(Box<Copying>),
    /// The wearer is being learnt.
    Teaching,
    Taught(Arc<Taught>),
    Searching(Box<Searching>),
    Broken(Broken),
}

/// What somebody pressed on a page; done when the next frame begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// As chosen.
    Begin,
    /// Look through the folder of wearers again.
    Look,
    /// Learn from the pages that are whole.
    LearnFromRest,
    /// Back to the choices.
    Leave,
}

/// The page.
#[derive(Default)]
pub struct FindPanel {
    folder: PathBuf,
    stimuli: Arc<StimulusSet>,
    /// The pictures are the user's own.
    is_own: bool,
    stage: Stage,
    choice: Choice,
    asked: Option<Asked>,
    meter: Meter,
    lights: Lights,
    /// Wearers' files; `None` while they are looked for.
    known: Option<Arc<Vec<KnownWearer>>>,
    /// They were looked for.
    has_looked: bool,
    /// Somebody chose, or learnt: nothing is proposed any more.
    has_chosen: bool,
    expected: Expected,
    /// For what that was worked out.
    expected_of: Option<(PathBuf, Choice)>,
    safety: Option<Result<Safety, String>>,
    why_not: Option<String>,
    /// Number of the next page: never the same twice while the program runs.
    next_page: u32,
    was_fullscreen: bool,
    /// Which windows the viewer had chosen before.
    mode: WindowMode,
    run: Option<Run>,
}

/// What a frame begins with.
struct Now<'a, 'b> {
    ctx: &'a Context,
    scene: &'a Scene<'b>,
    engine: &'a mut dyn Engine,
    /// The frame that has just come onto the display.
    seen: Option<SeenFrame>,
}

impl FindPanel {
    /// Where sessions are kept, and the pictures of pages: the bundled ones for `None`.
    pub fn begin_in(&mut self, sessions: &Path, own: Option<Arc<StimulusSet>>) {
        self.folder = sessions.parent().unwrap_or(Path::new("")).join(FOLDER);
        self.use_pictures(own);
    }

    /// Other pictures from the next page on.
    pub fn use_pictures(&mut self, own: Option<Arc<StimulusSet>>) {
        self.is_own = own.is_some();
        self.stimuli = own.unwrap_or_else(StimulusSet::bundled_or_none);
        self.lights.clear();
        self.choice.within(self.stimuli.len());
    }

    /// True while pages are shown and told: then nothing else is painted.
    pub fn fills_the_screen(&self) -> bool {
        matches!(self.stage, Stage::Copying(_) | Stage::Searching(_))
    }

    /// Goes one frame on, before anything is painted; says when the run is to begin anew.
    pub fn advance(
        &mut self,
        ctx: &Context,
        scene: &Scene<'_>,
        engine: &mut dyn Engine,
    ) -> Option<Run> {
        let is_open = scene.view.page == Page::Find;
        if !is_open && matches!(self.stage, Stage::Start) {
            self.meter.reset();
            return None;
        }
        let seen = self.meter.frame(scene.now_secs);
        let mut now = Now { ctx, scene, engine, seen };
        let asked = self.asked.take();
        self.stage = match std::mem::take(&mut self.stage) {
            Stage::Start => self.at_start(asked, &mut now),
            Stage::Copying(copying) => self.copying(copying, &mut now),
            Stage::Teaching => self.teaching(&mut now),
            Stage::Taught(taught) => self.after_teaching(taught, asked, &mut now),
            Stage::Searching(searching) => self.searching(searching, &mut now),
            Stage::Broken(broken) => self.after_breaking(broken, asked, &mut now),
        };
        self.run.take()
    }

    /// Paints the page within the window.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        self.inside(ui, scene);
        if self.asked.is_some() {
            ui.ctx().request_repaint();
        }
    }

    /// Paints the whole window.
    pub fn full_screen(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        self.over_all(ui, scene);
    }

    fn labels(&self, rows: &[usize]) -> Vec<String> {
        let label = |row: &usize| self.stimuli.stimuli.get(*row).map(|s| s.label.clone());
        rows.iter().map(|row| label(row).unwrap_or_default()).collect()
    }

    fn enter_fullscreen(&mut self, ctx: &Context) {
        ctx.send_viewport_cmd(ViewportCommand::Fullscreen(true));
        self.was_fullscreen = true;
        // Full screen may be timed otherwise.
        self.meter.reset();
    }

    fn leave_fullscreen(&mut self, ctx: &Context) {
        if std::mem::take(&mut self.was_fullscreen) {
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(false));
        }
    }
}
