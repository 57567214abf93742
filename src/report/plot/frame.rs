//! What all plots share: colours that follow the page, a name for those who do not see, words under the pointer.
//!
//! plotters writes fixed colours on whole units. So a plot is drawn in the light theme, [`FINE`] units to a pixel, and
//! then each colour becomes the CSS variable of the same name: `#0068A8` becomes `var(--accent,#0068A8)`.

use std::io;

use maud::{Markup, PreEscaped, html};
use plotters::chart::MeshStyle;
use plotters::coord::Shift;
use plotters::coord::ranged1d::Ranged;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::palette::{self, Rgb};
use crate::report::style::{hex, named};

/// Units to a pixel.
const FINE: f64 = 4.0;

/// Font size of axis labels, in pixels.
pub(super) const LABEL: f64 = 11.0;

/// Where plots are drawn.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What drawing gives.
pub(super) type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<io::Error>>;

/// Lines and letters of all plots.
pub(super) const TEXT: RGBColor = colour(palette::LIGHT.text);
/// Labels of axes, and chance.
pub(super) const WEAK: RGBColor = colour(palette::LIGHT.weak);
/// Grid and axes.
pub(super) const LINE: RGBColor = colour(palette::LIGHT.line);
/// What was measured.
pub(super) const BLUE: RGBColor = colour(palette::LIGHT.accent);
/// Against [`BLUE`].
pub(super) const VERMILION: RGBColor = colour(palette::LIGHT.bad);
/// A third series.
pub(super) const GREEN: RGBColor = colour(palette::LIGHT.good);
/// A fourth.
pub(super) const ORANGE: RGBColor = colour(palette::LIGHT.fair);

const fn colour([r, g, b]: Rgb) -> RGBColor {
    RGBColor(r, g, b)
}

/// Pixels as whole units.
pub(super) fn px(pixels: f64) -> i32 {
    (pixels * FINE).round() as i32
}

/// A line of some pixels' width.
pub(super) fn stroke(colour: impl Color, pixels: f64) -> ShapeStyle {
    colour.stroke_width(px(pixels) as u32)
}

/// Letters of some pixels' height; plotters' own sizes are 1.24 times those of CSS.
pub(super) fn letters(pixels: f64, colour: &RGBColor) -> TextStyle<'static> {
    ("sans-serif", pixels * FINE * 1.24).into_font().color(colour)
}

/// Letters that hang on a point by their side or middle.
pub(super) fn anchored(pixels: f64, colour: &RGBColor, side: HPos) -> TextStyle<'static> {
    letters(pixels, colour).pos(Pos::new(side, VPos::Center))
}

/// Grid and axes as in the window: quiet, labels in second-rank text.
pub(super) fn quiet<'b, X: Ranged, Y: Ranged>(
    mesh: &mut MeshStyle<'_, 'b, X, Y, SVGBackend<'_>>,
    label_pixels: f64,
) {
    mesh.bold_line_style(stroke(LINE, 1.0))
        .max_light_lines(0)
        .axis_style(stroke(LINE, 1.0))
        .set_all_tick_mark_size(px(3.0))
        .label_style(letters(label_pixels, &WEAK))
        .axis_desc_style(letters(LABEL, &WEAK));
}

/// Words that show while the pointer is over a place, in units.
pub(super) struct Tip {
    /// Left, top, width, height.
    pub place: [i32; 4],
    /// What it says.
    pub words: String,
}

impl Tip {
    /// Around a point.
    pub fn around((x, y): (i32, i32), pixels: f64, words: String) -> Self {
        let half = px(pixels / 2.0);
        Self { place: [x - half, y - half, 2 * half, 2 * half], words }
    }
}

/// A plot of some pixels' width and height, in a card.
pub(super) fn figure(
    name: &str,
    [width, height]: [f64; 2],
    draw: impl FnOnce(&Area<'_>) -> Drawn<Vec<Tip>>,
) -> Markup {
    let mut svg = String::new();
    let size = [px(width), px(height)];
    let drawn = {
        let area = SVGBackend::with_string(&mut svg, (size[0] as u32, size[1] as u32));
        let area = area.into_drawing_area();
        draw(&area).and_then(|tips| area.present().map(|()| tips))
    };
    let tips = match drawn {
        Ok(tips) => tips,
        Err(why) => return html! { p.warn { (name) " could not be drawn: " (why) "." } },
    };
    html! {
        .plot {
            svg xmlns="http://www.w3.org/2000/svg" role="img" width=(width) height=(height)
                viewBox=(format!("0 0 {} {}", size[0], size[1])) {
                title { (name) }
                (PreEscaped(themed(inside(&svg))))
                @if !tips.is_empty() { (pointed_at(&tips)) }
            }
        }
    }
}

fn pointed_at(tips: &[Tip]) -> Markup {
    html! {
        g fill="transparent" {
            @for Tip { place: [x, y, width, height], words } in tips {
                rect x=(x) y=(y) width=(width) height=(height) { title { (words) } }
            }
        }
    }
}

/// Without the root that plotters writes.
fn inside(svg: &str) -> &str {
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    body.trim_end().trim_end_matches("</svg>")
}

/// Fixed colours as variables; texts cannot be hit, for a quotation mark in them is escaped.
fn themed(svg: &str) -> String {
    named(&palette::LIGHT).iter().fold(svg.to_owned(), |svg, (name, rgb)| {
        let fixed = hex(*rgb);
        svg.replace(&format!("\"{fixed}\""), &format!("\"var(--{name},{fixed})\""))
    })
}
