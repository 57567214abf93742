//! Encoders that answer with a posterior over a few classes.
//!
//! Takes an answers file (safetensors, f32) that says `kind = classes` in its own words; gives its numbers, checked: shapes,
//! finite, symmetric, signs. Such an encoder's answer is Σ p·e over the rows of the pack's gallery, one picture e for each
//! class, and p is the classifier's own posterior, calibrated on recordings that it was not fitted to, all classes being
//! equally likely before. The file adds what windows without information make of it, and what a look is worth.

use super::answers::{
    About, Answers, Kind, Temperature, bytes_of, check_symmetric, read, temperatures,
};
use super::{Pack, PackError};

/// Most classes: a decoder of a few.
const MAX_CLASSES: usize = 64;

/// An answers file of classes, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassAnswers {
    /// Rows of the gallery.
    pub classes: usize,
    /// Mean over windows without information of the logarithm of the posterior, less its mean over classes, `[classes]`.
    pub noise_mean: Vec<f32>,
    /// Its covariance over such windows, `[classes, classes]`.
    pub noise_covariance: Vec<f32>,
    /// Natural logarithm by which one look at a class (row) raises, on the mean, its odds against another (column),
    /// `[classes, classes]`.
    pub per_look: Vec<f32>,
    /// Temperatures in rising k: the looks for which it was calibrated.
    pub temperatures: Vec<Temperature>,
    /// Where it comes from, in a sentence.
    pub source: String,
    /// Whether it was fitted to simulated signal.
    pub simulated: bool,
}

impl ClassAnswers {
    /// The answers of the encoder in use; `None` when it does not answer with a posterior, or nobody has said so.
    ///
    /// # Errors
    /// [`PackError`] when the file is damaged, belongs to another encoder, or says what cannot be.
    pub fn load(pack: &Pack) -> Result<Option<Self>, PackError> {
        let Some(bytes) = bytes_of(pack)? else { return Ok(None) };
        let file = Answers::file_of(pack);
        if About::read(&bytes, &file)?.kind != Kind::Classes {
            return Ok(None);
        }
        let classes = pack.manifest().gallery.ids.len();
        Self::parse(&bytes, &file, classes, pack.encoder_sha256()).map(Some)
    }

    /// The answers in the bytes of a file, for the encoder with this SHA-256 and a gallery of so many rows.
    ///
    /// # Errors
    /// As [`ClassAnswers::load`].
    pub fn parse(
        bytes: &[u8],
        file: &str,
        classes: usize,
        encoder_sha256: &str,
    ) -> Result<Self, PackError> {
        if classes > MAX_CLASSES {
            return Err(PackError::Field {
                field: "gallery.ids".into(),
                expected: format!("at most {MAX_CLASSES} for an encoder that answers with classes"),
                got: classes.to_string(),
            });
        }
        let about = About::read(bytes, file)?;
        about.check_encoder(file, encoder_sha256)?;
        let because = "the pictures of gallery.ids";
        let square = [classes, classes];
        let noise_covariance = read(bytes, file, "noise_covariance", &square, because)?;
        check_symmetric(file, "noise_covariance", &noise_covariance, classes)?;
        let per_look = read(bytes, file, "per_look", &square, because)?;
        if let Some(odd) = per_look.iter().find(|nats| **nats < 0.0) {
            return Err(PackError::Tensor {
                file: file.into(),
                tensor: "per_look".into(),
                expected: "numbers from 0".into(),
                got: odd.to_string(),
            });
        }
        Ok(Self {
            classes,
            noise_mean: read(bytes, file, "noise_mean", &[classes], because)?,
            noise_covariance,
            per_look,
            temperatures: temperatures(bytes, file)?,
            source: about.source,
            simulated: about.simulated,
        })
    }
}
