//! The spectrogram of one channel as a picture that scrolls.
//!
//! Columns lie in a ring of [`WIDTH`] columns of a texture; a new one changes its own pixels only, and two rectangles show
//! the ring with the newest at the right. The whole picture is made anew only when frequencies, colours or limits change.
//! Memory: 600 columns × 601 bins in floats and in pixels, 2.9 MB, whatever the source.

use std::collections::VecDeque;

use egui::{Align2, Color32, ColorImage, Mesh, Rect, Shape, TextureHandle, TextureOptions, Ui};
use egui::{pos2, vec2};

use super::analysis::Column;
use super::choice::Choice;
use super::feed::Feed;
use crate::palette;
use crate::snapshot::SourceView;
use crate::ui::look::parts;
use crate::ui::scene::Scene;

/// Columns on screen: a minute.
const WIDTH: usize = 600;
/// The colours span a multiple of this, dB, so that they do not change with every column.
const STEP_DB: f32 = 5.0;
/// Quantiles of what is shown that the colours span.
const SPAN: [f64; 2] = [0.02, 0.995];
/// Room for frequencies at the left, and for the colour bar at the right.
const GUTTERS: [f32; 2] = [52.0, 84.0];

/// How the picture was made.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Made {
    rows: usize,
    limits_db: [f32; 2],
    dark: bool,
}

/// The picture with its columns.
#[derive(Default)]
pub struct Waterfall {
    columns: VecDeque<Column>,
    scale: [f64; 2],
    texture: Option<TextureHandle>,
    made: Option<Made>,
    /// Newest column that is in the picture.
    painted: Option<i64>,
    limits_db: [f32; 2],
    /// Columns since the limits were found.
    since_limits: usize,
}

impl Waterfall {
    /// Takes over what the thread found.
    pub fn take(&mut self, feed: &mut Feed) {
        if std::mem::take(&mut feed.begun) {
            self.columns.clear();
            (self.made, self.painted, self.since_limits) = (None, None, 0);
        }
        self.scale = feed.column_scale;
        for column in feed.columns.drain(..) {
            self.since_limits += 1;
            self.columns.push_back(column);
            let newest = self.columns.back().map_or(0, |column| column.number);
            let old = |column: &Column| column.number <= newest - WIDTH as i64;
            while self.columns.front().is_some_and(old) {
                self.columns.pop_front();
            }
        }
    }

