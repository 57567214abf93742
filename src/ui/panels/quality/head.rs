//! The head from above with a mark for each electrode; channels without a known place stand in rows beneath it.
//!
//! One control for all: it takes the focus, arrow keys go to the nearest electrode in their direction, the pointer chooses.

use egui::accesskit::Role;
use egui::{
    Align2, EventFilter, Key, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, Vec2, pos2, vec2,
};

use crate::signal::montage::{Position, position};
use crate::snapshot::{ChannelQuality, QualityVerdict, SourceView};
use crate::ui::look::{advice, parts};
use crate::ui::scene::Scene;

/// How far the head reaches at least, in degrees from the vertex: a little beyond the equator, where the ears are.
const REACH_DEG: f64 = 98.0;
/// Largest and smallest mark, in points.
const MARK: [f32; 2] = [4.0, 11.0];
/// Marks further apart than this are labelled.
const LABEL_ROOM: f32 = 26.0;
/// Room of one channel in the rows of those without a place.
const CELL: Vec2 = vec2(64.0, 46.0);
/// Height of what is said where no place is known.
const NOTE: f32 = 30.0;
/// Least share of the canvas for the head where there is one.
const HEAD_SHARE: f32 = 0.6;

/// Said where there is no head.
const NO_PLACES: &str = "None of these names is a known place on the head.";

/// Where channels are; found again when the labels change.
#[derive(Default)]
pub struct Map {
    labels: Vec<String>,
    places: Vec<Option<Position>>,
}

/// Where everything is on the canvas.
struct Canvas {
    centre: Pos2,
    /// Radius of the head, where one is drawn.
    radius: Option<f32>,
    marks: Vec<Pos2>,
    size: f32,
    /// Whether there is room for the labels of those with a place, and of those without.
    labelled: [bool; 2],
}

