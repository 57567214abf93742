//! Whose responses pages are judged by: somebody whose file is there, or somebody who is to be learnt.

use egui::{RichText, Ui};

use super::choice::Expected;
use super::{Asked, FindPanel};
use crate::find::Wearer;
use crate::ui::engine::KnownWearer;
use crate::ui::look::parts;
use crate::ui::scene::Scene;

/// Most files that are listed: the newest.
const MOST_LISTED: usize = 8;

impl FindPanel {
    pub(super) fn who(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let minutes = self.minutes();
        let words = format!("Learn me (about {minutes:.0} minutes)");
        if ui.radio(self.choice.who.is_none(), words).clicked() {
            (self.choice.who, self.has_chosen) = (None, true);
        }
        match self.known.clone() {
            None => parts::weak(ui, "Looking for wearers who were learnt before."),
            Some(known) if known.is_empty() => {
                let folder = self.folder.display();
                parts::weak(ui, format!("Nobody was learnt before: {folder} holds no wearer."))
            }
            Some(known) => {
                known.iter().take(MOST_LISTED).for_each(|known| self.listed(ui, scene, known));
                let files = if known.len() == 1 { "file" } else { "files" };
                parts::weak(ui, format!("{} {files} in {}", known.len(), self.folder.display()))
            }
        };
        if ui.small_button("Look again").clicked() {
            self.asked = Some(Asked::Look);
        }
        self.expectation(ui, scene);
    }

    fn listed(&mut self, ui: &mut Ui, scene: &Scene<'_>, known: &KnownWearer) {
        let file = known.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_chosen = self.choice.who.as_deref() == Some(known.path.as_path());
        match &known.wearer {
            Ok(wearer) => {
                if ui.radio(is_chosen, about(wearer)).on_hover_text(file).clicked() {
                    (self.choice.who, self.has_chosen) = (Some(known.path.clone()), true);
                }
                let simulated =
                    scene.snapshot.source.as_ref().is_some_and(|source| source.simulated);
                if is_chosen && scene.snapshot.source.is_some() && simulated != wearer.simulated {
                    let text = "This wearer was learnt with another kind of signal: one of them is simulated.";
                    ui.label(RichText::new(text).color(scene.palette.fair));
                }
            }
            Err(why) => {
                ui.add_enabled_ui(false, |ui| ui.radio(false, file));
                ui.label(RichText::new(why).small().color(scene.palette.bad));
            }
        }
    }

    /// What a page of so many pictures will take who is chosen.
    fn expectation(&self, ui: &mut Ui, scene: &Scene<'_>) {
        match &self.expected {
            Expected::Nobody => {}
            Expected::Working => {
                let count = self.choice.count;
                parts::weak(
                    ui,
                    format!("What a page of {count} pictures will take is being worked out."),
                );
            }
            Expected::Known(rehearsal) => {
                let is_weak = rehearsal.too_weak().is_some();
                let color = if is_weak { scene.palette.bad } else { scene.palette.text };
                ui.label(RichText::new(rehearsal.words()).color(color));
            }
            Expected::Failed(why) => drop(ui.label(RichText::new(why).color(scene.palette.bad))),
        }
    }
}

/// Date, device, how well, how long.
fn about(wearer: &Wearer) -> String {
    let date = wearer.created.get(..16).unwrap_or(&wearer.created).replace('T', " ");
    let simulated =
        if wearer.simulated && !wearer.source.contains("SIMULATED") { " (SIMULATED)" } else { "" };
    let rehearsal = &wearer.rehearsal;
    let takes = if rehearsal.too_weak().is_some() {
        format!("too weak for {} pictures", rehearsal.pictures)
    } else {
        format!("about {:.1} repetitions of {} pictures", rehearsal.repetitions, rehearsal.pictures)
    };
    format!("{date} · {}{simulated} · AUC {:.2} · {takes}", wearer.source, wearer.learnt.auc)
}
