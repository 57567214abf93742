//! Three squares: what was seen, the reconstruction, and its null twin.
//!
//! The reconstruction is only ever what the generator made: never a gallery picture, never a stale one
//! without a veil. A decode that was refused dims the last picture and says why. Textures are replaced
//! only when the picture is another one.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::accesskit::Role;
use egui::epaint::RectShape;
use egui::{
    Color32, ColorImage, Rect, RichText, Sense, Stroke, StrokeKind, TextureHandle, TextureOptions,
    Ui, pos2, vec2,
};

use crate::pipeline::Command;
use crate::signal::Lock;
use crate::snapshot::{DecodeView, Picture, RunState, Snapshot};
use crate::ui::engine::Engine;
use crate::ui::look::{parts, theme, words};
use crate::ui::scene::{Action, Scene};

/// Height of a square's caption: a title and two lines.
const CAPTION: f32 = 62.0;
/// Largest side of a picture that is put on the screen, in pixels.
const MAX_SIDE: u32 = 4096;

/// A picture on the graphics card.
#[derive(Default)]
struct Texture(Option<(Arc<Picture>, TextureHandle)>);

impl Texture {
    /// Takes a picture; uploads it only when it is another one. A damaged one empties the square.
    fn set(&mut self, ctx: &egui::Context, name: &str, picture: &Arc<Picture>) {
        if self.0.as_ref().is_some_and(|(held, _)| Arc::ptr_eq(held, picture)) {
            return;
        }
        self.0 = colour_image(picture)
            .map(|image| (picture.clone(), ctx.load_texture(name, image, TextureOptions::LINEAR)));
    }

    fn id(&self) -> Option<egui::TextureId> {
        self.0.as_ref().map(|(_, handle)| handle.id())
    }
}

/// Checks the shape before egui asserts it.
fn colour_image(picture: &Picture) -> Option<ColorImage> {
    let fits = (1..=MAX_SIDE).contains(&picture.width) && (1..=MAX_SIDE).contains(&picture.height);
    let [width, height] = [picture.width as usize, picture.height as usize];
    (fits && picture.rgb.len() == width * height * 3)
        .then(|| ColorImage::from_rgb([width, height], &picture.rgb))
}

/// The panel with its textures.
#[derive(Default)]
pub struct PicturesPanel {
    seen: Texture,
    made: Texture,
    twin: Texture,
    /// The last decode that made a picture.
    last_made: Option<Arc<DecodeView>>,
    /// Window whose picture was reported as shown.
    reported: Option<u64>,
    /// What was shown, by row, as far as markers told.
    labels: BTreeMap<u16, String>,
}

impl PicturesPanel {
    /// Follows the engine: fetches pictures that are new.
    pub fn follow(&mut self, ctx: &egui::Context, snapshot: &Snapshot, engine: &dyn Engine) {
        if let Some((row, stimulus)) = snapshot.stimulus.as_ref().and_then(|s| Some((s.row?, s))) {
            self.labels.entry(row).or_insert_with(|| stimulus.label.clone());
        }
        if let Some(decode) = snapshot.decode.as_ref().filter(|decode| decode.image.is_some()) {
            self.last_made = Some(decode.clone());
        }
        let made = self.last_made.as_ref();
        if let Some(picture) = made.and_then(|d| d.image.as_ref()) {
            self.made.set(ctx, "reconstruction", picture);
        }
        match made.and_then(|d| d.twin_image.as_ref()) {
            Some(picture) => self.twin.set(ctx, "null twin", picture),
            None => self.twin.0 = None,
        }
        match seen_row(snapshot).and_then(|row| engine.stimulus_picture(row)) {
            Some(picture) => self.seen.set(ctx, "seen", &picture),
            None => self.seen.0 = None,
        }
    }

