//! The connect panel: which source, which model pack, where recordings go.
//!
//! Fields are plain text and nothing here touches a disk or a device: connecting and scanning are asked
//! for and happen elsewhere.

mod fields;
pub mod form;
mod recordings;

use std::path::PathBuf;

use egui::{Button, RichText, Ui, vec2};

use crate::snapshot::{PackState, RunState};
use crate::ui::engine::DeviceEntry;
use crate::ui::look::{parts, words};
use crate::ui::scene::{Action, Scene};
use form::{Form, WAYS, Way};

/// The panel with what has been filled in.
#[derive(Default)]
pub struct ConnectPanel {
    /// What has been filled in.
    pub form: Form,
    /// Recordings offered for choosing.
    pub recent: Vec<PathBuf>,
    /// What the last scan found.
    devices: Option<Vec<DeviceEntry>>,
    scan_asked: bool,
    error: Option<String>,
    record_folder: Option<String>,
}

impl ConnectPanel {
    /// Takes the result of a scan, if there is one.
    pub fn follow(&mut self, devices: Option<Vec<DeviceEntry>>) {
        if devices.is_some() {
            self.scan_asked = false;
        }
        self.devices = devices;
    }

    /// Notes that a scan was asked for.
    pub fn scanning(&mut self) {
        self.scan_asked = true;
    }

    /// Paints the panel.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.set_max_width(ui.available_width() - 8.0); // room for the floating scroll bar
            ui.heading("Connect");
            parts::eyebrow(ui, scene.palette, "SOURCE");
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                for (way, name) in WAYS {
                    ui.selectable_value(&mut self.form.way, way, name);
                }
            });
            ui.add_space(4.0);
            self.way_ui(ui, scene, actions);
            ui.add_space(8.0);
            self.pack_ui(ui, scene);
            ui.add_space(8.0);
            self.buttons(ui, scene, actions);
            ui.add_space(12.0);
            self.recordings_ui(ui, scene, actions);
        });
    }

    fn way_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        match self.form.way {
            Way::Simulated => fields::simulated(ui, &mut self.form),
            Way::Lsl => {
                fields::text(ui, "Stream", &mut self.form.predicate, "type=EEG or name=MyAmp");
                parts::weak(ui, "Any LSL predicate: type, name, source_id, hostname.");
                self.found_ui(ui, scene, "lsl:", actions);
            }
            Way::Brainflow => {
                fields::brainflow(ui, &mut self.form);
                self.found_ui(ui, scene, "brainflow:", actions);
            }
            Way::File => {
                fields::text(ui, "Recording", &mut self.form.file, "recording.xdf");
                parts::weak(
                    ui,
                    "XDF, EDF, BDF, BrainVision, EEGLAB, FIF, GDF, or text of headsets.",
                );
                self.recent_ui(ui);
            }
            Way::Text => {
                fields::text(ui, "Source", &mut self.form.text, "sim:subject=3");
                parts::weak(ui, "As after --source, for example faulty:drop=0.01+sim");
            }
        }
    }

    fn found_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, kind: &str, actions: &mut Vec<Action>) {
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            parts::eyebrow(ui, scene.palette, "FOUND");
            if ui.add_enabled(!self.scan_asked, Button::new("Look for devices")).clicked() {
                self.scan_asked = true;
                actions.push(Action::ScanDevices);
            }
        });
        let found: Vec<DeviceEntry> = self
            .devices
            .iter()
            .flatten()
            .filter(|entry| entry.spec.starts_with(kind))
            .cloned()
            .collect();
        match (&self.devices, found.is_empty(), self.scan_asked) {
            (_, _, true) => drop(parts::weak(ui, "Looking… this takes a few seconds.")),
            (None, _, _) => drop(parts::weak(ui, "Not looked yet.")),
            (Some(_), true, _) => {
                parts::weak(
                    ui,
                    "Nothing found. Is the device on, and on the same network or plugged in?",
                );
            }
            (Some(_), false, _) => {}
        }
        for entry in found {
            self.found_row(ui, &entry);
        }
    }

    fn found_row(&mut self, ui: &mut Ui, entry: &DeviceEntry) {
        let chosen = self.form.spec_text() == entry.spec;
        if ui.selectable_label(chosen, &entry.title).on_hover_text(&entry.spec).clicked() {
            match entry.spec.parse() {
                Ok(spec) => self.form.fill(&spec),
                Err(error) => self.error = Some(error.to_string()),
            }
        }
        parts::weak(ui, format!("    {}", entry.detail));
    }

    fn recent_ui(&mut self, ui: &mut Ui) {
        for path in &self.recent {
            let text = path.display().to_string();
            let chosen = self.form.file == text;
            if ui.selectable_label(chosen, words::short_path(path)).on_hover_text(&text).clicked() {
                self.form.file = text;
            }
        }
    }

    fn pack_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        parts::eyebrow(ui, scene.palette, "MODEL PACK");
        fields::text(ui, "Pack folder", &mut self.form.pack, "empty: the bundled pack");
        match &scene.snapshot.pack {
            PackState::None => drop(parts::weak(ui, "No pack is in use.")),
            PackState::Loading => drop(parts::weak(ui, "Loading and verifying…")),
            PackState::Refused(why) => {
                let text = RichText::new(format!("Refused: {why}")).color(scene.palette.bad);
                ui.add(egui::Label::new(text).wrap());
            }
            PackState::Ready(pack) => {
                ui.label(format!("Ready: {}", pack.name));
                let [low, high] = pack.band_hz;
                let [from, to] = pack.window_secs;
                parts::weak(
                    ui,
                    format!(
                        "{low}–{high} Hz, {from} to {to} s from onset, {} labels",
                        pack.labels.len()
                    ),
                );
                fields::montage(ui, &pack.montage);
                fields::expected_and_credits(ui, pack);
            }
        }
    }

    fn buttons(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let busy = !matches!(
            scene.snapshot.run,
            RunState::Idle | RunState::Ended | RunState::Failed { .. }
        );
        ui.horizontal(|ui| {
            let text = RichText::new(if busy { "Connect anew" } else { "Connect" }).strong();
            let button =
                Button::new(text).fill(scene.palette.accent_soft).min_size(vec2(120.0, 30.0));
            if ui.add(button).clicked() {
                self.connect(actions);
            }
            let stop = Button::new("Disconnect").min_size(vec2(0.0, 30.0));
            if ui.add_enabled(busy, stop).clicked() {
                actions.push(Action::Disconnect);
            }
        });
        if let Some(error) = &self.error {
            ui.add(egui::Label::new(RichText::new(error).color(scene.palette.bad)).wrap());
        }
        parts::weak(ui, format!("Same as: phosphene live --source \"{}\"", self.form.spec_text()));
    }

    fn connect(&mut self, actions: &mut Vec<Action>) {
        self.error = match self.form.source() {
            Ok(source) => {
                actions.push(Action::Connect { source, pack: self.form.pack_folder() });
                None
            }
            Err(error) => Some(error.to_string()),
        };
    }
}
