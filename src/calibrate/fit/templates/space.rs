//! The embedding space as some pictures see it.

use faer::Mat;

use crate::calibrate::linalg;
use crate::calibrate::trials::CalibrationError;

/// Eigenvalues below this share of the largest carry no signal: an average reference takes one away.
pub(super) const LEAST_EIGENVALUE: f64 = 1e-6;

/// The axes along which pictures' embeddings differ.
pub(super) struct Space {
    /// Inner products' eigenvalues above zero, and eigenvectors, `[pictures, axes]`.
    pub values: Vec<f64>,
    pub axes: Mat<f64>,
    /// Embeddings about their mean, along axes of length one, `[dim, axes]`.
    pub along: Mat<f64>,
}

impl Space {
    /// Of these embeddings, `[pictures, dim]`.
    pub fn of(embeddings: &Mat<f64>) -> Result<Self, CalibrationError> {
        let mean = linalg::column_means(embeddings.as_ref());
        let centred = linalg::less(embeddings.as_ref(), &mean);
        let (values, vectors) = linalg::eigen((&centred * centred.transpose()).as_ref())?;
        let most = values.last().copied().unwrap_or_default();
        let kept: Vec<usize> =
            (0..values.len()).filter(|i| values[*i] > LEAST_EIGENVALUE * most).collect();
        if kept.is_empty() {
            return Err(CalibrationError::Numbers("all pictures have one embedding".into()));
        }
        let axes = Mat::from_fn(embeddings.nrows(), kept.len(), |c, k| vectors[(c, kept[k])]);
        let values: Vec<f64> = kept.iter().map(|k| values[*k]).collect();
        let scaled =
            Mat::from_fn(axes.nrows(), axes.ncols(), |c, k| axes[(c, k)] / values[k].sqrt());
        let along = centred.transpose() * scaled;
        Ok(Self { values, axes, along })
    }
}

/// Embeddings less what nobody is expected to see, as a symmetric matrix `[dim, dim]`: what lies outside the span of these
/// pictures, `[pictures, dim]`, is made smaller, as a mean of all that may be seen would be. Half of it is taken to be
/// these pictures, half anything. Inner products with these pictures stay as they are.
pub(super) fn expected(pictures: &Mat<f64>) -> Result<Mat<f64>, CalibrationError> {
    let (count, dim) = (pictures.nrows(), pictures.ncols());
    let span = if count > dim {
        let gram = pictures.transpose() * pictures;
        let inverse = linalg::pseudo_inverse(gram.as_ref(), LEAST_EIGENVALUE)?;
        inverse * gram
    } else {
        let gram = pictures * pictures.transpose();
        pictures.transpose() * linalg::pseudo_inverse(gram.as_ref(), LEAST_EIGENVALUE)? * pictures
    };
    let rank: f64 = (0..dim).map(|j| span[(j, j)]).sum();
    let outside = rank / (rank + dim as f64);
    Ok(Mat::from_fn(dim, dim, |i, j| {
        let whole = if i == j { outside } else { 0.0 };
        whole + (1.0 - outside) * span[(i, j)]
    }))
}

/// The shortest embedding whose inner products with these, `[pictures, dim]`, come nearest to the numbers less their mean.
/// Works in the smaller of both dimensions: a gallery may be long.
pub(super) fn offset(about: &Mat<f64>, numbers: &[f64]) -> Result<Vec<f64>, CalibrationError> {
    let mean = numbers.iter().sum::<f64>() / numbers.len().max(1) as f64;
    let wanted = Mat::from_fn(numbers.len(), 1, |c, _| numbers[c] - mean);
    let tall = about.nrows() > about.ncols();
    let gram = if tall { about.transpose() * about } else { about * about.transpose() };
    let inverse = linalg::pseudo_inverse(gram.as_ref(), LEAST_EIGENVALUE)?;
    let found = if tall {
        inverse * (about.transpose() * wanted)
    } else {
        about.transpose() * (inverse * wanted)
    };
    Ok((0..about.ncols()).map(|j| found[(j, 0)]).collect())
}
