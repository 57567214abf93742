//! The page of the montage: where each channel is, by label or by hand, and what the pack makes of it.

use egui::Ui;

use crate::ui::scene::{Action, Scene};

/// The page.
#[derive(Default)]
pub struct MontagePanel {}

impl MontagePanel {
    /// Paints the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, _actions: &mut Vec<Action>) {
        ui.label(scene.view.page.words());
    }
}
