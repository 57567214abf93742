//! Where recordings go, and what goes into them beside the connected source.

use std::path::PathBuf;

use egui::Ui;

use super::{ConnectPanel, fields};
use crate::snapshot::RecordingState;
use crate::source::SourceSpec;
use crate::ui::engine::DeviceEntry;
use crate::ui::look::parts;
use crate::ui::scene::{Action, Scene};

/// What a tick at "every other LSL stream" asks for.
const EVERY_STREAM: &str = "lsl:all";

impl ConnectPanel {
    pub(super) fn recordings_ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        actions: &mut Vec<Action>,
    ) {
        parts::eyebrow(ui, scene.palette, "RECORDINGS");
        let folder = &scene.view.record_folder;
        let text = self.record_folder.get_or_insert_with(|| folder.display().to_string());
        if fields::text(ui, "Folder", text, "where recordings go") && !text.trim().is_empty() {
            actions.push(Action::SetRecordFolder(PathBuf::from(text.trim())));
        }
        parts::weak(ui, "Raw signal and markers as crash-safe XDF. Files stay on this computer.");
        ui.add_space(4.0);
        parts::weak(ui, "Into the same file, beside the connected source:");
        let every = "every other LSL stream, also those that come later";
        choice(ui, scene, every, "", EVERY_STREAM, actions);
        for DeviceEntry { spec, title, detail } in self.devices.iter().flatten() {
            // A board can be opened once; whether a port is the connected one only the driver knows.
            if !is_connected(scene, title) {
                choice(ui, scene, title, detail, spec, actions);
            }
        }
        recorded(ui, scene);
    }
}

fn choice(
    ui: &mut Ui,
    scene: &Scene<'_>,
    title: &str,
    detail: &str,
    spec: &str,
    actions: &mut Vec<Action>,
) {
    let Ok(spec) = spec.parse::<SourceSpec>() else { return };
    let mut on = scene.view.record_also.contains(&spec);
    let hover = format!("{spec}  {detail}");
    if ui.checkbox(&mut on, format!("Record {title}")).on_hover_text(hover).changed() {
        actions.push(Action::ToggleRecordAlso(spec));
    }
}

fn is_connected(scene: &Scene<'_>, title: &str) -> bool {
    scene.snapshot.source.as_ref().is_some_and(|source| source.name == title)
}

/// What is written of each stream now.
fn recorded(ui: &mut Ui, scene: &Scene<'_>) {
    let RecordingState::On { also, .. } = &scene.snapshot.recording else { return };
    for (name, samples) in also {
        parts::weak(ui, format!("{name}: {} samples", super::words::count(*samples)));
    }
}
