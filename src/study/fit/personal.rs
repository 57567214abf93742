//! A personal encoder from sessions: fitted, written, checked in ONNX Runtime.
//!
//! Takes sessions and a pack; leaves `encoder.onnx`, how it answers, and `fit.toml` in a folder, and writes over nothing. An encoder that
//! differs from the fit does not stay.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::calibrate::Personal;
use crate::calibrate::fit::options::FitOptions;
use crate::calibrate::fit::personal::{self, Method};
use crate::calibrate::onnx::own::linear_encoder;
use crate::calibrate::onnx::{Ends, personal_encoder};
use crate::calibrate::trials::split::Split;
use crate::decode::Pack;
use crate::decode::encoding::encoder::Encoder;
use crate::decode::session::Runtime;
use crate::pack::answers::Answers;
use crate::study::error::PersonalError;
use crate::study::files::write_new;
use crate::study::fit::answers::{self, AnswersFound};
use crate::study::trials::sessions::{RunRead, Sessions};
use crate::time::clock::{Clock, utc_now_iso8601};

/// Epochs on which the written graph is compared with the fit.
const COMPARED: usize = 32;

/// Farthest that they may be apart.
const TOLERANCE: f64 = 1e-4;

/// What was fitted and how, also the content of `fit.toml`.
#[derive(Clone, Debug, Serialize)]
pub struct FitDocument {
    /// 1.
    pub schema: u32,
    /// Program and version.
    pub program: String,
    /// When, UTC.
    pub created: String,
    /// Whether any signal came from no person.
    pub simulated: bool,
    /// Where `encoder.onnx` was written.
    pub encoder: String,
    /// SHA-256 of that file, in hexadecimal.
    pub encoder_sha256: String,
    /// Name of the pack that it was fitted to.
    pub pack: String,
    /// SHA-256 of that pack's pack.toml.
    pub pack_sha256: String,
    /// SHA-256 of the pack's own encoder.
    pub pack_encoder_sha256: String,
    /// Trials fitted to.
    pub trials: usize,
    /// Pictures among them.
    pub pictures: usize,
    /// What was left out where a choice was made.
    pub chosen_by: Split,
    /// Seed of divisions.
    pub seed: u64,
    /// Largest absolute difference between the fit's embeddings and the written graph's.
    pub largest_difference_in_onnx_runtime: f64,
    /// How long the fit took.
    pub fit_seconds: f64,
    /// What was cleaned before the epochs were cut: live signal must be cleaned alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cleaning: Option<String>,
    /// Which way it was found.
    pub method: Method,
    /// How surely it answers; absent where the trials were too few to say, so that there are no probabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<AnswersFound>,
    /// Recordings in the order read, with what was refused of each.
    pub runs: Vec<RunRead>,
}

/// How to fit.
#[derive(Clone, Copy, Debug)]
pub struct FitRequest<'a> {
    /// Where the files go.
    pub folder: &'a Path,
    /// What the inner cross-validation leaves out.
    pub inner: Split,
    /// Seed of divisions.
    pub seed: u64,
}

/// Fits and writes; also gives the pack with the new encoder in place of its own.
///
/// # Errors
/// [`PersonalError`]; nothing is left in the folder then.
pub fn fit_into(
    request: FitRequest<'_>,
    pack: Pack,
    runtime: &Runtime,
    sessions: &Sessions,
) -> Result<(FitDocument, Pack), PersonalError> {
    refuse_to_write_over(request.folder)?;
    let clock = Clock::system();
    let started_secs = clock.now_secs();
    let (inner, seed) = (request.inner, request.seed);
    let population = sessions.population.as_ref();
    let options =
        FitOptions { rate_hz: sessions.rate_hz, inner, with_pack: true, population, seed };
    let personal = personal::fit(&sessions.trials, &sessions.pictures, &options)
        .map_err(|e| PersonalError::Sessions(e.to_string()))?;
    let background = Answers::load(&pack)?;
    let how = (&personal, background.as_ref());
    let answers = answers::fit(&sessions.trials, &sessions.pictures, &options, how)
        .map_err(|e| PersonalError::Sessions(e.to_string()))?;
    let fit_seconds = clock.now_secs() - started_secs;
    let written = Written::new(request.folder, &pack, &personal)?;
    let (pack_with, difference) = written.checked(pack, runtime, sessions, &personal)?;
    if let Some((answers, found)) = &answers {
        let encoder = (written.path.as_path(), pack_with.encoder_sha256());
        written.unless(found.write(answers, encoder, sessions.simulated()))?;
    }
    let manifest = pack_with.manifest();
    let document = FitDocument {
        schema: 1,
        program: format!("phosphene {}", env!("CARGO_PKG_VERSION")),
        created: utc_now_iso8601(),
        simulated: sessions.simulated(),
        encoder: written.path.display().to_string(),
        encoder_sha256: pack_with.encoder_sha256().to_owned(),
        pack: manifest.name.clone(),
        pack_sha256: pack_with.sha256().to_owned(),
        pack_encoder_sha256: written.pack_encoder_sha256.clone(),
        trials: sessions.trials.len(),
        pictures: sessions.pictures.len(),
        chosen_by: inner,
        seed,
        largest_difference_in_onnx_runtime: difference,
        fit_seconds,
        cleaning: sessions.cleaning.words(),
        method: personal.method,
        answers: answers.map(|(_, found)| found),
        runs: sessions.runs.clone(),
    };
    let text = toml::to_string(&document)
        .map_err(|e| PersonalError::Unexpected(format!("fit.toml cannot be written: {e}")))?;
    // An encoder that nobody can tell the origin of does not stay.
    written.unless(write_new(&request.folder.join("fit.toml"), text.as_bytes()))?;
    Ok((document, pack_with))
}

