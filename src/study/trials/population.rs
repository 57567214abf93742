//! A pack's knowledge of people's responses in the form in which calibration takes it.
//!
//! Takes a pack and the embeddings of the pictures that may be asked for; gives a [`Population`], or nothing for a pack
//! without one.

use faer::Mat;

use crate::calibrate::fit::templates::Population;
use crate::decode::{Pack, PackError};
use crate::pack::responses::Responses;

/// Reads it; `pictures` is `[rows, dim]`.
///
/// # Errors
/// As [`Responses::load`].
pub fn load(pack: &Pack, pictures: &[f32]) -> Result<Option<Population>, PackError> {
    let dim = pack.manifest().dim();
    Ok(Responses::load(pack)?.map(|found| {
        let patterns = found.patterns;
        let width = found.basis.len() / patterns;
        Population {
            basis: matrix(&found.basis, patterns, width),
            mean: matrix(&found.mean, dim, patterns),
            covariance: matrix(&found.covariance, patterns, patterns),
            gallery: matrix(pictures, pictures.len() / dim, dim),
        }
    }))
}

fn matrix(values: &[f32], rows: usize, columns: usize) -> Mat<f64> {
    Mat::from_fn(rows, columns, |i, j| f64::from(values[i * columns + j]))
}
