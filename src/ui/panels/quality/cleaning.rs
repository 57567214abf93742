//! What is cleaned before the decoder sees the signal: switched here, and what it does in one line.
//!
//! A change starts the run again, since filters and the decoder's windows begin anew; electrodes and references that were
//! asked for on the command line stay.

use egui::{RichText, Ui};

use crate::pipeline::cleaning::{CUTOFF, Cleaning, Components};
use crate::snapshot::{PackState, RecordingState};
use crate::ui::look::parts;
use crate::ui::scene::{Action, Scene};

const ASR_HINT: &str = "Artefact subspace reconstruction: components far larger than those of the first clean minute are \
taken out. Only the decoder's signal is changed, not what is recorded. It did not raise scores clearly where that was \
measured, so it is off unless asked for.";

const BAD_HINT: &str = "Electrodes that are called bad here are interpolated from the others before the decoder sees them.";

/// Two switches and what they do.
pub(super) fn ui(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let now = &scene.view.cleaning;
    let is_recording = matches!(scene.snapshot.recording, RecordingState::On { .. });
    let decodes = matches!(scene.snapshot.pack, PackState::Ready(_));
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("Clean for the decoder").small().color(scene.palette.weak));
        ui.add_enabled_ui(decodes && !is_recording, |ui| {
            let mut asr = now.components.is_some();
            let mut bad = now.watch_bad;
            let asr_clicked =
                ui.checkbox(&mut asr, "artefacts (ASR)").on_hover_text(ASR_HINT).clicked();
            let bad_clicked =
                ui.checkbox(&mut bad, "bad electrodes").on_hover_text(BAD_HINT).clicked();
            if asr_clicked || bad_clicked {
                let components = asr.then(|| {
                    now.components.clone().unwrap_or(Components {
                        cutoff: CUTOFF,
                        delay_secs: 0.0,
                        from: None,
                    })
                });
                actions.push(Action::Clean(Cleaning { components, watch_bad: bad, ..now.clone() }));
            }
        });
        let why = match (decodes, is_recording) {
            (false, _) if matches!(scene.snapshot.pack, PackState::Loading) => {
                Some("the pack is being loaded".to_owned())
            }
            (false, _) => Some("without a pack nothing is decoded".to_owned()),
            (_, true) => {
                Some("not while a recording runs: a change starts the run again".to_owned())
            }
            _ => scene.snapshot.cleaning.as_ref().map(|cleaning| cleaning.sentence()),
        };
        if let Some(why) = why {
            parts::weak(ui, why);
        }
    });
}
