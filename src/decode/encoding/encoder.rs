//! EEG window or picture → embedding.
//!
//! [`Encoder`]: `[channels, samples]`, f32, µV → `[dim]`, whose length carries confidence unless the
//! manifest says that it is normalised. [`ImageEncoder`]: RGB picture → `[dim]`, unit length.

use crate::decode::error::DecodeError;
use crate::decode::session::{Graph, Runtime, TensorSpec};
use crate::pack::Pack;
use crate::pack::PackError;
use crate::signal::{Picture, Window};

/// EEG → embedding.
#[derive(Debug)]
pub struct Encoder {
    graph: Graph,
    channels: usize,
    samples: usize,
    dim: usize,
}

impl Encoder {
    /// Loads the pack's encoder, or the personal one in its place, and runs it once on silence.
    ///
    /// # Errors
    /// [`PackError`] when the graph does not keep the manifest's contract.
    pub fn load(pack: &Pack, runtime: &Runtime) -> Result<Self, PackError> {
        let manifest = pack.manifest();
        let (path, name) = pack.encoder_file();
        let (channels, samples) = (manifest.input.channels.len(), manifest.input.samples());
        let dim = manifest.dim();
        let sized_by = "input.channels, input.window_secs × input.sample_rate_hz";
        let input = TensorSpec::new(&manifest.encoder.input, &[1, channels, samples])
            .by("encoder.input", sized_by);
        let output = TensorSpec::new(&manifest.encoder.output, &[1, dim])
            .by("encoder.output", "embedding.dim");
        let graph = Graph::load(runtime, path, name, &[input], &output)?;
        let mut encoder = Self { graph, channels, samples, dim };
        encoder.encode(&vec![0.0; channels * samples], &mut vec![0.0; dim])?;
        Ok(encoder)
    }

    /// Checks that a window has the encoder's shape.
    ///
    /// # Errors
    /// [`DecodeError::Window`].
    pub fn check(&self, window: &Window) -> Result<(), DecodeError> {
        let &Self { channels, samples, .. } = self;
        let (got_channels, got_samples) = (window.channels, window.samples);
        let whole = window.samples_uv.len() == channels * samples;
        if whole && got_channels == channels && got_samples == samples {
            return Ok(());
        }
        Err(DecodeError::Window { channels, samples, got_channels, got_samples })
    }

    /// Encodes `[channels, samples]` µV into `[dim]`.
    ///
    /// # Errors
    /// [`DecodeError`] when the graph fails or gives values that are not numbers.
    pub fn encode(&mut self, samples_uv: &[f32], embedding: &mut [f32]) -> Result<(), DecodeError> {
        self.graph.set(0, samples_uv)?;
        self.graph.run(embedding)
    }

    /// Length of an embedding.
    pub fn dim(&self) -> usize {
        self.dim
    }
}

/// Picture → embedding.
#[derive(Debug)]
pub struct ImageEncoder {
    graph: Graph,
    size_px: u32,
    dim: usize,
}

impl ImageEncoder {
    /// Loads the pack's picture encoder; `None` when the pack has none.
    ///
    /// # Errors
    /// [`PackError`] when the graph does not keep the manifest's contract.
    pub fn load(pack: &Pack, runtime: &Runtime) -> Result<Option<Self>, PackError> {
        let Some(spec) = &pack.manifest().image_encoder else { return Ok(None) };
        let dim = pack.manifest().dim();
        let side = spec.size_px as usize; // bounded by `limits`
        let input = TensorSpec::new(&spec.input, &[1, 3, side, side])
            .by("image_encoder.input", "image_encoder.size_px");
        let output =
            TensorSpec::new(&spec.output, &[1, dim]).by("image_encoder.output", "embedding.dim");
        let path = pack.path(&spec.file)?;
        let graph = Graph::load(runtime, &path, &spec.file, &[input], &output)?;
        let mut encoder = Self { graph, size_px: side as u32, dim };
        let grey = Picture {
            width: encoder.size_px,
            height: encoder.size_px,
            rgb: vec![128; side * side * 3],
        };
        encoder.embed(&grey)?;
        Ok(Some(encoder))
    }

    /// Side of the picture that [`ImageEncoder::embed`] wants, in pixels.
    pub fn size_px(&self) -> u32 {
        self.size_px
    }

    /// The embedding, `[dim]`, of a picture of exactly the encoder's size.
    ///
    /// # Errors
    /// [`DecodeError::Length`] for another size; else as the graph fails.
    pub fn embed(&mut self, picture: &Picture) -> Result<Vec<f32>, DecodeError> {
        let area = (self.size_px * self.size_px) as usize;
        if (picture.width, picture.height) != (self.size_px, self.size_px)
            || picture.rgb.len() != area * 3
        {
            let (expected, got) = (area * 3, picture.rgb.len());
            return Err(DecodeError::Length { what: "picture", expected, got });
        }
        let mut planes = vec![0.0; area * 3];
        for (pixel, rgb) in picture.rgb.chunks_exact(3).enumerate() {
            for (plane, value) in rgb.iter().enumerate() {
                planes[plane * area + pixel] = f32::from(*value) / 255.0;
            }
        }
        self.graph.set(0, &planes)?;
        let mut embedding = vec![0.0; self.dim];
        self.graph.run(&mut embedding)?;
        Ok(embedding)
    }
}
