//! The line that says what cleaning does to the signal: only there while something is cleaned.

use egui::Ui;

use crate::snapshot::{CleaningView, Phase, QualityVerdict};
use crate::ui::look::parts;
use crate::ui::scene::Scene;

/// Paints the line; nothing where nothing is cleaned.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>) {
    let Some(cleaning) = &scene.snapshot.cleaning else { return };
    ui.horizontal_wrapped(|ui| {
        let (verdict, word) = standing(cleaning);
        parts::inline_mark(ui, word, |rect| parts::verdict_shape(rect, verdict, scene.palette));
        let text = format!("Cleaning: {}", cleaning.sentence());
        parts::weak(ui, text).on_hover_text(format!(
            "Asked for: {}. The decoder sees the cleaned signal; recordings hold the signal as the source gave it, and the traces show it so.",
            cleaning.asked
        ));
    });
}

/// A mark that differs by shape, with its word for screen readers.
fn standing(cleaning: &CleaningView) -> (QualityVerdict, &'static str) {
    match cleaning.effect.phase {
        Phase::Collecting | Phase::Learning => (QualityVerdict::Unknown, "not cleaned yet"),
        Phase::Off | Phase::Cleaning => (QualityVerdict::Good, "cleaned"),
    }
}