    /// Paints it.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        source: &SourceView,
        choice: &Choice,
        height: f32,
    ) {
        let name = source.channels.get(choice.watched).cloned().unwrap_or_default();
        let [bin_hz, hop_secs] = self.scale;
        let Some(newest) = self.columns.back().filter(|_| bin_hz > 0.0) else {
            let text = "The first second is not whole yet.";
            let rect = parts::canvas(ui, vec2(ui.available_width(), height), text);
            return parts::centred_text(ui, rect, text, scene.palette.weak);
        };
        let (newest, bins) = (newest.number, newest.decibels.len());
        let top_hz = choice.top_hz.min((bins - 1) as f64 * bin_hz);
        let rows = ((top_hz / bin_hz + 1e-9) as usize + 1).min(bins);
        self.renew(ui, scene, rows);
        let words = format!(
            "Spectrogram of {name} over {:.0} s up to {top_hz:.0} Hz, {:.0} to {:.0} dB",
            WIDTH as f64 * hop_secs,
            self.limits_db[0],
            self.limits_db[1]
        );
        let rect = parts::canvas(ui, vec2(ui.available_width(), height), words);
        let plot = Rect::from_min_max(
            pos2(rect.left() + GUTTERS[0], rect.top() + 2.0),
            pos2(rect.right() - GUTTERS[1], rect.bottom() - 18.0),
        );
        ui.painter().rect_filled(plot, 0.0, scene.palette.well);
        if let Some(texture) = &self.texture {
            ui.painter().add(ring(texture, plot, newest));
        }
        axes(ui, scene, plot, top_hz, WIDTH as f64 * hop_secs);
        self.bar(ui, scene, rect, plot);
        parts::weak(
            ui,
            format!(
                "Stretches of {:.2} s, Hann, one every {hop_secs:.2} s, {bin_hz:.2} Hz apart, mean taken away. \
                 The ground shows where there was no signal",
                1.0 / bin_hz
            ),
        );
    }

    /// Brings the picture up to date.
    fn renew(&mut self, ui: &Ui, scene: &Scene<'_>, rows: usize) {
        let wanted_rows = self.made.is_some_and(|made| made.rows == rows);
        if !wanted_rows || self.since_limits >= 20 {
            self.limits_db = limits(&self.columns, rows);
            self.since_limits = 0;
        }
        let made = Made { rows, limits_db: self.limits_db, dark: ui.visuals().dark_mode };
        let newest = self.columns.back().map_or(0, |column| column.number);
        let all = self.made != Some(made)
            || self.texture.is_none()
            || self.painted.is_none_or(|painted| newest - painted >= WIDTH as i64 / 4);
        if all {
            self.paint_all(ui, scene, made);
        } else {
            self.paint_new(scene, made);
        }
        (self.made, self.painted) = (Some(made), Some(newest));
    }

    fn paint_all(&mut self, ui: &Ui, scene: &Scene<'_>, made: Made) {
        let ground = scene.palette.well;
        let mut image = ColorImage::filled([WIDTH, made.rows], ground);
        for column in &self.columns {
            let x = slot(column.number);
            for (row, color) in colors(column, made, ground).enumerate() {
                image.pixels[row * WIDTH + x] = color;
            }
        }
        let options = TextureOptions::NEAREST;
        match &mut self.texture {
            Some(texture) => texture.set(image, options),
            None => self.texture = Some(ui.ctx().load_texture("spectrogram", image, options)),
        }
    }

    /// Only the columns since the last time, and what was left out between them.
    fn paint_new(&mut self, scene: &Scene<'_>, made: Made) {
        let (Some(texture), Some(painted)) = (&mut self.texture, self.painted) else { return };
        let ground = scene.palette.well;
        let newest = self.columns.back().map_or(painted, |column| column.number);
        let mut columns = self.columns.iter().skip_while(|column| column.number <= painted);
        let mut next = columns.next();
        for number in painted + 1..=newest {
            let pixels: Vec<Color32> = match next.filter(|column| column.number == number) {
                Some(column) => {
                    next = columns.next();
                    colors(column, made, ground).collect()
                }
                None => vec![ground; made.rows],
            };
            let image = ColorImage::new([1, made.rows], pixels);
            texture.set_partial([slot(number), 0], image, TextureOptions::NEAREST);
        }
    }

    fn bar(&self, ui: &Ui, scene: &Scene<'_>, rect: Rect, plot: Rect) {
        let bar =
            Rect::from_min_size(pos2(plot.right() + 10.0, plot.top()), vec2(10.0, plot.height()));
        parts::color_column(ui, bar);
        let [low, high] = self.limits_db;
        let ink = scene.palette.weak;
        let x = bar.right() + 4.0;
        parts::tag(ui, pos2(x, bar.top()), Align2::LEFT_TOP, &format!("{high:.0} dB"), ink);
        parts::tag(ui, pos2(x, bar.bottom()), Align2::LEFT_BOTTOM, &format!("{low:.0} dB"), ink);
        let below = pos2(rect.right(), plot.bottom() + 3.0);
        parts::tag(ui, below, Align2::RIGHT_TOP, "re 1 µV²/Hz", ink);
    }
}

/// The place of a column in the ring.
fn slot(number: i64) -> usize {
    number.rem_euclid(WIDTH as i64) as usize
}

/// The pixels of a column from the top down.
fn colors(column: &Column, made: Made, ground: Color32) -> impl Iterator<Item = Color32> + '_ {
    let [low, high] = made.limits_db;
    (0..made.rows).rev().map(move |bin| match column.decibels.get(bin) {
        Some(value) => {
            let [r, g, b] = palette::sequential((value - low) / (high - low));
            Color32::from_rgb(r, g, b)
        }
        None => ground,
    })
}

