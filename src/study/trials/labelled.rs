//! Recordings made elsewhere as labelled trials: a table says which marker means which class.
//!
//! Takes recordings, each a run, and a table ([`Events`]); gives epochs through the same causal signal path as live, with
//! the band and window that the table asks for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use faer::Mat;
use serde::{Deserialize, Serialize};

use super::epochs::{self, EpochOptions};
use super::sessions::SessionError;
use crate::calibrate::{CalibrationError, Trial, Trials};
use crate::dsp::reference::Reference;
use crate::exchange::bids::import;
use crate::formats::FormatError;
use crate::pipeline::cleaning::Cleaning;
use crate::pipeline::contract::InputContract;
use crate::signal::marker::MAX_LABEL_BYTES;
use crate::signal::{Abstention, Marker};
use crate::source::file::{FileSource, Speed};
use crate::source::mounted::{MountedSource, Mounting};

/// Classes at most.
const MAX_CLASSES: usize = 10;

/// Largest table, in bytes: ten classes with all their markers take a few KiB.
const MAX_BYTES: u64 = 1 << 20;

/// What markers mean, and what to cut.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// 1.
    pub schema: u32,
    /// Markers of each class, in the order of the table's names.
    pub classes: BTreeMap<String, Vec<String>>,
    /// Which picture of the pack's gallery stands for a class when it is fitted: by id or label. A class that is named
    /// like a picture needs no entry.
    #[serde(default)]
    pub pictures: BTreeMap<String, String>,
    /// How epochs are cut and filtered.
    #[serde(default)]
    pub signal: SignalSpec,
}

/// Which signal, and how it is cut.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignalSpec {
    /// Channels by name; none means all.
    pub channels: Vec<String>,
    /// Relative to the marker, in seconds.
    pub window_secs: [f64; 2],
    /// Its mean is taken away.
    pub baseline_secs: Option<[f64; 2]>,
    /// Causal band-pass.
    pub band_hz: [f64; 2],
    /// Mains notch; 0 is none.
    pub notch_hz: f64,
    /// Largest peak-to-peak of any channel in an epoch; 0 is none.
    pub reject_uv: f32,
    /// Where times come from.
    pub stamps: Stamps,
}

impl Default for SignalSpec {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            window_secs: [0.0, 0.8],
            baseline_secs: None,
            band_hz: [1.0, 30.0],
            notch_hz: 0.0,
            reject_uv: 0.0,
            stamps: Stamps::Recorded,
        }
    }
}

/// Where the times of samples come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stamps {
    /// From the file.
    Recorded,
    /// From their number, at the nominal rate.
    Counted,
}

/// What was read.
#[derive(Debug)]
pub struct Labelled {
    /// Trials; `picture` is the class.
    pub trials: Trials,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Sampling rate of the epochs.
    pub rate_hz: f64,
    /// Channels of the epochs.
    pub channels: Vec<String>,
    /// What became of each recording.
    pub runs: Vec<LabelledRun>,
}

impl Labelled {
    /// Whether any signal came from no person.
    pub fn simulated(&self) -> bool {
        self.runs.iter().any(|run| run.simulated)
    }
}

/// One recording.
#[derive(Clone, Debug, Serialize)]
pub struct LabelledRun {
    /// The file.
    pub path: PathBuf,
    /// Epochs used of each class.
    pub trials: BTreeMap<String, usize>,
    /// Epochs left out for their size.
    pub too_large: usize,
    /// Others, by reason.
    pub refused: BTreeMap<Abstention, usize>,
    /// Whether it says that no person made its signal.
    pub simulated: bool,
    /// What was odd about its table of events.
    pub notes: Vec<String>,
}

