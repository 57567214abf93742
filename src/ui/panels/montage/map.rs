//! What the pack gets: each of its electrodes on a head, measured, interpolated or missing, by shape, colour and word.

use egui::accesskit::Role;
use egui::{Align2, FontId, Rect, Sense, Ui, vec2};

use super::draft::Given;
use super::place::Head;
use crate::signal::montage::position;
use crate::snapshot::{ChannelOrigin, QualityVerdict};
use crate::ui::look::parts;
use crate::ui::look::theme::Palette;

/// Contributions that a hint names.
const SHOWN_PARTS: usize = 4;

/// How an electrode of the pack is had: the word, and the shape of a verdict.
pub fn how(origin: &ChannelOrigin) -> (&'static str, QualityVerdict) {
    match origin.from.len() {
        0 => ("missing", QualityVerdict::Bad),
        1 => ("measured", QualityVerdict::Good),
        _ => ("interpolated", QualityVerdict::Fair),
    }
}

/// How many are measured, interpolated, missing.
pub fn counts(given: &Given) -> [usize; 3] {
    let count = |word: &str| given.origins.iter().filter(|origin| how(origin).0 == word).count();
    ["measured", "interpolated", "missing"].map(count)
}

/// Paints the head in a square.
pub fn ui(ui: &mut Ui, palette: &Palette, given: &Given, side: f32) {
    let [measured, interpolated, missing] = counts(given);
    let words = format!(
        "The pack's electrodes from above: {measured} measured, {interpolated} interpolated, {missing} missing"
    );
    let rect = parts::canvas(ui, vec2(side, side), words);
    let head = Head::within(rect);
    head.outline(ui, palette);
    for origin in &given.origins {
        let Some(at) = position(&origin.label) else { continue };
        let radius = (0.05 * head.radius()).clamp(4.5, 8.0);
        let place = Rect::from_center_size(head.at(at), vec2(2.0, 2.0) * radius);
        let response =
            ui.interact(place, ui.scope_id().with(("map", &origin.label)), Sense::hover());
        parts::name(&response, Role::Image, hint(origin));
        ui.painter().add(parts::verdict_shape(place, how(origin).1, palette));
        let font = FontId::proportional(10.5);
        let below = place.center_bottom() + vec2(0.0, 1.0);
        ui.painter().text(below, Align2::CENTER_TOP, &origin.label, font, palette.text);
        response.on_hover_text(hint(origin));
    }
}

/// The three shapes with their words and numbers.
pub fn legend(ui: &mut Ui, palette: &Palette, given: &Given) {
    let all = [
        ("measured", QualityVerdict::Good),
        ("interpolated", QualityVerdict::Fair),
        ("missing", QualityVerdict::Bad),
    ];
    ui.horizontal_wrapped(|ui| {
        for ((word, verdict), count) in all.into_iter().zip(counts(given)) {
            parts::inline_mark(ui, word, |rect| parts::verdict_shape(rect, verdict, palette));
            ui.label(format!("{count} {word}"));
        }
    });
}

/// Where an electrode of the pack comes from, in words.
pub fn hint(origin: &ChannelOrigin) -> String {
    let (word, _) = how(origin);
    let label = &origin.label;
    match origin.from.as_slice() {
        [] => format!("{label}: {word}, no electrode is near: left at zero"),
        [_] => format!("{label}: {word}"),
        parts => {
            let shown = parts.len().min(SHOWN_PARTS);
            let mut sorted: Vec<&(String, f32)> = parts.iter().collect();
            sorted.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
            let terms: Vec<String> = sorted[..shown]
                .iter()
                .map(|(from, weight)| format!("{weight:.2} {from}"))
                .collect();
            let more = if parts.len() > shown { " + …" } else { "" };
            format!("{label}: {word}, {}{more}", terms.join(" + "))
        }
    }
}
