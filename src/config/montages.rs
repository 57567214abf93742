//! What each channel of a device is, as its user said: kept for the device, in one TOML file in the user's data folder.
//!
//! Takes a device's key and a site for each of its channels; gives what was said of the same device before. What the file
//! holds may come from anywhere: it is bounded, entries that make no sense are left out with a sentence, and a file that
//! is not understood is set aside before anything is written. Names of sites are text here: who reads them checks them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Version of the file.
const SCHEMA: u32 = 1;

/// Largest file that is read: a thousand devices of 64 channels.
const MAX_BYTES: u64 = 4 << 20;

/// Most devices that are kept; the oldest go.
const MAX_DEVICES: usize = 256;

/// Most channels of a device.
const MAX_CHANNELS: usize = 1024;

/// Longest name, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// What makes a device the same: kind, name, and the labels of its channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceKey {
    /// `lsl`, `brainflow`, `file` or `sim`.
    pub kind: String,
    /// Name of the stream, board or file.
    pub name: String,
    /// Its channels as it calls them.
    pub labels: Vec<String>,
}

/// What was said of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedMontage {
    /// As [`DeviceKey::kind`].
    pub kind: String,
    /// As [`DeviceKey::name`].
    pub name: String,
    /// As [`DeviceKey::labels`].
    pub labels: Vec<String>,
    /// For each channel its site; empty for none.
    pub sites: Vec<String>,
    /// In words where it comes from: a preset, or by hand.
    pub from: String,
    /// When it was said, ISO 8601 in UTC.
    pub saved_utc: String,
}

#[derive(Default, Serialize)]
struct Written<'a> {
    schema: u32,
    montage: &'a [SavedMontage],
}

#[derive(Deserialize)]
struct Read {
    schema: u32,
    #[serde(default)]
    montage: Vec<toml::Value>,
}

/// All that was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// The devices, the newest last.
    pub montages: Vec<SavedMontage>,
    /// What of the file could not be used, in sentences.
    pub notices: Vec<String>,
    /// Whether the file as a whole is not understood: it is set aside before anything is written.
    broken: bool,
}

/// What is kept of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// This.
    Same(SavedMontage),
    /// Something of a device of this name whose channels were others: not to be used.
    Other(SavedMontage),
}

/// The file; `None` where the user has no folder for data.
pub fn path() -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "phosphene")?;
    Some(dirs.data_local_dir().join("montages.toml"))
}

/// Entries of which it is said why they are left out; the rest are counted.
const MAX_NOTICES: usize = 4;

/// A message that repeats what a file holds, on one line and not without end.
fn plain(why: &str) -> String {
    let one_line = why.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    one_line.take(200).collect()
}

impl Saved {
    /// Reads a file; one that is not there is empty.
    pub fn read(path: &Path) -> Self {
        let broken = |why: String| Self {
            notices: vec![format!("the saved montages are not used: {} {why}", path.display())],
            broken: true,
            ..Self::default()
        };
        match std::fs::metadata(path) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Self::default(),
            Err(why) => return broken(format!("cannot be read ({why})")),
            Ok(about) if about.len() > MAX_BYTES => {
                return broken(format!("has {} bytes; at most {MAX_BYTES} are read", about.len()));
            }
            Ok(_) => {}
        }
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).unwrap_or_else(broken),
            Err(why) => broken(format!("cannot be read ({why})")),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let read: Read = toml::from_str(text)
            .map_err(|why| format!("is not understood: {}", plain(&why.to_string())))?;
        if read.schema != SCHEMA {
            return Err(format!("is of version {}; this program knows {SCHEMA}", read.schema));
        }
        let (mut saved, mut left_out) = (Self::default(), 0);
        for (number, value) in read.montage.into_iter().enumerate() {
            let entry = value.try_into::<SavedMontage>().map_err(|why| why.to_string());
            match entry.and_then(|entry| entry.check().map(|()| entry)) {
                Ok(entry) if saved.montages.len() < MAX_DEVICES => saved.montages.push(entry),
                Ok(_) => {}
                Err(why) => {
                    left_out += 1;
                    if left_out <= MAX_NOTICES {
                        let why = plain(&why);
                        let text = format!("saved montage {} is left out: {why}", number + 1);
                        saved.notices.push(text);
                    }
                }
            }
        }
        if left_out > MAX_NOTICES {
            let more = left_out - MAX_NOTICES;
            saved.notices.push(format!("{more} more saved montages are left out"));
        }
        Ok(saved)
    }

    /// What is kept of a device.
    pub fn of(&self, key: &DeviceKey) -> Found {
        let named =
            || self.montages.iter().rev().filter(|m| m.kind == key.kind && m.name == key.name);
        match named().find(|saved| saved.labels == key.labels) {
            Some(saved) => Found::Same(saved.clone()),
            None => named().next().cloned().map_or(Found::Nothing, Found::Other),
        }
    }
}

