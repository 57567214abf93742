//! BIDS: a data set as recordings, and the table of events beside each.
//!
//! Takes a folder or a recording; gives the EEG recordings below the folder in the order of their
//! names, and the table of events that belongs to a recording by the inheritance principle: the
//! nearest folder first, in it the name with the most entities. Guarantees that nothing outside the
//! data set is read, that depth, number and size are bounded, and that every recording is given or
//! refused with its path: one that is passed over would change a score and nobody would see it.
//! Source: bids-specification 1.10.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::events::{EventTable, parse, unusable};
use crate::formats::FormatError;
use crate::formats::recording::Event;

/// Endings of the recordings that are read.
const ENDINGS: [&str; 4] = ["edf", "bdf", "vhdr", "set"];

/// Endings of the tables of events and of channels.
const EVENTS: &str = "events.tsv";
const CHANNELS: &str = "channels.tsv";

/// Folders below the one that was given; a data set has three.
const MAX_DEPTH: usize = 5;

/// Recordings of a data set at most.
const MAX_RECORDINGS: usize = 10_000;

/// Largest table of events, in bytes.
const MAX_TABLE_BYTES: u64 = 64 << 20;

/// The EEG recordings of a data set, or of the subject, session or `eeg` folder that is given;
/// `None` where the folder is none of these, or is no folder.
///
/// # Errors
/// [`FormatError::Io`]; [`FormatError::Unusable`] when there is none, when there are more than
/// 10 000, and when one cannot be read: a link out of the data set, to nothing or to a folder, a run
/// that is there twice.
pub fn recordings(path: &Path) -> Result<Option<Vec<PathBuf>>, FormatError> {
    if !path.is_dir() {
        return Ok(None);
    }
    let folder = canonical(path)?;
    let mut walk = Walk { root: root_of(&folder), found: Vec::new() };
    walk.folder(path, name_of(&folder) == "eeg", 0)?;
    let Walk { mut found, .. } = walk;
    if found.is_empty() {
        let is_root = path.join("dataset_description.json").symlink_metadata().is_ok();
        let why =
            format!("no _eeg.edf, _eeg.bdf, _eeg.vhdr or _eeg.set is in it: {}", path.display());
        return if is_root { Err(unusable(why)) } else { Ok(None) };
    }
    found.sort();
    refuse_twins(&found)?;
    Ok(Some(found))
}

/// The events of a recording by the table that belongs to it, in the order of time; zero is the
/// first sample. `None` where there is no such table. [`table_beside`] has all columns.
///
/// # Errors
/// As [`table_beside`].
pub fn events_beside(recording: &Path) -> Result<Option<Vec<Event>>, FormatError> {
    let table = table_beside(recording)?;
    table.map(|table| table.events(&[], &mut Vec::new())).transpose()
}

/// The table of events that belongs to a recording; `None` where there is none or the recording is
/// not named as BIDS has it.
///
/// # Errors
/// [`FormatError::Io`], [`FormatError::Unusable`] when two tables apply equally or one is too
/// large, and those of [`parse`].
pub fn table_beside(recording: &Path) -> Result<Option<EventTable>, FormatError> {
    let Some(path) = beside(recording, EVENTS)? else { return Ok(None) };
    parse(&read_bounded(&path)?, &path).map(Some)
}

/// The text of a recording's table of channels; `None` where there is none.
///
/// # Errors
/// As [`table_beside`], without those of [`parse`].
pub(super) fn channels_beside(recording: &Path) -> Result<Option<String>, FormatError> {
    let Some(path) = beside(recording, CHANNELS)? else { return Ok(None) };
    Ok(Some(String::from_utf8_lossy(&read_bounded(&path)?).into_owned()))
}

