//! Recorded sessions as labelled trials: what fitting and scoring begin with.
//!
//! Takes recordings, or folders of them, and a pack; gives every usable epoch with its picture, run and session and with
//! what the pack's own encoder says of it. A folder is a session and its recordings are runs (test runs of a session held here are left out); a recording that is named
//! itself is a session of one run. Names in markers that the pack's gallery does not know are counted, not used.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use faer::Mat;
use serde::Serialize;

use super::epochs::{self, EpochOptions, Epochs};
pub use super::unusable::SessionError;
use crate::calibrate::fit::templates::Population;
use crate::calibrate::{CalibrationError, Pictures, Trial, Trials};
use crate::decode::Pack;
use crate::decode::encoding::encoder::Encoder;
use crate::decode::inference::gallery::Gallery;
use crate::decode::session::Runtime;
use crate::pack::verify::hash_file;
use crate::pipeline::cleaning::Cleaning;
use crate::pipeline::contract::InputContract;
use crate::signal::{Abstention, StimulusSet};
use crate::source::file::{FileSource, Speed};
use crate::source::mounted::{MountedSource, Mounting};
use crate::study::folder::{self, TEST_TASK, TIMING_ENDING, pictures};
use crate::study::trials::population;

/// Endings of files in a session's folder that are recordings.
const ENDINGS: [&str; 6] = ["xdf", "xdfz", "edf", "bdf", "vhdr", "csv"];

/// Largest gallery whose every picture may be chosen; of a larger one, those that were shown. Permutations look at
/// each choice of each trial.
pub const MOST_CHOICES: usize = 200;

/// Longest list of names in a message.
const NAMED: usize = 5;

/// One recording that was read.
#[derive(Clone, Debug, Serialize)]
pub struct RunRead {
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Session, from 0.
    pub session: usize,
    /// Epochs used.
    pub trials: usize,
    /// Onsets refused, by reason.
    pub refused: BTreeMap<Abstention, usize>,
    /// Onsets of pictures that the pack does not know.
    pub unknown: usize,
    /// Whether it says that no person made its signal.
    pub simulated: bool,
    /// How strongly a simulated wearer answers, in dB of signal to noise, where the recording says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snr_db: Option<f64>,
}

/// Everything that was read.
#[derive(Debug)]
pub struct Sessions {
    /// Labelled epochs of every session that was read.
    pub trials: Trials,
    /// Every picture that may be chosen: those that were shown first.
    pub pictures: Pictures,
    /// Sampling rate of the epochs.
    pub rate_hz: f64,
    /// What became of each recording.
    pub runs: Vec<RunRead>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// The pictures that are at hand: the bundled ones, and the sessions' own.
    pub stimuli: StimulusSet,
    /// What the pack knows of people's responses, if it does.
    pub population: Option<Population>,
    /// What was cleaned before the epochs were cut.
    pub cleaning: Cleaning,
}

impl Sessions {
    /// How many sessions there are.
    pub fn count(&self) -> usize {
        self.runs.iter().map(|run| run.session + 1).max().unwrap_or_default()
    }

    /// Whether any signal came from no person.
    pub fn simulated(&self) -> bool {
        self.runs.iter().any(|run| run.simulated)
    }
}

/// Which pictures a decoder chooses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choices {
    /// Those that were shown. A decoder that is fitted learns which those are: with others beside them, it would be
    /// above chance without having seen anything.
    Shown,
    /// The whole gallery, where it is not larger than [`MOST_CHOICES`]: for test runs, whose pictures no fit was
    /// calibrated with.
    Gallery,
}

/// Reads sessions; `on_progress` gets the number of the recording, their count, and seconds of signal.
///
/// # Errors
/// [`SessionError`].
pub fn load(
    given: &[PathBuf],
    pack: &Pack,
    runtime: &Runtime,
    on_progress: impl FnMut(usize, usize, f64),
) -> Result<Sessions, SessionError> {
    let how = (TestRuns::LeftOut, &Mounting::ByLabel);
    load_with(given, how, pack, &Cleaning::default(), runtime, on_progress)
}

