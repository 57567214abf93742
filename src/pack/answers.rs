//! How a pack's encoder answers to pictures: the linear Gaussian model that turns an answer into probabilities.
//!
//! Takes an answers file (safetensors, f32); gives its numbers, checked: shapes, finite, symmetric, positive definite. The
//! answer of one trial to a picture with embedding e is `map`·e + `offset` + b + noise: noise is Gaussian with covariance
//! `within`, anew in every trial; b with covariance `between`, once for a person and a picture. What pictures there are
//! at large is Gaussian too (`background_*`, over embeddings), and so is what the encoder makes of a window in which no
//! picture was answered (`noise_*`). Probabilities are softened by a temperature that was fitted on development subjects.
//!
//! The file may say in its own words that the encoder answers otherwise: see [`super::classes`]. A pack has one for its own
//! encoder; a personal encoder `name.onnx` has its own in `name.answers.safetensors` beside it.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;

use super::error::PackError;
use super::tensors::Wanted;
use super::{Pack, tensors};

/// How far a covariance may be from symmetric, as a share of its largest value: rounding.
const MAX_ASYMMETRY: f32 = 1e-4;

/// Largest file: eight matrices of the longest embedding that a covariance can be turned for, with room for the header.
const MAX_BYTES: u64 = 512 << 20;

/// Longest embedding for which covariances are accepted: their eigenvalues take time with the third power.
const MAX_DIM: usize = 2048;

/// Most rows of temperatures.
const MAX_TEMPERATURES: usize = 256;

/// Temperatures beyond these are not calibration but a mistake.
const TEMPERATURE_RANGE: [f32; 2] = [0.01, 1e4];

/// Columns of the tensor `temperature`: k, then one for each of the scopes.
const COLUMNS: usize = 4;

/// The temperatures at one number of trials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Temperature {
    /// Trials averaged.
    pub k: u32,
    /// For pictures that were told: the gallery, or the wearer's own.
    pub told: f64,
    /// For all drawings that the generator learned.
    pub remembered: f64,
    /// For "something else" against them.
    pub open: f64,
}

/// An answers file, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// Length of embeddings and answers.
    pub dim: usize,
    /// `[dim, dim]`: row i says how the answer's value i depends on the embedding.
    pub map: Vec<f32>,
    /// `[dim]`.
    pub offset: Vec<f32>,
    /// Covariance of one trial's noise, `[dim, dim]`.
    pub within: Vec<f32>,
    /// Covariance over persons of the answer to one picture, `[dim, dim]`.
    pub between: Vec<f32>,
    /// Mean of the embeddings of pictures at large, `[dim]`.
    pub background_mean: Vec<f32>,
    /// Their covariance, `[dim, dim]`.
    pub background_covariance: Vec<f32>,
    /// Mean answer to windows without information, `[dim]`.
    pub noise_mean: Vec<f32>,
    /// Covariance of one such window, `[dim, dim]`.
    pub noise_within: Vec<f32>,
    /// Covariance of what stays over windows without information, `[dim, dim]`.
    pub noise_between: Vec<f32>,
    /// Degrees of freedom of a trial's weight: trials that are loud, whatever was seen, weigh less. `None`: all weigh 1.
    pub tail: Option<f64>,
    /// Temperatures in rising k.
    pub temperatures: Vec<Temperature>,
    /// Where it comes from, in a sentence.
    pub source: String,
    /// Whether it was fitted to simulated signal.
    pub simulated: bool,
}

impl Answers {
    /// The answers of the encoder in use; `None` when nobody has said how it answers, so that there are no probabilities.
    ///
    /// # Errors
    /// [`PackError`] when the file is damaged, belongs to another encoder, or says what cannot be.
    pub fn load(pack: &Pack) -> Result<Option<Self>, PackError> {
        let dim = pack.manifest().dim();
        let Some(bytes) = bytes_of(pack)? else { return Ok(None) };
        let file = Self::file_of(pack);
        if About::read(&bytes, &file)?.kind == Kind::Classes {
            return Ok(None);
        }
        Self::parse(&bytes, &file, dim, pack.encoder_sha256()).map(Some)
    }

