//! The page of the montage: where each channel is, by label or by hand, and what the pack makes of it.
//!
//! What is said here is kept for the device at once, and says so; the run goes on as it is until *Apply* begins it anew.
//! Nothing is guessed: where a device gives no names, the likeliest headset is proposed, and the user decides.

mod draft;
mod head;
mod list;
mod map;
mod place;
mod summary;

use egui::{Key, Modifiers, ScrollArea, Ui, vec2};

use crate::snapshot::{PackState, RecordingState, Snapshot};
use crate::ui::look::{parts, theme};
use crate::ui::scene::{Action, Scene};
use draft::{Draft, Keeping};

/// Narrower than this, everything is one column.
const TWO_COLUMNS: f32 = 900.0;
/// Smallest and largest side of a head, in points.
const HEAD_SIDE: [f32; 2] = [240.0, 460.0];
/// Room beside cards for the scroll bar that floats over the right edge.
const SCROLL_BAR: f32 = 8.0;

/// The page.
#[derive(Default)]
pub struct MontagePanel {
    draft: Option<Draft>,
    chosen: Option<usize>,
    typed: list::Typed,
    keeping: Keeping,
    /// What of a preset does not fit.
    refused: Option<String>,
    /// By what the pack was known when its share was reckoned last.
    reckoned_for: String,
}

impl MontagePanel {
    /// Follows the run, and what came of keeping.
    pub fn follow(&mut self, snapshot: &Snapshot, kept: Option<Result<Vec<String>, String>>) {
        let pack = match &snapshot.pack {
            PackState::Ready(pack) => format!("{} {}", pack.encoder_sha256, pack.montage.len()),
            _ => String::new(),
        };
        let pack_is_new = pack != self.reckoned_for;
        let before = self.draft.as_ref().map(|draft| draft.key.clone());
        Draft::follow(&mut self.draft, snapshot, pack_is_new);
        self.reckoned_for = pack;
        if self.draft.as_ref().map(|draft| &draft.key) != before.as_ref() {
            self.chosen = None;
            self.typed.clear();
            self.keeping = Keeping::Nothing;
            self.refused = None;
        }
        if self.keeping == Keeping::AtWork {
            match kept {
                None => {}
                Some(Ok(said)) => self.keeping = Keeping::Kept(said),
                Some(Err(why)) => self.keeping = Keeping::Failed(why),
            }
        }
    }

