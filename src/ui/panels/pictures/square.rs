//! One square with its caption, and below it the draws with their shares.

use egui::accesskit::Role;
use egui::epaint::RectShape;
use egui::{Color32, Rect, RichText, Sense, Stroke, StrokeKind, TextureId, Ui, pos2, vec2};

use crate::ui::look::{parts, theme};
use crate::ui::scene::Scene;

/// Height of a caption: a title and two lines.
pub const CAPTION: f32 = 62.0;

/// Height of the shares below the draws.
const SHARE: f32 = 16.0;

/// Space between draws.
const GAP: f32 = 4.0;

/// How dark a picture below a veil is.
const VEILED: Color32 = Color32::from_gray(70);

/// What is in a square.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Filling {
    /// Nothing: the square says why.
    #[default]
    Nothing,
    /// One picture.
    One(TextureId),
    /// Up to four, that do not agree.
    Four(Vec<TextureId>),
}

/// One square with its caption.
#[derive(Clone, Debug, Default)]
pub struct Square {
    /// Which it is, also for screen readers.
    pub name: &'static str,
    /// What it is now.
    pub title: String,
    /// What is in it.
    pub filling: Filling,
    /// Below the title.
    pub lines: [String; 2],
    /// Said where there is no picture.
    pub hollow: String,
    /// Said over pictures that are not the newest word, or no word at all.
    pub veil: Option<String>,
    /// Whether its edge stands out.
    pub strong: bool,
    /// The draws, with what is written below each.
    pub draws: Vec<(TextureId, String)>,
}

/// Height of the strip of draws below a square of this side.
pub fn strip_height(side: f32) -> f32 {
    (side - 3.0 * GAP) / 4.0 + SHARE + GAP
}

impl Square {
    /// Paints it `side` points wide; `strip` leaves room for draws where there are none.
    pub fn ui(&self, ui: &mut Ui, scene: &Scene<'_>, side: f32, strip: bool) {
        let below = if strip { strip_height(side) } else { 0.0 };
        ui.allocate_ui(vec2(side, side + below + CAPTION), |ui| {
            ui.vertical(|ui| {
                ui.set_width(side);
                ui.spacing_mut().item_spacing.y = 2.0;
                self.picture(ui, scene, side);
                if !self.draws.is_empty() {
                    self.strip(ui, scene, side);
                }
                ui.add_space(4.0);
                let title = theme::font(ui, theme::TITLE);
                let title = RichText::new(&self.title).font(title).strong();
                ui.add(egui::Label::new(title).truncate());
                for line in self.lines.iter().filter(|line| !line.is_empty()) {
                    let line = egui::Label::new(RichText::new(line).small().weak());
                    ui.add(line.truncate()).on_hover_text(self.lines.join("\n"));
                }
            });
        });
    }

    fn picture(&self, ui: &mut Ui, scene: &Scene<'_>, side: f32) {
        let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
        parts::name(&response, Role::Image, self.spoken());
        let palette = scene.palette;
        ui.painter().rect_filled(rect, 6.0, palette.well);
        let tint = if self.veil.is_some() { VEILED } else { Color32::WHITE };
        match &self.filling {
            Filling::Nothing => {}
            Filling::One(texture) => paint(ui, rect.shrink(1.0), *texture, tint),
            Filling::Four(textures) => {
                for (rect, texture) in quarters(rect.shrink(1.0)).into_iter().zip(textures) {
                    paint(ui, rect, *texture, tint);
                }
            }
        }
        let edge = if self.strong { palette.accent } else { palette.line };
        ui.painter().rect_stroke(rect, 6.0, Stroke::new(1.0, edge), StrokeKind::Inside);
        match (&self.veil, &self.filling) {
            (Some(reason), Filling::Nothing) => parts::centred_text(ui, rect, reason, palette.weak),
            (Some(reason), _) => parts::centred_text(ui, rect, reason, Color32::WHITE),
            (None, Filling::Nothing) => parts::centred_text(ui, rect, &self.hollow, palette.weak),
            (None, _) => {}
        }
    }

    /// Four small pictures, each with its share.
    fn strip(&self, ui: &mut Ui, scene: &Scene<'_>, side: f32) {
        let small = (side - 3.0 * GAP) / 4.0;
        let (rect, response) = ui.allocate_exact_size(vec2(side, small + SHARE), Sense::hover());
        let words: Vec<&str> = self.draws.iter().map(|(_, words)| words.as_str()).collect();
        parts::name(&response, Role::Image, format!("{}, draws: {}", self.name, words.join(", ")));
        let tint = if self.veil.is_some() { VEILED } else { Color32::WHITE };
        for (i, (texture, words)) in self.draws.iter().enumerate().take(4) {
            let corner = rect.min + vec2(i as f32 * (small + GAP), 0.0);
            let at = Rect::from_min_size(corner, vec2(small, small));
            paint(ui, at, *texture, tint);
            let below = pos2(at.center().x, at.max.y + 2.0);
            let (align, ink) = (egui::Align2::CENTER_TOP, scene.palette.weak);
            parts::tag(ui, below, align, words, ink);
        }
        response.on_hover_text(
            "Four draws from what is believed: how far they agree is how sure it is.",
        );
    }

    /// What a screen reader says.
    fn spoken(&self) -> String {
        match (&self.veil, &self.filling) {
            (Some(reason), _) => format!("{}: {reason}", self.name),
            (None, Filling::Nothing) => format!("{}: {}", self.name, self.hollow),
            (None, _) if self.title == self.name => format!("{}: picture shown", self.name),
            (None, _) => format!("{}: picture shown. {}", self.name, self.title),
        }
    }
}

fn quarters(rect: Rect) -> [Rect; 4] {
    let half = rect.size() / 2.0;
    [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
        .map(|(x, y)| Rect::from_min_size(rect.min + vec2(x * half.x, y * half.y), half))
}

fn paint(ui: &Ui, rect: Rect, texture: TextureId, tint: Color32) {
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    ui.painter().add(RectShape::filled(rect, 5.0, tint).with_texture(texture, whole));
}