    /// Forgets everything, as before a new run.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Paints the three squares side by side, each at most `max_side` points wide.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, max_side: f32, actions: &mut Vec<Action>) {
        let side = side_of_square(ui.available_width(), max_side);
        let lead = (ui.available_width() - 3.0 * side - 2.0 * theme::GAP).max(0.0) * 0.5;
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = theme::GAP;
            ui.add_space(lead);
            for square in
                [self.seen_square(scene), self.made_square(scene), self.twin_square(scene)]
            {
                square.ui(ui, scene, side);
            }
        });
        self.report_shown(scene, actions);
    }

    /// Says when a new picture was first painted.
    fn report_shown(&mut self, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let Some(decode) = scene.snapshot.decode.as_ref().filter(|d| d.image.is_some()) else {
            return;
        };
        if self.reported != Some(decode.window) {
            self.reported = Some(decode.window);
            let shown = Command::PictureShown { window: decode.window, at_secs: scene.now_secs };
            actions.push(Action::Send(shown));
        }
    }

    fn seen_square(&self, scene: &Scene<'_>) -> Square {
        let mut square = Square::new("Seen", self.seen.id());
        let running = scene.snapshot.source.is_some();
        let markers = scene.snapshot.source.as_ref().is_some_and(|s| s.has_markers);
        match (seen_row(scene.snapshot), &scene.snapshot.stimulus) {
            (Some(row), stimulus) => {
                let same = stimulus.as_ref().filter(|s| s.row == Some(row)).map(|s| &s.label);
                square.lines[0] = same.or(self.labels.get(&row)).cloned().unwrap_or_default();
                square.hollow = "The source names this picture, but its file is not here.".into();
            }
            (None, Some(stimulus)) => {
                square.lines[0] = stimulus.label.clone();
                square.hollow =
                    "The source names a picture that is not in the stimulus set.".into();
            }
            (None, None) if running && !markers => {
                square.hollow = "Unknown: this source does not say what was seen.".into();
            }
            (None, None) => square.hollow = "No picture has been shown yet.".into(),
        }
        if self.seen.id().is_some() {
            square.lines[1] = "What was on show for this decode".into();
        }
        square
    }

    fn made_square(&self, scene: &Scene<'_>) -> Square {
        let mut square = Square::new("Reconstruction", self.made.id());
        square.strong = true;
        square.hollow = words::why_no_picture_yet(scene);
        if let Some(decode) = &self.last_made {
            square.lines = [settings_line(decode), closest_line(decode)];
            square.damaged(self.made.id().is_none());
        }
        square.veil = veil(scene);
        square
    }

    fn twin_square(&self, scene: &Scene<'_>) -> Square {
        let mut square = Square::new("Null twin", self.twin.id());
        square.veil = veil(scene);
        square.hollow = match scene.view.twin {
            true => "The same generator and seed, fed with phase-randomised EEG, will appear here."
                .into(),
            false => "The null twin is off. Press T to compare.".into(),
        };
        if let Some(decode) = self.last_made.as_ref().filter(|_| self.twin.id().is_some()) {
            let steadied = steadied_words(decode.twin_steady_weight);
            square.lines[0] = format!("Phase-randomised · seed {}{steadied}", decode.seed);
            square.lines[1] = decode.twin_top.first().map_or_else(String::new, |best| {
                format!("Closest: {} ({:.2})", best.label, best.score)
            });
        }
        square
    }
}

/// The picture that belongs to the decode on screen; before the first decode, the one on show now.
fn seen_row(snapshot: &Snapshot) -> Option<u16> {
    match snapshot.decode.as_ref().map(|decode| decode.lock) {
        Some(Lock::Stimulus { row, .. }) => row,
        Some(Lock::Free) | None => snapshot.stimulus.as_ref().and_then(|s| s.row),
    }
}

/// Three squares and two gaps in a row; never so small that the captions collapse.
fn side_of_square(width: f32, max_side: f32) -> f32 {
    ((width - 2.0 * theme::GAP) / 3.0).min(max_side).max(96.0).floor()
}

fn settings_line(decode: &DecodeView) -> String {
    let steps = if decode.steps == 1 { "step" } else { "steps" };
    let trials = if decode.k == 1 { "" } else { " trials averaged" };
    let steadied = steadied_words(decode.steady_weight);
    format!("k = {}{trials} · seed {} · {} {steps}{steadied}", decode.k, decode.seed, decode.steps)
}

/// Said of every picture that is more than its own window.
fn steadied_words(weight: Option<f32>) -> String {
    weight.map_or_else(String::new, |weight| format!(" · steadied, {:.0} % new", weight * 100.0))
}

