//! What fills the window while pages are shown: a page, what comes before it, what it came to.

use egui::Ui;

use super::choice::COPY_PAGES;
use super::sheet::Sheet;
use super::shown::Shown;
use super::stage::{self, Painting};
use super::work::{CopyStep, Copying, SearchStep, Searching};
use super::{FindPanel, Stage};
use crate::ui::scene::Scene;

impl FindPanel {
    pub(super) fn over_all(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        // What is painted now is seen when the next frame begins.
        let at_secs = scene.now_secs + self.meter.period_secs();
        match std::mem::take(&mut self.stage) {
            Stage::Copying(mut copying) => {
                self.copy_screen(ui, &mut copying, at_secs);
                self.stage = Stage::Copying(copying);
            }
            Stage::Searching(mut searching) => {
                self.search_screen(ui, scene, &mut searching, at_secs);
                self.stage = Stage::Searching(searching);
            }
            other => self.stage = other,
        }
    }

    fn copy_screen(&self, ui: &mut Ui, all: &mut Copying, at_secs: f64) {
        let number = all.at + 1;
        match &mut all.step {
            CopyStep::Opening { .. } => {
                stage::words(ui, "One moment", "The recording is being opened.")
            }
            CopyStep::Closing { .. } => {
                stage::words(ui, "One moment", "The recording is being closed.")
            }
            CopyStep::Cue { left_secs, .. } => {
                let sought = all.sought.get(all.at).map_or(0, |sought| usize::from(*sought));
                let row = all.rows.get(sought).copied().unwrap_or_default();
                let label = self.labels(&[row]).concat();
                let below = if left_secs.is_some() {
                    "Paused. Space goes on, Escape ends.".to_owned()
                } else {
                    let before = all.timing.as_ref().map(|timing| format!("Page {}: {timing}.", all.at));
                    format!(
                        "Page {number} of {COPY_PAGES}. Find it on the page, and count how often it lights up.\n{}",
                        before.unwrap_or_default()
                    )
                }
                .trim_end()
                .to_owned();
                stage::cue(ui, &self.lights, row, &label, &below);
            }
            CopyStep::Page(shown) => self.page(ui, shown, None, at_secs),
        }
    }

    fn search_screen(&mut self, ui: &mut Ui, scene: &Scene<'_>, all: &mut Searching, at_secs: f64) {
        match &mut all.step {
            SearchStep::Connecting { .. } => stage::words(
                ui,
                "Choose a picture as soon as you see the page",
                "The headset is being connected for it. Rest your eyes on the picture, and count how often it lights up. Escape ends.",
            ),
            SearchStep::Page(shown) => {
                let found = scene.snapshot.found.as_deref();
                let view = found.filter(|view| view.page == Some(shown.plan().page));
                let posterior = view.map_or(&[] as &[f64], |view| &view.probabilities);
                let wanted = self.choice.shows_posterior.then_some(posterior);
                self.page(ui, shown, wanted, at_secs);
            }
            SearchStep::Told { told, .. } => {
                let told = told.clone();
                self.told_screen(ui, scene, all, &told);
            }
        }
    }

    fn page(&self, ui: &mut Ui, shown: &mut Shown, posterior: Option<&[f64]>, at_secs: f64) {
        let showing = shown.frame(at_secs);
        let sheet = Sheet::new(ui.ctx().content_rect(), shown.page());
        let labels = self.labels(&shown.plan().rows);
        let painting = Painting {
            sheet: &sheet,
            rows: &shown.plan().rows,
            labels: &labels,
            lights: &self.lights,
            showing,
            sought: shown.plan().sought.map(usize::from),
            posterior,
            note: shown.note(),
        };
        stage::page(ui, &painting);
    }
}