/// The pack with an encoder fitted to these sessions for pictures that are not in them. Leaves nothing behind: it lives as
/// long as the folder that is given with it.
///
/// # Errors
/// [`PersonalError`].
pub fn fit_for_new_pictures(
    pack: Pack,
    runtime: &Runtime,
    sessions: &Sessions,
    seed: u64,
) -> Result<(Pack, tempfile::TempDir), PersonalError> {
    let folder = tempfile::tempdir()
        .map_err(|e| PersonalError::Output(format!("a temporary folder cannot be made: {e}")))?;
    let request = FitRequest { folder: folder.path(), inner: Split::Pictures, seed };
    let (_, pack) = fit_into(request, pack, runtime, sessions)?;
    Ok((pack, folder))
}

/// Refuses a folder that holds a fit.
///
/// # Errors
/// [`PersonalError::Output`].
pub fn refuse_to_write_over(folder: &Path) -> Result<(), PersonalError> {
    for name in ["encoder.onnx", answers::FILE, "fit.toml"] {
        let path = folder.join(name);
        if path.exists() {
            return Err(PersonalError::Output(format!(
                "there is a fit already, it is not written over. Give another folder with --out: {}",
                path.display()
            )));
        }
    }
    Ok(())
}

/// The encoder on disk.
struct Written {
    path: PathBuf,
    pack_encoder_sha256: String,
}

impl Written {
    fn new(folder: &Path, pack: &Pack, personal: &Personal) -> Result<Self, PersonalError> {
        let spec = &pack.manifest().encoder;
        let ends = Ends { input: &spec.input, output: &spec.output };
        let input = &pack.manifest().input;
        let shape = (input.channels.len(), input.samples());
        let graph = if personal.needs_pack() {
            let (own, _) = pack.encoder_file();
            let bytes = std::fs::read(own).map_err(|e| {
                let why = format!("the pack's encoder cannot be read ({e}): {}", own.display());
                PersonalError::Pack(why)
            })?;
            personal_encoder(&bytes, ends, personal)
                .map_err(|e| PersonalError::Pack(e.to_string()))?
        } else {
            linear_encoder(ends, shape, personal.signal.as_ref(), &personal.bias)
        };
        std::fs::create_dir_all(folder).map_err(|e| {
            PersonalError::Output(format!("the folder cannot be made ({e}): {}", folder.display()))
        })?;
        let path = folder.join("encoder.onnx");
        write_new(&path, &graph)?;
        Ok(Self { path, pack_encoder_sha256: pack.encoder_sha256().to_owned() })
    }

    /// What was done; where it failed, the encoder and its answers are taken back.
    fn unless(&self, outcome: Result<(), PersonalError>) -> Result<(), PersonalError> {
        if outcome.is_err() {
            let _ = std::fs::remove_file(&self.path);
            let _ = std::fs::remove_file(answers::beside(&self.path));
        }
        outcome
    }

    /// The pack with the new encoder and the largest difference between the fit and ONNX Runtime. An encoder that
    /// does not do what was fitted does not stay.
    fn checked(
        &self,
        pack: Pack,
        runtime: &Runtime,
        sessions: &Sessions,
        personal: &Personal,
    ) -> Result<(Pack, f64), PersonalError> {
        let outcome = (|| {
            let pack = pack.with_encoder(&self.path)?;
            let difference = difference(&pack, runtime, sessions, personal)?;
            if difference <= TOLERANCE {
                return Ok((pack, difference));
            }
            Err(PersonalError::Unexpected(format!(
                "the written encoder differs from the fit by {difference:.1e}, more than {TOLERANCE:.0e}; it was taken back"
            )))
        })();
        if outcome.is_err() {
            let _ = std::fs::remove_file(&self.path);
        }
        outcome
    }
}

fn difference(
    pack: &Pack,
    runtime: &Runtime,
    sessions: &Sessions,
    personal: &Personal,
) -> Result<f64, PersonalError> {
    let mut encoder = Encoder::load(pack, runtime)?;
    let trials = &sessions.trials;
    let mut embedding = vec![0.0_f32; encoder.dim()];
    let mut largest = 0.0_f64;
    for i in 0..trials.len().min(COMPARED) {
        encoder.encode(trials.epoch(i), &mut embedding)?;
        let answer: Vec<f64> = (0..encoder.dim()).map(|j| trials.zero_shot[(i, j)]).collect();
        let expected = personal.predict(trials.epoch(i), &answer);
        for (got, want) in embedding.iter().zip(expected) {
            largest = largest.max((f64::from(*got) - want).abs());
        }
    }
    Ok(largest)
}