fn closest_line(decode: &DecodeView) -> String {
    decode
        .top
        .first()
        .map_or_else(String::new, |best| format!("Closest: {} ({:.2})", best.label, best.score))
}

/// Why the picture on screen is not the newest word: a refused window, a lost source, an ended run.
fn veil(scene: &Scene<'_>) -> Option<String> {
    let refused = scene.snapshot.decode.as_ref().and_then(|decode| decode.abstain);
    match (&scene.snapshot.run, refused) {
        (RunState::SourceLost { .. }, _) => Some("Source lost: this is the last picture.".into()),
        (RunState::Connecting, _) => Some("Connecting: no picture yet in this run.".into()),
        (_, Some(reason)) => Some(format!("No decode: {}", reason.plain_words())),
        _ => None,
    }
}

/// One square with its caption.
struct Square {
    title: &'static str,
    texture: Option<egui::TextureId>,
    lines: [String; 2],
    /// Said where there is no picture.
    hollow: String,
    /// Said over a picture that is not the newest word.
    veil: Option<String>,
    strong: bool,
}

impl Square {
    fn new(title: &'static str, texture: Option<egui::TextureId>) -> Self {
        Self {
            title,
            texture,
            lines: Default::default(),
            hollow: String::new(),
            veil: None,
            strong: false,
        }
    }

    fn damaged(&mut self, is: bool) {
        if is {
            self.hollow = "The picture is damaged: its size and its data do not agree.".into();
        }
    }

    fn ui(&self, ui: &mut Ui, scene: &Scene<'_>, side: f32) {
        ui.allocate_ui(vec2(side, side + CAPTION), |ui| {
            ui.vertical(|ui| {
                ui.set_width(side);
                ui.spacing_mut().item_spacing.y = 2.0;
                self.picture(ui, scene, side);
                ui.add_space(4.0);
                let title = theme::font(ui, theme::TITLE);
                ui.label(RichText::new(self.title).font(title).strong());
                for line in self.lines.iter().filter(|line| !line.is_empty()) {
                    ui.add(egui::Label::new(RichText::new(line).small().weak()).truncate());
                }
            });
        });
    }

    fn picture(&self, ui: &mut Ui, scene: &Scene<'_>, side: f32) {
        let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
        parts::name(&response, Role::Image, self.spoken());
        let palette = scene.palette;
        ui.painter().rect_filled(rect, 6.0, palette.well);
        if let Some(texture) = self.texture {
            let tint = if self.veil.is_some() { Color32::from_gray(70) } else { Color32::WHITE };
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            let shape = RectShape::filled(rect.shrink(1.0), 5.0, tint).with_texture(texture, whole);
            ui.painter().add(shape);
        }
        let edge = if self.strong { palette.accent } else { palette.line };
        ui.painter().rect_stroke(rect, 6.0, Stroke::new(1.0, edge), StrokeKind::Inside);
        match (&self.veil, self.texture) {
            (Some(reason), Some(_)) => parts::centred_text(ui, rect, reason, Color32::WHITE),
            (Some(reason), None) => parts::centred_text(ui, rect, reason, palette.weak),
            (None, None) => parts::centred_text(ui, rect, &self.hollow, palette.weak),
            (None, Some(_)) => {}
        }
    }

    /// What a screen reader says.
    fn spoken(&self) -> String {
        match (&self.veil, self.texture) {
            (Some(reason), _) => format!("{}: {reason}", self.title),
            (None, None) => format!("{}: {}", self.title, self.hollow),
            (None, Some(_)) => format!("{}: picture shown", self.title),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_pictures_are_refused_before_they_reach_egui() {
        let picture = |width, height, bytes| Picture { width, height, rgb: vec![0; bytes] };
        assert!(colour_image(&picture(2, 2, 12)).is_some());
        for bad in [picture(2, 2, 11), picture(0, 2, 0), picture(u32::MAX, u32::MAX, 3)] {
            assert!(colour_image(&bad).is_none());
        }
    }

    #[test]
    fn three_squares_fit_the_width() {
        assert_eq!(side_of_square(920.0, 1000.0), 300.0);
        assert_eq!(side_of_square(920.0, 200.0), 200.0);
    }
}
