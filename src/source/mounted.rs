//! Any source, with its channels named by the electrodes that they are.
//!
//! Takes a source and a [`Mounting`]; gives the same frames and markers under the names that labels, the user's choice for
//! this device or a montage for this run make of its channels. Everything behind it, from the filters to the recording,
//! then speaks of electrodes; [`SourceInfo::mounted`] keeps what the device calls them and who said so. Nothing is taken
//! silently: whatever is not the device's own word stands in the notes. `read` is the source's own.

use std::path::PathBuf;

use super::forward::forward;
use super::{ReadStatus, Source, SourceError, SourceInfo};
use crate::config::montages::{self, DeviceKey, Found, Saved, SavedMontage};
use crate::signal::Chunk;
use crate::signal::montage::{MontageSpec, Mounted, Preset, Said, Sites, advice};
use crate::time::clock::Clock;

/// Which electrodes the channels of a source are.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Mounting {
    /// As the labels say.
    #[default]
    ByLabel,
    /// As somebody said of this device earlier, else as the labels say.
    Saved,
    /// As somebody says now of one device; another device is as with [`Mounting::Saved`].
    Chosen(Choice),
    /// As this says.
    Given(MontageSpec),
}

/// What somebody says of one device.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The device.
    pub key: DeviceKey,
    /// What its channels are.
    pub sites: Sites,
    /// In words where that comes from; `None` where they are as the labels say.
    pub from: Option<String>,
}

impl Choice {
    /// The same as it is kept for the device; `None` where there is nothing to keep.
    pub fn to_save(&self, saved_utc: &str) -> Option<SavedMontage> {
        let DeviceKey { kind, name, labels } = self.key.clone();
        let site = |site: &Option<String>| site.clone().unwrap_or_default();
        Some(SavedMontage {
            kind,
            name,
            labels,
            sites: self.sites.all().iter().map(site).collect(),
            from: self.from.clone()?,
            saved_utc: saved_utc.into(),
        })
    }
}

/// What a device is known by.
pub fn device_key(info: &SourceInfo) -> DeviceKey {
    let labels = info.mounted.as_ref().map_or(&info.channels, |mounted| &mounted.device_labels);
    DeviceKey {
        kind: format!("{:?}", info.kind).to_lowercase(),
        name: info.name.clone(),
        labels: labels.clone(),
    }
}

/// A source whose channels bear the names of electrodes.
pub struct MountedSource {
    inner: Box<dyn Source>,
    mounting: Mounting,
    /// Where the user's choices are.
    saved: Option<PathBuf>,
}

impl MountedSource {
    /// Wraps a source.
    pub fn new(inner: Box<dyn Source>, mounting: Mounting) -> Self {
        Self { inner, mounting, saved: montages::path() }
    }

    /// With the user's choices in this file.
    #[must_use]
    pub fn with_saved(self, file: PathBuf) -> Self {
        Self { saved: Some(file), ..self }
    }

    fn mount(&self, info: &SourceInfo) -> Result<Mounted, SourceError> {
        let labels = &info.channels;
        let plain = |cautions| Mounted {
            device_labels: labels.clone(),
            sites: Sites::by_label(labels),
            said: Said::ByLabel,
            cautions,
        };
        match &self.mounting {
            Mounting::ByLabel => Ok(plain(Vec::new())),
            Mounting::Chosen(choice) if choice.key == device_key(info) => {
                let said = choice.from.clone().map_or(Said::ByLabel, Said::Given);
                Ok(Mounted { sites: choice.sites.clone(), said, ..plain(Vec::new()) })
            }
            Mounting::Saved | Mounting::Chosen(_) => Ok(self.kept_for(info).unwrap_or_else(plain)),
            Mounting::Given(spec) => {
                let sites = spec.resolve(labels).map_err(|why| SourceError::BadSpec {
                    spec: format!("{} with this montage", info.name),
                    why,
                })?;
                Ok(Mounted { sites, said: Said::Given(spec.words()), ..plain(Vec::new()) })
            }
        }
    }

    /// What was said of this device; else what is wrong with what is kept.
    fn kept_for(&self, info: &SourceInfo) -> Result<Mounted, Vec<String>> {
        let Some(file) = &self.saved else { return Err(Vec::new()) };
        let saved = Saved::read(file);
        let mut notices = saved.notices.clone();
        let found = match saved.of(&device_key(info)) {
            Found::Nothing => return Err(notices),
            Found::Other(other) => {
                notices.push(format!(
                    "a montage is saved for {} with other channels ({} of them); it is not used: look at the montage page",
                    info.name,
                    other.labels.len()
                ));
                return Err(notices);
            }
            Found::Same(found) => found,
        };
        match Sites::in_order(&found.sites, info.channels.len()) {
            Ok(sites) => Ok(Mounted {
                device_labels: info.channels.clone(),
                sites,
                said: Said::Saved { from: found.from, saved_utc: found.saved_utc },
                cautions: notices,
            }),
            Err(why) => {
                notices.push(format!(
                    "the montage that is saved for {} is not used: {why}",
                    info.name
                ));
                Err(notices)
            }
        }
    }
}

/// What to say of a device whose channels bear no electrode names; `None` where they do, or nothing fits.
pub fn proposal(device_labels: &[String], name: &str) -> Option<(String, Vec<&'static Preset>)> {
    let presets = advice(device_labels, name);
    let first = presets.first()?;
    let count = device_labels.len();
    Some((format!("{count} channels without electrode names: as in {}?", first.title), presets))
}

impl Source for MountedSource {
    forward!(counters, lost_why, is_offline, can_wait, rewinds, board, stop);