impl Map {
    /// Paints it in the room there is; gives the electrode that was just chosen.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        source: &SourceView,
        shown: usize,
    ) -> Option<usize> {
        if self.labels != source.channels {
            self.labels.clone_from(&source.channels);
            self.places = self.labels.iter().map(|label| position(label)).collect();
        }
        let size = ui.available_size();
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        parts::name(&response, Role::Image, self.words(scene, shown));
        let canvas = self.canvas(rect);
        self.paint(ui, scene, &canvas, &response, shown);
        let by_pointer = response.clicked().then(|| response.interact_pointer_pos()).flatten();
        if by_pointer.is_some() {
            response.request_focus();
        }
        let near = |at: Pos2| canvas.nearest(at);
        if let Some(channel) = response.hover_pos().and_then(near) {
            let quality = quality(scene, channel);
            response.clone().on_hover_text(format!(
                "{}: {}",
                self.labels[channel],
                advice::state(&quality)
            ));
        }
        by_pointer.and_then(near).or_else(|| by_keys(ui, &response, &canvas, shown))
    }

    /// What a screen reader says of it.
    fn words(&self, scene: &Scene<'_>, shown: usize) -> String {
        let placed = self.places.iter().flatten().count();
        let label = self.labels.get(shown).map_or("", String::as_str);
        let state = advice::state(&quality(scene, shown));
        format!(
            "Head with {placed} of {} electrodes; {label}: {state}. Arrow keys go to the next.",
            self.labels.len()
        )
    }

    fn canvas(&self, rect: Rect) -> Canvas {
        let placed = self.places.iter().flatten().count();
        let beside = self.places.len() - placed;
        let columns = (rect.width() / CELL.x).floor().max(1.0);
        let rows = (beside as f32 / columns).ceil();
        // Without a head, what is said of that stands on top.
        let most =
            if placed > 0 { rect.height() * (1.0 - HEAD_SHARE) } else { rect.height() - NOTE };
        let below = (rows * CELL.y).min(most);
        let head = Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() - below));
        // Room for the labels under the lowest marks and beside the outermost.
        let reach = (head.width() * 0.5 - 16.0).min(head.height() * 0.5 - 16.0).max(10.0);
        let placed_at = self.places.iter().flatten().map(|place| flat(*place).length());
        let radius = reach / placed_at.fold(REACH_DEG as f32 / 90.0, f32::max);
        let top = if placed > 0 { head.bottom() } else { rect.top() + NOTE };
        let (mut at, mut marks) = (0, Vec::with_capacity(self.places.len()));
        let (cell_width, cell_height) = (rect.width() / columns, below / rows.max(1.0));
        for place in &self.places {
            marks.push(match place {
                Some(place) => head.center() - vec2(0.0, 4.0) + radius * flat(*place),
                None => {
                    let (column, row) = (at as f32 % columns, (at as f32 / columns).floor());
                    at += 1;
                    let in_row = columns.min(beside as f32 - row * columns);
                    let indent = (columns - in_row) * 0.5;
                    let cell =
                        vec2((indent + column + 0.5) * cell_width, (row + 0.4) * cell_height);
                    pos2(rect.left(), top) + cell
                }
            });
        }
        let apart = closest(&marks);
        let mut size = (apart * 0.32).clamp(MARK[0], MARK[1]);
        if beside > 0 {
            size = size.min((cell_height * 0.24).max(2.0));
        }
        let labelled = [apart >= LABEL_ROOM, cell_width.min(1.4 * cell_height) >= 2.0 * LABEL_ROOM];
        let centre = head.center() - vec2(0.0, 4.0);
        Canvas { centre, radius: (placed > 0).then_some(radius), marks, size, labelled }
    }

    fn paint(
        &self,
        ui: &Ui,
        scene: &Scene<'_>,
        canvas: &Canvas,
        response: &Response,
        shown: usize,
    ) {
        let palette = scene.palette;
        let painter = ui.painter();
        if let Some(radius) = canvas.radius {
            paint_head(ui, canvas.centre, radius, Stroke::new(1.5, palette.line));
        } else {
            parts::tag(ui, response.rect.left_top(), Align2::LEFT_TOP, NO_PLACES, palette.weak);
        }
        for (channel, at) in canvas.marks.iter().enumerate() {
            let verdict = quality(scene, channel).verdict;
            let mark = Rect::from_center_size(*at, Vec2::splat(2.0 * canvas.size));
            painter.circle_filled(*at, canvas.size + 2.0, palette.card);
            painter.add(parts::verdict_shape(mark, verdict, palette));
            if channel == shown {
                let width = if response.has_focus() { 3.0 } else { 1.8 };
                painter.circle_stroke(*at, canvas.size + 4.5, Stroke::new(width, palette.accent));
            }
            // Where there is little room, only what matters is named.
            let has_room = canvas.labelled[usize::from(self.places[channel].is_none())];
            if has_room || channel == shown || verdict == QualityVerdict::Bad {
                let ring = if channel == shown { 6.0 } else { 3.0 };
                let below = *at + vec2(0.0, canvas.size + ring);
                let ink = if verdict > QualityVerdict::Good { palette.text } else { palette.weak };
                let label: String = self.labels[channel].chars().take(9).collect();
                parts::tag(ui, below, Align2::CENTER_TOP, &label, ink);
            }
        }
    }
}

impl Canvas {
    fn nearest(&self, at: Pos2) -> Option<usize> {
        let reach = self.size + 10.0;
        let all = self.marks.iter().enumerate().map(|(channel, mark)| (channel, mark.distance(at)));
        let near = all.filter(|(_, far)| *far <= reach);
        near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(channel, _)| channel)
    }

    /// The nearest electrode this way; what lies askew counts as further.
    fn towards(&self, from: usize, way: Vec2) -> Option<usize> {
        let start = *self.marks.get(from)?;
        let cost = |mark: &Pos2| {
            let step = *mark - start;
            let ahead = step.dot(way);
            (ahead > 1.0).then(|| ahead + 2.5 * (step - way * ahead).length())
        };
        let all = self.marks.iter().enumerate().filter_map(|(i, mark)| Some((i, cost(mark)?)));
        all.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(channel, _)| channel)
    }
}