/// The table with this ending that belongs to a recording.
fn beside(recording: &Path, table: &str) -> Result<Option<PathBuf>, FormatError> {
    let stem = recording.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    let is_bids = |own: &BTreeSet<&str>| own.iter().any(|entity| entity.starts_with("sub-"));
    let Some(own) = entities(stem, "eeg").filter(is_bids) else { return Ok(None) };
    let around = recording.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = canonical(around.unwrap_or(Path::new(".")))?;
    for level in levels(&folder) {
        if let Some(path) = table_in(level, &own, table)? {
            refuse_outside(&path, &root_of(&folder))?;
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Goes through the folders of a data set.
struct Walk {
    /// Links may lead no further; canonical.
    root: PathBuf,
    found: Vec<PathBuf>,
}

impl Walk {
    /// Enters only what the layout knows: so sourcedata, derivatives, code, stimuli and the store
    /// of git-annex are passed by.
    fn folder(&mut self, folder: &Path, is_eeg: bool, depth: usize) -> Result<(), FormatError> {
        let io = |source| reading(folder, source);
        for entry in fs::read_dir(folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            let kind = entry.file_type().map_err(io)?;
            // Every name of BIDS is ASCII.
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            if kind.is_dir() && depth < MAX_DEPTH && is_layout(name) {
                self.folder(&entry.path(), name == "eeg", depth + 1)?;
            } else if kind.is_symlink() && is_layout(name) && entry.path().is_dir() {
                // It might lead in a circle.
                let why = "links to folders are not followed: name the folder it leads to";
                return Err(unusable(format!("{why}: {}", entry.path().display())));
            } else if is_eeg && (kind.is_file() || kind.is_symlink()) {
                self.file(entry.path(), name)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf, name: &str) -> Result<(), FormatError> {
        let Some((stem, ending)) = name.rsplit_once('.') else { return Ok(()) };
        // What begins otherwise is no recording: macOS leaves `._sub-01_eeg.edf` on foreign disks.
        if !(stem.starts_with("sub-") && stem.ends_with("_eeg")) {
            return Ok(());
        }
        if !ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)) {
            return Ok(());
        }
        refuse_outside(&path, &self.root)?;
        if self.found.len() == MAX_RECORDINGS {
            let why = "there are more than 10 000 recordings: name the subjects to be read";
            return Err(unusable(format!("{why}: {}", self.root.display())));
        }
        self.found.push(path);
        Ok(())
    }
}

/// A run that is there in two formats would stand on both sides of a division into training and
/// test.
fn refuse_twins(sorted: &[PathBuf]) -> Result<(), FormatError> {
    let same = |pair: &&[PathBuf]| pair[0].with_extension("") == pair[1].with_extension("");
    let Some(pair) = sorted.windows(2).find(same) else { return Ok(()) };
    let (one, other) = (pair[0].display(), name_of(&pair[1]));
    Err(unusable(format!("a run is there twice, also as {other}: take one of them away: {one}")))
}

/// Refuses what is no file of the data set. The store of git-annex, where links lead to, is in it.
fn refuse_outside(path: &Path, root: &Path) -> Result<(), FormatError> {
    let why = match fs::canonicalize(path) {
        Ok(target) if !target.starts_with(root) => "it is a link out of the data set",
        Ok(target) if !target.is_file() => "it is no file",
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            "it is a link to a file that is not here: fetch it (as with `datalad get`), or name \
             the subjects that are"
        }
        Err(error) => return Err(reading(path, error)),
    };
    Err(unusable(format!("{why}: {}", path.display())))
}

/// Whether a data set has such folders between its root and its recordings.
fn is_layout(name: &str) -> bool {
    // Neither a file's name nor `sub-01.old` is one entity.
    let is_one =
        (name.starts_with("sub-") || name.starts_with("ses-")) && !name.contains(['_', '.']);
    name == "eeg" || is_one
}

/// A folder and those above it, up to the root of its data set.
fn levels(folder: &Path) -> impl Iterator<Item = &Path> {
    let mut goes_on = true;
    folder
        .ancestors()
        .take(MAX_DEPTH)
        .take_while(move |level| std::mem::replace(&mut goes_on, is_layout(name_of(level))))
}

fn root_of(folder: &Path) -> PathBuf {
    levels(folder).last().unwrap_or(folder).into()
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
}

fn canonical(folder: &Path) -> Result<PathBuf, FormatError> {
    fs::canonicalize(folder).map_err(|source| reading(folder, source))
}

/// The entities of a name, as `sub-01` and `task-viewing`; `None` where it does not end so or is no
/// name of BIDS.
fn entities<'a>(name: &'a str, suffix: &str) -> Option<BTreeSet<&'a str>> {
    let before = name.strip_suffix(suffix)?;
    if before.is_empty() {
        return Some(BTreeSet::new());
    }
    let is_entity = |part: &&str| {
        part.split_once('-').is_some_and(|(key, label)| !key.is_empty() && !label.is_empty())
    };
    let parts: BTreeSet<&str> = before.strip_suffix('_')?.split('_').collect();
    parts.iter().all(is_entity).then_some(parts)
}

