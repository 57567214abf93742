//! What a page came to, over the whole window: the picture large, how sure that is, what it took, and where to go from here.
//! The pictures that were chosen until now lie along the bottom.

use egui::accesskit::Role;
use egui::{
    Align, CentralPanel, Color32, Frame, Layout, Pos2, Rect, RichText, Sense, Ui, pos2, vec2,
};

use super::FindPanel;
use super::told::{End, Told};
use super::work::Searching;
use crate::snapshot::RecordingState;
use crate::ui::look::parts;
use crate::ui::scene::Scene;

/// Side of a picture of the path, in points.
const STEP_SIDE: f32 = 64.0;

/// Height of the path with its heading.
const PATH_HEIGHT: f32 = 108.0;

/// Width of what is said, in points.
const WORDS_WIDTH: f32 = 620.0;

/// Most pictures of the path that are shown: the last ones.
const MOST_STEPS: usize = 14;

/// Stands on every page of results.
const HONEST: &str = "Pictures are found among those of a page, by what you attend to. That is no reconstruction, and it does not read thoughts.";

impl FindPanel {
    pub(super) fn told_screen(&self, ui: &mut Ui, scene: &Scene<'_>, all: &Searching, told: &Told) {
        let frame = Frame::new().fill(scene.palette.ground).inner_margin(26.0);
        CentralPanel::no_frame().frame(frame).show(ui, |ui| {
            let is_found = told.row.is_some();
            badges(ui, scene, if is_found { "FOUND BY ATTENTION" } else { "FIND BY ATTENTION" });
            ui.add_space(14.0);
            let height = (ui.available_height() - PATH_HEIGHT).max(120.0);
            let width = ui.available_width();
            ui.allocate_ui(vec2(width, height), |ui| {
                egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                    self.middle(ui, scene, all, told, height);
                });
            });
            self.path(ui, scene, all, told);
        });
    }

    fn middle(&self, ui: &mut Ui, scene: &Scene<'_>, all: &Searching, told: &Told, height: f32) {
        let width = ui.available_width();
        let side = told.row.map_or(0.0, |_| (height - 8.0).min(width * 0.46));
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 30.0;
            if told.row.is_none() {
                // Words alone stand in the middle.
                ui.add_space((width - WORDS_WIDTH).max(0.0) * 0.5);
            }
            if let Some(row) = told.row {
                let name = format!("Found by attention: {}", told.label);
                let square = parts::canvas(ui, vec2(side, side), name);
                self.paint(ui, scene, row, square);
            }
            ui.vertical(|ui| {
                ui.set_max_width(ui.available_width().min(WORDS_WIDTH));
                ui.add_space((height * 0.08).min(60.0));
                words_of(ui, scene, told);
                ui.add_space(14.0);
                self.hints(ui, scene, all, told);
            });
        });
    }

    fn paint(&self, ui: &Ui, scene: &Scene<'_>, row: usize, square: Rect) {
        let edge = egui::Stroke::new(2.0, scene.palette.found);
        ui.painter().rect_filled(square, 6.0, scene.palette.well);
        if let Some((texture, place)) = self.lights.of(row, false, square.shrink(3.0)) {
            let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
            ui.painter().image(texture, place, whole, Color32::WHITE);
        }
        ui.painter().rect_stroke(square, 6.0, edge, egui::StrokeKind::Inside);
    }

    /// What can be done now.
    fn hints(&self, ui: &mut Ui, scene: &Scene<'_>, all: &Searching, told: &Told) {
        let mut hints: Vec<(&str, &str)> = Vec::new();
        match (&told.end, all.trail.is_steered()) {
            (End::Withheld(_), _) => hints.push(("Enter", "leave, to learn the wearer again")),
            (End::Found { .. }, true) => {
                hints.push(("Enter", "take it: the next page lies around it"))
            }
            (End::Found { .. }, false) => hints.push(("Enter", "take it, another page")),
            _ => hints.push(("Enter", "the same page again")),
        }
        if !matches!(told.end, End::Withheld(_)) {
            let is_found = told.row.is_some();
            let new = if is_found { "not that one: a new page" } else { "a new page" };
            hints.push(("N", new));
            if !all.trail.chosen().is_empty() {
                hints.push(("B", "one page back"));
            }
            if is_found && all.kept.is_none() && !all.is_keeping {
                hints.push(("K", "keep it, with the path to it"));
            }
        }
        hints.push(("Esc", "leave"));
        for (key, what) in hints {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 8.0;
                let key = RichText::new(key).monospace().strong().color(scene.palette.accent);
                ui.allocate_ui_with_layout(
                    vec2(54.0, 18.0),
                    Layout::left_to_right(Align::Center),
                    |ui| ui.label(key),
                );
                ui.label(what);
            });
        }
        if let RecordingState::Failed(why) = &scene.snapshot.recording
            && self.choice.records
        {
            let words = format!("The recording failed: {why}");
            ui.label(RichText::new(words).color(scene.palette.bad));
        }
        match &all.kept {
            _ if all.is_keeping => drop(ui.label("It is being written.")),
            Some(Ok(file)) => drop(ui.label(format!("Kept: {}", file.display()))),
            Some(Err(why)) => {
                drop(ui.label(
                    RichText::new(format!("It is not kept: {why}")).color(scene.palette.bad),
                ));
            }
            None => {}
        }
        ui.add_space(10.0);
        parts::weak(ui, HONEST);
    }

    /// The pictures that were chosen, and the one that is told.
    fn path(&self, ui: &mut Ui, scene: &Scene<'_>, all: &Searching, told: &Told) {
        ui.add_space(6.0);
        let mut rows = all.trail.chosen();
        let taken = rows.len();
        rows.extend(told.row);
        let skipped = rows.len().saturating_sub(MOST_STEPS);
        parts::eyebrow(ui, scene.palette, "THE PATH UNTIL NOW");
        if rows.is_empty() {
            parts::weak(ui, "No picture was taken yet.");
            return;
        }
        ui.horizontal(|ui| {
            for (place, row) in rows.iter().enumerate().skip(skipped) {
                let label = self.labels(&[*row]).concat();
                let is_new = place >= taken;
                let what = if is_new { "now" } else { "taken" };
                let name = format!("Step {}: {label}, {what}", place + 1);
                let (square, response) =
                    ui.allocate_exact_size(vec2(STEP_SIDE, STEP_SIDE), Sense::hover());
                parts::name(&response, Role::Image, name);
                if let Some((texture, place)) = self.lights.of(*row, false, square) {
                    let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
                    ui.painter().image(texture, place, whole, Color32::WHITE);
                }
                let color = if is_new { scene.palette.found } else { scene.palette.line };
                let edge = egui::Stroke::new(1.5, color);
                ui.painter().rect_stroke(square, 3.0, edge, egui::StrokeKind::Inside);
            }
        });
    }
}

