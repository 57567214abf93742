//! Any picture file → the square that an image encoder wants.
//!
//! Takes PNG, JPEG or WebP of any shape up to 8192 pixels a side; gives `[side, side]` RGB on the middle grey of the
//! bundled stimuli, made as the pictures of the training were.

use std::path::Path;

use image::{DynamicImage, ImageDecoder, RgbImage, imageops};

use crate::signal::Picture;

/// Largest picture that is read, in pixels a side, before it is made smaller.
const MAX_IMAGE_PX: u32 = 8192;

/// What stands for transparency: the middle grey of the bundled stimuli.
const GREY: u8 = 128;

/// Opacity above which a pixel of a cut-out counts as visible, as in `models/training/pictures.py`.
const VISIBLE: u8 = 8;

/// Free border around a cut-out as a share of the side, as in `models/training/pictures.py`: 6 of 128 px.
const MARGIN_SHARE: f32 = 6.0 / 128.0;

/// Reads a picture, turned as its EXIF data says.
///
/// # Errors
/// What cannot be read, in words.
pub fn read_upright(file: &Path) -> Result<DynamicImage, String> {
    let words = |e: image::ImageError| match e {
        image::ImageError::Unsupported(e) => format!("{e}. PNG, JPEG and WebP are read"),
        other => other.to_string(),
    };
    let mut reader = image::ImageReader::open(file)
        .and_then(image::ImageReader::with_guessed_format)
        .map_err(|e| e.to_string())?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_IMAGE_PX);
    limits.max_image_height = Some(MAX_IMAGE_PX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(words)?;
    let orientation = decoder.orientation().map_err(words)?;
    let mut whole = DynamicImage::from_decoder(decoder).map_err(words)?;
    whole.apply_orientation(orientation);
    Ok(whole)
}

/// Fits a picture into a square of `side` pixels, centred on grey. A cut-out is cropped to what is visible
/// and gets a border, as the pictures of the training did; an opaque picture keeps its frame.
///
/// # Errors
/// For a picture without a visible pixel.
pub fn fit(whole: &DynamicImage, side: u32) -> Result<Picture, String> {
    let rgba = whole.to_rgba8();
    let cut_out = rgba.pixels().any(|pixel| pixel[3] <= VISIBLE);
    let (x, y, width, height) =
        visible(&rgba).ok_or_else(|| "it is transparent all over".to_owned())?;
    let margin = if cut_out { (side as f32 * MARGIN_SHARE).round() as u32 } else { 0 };
    let on_grey = RgbImage::from_fn(width, height, |dx, dy| {
        let [r, g, b, alpha] = rgba.get_pixel(x + dx, y + dy).0;
        image::Rgb([r, g, b].map(|value| over_grey(value, alpha)))
    });
    let room = side.saturating_sub(2 * margin).max(1);
    let small = DynamicImage::ImageRgb8(on_grey).resize(room, room, imageops::Lanczos3);
    let (left, top) = ((side - small.width()) / 2, (side - small.height()) / 2);
    let mut square = RgbImage::from_pixel(side, side, image::Rgb([GREY; 3]));
    imageops::replace(&mut square, &small.into_rgb8(), left.into(), top.into());
    Ok(Picture { width: side, height: side, rgb: square.into_raw() })
}

fn over_grey(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    ((value * alpha + u32::from(GREY) * (255 - alpha) + 127) / 255) as u8 // a mean of bytes
}

/// The smallest box around all visible pixels: left, top, width, height.
fn visible(rgba: &image::RgbaImage) -> Option<(u32, u32, u32, u32)> {
    let seen = || rgba.enumerate_pixels().filter(|(_, _, pixel)| pixel[3] > VISIBLE);
    let (left, right) = (seen().map(|p| p.0).min()?, seen().map(|p| p.0).max()?);
    let (top, bottom) = (seen().map(|p| p.1).min()?, seen().map(|p| p.1).max()?);
    Some((left, top, right - left + 1, bottom - top + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_out_is_cropped_to_what_is_visible_and_keeps_no_hidden_colour() {
        let mut drawing = image::RgbaImage::from_pixel(200, 100, image::Rgba([255, 0, 0, 0]));
        for (x, y) in (10..30).flat_map(|x| (40..60).map(move |y| (x, y))) {
            drawing.put_pixel(x, y, image::Rgba([0, 0, 255, 255]));
        }
        let picture = fit(&DynamicImage::ImageRgba8(drawing), 64).unwrap();
        let at = |x: u32, y: u32| &picture.rgb[3 * (y * 64 + x) as usize..][..3];
        assert_eq!((at(0, 32), at(32, 0)), (&[GREY; 3][..], &[GREY; 3][..]), "a grey border");
        for (x, y) in [(4, 32), (32, 4), (59, 32), (32, 32)] {
            assert!(at(x, y)[0] < 20 && at(x, y)[2] > 235, "({x}, {y}): {:?}", at(x, y));
        }
        let empty = image::RgbaImage::new(5, 5);
        assert!(fit(&DynamicImage::ImageRgba8(empty), 64).unwrap_err().contains("transparent"));
    }

    #[test]
    fn an_opaque_picture_of_any_shape_keeps_its_frame() {
        for (width, height) in [(1, 900), (900, 1), (3, 2), (64, 64)] {
            let red = RgbImage::from_pixel(width, height, image::Rgb([200, 10, 10]));
            let picture = fit(&DynamicImage::ImageRgb8(red), 64).unwrap();
            assert_eq!(picture.rgb.len(), 64 * 64 * 3);
            let longest = picture.rgb.chunks(3).filter(|p| p[0] > 190).count();
            assert!(longest >= 64, "{width} × {height}: the long side fills the square");
        }
    }
}
