//! The table of channels: one row each, every cell with a name for keyboards and screen readers.

use egui::accesskit::Role;
use egui::{ComboBox, Grid, RichText, Ui};

use super::impedance;
use crate::snapshot::BoardView;
use crate::source::BoardCommand;
use crate::source::board::{ChannelSettings, GAINS, Input, MODULE_CHANNELS};
use crate::ui::look::parts;
use crate::ui::scene::Scene;

const HEADINGS: [&str; 7] = ["Channel", "On", "Gain", "Input", "Bias", "SRB2", "Impedance"];

/// What each heading means.
const MEANINGS: [&str; 7] = [
    "Its number on the board, and its electrode",
    "Off: the channel reads 0 and takes no part in the bias",
    "Amplification; 24 is the default. Less for large signals: at 24 the amplifier is full at ±187.5 mV",
    "What the channel measures",
    "Whether the electrode takes part in the bias signal, which takes out what all have in common",
    "Whether the channel is measured against the reference on the lower SRB pin",
    "How well the electrode sits",
];

/// Paints the table; gives the channel that was changed, with what it is to be told. `measure` starts or stops measuring.
pub fn ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    view: &BoardView,
    labels: &[String],
    measure: &mut dyn FnMut(Option<usize>),
) -> Option<(usize, ChannelSettings)> {
    let mut changed = None;
    let has_impedance = view.state.info.lead_off.is_some();
    Grid::new("board channels").striped(true).spacing([14.0, 6.0]).show(ui, |ui| {
        let shown = HEADINGS.len() - usize::from(!has_impedance);
        for (heading, meaning) in HEADINGS.into_iter().zip(MEANINGS).take(shown) {
            ui.label(RichText::new(heading).weak()).on_hover_text(meaning);
        }
        ui.end_row();
        for (channel, now) in view.state.channels().iter().enumerate() {
            let label = labels.get(channel).map_or("", String::as_str);
            let name = format!("Channel {} {label}", channel + 1);
            ui.label(RichText::new(format!("{}  {label}", channel + 1)).strong());
            let told = row(ui, *now, &name);
            if told != *now {
                changed = Some((channel, told));
            }
            if has_impedance {
                impedance::cell(ui, scene, view, channel, &name, measure);
            }
            ui.end_row();
        }
    });
    changed
}

fn row(ui: &mut Ui, now: ChannelSettings, name: &str) -> ChannelSettings {
    let mut told = now;
    tick(ui, &mut told.on, &format!("{name} on"));
    ui.add_enabled_ui(now.on, |ui| {
        let gain = ComboBox::from_id_salt((name, "gain"))
            .width(52.0)
            .selected_text(told.gain.to_string())
            .show_ui(ui, |ui| {
                for gain in GAINS {
                    ui.selectable_value(&mut told.gain, gain, gain.to_string());
                }
            });
        parts::name(&gain.response, Role::ComboBox, format!("{name} gain {}", now.gain));
    });
    ui.add_enabled_ui(now.on, |ui| {
        let input = ComboBox::from_id_salt((name, "input"))
            .width(120.0)
            .selected_text(told.input.words())
            .show_ui(ui, |ui| {
                for input in Input::ALL {
                    let item = ui.selectable_value(&mut told.input, input, input.words());
                    item.on_hover_text(input.purpose());
                }
            });
        parts::name(&input.response, Role::ComboBox, format!("{name} input {}", now.input.words()));
    });
    ui.add_enabled_ui(now.on, |ui| tick(ui, &mut told.bias, &format!("{name} bias")));
    ui.add_enabled_ui(now.on, |ui| tick(ui, &mut told.srb2, &format!("{name} SRB2")));
    told
}

fn tick(ui: &mut Ui, value: &mut bool, name: &str) {
    let is_on = *value;
    let response = ui.checkbox(value, "");
    let name = name.to_owned();
    let enabled = response.enabled();
    response.widget_info(move || egui::WidgetInfo::selected(Role::CheckBox, enabled, is_on, &name));
}

/// The switch that holds for all negative inputs of one converter.
pub fn srb1(ui: &mut Ui, view: &BoardView, module: usize, tell: &mut dyn FnMut(BoardCommand)) {
    let first = module * MODULE_CHANNELS;
    let mut on = view.state.channels().get(first).is_some_and(|settings| settings.srb1);
    let text = format!("SRB1 for channels {} to {}", first + 1, first + MODULE_CHANNELS);
    let hover = "Ties the negative inputs of all these channels to SRB1; their own negative pins then measure nothing";
    if ui.checkbox(&mut on, text).on_hover_text(hover).changed() {
        tell(BoardCommand::Srb1 { module, on });
    }
}