impl Events {
    /// Reads a table.
    ///
    /// # Errors
    /// What is wrong with it, with line and key.
    pub fn read(path: &Path) -> Result<Self, String> {
        let said =
            |why: String| format!("{why}. See calibration/events-example.toml: {}", path.display());
        let size =
            std::fs::metadata(path).map_err(|e| said(format!("the table cannot be read ({e})")))?;
        if size.len() > MAX_BYTES {
            return Err(said(format!(
                "the table has {} bytes, at most {MAX_BYTES} are read",
                size.len()
            )));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|e| said(format!("the table cannot be read ({e})")))?;
        let events: Self =
            toml::from_str(&text).map_err(|e| said(format!("the table is not understood: {e}")))?;
        events.check().map_err(said)?;
        Ok(events)
    }

    fn check(&self) -> Result<(), String> {
        let SignalSpec { window_secs: [begin, end], band_hz: [low, high], .. } = self.signal;
        if self.schema != 1 {
            return Err(format!("schema is {}, this program knows 1", self.schema));
        }
        if !(2..=MAX_CLASSES).contains(&self.classes.len()) {
            return Err(format!(
                "there are {} classes; 2 to {MAX_CLASSES} can be told apart",
                self.classes.len()
            ));
        }
        if !(begin.is_finite() && end - begin >= 0.05 && end - begin <= 10.0) {
            return Err(format!(
                "signal.window_secs is [{begin}, {end}]; 0.05 to 10 s long is possible"
            ));
        }
        if !(low > 0.0 && high > low) {
            return Err(format!(
                "signal.band_hz is [{low}, {high}]; the first must be above 0 and below the second"
            ));
        }
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for (class, markers) in &self.classes {
            for marker in markers {
                if marker.len() > MAX_LABEL_BYTES {
                    return Err(format!(
                        "the marker '{marker}' has more than {MAX_LABEL_BYTES} bytes, which are cut"
                    ));
                }
                if let Some(other) = seen.insert(marker, class) {
                    return Err(format!(
                        "the marker '{marker}' stands for {other} and for {class}"
                    ));
                }
            }
        }
        Ok(())
    }

    fn class_of(&self, marker: &Marker) -> Option<String> {
        let is_own = |markers: &Vec<String>| markers.iter().any(|own| own == marker.label());
        self.classes.iter().find(|(_, markers)| is_own(markers)).map(|(class, _)| class.clone())
    }

    fn contract(&self) -> InputContract {
        InputContract {
            channels: self.signal.channels.clone(),
            rate: None,
            window_secs: self.signal.window_secs,
            baseline_secs: self.signal.baseline_secs,
            band_hz: self.signal.band_hz,
            band_order: 4,
            notch_hz: (self.signal.notch_hz > 0.0).then_some(self.signal.notch_hz),
            reference: Reference::None,
            power: None,
            own_channels_only: false,
            cleaning: Cleaning::default(),
        }
    }
}

