//! The choice of a BrainFlow board: all of them, with a filter, and only the fields that the chosen one needs.

use egui::{ComboBox, RichText, ScrollArea, TextEdit, Ui};

use super::catalogue::{asked, families, find, title};
use super::fields;
use super::form::Form;
use crate::source::brainflow::KnownBoard;
use crate::ui::look::parts;

/// The choice of a board and its fields. `ports` are serial ports that are there now.
pub fn ui(ui: &mut Ui, form: &mut Form, filter: &mut String, ports: &[String]) {
    let label = ui.label(RichText::new("Board").weak());
    let field =
        TextEdit::singleline(filter).hint_text("filter, as in: muse").desired_width(f32::INFINITY);
    ui.add(field).labelled_by(label.id);
    ScrollArea::vertical().id_salt("boards").max_height(150.0).show(ui, |ui| {
        let families = families(filter);
        if families.is_empty() {
            parts::weak(ui, "No board of BrainFlow is called so.");
        }
        for (family, boards) in families {
            parts::weak(ui, family);
            for board in boards {
                let is_chosen = form.board == board.name;
                if ui.selectable_label(is_chosen, title(board.name)).clicked() && !is_chosen {
                    form.board = board.name.into();
                    form.needed.clear();
                }
            }
        }
    });
    let Some(board) = find(&form.board) else {
        parts::weak(ui, "Choose a board.");
        return;
    };
    for (key, must) in asked(&board) {
        let value = form.needed.entry(key.into()).or_default();
        if key == "serial_port" {
            port(ui, value, ports);
            continue;
        }
        let name = key.replace('_', " ");
        let hint = if must { example(&board, key) } else { "only where there are several".into() };
        fields::text(ui, &name, value, &hint);
    }
    fields::text(ui, "Further parameters", &mut form.parameters, "none are needed; key=value,…");
}

fn example(board: &KnownBoard, key: &str) -> String {
    let found = board.example.split(',').find_map(|part| part.strip_prefix(&format!("{key}=")));
    found.unwrap_or_default().into()
}

/// A port: those that are there, or any other.
fn port(ui: &mut Ui, value: &mut String, ports: &[String]) {
    if value.is_empty()
        && let [only] = ports
    {
        value.clone_from(only);
    }
    if ports.is_empty() {
        parts::weak(ui, "No serial port is plugged in. Plug in the dongle; it is looked for.");
    } else {
        let response = ComboBox::from_id_salt("port")
            .selected_text(if value.is_empty() { "choose" } else { value.as_str() })
            .show_ui(ui, |ui| {
                for path in ports {
                    ui.selectable_value(value, path.clone(), path);
                }
            })
            .response;
        parts::name(&response, egui::accesskit::Role::ComboBox, format!("Port: {value}"));
    }
    fields::text(ui, "Serial port", value, "/dev/ttyUSB0 or COM3");
}
