//! Scores over the whole run against what was really shown: beside guessing and beside the null twin.
//!
//! Every trial counts once, decoded alone; averages over k trials are plotted apart.

use egui::{Grid, Rect, RichText, Stroke, Ui, pos2, vec2};
use egui_plot::{AxisHints, GridMark, HLine, Line, LineStyle, MarkerShape, Plot, Points};

use crate::snapshot::{ScoreAtK, TruthView};
use crate::ui::look::{parts, theme, words};
use crate::ui::scene::Scene;

/// Fewer trials than this say next to nothing.
const FEW_TRIALS: u64 = 20;

/// Room for "100 %" beside the plot.
const AXIS_WIDTH: f32 = 46.0;

/// Paints the card.
pub fn ui(ui: &mut Ui, scene: &Scene<'_>) {
    theme::card(scene.palette).show(ui, |ui| {
        ui.set_width(ui.available_width());
        parts::eyebrow(ui, scene.palette, "SCORES IN THIS RUN");
        match scene.snapshot.truth.as_ref().filter(|truth| truth.trials > 0) {
            None => nothing_yet(ui, scene),
            Some(truth) => {
                table(ui, scene, truth);
                interval(ui, scene, truth);
                conclusion(ui, truth);
                by_k(ui, scene, truth);
            }
        }
    });
}

fn nothing_yet(ui: &mut Ui, scene: &Scene<'_>) {
    let silent = scene.snapshot.source.as_ref().is_some_and(|source| !source.has_markers);
    parts::weak(
        ui,
        match (scene.snapshot.control.succeeded, silent) {
            (true, _) => "Withheld: the control succeeds.",
            (false, true) => "No scores: this source does not say which picture was seen.",
            (false, false) => "Appears with the first trial whose picture is known.",
        },
    );
}

fn table(ui: &mut Ui, scene: &Scene<'_>, truth: &TruthView) {
    let mut rows = vec![("This decoder", Some(truth.trials), truth.top1, truth.top5)];
    if let Some(twin) = scene.snapshot.twin_truth {
        rows.push(("Null twin", Some(twin.trials), twin.top1, twin.top5));
    }
    rows.push(("Guessing", None, truth.chance_top1, truth.chance_top5));
    Grid::new("scores")
        .num_columns(4)
        .min_row_height(parts::DENSE_ROW)
        .spacing(vec2(14.0, 3.0))
        .show(ui, |ui| {
            for head in ["", "Top-1", "Top-5", "Trials"] {
                ui.label(RichText::new(head).small().weak());
            }
            ui.end_row();
            for (i, (name, trials, top1, top5)) in rows.into_iter().enumerate() {
                let rank = |text: String| {
                    let text = RichText::new(text).monospace();
                    if i == 0 { text.strong() } else { text.weak() }
                };
                ui.label(if i == 0 {
                    RichText::new(name).strong()
                } else {
                    RichText::new(name).weak()
                });
                ui.label(rank(words::percent(top1)));
                ui.label(rank(words::percent(top5)));
                ui.label(rank(trials.map_or("–".into(), words::count)));
                ui.end_row();
            }
        });
}

/// Top-1 as a point on its interval, with guessing and the null twin on the same scale.
fn interval(ui: &mut Ui, scene: &Scene<'_>, truth: &TruthView) {
    let [low, high] = truth.ci95_top1;
    let label = format!(
        "Top-1 {}, 95 % interval {} to {}",
        words::percent(truth.top1),
        words::percent(low),
        words::percent(high)
    );
    let rect = parts::canvas(ui, vec2(ui.available_width(), 26.0), label.clone());
    let palette = scene.palette;
    let track = rect.shrink2(vec2(6.0, 0.0));
    let x = |share: f64| track.left() + track.width() * (share.clamp(0.0, 1.0) as f32);
    let y = rect.center().y;
    let painter = ui.painter();
    painter.line_segment([pos2(x(0.0), y), pos2(x(1.0), y)], Stroke::new(1.0, palette.line));
    let chance = x(truth.chance_top1);
    painter.line_segment(
        [pos2(chance, y - 9.0), pos2(chance, y + 9.0)],
        Stroke::new(1.5, palette.weak),
    );
    if let Some(twin) = scene.snapshot.twin_truth {
        let mark = Rect::from_center_size(pos2(x(twin.top1), y), vec2(8.0, 8.0));
        painter.rect_stroke(mark, 0.0, Stroke::new(1.5, palette.null), egui::StrokeKind::Middle);
    }
    painter.line_segment([pos2(x(low), y), pos2(x(high), y)], Stroke::new(3.0, palette.accent));
    painter.circle_filled(pos2(x(truth.top1), y), 5.0, palette.accent);
    parts::weak(ui, label);
}

fn conclusion(ui: &mut Ui, truth: &TruthView) {
    let p = words::p_value(truth.p_value);
    ui.add(egui::Label::new(format!("Same or better by guessing: {p}")).wrap());
    if truth.trials < FEW_TRIALS {
        parts::weak(ui, format!("Only {} trials: too few to conclude anything.", truth.trials));
    }
}

fn by_k(ui: &mut Ui, scene: &Scene<'_>, truth: &TruthView) {
    if truth.by_k.is_empty() {
        return;
    }
    ui.add_space(4.0);
    parts::weak(ui, "Top-1 against k, the trials averaged");
    let points = |pick: fn(&ScoreAtK) -> f64| -> Vec<[f64; 2]> {
        truth.by_k.iter().map(|at| [f64::from(at.k), pick(at)]).collect()
    };
    let palette = scene.palette;
    let shares = AxisHints::new_y()
        .formatter(|mark, _| format!("{:.0} %", mark.value * 100.0))
        .min_thickness(AXIS_WIDTH);
    let ks: Vec<f64> = truth.by_k.iter().map(|at| f64::from(at.k)).collect();
    let response = Plot::new("by_k")
        .height(104.0)
        .show_background(false)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .include_y(0.0)
        .include_y(1.0)
        .include_x(0.5)
        .show_grid([false, true])
        .grid_color(palette.line)
        .grid_fade(0.0)
        .x_grid_spacer(move |_| ks.iter().map(|k| GridMark { value: *k, step_size: 1e3 }).collect())
        .y_grid_spacer(|_| [0.0, 0.5, 1.0].map(|value| GridMark { value, step_size: 1e3 }).to_vec())
        .custom_y_axes(vec![shares])
        .show(ui, |plot| {
            plot.hline(
                HLine::new("Guessing", truth.chance_top1)
                    .color(palette.weak)
                    .style(LineStyle::dashed_dense()),
            );
            plot.line(Line::new("Top-1", points(|at| at.top1)).color(palette.accent));
            let marks = Points::new("Top-1", points(|at| at.top1)).shape(MarkerShape::Circle);
            plot.points(marks.radius(3.5).color(palette.accent));
        })
        .response;
    parts::name(&response, egui::accesskit::Role::Image, by_k_words(truth));
}

fn by_k_words(truth: &TruthView) -> String {
    let points: Vec<String> = truth
        .by_k
        .iter()
        .map(|at| format!("k = {}: {} of {} decodes", at.k, words::percent(at.top1), at.trials))
        .collect();
    format!("Top-1 against k. {}", points.join("; "))
}
