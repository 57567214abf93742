//! Paints the lanes: labels, quality, ribbons.
//!
//! Only lanes inside the visible part are painted; all ribbons go into one mesh. A ribbon breaks at a gap, and where a
//! channel has had no number for a while; a column that is merely empty, because stamps jitter, breaks nothing.

use egui::epaint::Mesh;
use egui::{Align2, Color32, Rect, Response, Shape, Stroke, Ui, pos2, vec2};

use super::axis::Axis;
use super::mesh::{Band, add_ribbon};
use super::peaks::{Columns, Gap};
use super::seams;
use crate::snapshot::{ChannelQuality, QualityVerdict, SourceView};
use crate::ui::look::{parts, words};
use crate::ui::scene::Scene;

/// A channel without numbers for longer than so many periods, or columns, is not joined.
const JOINED: f64 = 4.0;

/// What is needed to paint the lanes of one frame.
pub struct Lanes<'a> {
    /// Snapshot, choices, colours.
    pub scene: &'a Scene<'a>,
    /// Whose channels.
    pub source: &'a SourceView,
    /// Channels from the top down.
    pub order: &'a [usize],
    /// The signal.
    pub columns: Columns<'a>,
    /// What is missing of it.
    pub gaps: &'a [Gap],
    /// Where time lies.
    pub axis: Axis,
    /// Height of a lane in points.
    pub lane: f32,
}

impl Lanes<'_> {
    /// Paints every lane that can be seen; `visible` is relative to the top of `rect`.
    pub fn paint(&self, ui: &Ui, rect: Rect, visible: Rect) {
        let plot = self.axis.plot;
        ui.painter().rect_filled(plot, 4.0, self.scene.palette.well);
        let mut mesh = Mesh::default();
        let breaks = self.breaks();
        let first = (visible.top() / self.lane).floor().max(0.0) as usize;
        let last = (visible.bottom() / self.lane).ceil().max(0.0) as usize;
        for row in first..last.min(self.order.len()) {
            let channel = self.order[row];
            let middle = rect.top() + (row as f32 + 0.5) * self.lane;
            self.paint_gutters(ui, rect, channel, middle);
            let baseline = [pos2(plot.left(), middle), pos2(plot.right(), middle)];
            ui.painter().line_segment(baseline, Stroke::new(0.5, self.scene.palette.line));
            self.add_trace(&mut mesh, channel, middle, &breaks);
        }
        let painter = ui.painter().with_clip_rect(plot.intersect(ui.clip_rect()));
        painter.add(Shape::mesh(mesh));
        seams::paint(ui, self.scene, &self.axis, self.gaps);
    }

    /// First and last column on screen.
    fn on_screen(&self) -> std::ops::RangeInclusive<i64> {
        self.columns.between(self.axis.start_secs(), self.axis.end_secs)
    }

    /// For every column on screen: whether a trace must be broken after it.
    fn breaks(&self) -> Vec<bool> {
        let shown = self.on_screen();
        let mut breaks = vec![false; (shown.end() - shown.start() + 1).max(0) as usize];
        for gap in self.gaps {
            let column = *self.columns.between(gap.secs[0], gap.secs[0]).start();
            let at = usize::try_from(column - shown.start()).ok();
            if let Some(after) = at.and_then(|at| breaks.get_mut(at)) {
                *after = true;
            }
        }
        breaks
    }

    fn add_trace(&self, mesh: &mut Mesh, channel: usize, middle: f32, breaks: &[bool]) {
        let points_per_uv = self.lane / self.scene.view.uv_per_div();
        let color = self.trace_color(channel);
        let width_secs = self.columns.width_secs();
        let period_secs = 1.0 / self.source.rate_hz.max(1e-3);
        let joined = (JOINED * period_secs.max(width_secs) / width_secs) as i64;
        let (mut run, mut last): (Vec<Band>, i64) = (Vec::new(), 0);
        for (column, &breaks_after) in self.on_screen().zip(breaks) {
            if let Some([least, greatest]) = self.columns.range(column, channel) {
                if column - last > joined {
                    add_run(mesh, &mut run, color);
                }
                last = column;
                let x = self.axis.x_of(self.columns.start_secs(column) + 0.5 * width_secs);
                // Kept near the screen: a huge value must not become a huge coordinate.
                let y = |uv: f32| middle - (uv * points_per_uv).clamp(-4000.0, 4000.0);
                run.push(Band { x, top: y(greatest), bottom: y(least) });
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

    /// Says on hover how good the channel under the pointer is.
    pub fn hover(&self, response: &Response, rect: Rect) {
        let Some(pointer) = response.hover_pos() else { return };
        let row = ((pointer.y - rect.top()) / self.lane).max(0.0) as usize;
        let Some(&channel) = self.order.get(row) else { return };
        response.clone().on_hover_text(channel_words(self.scene, self.source, channel));
    }
}

/// How good a channel is, for a tooltip.
pub(super) fn channel_words(scene: &Scene<'_>, source: &SourceView, channel: usize) -> String {
    let Some(label) = source.channels.get(channel) else { return String::new() };
    let quality = scene.snapshot.quality.get(channel).cloned().unwrap_or_default();
    let verdict = words::verdict_words(quality.verdict);
    let hum = words::percent(f64::from(quality.mains_share));
    format!(
        "{label}: {verdict}\n{:.1} µV standard deviation, {hum} of power at mains frequency",
        quality.std_uv
    )
}

fn add_run(mesh: &mut Mesh, run: &mut Vec<Band>, color: Color32) {
    if run.len() > 1 {
        add_ribbon(mesh, run, color);
    }
    run.clear();
}
