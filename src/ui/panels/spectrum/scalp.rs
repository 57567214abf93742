//! A band's power over the scalp, seen from above, nose up.
//!
//! Between the electrodes it is interpolated by spherical splines (those of [`crate::signal::montage`]), in dB for powers.
//! Bad channels and those without a place on the head take no part and are named. Nothing is painted farther from an
//! electrode than splines say anything. The weights come from the thread beside the window; here they are multiplied, once
//! for every new spectrum.

use egui::epaint::{Mesh, Vertex};
use egui::{Align2, Color32, ColorImage, Pos2, Rect, Sense, Shape, Stroke, TextureHandle, Ui};
use egui::{TextureOptions, pos2, vec2};

use super::bands::{Values, value_words};
use super::choice::{Choice, band_words};
use super::feed::Feed;
use crate::palette;
use crate::signal::montage::{MAX_INTERPOLATION_DEG, Position, degrees_between, position};
use crate::snapshot::{QualityVerdict, SourceView};
use crate::ui::look::parts;
use crate::ui::scene::Scene;

/// Places along a side of the picture.
const SIDE: usize = 64;
/// How far the picture reaches beyond the equator of the head, in its radii.
const REACH: f32 = 1.3;
/// Fewer electrodes say nothing of what lies between them.
const LEAST_ELECTRODES: usize = 4;
/// More electrodes are not named: the pointer tells.
const MOST_NAMES: usize = 40;

/// The map, kept from frame to frame.
#[derive(Default)]
pub struct Scalp {
    places: Vec<Position>,
    texture: Option<TextureHandle>,
    key: Option<Key>,
    limits: [f64; 2],
}

/// What the picture was made of.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    version: u64,
    band: usize,
    relative: bool,
    channels: Vec<usize>,
}

/// An electrode that takes part.
struct Electrode {
    channel: usize,
    position: Position,
}

