//! The controls above the pictures: which windows, how many steps, the null twin.

use egui::{RichText, Ui};

use super::parts;
use super::scene::{Action, Scene, mode_words};
use crate::pipeline::WindowMode;
use crate::snapshot::{PackState, PackView};

/// Paints the controls in one line, wrapped where it is narrow.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        parts::eyebrow(ui, scene.palette, "PICTURES");
        modes(ui, scene, actions);
        ui.add_space(6.0);
        if let PackState::Ready(pack) = &scene.snapshot.pack {
            steps(ui, pack, actions);
            ui.add_space(6.0);
        }
        let hint =
            "T. The same generator and seed on phase-randomised EEG: what no signal looks like.";
        let twin = ui.selectable_label(scene.view.twin, "Null twin");
        if twin.on_hover_text(hint).clicked() {
            actions.push(Action::ToggleTwin);
        }
    });
}

fn modes(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    for mode in [WindowMode::Auto, WindowMode::Locked, WindowMode::Free] {
        let button = ui.selectable_label(scene.view.mode == mode, mode_words(mode));
        if button.on_hover_text("M. What a window of signal is aligned to.").clicked() {
            actions.push(Action::SetMode(mode));
        }
    }
}

fn steps(ui: &mut Ui, pack: &PackView, actions: &mut Vec<Action>) {
    ui.label(RichText::new("Steps").weak())
        .on_hover_text("1, 2, 4. Steps of the generator for one picture.");
    for steps in &pack.steps_allowed {
        let button = ui.selectable_label(pack.steps == *steps, steps.to_string());
        parts::name(&button, egui::accesskit::Role::Button, format!("{steps} steps"));
        if button.clicked() {
            actions.push(Action::SetSteps(*steps));
        }
    }
}
