//! The file of a class pack that says that its encoder answers with a posterior, and how surely.
//!
//! Takes trials that the classifier was not fitted to, and their null twins; gives the bytes of the file
//! ([`crate::pack::classes`]). Calibrated for single looks: several add up as independent ones, which is said.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, TensorView};

use crate::calibrate::classes::left_out::Sureness;
use crate::study::error::PersonalError;

/// Its name in the pack.
pub const FILE: &str = "answers.safetensors";

/// What is calibrated: one look, told, remembered, open; temperatures are in the encoder already.
const TEMPERATURES: [f32; 4] = [1.0; 4];

/// The file's bytes, for the encoder with this SHA-256.
///
/// # Errors
/// [`PersonalError::Unexpected`].
pub fn bytes(
    sureness: &Sureness,
    (encoder_sha256, trials): (&str, usize),
    simulated: bool,
) -> Result<Vec<u8>, PersonalError> {
    let classes = sureness.noise_mean.len();
    let flat = |matrix: &faer::Mat<f64>| -> Vec<f32> {
        let places = (0..classes).flat_map(|i| (0..classes).map(move |j| (i, j)));
        places.map(|at| matrix[at] as f32).collect()
    };
    let tensors: [(&str, Vec<usize>, Vec<f32>); 4] = [
        ("noise_mean", vec![classes], sureness.noise_mean.iter().map(|v| *v as f32).collect()),
        ("noise_covariance", vec![classes, classes], flat(&sureness.noise_covariance)),
        ("per_look", vec![classes, classes], flat(&sureness.per_look)),
        ("temperature", vec![1, 4], TEMPERATURES.to_vec()),
    ];
    let failed =
        |why: safetensors::SafeTensorError| PersonalError::Unexpected(format!("{FILE}: {why}"));
    let mut views = Vec::with_capacity(tensors.len());
    for (name, shape, values) in &tensors {
        let bytes = bytemuck::cast_slice(values);
        views.push((*name, TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(failed)?));
    }
    let said = HashMap::from([
        ("kind".to_owned(), "classes".to_owned()),
        ("encoder_sha256".to_owned(), encoder_sha256.to_owned()),
        ("source".to_owned(), format!("{trials} trials, left out of the fit run by run")),
        ("simulated".to_owned(), simulated.to_string()),
    ]);
    safetensors::serialize(views, Some(said)).map_err(failed)
}
