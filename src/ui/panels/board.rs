//! The page of a board's own settings: channels, gains, bias, impedance.

use egui::Ui;

use crate::ui::scene::{Action, Scene};

/// The page.
#[derive(Default)]
pub struct BoardPanel {}

impl BoardPanel {
    /// Paints the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, _actions: &mut Vec<Action>) {
        ui.label(scene.view.page.words());
    }
}
