//! What a calibration buys, said before it begins.
//!
//! Takes [`Worth`] and the minutes that are planned; paints a card with a sentence for each strength and the whole table below.
//! With a pack for which nobody has measured it, the card says that.

use egui::{CollapsingHeader, Grid, RichText, Ui};

use super::SessionPanel;
use crate::snapshot::PackState;
use crate::study::calibration::MOST_EARLIER;
use crate::study::calibration::worth::{Strength, Worth, in_hundred};
use crate::ui::look::{parts, theme};
use crate::ui::scene::Scene;

impl SessionPanel {
    /// The card.
    pub(super) fn what_it_buys(&self, ui: &mut Ui, scene: &Scene<'_>) {
        let (Ok(session), Ok(worth)) = (&self.planned, Worth::bundled()) else { return };
        // The newest earlier sessions are fitted too; each is taken to have been as long as this one.
        let sessions = 1 + self.before.len().min(MOST_EARLIER);
        let minutes = session.plan.seconds() / 60.0 * sessions as f64;
        theme::card(scene.palette).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.label(RichText::new("What it buys").strong());
            if !is_of(scene, &worth) {
                ui.label("With this model pack nobody has measured it.");
                return;
            }
            if sessions > 1 {
                parts::weak(
                    ui,
                    "Sessions held before count: they are fitted together with this one.",
                );
            }
            let sentences = worth.sentences(minutes);
            if sentences.is_empty() {
                ui.label("So short a calibration nobody has measured.");
            }
            for sentence in sentences {
                ui.label(sentence);
            }
            parts::weak(ui, said_of(&worth, self.own.is_some()));
            let all = CollapsingHeader::new("Other lengths").id_salt("worth");
            all.show(ui, |ui| worth.strengths.iter().for_each(|strength| table(ui, strength)));
        });
        ui.add_space(8.0);
    }
}

/// Chance, and on whom it was found.
fn said_of(worth: &Worth, own: bool) -> String {
    let own = if own { "; with your own pictures it may differ" } else { "" };
    let Worth { pictures, source, .. } = worth;
    format!("Of {pictures} pictures, where {}. SIMULATED: {source}{own}.", worth.chance())
}

fn is_of(scene: &Scene<'_>, worth: &Worth) -> bool {
    match &scene.snapshot.pack {
        PackState::Ready(pack) => pack.name.split(' ').next() == Some(worth.pack.as_str()),
        _ => true,
    }
}

/// Pictures named in a hundred, by minutes and looks.
fn table(ui: &mut Ui, strength: &Strength) {
    parts::weak(ui, format!("Named in 100, at the strength of {}", strength.words()));
    Grid::new(&strength.name).striped(true).spacing([18.0, 4.0]).show(ui, |ui| {
        ui.label("minutes");
        for looks in &strength.looks {
            let looks = if *looks == 1 { "one look".into() } else { format!("{looks} looks") };
            ui.label(looks);
        }
        ui.end_row();
        for row in &strength.rows {
            ui.label(row.minutes.to_string());
            for share in &row.top1 {
                ui.label(in_hundred(*share));
            }
            ui.end_row();
        }
    });
    ui.add_space(6.0);
}