/// Whether the test runs of sessions that were held here are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestRuns {
    /// No: their pictures must stay unknown to whatever is going to be scored on them.
    LeftOut,
    /// Yes: everything has been scored, and the more is known the better.
    Included,
}

/// As [`load`], with or without test runs, and with what is said of the channels' electrodes.
///
/// # Errors
/// [`SessionError`].
pub fn load_with(
    given: &[PathBuf],
    (test_runs, mounting): (TestRuns, &Mounting),
    pack: &Pack,
    cleaning: &Cleaning,
    runtime: &Runtime,
    on_progress: impl FnMut(usize, usize, f64),
) -> Result<Sessions, SessionError> {
    let files = recordings(given, test_runs)?;
    let how = (Choices::Shown, mounting);
    let mut sessions = load_files(&files, (pack, cleaning), runtime, how, on_progress)?;
    sessions.warnings =
        given.iter().filter_map(|path| folder::other_pack(path, pack.sha256())).collect();
    Ok(sessions)
}

/// Reads recordings as runs of one session.
///
/// # Errors
/// [`SessionError`].
pub fn load_as_one(
    files: &[PathBuf],
    pack: &Pack,
    cleaning: &Cleaning,
    runtime: &Runtime,
    choices: Choices,
    on_progress: impl FnMut(usize, usize, f64),
) -> Result<Sessions, SessionError> {
    let files: Vec<(usize, PathBuf)> = files.iter().map(|file| (0, file.clone())).collect();
    let how = (choices, &Mounting::ByLabel);
    load_files(&files, (pack, cleaning), runtime, how, on_progress)
}

fn load_files(
    files: &[(usize, PathBuf)],
    (pack, cleaning): (&Pack, &Cleaning),
    runtime: &Runtime,
    (choices, mounting): (Choices, &Mounting),
    mut on_progress: impl FnMut(usize, usize, f64),
) -> Result<Sessions, SessionError> {
    let contract = InputContract::of(pack.manifest()).with_cleaning(cleaning);
    let known = Known::load(pack, files)?;
    let asked = if known.ids.len() <= MOST_CHOICES { known.embeddings.as_slice() } else { &[] };
    let population = population::load(pack, asked)?;
    let mut encoder = Encoder::load(pack, runtime)?;
    let options = EpochOptions { name: &epochs::shown_picture, keep_artefacts: false };
    let mut gathered = Gathered::new(known, population, pack.manifest().dim());
    for (place, (session, path)) in files.iter().enumerate() {
        let source = FileSource::new(path.clone()).with_speed(Speed::Max);
        let mut source = MountedSource::new(Box::new(source), mounting.clone());
        let found = epochs::collect(&mut source, &contract, &options, |secs| {
            on_progress(place, files.len(), secs)
        })
        .map_err(|source| SessionError::Epochs { source, path: path.clone() })?;
        let (sha256, _) = hash_file(path, &path.display().to_string(), &AtomicBool::new(false))?;
        gathered.take(&found, *session, place, &mut encoder, path, sha256)?;
    }
    Ok(Sessions { cleaning: cleaning.clone(), ..gathered.finish(choices)? })
}

/// Every recording with the number of its session.
fn recordings(
    given: &[PathBuf],
    test_runs: TestRuns,
) -> Result<Vec<(usize, PathBuf)>, SessionError> {
    let mut files = Vec::new();
    for (session, path) in given.iter().enumerate() {
        if !path.is_dir() {
            files.push((session, path.clone()));
            continue;
        }
        let unreadable = |why: std::io::Error| SessionError::NoRecording {
            why: format!("the folder cannot be read ({why})"),
            path: path.clone(),
        };
        let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
            .map_err(unreadable)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|file| file.is_file() && is_recording(file) && !is_timing(file))
            .filter(|file| test_runs == TestRuns::Included || !is_test(file))
            .collect();
        inside.sort();
        if inside.is_empty() {
            let why = "no recording is in the folder. Give one that holds the session's .xdf files";
            return Err(SessionError::NoRecording { why: why.into(), path: path.clone() });
        }
        files.extend(inside.into_iter().map(|file| (session, file)));
    }
    Ok(files)
}

