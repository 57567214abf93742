//! The controls above the pictures: which windows, how many steps, how steady, the null twin.

use egui::{RichText, Ui};

use crate::decode::{Noise, Scope, Show, Showing, Steady};
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
            if pack.calibrated_by.is_some() {
                showing(ui, scene, pack, actions);
                ui.add_space(6.0);
            }
            steps(ui, pack, actions);
            ui.add_space(6.0);
            if pack.calibrated_by.is_none() || scene.view.showing.show == Show::Mean {
                steadying(ui, scene, actions);
                ui.add_space(6.0);
            }
        }
        let hint = "T. The same machinery and seed on another window, phase-randomised: what no signal looks like.";
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

const SHOW_HINT: &str = "B. The best guess, painted sharp, with four draws from what is believed; or the mean of everything \
that cannot be ruled out, which looks like nothing while the decoder is unsure.";

const SCOPE_HINT: &str = "O. Told: the decoder knows which pictures can be shown. Remembered: it does not, and looks among \
all drawings that its generator learned.";

/// What is painted, and of which pictures.
fn showing(ui: &mut Ui, scene: &Scene<'_>, pack: &PackView, actions: &mut Vec<Action>) {
    let now = scene.view.showing;
    for (show, word) in [(Show::Best, "Best guess"), (Show::Mean, "Mean")] {
        let button = ui.selectable_label(now.show == show, word);
        if button.on_hover_text(SHOW_HINT).clicked() {
            actions.push(Action::SetShowing(Showing { show, ..now }));
        }
    }
    if pack.remembered.is_some() {
        ui.add_space(6.0);
        for (scope, word) in [(Scope::Told, "Told"), (Scope::Remembered, "Remembered")] {
            let button = ui.selectable_label(now.scope == scope, word);
            if button.on_hover_text(SCOPE_HINT).clicked() {
                actions.push(Action::SetShowing(Showing { scope, ..now }));
            }
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
