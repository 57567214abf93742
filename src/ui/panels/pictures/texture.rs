//! Pictures on the graphics card: uploaded only when they are other ones.

use std::sync::Arc;

use egui::{ColorImage, TextureHandle, TextureId, TextureOptions};

use crate::snapshot::Picture;

/// Largest side of a picture that is put on the screen, in pixels.
const MAX_SIDE: u32 = 4096;

/// A picture on the graphics card.
#[derive(Default)]
pub struct Texture(Option<(Arc<Picture>, TextureHandle)>);

impl Texture {
    /// Takes a picture, or none; a damaged one empties the square.
    pub fn set(&mut self, ctx: &egui::Context, name: &str, picture: Option<&Arc<Picture>>) {
        let Some(picture) = picture else {
            self.0 = None;
            return;
        };
        if self.0.as_ref().is_some_and(|(held, _)| Arc::ptr_eq(held, picture)) {
            return;
        }
        self.0 = colour_image(picture)
            .map(|image| (picture.clone(), ctx.load_texture(name, image, TextureOptions::LINEAR)));
    }

    /// What to paint with; `None` where there is no picture.
    pub fn id(&self) -> Option<TextureId> {
        self.0.as_ref().map(|(_, handle)| handle.id())
    }
}

/// Checks the shape before egui asserts it.
fn colour_image(picture: &Picture) -> Option<ColorImage> {
    let fits = (1..=MAX_SIDE).contains(&picture.width) && (1..=MAX_SIDE).contains(&picture.height);
    let [width, height] = [picture.width as usize, picture.height as usize];
    (fits && picture.rgb.len() == width * height * 3)
        .then(|| ColorImage::from_rgb([width, height], &picture.rgb))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_pictures_are_refused_before_they_reach_egui() {
        let picture = |width, height, bytes| Picture { width, height, rgb: vec![0; bytes] };
        assert!(colour_image(&picture(2, 2, 12)).is_some());
        for bad in [picture(2, 2, 11), picture(0, 2, 0), picture(u32::MAX, u32::MAX, 3)] {
            assert!(colour_image(&bad).is_none());
        }
    }
}