/// A test run of a session that this program held: its pictures must stay unknown to every fit that is going to be scored
/// on it. It is read where test runs are asked for, and where it is named itself.
fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains(TEST_TASK))
}

/// When a session's pictures were shown: a table, but no recording.
fn is_timing(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(TIMING_ENDING))
}

fn is_recording(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// The pictures whose place in the embedding space is known: the pack's gallery, and the sessions' own.
struct Known {
    ids: Vec<String>,
    /// `[ids, dim]`
    embeddings: Vec<f32>,
    dim: usize,
    /// The pictures themselves, as far as they are at hand.
    stimuli: StimulusSet,
}

impl Known {
    fn load(pack: &Pack, files: &[(usize, PathBuf)]) -> Result<Self, SessionError> {
        let gallery = Gallery::load(pack)?;
        let dim = pack.manifest().dim();
        let rows = 0..gallery.ids().len();
        let embeddings = rows.flat_map(|row| gallery.embedding(row).to_vec()).collect();
        let stimuli = StimulusSet::clone(&StimulusSet::bundled_or_none());
        let mut known = Self { ids: gallery.ids().to_vec(), embeddings, dim, stimuli };
        let folders: BTreeSet<&Path> = files.iter().filter_map(|(_, file)| file.parent()).collect();
        for folder in folders {
            let unusable = |why: String| SessionError::NoRecording { why, path: folder.into() };
            if let Some(own) = pictures::kept(folder).map_err(unusable)? {
                known.add(own).map_err(unusable)?;
            }
        }
        Ok(known)
    }

    fn add(&mut self, own: StimulusSet) -> Result<(), String> {
        if own.dim != self.dim {
            return Err(format!(
                "its own pictures are embedded in {} numbers, this pack has {}: it was held with another pack",
                own.dim, self.dim
            ));
        }
        for (row, stimulus) in own.stimuli.iter().enumerate() {
            match self.row_of(&stimulus.id) {
                Some(before) if self.embedding(before) == own.embedding(row) => {}
                Some(_) => {
                    return Err(format!(
                        "its picture '{}' is another one than that of the same name elsewhere",
                        stimulus.id
                    ));
                }
                None => {
                    self.ids.push(stimulus.id.clone());
                    self.embeddings.extend_from_slice(own.embedding(row));
                    self.stimuli.stimuli.push(stimulus.clone());
                    self.stimuli.embeddings.extend_from_slice(own.embedding(row));
                }
            }
        }
        Ok(())
    }

    fn row_of(&self, id: &str) -> Option<u16> {
        self.ids.iter().position(|own| own == id).and_then(|row| u16::try_from(row).ok())
    }

    fn embedding(&self, row: u16) -> &[f32] {
        let begin = usize::from(row) * self.dim;
        &self.embeddings[begin..begin + self.dim]
    }
}

struct Gathered {
    known: Known,
    population: Option<Population>,
    dim: usize,
    shape: Option<(usize, usize, f64)>,
    /// Gallery row and its place among the pictures shown.
    rows: Vec<u16>,
    about: Vec<Trial>,
    eeg: Vec<f32>,
    before: Vec<f32>,
    has_before: bool,
    answers: Vec<f32>,
    unknown: Vec<String>,
    runs: Vec<RunRead>,
}

impl Gathered {
    fn new(known: Known, population: Option<Population>, dim: usize) -> Self {
        Self {
            known,
            population,
            dim,
            shape: None,
            rows: Vec::new(),
            about: Vec::new(),
            eeg: Vec::new(),
            before: Vec::new(),
            has_before: true,
            answers: Vec::new(),
            unknown: Vec::new(),
            runs: Vec::new(),
        }
    }

    fn take(
        &mut self,
        found: &Epochs,
        session: usize,
        run: usize,
        encoder: &mut Encoder,
        path: &Path,
        sha256: String,
    ) -> Result<(), SessionError> {
        self.shape = Some((found.channels, found.samples, found.rate_hz));
        let (mut answer, mut unknown, used) = (vec![0.0; self.dim], 0, self.about.len());
        for epoch in &found.epochs {
            let Some(row) = self.known.row_of(&epoch.id) else {
                unknown += 1;
                if !self.unknown.contains(&epoch.id) {
                    self.unknown.push(epoch.id.clone());
                }
                continue;
            };
            let picture = self.picture(row);
            encoder.encode(&epoch.eeg_uv, &mut answer)?;
            self.answers.extend_from_slice(&answer);
            self.about.push(Trial { picture, run, session, onset_secs: epoch.onset_secs });
            self.eeg.extend_from_slice(&epoch.eeg_uv);
            match &epoch.before_uv {
                Some(before) => self.before.extend_from_slice(before),
                // A trial without its past is a trial of silence to that control.
                None => self.before.extend(std::iter::repeat_n(0.0, epoch.eeg_uv.len())),
            }
        }
        self.has_before &= found.epochs.iter().any(|epoch| epoch.before_uv.is_some());
        self.runs.push(RunRead {
            path: path.into(),
            sha256,
            session,
            trials: self.about.len() - used,
            refused: found.refused.clone(),
            unknown,
            simulated: found.source.simulated,
            snr_db: found.source.snr_db,
        });
        Ok(())
    }

    fn picture(&mut self, row: u16) -> usize {
        self.rows.iter().position(|known| *known == row).unwrap_or_else(|| {
            self.rows.push(row);
            self.rows.len() - 1
        })
    }

    fn finish(self, choices: Choices) -> Result<Sessions, SessionError> {
        let Some((channels, samples, rate_hz)) = self.shape.filter(|_| !self.about.is_empty())
        else {
            return Err(self.nothing().into());
        };
        let mut rows = self.rows;
        if choices == Choices::Gallery && self.known.ids.len() <= MOST_CHOICES {
            let others = (0..self.known.ids.len() as u16).filter(|row| !rows.contains(row));
            let others: Vec<u16> = others.collect();
            rows.extend(others);
        }
        let ids = rows.iter().map(|row| self.known.ids[usize::from(*row)].clone());
        let targets: Vec<f32> =
            rows.iter().flat_map(|row| self.known.embedding(*row)).copied().collect();
        let pictures = Pictures::new(ids.collect(), &targets, self.dim)?;
        let dim = self.dim;
        let zero_shot =
            Mat::from_fn(self.about.len(), dim, |i, j| f64::from(self.answers[i * dim + j]));
        let before = if self.has_before { self.before } else { Vec::new() };
        let trials =
            Trials { channels, samples, about: self.about, eeg: self.eeg, before, zero_shot };
        trials.check(&pictures)?;
        let (stimuli, population) = (self.known.stimuli, self.population);
        let (runs, warnings) = (self.runs, Vec::new());
        let cleaning = Cleaning::default();
        Ok(Sessions { trials, pictures, rate_hz, runs, warnings, stimuli, population, cleaning })
    }

    /// Why there is not a single trial.
    fn nothing(&self) -> CalibrationError {
        let refused: usize = self.runs.iter().flat_map(|run| run.refused.values()).sum();
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for (why, count) in self.runs.iter().flat_map(|run| &run.refused) {
            *reasons.entry(why.plain_words()).or_default() += count;
        }
        let remedy = if refused > 0 {
            let most = reasons.iter().max_by_key(|(_, count)| **count);
            let why = most.map_or("", |(why, _)| why);
            format!("All {refused} were refused by the artefact gate, most for this: {why}")
        } else if self.unknown.is_empty() {
            "There are no markers 'stim/<picture>'. Record the marker stream together with the EEG"
                .into()
        } else {
            let some = self.unknown.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            format!(
                "The markers name pictures that this pack's gallery does not have ({some}): was it recorded with another pack? Give that with --pack"
            )
        };
        CalibrationError::TooFew { got: 0, of: "in these sessions".into(), needed: 1, remedy }
    }
}
