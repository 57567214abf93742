//! The page of views: spectrum, spectrogram, bands, scalp map, filter response.

use egui::Ui;

use crate::ui::scene::{Action, Scene};

/// The page.
#[derive(Default)]
pub struct SpectrumPanel {}

impl SpectrumPanel {
    /// Paints the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, _actions: &mut Vec<Action>) {
        ui.label(scene.view.page.words());
    }
}
