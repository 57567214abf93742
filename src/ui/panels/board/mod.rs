//! The page of a board's own settings: channels, gains, inputs, bias, references, impedance.
//!
//! What stands here is what the board was told last; a change is sent at once, and says what it costs.

mod impedance;
mod table;

use egui::{Button, RichText, ScrollArea, Ui};

use crate::pipeline::Command;
use crate::snapshot::board::Walk;
use crate::snapshot::{BoardView, Snapshot};
use crate::source::BoardCommand;
use crate::source::board::MODULE_CHANNELS;
use crate::ui::look::{parts, theme};
use crate::ui::scene::{Action, Scene};

/// The page.
#[derive(Default)]
pub struct BoardPanel {
    /// All channels' impedance in turn, while that goes on.
    walk: Walk,
}

impl BoardPanel {
    /// Goes on measuring all channels in turn, on whatever page the viewer is.
    pub fn follow(&mut self, snapshot: &Snapshot) -> Option<Command> {
        match &snapshot.board {
            Some(view) => self.walk.next(view).map(Command::Board),
            None => {
                self.walk = Walk::default();
                None
            }
        }
    }

    /// Paints the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        theme::card(scene.palette).show(ui, |ui| {
            ui.set_width(ui.available_width());
            match (&scene.snapshot.board, &scene.snapshot.source) {
                (Some(view), Some(source)) => {
                    self.settings(ui, scene, view, &source.channels, actions);
                }
                _ => no_settings(ui, scene),
            }
        });
    }

    fn settings(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        view: &BoardView,
        labels: &[String],
        actions: &mut Vec<Action>,
    ) {
        parts::eyebrow(ui, scene.palette, "THE BOARD'S OWN SETTINGS");
        let pause_secs = view.state.info.pause_secs;
        parts::weak(
            ui,
            format!(
                "A change is sent at once. The board stops and starts again for it: {pause_secs} s of signal are left out, \
                 counted as lost, and a marker says in the recording what was changed. A gain changes the scale, not the µV."
            ),
        );
        ui.add_space(4.0);
        let mut tell = |command| actions.push(Action::Send(Command::Board(command)));
        ui.horizontal_wrapped(|ui| {
            self.walk_ui(ui, view, &mut tell);
            if ui.button("Restore defaults").on_hover_text("As after a reset").clicked() {
                self.walk = Walk::default();
                tell(BoardCommand::Defaults);
            }
            for module in 0..view.state.channels().len() / MODULE_CHANNELS {
                table::srb1(ui, view, module, &mut tell);
            }
        });
        if let Some(why) = &view.refused {
            let text = RichText::new(format!("Refused: {why}")).color(scene.palette.bad);
            ui.add(egui::Label::new(text).wrap());
        }
        ui.add_space(4.0);
        ScrollArea::both().auto_shrink([false, false]).show(ui, |ui| {
            let mut measure = |channel| {
                self.walk = Walk::default();
                tell(BoardCommand::Measure(channel));
            };
            let measured = table::ui(ui, scene, view, labels, &mut measure);
            if let Some((channel, settings)) = measured {
                tell(BoardCommand::Set { channel, settings });
            }
            ui.add_space(6.0);
            impedance::explain(ui, view);
            let words = format!("The vendor's documentation: {}", view.state.info.documented);
            parts::weak(ui, words);
        });
    }

    /// The buttons over all channels.
    fn walk_ui(&mut self, ui: &mut Ui, view: &BoardView, tell: &mut dyn FnMut(BoardCommand)) {
        if view.state.info.lead_off.is_none() {
            return;
        }
        let is_walking = self.walk.left() > 0;
        let start = Button::new("Measure all impedances");
        if ui.add_enabled(!is_walking, start).on_hover_text("One channel after the other").clicked()
        {
            self.walk = Walk::over_all(view);
        }
        let stop = Button::new("Stop measuring");
        let can_stop = is_walking || view.state.measuring.is_some();
        if ui.add_enabled(can_stop, stop).clicked() {
            self.walk = Walk::default();
            tell(BoardCommand::Measure(None));
        }
        if is_walking {
            ui.label(format!("{} channels left", self.walk.left()));
        }
    }
}

fn no_settings(ui: &mut Ui, scene: &Scene<'_>) {
    parts::eyebrow(ui, scene.palette, "THE BOARD'S OWN SETTINGS");
    let name = scene.snapshot.source.as_ref().map_or("Nothing is connected", |source| &source.name);
    ui.label(RichText::new(name).strong());
    ui.label(
        "This source has no settings that can be changed from here. A headset on LSL is set in its own program; the Cyton \
         and the Daisy of OpenBCI on their dongle have channels, gains, bias, references and impedance on this page.",
    );
}