    /// Paints the page.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        if self.draft.is_none() {
            parts::weak(ui, "Nothing is connected yet: the channels of a source are placed here.");
            return;
        }
        let typing = ui.ctx().text_edit_focused();
        if !typing && ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Z)) {
            self.undo(scene, actions);
        }
        let width = ui.available_width();
        if width < TWO_COLUMNS {
            ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                ui.set_max_width(ui.available_width() - SCROLL_BAR);
                self.summary(ui, scene, actions);
                let side = (ui.available_width() - 30.0).clamp(HEAD_SIDE[0], HEAD_SIDE[1]);
                self.heads(ui, scene, side, actions);
                ui.set_max_height(600.0);
                self.channels(ui, scene, actions);
            });
            return;
        }
        self.summary(ui, scene, actions);
        ui.add_space(theme::GAP * 0.5);
        self.columns(ui, scene, actions);
    }

    /// Heads beside the list, or above one another where they are narrow.
    fn columns(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let size = ui.available_size();
        let three = size.x >= 1240.0;
        let list_width = (size.x * if three { 0.36 } else { 0.5 }).max(430.0);
        let heads = size.x - list_width - theme::GAP;
        let room = if three { (heads - theme::GAP) * 0.5 } else { heads };
        let side = (room - 30.0).min(size.y - 96.0).clamp(HEAD_SIDE[0], HEAD_SIDE[1]);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = theme::GAP;
            ui.allocate_ui(vec2(heads, size.y), |ui| {
                ScrollArea::vertical().id_salt("heads").auto_shrink([false, false]).show(
                    ui,
                    |ui| {
                        if three {
                            ui.horizontal_top(|ui| self.heads(ui, scene, side, actions));
                        } else {
                            self.heads(ui, scene, side, actions);
                        }
                    },
                );
            });
            ui.allocate_ui(vec2(list_width - 4.0, size.y), |ui| {
                ui.vertical(|ui| self.channels(ui, scene, actions));
            });
        });
    }

    fn summary(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let Some(draft) = &self.draft else { return };
        let is_recording = matches!(scene.snapshot.recording, RecordingState::On { .. });
        let mut done = None;
        theme::card(scene.palette).show(ui, |ui| {
            ui.set_width(ui.available_width());
            let about = summary::About {
                draft,
                refused: self.refused.as_deref(),
                keeping: &self.keeping,
                is_recording,
            };
            done = summary::ui(ui, scene, &about, actions);
        });
        match done {
            None => {}
            Some(summary::Done::Take(preset)) => {
                let taken = self.draft.as_mut().map(|draft| draft.take(preset, scene.snapshot));
                match taken {
                    Some(Ok(changed)) => self.changed(changed, actions),
                    Some(Err(why)) => self.refused = Some(why),
                    None => {}
                }
            }
            Some(summary::Done::Undo) => self.undo(scene, actions),
            Some(summary::Done::Reset) => {
                let changed = self.draft.as_mut().is_some_and(|draft| draft.reset(scene.snapshot));
                self.changed(changed, actions);
            }
            Some(summary::Done::Apply) => {
                actions.extend(self.draft.as_ref().map(|draft| Action::UseMontage(draft.choice())));
            }
        }
    }

    fn heads(&mut self, ui: &mut Ui, scene: &Scene<'_>, side: f32, actions: &mut Vec<Action>) {
        let Some(draft) = &self.draft else { return };
        let mut done = None;
        theme::card(scene.palette).show(ui, |ui| {
            ui.vertical(|ui| {
                ui.set_width(side);
                parts::eyebrow(ui, scene.palette, "YOUR CHANNELS, FROM ABOVE");
                let words = match self.chosen.and_then(|channel| draft.labels().get(channel)) {
                    Some(label) => format!("Press the site of {label}."),
                    None => "Drag a channel onto a site.".to_owned(),
                };
                parts::weak(ui, words);
                done = head::ui(ui, scene.palette, draft, self.chosen, side);
            });
        });
        theme::card(scene.palette).show(ui, |ui| {
            ui.vertical(|ui| {
                ui.set_width(side);
                parts::eyebrow(ui, scene.palette, "WHAT THE PACK GETS");
                if draft.given.origins.is_empty() {
                    parts::weak(ui, "No model pack is in use.");
                } else {
                    map::legend(ui, scene.palette, &draft.given);
                    map::ui(ui, scene.palette, &draft.given, side);
                }
            });
        });
        match done {
            None => {}
            Some(head::Done::Choose(channel)) => {
                self.chosen = (self.chosen != Some(channel)).then_some(channel);
            }
            Some(head::Done::Put(channel, site)) => {
                self.chosen = None;
                self.assign(channel, Some(&site), scene, actions);
            }
        }
    }

    fn channels(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let Some(draft) = &self.draft else { return };
        let mut done = None;
        theme::card(scene.palette).show(ui, |ui| {
            ui.set_width(ui.available_width());
            let count = draft.labels().len();
            let title = format!("{count} CHANNELS AS THE DEVICE NAMES THEM");
            parts::eyebrow(ui, scene.palette, &title);
            done = list::ui(ui, scene.palette, draft, (self.chosen, &mut self.typed));
        });
        match done {
            None => {}
            Some(list::Done::Choose(channel)) => self.chosen = channel,
            Some(list::Done::Assign(channel, site)) => {
                self.assign(channel, site.as_deref(), scene, actions);
            }
        }
    }

    fn assign(
        &mut self,
        channel: usize,
        site: Option<&str>,
        scene: &Scene<'_>,
        actions: &mut Vec<Action>,
    ) {
        let draft = self.draft.as_mut();
        let changed = draft.is_some_and(|draft| draft.assign(channel, site, scene.snapshot));
        self.changed(changed, actions);
    }

    fn undo(&mut self, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let undone = self.draft.as_mut().is_some_and(|draft| draft.undo(scene.snapshot));
        self.changed(undone, actions);
    }

    /// Keeps what is said now.
    fn changed(&mut self, changed: bool, actions: &mut Vec<Action>) {
        let Some(draft) = self.draft.as_ref().filter(|_| changed) else { return };
        self.refused = None;
        self.typed.clear();
        self.keeping = Keeping::AtWork;
        actions.push(Action::KeepMontage(draft.choice()));
    }
}
