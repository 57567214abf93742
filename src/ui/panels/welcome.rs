//! What is in the middle while nothing is connected: what the program is for and what to do next.

use egui::{Button, RichText, Ui, vec2};

use crate::source::SourceSpec;
use crate::source::spec::Parameters;
use crate::ui::look::{parts, theme};
use crate::ui::scene::{Action, Scene};
use std::path::PathBuf;

/// What to do, in order.
const STEPS: [(&str, &str); 3] = [
    (
        "Choose a source",
        "An LSL stream, a BrainFlow board, a recording, or the simulated headset. Press C.",
    ),
    (
        "See that the electrodes are good",
        "Every channel gets a verdict; bad ones say what is wrong.",
    ),
    (
        "Watch, and judge",
        "Each picture comes with its evidence and with a null twin made of no signal at all.",
    ),
];

/// Paints the page; `pack` is the folder chosen under Connect, which stands beside the page when `docked`.
pub fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    pack: Option<PathBuf>,
    docked: bool,
    actions: &mut Vec<Action>,
) {
    egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.add_space((ui.available_height() * 0.14).clamp(8.0, 120.0));
        let width = ui.available_width().min(560.0);
        ui.horizontal(|ui| {
            ui.add_space((ui.available_width() - width).max(0.0) * 0.5);
            ui.vertical(|ui| {
                ui.set_width(width);
                ui.label(RichText::new("Live EEG into pictures").size(28.0).strong());
                ui.label(RichText::new("Nothing is connected yet.").weak());
                ui.add_space(14.0);
                for (i, (title, text)) in STEPS.iter().enumerate() {
                    step(ui, scene, i + 1, title, text);
                }
                ui.add_space(14.0);
                buttons(ui, scene, pack, docked, actions);
            });
        });
    });
}

fn step(ui: &mut Ui, scene: &Scene<'_>, number: usize, title: &str, text: &str) {
    ui.horizontal_top(|ui| {
        let figure = theme::font(ui, theme::FIGURE);
        let number = RichText::new(number.to_string()).font(figure).color(scene.palette.accent);
        ui.add_sized(vec2(30.0, 36.0), egui::Label::new(number));
        ui.vertical(|ui| {
            let font = theme::font(ui, theme::TITLE);
            ui.label(RichText::new(title).font(font).strong());
            ui.add(egui::Label::new(RichText::new(text).weak()).wrap());
            ui.add_space(6.0);
        });
    });
}

fn buttons(
    ui: &mut Ui,
    scene: &Scene<'_>,
    pack: Option<PathBuf>,
    docked: bool,
    actions: &mut Vec<Action>,
) {
    ui.horizontal_wrapped(|ui| {
        let start = Button::new(RichText::new("Start the simulated headset").strong());
        if ui.add(start.fill(scene.palette.accent_soft).min_size(vec2(0.0, 34.0))).clicked() {
            let source = SourceSpec::Sim(Parameters::new());
            actions.push(Action::Connect { source, pack });
        }
        if !docked && ui.add(Button::new("Choose a source").min_size(vec2(0.0, 34.0))).clicked() {
            actions.push(Action::ToggleConnect);
        }
    });
    parts::weak(
        ui,
        "The simulated headset needs no hardware; everything it shows is labelled SIMULATED.",
    );
}