/// What kind of result this is, and whether a person made the signal.
pub(super) fn badges(ui: &mut Ui, scene: &Scene<'_>, kind: &str) {
    ui.horizontal(|ui| {
        let palette = scene.palette;
        parts::badge(ui, kind, palette.found, palette.ground);
        if scene.snapshot.source.as_ref().is_some_and(|source| source.simulated) {
            parts::badge(ui, "SIMULATED", palette.badge, palette.on_badge);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            parts::weak(ui, "not a reconstruction");
        });
    });
}

fn words_of(ui: &mut Ui, scene: &Scene<'_>, told: &Told) {
    let palette = scene.palette;
    let color = match told.end {
        End::Found { .. } => palette.found,
        End::Withheld(_) => palette.bad,
        _ => palette.text,
    };
    ui.label(RichText::new(told.heading()).size(34.0).strong().color(color));
    ui.add_space(2.0);
    ui.label(RichText::new(told.sentence()).size(15.0));
    ui.add_space(10.0);
    egui::Grid::new("figures").num_columns(2).spacing([18.0, 4.0]).show(ui, |ui| {
        for (name, value) in told.figures() {
            ui.label(RichText::new(name).color(palette.weak));
            ui.label(value);
            ui.end_row();
        }
    });
    for caution in told.cautions() {
        ui.label(RichText::new(format!("Caution: {caution}")).color(palette.fair));
    }
    if let Some(session) = told.session() {
        ui.add_space(6.0);
        parts::weak(ui, session);
    }
    if let Some(control) = told.control() {
        parts::weak(ui, control);
    }
}