impl Scalp {
    /// Paints it into the width that is there.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        source: &SourceView,
        values: &Values,
        choice: &Choice,
        feed: &mut Feed,
    ) {
        let band = choice.band.min(values.first().map_or(0, |v| v.len() - 1));
        let used = electrodes(scene, source, values, band);
        parts::eyebrow(ui, scene.palette, &format!("MAP OF {}", band_words(band).to_uppercase()));
        if used.len() < LEAST_ELECTRODES {
            parts::weak(
                ui,
                format!(
                    "{} channels are usable and have a place on the head; a map needs {LEAST_ELECTRODES}.",
                    used.len()
                ),
            );
            return;
        }
        if self.places.is_empty() {
            self.places = places();
        }
        let positions: Vec<Position> = used.iter().map(|e| e.position).collect();
        feed.ask_map(&positions, &self.places);
        self.renew(ui, &used, values, choice, feed);
        let side = ui.available_width().min(ui.available_height() - 92.0).max(180.0);
        let size = vec2(ui.available_width(), side);
        let (area, response) = ui.allocate_exact_size(size, Sense::hover());
        let words = self.words(&used, source, values, choice);
        parts::name(&response, egui::accesskit::Role::Image, words);
        let head = Rect::from_center_size(area.center(), vec2(side, side) / 1.06);
        if let Some(texture) = &self.texture {
            ui.painter().add(disc(texture, head));
        }
        outline(ui, scene, head);
        let near = marks(ui, scene, source, head, &used, response.hover_pos());
        if let Some(electrode) = near {
            let value = value_words(values[electrode.channel][band], choice.relative);
            let label = &source.channels[electrode.channel];
            response.on_hover_text(format!("{label}: {value}"));
        }
        self.legend(ui, scene, choice);
        parts::weak(ui, left_out_words(scene, source, used.len()));
    }

    fn renew(
        &mut self,
        ui: &Ui,
        used: &[Electrode],
        values: &Values,
        choice: &Choice,
        feed: &Feed,
    ) {
        let Some(weights) = &feed.weights else { return };
        if weights.len() != self.places.len() * used.len() {
            return;
        }
        let key = Key {
            version: feed.version,
            band: choice.band,
            relative: choice.relative,
            channels: used.iter().map(|e| e.channel).collect(),
        };
        if self.key.as_ref() == Some(&key) {
            return;
        }
        let measured: Vec<f32> = used
            .iter()
            .map(|e| shown(values[e.channel][choice.band], choice.relative) as f32)
            .collect();
        self.limits = limits(&measured, choice.relative);
        let image = self.image(weights, &measured, used);
        match &mut self.texture {
            Some(texture) => texture.set(image, TextureOptions::LINEAR),
            None => {
                let name = "scalp map";
                self.texture = Some(ui.ctx().load_texture(name, image, TextureOptions::LINEAR));
            }
        }
        self.key = Some(key);
    }

    fn image(&self, weights: &[f32], measured: &[f32], used: &[Electrode]) -> ColorImage {
        let mut image = ColorImage::filled([SIDE, SIDE], Color32::TRANSPARENT);
        let rows = weights.chunks_exact(measured.len());
        for ((pixel, row), place) in grid().zip(rows).zip(&self.places) {
            let nearest =
                used.iter().map(|e| degrees_between(e.position, *place)).fold(180.0, f64::min);
            if nearest > MAX_INTERPOLATION_DEG {
                continue;
            }
            let value: f32 = row.iter().zip(measured).map(|(w, v)| w * v).sum();
            let [low, high] = self.limits;
            let [r, g, b] = palette::sequential(((f64::from(value) - low) / (high - low)) as f32);
            image.pixels[pixel] = Color32::from_rgb(r, g, b);
        }
        image
    }

    fn legend(&self, ui: &mut Ui, scene: &Scene<'_>, choice: &Choice) {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::hover());
        let width = (rect.width() * 0.6).min(220.0);
        let bar = Rect::from_center_size(pos2(rect.center().x, rect.top() + 5.0), vec2(width, 9.0));
        parts::color_bar(ui, bar);
        let ink = scene.palette.weak;
        let at = |x: f32| pos2(x, bar.bottom() + 3.0);
        let [low, high] = self.limits.map(|value| legend_words(value, choice.relative));
        parts::tag(ui, at(bar.left()), Align2::CENTER_TOP, &low, ink);
        parts::tag(ui, at(bar.right()), Align2::CENTER_TOP, &high, ink);
        let unit = if choice.relative { "share of 0.5–45 Hz" } else { "dB re 1 µV²" };
        parts::tag(ui, at(bar.center().x), Align2::CENTER_TOP, unit, ink);
    }

    fn words(
        &self,
        used: &[Electrode],
        source: &SourceView,
        values: &Values,
        choice: &Choice,
    ) -> String {
        let value = |e: &&Electrode| values[e.channel][choice.band];
        let extreme = |e: Option<&Electrode>| {
            e.map_or(String::new(), |e| {
                let value = value_words(values[e.channel][choice.band], choice.relative);
                format!("{} {value}", source.channels[e.channel])
            })
        };
        let most = used.iter().max_by(|a, b| value(a).total_cmp(&value(b)));
        let least = used.iter().min_by(|a, b| value(a).total_cmp(&value(b)));
        format!(
            "Scalp map of {} from {} electrodes: most at {}, least at {}",
            band_words(choice.band),
            used.len(),
            extreme(most),
            extreme(least)
        )
    }
}

/// What is interpolated: powers as dB.
fn shown(value: f64, relative: bool) -> f64 {
    if relative { value } else { 10.0 * value.max(1e-9).log10() }
}

fn legend_words(value: f64, relative: bool) -> String {
    if relative { format!("{:.0} %", value * 100.0) } else { format!("{value:.0}") }
}

