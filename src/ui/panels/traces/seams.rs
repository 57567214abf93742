//! Paints what lies over the signal: gaps, what was not drawn, and marks with their labels.
//!
//! A loss is a hatched band that says *gap*; what the window did not draw is a lighter band, hatched the other way, that
//! says *not drawn*: nothing of it was lost. Gaps that lie closer together than can be told apart are painted as one.

use egui::{Align2, Painter, Pos2, Rect, Shape, Stroke, Ui, pos2, vec2};

use super::axis::Axis;
use super::history::{MarkLine, Seam};
use super::peaks::Gap;
use crate::ui::look::parts;
use crate::ui::scene::Scene;

/// Distance between the lines of a hatched gap, in points.
const HATCH: f32 = 7.0;
/// A gap is never narrower than this, in points.
const LEAST_WIDTH: f32 = 3.0;
/// A band narrower than this is filled, not hatched.
const HATCHED_FROM: f32 = 8.0;
/// Room that a word takes at least.
const WORD_FROM: f32 = 22.0;
/// Longest label of a mark.
const LABEL_CHARS: usize = 18;

/// A run of gaps on screen.
#[derive(Debug, PartialEq)]
struct Stretch {
    left: f32,
    right: f32,
    seam: Seam,
    gaps: usize,
}

/// Gaps as they are painted: joined where they touch, a loss before what was merely not drawn.
fn stretches(axis: &Axis, gaps: &[Gap]) -> Vec<Stretch> {
    let mut joined: Vec<Stretch> = Vec::new();
    for gap in gaps {
        let left = axis.x_of(gap.secs[0]);
        let right = axis.x_of(gap.secs[1]).max(left + LEAST_WIDTH);
        match joined.last_mut() {
            Some(last) if last.seam == gap.seam && left <= last.right => {
                last.right = last.right.max(right);
                last.gaps += 1;
            }
            _ => joined.push(Stretch { left, right, seam: gap.seam, gaps: 1 }),
        }
    }
    joined
}

/// Paints what is missing.
pub fn paint(ui: &Ui, scene: &Scene<'_>, axis: &Axis, gaps: &[Gap]) {
    let mut free_from = f32::NEG_INFINITY;
    for stretch in stretches(axis, gaps) {
        let band = Rect::from_x_y_ranges(stretch.left..=stretch.right, axis.plot.y_range());
        let seen = band.intersect(axis.plot).intersect(ui.clip_rect());
        let painter = ui.painter().with_clip_rect(seen);
        let palette = scene.palette;
        let (ink, one, word) = match stretch.seam {
            Seam::Lost => (palette.fair, 1.0, "gap"),
            Seam::NotDrawn => (palette.weak, -1.0, "not drawn"),
        };
        painter.rect_filled(seen, 0.0, palette.card);
        if band.width() >= HATCHED_FROM {
            hatch(&painter, seen, one, Stroke::new(1.0, ink.gamma_multiply(0.5)));
        } else {
            painter.rect_filled(seen, 0.0, ink.gamma_multiply(0.45));
        }
        let at = seen.left() + 3.0;
        if at >= free_from && at + WORD_FROM < axis.plot.right() {
            let text = match stretch.gaps {
                1 => word.to_owned(),
                several => format!("{several} {word}s").replace("not drawns", "times not drawn"),
            };
            let bottom = axis.plot.bottom().min(ui.clip_rect().bottom());
            let at = pos2(at, bottom - 2.0);
            free_from = parts::tag(ui, at, Align2::LEFT_BOTTOM, &text, ink).right() + 8.0;
        }
    }
}

/// Slanting lines over a band that is seen, up to the right (1) or down (−1).
fn hatch(painter: &Painter, seen: Rect, slope: f32, stroke: Stroke) {
    if seen.width() <= 0.0 || seen.height() <= 0.0 {
        return;
    }
    let rise = seen.width();
    let mut lines = Vec::new();
    let mut y = seen.top() - rise;
    while y < seen.bottom() + rise {
        let ends = [pos2(seen.left(), y), pos2(seen.right(), y - slope * rise)];
        lines.push(Shape::line_segment(ends, stroke));
        y += HATCH * std::f32::consts::SQRT_2;
    }
    painter.extend(lines);
}

/// Paints marks as lines, with their labels where there is room.
pub fn paint_marks<'m>(
    ui: &Ui,
    scene: &Scene<'_>,
    axis: &Axis,
    marks: impl Iterator<Item = &'m MarkLine>,
) {
    let (plot, palette) = (axis.plot, scene.palette);
    let top = ui.clip_rect().top().max(plot.top());
    let mut marks: Vec<&MarkLine> = marks.collect();
    marks.sort_by(|a, b| a.time_secs.total_cmp(&b.time_secs));
    let painter = ui.painter().with_clip_rect(plot.intersect(ui.clip_rect()));
    let mut free_from = f32::NEG_INFINITY;
    for mark in marks {
        let x = axis.x_of(mark.time_secs);
        let named = !mark.label.is_empty();
        let strength = if named { 0.8 } else { 0.35 };
        let line = [pos2(x, plot.top()), pos2(x, plot.bottom())];
        let stroke = Stroke::new(1.0, palette.null.gamma_multiply(strength));
        painter.line_segment(line, stroke);
        if named && x >= free_from && x < plot.right() - 24.0 {
            let at = pos2(x + 4.0, top + 2.0);
            free_from = label(ui, &painter, at, &mark.label, scene) + 6.0;
        }
    }
}

/// Paints a mark's label on a quiet ground; gives its right edge.
fn label(ui: &Ui, painter: &Painter, at: Pos2, label: &str, scene: &Scene<'_>) -> f32 {
    let text: String = label.chars().take(LABEL_CHARS).collect();
    let font = egui::TextStyle::Small.resolve(ui.style());
    let galley = painter.layout_no_wrap(text, font, scene.palette.null);
    let rect = Rect::from_min_size(at, galley.size());
    painter.rect_filled(rect.expand2(vec2(2.0, 0.0)), 2.0, scene.palette.well);
    painter.galley(at, galley, scene.palette.null);
    rect.right()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_that_touch_are_one_stretch_and_kinds_stay_apart() {
        let plot = Rect::from_min_size(pos2(0.0, 0.0), vec2(100.0, 50.0));
        let axis = Axis { plot, end_secs: 10.0, span_secs: 10.0 };
        let gap = |from, to, seam| Gap { secs: [from, to], seam };
        let got = stretches(
            &axis,
            &[
                gap(1.0, 1.01, Seam::Lost),
                gap(1.2, 1.21, Seam::Lost),
                gap(1.4, 2.0, Seam::NotDrawn),
                gap(5.0, 6.0, Seam::Lost),
            ],
        );
        let told: Vec<_> = got.iter().map(|s| (s.seam, s.gaps, s.left.round())).collect();
        let expected = [(Seam::Lost, 2, 10.0), (Seam::NotDrawn, 1, 14.0), (Seam::Lost, 1, 50.0)];
        assert_eq!(told, expected);
        assert!(got.iter().all(|s| s.right - s.left >= LEAST_WIDTH - 1e-3));
    }
}
