//! A model pack for a few classes, fitted to recordings made elsewhere: used live like any other.
//!
//! Takes labelled trials, the table of what their markers mean and a pack; leaves a new pack in a folder: its input is the
//! recordings' own channels, rate, band and window, its encoder the classifier with the features that inner
//! cross-validation chose, its gallery one picture of the old pack for each class, and everything that paints is copied. An
//! encoder that differs from the fit does not stay.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use faer::Mat;
use safetensors::tensor::{Dtype, TensorView};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::class_answers;
use crate::calibrate::classes::left_out::{Sureness, left_out};
use crate::calibrate::classes::{Classifier, Kind, choose, posteriors};
use crate::calibrate::onnx::{Ends, own::class_encoder};
use crate::decode::encoding::encoder::Encoder;
use crate::decode::inference::judge::Judge;
use crate::decode::session::Runtime;
use crate::decode::{Gallery, Pack};
use crate::pack::credit::{Credit, Work};
use crate::pack::manifest::{AnswersSpec, GallerySpec, InputSpec, Manifest};
use crate::signal::Marker;
use crate::signal::marker::MarkerEvent;
use crate::study::error::PersonalError;
use crate::study::files::write_new;
use crate::study::trials::labelled::{Events, Labelled, LabelledRun};
use crate::study::trials::shuffled;
use crate::time::clock::utc_now_iso8601;
use crate::units::SampleRate;

/// Epochs on which the written graph is compared with the fit.
const COMPARED: usize = 32;

/// Farthest that they may be apart.
const TOLERANCE: f64 = 1e-4;

/// Seed of the null twins.
const SEED: u64 = 1;

/// File of the new gallery.
const GALLERY_FILE: &str = "gallery/embeddings.safetensors";

/// What was fitted and how, also the content of `fit.toml`.
#[derive(Clone, Debug, Serialize)]
pub struct ClassFit {
    /// 1.
    pub schema: u32,
    /// Program and version.
    pub program: String,
    /// When, UTC.
    pub created: String,
    /// Whether any signal came from no person.
    pub simulated: bool,
    /// Folder of the new pack.
    pub pack: String,
    /// Hash of its manifest.
    pub pack_sha256: String,
    /// Hash of its encoder.
    pub encoder_sha256: String,
    /// Hash of the pack that paints.
    pub built_from_sha256: String,
    /// Trials fitted to.
    pub trials: usize,
    /// The features that were chosen, and their ROC AUC in the cross-validation that chose them.
    pub features: Kind,
    /// See there.
    pub inner_auc: f64,
    /// By how much the scores were multiplied for posteriors as sure as they are right.
    pub sharpness: f64,
    /// Between the fit and the written graph.
    pub largest_difference_in_onnx_runtime: f64,
    /// Picture that stands for each class.
    pub pictures: BTreeMap<String, String>,
    /// What the markers mean.
    pub events: Events,
    /// The recordings.
    pub runs: Vec<LabelledRun>,
}

