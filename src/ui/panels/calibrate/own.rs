//! Which pictures a session shows: the bundled ones, or a folder of the user's own, which the pack's image encoder embeds
//! behind the engine.

use std::sync::Arc;
use std::time::Duration;

use egui::{Button, Key, ProgressBar, RichText, TextEdit, Ui};

use super::{SessionPanel, Wish};
use crate::signal::StimulusSet;
use crate::snapshot::RecordingState;
use crate::ui::engine::{Embedding, Engine};
use crate::ui::scene::Scene;

/// How often the window looks whether pictures are there.
const POLL: Duration = Duration::from_millis(100);

impl SessionPanel {
    /// Takes the pictures that were embedded, or the bundled ones again.
    pub(super) fn take_pictures(&mut self, own: Option<Arc<StimulusSet>>, wishes: &mut Vec<Wish>) {
        self.stimuli = own.clone().unwrap_or_else(crate::signal::StimulusSet::bundled_or_none);
        self.own = own.clone();
        self.textures.clear();
        self.plan();
        wishes.push(Wish::UsePictures(own));
    }

    /// The row of the setup page.
    pub(super) fn pictures_row(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        engine: &mut dyn Engine,
        wishes: &mut Vec<Wish>,
    ) {
        let label = ui.label("Pictures");
        // A run knows its pictures from its beginning, and a recording is not cut for others.
        let records = matches!(scene.snapshot.recording, RecordingState::On { .. });
        let free = !self.choice.asked && !records;
        ui.horizontal_wrapped(|ui| {
            let count = self.stimuli.len();
            if self.own.is_some() {
                ui.label(format!("{count} of your own"));
                if ui.add_enabled(free, Button::new("Bundled ones")).clicked() {
                    self.take_pictures(None, wishes);
                }
            } else {
                ui.label(format!("{count} bundled"));
            }
            let hint = "or a folder of PNG, JPEG, WebP";
            let edit = TextEdit::singleline(&mut self.choice.folder).hint_text(hint);
            let field = ui.add(edit.desired_width(230.0)).labelled_by(label.id);
            let is_named = !self.choice.folder.trim().is_empty();
            let enter = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let can_take = is_named && free;
            let clicked = ui.add_enabled(can_take, Button::new("Take these")).clicked();
            if can_take && (clicked || enter) {
                self.choice.ask(engine, self.pack.clone());
            }
        });
        ui.end_row();
    }

    /// How far embedding is, or why it failed.
    pub(super) fn pictures_news(&self, ui: &mut Ui, scene: &Scene<'_>, engine: &dyn Engine) {
        if let (true, Embedding::Working(share)) = (self.choice.asked, engine.embedding()) {
            ui.label("The pack's image encoder looks at your pictures.");
            ui.add(ProgressBar::new(share as f32).desired_width(360.0));
            ui.ctx().request_repaint_after(POLL);
        }
        if let Some(why) = &self.choice.refused {
            ui.label(RichText::new(why).color(scene.palette.bad));
        }
    }
}
