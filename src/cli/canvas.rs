//! What the picture sheet is drawn on: pixels, pictures, and letters of a real font.
//!
//! The font is the window's, Ubuntu Light, from egui's font crate, which is nothing but bytes: it is here without the
//! window too.

use ab_glyph::{Font, FontRef, Glyph, InvalidFont, PxScale, ScaleFont, point};
use image::imageops::{self, FilterType};
use image::{ImageBuffer, Rgb, RgbImage};

use crate::palette;
use crate::snapshot::Picture;

/// How dark a veil is, 0 to 1.
const VEIL: f32 = 0.7;

/// A picture in the making.
pub struct Canvas {
    pixels: RgbImage,
    font: FontRef<'static>,
}

impl Canvas {
    /// Of one colour.
    pub fn new(width: u32, height: u32, colour: palette::Rgb) -> Result<Self, InvalidFont> {
        Ok(Self {
            pixels: RgbImage::from_pixel(width, height, Rgb(colour)),
            font: FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT)?,
        })
    }

    /// What was drawn.
    pub fn into_picture(self) -> Picture {
        let (width, height) = self.pixels.dimensions();
        Picture { width, height, rgb: self.pixels.into_raw() }
    }

    /// A square of one colour.
    pub fn square(&mut self, x: u32, y: u32, side: u32, colour: palette::Rgb) {
        let square = RgbImage::from_pixel(side, side, Rgb(colour));
        imageops::replace(&mut self.pixels, &square, x.into(), y.into());
    }

    /// A picture of any size in a square: small ones keep their pixels, large ones are averaged.
    pub fn picture(&mut self, x: u32, y: u32, side: u32, picture: &Picture) {
        let Picture { width, height, rgb } = picture;
        let source: Option<ImageBuffer<Rgb<u8>, &[u8]>> =
            ImageBuffer::from_raw(*width, *height, rgb.as_slice());
        let Some(source) = source else { return };
        let is_small = (*width).max(*height) <= side;
        let filter = if is_small { FilterType::Nearest } else { FilterType::Triangle };
        let fitted = imageops::resize(&source, side, side, filter);
        imageops::replace(&mut self.pixels, &fitted, x.into(), y.into());
    }

    /// Darkens a square, so that what is below it is seen to be no result.
    pub fn veil(&mut self, x: u32, y: u32, side: u32) {
        for (dx, dy) in (0..side).flat_map(|dx| (0..side).map(move |dy| (dx, dy))) {
            self.blend((i64::from(x + dx), i64::from(y + dy)), VEIL, palette::DARK.ground);
        }
    }

    /// A line of text with its upper left corner at a point.
    pub fn text(&mut self, x: u32, y: u32, height: f32, colour: palette::Rgb, text: &str) {
        for mut glyph in self.glyphs(height, text).0 {
            glyph.position += point(x as f32, y as f32);
            let Some(outline) = self.font.outline_glyph(glyph) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, cover| {
                let at = (corner.x as i64 + i64::from(dx), corner.y as i64 + i64::from(dy));
                self.blend(at, cover, colour);
            });
        }
    }

    /// How wide a line of text is, in pixels.
    pub fn width(&self, height: f32, text: &str) -> u32 {
        self.glyphs(height, text).1.ceil() as u32
    }

    /// As much of a text as is no wider than that; dots where there was more.
    pub fn clipped(&self, height: f32, text: &str, most: u32) -> String {
        let mut kept = text.to_owned();
        let mut shown = kept.clone();
        while self.width(height, &shown) > most && kept.pop().is_some() {
            shown = format!("{}…", kept.trim_end());
        }
        shown
    }

    /// Glyphs from the origin on, and how far they go.
    fn glyphs(&self, height: f32, text: &str) -> (Vec<Glyph>, f32) {
        let font = self.font.as_scaled(PxScale::from(height));
        let mut caret = point(0.0, font.ascent());
        let mut glyphs: Vec<Glyph> = Vec::new();
        for character in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
            let mut glyph = font.scaled_glyph(character);
            caret.x += glyphs.last().map_or(0.0, |last| font.kern(last.id, glyph.id));
            glyph.position = caret;
            caret.x += font.h_advance(glyph.id);
            glyphs.push(glyph);
        }
        (glyphs, caret.x)
    }

    fn blend(&mut self, (x, y): (i64, i64), cover: f32, colour: palette::Rgb) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
        let Some(Rgb(below)) = self.pixels.get_pixel_mut_checked(x, y) else { return };
        let cover = cover.clamp(0.0, 1.0);
        for (below, above) in below.iter_mut().zip(colour) {
            let mixed = f32::from(*below) + (f32::from(above) - f32::from(*below)) * cover;
            *below = mixed.round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INK: palette::Rgb = [255, 200, 100];

    fn canvas() -> Canvas {
        Canvas::new(200, 40, [0, 0, 0]).expect("the font is sound")
    }

    fn inked(text: &str, x: u32) -> Picture {
        let mut canvas = canvas();
        canvas.text(x, 4, 24.0, INK, text);
        canvas.into_picture()
    }

    #[test]
    fn letters_differ_are_smooth_and_may_hang_over_the_edge() {
        let [a, b] = ["seen cat", "seen dog"].map(|text| inked(text, 4));
        assert_ne!(a.rgb, b.rgb);
        assert!(a.rgb.chunks(3).any(|pixel| pixel == INK), "the stems are full");
        assert!(a.rgb.chunks(3).any(|pixel| pixel != INK && pixel != [0, 0, 0]), "edges are not");
        assert!(inked("überlang", 190).rgb.iter().any(|byte| *byte > 0));
        assert!(inked("far", 500).rgb.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_clipped_text_fits_and_says_so() {
        let canvas = canvas();
        let long = "seen desktop_computer, best satellite_antenna";
        let short = canvas.clipped(16.0, long, 150);
        assert!(short.ends_with('…') && canvas.width(16.0, &short) <= 150, "{short}");
        assert_eq!(canvas.clipped(16.0, "cat", 150), "cat");
        assert_eq!(canvas.clipped(16.0, long, 0), "…");
    }

    #[test]
    fn a_picture_that_is_not_one_is_not_drawn() {
        let mut canvas = canvas();
        canvas.picture(0, 0, 40, &Picture { width: 9, height: 9, rgb: vec![255; 5] });
        assert!(canvas.into_picture().rgb.iter().all(|byte| *byte == 0));
    }
}
