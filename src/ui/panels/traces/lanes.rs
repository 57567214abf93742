//! Paints the lanes: labels, quality, ribbons, gaps, markers, time axis.
//!
//! Only lanes inside the visible part are painted; all ribbons go into one mesh.

use egui::epaint::Mesh;
use egui::{Align2, Color32, Pos2, Rect, Response, Shape, Stroke, Ui, pos2, vec2};

use super::columns::Columns;
use super::history::MarkerLine;
use super::mesh::{Band, add_ribbon};
use crate::snapshot::{ChannelQuality, QualityVerdict, SourceView};
use crate::ui::look::{parts, words};
use crate::ui::scene::Scene;

/// Space left of the lanes for labels, and right of them for verdicts.
pub(super) const GUTTERS: [f32; 2] = [64.0, 44.0];

/// Distance between the lines of a hatched gap, in points.
const HATCH: f32 = 7.0;

/// What is needed to paint the lanes of one frame.
pub struct Lanes<'a> {
    /// Snapshot, choices, colours.
    pub scene: &'a Scene<'a>,
    /// Whose channels.
    pub source: &'a SourceView,
    /// The signal.
    pub columns: &'a Columns,
    /// Time at the right edge.
    pub end_secs: f64,
    /// Height of a lane in points.
    pub lane: f32,
}

impl Lanes<'_> {
    /// Paints every lane that can be seen; `visible` is relative to the top of `rect`.
    pub fn paint(&self, ui: &Ui, rect: Rect, visible: Rect) {
        let plot = plot_rect(rect);
        ui.painter().rect_filled(plot, 4.0, self.scene.palette.well);
        let mut mesh = Mesh::default();
        let breaks = self.breaks();
        let first = (visible.top() / self.lane).floor().max(0.0) as usize;
        let last = (visible.bottom() / self.lane).ceil().max(0.0) as usize;
        for channel in first..last.min(self.source.channels.len()) {
            let middle = rect.top() + (channel as f32 + 0.5) * self.lane;
            self.paint_gutters(ui, rect, channel, middle);
            let baseline = [pos2(plot.left(), middle), pos2(plot.right(), middle)];
            ui.painter().line_segment(baseline, Stroke::new(0.5, self.scene.palette.line));
            self.add_trace(&mut mesh, plot, channel, middle, &breaks);
        }
        let painter = ui.painter().with_clip_rect(plot.intersect(ui.clip_rect()));
        painter.add(Shape::mesh(mesh));
        for gap in self.columns.gaps(self.end_secs - self.scene.view.span_secs, self.end_secs) {
            self.paint_gap(ui, plot, gap);
        }
    }

    fn x_of(&self, plot: Rect, secs: f64) -> f32 {
        let share = 1.0 - (self.end_secs - secs) / self.scene.view.span_secs;
        plot.left() + plot.width() * share as f32
    }

    /// First and last column on screen.
    fn on_screen(&self) -> [i64; 2] {
        let from_secs = self.end_secs - self.scene.view.span_secs;
        [self.columns.column_of(from_secs), self.columns.column_of(self.end_secs)]
    }

    /// For every column on screen: whether a trace must be broken after it.
    fn breaks(&self) -> Vec<bool> {
        let [first, last] = self.on_screen();
        (first..=last)
            .map(|c| (self.columns.start_secs(c), self.columns.start_secs(c + 1)))
            .map(|(from, to)| self.columns.gaps(from, to).next().is_some())
            .collect()
    }

    fn add_trace(&self, mesh: &mut Mesh, plot: Rect, channel: usize, middle: f32, breaks: &[bool]) {
        let [first, last] = self.on_screen();
        let points_per_uv = self.lane / self.scene.view.uv_per_div();
        let color = self.trace_color(channel);
        let mut run: Vec<Band> = Vec::new();
        for (column, &breaks_after) in (first..=last).zip(breaks) {
            match self.columns.range(column, channel) {
                Some([least, greatest]) => {
                    let x = self.x_of(plot, self.columns.start_secs(column));
                    // Kept near the screen: a huge value must not become a huge coordinate.
                    let y = |uv: f32| middle - (uv * points_per_uv).clamp(-4000.0, 4000.0);
                    run.push(Band { x, top: y(greatest), bottom: y(least) });
                }
                None => add_run(mesh, &mut run, color),
            }
            if breaks_after {
                add_run(mesh, &mut run, color);
            }
        }
        add_run(mesh, &mut run, color);
    }

    fn trace_color(&self, channel: usize) -> Color32 {
        let palette = self.scene.palette;
        match self.quality(channel).verdict {
            QualityVerdict::Bad => palette.weak.gamma_multiply(0.7),
            _ => palette.traces[channel % 2],
        }
    }

    fn quality(&self, channel: usize) -> ChannelQuality {
        self.scene.snapshot.quality.get(channel).cloned().unwrap_or_default()
    }

    fn paint_gutters(&self, ui: &Ui, rect: Rect, channel: usize, middle: f32) {
        let palette = self.scene.palette;
        let verdict = self.quality(channel).verdict;
        let mark = Rect::from_center_size(pos2(rect.left() + 7.0, middle), vec2(9.0, 9.0));
        ui.painter().add(parts::verdict_shape(mark, verdict, palette));
        let label = self.source.channels[channel].chars().take(8).collect::<String>();
        parts::tag(ui, pos2(rect.left() + 18.0, middle), Align2::LEFT_CENTER, &label, palette.text);
        let word =
            if verdict == QualityVerdict::Unknown { "–" } else { words::verdict_words(verdict) };
        parts::tag(ui, pos2(rect.right() - 2.0, middle), Align2::RIGHT_CENTER, word, palette.weak);
    }

    fn paint_gap(&self, ui: &Ui, plot: Rect, gap: [f64; 2]) {
        let (left, right) = (self.x_of(plot, gap[0]), self.x_of(plot, gap[1]));
        let band = Rect::from_x_y_ranges(left..=right.max(left + 3.0), plot.y_range());
        let painter = ui.painter().with_clip_rect(band.intersect(plot).intersect(ui.clip_rect()));
        let palette = self.scene.palette;
        painter.rect_filled(band, 0.0, palette.card);
        let stroke = Stroke::new(1.0, palette.fair.gamma_multiply(0.55));
        let height = band.height();
        let mut x = band.left() - height;
        while x < band.right().min(plot.right()) {
            painter.line_segment([pos2(x, band.bottom()), pos2(x + height, band.top())], stroke);
            x += HATCH;
        }
        let at = pos2(band.left() + 3.0, plot.bottom().min(ui.clip_rect().bottom()) - 2.0);
        parts::tag(ui, at, Align2::LEFT_BOTTOM, "gap", palette.fair);
    }

    /// Paints markers as lines with their labels.
    pub fn paint_markers<'m>(
        &self,
        ui: &Ui,
        rect: Rect,
        markers: impl Iterator<Item = &'m MarkerLine>,
    ) {
        let plot = plot_rect(rect);
        let palette = self.scene.palette;
        let top = ui.clip_rect().top().max(plot.top());
        let mut free_from = f32::NEG_INFINITY;
        for marker in markers {
            let x = self.x_of(plot, marker.time_secs);
            let line = [pos2(x, plot.top()), pos2(x, plot.bottom())];
            ui.painter().line_segment(line, Stroke::new(1.0, palette.null.gamma_multiply(0.8)));
            if x >= free_from && x < plot.right() - 24.0 {
                free_from =
                    marker_label(ui, pos2(x + 4.0, top + 2.0), &marker.label, self.scene) + 6.0;
            }
        }
    }

    /// Says on hover how good the channel under the pointer is.
    pub fn hover(&self, response: &Response, rect: Rect) {
        let Some(pointer) = response.hover_pos() else { return };
        let channel = ((pointer.y - rect.top()) / self.lane).max(0.0) as usize;
        if let Some(label) = self.source.channels.get(channel) {
            let q = self.quality(channel);
            let verdict = words::verdict_words(q.verdict);
            let hum = words::percent(f64::from(q.mains_share));
            response.clone().on_hover_text(format!(
                "{label}: {verdict}\n{:.1} µV standard deviation, {hum} of power at mains frequency",
                q.std_uv
            ));
        }
    }
}

