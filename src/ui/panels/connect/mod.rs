//! The connect panel: what was found, which source, which model pack, where recordings go.
//!
//! Fields are plain text and nothing here touches a disk or a device: connecting and scanning are asked
//! for and happen elsewhere.

mod boards;
mod catalogue;
mod fields;
pub mod form;
mod found;
mod last;
mod looking;
mod recordings;

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Button, RichText, Ui, vec2};

use crate::snapshot::{PackState, RunState};
use crate::source::SourceSpec;
use crate::ui::engine::DeviceEntry;
use crate::ui::look::{parts, words};
use crate::ui::scene::{Action, Scene};
use form::{Form, WAYS, Way};
use looking::Looking;

pub use catalogue::title as board_title;

/// The panel with what has been filled in.
#[derive(Default)]
pub struct ConnectPanel {
    /// What has been filled in.
    pub form: Form,
    /// Recordings offered for choosing.
    pub recent: Vec<PathBuf>,
    /// Sources used last, the newest first.
    last: Arc<Vec<SourceSpec>>,
    /// What the last scan found.
    devices: Option<Vec<DeviceEntry>>,
    looking: Looking,
    board_filter: String,
    error: Option<String>,
    record_folder: Option<String>,
}

impl ConnectPanel {
    /// Takes the result of a scan, if there is one, and what was used last.
    pub fn follow(&mut self, devices: Option<Vec<DeviceEntry>>, last: Arc<Vec<SourceSpec>>) {
        self.last = last;
        if devices.is_some() {
            self.looking.asked = false;
        }
        self.devices = devices;
    }

    /// Notes that a scan was asked for.
    pub fn scanning(&mut self) {
        self.looking.ask();
    }

    /// Paints the panel.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.set_max_width(ui.available_width() - 8.0); // room for the floating scroll bar
            ui.heading("Connect");
            self.last_ui(ui, scene, actions);
            self.found_ui(ui, scene, actions);
            ui.add_space(8.0);
            parts::eyebrow(ui, scene.palette, "SOURCE");
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                for (way, name) in WAYS {
                    ui.selectable_value(&mut self.form.way, way, name);
                }
            });
            ui.add_space(4.0);
            self.way_ui(ui);
            ui.add_space(8.0);
            self.pack_ui(ui, scene);
            ui.add_space(8.0);
            self.buttons(ui, scene, actions);
            ui.add_space(12.0);
            self.recordings_ui(ui, scene, actions);
        });
    }

    fn way_ui(&mut self, ui: &mut Ui) {
        match self.form.way {
            Way::Simulated => fields::simulated(ui, &mut self.form),
            Way::Lsl => {
                fields::text(ui, "Stream", &mut self.form.predicate, "type=EEG or name=MyAmp");
                parts::weak(
                    ui,
                    "Any LSL predicate: type, name, source_id, hostname. Waits until the stream is there.",
                );
            }
            Way::Brainflow => {
                let ports = self.ports();
                boards::ui(ui, &mut self.form, &mut self.board_filter, &ports);
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
