//! A head from above: where a position on the unit sphere is on the screen, and the outline.
//!
//! Azimuthal equidistant: the distance from the middle is the angle from the vertex, so that the circle is the equator
//! through Fpz, T7, Oz and T8, and electrodes below it lie outside.

use egui::{Pos2, Rect, Shape, Stroke, Ui, pos2, vec2};

use crate::signal::montage::Position;
use crate::ui::look::theme::Palette;

/// Radius of the circle in halves of the smaller side: room outside for the sites below the equator, nose and ears.
const RADIUS: f32 = 0.72;

/// A head within a rectangle.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    centre: Pos2,
    radius: f32,
}

impl Head {
    /// The largest that fits.
    pub fn within(rect: Rect) -> Self {
        Self { centre: rect.center(), radius: 0.5 * rect.width().min(rect.height()) * RADIUS }
    }

    /// Radius of the circle, in points.
    pub fn radius(self) -> f32 {
        self.radius
    }

    /// Where a position is: the nose is up, the right ear is right.
    pub fn at(self, [x, y, z]: Position) -> Pos2 {
        let angle = z.clamp(-1.0, 1.0).acos() / std::f64::consts::FRAC_PI_2;
        let across = x.hypot(y).max(1e-9);
        let (dx, dy) = ((angle * x / across) as f32, (angle * y / across) as f32);
        self.centre + vec2(dx, -dy) * self.radius
    }

    /// Paints circle, nose and ears.
    pub fn outline(self, ui: &Ui, palette: &Palette) {
        let stroke = Stroke::new(1.2, palette.weak);
        let (c, r) = (self.centre, self.radius);
        let painter = ui.painter();
        painter.add(Shape::line(
            vec![
                pos2(c.x - 0.11 * r, c.y - 0.994 * r),
                pos2(c.x, c.y - 1.13 * r),
                pos2(c.x + 0.11 * r, c.y - 0.994 * r),
            ],
            stroke,
        ));
        for side in [-1.0, 1.0] {
            let ear = |x: f32, y: f32| pos2(c.x + side * x * r, c.y + y * r);
            painter.add(Shape::line(
                vec![
                    ear(0.99, -0.14),
                    ear(1.07, -0.12),
                    ear(1.09, 0.02),
                    ear(1.05, 0.13),
                    ear(0.985, 0.16),
                ],
                stroke,
            ));
        }
        painter.circle(c, r, palette.well, stroke);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::montage::position;

    #[test]
    fn the_nose_is_up_and_the_equator_is_the_circle() {
        let head = Head::within(Rect::from_min_size(pos2(0.0, 0.0), vec2(200.0, 100.0)));
        let at = |label: &str| head.at(position(label).unwrap()) - pos2(100.0, 50.0);
        let near = |label: &str, x: f32, y: f32| {
            assert!(
                (at(label) - vec2(x, y) * head.radius()).length() < 0.01,
                "{label}: {:?}",
                at(label)
            );
        };
        near("Cz", 0.0, 0.0);
        near("Fpz", 0.0, -1.0);
        near("T8", 1.0, 0.0);
        near("O1", -(18.0_f32.to_radians().sin()), 18.0_f32.to_radians().cos());
        assert!(at("Iz").length() > head.radius(), "below the equator is outside");
        assert!(at("Nz").y.abs() < 50.0, "and still within the rectangle");
    }
}
