//! What is there now, on top of the panel: one click each.
//!
//! Looks when the panel opens and, while nothing is connected, again and again until told to stop.

use egui::{Button, RichText, Ui};

use super::ConnectPanel;
use crate::snapshot::RunState;
use crate::ui::engine::DeviceEntry;
use crate::ui::look::parts;
use crate::ui::scene::{Action, Scene};

impl ConnectPanel {
    /// Everything that was found, and how the search goes.
    pub(super) fn found_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let entries: Vec<DeviceEntry> = self.devices.iter().flatten().cloned().collect();
        let is_connected = !matches!(
            scene.snapshot.run,
            RunState::Idle | RunState::Ended | RunState::Failed { .. }
        );
        let now_secs = ui.input(|input| input.time);
        if self.looking.is_due(now_secs, is_connected) {
            actions.push(Action::ScanDevices);
        }
        ui.horizontal(|ui| {
            parts::eyebrow(ui, scene.palette, "FOUND NOW");
            if ui.add_enabled(!self.looking.asked, Button::new("Look for devices")).clicked() {
                self.looking.stopped = false;
                self.looking.ask();
                actions.push(Action::ScanDevices);
            }
            let goes_on = !self.looking.stopped && !is_connected;
            if goes_on && ui.button("Stop looking").clicked() {
                self.looking.stopped = true;
            }
        });
        for entry in &entries {
            self.found_row(ui, scene, entry, actions);
        }
        if self.looking.asked && self.devices.is_none() {
            parts::weak(ui, "Looking for LSL streams and serial ports…");
        } else if entries.is_empty() && self.devices.is_some() {
            parts::weak(
                ui,
                "Nothing found. A headset's LSL program has to stream on this network (a VPN or several network cards can \
                 hide it); a dongle has to be plugged in. Bluetooth boards are not listed: choose them under BrainFlow.",
            );
        }
    }

    fn found_row(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        entry: &DeviceEntry,
        actions: &mut Vec<Action>,
    ) {
        let Ok(spec) = entry.spec.parse() else { return };
        ui.horizontal(|ui| {
            let button =
                Button::new(RichText::new("Connect").small()).fill(scene.palette.accent_soft);
            let response = ui.add(button).on_hover_text(&entry.spec);
            parts::name(
                &response,
                egui::accesskit::Role::Button,
                format!("Connect {}", entry.title),
            );
            if response.clicked() {
                self.form.fill(&spec);
                self.connect(actions);
            }
            let chosen = self.form.spec_text() == entry.spec;
            let label = ui.add(Button::selectable(chosen, &entry.title).truncate());
            if label.on_hover_text(&entry.spec).clicked() {
                self.form.fill(&spec);
            }
        });
        parts::weak(ui, format!("    {}", entry.detail));
    }

    /// Serial ports among what was found.
    pub(super) fn ports(&self) -> Vec<String> {
        let port = |entry: &DeviceEntry| {
            let (_, rest) = entry.spec.split_once("serial_port=")?;
            Some(rest.split(',').next().unwrap_or(rest).to_owned())
        };
        let mut ports: Vec<String> = self.devices.iter().flatten().filter_map(port).collect();
        ports.dedup();
        ports
    }
}
