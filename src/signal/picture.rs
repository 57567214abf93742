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
}
