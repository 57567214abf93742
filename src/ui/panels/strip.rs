//! The strip of time and loss, on every page while there is a source.
//!
//! One line: rate against nominal, clock offset with its uncertainty, drift, jitter, losses, windows; the gravest
//! trouble first, in a sentence. A click or Enter opens every figure, with all that is wrong in words.

use egui::{Grid, RichText, Ui, vec2};

use super::banner::level_words;
use crate::signal::Abstention;
use crate::snapshot::timing::{Trouble, hertz, offset_words, seconds, troubles};
use crate::snapshot::{Level, RunState, Snapshot};
use crate::ui::look::{parts, words};
use crate::ui::scene::{Action, Scene};

/// Narrower than this, the line holds only rate and losses.
const ROOMY: f32 = 900.0;

/// Width of a column of figures.
const COLUMN: f32 = 330.0;

/// The strip.
#[derive(Default)]
pub struct StripPanel {
    open: bool,
}

impl StripPanel {
    /// Paints the strip.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, _actions: &mut Vec<Action>) {
        let troubles = troubles(scene.snapshot);
        if self.open {
            self.details(ui, scene, &troubles);
        }
        ui.horizontal(|ui| {
            let button = ui.selectable_label(self.open, RichText::new("Time and loss").small());
            let what = if self.open { "Close the figures" } else { "Open the figures" };
            let name = format!("Time and loss. {}. {what}", headline(scene.snapshot, &troubles));
            parts::name(&button, egui::accesskit::Role::Button, name);
            let mut clicked = button.on_hover_text("Click or Enter: every figure").clicked();
            let level = troubles.first().map(|trouble| trouble.level);
            if let Some(level) = level {
                parts::inline_mark(ui, level_words(level), |r| {
                    parts::level_shape(r, level, scene.palette)
                });
            }
            let wide = ui.available_width() >= ROOMY;
            let text = match troubles.first() {
                Some(first) if wide => {
                    format!("{}  ·  {}", first.text, figures(scene.snapshot, wide))
                }
                Some(first) => first.text.clone(),
                None => figures(scene.snapshot, wide),
            };
            let label = egui::Label::new(RichText::new(&text).small()).truncate();
            let response = ui.add(label.sense(egui::Sense::click()));
            clicked |= response.on_hover_text(text).clicked();
            if clicked {
                self.open = !self.open;
            }
        });
    }

    fn details(&self, ui: &mut Ui, scene: &Scene<'_>, troubles: &[Trouble]) {
        parts::eyebrow(ui, scene.palette, "TIME AND LOSS");
        for trouble in troubles {
            ui.horizontal_wrapped(|ui| {
                parts::inline_mark(ui, level_words(trouble.level), |r| {
                    parts::level_shape(r, trouble.level, scene.palette)
                });
                ui.label(&trouble.text);
            });
        }
        if troubles.is_empty() {
            let flows = scene.snapshot.run == RunState::Running;
            let state = words::run_words(scene.snapshot, scene.now_secs);
            parts::weak(ui, if flows { "Nothing is wrong with time and loss." } else { &state });
        }
        let rows = rows(scene.snapshot);
        let columns = ((ui.available_width() / COLUMN) as usize).clamp(1, 3);
        let height = rows.len().div_ceil(columns);
        Grid::new("time and loss").num_columns(columns).spacing(vec2(18.0, 2.0)).show(ui, |ui| {
            for line in 0..height {
                for column in 0..columns {
                    ui.allocate_ui(vec2(COLUMN - 18.0, 16.0), |ui| {
                        ui.set_width(COLUMN - 18.0);
                        if let Some((label, value)) = rows.get(column * height + line) {
                            parts::row(ui, label, value);
                        }
                    });
                }
                ui.end_row();
            }
        });
        ui.separator();
    }
}