impl SavedMontage {
    fn check(&self) -> Result<(), String> {
        if self.labels.is_empty() || self.labels.len() > MAX_CHANNELS {
            return Err(format!("{} channels; 1 to {MAX_CHANNELS} can be", self.labels.len()));
        }
        if self.sites.len() != self.labels.len() {
            return Err(format!("{} sites for {} channels", self.sites.len(), self.labels.len()));
        }
        let names =
            self.labels.iter().chain(&self.sites).chain([&self.kind, &self.name, &self.from]);
        match names.into_iter().find(|name| name.len() > MAX_NAME_BYTES) {
            Some(name) => Err(format!("a name of {} bytes; at most {MAX_NAME_BYTES}", name.len())),
            None => Ok(()),
        }
    }

    fn is_of(&self, key: &DeviceKey) -> bool {
        self.kind == key.kind && self.name == key.name && self.labels == key.labels
    }
}

/// Keeps what is said of a device, or forgets it (`None`); gives what the user should know of the file.
///
/// # Errors
/// In words: the file cannot be written.
pub fn keep(
    path: &Path,
    key: &DeviceKey,
    montage: Option<SavedMontage>,
) -> Result<Vec<String>, String> {
    if let Some(montage) = &montage {
        montage.check().map_err(|why| format!("the montage cannot be kept: {why}"))?;
    }
    let mut saved = Saved::read(path);
    if saved.broken {
        let aside = path.with_extension("toml.not-understood");
        std::fs::rename(path, &aside).map_err(|why| {
            format!(
                "the montage is not kept: {} is not understood and cannot be set aside ({why})",
                path.display()
            )
        })?;
        saved.notices.push(format!("it was set aside as {}", aside.display()));
    }
    saved.montages.retain(|old| !old.is_of(key));
    saved.montages.extend(montage);
    let surplus = saved.montages.len().saturating_sub(MAX_DEVICES);
    saved.montages.drain(..surplus);
    let written = Written { schema: SCHEMA, montage: &saved.montages };
    let text = toml::to_string_pretty(&written).map_err(|why| why.to_string())?;
    replace(path, &text)
        .map_err(|why| format!("the montage is not kept: {} ({why})", path.display()))?;
    Ok(saved.notices)
}

