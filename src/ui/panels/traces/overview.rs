//! All channels at once: one row a channel, coloured by how far the signal swings.
//!
//! A picture of `[channels, columns]`: brightness is the difference of the greatest and the least value in a column, from
//! 0 to twice the sensitivity of the lanes. It is made anew at most [`RENEWALS_PER_SEC`] times a second, so that it costs
//! the same for 4 channels as for 1024 at any rate. A row that is pressed is shown among the lanes.

use egui::{
    Align2, Color32, ColorImage, Rect, Sense, TextureHandle, TextureOptions, Ui, pos2, vec2,
};

use super::axis::{Axis, GUTTERS};
use super::lanes::channel_words;
use super::peaks::{Gap, Peaks};
use super::seams;
use crate::palette;
use crate::snapshot::{QualityVerdict, SourceView};
use crate::ui::look::parts;
use crate::ui::scene::Scene;

/// How often the picture is made.
const RENEWALS_PER_SEC: f64 = 10.0;
/// Most columns of it.
const COLUMNS: usize = 400;
/// A row that is lower has no label of its own.
const LABEL_FROM: f32 = 11.0;
/// Height of the legend.
const LEGEND: f32 = 18.0;

/// The picture, kept from frame to frame.
#[derive(Default)]
pub struct Overview {
    texture: Option<TextureHandle>,
    made_secs: f64,
    key: (usize, u64, u64, bool),
    end_secs: f64,
}

/// What is needed to paint it.
pub struct Shown<'a> {
    /// Snapshot, choices, colours.
    pub scene: &'a Scene<'a>,
    /// Whose channels.
    pub source: &'a SourceView,
    /// Channels from the top down.
    pub order: &'a [usize],
    /// The signal.
    pub peaks: &'a Peaks,
    /// What is missing of it.
    pub gaps: &'a [Gap],
    /// Time at the right edge.
    pub end_secs: f64,
}

impl Overview {
    /// Paints it into a height; gives the row that was pressed.
    pub fn ui(&mut self, ui: &mut Ui, shown: &Shown<'_>, height: f32) -> Option<usize> {
        let size = vec2(ui.available_width(), (height - LEGEND).max(40.0));
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let palette = shown.scene.palette;
        let words = format!(
            "Overview of {} channels, brighter where the signal swings further; press a row to see its trace",
            shown.order.len()
        );
        parts::name(&response, egui::accesskit::Role::Image, words);
        self.renew(ui, shown);
        let span_secs = shown.scene.view.span_secs;
        let axis = Axis::of(rect, self.end_secs, span_secs);
        ui.painter().rect_filled(axis.plot, 0.0, palette.well);
        if let Some(texture) = &self.texture {
            let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            ui.painter().image(texture.id(), axis.plot, uv, Color32::WHITE);
        }
        seams::paint(ui, shown.scene, &axis, shown.gaps);
        rows(ui, shown, rect);
        legend(ui, shown.scene);
        let row_at = |y: f32| {
            let share = ((y - rect.top()) / rect.height()).clamp(0.0, 0.999_9);
            (share * shown.order.len() as f32) as usize
        };
        let row = response.hover_pos().map(|at| row_at(at.y));
        if let Some(&channel) = row.and_then(|row| shown.order.get(row)) {
            let words = channel_words(shown.scene, shown.source, channel);
            response.clone().on_hover_text(words);
        }
        response.clicked().then_some(row).flatten()
    }

    fn renew(&mut self, ui: &Ui, shown: &Shown<'_>) {
        let view = shown.scene.view;
        let key = (
            shown.order.len(),
            view.span_secs.to_bits(),
            u64::from(view.uv_per_div().to_bits()),
            ui.visuals().dark_mode,
        );
        let since_secs = shown.scene.now_secs - self.made_secs;
        let fresh = self.texture.is_some() && key == self.key;
        if fresh && (0.0..1.0 / RENEWALS_PER_SEC).contains(&since_secs) {
            return;
        }
        let Some(image) = image(shown) else { return };
        (self.made_secs, self.key, self.end_secs) = (shown.scene.now_secs, key, shown.end_secs);
        match &mut self.texture {
            Some(texture) => texture.set(image, TextureOptions::NEAREST),
            None => {
                let name = "traces overview";
                self.texture = Some(ui.ctx().load_texture(name, image, TextureOptions::NEAREST));
            }
        }
    }
}

/// The picture, `[channels, columns]`.
fn image(shown: &Shown<'_>) -> Option<ColorImage> {
    let span_secs = shown.scene.view.span_secs;
    let columns = shown.peaks.columns(span_secs, COLUMNS)?;
    let full_uv = 2.0 * shown.scene.view.uv_per_div();
    let on_screen = columns.between(shown.end_secs - span_secs, shown.end_secs);
    let width = (on_screen.end() - on_screen.start() + 1) as usize;
    let mut pixels = Vec::with_capacity(width * shown.order.len());
    for &channel in shown.order {
        pixels.extend(on_screen.clone().map(|column| match columns.range(column, channel) {
            Some([least, greatest]) => {
                let [r, g, b] = palette::sequential((greatest - least) / full_uv);
                Color32::from_rgb(r, g, b)
            }
            None => shown.scene.palette.well,
        }));
    }
    Some(ColorImage::new([width, shown.order.len()], pixels))
}

/// Labels, as many as there is room for, and the channels that are not good.
fn rows(ui: &Ui, shown: &Shown<'_>, rect: Rect) {
    let row = rect.height() / shown.order.len().max(1) as f32;
    let every = (LABEL_FROM / row).ceil().max(1.0) as usize;
    let palette = shown.scene.palette;
    for (at, &channel) in shown.order.iter().enumerate() {
        let middle = rect.top() + (at as f32 + 0.5) * row;
        if at % every == 0 {
            let label: String = shown.source.channels[channel].chars().take(8).collect();
            let from = pos2(rect.left() + 2.0, middle);
            parts::tag(ui, from, Align2::LEFT_CENTER, &label, palette.text);
        }
        let verdict = shown.scene.snapshot.quality.get(channel).map(|q| q.verdict);
        let verdict = verdict.unwrap_or_default();
        if matches!(verdict, QualityVerdict::Bad | QualityVerdict::Fair) {
            let side = row.clamp(4.0, 9.0);
            // Bad ones further out than fair ones: they are told apart where marks are tiny.
            let out = if verdict == QualityVerdict::Bad { 24.0 } else { 10.0 };
            let at = pos2(rect.right() - GUTTERS[1] + out, middle);
            let mark = Rect::from_center_size(at, vec2(side, side));
            ui.painter().add(parts::verdict_shape(mark, verdict, palette));
        }
    }
}

/// What the colours mean.
fn legend(ui: &mut Ui, scene: &Scene<'_>) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), LEGEND), Sense::hover());
    let full_uv = 2.0 * scene.view.uv_per_div();
    let bar = Rect::from_min_size(
        pos2(rect.left() + GUTTERS[0], rect.center().y - 4.0),
        vec2(120.0, 8.0),
    );
    parts::color_bar(ui, bar);
    let text = format!("0 to {full_uv} µV from the least to the greatest value of a column");
    let at = pos2(bar.right() + 8.0, rect.center().y);
    parts::tag(ui, at, Align2::LEFT_CENTER, &text, scene.palette.weak);
}
