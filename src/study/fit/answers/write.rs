//! The file beside a personal encoder that says how it answers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, TensorView};
use serde::Serialize;

use crate::pack::answers::{self, Answers};
use crate::study::error::PersonalError;
use crate::study::files::write_new;

/// Its name beside `encoder.onnx`.
pub const FILE: &str = "encoder.answers.safetensors";

/// Where the answers of an encoder are.
pub fn beside(encoder: &Path) -> PathBuf {
    answers::beside(encoder)
}

/// What was found, for `fit.toml`.
#[derive(Clone, Debug, Serialize)]
pub struct AnswersFound {
    /// Left-out trials that it was fitted to, or that its temperature was.
    pub trials: usize,
    /// Directions in which answers differ.
    pub directions: usize,
    /// What pictures differ by beyond the model, as a share of one trial's noise.
    pub between: f64,
    /// Numbers of trials with their temperatures.
    pub temperatures: Vec<(u32, f64)>,
}

impl AnswersFound {
    /// Writes the answers of the encoder with this SHA-256, never over another file.
    ///
    /// # Errors
    /// [`PersonalError::Output`].
    pub fn write(
        &self,
        answers: &Answers,
        encoder: (&Path, &str),
        simulated: bool,
    ) -> Result<(), PersonalError> {
        let dim = answers.dim;
        let temperatures: Vec<f32> = answers
            .temperatures
            .iter()
            .flat_map(|row| [row.k as f32, row.told as f32, row.remembered as f32, row.open as f32])
            .collect();
        let square = vec![dim, dim];
        let tensors: [(&str, Vec<usize>, &[f32]); 10] = [
            ("map", square.clone(), &answers.map),
            ("offset", vec![dim], &answers.offset),
            ("within", square.clone(), &answers.within),
            ("between", square.clone(), &answers.between),
            ("background_mean", vec![dim], &answers.background_mean),
            ("background_covariance", square.clone(), &answers.background_covariance),
            ("noise_mean", vec![dim], &answers.noise_mean),
            ("noise_within", square.clone(), &answers.noise_within),
            ("noise_between", square, &answers.noise_between),
            ("temperature", vec![answers.temperatures.len(), 4], &temperatures),
        ];
        let failed =
            |why: safetensors::SafeTensorError| PersonalError::Unexpected(format!("{FILE}: {why}"));
        let mut views = Vec::with_capacity(tensors.len());
        for (name, shape, values) in tensors {
            let bytes = bytemuck::cast_slice(values);
            views.push((name, TensorView::new(Dtype::F32, shape, bytes).map_err(failed)?));
        }
        let said = HashMap::from([
            ("encoder_sha256".to_owned(), encoder.1.to_owned()),
            (
                "source".to_owned(),
                format!("{} trials of this person, left out of the fit", self.trials),
            ),
            ("trials".to_owned(), self.trials.to_string()),
            ("subjects".to_owned(), "1".to_owned()),
            ("simulated".to_owned(), simulated.to_string()),
        ]);
        let bytes = safetensors::serialize(views, Some(said)).map_err(failed)?;
        write_new(&beside(encoder.0), &bytes)
    }
}
