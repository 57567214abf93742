//! What the viewer sees while a run is held: grey ground, cross or picture, the patch for a photodiode.
//!
//! Nothing else is on the screen: no numbers, no decodes, nothing that would tell which picture comes.

use egui::{Color32, Pos2, Rect, Stroke, TextureId, Ui, pos2, vec2};

use crate::present::presenter::Showing;

/// Mid grey: the pictures' own ground, and no change of brightness between them.
const GROUND: Color32 = Color32::from_gray(128);

/// Share of the screen's height that a picture takes.
const PICTURE_SHARE: f32 = 0.45;

/// Side of the patch, in points.
const PATCH: f32 = 64.0;

/// Half the length of the cross, in points.
const CROSS: f32 = 14.0;

/// Paints a frame of a run. The patch is white while a picture is on and black otherwise.
pub fn ui(ui: &Ui, showing: Showing, texture: Option<TextureId>) {
    let screen = ui.ctx().content_rect();
    let painter = ui.painter();
    painter.rect_filled(screen, 0.0, GROUND);
    let is_on = matches!(showing, Showing::Picture { .. });
    let corner = pos2(screen.left(), screen.bottom() - PATCH);
    let patch = Rect::from_min_size(corner, vec2(PATCH, PATCH));
    painter.rect_filled(patch, 0.0, if is_on { Color32::WHITE } else { Color32::BLACK });
    if let (true, Some(texture)) = (is_on, texture) {
        let side = screen.height() * PICTURE_SHARE;
        let place = Rect::from_center_size(screen.center(), vec2(side, side));
        let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        painter.image(texture, place, whole, Color32::WHITE);
    }
    // The cross stays on top of the picture: it is where the eyes rest.
    let (c, ink) =
        (screen.center(), if is_on { Color32::from_rgb(230, 80, 40) } else { Color32::BLACK });
    let stroke = Stroke::new(3.0, ink);
    painter.line_segment([c - vec2(CROSS, 0.0), c + vec2(CROSS, 0.0)], stroke);
    painter.line_segment([c - vec2(0.0, CROSS), c + vec2(0.0, CROSS)], stroke);
}
