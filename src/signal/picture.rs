//! An RGB picture: what the decoder makes, what a viewer shows, what a file keeps.

/// An RGB picture, 8 bits a channel, row-major.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// `[height, width, 3]`.
    pub rgb: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}×{})", self.width, self.height)
    }
}

/// Largest side of a picture that is read, in pixels.
const MAX_SIDE_PX: u32 = 8192;

impl Picture {
    /// Decodes a PNG, JPEG or WebP file's bytes.
    ///
    /// # Errors
    /// What is wrong with the bytes, in plain words.
    pub fn from_encoded(bytes: &[u8]) -> Result<Self, String> {
        let mut reader = image::ImageReader::new(std::io::Cursor::new(bytes));
        let mut limits = image::Limits::default();
        limits.max_image_width = Some(MAX_SIDE_PX);
        limits.max_image_height = Some(MAX_SIDE_PX);
        reader.limits(limits);
        let reader = reader.with_guessed_format().map_err(|e| e.to_string())?;
        let pixels = reader.decode().map_err(|e| e.to_string())?.into_rgb8();
        Ok(Self { width: pixels.width(), height: pixels.height(), rgb: pixels.into_raw() })
    }

    /// As a PNG file's bytes, packed quickly rather than tightly; `None` where the sides do not fit the pixels.
    pub fn to_png(&self) -> Option<Vec<u8>> {
        use image::codecs::png::{CompressionType, FilterType, PngEncoder};
        let mut bytes = Vec::with_capacity(self.rgb.len() / 2);
        let encoder =
            PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
        let (pixels, colour) = (self.rgb.as_slice(), image::ExtendedColorType::Rgb8);
        let side = |side: u32| usize::try_from(side).ok();
        let fits = side(self.width)?.checked_mul(side(self.height)?)?.checked_mul(3)?;
        if fits != pixels.len() {
            return None;
        }
        image::ImageEncoder::write_image(encoder, pixels, self.width, self.height, colour).ok()?;
        Some(bytes)
    }
}