/// Reads recordings, each a run, whose channels are the electrodes that this says.
///
/// # Errors
/// [`SessionError`].
pub fn load(
    files: &[PathBuf],
    events: &Events,
    mounting: &Mounting,
    mut on_progress: impl FnMut(usize, usize, f64),
) -> Result<Labelled, SessionError> {
    let classes: Vec<String> = events.classes.keys().cloned().collect();
    let (contract, options) = (
        events.contract(),
        EpochOptions { name: &|marker| events.class_of(marker), keep_artefacts: true },
    );
    let (mut about, mut eeg, mut before, mut runs) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut shape: Option<(usize, usize, f64)> = None;
    let mut labels: Vec<String> = Vec::new();
    let files = recordings(files)?;
    let meanings: Vec<Vec<String>> = events.classes.values().cloned().collect();
    for (run, path) in files.iter().enumerate() {
        let mut source = FileSource::new(path.clone()).with_speed(Speed::Max);
        let mut notes = Vec::new();
        let unusable = |why: FormatError| SessionError::NoRecording {
            why: format!("its table of events cannot be used: {why}"),
            path: path.clone(),
        };
        if let Some(table) = import::table_beside(path).map_err(unusable)? {
            source = source.with_events(table.events(&meanings, &mut notes).map_err(unusable)?);
        }
        if events.signal.stamps == Stamps::Counted {
            source = source.with_counted_stamps();
        }
        let mut source = MountedSource::new(Box::new(source), mounting.clone());
        let progress = |secs: f64| on_progress(run, files.len(), secs);
        let found = epochs::collect(&mut source, &contract, &options, progress)
            .map_err(|source| SessionError::Epochs { source, path: path.clone() })?;
        let own = (found.channels, found.samples, found.rate_hz);
        if *shape.get_or_insert(own) != own {
            let why = format!(
                "{} channels and {} samples at {} Hz here, others in the recordings before: name the channels in the table",
                own.0, own.1, own.2
            );
            return Err(SessionError::NoRecording { why, path: path.clone() });
        }
        if labels.is_empty() {
            labels = if contract.channels.is_empty() {
                found.source.channels.clone()
            } else {
                contract.channels.clone()
            };
        }
        let mut read = LabelledRun {
            path: path.clone(),
            trials: BTreeMap::new(),
            too_large: 0,
            refused: found.refused,
            simulated: found.source.simulated,
            notes,
        };
        for epoch in found.epochs {
            let Some(class) = classes.iter().position(|class| *class == epoch.id) else { continue };
            if is_too_large(&epoch.eeg_uv, found.samples, events.signal.reject_uv) {
                read.too_large += 1;
                continue;
            }
            *read.trials.entry(epoch.id).or_default() += 1;
            about.push(Trial { picture: class, run, session: run, onset_secs: epoch.onset_secs });
            before.extend(epoch.before_uv.unwrap_or_else(|| vec![0.0; epoch.eeg_uv.len()]));
            eeg.extend(epoch.eeg_uv);
        }
        runs.push(read);
    }
    let Some((channels, samples, rate_hz)) = shape.filter(|_| !about.is_empty()) else {
        return Err(nothing(&runs).into());
    };
    let zero_shot = Mat::zeros(about.len(), 1);
    let trials = Trials { channels, samples, about, eeg, before, zero_shot };
    Ok(Labelled { trials, classes, rate_hz, channels: labels, runs })
}

/// Recordings as they are named, and those of every BIDS data set, or part of one, among them.
fn recordings(given: &[PathBuf]) -> Result<Vec<PathBuf>, SessionError> {
    let mut all = Vec::new();
    for path in given {
        if !path.is_dir() {
            all.push(path.clone());
            continue;
        }
        let refused = |why: String| SessionError::NoRecording { why, path: path.clone() };
        match import::recordings(path).map_err(|e| refused(e.to_string()))? {
            Some(found) => all.extend(found),
            None => {
                let why = "it is a folder but no BIDS data set: name the recordings themselves";
                return Err(refused(why.into()));
            }
        }
    }
    Ok(all)
}

/// Why there is not a single trial.
fn nothing(runs: &[LabelledRun]) -> CalibrationError {
    let too_large: usize = runs.iter().map(|run| run.too_large).sum();
    let refused: usize = runs.iter().flat_map(|run| run.refused.values()).sum();
    let remedy = match (too_large, refused) {
        (0, 0) => {
            "None of their markers is in the table: `phosphene inspect` lists what there is".into()
        }
        (large, _) if large >= refused => format!(
            "All {large} epochs are larger than signal.reject_uv: see the unit with `phosphene inspect`, or allow more"
        ),
        _ => format!("All {refused} epochs were refused: their signal is broken or cut off"),
    };
    CalibrationError::TooFew { got: 0, of: "in these recordings".into(), needed: 1, remedy }
}

fn is_too_large(eeg_uv: &[f32], samples: usize, limit_uv: f32) -> bool {
    limit_uv > 0.0
        && eeg_uv.chunks(samples.max(1)).any(|channel| {
            let most = channel.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let least = channel.iter().copied().fold(f32::INFINITY, f32::min);
            most - least > limit_uv
        })
}
