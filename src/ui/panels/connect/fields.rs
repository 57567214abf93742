//! The fields of the connect panel.

use egui::{DragValue, RichText, Slider, TextEdit, Ui};

use super::form::Form;
use crate::snapshot::{ChannelOrigin, PackView};
use crate::subject::strength;
use crate::ui::look::parts;

/// A named text field; true when it was changed.
pub fn text(ui: &mut Ui, name: &str, value: &mut String, hint: &str) -> bool {
    let label = ui.label(RichText::new(name).weak());
    let field = TextEdit::singleline(value).hint_text(hint).desired_width(f32::INFINITY);
    ui.add(field).labelled_by(label.id).changed()
}

/// Fields of the virtual subject.
pub fn simulated(ui: &mut Ui, form: &mut Form) {
    parts::weak(
        ui,
        "A virtual subject who looks at pictures. No headset needed; labelled SIMULATED.",
    );
    ui.horizontal(|ui| {
        let label = ui.label(RichText::new("Subject").weak());
        ui.add(DragValue::new(&mut form.subject).range(1..=999)).labelled_by(label.id);
    });
    ui.horizontal(|ui| {
        let label = ui.label(RichText::new("Signal to noise").weak());
        let slider = Slider::new(&mut form.snr_db, -40.0..=20.0).suffix(" dB").step_by(1.0);
        ui.spacing_mut().slider_width = 90.0;
        ui.add(slider).labelled_by(label.id);
    });
    ui.horizontal_wrapped(|ui| {
        for (name, snr_db) in strength::LEVELS {
            let chosen = form.snr_db == snr_db;
            let button = ui.selectable_label(chosen, format!("Strength: {name}"));
            if button.on_hover_text(strength::words(snr_db)).clicked() {
                form.snr_db = snr_db;
            }
        }
    });
    parts::weak(ui, strength::words(form.snr_db));
    text(ui, "Montage", &mut form.montage, "empty: the model pack's electrodes");
}

/// How the pack's channels are made of the source's: what is interpolated or missing is always said.
pub fn montage(ui: &mut Ui, montage: &[ChannelOrigin]) {
    let direct = montage.iter().filter(|origin| origin.from.len() == 1).count();
    let missing = montage.iter().filter(|origin| origin.from.is_empty()).count();
    let mixed = montage.len() - direct - missing;
    parts::weak(
        ui,
        format!("Electrodes: {direct} direct, {mixed} interpolated, {missing} missing"),
    );
    if mixed + missing == 0 {
        return;
    }
    egui::CollapsingHeader::new("Montage map").show(ui, |ui| {
        for origin in montage.iter().filter(|origin| origin.from.len() != 1) {
            parts::weak(ui, origin_words(origin));
        }
    });
}

/// What score to expect of this montage, and whose work the pack is.
pub fn expected_and_credits(ui: &mut Ui, pack: &PackView) {
    if let Some(expected) = &pack.expected {
        parts::weak(ui, expected.sentence()).on_hover_text(&expected.source);
        if expected.advises_calibration() {
            let kept = 100.0 * expected.kept();
            ui.label(format!(
                "Only {kept:.0} % of what this pack can do is left with these electrodes: calibrate (press K)."
            ));
        }
    }
    if !pack.credits.is_empty() {
        egui::CollapsingHeader::new("Credits and licences").show(ui, |ui| {
            for line in &pack.credits {
                parts::weak(ui, line);
            }
        });
    }
}

fn origin_words(origin: &ChannelOrigin) -> String {
    if origin.from.is_empty() {
        return format!("{}: left at zero", origin.label);
    }
    let parts: Vec<String> =
        origin.from.iter().take(4).map(|(label, weight)| format!("{weight:.2} {label}")).collect();
    let more = if origin.from.len() > 4 { " + …" } else { "" };
    format!("{} = {}{more}", origin.label, parts.join(" + "))
}