/// Fits and writes the pack.
///
/// # Errors
/// [`PersonalError`]; a folder that holds a pack is refused, and nothing of an encoder that fails stays.
pub fn fit_classes(
    folder: &Path,
    found: &Labelled,
    events: &Events,
    base: &Pack,
    runtime: &Runtime,
) -> Result<ClassFit, PersonalError> {
    refuse_to_write_over(folder)?;
    let bad = |e: crate::calibrate::CalibrationError| PersonalError::Sessions(e.to_string());
    let (trials, classes, rate_hz) = (&found.trials, found.classes.len(), found.rate_hz);
    let (features, inner_auc) = choose(trials, classes, rate_hz).map_err(bad)?;
    let twins = shuffled::twins(trials, shuffled::From::Others, SEED);
    let left_out = left_out(features, (trials, twins.as_ref()), classes, rate_hz).map_err(bad)?;
    let sharpness = left_out.sharpness();
    let sureness = left_out.sureness(sharpness);
    let fitted = Classifier::fit(features, trials, classes, rate_hz).map_err(bad)?;
    let shown = Shown::of(found, events, base)?;
    let fitted = Fitted { classifier: &fitted, sharpness, sureness: sureness.as_ref() };
    let made = write(folder, found, events, base, fitted, &shown);
    let checked = made.and_then(|()| checked(folder, found, fitted, &shown, runtime));
    let (pack, difference) = match checked {
        Ok(checked) => checked,
        Err(why) => {
            // The folder was not there, or empty of a pack, before.
            let _ = std::fs::remove_file(folder.join("pack.toml"));
            let _ = std::fs::remove_file(folder.join("encoder.onnx"));
            let _ = std::fs::remove_file(folder.join(class_answers::FILE));
            return Err(why);
        }
    };
    let document = ClassFit {
        schema: 1,
        program: format!("phosphene {}", env!("CARGO_PKG_VERSION")),
        created: utc_now_iso8601(),
        simulated: found.simulated(),
        pack: folder.display().to_string(),
        pack_sha256: pack.sha256().to_owned(),
        encoder_sha256: pack.encoder_sha256().to_owned(),
        built_from_sha256: base.sha256().to_owned(),
        trials: trials.len(),
        features,
        inner_auc,
        sharpness,
        largest_difference_in_onnx_runtime: difference,
        pictures: found.classes.iter().cloned().zip(shown.ids.iter().cloned()).collect(),
        events: events.clone(),
        runs: found.runs.clone(),
    };
    let text = toml::to_string(&document)
        .map_err(|e| PersonalError::Unexpected(format!("fit.toml cannot be written: {e}")))?;
    write_new(&folder.join("fit.toml"), text.as_bytes())?;
    Ok(document)
}

/// Refuses a folder that holds a pack.
///
/// # Errors
/// [`PersonalError::Output`].
pub fn refuse_to_write_over(folder: &Path) -> Result<(), PersonalError> {
    if folder.join("pack.toml").exists() {
        return Err(PersonalError::Output(format!(
            "there is a pack already, it is not written over. Give another folder with --out: {}",
            folder.display()
        )));
    }
    Ok(())
}

/// What goes into the encoder.
#[derive(Clone, Copy)]
struct Fitted<'a> {
    classifier: &'a Classifier,
    sharpness: f64,
    /// How surely it answers; `None` where no trial has another far enough away for a null twin.
    sureness: Option<&'a Sureness>,
}

/// The picture that stands for each class.
struct Shown {
    ids: Vec<String>,
    /// `[classes, dim]`
    embeddings: Mat<f64>,
}

impl Shown {
    fn of(found: &Labelled, events: &Events, base: &Pack) -> Result<Self, PersonalError> {
        let gallery = Gallery::load(base)?;
        let spec = &base.manifest().gallery;
        let row_of = |name: &str| {
            let same = |other: &String| other.eq_ignore_ascii_case(name);
            spec.ids.iter().position(same).or_else(|| spec.labels.iter().position(same))
        };
        let mut rows = Vec::new();
        for class in &found.classes {
            let name = events.pictures.get(class).unwrap_or(class);
            let row = row_of(name).ok_or_else(|| {
                PersonalError::Sessions(format!(
                    "no picture of the pack's gallery is called '{name}': say in the table's [pictures] which one stands for the class '{class}'. There are {}",
                    spec.ids.join(", ")
                ))
            })?;
            if rows.contains(&row) {
                return Err(PersonalError::Sessions(format!(
                    "the picture '{}' stands for two classes",
                    spec.ids[row]
                )));
            }
            rows.push(row);
        }
        let dim = base.manifest().dim();
        let value = |i: usize, j: usize| f64::from(gallery.embedding(rows[i])[j]);
        Ok(Self {
            ids: rows.iter().map(|row| spec.ids[*row].clone()).collect(),
            embeddings: Mat::from_fn(rows.len(), dim, value),
        })
    }
}

