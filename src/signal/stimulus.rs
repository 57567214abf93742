//! The pictures that can be shown: names, labels, pixels and where each lies in the embedding space.
//!
//! The bundled set is compiled into the program from `assets/stimuli`. Its embeddings are what the
//! virtual subject's brain responds to, and what a pack's gallery is compared with.

/// One picture of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Stimulus {
    /// Short ASCII name, as in markers: `panda`.
    pub id: String,
    /// What a person calls it: `giant panda`.
    pub label: String,
    /// PNG file, as bytes.
    pub png: std::borrow::Cow<'static, [u8]>,
}

/// Pictures with their embeddings, in a fixed order.
#[derive(Clone, Debug, Default)]
pub struct StimulusSet {
    /// The pictures.
    pub stimuli: Vec<Stimulus>,
    /// Length of an embedding.
    pub dim: usize,
    /// Embeddings, `[stimuli, dim]`, row-major, unit length.
    pub embeddings: Vec<f32>,
}

impl StimulusSet {
    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.stimuli.len()
    }

    /// True when there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.stimuli.is_empty()
    }

    /// The row of the picture with this name.
    pub fn row_of(&self, id: &str) -> Option<u16> {
        self.stimuli.iter().position(|s| s.id == id).and_then(|row| u16::try_from(row).ok())
    }

    /// The embedding of a row, `[dim]`.
    pub fn embedding(&self, row: usize) -> &[f32] {
        &self.embeddings[row * self.dim..(row + 1) * self.dim]
    }
}