    /// The file that [`Answers::load`] reads, for messages.
    pub fn file_of(pack: &Pack) -> String {
        match &pack.manifest().answers {
            Some(spec) if pack.has_own_encoder() => spec.file.clone(),
            _ => beside(pack.encoder_file().0).display().to_string(),
        }
    }

    /// The answers in the bytes of a file, for the encoder with this SHA-256.
    ///
    /// # Errors
    /// As [`Answers::load`].
    pub fn parse(
        bytes: &[u8],
        file: &str,
        dim: usize,
        encoder_sha256: &str,
    ) -> Result<Self, PackError> {
        if dim > MAX_DIM {
            let expected = format!("at most {MAX_DIM} for a pack with an answer model");
            return Err(PackError::Field {
                field: "embedding.dim".into(),
                expected,
                got: dim.to_string(),
            });
        }
        let about = About::read(bytes, file)?;
        about.check_encoder(file, encoder_sha256)?;
        let vector = |name| read(bytes, file, name, &[dim], "embedding.dim");
        let matrix = |name| read(bytes, file, name, &[dim, dim], "embedding.dim × embedding.dim");
        let covariance = |name| {
            let found = matrix(name)?;
            check_symmetric(file, name, &found, dim).map(|()| found)
        };
        Ok(Self {
            dim,
            map: matrix("map")?,
            offset: vector("offset")?,
            within: covariance("within")?,
            between: covariance("between")?,
            background_mean: vector("background_mean")?,
            background_covariance: covariance("background_covariance")?,
            noise_mean: vector("noise_mean")?,
            noise_within: covariance("noise_within")?,
            noise_between: covariance("noise_between")?,
            tail: tail(bytes, file)?,
            temperatures: temperatures(bytes, file)?,
            source: about.source,
            simulated: about.simulated,
        })
    }
}

/// Where a personal encoder's answers are: `encoder.onnx` → `encoder.answers.safetensors`.
pub fn beside(encoder: &Path) -> PathBuf {
    encoder.with_extension("answers.safetensors")
}

/// The file that says how the encoder in use answers; `None` when there is none.
///
/// # Errors
/// [`PackError`] when it cannot be read.
pub(super) fn bytes_of(pack: &Pack) -> Result<Option<Vec<u8>>, PackError> {
    if pack.has_own_encoder() {
        let Some(spec) = &pack.manifest().answers else { return Ok(None) };
        return tensors::read(pack, &spec.file, (MAX_BYTES / 4) as usize).map(Some);
    }
    let path = beside(pack.encoder_file().0);
    read_if_there(&path, &path.display().to_string())
}

fn read_if_there(path: &Path, name: &str) -> Result<Option<Vec<u8>>, PackError> {
    let io = |source| PackError::Io { action: "reading", source, path: path.to_owned() };
    match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io(e)),
        Ok(about) if about.len() > MAX_BYTES => {
            Err(PackError::TooLarge { file: name.into(), got: about.len(), limit: MAX_BYTES })
        }
        // A pipe or a device would never end.
        Ok(about) if !about.is_file() => {
            Err(io(std::io::Error::other("this is not a regular file")))
        }
        Ok(_) => std::fs::read(path).map(Some).map_err(io),
    }
}

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Linear in the embedding, with Gaussian noise: see [`Answers`].
    Linear,
    /// A posterior over a few classes: see [`super::classes`].
    Classes,
}

/// What the file says of itself beside the tensors.
pub(super) struct About {
    pub kind: Kind,
    encoder_sha256: String,
    pub source: String,
    pub simulated: bool,
}

impl About {
    pub fn read(bytes: &[u8], file: &str) -> Result<Self, PackError> {
        let (_, header) = SafeTensors::read_metadata(bytes)
            .map_err(|e| PackError::Safetensors { file: file.into(), why: e.to_string() })?;
        let said = header.metadata().clone().unwrap_or_default();
        let text = |key: &str| said.get(key).cloned().unwrap_or_default();
        let kind = match text("kind").as_str() {
            "" | "linear" => Kind::Linear,
            "classes" => Kind::Classes,
            other => {
                return Err(PackError::Tensor {
                    file: file.into(),
                    tensor: "kind (in the file's own words)".into(),
                    expected: "linear or classes".into(),
                    got: super::rules::shortened(other),
                });
            }
        };
        Ok(Self {
            kind,
            encoder_sha256: text("encoder_sha256"),
            source: super::rules::shortened(&text("source")),
            // What does not say that it comes from persons does not.
            simulated: said.get("simulated").is_none_or(|said| said != "false"),
        })
    }