/// Whole or not at all: written beside the file, then put in its place.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension(format!("toml.new-{}", std::process::id()));
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path).inspect_err(|_| {
        let _ = std::fs::remove_file(&beside);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, labels: &[&str]) -> DeviceKey {
        DeviceKey {
            kind: "lsl".into(),
            name: name.into(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        }
    }

    fn montage(key: &DeviceKey, site: &str) -> SavedMontage {
        SavedMontage {
            kind: key.kind.clone(),
            name: key.name.clone(),
            labels: key.labels.clone(),
            sites: vec![site.to_owned(); key.labels.len()],
            from: "by hand".into(),
            saved_utc: "2026-01-01T00:00:00Z".into(),
        }
    }

    #[test]
    fn what_was_said_of_a_device_is_found_again_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/montages.toml");
        let (one, two) = (key("Amp \"1\"\n", &["Ch1", "Ch2"]), key("Amp 2", &["Ch1", "Ch2"]));
        for (key, site) in [(&one, "O1"), (&two, "Cz"), (&one, "O2")] {
            assert_eq!(keep(&path, key, Some(montage(key, site))), Ok(vec![]));
        }
        let saved = Saved::read(&path);
        assert_eq!((saved.montages.len(), saved.notices.len()), (2, 0));
        assert_eq!(saved.of(&one), Found::Same(montage(&one, "O2")), "the newest counts");
        assert_eq!(saved.of(&key("Amp 2", &["Ch1", "Ch3"])), Found::Other(montage(&two, "Cz")));
        assert_eq!(saved.of(&key("Amp 3", &["Ch1", "Ch2"])), Found::Nothing);
        assert_eq!(keep(&path, &one, None), Ok(vec![]));
        assert_eq!(Saved::read(&path).of(&one), Found::Nothing);
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "nothing is left beside"
        );
    }

    #[test]
    fn a_file_that_is_not_understood_is_said_and_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("montages.toml");
        let one = key("Amp", &["Ch1"]);
        let too_large = "#".repeat(MAX_BYTES as usize + 1);
        for text in
            ["\u{0}", "schema = 2", "schema = 'x'", "[[montage]]", "\u{feff}schema", &too_large]
        {
            std::fs::write(&path, text).unwrap();
            let saved = Saved::read(&path);
            assert!(saved.montages.is_empty(), "{text:.20}");
            assert!(saved.notices[0].contains("not used"), "{text:.20}: {:?}", saved.notices);
            let said = keep(&path, &one, Some(montage(&one, "Oz"))).unwrap();
            assert!(said.iter().any(|said| said.contains("set aside")), "{said:?}");
            let aside = folder.path().join("montages.toml.not-understood");
            assert_eq!(std::fs::read_to_string(aside).unwrap(), text, "nothing is lost");
            assert!(matches!(Saved::read(&path).of(&one), Found::Same(_)));
        }
        std::fs::write(&path, b"\xff\xfe\xff").unwrap();
        assert!(Saved::read(&path).notices[0].contains("cannot be read"));
    }

    #[test]
    fn entries_that_make_no_sense_are_left_out_and_the_others_stay() {
        let good = montage(&key("Amp", &["Ch1"]), "Oz");
        let text =
            toml::to_string(&Written { schema: 1, montage: std::slice::from_ref(&good) }).unwrap();
        let long = "x".repeat(MAX_NAME_BYTES + 1);
        for bad in [
            "kind = 'lsl'".to_owned(),
            "kind='lsl'\nname='a'\nlabels=['a','b']\nsites=['Cz']\nfrom=''\nsaved_utc=''".into(),
            "kind='lsl'\nname='a'\nlabels=[]\nsites=[]\nfrom=''\nsaved_utc=''".into(),
            format!("kind='lsl'\nname='{long}'\nlabels=['a']\nsites=['']\nfrom=''\nsaved_utc=''"),
            "kind='lsl'\nname='a'\nlabels=['a']\nsites=[1]\nfrom=''\nsaved_utc=''\nmore=1".into(),
        ] {
            let saved = Saved::parse(&format!("{text}\n[[montage]]\n{bad}")).unwrap();
            assert_eq!(saved.montages, std::slice::from_ref(&good), "{bad:.60}");
            assert!(saved.notices[0].starts_with("saved montage 2 is left out"), "{bad:.60}");
        }
    }

    #[test]
    fn the_oldest_devices_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("montages.toml");
        for number in 0..=MAX_DEVICES {
            let key = key(&number.to_string(), &["Ch1"]);
            keep(&path, &key, Some(montage(&key, "Oz"))).unwrap();
        }
        let saved = Saved::read(&path);
        assert_eq!((saved.montages.len(), saved.montages[0].name.as_str()), (MAX_DEVICES, "1"));
    }

    #[test]
    fn a_folder_that_cannot_be_written_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        std::fs::write(&blocked, "").unwrap();
        let one = key("Amp", &["Ch1"]);
        let why =
            keep(&blocked.join("montages.toml"), &one, Some(montage(&one, "Oz"))).unwrap_err();
        assert!(why.contains("not kept"), "{why}");
    }
}
