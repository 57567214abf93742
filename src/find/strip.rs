//! The path as a strip: the pictures that were chosen, side by side, in the order in which they were.
//!
//! Takes pictures of any size and the height of the strip; gives one picture. Guarantees: every picture keeps its proportions
//! and lies centred in a square of its own; the strip is as wide as its pictures and the gaps between them, nothing more.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use super::steer_error::SteerError;
use crate::signal::Picture;

/// Largest height of a strip in pixels.
const MAX_HEIGHT_PX: u32 = 512;

/// Most pictures of a strip; of a longer path the last ones.
pub const MAX_PICTURES: usize = 64;

/// Between two pictures, pixels.
const GAP_PX: u32 = 4;

/// What lies between and around pictures.
const GROUND: Rgb<u8> = Rgb([24, 24, 28]);

/// Pictures in a row, each fitted into a square of this height in pixels; the last [`MAX_PICTURES`] of them.
///
/// # Errors
/// `SteerError::Strip` without a picture, for a height that is none, or where a picture's sides do not fit its pixels.
pub fn strip(pictures: &[&Picture], height_px: u32) -> Result<Picture, SteerError> {
    if !(1..=MAX_HEIGHT_PX).contains(&height_px) {
        return Err(SteerError::Strip(format!(
            "its height lies between 1 and {MAX_HEIGHT_PX} pixels, got {height_px}"
        )));
    }
    let shown = &pictures[pictures.len().saturating_sub(MAX_PICTURES)..];
    let count = shown.len() as u32; // 64 at most
    let Some(gaps) = count.checked_sub(1) else {
        return Err(SteerError::Strip("nothing was chosen yet".into()));
    };
    let width = count * height_px + gaps * GAP_PX;
    let mut whole = RgbImage::from_pixel(width, height_px, GROUND);
    let mut left = 0;
    for picture in shown {
        let fitted = fitted(picture, height_px)?;
        let inside = |side: u32| i64::from((height_px - side) / 2);
        let (x, y) = (i64::from(left) + inside(fitted.width()), inside(fitted.height()));
        imageops::replace(&mut whole, &fitted, x, y);
        left += height_px + GAP_PX;
    }
    Ok(Picture { width, height: height_px, rgb: whole.into_raw() })
}

/// The picture, as large as its proportions allow in a square of this side.
fn fitted(picture: &Picture, side_px: u32) -> Result<RgbImage, SteerError> {
    let (width, height) = (picture.width, picture.height);
    let source = RgbImage::from_raw(width, height, picture.rgb.clone())
        .filter(|source| !source.is_empty())
        .ok_or_else(|| {
            SteerError::Strip(format!(
                "a picture of {width} × {height} pixels has {} bytes",
                picture.rgb.len()
            ))
        })?;
    let longest = f64::from(width.max(height));
    let scaled =
        |side: u32| ((f64::from(side) / longest * f64::from(side_px)).round() as u32).max(1);
    Ok(imageops::resize(&source, scaled(width), scaled(height), FilterType::CatmullRom))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(width: u32, height: u32, rgb: [u8; 3]) -> Picture {
        Picture { width, height, rgb: rgb.repeat((width * height) as usize) }
    }

    #[test]
    fn pictures_lie_in_their_order_and_keep_their_proportions() {
        let (red, wide) = (plain(8, 8, [200, 0, 0]), plain(64, 32, [0, 0, 200]));
        let strip = strip(&[&red, &wide], 32).unwrap();
        assert_eq!((strip.width, strip.height), (2 * 32 + GAP_PX, 32));
        let at = |x: u32, y: u32| {
            let place = ((y * strip.width + x) * 3) as usize;
            [0, 1, 2].map(|i| strip.rgb[place + i])
        };
        assert_eq!((at(0, 0), at(31, 31)), ([200, 0, 0], [200, 0, 0]));
        assert_eq!((at(33, 16), at(50, 2)), (GROUND.0, GROUND.0));
        assert_eq!((at(36, 16), at(67, 16)), ([0, 0, 200], [0, 0, 200]));
        assert!(strip.to_png().is_some_and(|png| Picture::from_encoded(&png) == Ok(strip)));
    }

    #[test]
    fn what_cannot_be_drawn_is_said_and_a_long_path_shows_its_end() {
        let good = plain(2, 2, [1, 2, 3]);
        let torn = Picture { width: 4, height: 4, rgb: vec![0; 7] };
        let empty = Picture { width: 0, height: 0, rgb: Vec::new() };
        for (pictures, height) in [(vec![], 32), (vec![&torn], 32), (vec![&empty], 32)] {
            assert!(matches!(strip(&pictures, height), Err(SteerError::Strip(_))));
        }
        assert!(strip(&[&good], 0).is_err() && strip(&[&good], MAX_HEIGHT_PX + 1).is_err());
        let many = vec![&good; 200];
        let most = MAX_PICTURES as u32;
        assert_eq!(strip(&many, 2).unwrap().width, most * 2 + (most - 1) * GAP_PX);
    }
}