/// Writes every file of the pack.
fn write(
    folder: &Path,
    found: &Labelled,
    events: &Events,
    base: &Pack,
    fitted: Fitted<'_>,
    shown: &Shown,
) -> Result<(), PersonalError> {
    let manifest = base.manifest();
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for file in manifest.files.keys().filter(|file| !is_left(manifest, file)) {
        let path = base.path(file)?;
        let bytes = std::fs::read(&path).map_err(|e| {
            PersonalError::Pack(format!("it cannot be read ({e}): {}", path.display()))
        })?;
        files.insert(file.clone(), bytes);
    }
    let ends = Ends { input: &manifest.encoder.input, output: &manifest.encoder.output };
    let shape = (found.trials.channels, found.trials.samples);
    let scores = fitted.classifier.additive().scaled(fitted.sharpness);
    let graph = class_encoder(ends, shape, &scores, shown.embeddings.as_ref());
    if let Some(sureness) = fitted.sureness {
        let (encoder, trials) = (hex(&graph), found.trials.len());
        let bytes = class_answers::bytes(sureness, (&encoder, trials), found.simulated())?;
        files.insert(class_answers::FILE.into(), bytes);
    }
    files.insert("encoder.onnx".into(), graph);
    files.insert(GALLERY_FILE.into(), gallery_file(manifest, shown)?);
    let text = toml::to_string(&new_manifest(manifest, found, events, shown, &files)?)
        .map_err(|e| PersonalError::Unexpected(format!("pack.toml cannot be written: {e}")))?;
    for (file, bytes) in &files {
        let path: PathBuf = folder.join(file);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|e| {
                let why = format!("the folder cannot be made ({e}): {}", parent.display());
                PersonalError::Output(why)
            })?;
        }
        write_new(&path, bytes)?;
    }
    write_new(&folder.join("pack.toml"), text.as_bytes())
}

/// Files of the old pack that say nothing of these classes: its encoder and how that answers, its pictures and what they
/// evoke.
fn is_left(base: &Manifest, file: &str) -> bool {
    let left = [
        Some(&base.encoder.file),
        Some(&base.gallery.embeddings),
        base.responses.as_ref().map(|responses| &responses.file),
        base.answers.as_ref().map(|answers| &answers.file),
        base.remembered.as_ref().map(|remembered| &remembered.embeddings),
    ];
    left.into_iter().flatten().any(|left| left == file)
}

fn gallery_file(manifest: &Manifest, shown: &Shown) -> Result<Vec<u8>, PersonalError> {
    let (rows, dim) = (shown.embeddings.nrows(), shown.embeddings.ncols());
    let values = (0..rows).flat_map(|i| (0..dim).map(move |j| (i, j)));
    let bytes: Vec<u8> =
        values.flat_map(|(i, j)| (shown.embeddings[(i, j)] as f32).to_le_bytes()).collect();
    let wrong = |e: safetensors::SafeTensorError| PersonalError::Unexpected(e.to_string());
    let view = TensorView::new(Dtype::F32, vec![rows, dim], &bytes).map_err(wrong)?;
    safetensors::serialize([(manifest.gallery.tensor.as_str(), view)], None).map_err(wrong)
}

