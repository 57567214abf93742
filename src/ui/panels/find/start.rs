//! The page in the window: what it is, the choices, what flashing pictures can do, and why it cannot begin, if so.

use egui::{Button, Key, RichText, ScrollArea, Slider, Ui, vec2};

use super::choice::{self, COPY_PAGES};
use super::result::badges;
use super::{Asked, FindPanel, Stage};
use crate::find::code::MIN_PAGE;
use crate::present::safety::Safety;
use crate::signal::flash::MAX_PAGE;
use crate::ui::look::{parts, theme};
use crate::ui::scene::Scene;

/// Width of a page of one column, and of two, in points.
const WIDTH: f32 = 680.0;
const WIDE: f32 = 1160.0;
/// With less room than this the choices stand below one another.
const TWO_COLUMNS: f32 = 940.0;

impl FindPanel {
    /// Paints what the stage says, in the middle and scrolling.
    pub(super) fn inside(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            let is_start = matches!(self.stage, Stage::Start);
            let most = if is_start && is_wide(ui) { WIDE } else { WIDTH };
            let width = (ui.available_width() - 10.0).min(most);
            ui.horizontal(|ui| {
                ui.add_space((ui.available_width() - width).max(0.0) * 0.5);
                ui.vertical(|ui| {
                    ui.set_width(width);
                    ui.add_space(10.0);
                    badges(ui, scene, "FIND BY ATTENTION");
                    ui.add_space(4.0);
                    self.of_stage(ui, scene);
                    ui.add_space(10.0);
                });
            });
        });
    }

    fn of_stage(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        match std::mem::take(&mut self.stage) {
            Stage::Start => self.start(ui, scene),
            Stage::Teaching => {
                title(ui, "Learning you");
                ui.label("The copy pages are being read, and your responses to the pictures you looked for are told from the others. This takes some seconds.");
                ui.add(egui::Spinner::new());
                self.stage = Stage::Teaching;
            }
            Stage::Taught(taught) => {
                self.taught_page(ui, scene, &taught);
                self.stage = Stage::Taught(taught);
            }
            Stage::Broken(broken) => {
                self.broken_page(ui, scene, &broken);
                self.stage = Stage::Broken(broken);
            }
            // These fill the screen.
            other @ (Stage::Copying(_) | Stage::Searching(_)) => self.stage = other,
        }
    }

    fn start(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        title(ui, "Find the picture that you look for");
        ui.label(
            "Pictures of a page light up in groups, and the one that you look for evokes a larger response than the others: that tells which one it is. \
             This is another way than reconstruction: nothing is painted from your EEG, and only pictures of the page can be found.",
        );
        ui.add_space(8.0);
        if !is_wide(ui) {
            self.about_pages(ui, scene);
            self.about_people(ui, scene);
            return self.begin_row(ui, scene);
        }
        let width = (ui.available_width() - theme::GAP) * 0.5;
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = theme::GAP;
            ui.vertical(|ui| {
                ui.set_width(width);
                self.about_pages(ui, scene);
                self.begin_row(ui, scene);
            });
            ui.vertical(|ui| {
                ui.set_width(width);
                self.about_people(ui, scene);
            });
        });
    }

    fn about_pages(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        card(ui, scene, "PICTURES", |ui| self.pictures(ui));
        card(ui, scene, "WHEN A PAGE IS OVER", |ui| self.rule(ui, scene));
    }

    fn about_people(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        card(ui, scene, "WHO LOOKS", |ui| self.who(ui, scene));
        card(ui, scene, "FLASHING PICTURES", |ui| self.safety_words(ui, scene));
    }

    fn pictures(&mut self, ui: &mut Ui) {
        let all = self.stimuli.len();
        let most = all.clamp(MIN_PAGE, MAX_PAGE);
        ui.horizontal(|ui| {
            let label = ui.label("On a page");
            let slider = Slider::new(&mut self.choice.count, MIN_PAGE..=most).step_by(1.0);
            ui.add(slider.suffix(" pictures")).labelled_by(label.id);
        });
        let whose = if self.is_own { "of your own" } else { "bundled" };
        parts::weak(
            ui,
            format!("Of the {all} pictures {whose}. Others are chosen under Calibrate (K)."),
        );
        let is_part = all > self.choice.count;
        ui.add_enabled_ui(is_part, |ui| {
            ui.checkbox(
                &mut self.choice.steers,
                "After a choice, the next page lies around it (by likeness of pictures)",
            );
        });
        if !is_part {
            parts::weak(
                ui,
                "Every page shows all pictures there are: fewer on a page leave others to go on to.",
            );
        }
    }

    fn rule(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        ui.horizontal(|ui| {
            let label = ui.label("Found from a probability of");
            let slider = Slider::new(&mut self.choice.bound, 0.8..=0.99).step_by(0.01);
            ui.add(slider.fixed_decimals(2)).labelled_by(label.id);
        });
        ui.horizontal(|ui| {
            let label = ui.label("Given up after");
            let slider = Slider::new(&mut self.choice.most_repetitions, 5..=30).step_by(1.0);
            ui.add(slider.suffix(" repetitions")).labelled_by(label.id);
        });
        ui.checkbox(
            &mut self.choice.shows_posterior,
            "Show how the probability grows below each picture (may distract)",
        );
        let folder = scene.view.record_folder.display();
        ui.checkbox(&mut self.choice.records, "Record the pages, to judge them again")
            .on_hover_text(format!("find_….xdf in {folder}; copy pages are always recorded"));
    }

    fn safety_words(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        match &self.safety {
            None => drop(ui.label("The page is being judged.")),
            Some(Err(why)) => drop(ui.label(RichText::new(why).color(scene.palette.bad))),
            Some(Ok(Safety::Safe)) => drop(ui.label(Safety::Safe.to_string())),
            Some(Ok(Safety::Warn(words))) => {
                ui.label(format!("{}.", words.trim_end_matches('.')));
                ui.checkbox(
                    &mut self.choice.accepted,
                    "I have read this, and nobody who looks at the page is sensitive",
                );
            }
            Some(Ok(Safety::Refuse(words))) => {
                let words = format!("{}.", words.trim_end_matches('.'));
                ui.label(RichText::new(words).color(scene.palette.bad));
                ui.checkbox(
                    &mut self.choice.accepted,
                    "Show it all the same: I take this upon myself, and nobody who looks is sensitive",
                );
            }
        }
    }

    fn begin_row(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        ui.add_space(4.0);
        let words = if self.choice.who.is_some() { "Find (Enter)" } else { "Learn me (Enter)" };
        let can_begin = self.why_not.is_none();
        let button = Button::new(RichText::new(words).strong()).min_size(vec2(120.0, 34.0));
        let button = button.fill(scene.palette.accent_soft);
        let clicked = ui.add_enabled(can_begin, button).clicked();
        if can_begin && (clicked || enter(ui)) {
            self.asked = Some(Asked::Begin);
        }
        match &self.why_not {
            Some(why) => drop(ui.label(RichText::new(why).color(scene.palette.fair))),
            None if self.choice.who.is_none() => {
                parts::weak(
                    ui,
                    format!(
                        "{COPY_PAGES} copy pages over the whole screen. Space pauses, Escape ends; what was recorded stays."
                    ),
                );
            }
            None => {
                parts::weak(ui, "The run begins anew for it. Space pauses a page, Escape ends.");
            }
        }
        self.display(ui);
    }

    /// What the display can do, below the button.
    fn display(&self, ui: &mut Ui) {
        if let Some(display) = self.meter.verdict() {
            let (hz, jitter) = (display.refresh_hz, display.jitter_secs * 1e3);
            let verdict = display.verdict;
            parts::weak(ui, format!("Display: {hz:.1} Hz, jitter {jitter:.1} ms: {verdict}."));
        }
    }

    /// Minutes of the copy pages.
    pub(super) fn minutes(&self) -> f64 {
        let pace = choice::pace(None);
        let flashes = 2.0 * (self.choice.count as f64).sqrt().ceil();
        let flashing = flashes * choice::COPY_REPETITIONS as f64 * pace.soa_secs;
        let around =
            super::copying::CUE_SECS + pace.lead_secs + crate::present::flashes::FLASH_TAIL_SECS;
        COPY_PAGES as f64 * (flashing + around) / 60.0
    }
}

/// Enter, where no control would take it.
pub(super) fn enter(ui: &Ui) -> bool {
    let is_free = ui.memory(|memory| memory.focused().is_none());
    is_free && ui.input(|input| input.key_pressed(Key::Enter))
}

pub(super) fn title(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).size(28.0).strong());
    ui.add_space(4.0);
}

/// Whether there is room for two columns.
fn is_wide(ui: &Ui) -> bool {
    ui.available_width() >= TWO_COLUMNS
}

fn card(ui: &mut Ui, scene: &Scene<'_>, title: &str, add: impl FnOnce(&mut Ui)) {
    theme::card(scene.palette).show(ui, |ui| {
        ui.set_width(ui.available_width());
        parts::eyebrow(ui, scene.palette, title);
        add(ui);
    });
    ui.add_space(6.0);
}
