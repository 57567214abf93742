//! The sources used last, above all others: one click each.

use egui::{Button, RichText, Ui};

use super::ConnectPanel;
use super::catalogue::title;
use crate::source::SourceSpec;
use crate::ui::look::parts;
use crate::ui::scene::{Action, Scene};

impl ConnectPanel {
    /// What was used last; nothing where nothing was.
    pub(super) fn last_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let last = self.last.clone();
        if last.is_empty() {
            return;
        }
        parts::eyebrow(ui, scene.palette, "LAST USED");
        for source in last.iter() {
            let name = name_of(source);
            ui.horizontal(|ui| {
                let text = RichText::new("Connect").small();
                let button = ui.add(Button::new(text).fill(scene.palette.accent_soft));
                let role = egui::accesskit::Role::Button;
                parts::name(&button, role, format!("Connect again {name}"));
                if button.on_hover_text(source.to_string()).clicked() {
                    self.form.fill(source);
                    self.connect(actions);
                }
                let chosen = self.form.source().is_ok_and(|chosen| chosen == *source);
                // Cut where the panel ends: a wider row would push every field out of sight.
                let label = ui.add(Button::selectable(chosen, &name).truncate());
                let label = label.on_hover_text(source.to_string());
                if label.clicked() {
                    self.form.fill(source);
                }
            });
        }
        ui.add_space(6.0);
    }
}

/// What a person calls it.
fn name_of(source: &SourceSpec) -> String {
    match source {
        SourceSpec::Brainflow { board, parameters } => match parameters.get("serial_port") {
            Some(port) => format!("{} on {port}", title(board)),
            None => title(board),
        },
        SourceSpec::File(path) => {
            let name = path.file_name().unwrap_or(path.as_os_str());
            format!("Recording {}", name.to_string_lossy())
        }
        other => other.to_string(),
    }
}