    pub fn check_encoder(&self, file: &str, expected: &str) -> Result<(), PackError> {
        if self.encoder_sha256.eq_ignore_ascii_case(expected) {
            return Ok(());
        }
        Err(PackError::Tensor {
            file: file.into(),
            tensor: "encoder_sha256 (in the file's own words)".into(),
            expected: format!("{expected}, the encoder in use"),
            got: super::rules::shortened(&self.encoder_sha256),
        })
    }
}

pub(super) fn read(
    bytes: &[u8],
    file: &str,
    name: &str,
    shape: &[usize],
    because: &str,
) -> Result<Vec<f32>, PackError> {
    let found = tensors::values(bytes, file, &Wanted { name, shape, because })?;
    tensors::finite(file, name, found)
}

pub(super) fn check_symmetric(
    file: &str,
    name: &str,
    matrix: &[f32],
    size: usize,
) -> Result<(), PackError> {
    let largest = matrix.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    let apart = |at: usize| (matrix[at] - matrix[at % size * size + at / size]).abs();
    let Some(at) = (0..matrix.len()).find(|at| apart(*at) > MAX_ASYMMETRY * largest) else {
        return Ok(());
    };
    Err(PackError::Tensor {
        file: file.into(),
        tensor: name.into(),
        expected: "a symmetric matrix".into(),
        got: format!("{} at place {at}, which is not mirrored", matrix[at]),
    })
}

fn tail(bytes: &[u8], file: &str) -> Result<Option<f64>, PackError> {
    const NAME: &str = "tail";
    if !tensors::has(bytes, file, NAME)? {
        return Ok(None);
    }
    let value = read(bytes, file, NAME, &[1], "degrees of freedom")?[0];
    if (1.0..=1e6).contains(&value) {
        return Ok(Some(value.into()));
    }
    Err(PackError::Tensor {
        file: file.into(),
        tensor: NAME.into(),
        expected: "degrees of freedom from 1 to a million".into(),
        got: value.to_string(),
    })
}

pub(super) fn temperatures(bytes: &[u8], file: &str) -> Result<Vec<Temperature>, PackError> {
    const NAME: &str = "temperature";
    let wrong = |expected: &str, got: String| PackError::Tensor {
        file: file.into(),
        tensor: NAME.into(),
        expected: expected.into(),
        got,
    };
    let rows = tensors::shape_of(bytes, file, NAME)?.first().copied().unwrap_or_default();
    if !(1..=MAX_TEMPERATURES).contains(&rows) {
        return Err(wrong(&format!("from 1 to {MAX_TEMPERATURES} rows"), rows.to_string()));
    }
    let because = "rows of k, told, remembered, open";
    let values = read(bytes, file, NAME, &[rows, COLUMNS], because)?;
    let mut found: Vec<Temperature> = Vec::with_capacity(rows);
    for row in values.chunks_exact(COLUMNS) {
        let whole = row[0] >= 1.0 && row[0].fract() == 0.0 && row[0] < 1e6;
        let rising = found.last().is_none_or(|before| f64::from(row[0]) > f64::from(before.k));
        if !whole || !rising {
            return Err(wrong("whole numbers of trials in rising order", row[0].to_string()));
        }
        let [least, most] = TEMPERATURE_RANGE;
        if let Some(odd) = row[1..].iter().find(|t| !(least..=most).contains(*t)) {
            return Err(wrong(&format!("temperatures from {least} to {most}"), odd.to_string()));
        }
        let at = |column: usize| f64::from(row[column]);
        let k = row[0] as u32; // whole and below a million
        found.push(Temperature { k, told: at(1), remembered: at(2), open: at(3) });
    }
    Ok(found)
}