/// What the colours span, in whole steps.
fn limits(columns: &VecDeque<Column>, rows: usize) -> [f32; 2] {
    // Every few columns tell enough; bin 0 holds only what is left of the mean.
    let every = (columns.len() / 100).max(1);
    let seen = columns.iter().step_by(every);
    let mut values: Vec<f32> = seen
        .flat_map(|column| column.decibels.iter().take(rows).skip(1).copied())
        .filter(|value| value.is_finite())
        .collect();
    if values.is_empty() {
        return [0.0, STEP_DB];
    }
    let quantile = |values: &mut Vec<f32>, share: f64| {
        let at = (share * (values.len() - 1) as f64).round() as usize;
        *values.select_nth_unstable_by(at, f32::total_cmp).1
    };
    let low = (quantile(&mut values, SPAN[0]) / STEP_DB).floor() * STEP_DB;
    let high = (quantile(&mut values, SPAN[1]) / STEP_DB).ceil() * STEP_DB;
    [low, high.max(low + 2.0 * STEP_DB)]
}

/// The ring as two rectangles, the newest column at the right edge.
fn ring(texture: &TextureHandle, plot: Rect, newest: i64) -> Shape {
    let mut mesh = Mesh::with_texture(texture.id());
    let cut = (slot(newest) + 1) as f32 / WIDTH as f32;
    let x = plot.left() + plot.width() * (1.0 - cut);
    let older = Rect::from_min_max(plot.left_top(), pos2(x, plot.bottom()));
    let newer = Rect::from_min_max(pos2(x, plot.top()), plot.right_bottom());
    let uv = |from: f32, to: f32| Rect::from_min_max(pos2(from, 0.0), pos2(to, 1.0));
    mesh.add_rect_with_uv(older, uv(cut, 1.0), Color32::WHITE);
    mesh.add_rect_with_uv(newer, uv(0.0, cut), Color32::WHITE);
    Shape::mesh(mesh)
}

fn axes(ui: &Ui, scene: &Scene<'_>, plot: Rect, top_hz: f64, span_secs: f64) {
    let ink = scene.palette.weak;
    let step_hz = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0];
    let step_hz = step_hz.into_iter().find(|step| top_hz / step <= 6.0).unwrap_or(500.0);
    let mut hz = 0.0;
    while hz <= top_hz {
        let y = plot.bottom() - plot.height() * (hz / top_hz) as f32;
        let at = pos2(plot.left() - 5.0, y);
        parts::tag(ui, at, Align2::RIGHT_CENTER, &format!("{hz} Hz"), ink);
        hz += step_hz;
    }
    for step in 0..=4 {
        let share = step as f32 / 4.0;
        let secs = span_secs * f64::from(1.0 - share);
        let text = if step == 4 { "now".into() } else { format!("−{secs:.0} s") };
        let align = match step {
            0 => Align2::LEFT_TOP,
            4 => Align2::RIGHT_TOP,
            _ => Align2::CENTER_TOP,
        };
        let at = pos2(plot.left() + plot.width() * share, plot.bottom() + 3.0);
        parts::tag(ui, at, align, &text, ink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(number: i64, value: f32) -> Column {
        Column { number, decibels: vec![value; 40].into() }
    }

    #[test]
    fn colours_span_what_is_there_in_whole_steps() {
        let columns: VecDeque<Column> =
            (0..300).map(|i| column(i, (i % 31) as f32 - 12.0)).collect();
        let [low, high] = limits(&columns, 40);
        assert_eq!([low, high], [-15.0, 20.0]);
        assert_eq!(limits(&VecDeque::new(), 40), [0.0, 5.0]);
        let flat: VecDeque<Column> = (0..9).map(|i| column(i, 3.0)).collect();
        assert_eq!(limits(&flat, 40), [0.0, 10.0], "never nothing");
    }

    #[test]
    fn only_a_minute_is_kept_and_another_channel_begins_anew() {
        let (mut waterfall, mut feed) = (Waterfall::default(), Feed::default());
        feed.columns = (0..1000).map(|i| column(i, 0.0)).collect();
        waterfall.take(&mut feed);
        assert_eq!(waterfall.columns.len(), WIDTH);
        feed.columns = vec![column(1300, 0.0)];
        waterfall.take(&mut feed);
        assert_eq!(waterfall.columns.len(), 1000 - 701 + 1, "a gap takes its room");
        feed.begun = true;
        waterfall.take(&mut feed);
        assert!(waterfall.columns.is_empty());
    }
}