fn add_run(mesh: &mut Mesh, run: &mut Vec<Band>, color: Color32) {
    if run.len() > 1 {
        add_ribbon(mesh, run, color);
    }
    run.clear();
}

fn plot_rect(rect: Rect) -> Rect {
    Rect::from_min_max(
        pos2(rect.left() + GUTTERS[0], rect.top()),
        pos2(rect.right() - GUTTERS[1], rect.bottom()),
    )
}

/// Paints a marker's label on a quiet ground; gives its right edge.
fn marker_label(ui: &Ui, at: Pos2, label: &str, scene: &Scene<'_>) -> f32 {
    let text: String = label.chars().take(18).collect();
    let font = egui::TextStyle::Small.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(text, font, scene.palette.null);
    let rect = Rect::from_min_size(at, galley.size());
    ui.painter().rect_filled(rect.expand2(vec2(2.0, 0.0)), 2.0, scene.palette.well);
    ui.painter().galley(at, galley, scene.palette.null);
    rect.right()
}

/// Paints the seconds below the lanes.
pub fn time_axis(ui: &mut Ui, scene: &Scene<'_>, height: f32) {
    let (rect, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), egui::Sense::hover());
    let plot = plot_rect(rect);
    let span = scene.view.span_secs;
    for step in 0..=5 {
        let share = f64::from(step) / 5.0;
        let align = match step {
            0 => Align2::LEFT_CENTER,
            5 => Align2::RIGHT_CENTER,
            _ => Align2::CENTER_CENTER,
        };
        let text = if step == 5 {
            "now".into()
        } else {
            format!("−{:.1} s", span * (1.0 - share)).replace(".0 s", " s")
        };
        let text = if step == 5 && scene.view.paused { "paused".into() } else { text };
        let at = pos2(plot.left() + plot.width() * share as f32, plot.center().y);
        parts::tag(ui, at, align, &text, scene.palette.weak);
    }
}