fn by_keys(ui: &Ui, response: &Response, canvas: &Canvas, shown: usize) -> Option<usize> {
    if !response.has_focus() {
        return None;
    }
    let filter =
        EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let ways = [
        (Key::ArrowLeft, vec2(-1.0, 0.0)),
        (Key::ArrowRight, vec2(1.0, 0.0)),
        (Key::ArrowUp, vec2(0.0, -1.0)),
        (Key::ArrowDown, vec2(0.0, 1.0)),
    ];
    let pressed = |key: Key| ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, key));
    let way = ways.into_iter().find(|(key, _)| pressed(*key))?.1;
    canvas.towards(shown, way)
}

fn quality(scene: &Scene<'_>, channel: usize) -> ChannelQuality {
    scene.snapshot.quality.get(channel).cloned().unwrap_or_default()
}

/// A place on the sphere seen from above, the equator at one: as far from the middle as it is from the vertex (azimuthal
/// equidistant, as topographic maps are drawn), nose up.
fn flat([x, y, z]: Position) -> Vec2 {
    let from_vertex = z.clamp(-1.0, 1.0).acos() / std::f64::consts::FRAC_PI_2;
    let along = x.hypot(y).max(1e-9);
    vec2((x / along * from_vertex) as f32, (-y / along * from_vertex) as f32)
}

/// The distance of the two marks that are nearest to each other.
fn closest(marks: &[Pos2]) -> f32 {
    let mut least = f32::INFINITY;
    for (i, mark) in marks.iter().enumerate() {
        for other in &marks[i + 1..] {
            least = least.min(mark.distance_sq(*other));
        }
    }
    least.sqrt().max(1.0)
}

fn paint_head(ui: &Ui, centre: Pos2, radius: f32, stroke: Stroke) {
    let painter = ui.painter();
    painter.circle_stroke(centre, radius, stroke);
    let nose = [vec2(-0.12, -0.993), vec2(0.0, -1.14), vec2(0.12, -0.993)];
    painter.add(Shape::line(nose.map(|at| centre + radius * at).to_vec(), stroke));
    for side in [-1.0, 1.0] {
        let ear = [(0.98, -0.18), (1.06, -0.16), (1.08, 0.0), (1.06, 0.16), (0.98, 0.18)];
        let ear = ear.map(|(x, y)| centre + radius * vec2(side * x, y));
        painter.add(Shape::line(ear.to_vec(), stroke));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vertex_is_in_the_middle_and_the_nose_is_up() {
        let at = |label: &str| flat(position(label).unwrap());
        assert!(at("Cz").length() < 1e-6);
        assert!((at("Fpz") - vec2(0.0, -1.0)).length() < 1e-6);
        assert!((at("T7") - vec2(-1.0, 0.0)).length() < 1e-6);
        assert!((at("O2").x > 0.0) && at("O2").y > 0.9);
    }

    #[test]
    fn arrows_go_to_the_neighbour_in_their_direction() {
        let labels = ["Fz", "C3", "Cz", "C4", "Pz"];
        let marks = labels.map(|label| pos2(0.0, 0.0) + 100.0 * flat(position(label).unwrap()));
        let canvas = Canvas {
            centre: pos2(0.0, 0.0),
            radius: Some(100.0),
            marks: marks.to_vec(),
            size: 8.0,
            labelled: [true; 2],
        };
        let go = |from: &str, way: Vec2| {
            let from = labels.iter().position(|label| *label == from).unwrap();
            canvas.towards(from, way).map(|to| labels[to])
        };
        assert_eq!(go("Cz", vec2(-1.0, 0.0)), Some("C3"));
        assert_eq!(go("Cz", vec2(0.0, -1.0)), Some("Fz"));
        assert_eq!(go("Fz", vec2(0.0, 1.0)), Some("Cz"));
        assert_eq!(go("C3", vec2(-1.0, 0.0)), None);
    }
}
