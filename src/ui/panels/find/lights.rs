//! The pictures of a page on the graphics card, each as it is and as it looks when it lights up.
//!
//! Takes pictures of any size; gives two textures of each. A lit picture goes towards white in linear light by
//! [`HIGHLIGHT`]`.brighten`, to the byte below: its relative luminance rises by that at most, which is what safety judged.
//! Large pictures are made smaller first, so that sixty of them fit on any graphics card.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Context, Rect, TextureId, Vec2, vec2};

use crate::present::safety::HIGHLIGHT;
use crate::snapshot::Picture;
use crate::ui::panels::pictures::texture::Texture;

/// Largest side of a picture on a page, in pixels.
const MAX_SIDE_PX: u32 = 512;

#[derive(Default)]
struct Both {
    dark: Texture,
    lit: Texture,
    /// Width and height, the longer one 1.
    sides: Vec2,
}

/// Pictures by their rows in the set.
#[derive(Default)]
pub(super) struct Lights(BTreeMap<usize, Both>);

impl Lights {
    /// Takes the picture of a row; one that is there stays.
    pub fn add(
        &mut self,
        ctx: &Context,
        row: usize,
        picture: impl FnOnce() -> Option<Arc<Picture>>,
    ) {
        if self.0.contains_key(&row) {
            return;
        }
        let mut both = Both::default();
        if let Some(picture) = picture().and_then(|picture| small(&picture)) {
            both.dark.set(ctx, "page", Some(&picture));
            let rgb = brightened(&picture.rgb, HIGHLIGHT.brighten);
            let Picture { width, height, .. } = *picture;
            both.sides = vec2(width as f32, height as f32) / width.max(height) as f32;
            let lit = Arc::new(Picture { rgb, width, height });
            both.lit.set(ctx, "page lit", Some(&lit));
        }
        self.0.insert(row, both);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What to paint with, and where in this square: pictures keep their proportions. Nothing where the picture is damaged.
    pub fn of(&self, row: usize, is_lit: bool, square: Rect) -> Option<(TextureId, Rect)> {
        let both = self.0.get(&row)?;
        let texture = if is_lit { both.lit.id() } else { both.dark.id() }?;
        Some((texture, Rect::from_center_size(square.center(), square.size() * both.sides)))
    }
}

/// The same with no side above [`MAX_SIDE_PX`]; nothing where the sides do not fit the pixels.
fn small(picture: &Picture) -> Option<Arc<Picture>> {
    let Picture { width, height, ref rgb } = *picture;
    let image = image::RgbImage::from_raw(width, height, rgb.clone())?;
    let longest = width.max(height);
    if longest <= MAX_SIDE_PX {
        return Some(Arc::new(picture.clone()));
    }
    let side = |side: u32| (u64::from(side) * u64::from(MAX_SIDE_PX) / u64::from(longest)).max(1);
    let image = image::imageops::thumbnail(&image, side(width) as u32, side(height) as u32);
    let (width, height) = image.dimensions();
    Some(Arc::new(Picture { width, height, rgb: image.into_raw() }))
}

/// Every byte of sRGB towards white by this share, in linear light.
fn brightened(rgb: &[u8], by: f64) -> Vec<u8> {
    let table: Vec<u8> = (0..=255)
        .map(|byte| {
            let linear = linear(f64::from(byte) / 255.0);
            let up = encoded(linear + by * (1.0 - linear));
            ((up * 255.0).floor() as u8).max(byte as u8)
        })
        .collect();
    rgb.iter().map(|byte| table[usize::from(*byte)]).collect()
}

/// From sRGB to linear light (IEC 61966-2-1).
fn linear(value: f64) -> f64 {
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// And back.
fn encoded(value: f64) -> f64 {
    if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lit_picture_is_brighter_by_no_more_than_was_judged() {
        let before: Vec<u8> = (0..=255).collect();
        let after = brightened(&before, HIGHLIGHT.brighten);
        let rise =
            |i: usize| linear(f64::from(after[i]) / 255.0) - linear(f64::from(before[i]) / 255.0);
        for i in 0..256 {
            assert!((0.0..=HIGHLIGHT.brighten + 1e-12).contains(&rise(i)), "{i}: {}", rise(i));
        }
        assert!(rise(0) > 0.07 && rise(128) > 0.05 && rise(255) == 0.0);
    }

    #[test]
    fn large_pictures_are_made_small_and_torn_ones_left_out() {
        let of = |width, height, bytes| Picture { width, height, rgb: vec![7; bytes] };
        let wide = small(&of(1024, 256, 1024 * 256 * 3)).unwrap();
        assert_eq!((wide.width, wide.height), (512, 128));
        assert_eq!(small(&of(4, 4, 48)).unwrap().width, 4);
        assert!(small(&of(4, 4, 47)).is_none());
    }
}
