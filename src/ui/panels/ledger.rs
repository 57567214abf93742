//! The latency ledger, and what became of samples and windows.
//!
//! Times are milliseconds over the last decodes; a dash means that nothing was measured.

use egui::{Grid, RichText, Ui, vec2};

use crate::snapshot::{LatencyView, Percentiles, RunState, StageTimes, timing};
use crate::ui::look::{parts, theme, words};
use crate::ui::scene::Scene;

/// Paints the two cards.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>) {
    theme::card(scene.palette).show(ui, |ui| {
        ui.set_width(ui.available_width());
        parts::eyebrow(ui, scene.palette, "LATENCY, MS");
        stages(ui, scene);
        let latency = &scene.snapshot.latency;
        if latency.denoise.is_none() && latency.window_to_image.is_some() {
            parts::weak(ui, "Every guess so far was painted before it was needed.");
        }
        ui.add_space(2.0);
        parts::row(ui, "Pictures per second", format!("{:.1}", scene.snapshot.images_per_s));
    });
    theme::card(scene.palette).show(ui, |ui| {
        ui.set_width(ui.available_width());
        parts::eyebrow(ui, scene.palette, "SAMPLES AND WINDOWS");
        samples(ui, scene);
        windows(ui, scene);
    });
}

type Stage =
    (&'static str, fn(&LatencyView) -> Option<Percentiles>, fn(&StageTimes) -> Option<f32>);

/// The stages in the order of the flow.
const STAGES: [Stage; 8] = [
    ("Sample to arrival", |l| l.arrival, |t| t.arrival),
    ("Arrival to window", |l| l.window, |t| t.window),
    ("Wait for decoder", |l| l.wait, |t| t.wait),
    ("Encoder", |l| l.encode, |t| t.encode),
    ("Denoiser", |l| l.denoise, |t| t.denoise),
    ("Image decoder", |l| l.decode_image, |t| t.decode_image),
    ("Window to picture", |l| l.window_to_image, |t| t.window_to_image),
    ("Picture to screen", |l| l.screen, |t| t.screen),
];

/// Row of the sum that a viewer cares for most.
const TOTAL: &str = "Window to picture";

fn stages(ui: &mut Ui, scene: &Scene<'_>) {
    let latency = &scene.snapshot.latency;
    let last = scene.snapshot.decode.as_ref().map(|decode| decode.latency).unwrap_or_default();
    let columns = ui.available_width();
    Grid::new("latency")
        .num_columns(5)
        .spacing(vec2(8.0, 2.0))
        .min_row_height(parts::DENSE_ROW)
        .min_col_width(28.0)
        .max_col_width(columns * 0.45)
        .show(ui, |ui| {
            for head in ["", "p50", "p95", "p99", "last"] {
                ui.label(RichText::new(head).small().weak());
            }
            ui.end_row();
            for (name, percentiles, of_last) in STAGES {
                let p = percentiles(latency).unwrap_or_default();
                let numbers = [p.p50, p.p95, p.p99, of_last(&last).unwrap_or(0.0)];
                stage(ui, name, numbers);
            }
        });
}

fn stage(ui: &mut Ui, name: &str, numbers_ms: [f32; 4]) {
    let total = name == TOTAL;
    let emphasis = |text: RichText| if total { text.strong() } else { text };
    let label = RichText::new(name);
    ui.label(if total { label.strong() } else { label.weak() });
    for ms in numbers_ms {
        ui.label(emphasis(RichText::new(words::millis(ms)).monospace()));
    }
    ui.end_row();
}

fn samples(ui: &mut Ui, scene: &Scene<'_>) {
    let snapshot = scene.snapshot;
    let counters = &snapshot.counters;
    if snapshot.run == RunState::Idle && snapshot.received == 0 {
        parts::weak(ui, "Counts appear when a source is connected.");
        return;
    }
    parts::row(ui, "Samples received", words::count(snapshot.received));
    parts::row(ui, "Lost by the source", words::count(counters.lost));
    parts::row(ui, "Lost in this computer", words::count(snapshot.dropped_in_rings));
    parts::row(ui, "Gaps, reconnects", format!("{}, {}", counters.gaps, counters.reconnects));
    parts::row(ui, "Clock resets", words::count(counters.clock_resets));
    parts::row(ui, "Clock offset", timing::offset_words(snapshot));
    ui.add_space(6.0);
}

fn windows(ui: &mut Ui, scene: &Scene<'_>) {
    let windows = &scene.snapshot.windows;
    if windows.made == 0 && windows.abstained.is_empty() {
        return;
    }
    parts::row(ui, "Windows made", words::count(windows.made));
    parts::row(ui, "Decoded", words::count(windows.decoded));
    parts::row(ui, "Passed over for a newer one", words::count(windows.skipped));
    parts::row(ui, "No decode", words::count(windows.abstained.values().sum()));
    for (reason, n) in &windows.abstained {
        let name = format!("    {}", reason.key().replace('_', " "));
        parts::row(ui, &name, words::count(*n));
    }
}
