//! The few operations of linear algebra that fitting needs, by faer.

use faer::{Mat, MatRef, Side};

use super::trials::CalibrationError;

/// Eigenvalues in rising order and eigenvectors as columns of a symmetric matrix.
pub fn eigen(matrix: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>), CalibrationError> {
    let found = matrix
        .self_adjoint_eigen(Side::Lower)
        .map_err(|why| CalibrationError::Numbers(format!("no eigenvalues were found ({why:?})")))?;
    let values = found.S().column_vector();
    Ok(((0..matrix.nrows()).map(|i| values[i]).collect(), found.U().to_owned()))
}

/// `f` of a symmetric matrix, by its eigenvalues.
pub fn function_of(
    matrix: MatRef<'_, f64>,
    f: impl Fn(f64) -> f64,
) -> Result<Mat<f64>, CalibrationError> {
    let (values, vectors) = eigen(matrix)?;
    let scaled =
        Mat::from_fn(matrix.nrows(), matrix.nrows(), |i, j| vectors[(i, j)] * f(values[j]));
    Ok(&scaled * vectors.transpose())
}

/// The inverse of a symmetric matrix in the directions whose eigenvalue is above this share of the largest.
pub fn pseudo_inverse(
    matrix: MatRef<'_, f64>,
    least_share: f64,
) -> Result<Mat<f64>, CalibrationError> {
    let (values, vectors) = eigen(matrix)?;
    let least = least_share * values.last().copied().unwrap_or_default();
    let scaled = Mat::from_fn(vectors.nrows(), vectors.ncols(), |i, j| {
        if values[j] > least { vectors[(i, j)] / values[j] } else { 0.0 }
    });
    Ok(scaled * vectors.transpose())
}

/// Mean of each column; zeros where there are no rows.
pub fn column_means(matrix: MatRef<'_, f64>) -> Vec<f64> {
    let rows = matrix.nrows().max(1) as f64;
    (0..matrix.ncols())
        .map(|j| (0..matrix.nrows()).map(|i| matrix[(i, j)]).sum::<f64>() / rows)
        .collect()
}

/// The matrix less a row.
pub fn less(matrix: MatRef<'_, f64>, row: &[f64]) -> Mat<f64> {
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[(i, j)] - row[j])
}

/// Some rows, in the order given.
pub fn rows(matrix: MatRef<'_, f64>, chosen: &[usize]) -> Mat<f64> {
    Mat::from_fn(chosen.len(), matrix.ncols(), |i, j| matrix[(chosen[i], j)])
}

/// Root of the mean square; at least the smallest positive number, so that it can be divided by.
pub fn rms(matrix: MatRef<'_, f64>) -> f64 {
    let mut sum = 0.0;
    for j in 0..matrix.ncols() {
        sum += (0..matrix.nrows()).map(|i| matrix[(i, j)] * matrix[(i, j)]).sum::<f64>();
    }
    (sum / (matrix.nrows() * matrix.ncols()).max(1) as f64).sqrt().max(f64::MIN_POSITIVE)
}
