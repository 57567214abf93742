//! The strip of time and loss, on every page while there is a source.

use egui::Ui;

use crate::ui::scene::{Action, Scene};

/// The strip.
#[derive(Default)]
pub struct StripPanel {}

impl StripPanel {
    /// Paints the strip.
    pub fn ui(&mut self, _ui: &mut Ui, _scene: &Scene<'_>, _actions: &mut Vec<Action>) {}
}
