//! Small pieces that several panels paint: card headings, badges, verdict shapes, captions.
//!
//! Everything that is painted rather than written carries a name for screen readers.

use egui::accesskit::Role;
use egui::{
    Align2, Color32, CornerRadius, Rect, Response, RichText, Sense, Shape, Stroke, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};

use super::theme::{self, Palette};
use crate::palette;
use crate::snapshot::{Level, QualityVerdict};

/// The small capitals above a card.
pub fn eyebrow(ui: &mut Ui, palette: &Palette, text: &str) -> Response {
    let font = theme::font(ui, theme::EYEBROW);
    ui.label(RichText::new(text).font(font).color(palette.weak).extra_letter_spacing(0.8))
}

/// A line of second rank.
pub fn weak(ui: &mut Ui, text: impl Into<String>) -> Response {
    ui.add(egui::Label::new(RichText::new(text.into()).small().weak()).wrap())
}

/// A word on a coloured ground.
pub fn badge(ui: &mut Ui, text: &str, ground: Color32, ink: Color32) -> Response {
    egui::Frame::new()
        .fill(ground)
        .corner_radius(CornerRadius::same(4))
        .inner_margin(egui::Margin::symmetric(8, 2))
        .show(ui, |ui| ui.label(RichText::new(text).strong().color(ink).extra_letter_spacing(1.0)))
        .inner
}

/// Gives a painted area a name that screen readers and tests can read.
pub fn name(response: &Response, role: Role, label: impl Into<String>) {
    let label = label.into();
    response.widget_info(move || WidgetInfo::labeled(role, true, &label));
}

/// Sets an area aside for painting, with a name.
pub fn canvas(ui: &mut Ui, size: Vec2, label: impl Into<String>) -> Rect {
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    name(&response, Role::Image, label);
    rect
}

/// A mark whose shape says the verdict, whatever the colour: disc, triangle, cross, ring.
pub fn verdict_shape(rect: Rect, verdict: QualityVerdict, palette: &Palette) -> Shape {
    let c = rect.center();
    let r = rect.width().min(rect.height()) * 0.5;
    match verdict {
        QualityVerdict::Good => Shape::circle_filled(c, r * 0.9, palette.good),
        QualityVerdict::Fair => triangle(c, r, palette.fair),
        QualityVerdict::Bad => cross(c, r * 0.8, palette.bad),
        QualityVerdict::Unknown => {
            Shape::circle_stroke(c, r * 0.75, Stroke::new(1.2, palette.weak))
        }
    }
}

/// A mark for how serious something is.
pub fn level_shape(rect: Rect, level: Level, palette: &Palette) -> Shape {
    match level {
        Level::Info => verdict_shape(rect, QualityVerdict::Unknown, palette),
        Level::Warning => verdict_shape(rect, QualityVerdict::Fair, palette),
        Level::Error => verdict_shape(rect, QualityVerdict::Bad, palette),
    }
}

fn triangle(c: egui::Pos2, r: f32, color: Color32) -> Shape {
    let points =
        vec![pos2(c.x, c.y - r), pos2(c.x + r, c.y + r * 0.8), pos2(c.x - r, c.y + r * 0.8)];
    Shape::convex_polygon(points, color, Stroke::NONE)
}

fn cross(c: egui::Pos2, r: f32, color: Color32) -> Shape {
    let stroke = Stroke::new(2.2, color);
    Shape::Vec(vec![
        Shape::line_segment([c - vec2(r, r), c + vec2(r, r)], stroke),
        Shape::line_segment([c + vec2(-r, r), c + vec2(r, -r)], stroke),
    ])
}

/// A mark in the flow of text.
pub fn inline_mark(ui: &mut Ui, label: &str, paint: impl FnOnce(Rect) -> Shape) {
    let (rect, response) = ui.allocate_exact_size(vec2(11.0, 14.0), Sense::hover());
    name(&response, Role::Image, label);
    ui.painter().add(paint(Rect::from_center_size(rect.center(), vec2(10.0, 10.0))));
}

/// Text in the middle of a rectangle, wrapped to it.
pub fn centred_text(ui: &Ui, rect: Rect, text: &str, color: Color32) {
    let font = egui::TextStyle::Body.resolve(ui.style());
    let mut job = egui::text::LayoutJob::simple(text.into(), font, color, rect.width() - 24.0);
    job.halign = egui::Align::Center;
    let galley = ui.painter().layout_job(job);
    let top = rect.center().y - galley.size().y * 0.5;
    ui.painter().galley(pos2(rect.center().x, top), galley, color);
}

/// The colours of [`palette::sequential`] from left to right.
pub fn color_bar(ui: &Ui, bar: Rect) {
    const STEPS: usize = 48;
    for step in 0..STEPS {
        let at = |i: usize| bar.left() + bar.width() * i as f32 / STEPS as f32;
        let [r, g, b] = palette::sequential(step as f32 / (STEPS - 1) as f32);
        let piece = Rect::from_x_y_ranges(at(step)..=at(step + 1), bar.y_range());
        ui.painter().rect_filled(piece, 0.0, Color32::from_rgb(r, g, b));
    }
}

/// The same from the bottom up.
pub fn color_column(ui: &Ui, bar: Rect) {
    const STEPS: usize = 48;
    for step in 0..STEPS {
        let at = |i: usize| bar.bottom() - bar.height() * i as f32 / STEPS as f32;
        let [r, g, b] = palette::sequential(step as f32 / (STEPS - 1) as f32);
        let piece = Rect::from_x_y_ranges(bar.x_range(), at(step + 1)..=at(step));
        ui.painter().rect_filled(piece, 0.0, Color32::from_rgb(r, g, b));
    }
}

/// A small text at a point.
pub fn tag(ui: &Ui, at: egui::Pos2, align: Align2, text: &str, color: Color32) -> Rect {
    let font = egui::TextStyle::Small.resolve(ui.style());
    ui.painter().text(at, align, text, font, color)
}

/// Height of a row that only shows a number.
pub const DENSE_ROW: f32 = 17.0;

/// A label with its value at the right edge; gives the label, to hang an explanation on.
pub fn row(ui: &mut Ui, label: &str, value: impl Into<String>) -> Response {
    ui.spacing_mut().interact_size.y = DENSE_ROW;
    ui.horizontal(|ui| {
        let label = ui.label(RichText::new(label).weak());
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(RichText::new(value.into()).monospace());
        });
        label
    })
    .inner
}