/// The table of a folder that says most about a recording with these entities.
fn table_in(
    folder: &Path,
    own: &BTreeSet<&str>,
    table: &str,
) -> Result<Option<PathBuf>, FormatError> {
    let io = |source| reading(folder, source);
    let (mut best, mut rival): (Option<(usize, PathBuf)>, _) = (None, None);
    for entry in fs::read_dir(folder).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        let name = name.to_str().unwrap_or_default();
        let Some(its) = entities(name, table).filter(|its| its.is_subset(own)) else {
            continue;
        };
        let most = best.as_ref().map(|(most, _)| *most);
        if most.is_none_or(|most| its.len() > most) {
            (best, rival) = (Some((its.len(), folder.join(name))), None);
        } else if most == Some(its.len()) {
            rival = Some(name.to_owned());
        }
    }
    match (best, rival) {
        (Some((_, path)), Some(rival)) => Err(unusable(format!(
            "two tables ({table}) apply equally, this one and {rival}: {}",
            path.display()
        ))),
        (best, _) => Ok(best.map(|(_, path)| path)),
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, FormatError> {
    let io = |source| reading(path, source);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(MAX_TABLE_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_TABLE_BYTES {
        let (limit, table) = (MAX_TABLE_BYTES >> 20, path.display());
        return Err(unusable(format!("a table beside it has more than {limit} MiB: {table}")));
    }
    Ok(bytes)
}

fn reading(path: &Path, source: std::io::Error) -> FormatError {
    FormatError::Io { action: "reading", source, path: path.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes files below a folder, with their folders.
    fn make(root: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn names(root: &Path, found: Option<Vec<PathBuf>>) -> Vec<String> {
        let found = found.unwrap_or_default();
        let name = |path: &PathBuf| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        found.iter().map(|path| name(path).replace('\\', "/")).collect()
    }

    const ONE: &str = "sub-01/eeg/sub-01_task-a_eeg.vhdr";
    const TWO: &str = "sub-02/ses-x/eeg/sub-02_ses-x_task-a_run-1_eeg.edf";

    #[test]
    fn a_data_set_and_its_folders_give_their_recordings_in_order() {
        let set = tempfile::tempdir().unwrap();
        let root = set.path();
        let others = [
            "dataset_description.json",
            "sub-01/eeg/sub-01_task-a_eeg.eeg",
            "sub-01/eeg/sub-01_task-a_eeg.json",
            "sub-01/eeg/._sub-01_task-a_eeg.vhdr",
            "sub-01/beh/sub-01_task-a_eeg.edf",
            "sub-01.old/eeg/sub-01_task-a_eeg.edf",
            "sourcedata/sub-01/eeg/sub-01_task-a_eeg.edf",
            "derivatives/x/sub-01/eeg/sub-01_task-a_eeg.edf",
            "sub-1/sub-2/sub-3/sub-4/sub-5/eeg/sub-1_eeg.edf",
        ];
        make(root, &others.map(|name| (name, "")));
        let none = recordings(root).unwrap_err().to_string();
        assert!(none.contains("no _eeg.edf"), "{none}");
        make(root, &[(TWO, ""), (ONE, "")]);
        let found = |below: &str| names(root, recordings(&root.join(below)).unwrap());
        assert_eq!(found(""), [ONE, TWO]);
        assert_eq!((found("sub-02"), found("sub-02/ses-x")), (vec![TWO.into()], vec![TWO.into()]));
        assert_eq!(found("sub-01/eeg"), [ONE]);
        for other in ["sub-01/beh", "derivatives", ONE, "nowhere"] {
            assert_eq!(recordings(&root.join(other)).unwrap(), None, "{other}");
        }
    }

    #[test]
    fn no_recording_is_passed_over_and_none_counts_twice() {
        for (file, said) in [
            ("sub-01/eeg/sub-01_task-a_eeg.edf", "a run is there twice"),
            ("sub-01/eeg/sub-01_task-a_eeg.set", "a run is there twice"),
        ] {
            let set = tempfile::tempdir().unwrap();
            make(set.path(), &[(ONE, ""), (file, "")]);
            let error = recordings(set.path()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_to_the_store_of_the_data_set_and_nowhere_else() {
        use std::os::unix::fs::symlink;
        let (set, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        make(set.path(), &[(".git/annex/key", ""), (ONE, "")]);
        make(other.path(), &[("eeg/sub-03_task-a_eeg.edf", "")]);
        let link = set.path().join("sub-01/eeg/sub-01_task-b_eeg.edf");
        symlink("../../.git/annex/key", &link).unwrap();
        let found = names(set.path(), recordings(&set.path().join("sub-01")).unwrap());
        assert_eq!(found, [ONE, "sub-01/eeg/sub-01_task-b_eeg.edf"]);
        symlink(other.path(), set.path().join("sub-03")).unwrap();
        let error = recordings(set.path()).unwrap_err().to_string();
        assert!(error.contains("links to folders are not followed"), "{error}");
        fs::remove_file(set.path().join("sub-03")).unwrap();
        for (target, said) in [
            (other.path().join("eeg/sub-03_task-a_eeg.edf"), "a link out of the data set"),
            (PathBuf::from("nothing"), "datalad get"),
            (PathBuf::from("."), "no file"),
        ] {
            fs::remove_file(&link).unwrap();
            symlink(target, &link).unwrap();
            let error = recordings(set.path()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
            let events = link.with_file_name("sub-01_task-a_events.tsv");
            fs::rename(&link, &events).unwrap();
            let error = table_beside(&set.path().join(ONE)).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
            fs::rename(&events, &link).unwrap();
        }
    }

    #[test]
    fn the_nearest_table_applies_and_in_a_folder_the_most_particular() {
        let set = tempfile::tempdir().unwrap();
        let root = set.path();
        let recording = root.join(TWO);
        let label = || {
            let events = events_beside(&recording).unwrap();
            events.map(|events| events[0].label.clone())
        };
        make(root, &[(TWO, ""), ("sub-02/task-b_events.tsv", "onset\tvalue\n1\tother task\n")]);
        make(root, &[("sub-02/ses-x/eeg/run_events.tsv", ""), ("run-2_events.tsv", "")]);
        assert_eq!(label(), None);
        for (name, value) in [
            ("events.tsv", "all"),
            ("task-a_events.tsv", "task"),
            ("sub-02/sub-02_events.tsv", "subject"),
            ("sub-02/ses-x/eeg/sub-02_task-a_events.tsv", "folder"),
            ("sub-02/ses-x/eeg/sub-02_ses-x_task-a_run-1_events.tsv", "own"),
        ] {
            make(root, &[(name, &format!("onset\tvalue\n1\t{value}\n"))]);
            assert_eq!(label().as_deref(), Some(value));
        }
        fs::remove_file(root.join("sub-02/ses-x/eeg/sub-02_ses-x_task-a_run-1_events.tsv"))
            .unwrap();
        make(root, &[("sub-02/ses-x/eeg/sub-02_run-1_events.tsv", "")]);
        let error = events_beside(&recording).unwrap_err().to_string();
        assert!(error.contains("apply equally"), "{error}");
        // What is not named so has no such table, and what lies elsewhere inherits nothing.
        make(root, &[("mine_eeg.edf", ""), ("lone/sub-02_task-a_eeg.edf", "")]);
        assert_eq!(events_beside(&root.join("mine_eeg.edf")).unwrap(), None);
        assert_eq!(events_beside(&root.join("lone/sub-02_task-a_eeg.edf")).unwrap(), None);
    }

    #[test]
    fn a_table_beyond_the_limit_is_not_read() {
        let set = tempfile::tempdir().unwrap();
        make(set.path(), &[(ONE, ""), ("sub-01/eeg/sub-01_task-a_events.tsv", "")]);
        let table = set.path().join("sub-01/eeg/sub-01_task-a_events.tsv");
        File::options().write(true).open(table).unwrap().set_len(MAX_TABLE_BYTES + 1).unwrap();
        let error = table_beside(&set.path().join(ONE)).unwrap_err().to_string();
        assert!(error.contains("more than 64 MiB"), "{error}");
    }
}
