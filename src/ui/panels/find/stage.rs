//! What the viewer sees while a page is on: grey ground, pictures, those that light up, the patch for a photodiode.
//!
//! A lit picture gets a white frame and becomes a little brighter, exactly as [`HIGHLIGHT`] says and safety judged; nothing
//! else moves. The posterior grows as a dark bar below each picture, where it is wanted.

use egui::accesskit::Role;
use egui::{Align2, Color32, FontId, Pos2, Rect, Sense, Ui, pos2, vec2};

use super::lights::Lights;
use super::sheet::{self, Sheet};
use crate::present::flashes::FlashShowing;
use crate::present::safety::HIGHLIGHT;
use crate::ui::look::parts;

/// Mid grey: the pictures' own ground.
pub(super) const GROUND: Color32 = Color32::from_gray(128);

/// What is written on it.
const INK: Color32 = Color32::from_gray(12);

/// Bars of the posterior.
const BAR: Color32 = Color32::from_rgb(54, 34, 132);

/// Share of the screen's height of a picture that is named before its page.
const CUE_SHARE: f32 = 0.42;

/// What to paint.
pub(super) struct Painting<'a> {
    pub sheet: &'a Sheet,
    /// Rows of the pictures in the set, and what they are called.
    pub rows: &'a [usize],
    pub labels: &'a [String],
    pub lights: &'a Lights,
    pub showing: FlashShowing,
    /// The picture of the page that is to be looked for.
    pub sought: Option<usize>,
    /// Probability of each picture, where it is to be shown.
    pub posterior: Option<&'a [f64]>,
    /// Why the page stands still.
    pub note: Option<&'a str>,
}

/// Paints a frame of a page.
pub(super) fn page(ui: &mut Ui, painting: &Painting<'_>) {
    let sheet = painting.sheet;
    let screen = ground(ui, sheet.screen(), said(painting));
    let mut order: Vec<usize> = (0..painting.rows.len()).collect();
    order.sort_by_key(|picture| painting.showing.lit.holds(*picture));
    for picture in order {
        place(ui, painting, picture);
    }
    patch(ui, screen, painting.showing.patch);
    if let Some(sought) = painting.sought {
        above(ui, painting, sought);
    }
    let hint = pos2(screen.right() - 14.0, screen.bottom() - 8.0);
    text(ui, hint, Align2::RIGHT_BOTTOM, "Esc ends · Space pauses", 12.0);
    if let Some(note) = painting.note {
        notice(ui, screen, note);
    }
}

/// Paints the picture that is to be looked for, alone.
pub(super) fn cue(ui: &mut Ui, lights: &Lights, row: usize, label: &str, below: &str) {
    let screen = ui.ctx().content_rect();
    ground(ui, screen, format!("Look for: {label}. {below}"));
    let side = screen.height() * CUE_SHARE;
    let middle = screen.center();
    picture(ui, lights, row, false, Rect::from_center_size(middle, vec2(side, side)), label);
    let top = pos2(middle.x, middle.y - side * 0.5 - 24.0);
    text(ui, top, Align2::CENTER_BOTTOM, &format!("Look for: {label}"), 30.0);
    let mut bottom = pos2(middle.x, middle.y + side * 0.5 + 22.0);
    for line in below.lines() {
        bottom.y = text(ui, bottom, Align2::CENTER_TOP, line, 16.0).bottom() + 8.0;
    }
    patch(ui, screen, false);
}

/// Words alone on the ground.
pub(super) fn words(ui: &mut Ui, heading: &str, below: &str) {
    let screen = ui.ctx().content_rect();
    ground(ui, screen, format!("{heading} {below}"));
    let middle = screen.center();
    text(ui, middle - vec2(0.0, 10.0), Align2::CENTER_BOTTOM, heading, 26.0);
    text(ui, middle + vec2(0.0, 10.0), Align2::CENTER_TOP, below, 16.0);
}

fn ground(ui: &mut Ui, screen: Rect, name: String) -> Rect {
    let response = ui.allocate_rect(screen, Sense::hover());
    parts::name(&response, Role::Image, name);
    // Nothing but the pictures is to be looked at.
    ui.ctx().set_cursor_icon(egui::CursorIcon::None);
    ui.painter().rect_filled(screen, 0.0, GROUND);
    screen
}

