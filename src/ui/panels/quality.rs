//! The page of signal quality: a head with every electrode's verdict, its reason and what to do.

use egui::Ui;

use crate::ui::scene::{Action, Scene};

/// The page.
#[derive(Default)]
pub struct QualityPanel {}

impl QualityPanel {
    /// Paints the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, _actions: &mut Vec<Action>) {
        ui.label(scene.view.page.words());
    }
}