    fn prepare(&mut self, clock: &Clock) -> Result<SourceInfo, SourceError> {
        let mut info = self.inner.prepare(clock)?;
        let mounted = self.mount(&info)?;
        info.notes.extend(mounted.note());
        info.notes.extend(mounted.cautions.iter().cloned());
        if mounted.said == Said::ByLabel
            && let Some((question, presets)) = proposal(&info.channels, &info.name)
        {
            let name = presets.first().map_or("", |preset| preset.name.as_str());
            info.notes
                .push(format!("{question} Choose on the montage page, or with --montage {name}"));
        }
        // Labels that are electrodes already keep their own spelling.
        if mounted.said != Said::ByLabel {
            info.channels = mounted.sites.names(&mounted.device_labels);
        }
        info.mounted = Some(mounted);
        Ok(info)
    }

    fn read(&mut self, chunk: &mut Chunk) -> Result<ReadStatus, SourceError> {
        self.inner.read(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::montages::keep;
    use crate::source::SourceCounters;
    use crate::source::SourceKind;
    use crate::units::SampleRate;

    /// A device that calls its channels Ch1 to Ch8 and sends nothing.
    struct Unnamed;

    impl Source for Unnamed {
        fn prepare(&mut self, _: &Clock) -> Result<SourceInfo, SourceError> {
            Ok(SourceInfo {
                mounted: None,
                kind: SourceKind::Lsl,
                name: "obci_eeg1".into(),
                simulated: false,
                snr_db: None,
                channels: (1..=8).map(|i| format!("Ch{i}")).collect(),
                rate: SampleRate::HZ_250,
                source_unit: "uV".into(),
                has_markers: false,
                notes: Vec::new(),
            })
        }
        fn read(&mut self, _: &mut Chunk) -> Result<ReadStatus, SourceError> {
            Ok(ReadStatus::End)
        }
        fn counters(&self) -> SourceCounters {
            SourceCounters::default()
        }
        fn stop(&mut self) {}
    }

    fn prepared(mounting: Mounting, file: &std::path::Path) -> Result<SourceInfo, SourceError> {
        let mut source = MountedSource::new(Box::new(Unnamed), mounting).with_saved(file.into());
        source.prepare(&Clock::manual(0.0).0)
    }

    #[test]
    fn a_device_without_names_is_asked_about_and_not_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let info = prepared(Mounting::Saved, &folder.path().join("none.toml")).unwrap();
        assert_eq!(info.channels[0], "Ch1");
        let said = info.notes.join("\n");
        assert!(said.contains("8 channels without electrode names: as in OpenBCI Cyton"), "{said}");
        assert!(said.contains("--montage cyton8"), "{said}");
    }

    #[test]
    fn what_is_given_names_the_channels_and_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let given = |text| Mounting::Given(MontageSpec::parse(text).unwrap());
        let info = prepared(given("cyton8"), folder.path()).unwrap();
        assert_eq!(info.channels.join(" "), "Fp1 Fp2 C3 C4 P7 P8 O1 O2");
        assert!(info.notes[0].contains("Ch8 = O2"), "{:?}", info.notes);
        let mounted = info.mounted.unwrap();
        assert_eq!((mounted.device_labels[7].as_str(), mounted.sites.site(7)), ("Ch8", Some("O2")));
        let why = prepared(given("Ch9=O1"), folder.path()).unwrap_err();
        assert_eq!(why.exit_code(), 2);
        assert!(why.to_string().contains("no channel 'Ch9'"), "{why}");
    }

    #[test]
    fn what_was_saved_is_used_for_the_same_device_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("montages.toml");
        let info = prepared(Mounting::ByLabel, &file).unwrap();
        let key = device_key(&info);
        let names = ["O1", "O2", "", "", "Pz", "Oz", "PO7", "PO8"];
        let choice = Choice {
            key: key.clone(),
            sites: Sites::in_order(&names, 8).unwrap(),
            from: Some("by hand".into()),
        };
        let mut saved = choice.to_save("2026-05-01T10:00:00Z").unwrap();
        assert_eq!(saved.sites, names);
        let chosen = Mounting::Chosen(choice);
        assert_eq!(prepared(chosen, &file).unwrap().channels[..3], ["O1", "O2", "Ch3"]);
        keep(&file, &key, Some(saved.clone())).unwrap();
        let info = prepared(Mounting::Saved, &file).unwrap();
        assert_eq!(info.channels[..3], ["O1", "O2", "Ch3"]);
        assert!(info.notes[0].contains("by hand, as saved for this device on 2026-05-01"));
        assert_eq!(device_key(&info), key, "named channels leave the device the same");
        assert_eq!(prepared(Mounting::ByLabel, &file).unwrap().channels[0], "Ch1");
        // The same name, with other channels: not used, and said.
        saved.labels[0] = "Other".into();
        let other = DeviceKey { labels: saved.labels.clone(), ..key.clone() };
        keep(&file, &key, None).unwrap();
        keep(&file, &other, Some(saved.clone())).unwrap();
        let info = prepared(Mounting::Saved, &file).unwrap();
        assert_eq!(info.channels[0], "Ch1");
        assert!(
            info.notes.iter().any(|note| note.contains("with other channels")),
            "{:?}",
            info.notes
        );
        // What is kept makes no sense: not used, and said.
        saved.labels.clone_from(&key.labels);
        saved.sites[0] = "Nose".into();
        keep(&file, &key, Some(saved)).unwrap();
        let info = prepared(Mounting::Saved, &file).unwrap();
        assert!(
            info.notes.iter().any(|note| note.contains("'Nose' is no electrode")),
            "{:?}",
            info.notes
        );
    }
}
