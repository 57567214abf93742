//! What pictures evoke in people, as a pack knows it: a linear model from embeddings to evoked signal.
//!
//! Takes the pack's `responses.safetensors`; gives its numbers, checked. For one person the response to a picture with
//! embedding g, beyond what every picture evokes, is the patterns of `basis` weighted by gᵀ·`mean` + d(g), where d is
//! Gaussian over persons with Cov(d(g), d(h)) = (g·h) · `covariance`.

use super::error::PackError;
use super::tensors::Wanted;
use super::{Manifest, Pack, tensors};

/// Most patterns of a pack: evoked responses have a few dozen.
const MAX_PATTERNS: usize = 512;

/// Most values of all tensors together: 512 patterns of 64 channels and 400 samples.
const MAX_VALUES: usize = 16 << 20;

/// How far the covariance may be from symmetric, as a share of its largest value: rounding.
const MAX_ASYMMETRY: f32 = 1e-4;

/// A population of responses.
#[derive(Clone, Debug, PartialEq)]
pub struct Responses {
    /// Number of patterns.
    pub patterns: usize,
    /// Patterns in space and time, `[patterns, channels, samples]`, µV, processed as the manifest's `[input]` says.
    pub basis: Vec<f32>,
    /// The mean person's weights for each unit of embedding, `[dim, patterns]`.
    pub mean: Vec<f32>,
    /// Covariance over persons of these weights, `[patterns, patterns]`.
    pub covariance: Vec<f32>,
}

impl Responses {
    /// Reads the pack's; `None` when it has none.
    ///
    /// # Errors
    /// [`PackError`] when the file is damaged, or a tensor is missing, of another shape or type, or not finite.
    pub fn load(pack: &Pack) -> Result<Option<Self>, PackError> {
        let manifest = pack.manifest();
        let Some(spec) = &manifest.responses else { return Ok(None) };
        let bytes = tensors::read(pack, &spec.file, MAX_VALUES)?;
        Self::parse(manifest, &spec.file, &bytes).map(Some)
    }

    /// The responses in the bytes of a safetensors file.
    ///
    /// # Errors
    /// As [`Responses::load`].
    fn parse(manifest: &Manifest, file: &str, bytes: &[u8]) -> Result<Self, PackError> {
        let (channels, samples) = (manifest.input.channels.len(), manifest.input.samples());
        let patterns = tensors::shape_of(bytes, file, "mean")?.last().copied().unwrap_or_default();
        if !(1..=MAX_PATTERNS).contains(&patterns) {
            return Err(PackError::Tensor {
                file: file.to_owned(),
                tensor: "mean".into(),
                expected: format!("from 1 to {MAX_PATTERNS} columns, one for each pattern"),
                got: patterns.to_string(),
            });
        }
        let read = |name, shape: &[usize], because| {
            let found = tensors::values(bytes, file, &Wanted { name, shape, because })?;
            tensors::finite(file, name, found)
        };
        let because = "patterns × input.channels × the window's samples";
        let basis = read("basis", &[patterns, channels, samples], because)?;
        let mean = read("mean", &[manifest.dim(), patterns], "embedding.dim × patterns")?;
        let covariance = read("covariance", &[patterns, patterns], "patterns × patterns")?;
        check_symmetric(file, &covariance, patterns)?;
        Ok(Self { patterns, basis, mean, covariance })
    }
}

fn check_symmetric(file: &str, covariance: &[f32], size: usize) -> Result<(), PackError> {
    let largest = covariance.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    let apart = |at: usize| (covariance[at] - covariance[at % size * size + at / size]).abs();
    let negative = (0..size).any(|i| covariance[i * (size + 1)] < 0.0);
    match (0..covariance.len()).find(|at| apart(*at) > MAX_ASYMMETRY * largest) {
        None if !negative => Ok(()),
        found => Err(PackError::Tensor {
            file: file.to_owned(),
            tensor: "covariance".into(),
            expected: "a symmetric matrix with a diagonal of no negative numbers".into(),
            got: match found {
                Some(at) => format!("{} at place {at}, which is not mirrored", covariance[at]),
                None => "a negative number on the diagonal".into(),
            },
        }),
    }
}
