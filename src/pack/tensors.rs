//! Tensors of numbers in a pack's safetensors files.
//!
//! Takes a verified pack, a file and the shapes that its manifest promises; gives the numbers. A file that is larger than
//! its tensors can be is not read.

use safetensors::{Dtype, SafeTensors};

use super::Pack;
use super::error::PackError;

/// Bytes that a safetensors file may hold beside the tensors themselves.
const HEADER_ALLOWANCE_BYTES: u64 = 16 << 20;

/// The bytes of a file that holds at most so many float32 values.
///
/// # Errors
/// [`PackError::TooLarge`], [`PackError::Io`].
pub(crate) fn read(pack: &Pack, file: &str, most_values: usize) -> Result<Vec<u8>, PackError> {
    let limit = (most_values as u64) * 4 + HEADER_ALLOWANCE_BYTES;
    let got = pack.sizes().get(file).copied().unwrap_or(0);
    if got > limit {
        return Err(PackError::TooLarge { file: file.to_owned(), got, limit });
    }
    let path = pack.path(file)?;
    std::fs::read(&path).map_err(|source| PackError::Io { action: "reading", source, path })
}

/// What a tensor must be.
pub(crate) struct Wanted<'a> {
    /// As it stands in the file.
    pub name: &'a str,
    /// Sizes, slowest axis first.
    pub shape: &'a [usize],
    /// Where name and shape come from, for messages: `as many rows as gallery.ids × embedding.dim`.
    pub because: &'a str,
}

/// Whether a file holds a tensor of this name.
///
/// # Errors
/// [`PackError::Safetensors`] for a damaged file.
pub(crate) fn has(bytes: &[u8], file: &str, name: &str) -> Result<bool, PackError> {
    Ok(parsed(bytes, file)?.tensor(name).is_ok())
}

/// The shape of a tensor.
///
/// # Errors
/// [`PackError::Safetensors`] for a damaged file, [`PackError::Tensor`] without such a tensor.
pub(crate) fn shape_of(bytes: &[u8], file: &str, name: &str) -> Result<Vec<usize>, PackError> {
    let tensors = parsed(bytes, file)?;
    let found = tensors.tensor(name).map_err(|_| missing(&tensors, file, name, "of this name"))?;
    Ok(found.shape().to_vec())
}

/// The values of a float32 tensor.
///
/// # Errors
/// [`PackError::Safetensors`] for a damaged file, [`PackError::Tensor`] when it is not what is wanted.
pub(crate) fn values(bytes: &[u8], file: &str, wanted: &Wanted<'_>) -> Result<Vec<f32>, PackError> {
    let Wanted { name, shape, because } = *wanted;
    let tensors = parsed(bytes, file)?;
    let found = tensors.tensor(name).map_err(|_| missing(&tensors, file, name, because))?;
    if found.dtype() != Dtype::F32 || found.shape() != shape {
        let got = format!("{} {:?}", found.dtype(), found.shape());
        let expected = format!("F32 {shape:?}, {because}");
        return Err(PackError::Tensor {
            file: file.to_owned(),
            tensor: name.to_owned(),
            expected,
            got,
        });
    }
    Ok(singles(found.data()))
}

/// The values of a tensor of half or single precision, whatever its shape.
///
/// # Errors
/// As [`values`].
pub(crate) fn half_or_single(bytes: &[u8], file: &str, name: &str) -> Result<Vec<f32>, PackError> {
    let tensors = parsed(bytes, file)?;
    let found = tensors.tensor(name).map_err(|_| missing(&tensors, file, name, "of this name"))?;
    match found.dtype() {
        Dtype::F32 => Ok(singles(found.data())),
        Dtype::F16 => {
            let halves = found.data().as_chunks().0;
            Ok(halves.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect())
        }
        other => Err(PackError::Tensor {
            file: file.to_owned(),
            tensor: name.to_owned(),
            expected: "F16 or F32".into(),
            got: other.to_string(),
        }),
    }
}

/// The same values where all are numbers.
///
/// # Errors
/// [`PackError::Tensor`] with the first that is none.
pub(crate) fn finite(file: &str, name: &str, values: Vec<f32>) -> Result<Vec<f32>, PackError> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(values),
        Some(at) => Err(PackError::Tensor {
            file: file.to_owned(),
            tensor: name.to_owned(),
            expected: "finite numbers".into(),
            got: format!("{} at place {at}", values[at]),
        }),
    }
}

fn singles(data: &[u8]) -> Vec<f32> {
    data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

fn parsed<'a>(bytes: &'a [u8], file: &str) -> Result<SafeTensors<'a>, PackError> {
    SafeTensors::deserialize(bytes)
        .map_err(|e| PackError::Safetensors { file: file.to_owned(), why: e.to_string() })
}

fn missing(tensors: &SafeTensors<'_>, file: &str, name: &str, because: &str) -> PackError {
    let got = format!("only these: {}", tensors.names().join(", "));
    let expected = format!("a tensor of this name, {because}");
    PackError::Tensor { file: file.to_owned(), tensor: name.to_owned(), expected, got }
}