/// The pictures of a class, as far as its markers name pictures.
fn members(events: &Events, class: &str) -> Vec<String> {
    let markers = events.classes.get(class).map(Vec::as_slice).unwrap_or_default();
    let name = |label: &String| match Marker::new(0.0, label).event() {
        MarkerEvent::StimulusOnset(id) => Some(id.to_owned()),
        _ => None,
    };
    markers.iter().filter_map(name).collect()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn new_manifest(
    base: &Manifest,
    found: &Labelled,
    events: &Events,
    shown: &Shown,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<Manifest, PersonalError> {
    let signal = &events.signal;
    let mut manifest = base.clone();
    manifest.name = format!("{}-classes", base.name);
    manifest.description = format!(
        "{} told apart by a classifier fitted to {} recordings; painted by {}.",
        found.classes.join(", "),
        found.runs.len(),
        base.name
    );
    manifest.simulated_training = found.simulated();
    manifest.files = files.iter().map(|(file, bytes)| (file.clone(), hex(bytes))).collect();
    manifest.input = InputSpec {
        channels: found.channels.clone(),
        sample_rate_hz: SampleRate::new(found.rate_hz)
            .map_err(|e| PersonalError::Sessions(e.to_string()))?,
        window_secs: signal.window_secs,
        baseline_secs: signal.baseline_secs,
        band_hz: signal.band_hz,
        band_order: 4,
        notch_hz: signal.notch_hz,
        reference: "none".into(),
        normalisation: "none".into(),
        unit: "uV".into(),
    };
    manifest.encoder.file = "encoder.onnx".into();
    (manifest.embedding.sureness, manifest.responses) = (None, None);
    let answers = files.contains_key(class_answers::FILE);
    manifest.answers = answers.then(|| AnswersSpec { file: class_answers::FILE.into() });
    manifest.remembered = None;
    manifest.gallery = GallerySpec {
        embeddings: GALLERY_FILE.into(),
        tensor: base.gallery.tensor.clone(),
        ids: shown.ids.clone(),
        labels: found.classes.clone(),
        members: found.classes.iter().map(|class| members(events, class)).collect(),
    };
    // What was measured with the other encoder says nothing of this one.
    (manifest.quality, manifest.expected) = (None, None);
    manifest.credits = credits(base, found, files);
    Ok(manifest)
}

/// The old credits, with the encoder's own in place of the pack's.
fn credits(base: &Manifest, found: &Labelled, files: &BTreeMap<String, Vec<u8>>) -> Vec<Credit> {
    let mut credits = base.credits.clone();
    for credit in &mut credits {
        let renamed = |file: &mut String| {
            if *file == base.gallery.embeddings {
                *file = GALLERY_FILE.into();
            }
        };
        credit.covers.retain(|file| *file == base.gallery.embeddings || !is_left(base, file));
        credit.covers.iter_mut().for_each(renamed);
    }
    credits.retain(|credit| !credit.covers.is_empty());
    if !base.credits.is_empty() {
        let any_text = |credit: &Credit| {
            credit.licence_files.iter().find(|file| files.contains_key(*file)).cloned()
        };
        credits.push(Credit {
            what: Work::Recordings,
            title: format!("{} recordings, fitted to", found.runs.len()),
            author: "the owner of the recordings".into(),
            source: "phosphene fit --events".into(),
            licence: "LicenseRef-private".into(),
            licence_files: base.credits.iter().find_map(any_text).into_iter().collect(),
            covers: ["encoder.onnx", class_answers::FILE]
                .map(String::from)
                .into_iter()
                .filter(|file| files.contains_key(file))
                .collect(),
        });
    }
    credits
}

/// The pack as it reads back, and the largest difference between fit and graph.
fn checked(
    folder: &Path,
    found: &Labelled,
    fitted: Fitted<'_>,
    shown: &Shown,
    runtime: &Runtime,
) -> Result<(Pack, f64), PersonalError> {
    let pack = Pack::open(folder)?;
    Judge::load(&pack, &Gallery::load(&pack)?, SEED)?;
    let mut encoder = Encoder::load(&pack, runtime)?;
    let mut embedding = vec![0.0_f32; encoder.dim()];
    let mut largest = 0.0_f64;
    let compared: Vec<usize> = (0..found.trials.len().min(COMPARED)).collect();
    let some = found.trials.at(&compared);
    let scores =
        fitted.classifier.scores(&some).map_err(|e| PersonalError::Sessions(e.to_string()))?;
    let wanted = posteriors(&scores, fitted.sharpness) * &shown.embeddings;
    for i in compared {
        encoder.encode(some.epoch(i), &mut embedding)?;
        for (j, got) in embedding.iter().enumerate() {
            largest = largest.max((f64::from(*got) - wanted[(i, j)]).abs());
        }
    }
    if largest <= TOLERANCE {
        return Ok((pack, largest));
    }
    Err(PersonalError::Unexpected(format!(
        "the written encoder differs from the fit by {largest:.1e}, more than {TOLERANCE:.0e}; it was taken back"
    )))
}
