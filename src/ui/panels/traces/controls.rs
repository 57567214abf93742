//! The controls above the traces: pause, sensitivity, span, which channels how, and the display filter.
//!
//! The filter changes what is drawn, never what the decoder sees; the panel says so on hover.

use egui::{ComboBox, RichText, Ui};

use super::order::{Choice, Look, Order};
use crate::pipeline::DisplayFilter;
use crate::ui::look::parts;
use crate::ui::scene::{Action, SPANS_SECS, Scene};
use crate::units::SampleRate;

const HIGH_PASS_HZ: [f64; 5] = [0.0, 0.1, 0.5, 1.0, 5.0];
const LOW_PASS_HZ: [f64; 5] = [0.0, 15.0, 30.0, 40.0, 70.0];
const NOTCH_HZ: [f64; 3] = [0.0, 50.0, 60.0];
/// Lanes on screen at once; 0 is as many as can be read.
const LANES: [usize; 6] = [0, 4, 8, 16, 32, 64];

/// Paints the controls in one line, wrapped where it is narrow.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>, choice: &mut Choice, actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        parts::eyebrow(ui, scene.palette, "SIGNAL");
        ui.add_space(4.0);
        pause(ui, scene, actions);
        scale(ui, scene, actions);
        span(ui, scene, actions);
        channels(ui, choice);
        ui.add_space(6.0);
        filter(ui, scene, actions);
    });
}

fn pause(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let text = if scene.view.paused { "Resume" } else { "Pause" };
    let button = ui.selectable_label(scene.view.paused, text);
    if button.on_hover_text("Space. Recording and decoding go on.").clicked() {
        actions.push(Action::TogglePause);
    }
}

fn scale(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.x = 4.0;
    if small_button(ui, "−", "Smaller traces (-)").clicked() {
        actions.push(Action::StepScale(-1));
    }
    ui.label(RichText::new(format!("{} µV/div", scene.view.uv_per_div())).monospace());
    if small_button(ui, "+", "Larger traces (+)").clicked() {
        actions.push(Action::StepScale(1));
    }
    ui.spacing_mut().item_spacing.x = 8.0;
}

fn small_button(ui: &mut Ui, text: &str, name: &str) -> egui::Response {
    let response = ui.add(egui::Button::new(text).min_size(egui::vec2(26.0, 0.0)));
    parts::name(&response, egui::accesskit::Role::Button, name);
    response.on_hover_text(name)
}

fn span(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let mut secs = scene.view.span_secs;
    pick(ui, "Time span", &mut secs, &SPANS_SECS, |s| format!("{s} s"));
    if secs != scene.view.span_secs {
        actions.push(Action::SetSpan(secs));
    }
}

fn channels(ui: &mut Ui, choice: &mut Choice) {
    let worst = ui.selectable_label(choice.order == Order::WorstFirst, "Worst first");
    let hint = "Bad channels on top, then fair ones; else as in the montage.";
    if worst.on_hover_text(hint).clicked() {
        choice.order = match choice.order {
            Order::Montage => Order::WorstFirst,
            Order::WorstFirst => Order::Montage,
        };
    }
    let all = ui.selectable_label(choice.look == Look::Overview, "Overview");
    if all.on_hover_text("All channels at once, brighter where they swing further.").clicked() {
        choice.look = match choice.look {
            Look::Lanes => Look::Overview,
            Look::Overview => Look::Lanes,
        };
    }
    if choice.look == Look::Lanes {
        let words = |lanes: usize| match lanes {
            0 => "Lanes: auto".to_owned(),
            lanes => format!("Lanes: {lanes}"),
        };
        let shown = words(choice.lanes);
        let list = ComboBox::from_id_salt("lanes").selected_text(&shown).width(64.0);
        let response = list.show_ui(ui, |ui| {
            for lanes in LANES {
                ui.selectable_value(&mut choice.lanes, lanes, words(lanes));
            }
        });
        let hint = "Channels on screen at once. Page Up and Page Down scroll through the others.";
        parts::name(&response.response, egui::accesskit::Role::ComboBox, shown);
        response.response.on_hover_text(hint);
    }
}

fn filter(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let mut filter = scene.view.filter;
    let hint = "Filter of this display only; the decoder does not see it.";
    ui.label(RichText::new("Display filter").weak()).on_hover_text(hint);
    pick(ui, "High-pass", &mut filter.high_pass_hz, &HIGH_PASS_HZ, |hz| corner("High-pass", hz));
    pick(ui, "Low-pass", &mut filter.low_pass_hz, &LOW_PASS_HZ, |hz| corner("Low-pass", hz));
    pick(ui, "Notch", &mut filter.notch_hz, &NOTCH_HZ, |hz| corner("Notch", hz));
    let off = DisplayFilter { high_pass_hz: 0.0, low_pass_hz: 0.0, notch_hz: 0.0 };
    if ui.add_enabled(filter != off, egui::Button::new("Filter off")).clicked() {
        filter = off;
    }
    let rate_hz = scene.snapshot.source.as_ref().map_or(0.0, |source| source.rate_hz);
    if let Ok(rate) = SampleRate::new(rate_hz)
        && let Err(why) = filter.design(rate)
    {
        ui.label(RichText::new(format!("Not filtered: {why}")).color(scene.palette.fair));
    }
    if filter != scene.view.filter {
        actions.push(Action::SetFilter(filter));
    }
}

fn corner(name: &str, hz: f64) -> String {
    if hz > 0.0 { format!("{name} {hz} Hz") } else { format!("{name} off") }
}

/// A list of numbers to choose from.
fn pick(ui: &mut Ui, name: &str, value: &mut f64, choices: &[f64], words: impl Fn(f64) -> String) {
    let shown = words(*value);
    let response = ComboBox::from_id_salt(name)
        .selected_text(&shown)
        .width(64.0)
        .show_ui(ui, |ui| {
            for choice in choices {
                ui.selectable_value(value, *choice, words(*choice));
            }
        })
        .response;
    parts::name(&response, egui::accesskit::Role::ComboBox, format!("{name}: {shown}"));
}
