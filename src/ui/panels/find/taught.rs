//! A wearer who was just learnt, how well that went, and what can be done with it; and what ended before its end.

use egui::{Button, Key, RichText, Ui, vec2};

use super::start::{enter, title};
use super::work::Broken;
use super::{Asked, FindPanel};
use crate::find::rehearsal::Rehearsal;
use crate::find::wearer::Learnt;
use crate::snapshot::RecordingState;
use crate::ui::engine::Taught;
use crate::ui::look::{parts, theme};
use crate::ui::scene::Scene;

impl FindPanel {
    pub(super) fn taught_page(&mut self, ui: &mut Ui, scene: &Scene<'_>, taught: &Taught) {
        let wearer = &taught.wearer;
        let weak = wearer.rehearsal.too_weak();
        title(ui, if weak.is_some() { "Too weak to find anything" } else { "You are learnt" });
        theme::card(scene.palette).show(ui, |ui| {
            ui.set_width(ui.available_width());
            figures(ui, scene, &wearer.learnt);
        });
        ui.add_space(6.0);
        theme::card(scene.palette).show(ui, |ui| {
            ui.set_width(ui.available_width());
            parts::eyebrow(ui, scene.palette, "WHAT A PAGE WILL TAKE");
            for rehearsal in expected(taught) {
                let color = if rehearsal.too_weak().is_some() {
                    scene.palette.fair
                } else {
                    scene.palette.text
                };
                let words = format!("{} pictures: {}", rehearsal.pictures, in_short(rehearsal));
                ui.label(RichText::new(words).color(color));
            }
            if let Some(why) = &weak {
                ui.label(RichText::new(why).color(scene.palette.bad));
            }
        });
        ui.add_space(6.0);
        parts::weak(ui, format!("Kept in {}", taught.path.display()));
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if weak.is_none() {
                let find = Button::new(RichText::new("Find now (Enter)").strong());
                let find = find.fill(scene.palette.accent_soft).min_size(vec2(0.0, 34.0));
                if ui.add(find).clicked() || enter(ui) {
                    self.asked = Some(Asked::Begin);
                }
            }
            self.leave_button(ui, "To the choices (Esc)");
        });
    }

    pub(super) fn broken_page(&mut self, ui: &mut Ui, scene: &Scene<'_>, broken: &Broken) {
        title(ui, "It ended before its end");
        let why = broken.why.trim_end_matches('.');
        ui.label(RichText::new(format!("{why}.")).size(15.0).color(scene.palette.bad));
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if let Some((_, pages)) = &broken.rest {
                let is_closed = !matches!(scene.snapshot.recording, RecordingState::On { .. });
                let rest = Button::new(format!("Learn from the {pages} pages that are whole"));
                let rest = rest.min_size(vec2(0.0, 34.0));
                if ui.add_enabled(is_closed, rest).clicked() {
                    self.asked = Some(Asked::LearnFromRest);
                }
            }
            self.leave_button(ui, "To the choices (Esc)");
        });
    }

    fn leave_button(&mut self, ui: &mut Ui, words: &str) {
        let clicked = ui.add(Button::new(words).min_size(vec2(0.0, 34.0))).clicked();
        if clicked || ui.input(|input| input.key_pressed(Key::Escape)) {
            self.asked = Some(Asked::Leave);
        }
    }
}

/// AUC with its interval, the control, pages.
fn figures(ui: &mut Ui, scene: &Scene<'_>, learnt: &Learnt) {
    let Learnt { pages, flashes, refused, auc, auc_ci95, auc_exchanged, right, .. } = learnt;
    parts::eyebrow(ui, scene.palette, "HOW WELL ONE FLASH TELLS");
    let [low, high] = auc_ci95;
    let size = 17.0;
    ui.label(
        RichText::new(format!("AUC {auc:.3} (95 %: {low:.3}–{high:.3}), where guessing is 0.500"))
            .size(size),
    );
    parts::weak(
        ui,
        "How often a flash of the picture you looked for scores above another; each is scored by what was learnt from other pages.",
    );
    let exchanged =
        format!("Control, with the pictures exchanged between pages: AUC {auc_exchanged:.3}.");
    ui.label(exchanged);
    ui.label(format!(
        "{right} of {pages} copy pages right at their end, each by what was learnt from the others."
    ));
    ui.label(format!("{flashes} flashes; {refused} more were left out for a bad signal."));
}

/// By sizes of pages; that of the file among them.
fn expected(taught: &Taught) -> Vec<&Rehearsal> {
    let own = &taught.wearer.rehearsal;
    let mut all: Vec<&Rehearsal> =
        taught.expected.iter().filter(|other| other.pictures != own.pictures).collect();
    all.push(own);
    all.sort_by_key(|rehearsal| rehearsal.pictures);
    all
}

fn in_short(rehearsal: &Rehearsal) -> String {
    let Rehearsal { repetitions, secs, found, wrong, right_after, .. } = rehearsal;
    if rehearsal.too_weak().is_some() {
        let most = right_after.len();
        return format!("found in {:.0} % within {most} repetitions: too seldom", 100.0 * found);
    }
    let right = rehearsal.repetitions_for(0.9).map_or_else(
        || "nine of ten are never right".to_owned(),
        |after| format!("nine of ten are right after {after}"),
    );
    format!(
        "about {repetitions:.1} repetitions ({secs:.0} s), {:.0} % found, {:.0} % wrong; without stopping {right}",
        100.0 * found,
        100.0 * wrong
    )
}
