//! The drawings that a pack's generator learned: embeddings and names, so that pictures can be found that nobody told.
//!
//! Takes the pack's file (safetensors; embeddings f16 or f32, unit length; `labels` and `drawings` in its own words, a line
//! for each row); gives [`Remembered`], checked. Nothing in it is a picture: a row is painted by the generator.

use safetensors::SafeTensors;

use super::error::PackError;
use super::{Pack, tensors};
use crate::pack::vector::length;

/// Most rows: one answer is weighed against all of them.
const MAX_ROWS: usize = 65_535;

/// Most values, 256 MiB in single precision.
const MAX_VALUES: usize = 64 << 20;

/// Longest name in bytes.
const MAX_NAME_BYTES: usize = 256;

/// How far from 1 a row's length may be: half precision.
const UNIT_TOLERANCE: f32 = 5e-3;

/// What the generator learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    /// `[rows, dim]`, unit length.
    pub embeddings: Vec<f32>,
    /// What a person calls each.
    pub labels: Vec<String>,
}

impl Remembered {
    /// Reads the pack's; `None` when it has none.
    ///
    /// # Errors
    /// [`PackError`] when the file is damaged, a row has no length or is not finite, or names and rows do not agree.
    pub fn load(pack: &Pack) -> Result<Option<Self>, PackError> {
        let Some(spec) = &pack.manifest().remembered else { return Ok(None) };
        let bytes = tensors::read(pack, &spec.embeddings, MAX_VALUES)?;
        Self::parse(&bytes, &spec.embeddings, &spec.tensor, pack.manifest().dim()).map(Some)
    }

    /// Those in the bytes of a file.
    ///
    /// # Errors
    /// As [`Remembered::load`].
    pub fn parse(bytes: &[u8], file: &str, tensor: &str, dim: usize) -> Result<Self, PackError> {
        let wrong = |expected: String, got: String| PackError::Tensor {
            file: file.into(),
            tensor: tensor.into(),
            expected,
            got,
        };
        let shape = tensors::shape_of(bytes, file, tensor)?;
        let rows = shape.first().copied().unwrap_or_default();
        if rows.saturating_mul(dim) > MAX_VALUES {
            return Err(wrong(format!("at most {MAX_VALUES} values"), format!("{shape:?}")));
        }
        if shape.len() != 2 || shape[1] != dim || !(2..=MAX_ROWS).contains(&rows) {
            return Err(wrong(format!("[2 to {MAX_ROWS}, {dim}]"), format!("{shape:?}")));
        }
        let mut embeddings = tensors::half_or_single(bytes, file, tensor)?;
        for (row, values) in embeddings.chunks_exact_mut(dim).enumerate() {
            let own = length(values);
            if (own - 1.0).abs().is_nan() || (own - 1.0).abs() > UNIT_TOLERANCE {
                return Err(wrong("rows of length 1".into(), format!("{own} in row {row}")));
            }
            values.iter_mut().for_each(|v| *v /= own);
        }
        let labels = labels(bytes, file, rows)?;
        if labels.len() != rows {
            return Err(wrong(
                format!("{rows} names under `labels` in the file's own words"),
                labels.len().to_string(),
            ));
        }
        Ok(Self { embeddings, labels })
    }
}

fn labels(bytes: &[u8], file: &str, rows: usize) -> Result<Vec<String>, PackError> {
    let (_, header) = SafeTensors::read_metadata(bytes)
        .map_err(|e| PackError::Safetensors { file: file.into(), why: e.to_string() })?;
    let said = header.metadata().as_ref().and_then(|said| said.get("labels"));
    let lines = said.map(|text| text.lines()).into_iter().flatten();
    // One more than there may be tells too many from enough.
    lines
        .take(rows + 1)
        .map(|line| {
            super::rules::plain("remembered: each label", line, MAX_NAME_BYTES)?;
            Ok(line.to_owned())
        })
        .collect()
}
