//! One electrode: its verdict, what was found, what to do about it, and the figures.

use egui::{Label, RichText, Ui};

use crate::snapshot::{PackState, QualityVerdict, SourceView, cap};
use crate::ui::look::{advice, parts, theme, words};
use crate::ui::scene::Scene;

/// Paints it.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>, source: &SourceView, channel: usize) {
    let Some(label) = source.channels.get(channel) else { return };
    let quality = scene.snapshot.quality.get(channel).cloned().unwrap_or_default();
    let palette = scene.palette;
    ui.horizontal(|ui| {
        let word = words::verdict_words(quality.verdict);
        parts::inline_mark(ui, word, |rect| parts::verdict_shape(rect, quality.verdict, palette));
        let title = match quality.reason {
            Some(reason) => format!("{label}: {}, {word}", words::reason(reason)),
            None => format!("{label}: {word}"),
        };
        ui.label(RichText::new(title).font(theme::font(ui, theme::TITLE)));
    });
    let other = quality.copies.and_then(|other| source.channels.get(usize::from(other)));
    let finding = advice::finding(&quality, other.map(String::as_str));
    ui.add(Label::new(RichText::new(finding).color(palette.weak)).wrap());
    ui.add(Label::new(advice::advice(&quality)).wrap());
    ui.add_space(2.0);
    if quality.verdict == QualityVerdict::Unknown {
        return;
    }
    let std = parts::row(ui, "Signal after filters", format!("{:.1} µV", quality.std_uv));
    std.on_hover_text("Standard deviation in a second. EEG at rest has 5 to 30 µV.");
    let share = words::percent(f64::from(quality.mains_share));
    let mains = parts::row(ui, "Mains hum", format!("{:.1} µV · {share}", quality.mains_uv));
    mains.on_hover_text("Before the notch: root mean square at 50 or 60 Hz, and its share of the power below 100 Hz.");
    let fast = parts::row(ui, "Fast, 20 to 75 Hz", format!("{:.1} µV", quality.fast_uv));
    fast.on_hover_text(
        "Root mean square without the mains. EEG has 1 to 3 µV there; muscle has more.",
    );
    let drift = parts::row(ui, "Level in 8 s", format!("± {:.0} µV", quality.drift_uv * 0.5));
    drift.on_hover_text("How far the level wandered, from its 10th to its 90th percentile.");
    let impedance =
        quality.impedance_kohm.map_or("not measured".into(), |kohm| format!("{kohm:.0} kΩ"));
    parts::row(ui, "Impedance", impedance);
    if let PackState::Ready(pack) = &scene.snapshot.pack {
        let weight = cap::weights(&pack.montage, &source.channels)[channel];
        let used = match weight {
            0.0 => "no".into(),
            weight if (weight - 1.0).abs() < 0.05 => "yes".into(),
            weight => format!("yes, for {weight:.1} channels"),
        };
        parts::row(ui, "Used by the pack", used);
    }
}
