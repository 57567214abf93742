//! BIDS: a recording among its sidecars, so that others can find and read it.
//!
//! Takes what was written ([`WriteHead`]) and what was found in the recording; gives a data set that the
//! official validator accepts. A data set may be there already: subjects are added, nothing is written over
//! but the list of participants, which keeps its rows. Source: bids-specification 1.10.

mod channels;
mod entities;
pub mod events;
pub mod import;
mod facts;
mod sidecars;
mod tables;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::survey::Survey;
use crate::formats::FormatError;
use crate::formats::recording::WriteHead;
use crate::signal::{Marker, MarkerEvent, StimulusSet};

pub use channels::with_table;
pub use entities::Entities;
pub use facts::Facts;

/// Where the files of one run are.
#[derive(Clone, Debug, PartialEq)]
pub struct Places {
    /// The signal: `sub-01/eeg/sub-01_task-viewing_eeg.bdf`.
    pub signal: PathBuf,
    /// The same without `_eeg.bdf`.
    pub stem: PathBuf,
    /// Without the task: what electrodes and coordinates belong to.
    pub head_stem: PathBuf,
    /// A copy of the original recording.
    pub original: PathBuf,
}

/// Where the files of a run go.
pub fn places(root: &Path, entities: &Entities, original: &Path) -> Places {
    let folder = root.join(entities.folder());
    let stem = folder.join(entities.stem());
    let ending = original.extension().and_then(|e| e.to_str()).unwrap_or("bin").to_lowercase();
    let source = root.join("sourcedata").join(entities.folder());
    Places {
        signal: folder.join(format!("{}_eeg.bdf", entities.stem())),
        head_stem: folder.join(entities.head_stem()),
        original: source.join(format!("{}_eeg.{ending}", entities.stem())),
        stem,
    }
}

/// Makes the folders of a run.
///
/// # Errors
/// [`FormatError::Io`].
pub fn make_folders(places: &Places) -> Result<(), FormatError> {
    for folder in [&places.signal, &places.original].into_iter().filter_map(|path| path.parent()) {
        let io =
            |source| FormatError::Io { action: "making the folder", source, path: folder.into() };
        fs::create_dir_all(folder).map_err(io)?;
    }
    Ok(())
}

/// Writes everything beside the signal.
///
/// # Errors
/// [`FormatError::Io`]; the participants' list of another hand that is not understood is
/// [`FormatError::Unusable`].
pub fn write_sidecars(
    root: &Path,
    entities: &Entities,
    places: &Places,
    head: &WriteHead,
    found: &Survey,
    facts: &Facts,
) -> Result<(), FormatError> {
    let beside = |suffix: &str| with_suffix(&places.stem, suffix);
    put_if_missing(&root.join("dataset_description.json"), &sidecars::dataset_description(head))?;
    put_if_missing(&root.join("README"), &sidecars::readme(head))?;
    put_if_missing(&root.join("participants.json"), &sidecars::participants_description())?;
    tables::add_participant(&root.join("participants.tsv"), &entities.participant())?;
    put(&beside("_eeg.json"), &sidecars::eeg(head, found, entities, facts))?;
    put(&beside("_channels.tsv"), &tables::channels(head))?;
    let pictures = StimulusSet::bundled().unwrap_or_default();
    keep_pictures(root, head, &pictures)?;
    put(&beside("_events.tsv"), &tables::events(head, &|id| pictures.row_of(id).is_some()))?;
    put(&beside("_events.json"), &sidecars::events_description())?;
    if let Some(electrodes) = tables::electrodes(head) {
        put_if_missing(&with_suffix(&places.head_stem, "_electrodes.tsv"), &electrodes)?;
        put_if_missing(
            &with_suffix(&places.head_stem, "_coordsystem.json"),
            &sidecars::coordinates(),
        )?;
    }
    Ok(())
}

/// The pictures that were shown, as far as they are of the bundled set, under stimuli/.
fn keep_pictures(root: &Path, head: &WriteHead, pictures: &StimulusSet) -> Result<(), FormatError> {
    let folder = root.join("stimuli");
    for event in &head.events {
        let marker = Marker::new(event.time_secs, &event.label);
        let MarkerEvent::StimulusOnset(id) = marker.event() else { continue };
        let Some(row) = pictures.row_of(id) else { continue };
        let io = |source| FormatError::Io {
            action: "keeping the pictures",
            source,
            path: folder.clone(),
        };
        fs::create_dir_all(&folder).map_err(io)?;
        // The name is the set's own, never the recording's.
        let picture = &pictures.stimuli[usize::from(row)];
        let path = folder.join(format!("{}.png", picture.id));
        if path.symlink_metadata().is_err() {
            fs::write(&path, &picture.png).map_err(io)?;
        }
    }
    Ok(())
}

/// Copies the original recording (a BrainVision recording's three files are one: only the one named is kept).
///
/// # Errors
/// [`FormatError::Io`].
pub fn keep_original(original: &Path, places: &Places) -> Result<(), FormatError> {
    let io = |source| FormatError::Io {
        action: "keeping the original",
        source,
        path: places.original.clone(),
    };
    let mut from = fs::File::open(original).map_err(io)?;
    let mut to =
        OpenOptions::new().write(true).create_new(true).open(&places.original).map_err(io)?;
    std::io::copy(&mut from, &mut to).map_err(io)?;
    to.sync_all().map_err(io)
}

fn with_suffix(stem: &Path, suffix: &str) -> PathBuf {
    let mut name = stem.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Writes a file that must not exist.
fn put(path: &Path, text: &str) -> Result<(), FormatError> {
    let io = |source| FormatError::Io { action: "writing", source, path: path.into() };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(io)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)
}

fn put_if_missing(path: &Path, text: &str) -> Result<(), FormatError> {
    if path.symlink_metadata().is_ok() { Ok(()) } else { put(path, text) }
}