/// The strip for one who hears it: the gravest trouble, or the figures.
fn headline(snapshot: &Snapshot, troubles: &[Trouble]) -> String {
    match troubles.first() {
        Some(first) if first.level == Level::Info => figures(snapshot, true),
        Some(first) => first.text.trim_end_matches('.').to_owned(),
        None => figures(snapshot, true),
    }
}

/// The line of figures.
fn figures(snapshot: &Snapshot, wide: bool) -> String {
    let health = &snapshot.health;
    let mut all = vec![rate_words(snapshot)];
    if wide {
        all.push(format!("offset {}", offset_words(snapshot)));
        if let Some((ppm, error)) = health.drift_ppm {
            all.push(format!("drift {ppm:+.0} ± {error:.0} ppm"));
        }
        if let Some(jitter_secs) = health.jitter_secs {
            all.push(format!("jitter {}", seconds(jitter_secs)));
        }
    }
    let (minute, ever) = (words::count(health.lost), words::count(snapshot.counters.lost));
    all.push(format!("lost {minute} in a minute, {ever} in all"));
    if snapshot.windows.made > 0 {
        let (made, skipped) = (snapshot.windows.made, snapshot.windows.skipped);
        all.push(format!("windows {}, passed over {}", words::count(made), words::count(skipped)));
    }
    all.join("  ·  ")
}

fn rate_words(snapshot: &Snapshot) -> String {
    let health = &snapshot.health;
    match health.rate_hz {
        Some(rate) => format!("{} Hz of {}", hertz(rate), hertz(health.nominal_hz)),
        None => format!("{} Hz nominal", hertz(health.nominal_hz)),
    }
}

/// Every figure with its name.
fn rows(snapshot: &Snapshot) -> Vec<(String, String)> {
    let (health, counters, windows) = (&snapshot.health, &snapshot.counters, &snapshot.windows);
    let count = words::count;
    let rate = health.rate_hz.map_or_else(
        || "after five seconds".into(),
        |hz| format!("{hz:.3} ± {:.3} Hz", health.rate_error_hz),
    );
    let drift = health.drift_ppm.map_or_else(
        || "not known yet".into(),
        |(ppm, error)| format!("{ppm:+.1} ± {error:.1} ppm"),
    );
    let chunks = health.chunk_secs.map_or_else(|| "none".into(), seconds);
    let mut rows: Vec<(String, String)> = vec![
        ("Rate, nominal".into(), format!("{} Hz", hertz(health.nominal_hz))),
        ("Rate, measured".into(), rate),
        ("Clock offset".into(), offset_words(snapshot)),
        ("Drift of the sender's clock".into(), drift),
        ("Jitter of stamps".into(), health.jitter_secs.map_or_else(|| "–".into(), seconds)),
        ("Chunks".into(), chunks),
        ("Longest silence in a minute".into(), seconds(health.longest_wait_secs)),
        ("Received in a minute".into(), count(health.received)),
        (
            "Lost in a minute, counted".into(),
            count(health.lost.saturating_sub(health.lost_by_clock)),
        ),
        ("Lost in a minute, by the clock".into(), count(health.lost_by_clock)),
        (
            "Lost in all, counted".into(),
            count(counters.lost.saturating_sub(counters.lost_by_clock)),
        ),
        ("Lost in all, by the clock".into(), count(counters.lost_by_clock)),
        ("Lost in this computer".into(), count(snapshot.dropped_in_rings)),
        (
            "Gaps, reconnects, clock resets".into(),
            format!("{}, {}, {}", counters.gaps, counters.reconnects, counters.clock_resets),
        ),
        ("Windows made".into(), count(windows.made)),
        ("Passed over: replaced before the decoder was free".into(), count(windows.skipped)),
    ];
    for (why, n) in &windows.abstained {
        rows.push((format!("Refused: {}", short_reason(*why)), count(*n)));
    }
    rows
}

fn short_reason(why: Abstention) -> String {
    match why {
        Abstention::Gap => "samples missing".into(),
        Abstention::Settling => "filters settling".into(),
        other => other.key().replace('_', " "),
    }
}
