//! Lines, markers and the keys of a legend, on units of the whole plot.

use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::frame::{Area, Drawn, LABEL, TEXT, WEAK, anchored, px, stroke};

/// A place in units.
pub(super) type Place = (i32, i32);

/// Opacity of bands around a line.
const BAND: f64 = 0.25;

/// Room of a key before its words, in pixels.
const KEY: f64 = 34.0;

/// What stands at the points of a series, so that nothing rests on colour alone.
#[derive(Clone, Copy)]
pub(super) enum Marker {
    Circle,
    Triangle,
    Square,
    Cross,
}

/// A line through places, solid or dashed.
pub(super) fn line(area: &Area<'_>, places: &[Place], style: ShapeStyle, is_dashed: bool) -> Drawn {
    if is_dashed {
        let (dash, gap) = (px(5.0), px(4.0));
        area.draw(&DashedPathElement::new(places.iter().copied(), dash, gap, style))
    } else {
        area.draw(&PathElement::new(places, style))
    }
}

/// Chance, as in the window: dashed, in second-rank colour.
pub(super) fn chance(area: &Area<'_>, from: Place, to: Place) -> Drawn {
    let style = stroke(WEAK, 1.0);
    area.draw(&DashedPathElement::new([from, to], px(3.0), px(3.0), style))
}

/// A marker about 8 pixels wide.
pub(super) fn marker(area: &Area<'_>, at: Place, kind: Marker, colour: RGBColor) -> Drawn {
    let (x, y) = at;
    let half = px(3.5);
    match kind {
        Marker::Circle => area.draw(&Circle::new(at, px(3.8), colour.filled())),
        Marker::Triangle => area.draw(&TriangleMarker::new(at, px(5.0), colour.filled())),
        Marker::Square => area
            .draw(&Rectangle::new([(x - half, y - half), (x + half, y + half)], colour.filled())),
        Marker::Cross => area.draw(&Cross::new(at, half, stroke(colour, 2.0))),
    }
}

/// The area between two lines.
pub(super) fn band(area: &Area<'_>, upper: &[Place], lower: &[Place], colour: RGBColor) -> Drawn {
    let edge: Vec<Place> = upper.iter().chain(lower.iter().rev()).copied().collect();
    area.draw(&Polygon::new(edge, colour.mix(BAND)))
}

/// A key of a legend: what `draw` puts between two places, then words.
pub(super) fn key(
    area: &Area<'_>,
    (x, y): Place,
    words: &str,
    draw: impl FnOnce(Place, Place) -> Drawn,
) -> Drawn {
    draw((x, y), (x + px(KEY - 8.0), y))?;
    area.draw(&Text::new(words, (x + px(KEY), y), anchored(LABEL, &TEXT, HPos::Left)))
}
