//! The controls above the pictures: which windows, how many steps, how steady, the null twin.

use egui::{RichText, Ui};

use crate::decode::{Noise, Steady};
use crate::pipeline::WindowMode;
use crate::snapshot::{PackState, PackView};
use crate::ui::look::parts;
use crate::ui::scene::{Action, Scene, mode_words, next_noise, next_steady};

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
        steadying(ui, scene, actions);
        ui.add_space(6.0);
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

const STEADY_HINT: &str = "S. How far one picture may differ from the one before: embeddings are \
interpolated, and windows with little evidence count little. Automatic steadies free-running windows only; \
on picture onsets it would blend one picture into the next. The null twin is steadied in the same way, by \
its own evidence. Ranks, p-values and scores do not depend on it.";

const NOISE_HINT: &str = "F. What the generator starts from: noise of its own for each window, or one noise \
for the whole run, so that pictures change only as the decode does. Automatic holds it for free-running \
windows. The null twin starts from the same noise. Ranks, p-values and scores do not depend on it.";

/// Two buttons that say their state and step on to the next.
fn steadying(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let now = scene.view.steadying;
    let decode = scene.snapshot.decode.as_ref().filter(|decode| decode.image.is_some());
    let steady = match (now.steady, decode.map(|decode| decode.steady_weight.is_some())) {
        (Steady::Auto, None) => "Steady: auto",
        (Steady::Auto, Some(true)) => "Steady: auto (on)",
        (Steady::Auto, Some(false)) => "Steady: auto (off)",
        (Steady::On, _) => "Steady: on",
        (Steady::Off, _) => "Steady: off",
    };
    let noise = match (now.noise, decode.map(|decode| decode.noise_held)) {
        (Noise::Auto, None) => "Noise: auto",
        (Noise::Auto, Some(true)) => "Noise: auto (fixed)",
        (Noise::Auto, Some(false)) => "Noise: auto (fresh)",
        (Noise::Fresh, _) => "Noise: fresh",
        (Noise::Fixed, _) => "Noise: fixed",
    };
    if ui.button(steady).on_hover_text(STEADY_HINT).clicked() {
        actions.push(Action::SetSteadying(next_steady(now)));
    }
    if ui.button(noise).on_hover_text(NOISE_HINT).clicked() {
        actions.push(Action::SetSteadying(next_noise(now)));
    }
}
