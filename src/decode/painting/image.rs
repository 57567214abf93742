//! Latent → picture: `[latent]` → `[1, 3, size, size]` in 0–1 → RGB, 8 bits.

use crate::decode::error::DecodeError;
use crate::decode::session::{Graph, Runtime, TensorSpec};
use crate::pack::Pack;
use crate::pack::PackError;
use crate::signal::Picture;

/// The image decoder of a pack.
#[derive(Debug)]
pub struct ImageDecoder {
    graph: Graph,
    scale: f32,
    size_px: u32,
    latent: Vec<f32>,
    planes: Vec<f32>,
}

impl ImageDecoder {
    /// Loads the decoder.
    ///
    /// # Errors
    /// [`PackError`] when the graph does not keep the manifest's contract.
    pub fn load(pack: &Pack, runtime: &Runtime) -> Result<Self, PackError> {
        let spec = &pack.manifest().decoder;
        let latent = pack.manifest().latent_shape();
        let side = spec.size_px as usize; // bounded by `limits`
        let input = TensorSpec::new(&spec.input, &latent).by("decoder.input", "generator.latent");
        let output = TensorSpec::new(&spec.output, &[1, 3, side, side])
            .by("decoder.output", "decoder.size_px");
        let path = pack.path(&spec.file)?;
        Ok(Self {
            graph: Graph::load(runtime, &path, &spec.file, &[input], &output)?,
            scale: spec.scale,
            size_px: side as u32,
            latent: vec![0.0; latent.iter().product()],
            planes: vec![0.0; 3 * side * side],
        })
    }

    /// Turns a latent into a picture; values beyond 0–1 are clipped.
    ///
    /// # Errors
    /// [`DecodeError`] when the graph fails or gives values that are not numbers.
    pub fn decode(&mut self, latent: &[f32]) -> Result<Picture, DecodeError> {
        self.latent.clear();
        self.latent.extend(latent.iter().map(|v| v / self.scale));
        self.graph.set(0, &self.latent)?;
        self.graph.run(&mut self.planes)?;
        let area = self.planes.len() / 3;
        let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
        let rgb = (0..area)
            .flat_map(|pixel| [0, 1, 2].map(|plane| byte(self.planes[plane * area + pixel])))
            .collect();
        Ok(Picture { width: self.size_px, height: self.size_px, rgb })
    }
}