/// The ends of the colours: what is measured, in whole steps.
fn limits(measured: &[f32], relative: bool) -> [f64; 2] {
    let step = if relative { 0.05 } else { 1.0 };
    let low = f64::from(measured.iter().copied().fold(f32::INFINITY, f32::min));
    let high = f64::from(measured.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let low = (low / step).floor() * step;
    [low, ((high / step).ceil() * step).max(low + step)]
}

/// Channels that have a place, a value, and are not bad; each place once.
fn electrodes(
    scene: &Scene<'_>,
    source: &SourceView,
    values: &Values,
    band: usize,
) -> Vec<Electrode> {
    let mut used: Vec<Electrode> = Vec::new();
    for (channel, label) in source.channels.iter().enumerate() {
        let verdict = scene.snapshot.quality.get(channel).map(|q| q.verdict);
        let value = values.get(channel).map_or(f64::NAN, |v| v[band]);
        let usable = verdict != Some(QualityVerdict::Bad) && value.is_finite() && value > 0.0;
        if let Some(position) = position(label).filter(|_| usable)
            && !used.iter().any(|e| e.position == position)
        {
            used.push(Electrode { channel, position });
        }
    }
    used
}

fn left_out_words(scene: &Scene<'_>, source: &SourceView, used: usize) -> String {
    let bad = |channel: &usize| {
        scene.snapshot.quality.get(*channel).map(|q| q.verdict) == Some(QualityVerdict::Bad)
    };
    let bad: Vec<&str> =
        (0..source.channels.len()).filter(bad).map(|c| source.channels[c].as_str()).collect();
    let placeless = source.channels.iter().filter(|label| position(label).is_none()).count();
    let mut text = format!("{used} electrodes, spherical splines between them");
    if !bad.is_empty() {
        let named: Vec<&str> = bad.iter().take(6).copied().collect();
        let more = if bad.len() > 6 { " …" } else { "" };
        text += &format!("; {} bad left out: {}{more}", bad.len(), named.join(", "));
    }
    if placeless > 0 {
        text += &format!("; {placeless} without a place on the head");
    }
    text
}

/// Where a place of the unit sphere is, in radii of the head: angle from the vertex along the radius.
fn flat([x, y, z]: Position) -> [f32; 2] {
    let angle = z.clamp(-1.0, 1.0).acos();
    let across = x.hypot(y);
    let radius = angle / std::f64::consts::FRAC_PI_2;
    let scale = if across > 1e-9 { radius / across } else { 0.0 };
    [(x * scale) as f32, (y * scale) as f32]
}

/// Centre of a pixel, in radii of the head.
fn pixel_at(pixel: usize) -> [f32; 2] {
    let along = |i: usize| ((i as f32 + 0.5) / SIDE as f32 * 2.0 - 1.0) * REACH;
    [along(pixel % SIDE), -along(pixel / SIDE)]
}

/// The pixels that lie on the head.
fn grid() -> impl Iterator<Item = usize> {
    (0..SIDE * SIDE).filter(|pixel| {
        let [x, y] = pixel_at(*pixel);
        x.hypot(y) <= REACH
    })
}

/// Their places on the unit sphere.
fn places() -> Vec<Position> {
    let place = |pixel: usize| {
        let [x, y] = pixel_at(pixel).map(f64::from);
        let radius = x.hypot(y);
        let angle = radius * std::f64::consts::FRAC_PI_2;
        let scale = if radius > 1e-9 { angle.sin() / radius } else { 0.0 };
        [x * scale, y * scale, angle.cos()]
    };
    grid().map(place).collect()
}

fn on_screen(head: Rect, [x, y]: [f32; 2]) -> Pos2 {
    head.center() + vec2(x, -y) * (head.width() * 0.5 / REACH)
}

/// The picture, cut to a circle within its pixels, so that its edge is smooth.
fn disc(texture: &TextureHandle, head: Rect) -> Shape {
    const CORNERS: u32 = 96;
    let radius = 0.5 - 1.5 / SIDE as f32;
    let mut mesh = Mesh::with_texture(texture.id());
    let mut vertex = |across: f32, down: f32| {
        let pos = head.min + vec2(across * head.width(), down * head.height());
        mesh.vertices.push(Vertex { pos, uv: pos2(across, down), color: Color32::WHITE });
    };
    vertex(0.5, 0.5);
    for corner in 0..CORNERS {
        let angle = corner as f32 / CORNERS as f32 * std::f32::consts::TAU;
        vertex(0.5 + radius * angle.cos(), 0.5 + radius * angle.sin());
    }
    for corner in 0..CORNERS {
        mesh.add_triangle(0, 1 + corner, 1 + (corner + 1) % CORNERS);
    }
    Shape::mesh(mesh)
}

fn outline(ui: &Ui, scene: &Scene<'_>, head: Rect) {
    let stroke = Stroke::new(1.5, scene.palette.weak);
    let radius = head.width() * 0.5 / REACH;
    ui.painter().circle_stroke(head.center(), radius, stroke);
    let nose = [[-0.1, 0.995], [0.0, 1.12], [0.1, 0.995]].map(|at| on_screen(head, at));
    ui.painter().add(Shape::line(nose.to_vec(), stroke));
    for side in [-1.0_f32, 1.0] {
        let ear = [[1.0, 0.16], [1.07, 0.12], [1.07, -0.12], [1.0, -0.16]];
        let ear = ear.map(|[x, y]| on_screen(head, [side * x, y]));
        ui.painter().add(Shape::line(ear.to_vec(), stroke));
    }
}

/// Paints the electrodes; gives the one under the pointer.
fn marks<'e>(
    ui: &Ui,
    scene: &Scene<'_>,
    source: &SourceView,
    head: Rect,
    used: &'e [Electrode],
    pointer: Option<Pos2>,
) -> Option<&'e Electrode> {
    let mut near: Option<(f32, &Electrode)> = None;
    for electrode in used {
        let at = on_screen(head, flat(electrode.position));
        ui.painter().circle(at, 2.5, scene.palette.text, Stroke::new(1.0, scene.palette.card));
        if used.len() <= MOST_NAMES {
            let below = at + vec2(0.0, 3.0);
            let label: String = source.channels[electrode.channel].chars().take(5).collect();
            let ground = below + vec2(0.0, 6.5);
            let back = Rect::from_center_size(ground, vec2(6.5 * label.len() as f32, 11.0));
            ui.painter().rect_filled(back, 3.0, scene.palette.card.gamma_multiply(0.65));
            parts::tag(ui, below, Align2::CENTER_TOP, &label, scene.palette.text);
        }
        let away = pointer.map_or(f32::INFINITY, |pointer| pointer.distance(at));
        if away < 12.0 && near.as_ref().is_none_or(|(best, _)| away < *best) {
            near = Some((away, electrode));
        }
    }
    near.map(|(_, electrode)| electrode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_seen_from_above_with_the_nose_up() {
        let at = |label: &str| flat(position(label).unwrap());
        let [x, y] = at("Cz");
        assert!(x.abs() < 1e-6 && y.abs() < 1e-6);
        assert!(at("Fpz")[1] > 0.9 && at("Oz")[1] < -0.9);
        assert!(at("C3")[0] < -0.3 && at("C4")[0] > 0.3);
        assert!((at("T8")[0] - 1.0).abs() < 1e-6, "the equator is the circle");
        let head = Rect::from_min_size(pos2(0.0, 0.0), vec2(130.0, 130.0));
        assert!(on_screen(head, at("Fpz")).y < on_screen(head, at("Oz")).y);
        assert!(on_screen(head, at("C3")).x < on_screen(head, at("C4")).x);
    }

    #[test]
    fn pixels_and_places_agree() {
        let places = places();
        assert_eq!(places.len(), grid().count());
        for (pixel, place) in grid().zip(&places) {
            let length: f64 = place.iter().map(|v| v * v).sum();
            assert!((length - 1.0).abs() < 1e-9);
            let (back, there) = (flat(*place), pixel_at(pixel));
            assert!((back[0] - there[0]).abs() < 1e-4 && (back[1] - there[1]).abs() < 1e-4);
        }
    }

    #[test]
    fn colours_span_what_is_measured() {
        assert_eq!(limits(&[1.2, 7.9, 3.0], false), [1.0, 8.0]);
        assert_eq!(limits(&[3.0, 3.0], false), [3.0, 4.0]);
        let [low, high] = limits(&[0.11, 0.33], true);
        assert!((low - 0.1).abs() < 1e-6 && (high - 0.35).abs() < 1e-6);
        assert!((shown(100.0, false) - 20.0).abs() < 1e-9);
    }
}