/// The page for whoever cannot see it, and for tests.
fn said(painting: &Painting<'_>) -> String {
    let count = painting.rows.len();
    let sought = painting.sought.and_then(|picture| painting.labels.get(picture));
    let looks = sought
        .map_or_else(|| "look for any of them".to_owned(), |label| format!("look for the {label}"));
    let posterior = if painting.posterior.is_some() { ", with the posterior" } else { "" };
    let note = painting.note.unwrap_or("pictures light up");
    format!("Page of {count} pictures{posterior}; {looks}. {note}")
}

fn place(ui: &Ui, painting: &Painting<'_>, number: usize) {
    let place = painting.sheet.place(number);
    let side = |share: f64| Rect::from_center_size(place.center(), place.size() * share as f32);
    let is_lit = painting.showing.lit.holds(number);
    if is_lit {
        ui.painter().rect_filled(side(HIGHLIGHT.frame_outer), 0.0, Color32::WHITE);
        ui.painter().rect_filled(side(HIGHLIGHT.frame_inner), 0.0, GROUND);
    }
    let label = painting.labels.get(number).map_or("", String::as_str);
    let row = painting.rows[number];
    picture(ui, painting.lights, row, is_lit, side(HIGHLIGHT.picture_side), label);
    let probability = painting.posterior.and_then(|all| all.get(number)).copied();
    if let Some(probability) = probability.filter(|p| p.is_finite() && *p > 0.0) {
        let outer = side(HIGHLIGHT.frame_outer);
        let width = outer.width() * probability.clamp(0.0, 1.0) as f32;
        let thick = (place.bottom() - outer.bottom()).max(2.0);
        let bar = Rect::from_min_size(pos2(outer.left(), outer.bottom()), vec2(width, thick));
        ui.painter().rect_filled(bar, 0.0, BAR);
    }
}

/// As large as its square; one that is damaged is written out.
fn picture(ui: &Ui, lights: &Lights, row: usize, is_lit: bool, square: Rect, label: &str) {
    let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    match lights.of(row, is_lit, square) {
        Some((texture, place)) => {
            ui.painter().image(texture, place, whole, Color32::WHITE);
        }
        None => {
            text(ui, square.center(), Align2::CENTER_CENTER, label, square.width() * 0.14);
        }
    }
}

fn above(ui: &Ui, painting: &Painting<'_>, sought: usize) {
    let strip = painting.sheet.above();
    let label = painting.labels.get(sought).map_or("", String::as_str);
    let side = strip.height() * 0.8;
    let font = (strip.height() * 0.38).clamp(12.0, 26.0);
    let words = format!("Look for: {label}");
    let at = strip.center() + vec2(side * 0.6, 0.0);
    let written = text(ui, at, Align2::CENTER_CENTER, &words, font);
    let corner = pos2(written.left() - side - 10.0, strip.center().y - side * 0.5);
    let square = Rect::from_min_size(corner, vec2(side, side));
    let row = painting.rows.get(sought).copied().unwrap_or_default();
    picture(ui, painting.lights, row, false, square, "");
}

fn patch(ui: &Ui, screen: Rect, is_on: bool) {
    let color = if is_on { Color32::WHITE } else { Color32::BLACK };
    ui.painter().rect_filled(sheet::patch(screen), 0.0, color);
}

fn notice(ui: &Ui, screen: Rect, note: &str) {
    let font = FontId::proportional(20.0);
    let galley = ui.painter().layout(note.to_owned(), font, Color32::WHITE, screen.width() * 0.6);
    let card = Rect::from_center_size(screen.center(), galley.size() + vec2(56.0, 40.0));
    ui.painter().rect_filled(card, 10.0, Color32::from_gray(24));
    ui.painter().galley(card.min + vec2(28.0, 20.0), galley, Color32::WHITE);
}

fn text(ui: &Ui, at: Pos2, align: Align2, words: &str, size: f32) -> Rect {
    ui.painter().text(at, align, words, FontId::proportional(size), INK)
}
