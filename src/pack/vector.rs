//! Arithmetic on embeddings.

/// Euclidean length, summed in f64.
pub(crate) fn length(values: &[f32]) -> f32 {
    values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt() as f32
}
