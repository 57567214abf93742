//! The montages of common headsets: data in `assets/montages/presets.toml`, offered and never taken silently.
//!
//! Takes the table that is built in; gives each preset with its source, the one of a name, and those that a device
//! whose channels bear no electrode names may have ([`advice`]).

use std::sync::LazyLock;

use serde::Deserialize;

use super::{canonical_label, position};

/// What stands for a channel that is no electrode.
pub const NO_ELECTRODE: &str = "-";

/// A headset's electrodes in the order of its channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// Short name, which ends with the number of channels.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Who makes it.
    pub maker: String,
    /// For each channel its 10-05 site; `None` for one that is no electrode of the scalp.
    pub sites: Vec<Option<String>>,
    /// Where order and places come from.
    pub source: String,
    /// Words in a device's name that speak for it, in lower case.
    hints: Vec<String>,
    /// The cap's own channel names, where they look like 10-05 names and are none.
    own_names: Vec<String>,
}

impl Preset {
    /// The electrodes without the channels that are none.
    pub fn electrodes(&self) -> impl Iterator<Item = &str> {
        self.sites.iter().flatten().map(String::as_str)
    }
}

#[derive(Deserialize)]
struct Table {
    preset: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    title: String,
    maker: String,
    channels: String,
    source: String,
    #[serde(default)]
    hints: String,
    #[serde(default)]
    device: String,
}

/// Every preset, in the order of the table. A test reads the table, so that it is never empty.
pub fn presets() -> &'static [Preset] {
    static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| {
        let text = include_str!("../../../assets/montages/presets.toml");
        let table: Table = toml::from_str(text).unwrap_or(Table { preset: Vec::new() });
        table.preset.into_iter().map(preset).collect()
    });
    &PRESETS
}

/// The preset of this name, in any case.
pub fn preset_named(name: &str) -> Option<&'static Preset> {
    presets().iter().find(|preset| preset.name.eq_ignore_ascii_case(name.trim()))
}

fn preset(row: Row) -> Preset {
    let site = |label: &str| (label != NO_ELECTRODE).then(|| canonical_label(label));
    Preset {
        sites: row.channels.split_whitespace().map(site).collect(),
        hints: row.hints.split_whitespace().map(str::to_owned).collect(),
        own_names: row.device.split_whitespace().flat_map(numbered).collect(),
        name: row.name,
        title: row.title,
        maker: row.maker,
        source: row.source,
    }
}

/// `A1-A32` written out.
fn numbered(range: &str) -> Vec<String> {
    let split = |text: &str| {
        let at = text.find(|c: char| c.is_ascii_digit())?;
        Some((text[..at].to_owned(), text[at..].parse::<u32>().ok()?))
    };
    let ends = range.split_once('-').and_then(|(a, b)| Some((split(a)?, split(b)?)));
    let Some(((letters, first), (_, last))) = ends else { return vec![range.to_owned()] };
    (first..=last).map(|number| format!("{letters}{number}")).collect()
}

/// Whether the first channels bear a cap's own numbering (A1, A2 … A32, B1 …), in which `C3` is no central electrode
/// and `A1` no earlobe: the number of channels that it covers.
pub fn own_numbering(labels: &[impl AsRef<str>]) -> Option<usize> {
    numbered_caps(labels).map(|preset| preset.sites.len()).max()
}

fn numbered_caps(labels: &[impl AsRef<str>]) -> impl Iterator<Item = &'static Preset> {
    let same = move |preset: &&Preset| {
        let own = &preset.own_names;
        let pairs = || own.iter().zip(labels);
        !own.is_empty()
            && own.len() <= labels.len()
            && pairs().all(|(own, label)| label.as_ref().trim().eq_ignore_ascii_case(own))
    };
    presets().iter().filter(same)
}

/// The presets that a device may have whose channels bear no electrode names: the likeliest first, none where a channel's
/// name says where it is. `device` is what stream, board or file are called.
pub fn advice(labels: &[impl AsRef<str>], device: &str) -> Vec<&'static Preset> {
    if let Some(covered) = own_numbering(labels) {
        return numbered_caps(labels).filter(|preset| preset.sites.len() == covered).collect();
    }
    if labels.iter().any(|label| position(label.as_ref()).is_some()) {
        return Vec::new();
    }
    let device = device.to_ascii_lowercase();
    let speaks =
        |preset: &&Preset| preset.hints.iter().filter(|hint| device.contains(*hint)).count();
    let mut found: Vec<&Preset> =
        presets().iter().filter(|preset| preset.sites.len() == labels.len()).collect();
    found.sort_by_key(|preset| std::cmp::Reverse(speaks(preset)));
    found
}

#[cfg(test)]
mod tests {
    use super::super::degrees_between;
    use super::*;

    fn numbered_labels(prefix: &str, count: usize) -> Vec<String> {
        (1..=count).map(|i| format!("{prefix}{i}")).collect()
    }

    #[test]
    fn every_preset_is_of_known_electrodes_named_once_and_says_its_source() {
        assert!(presets().len() >= 25, "{}", presets().len());
        for preset in presets() {
            let name = &preset.name;
            assert!(preset.electrodes().all(|site| position(site).is_some()), "{name}");
            let mut sites: Vec<&str> = preset.electrodes().collect();
            let count = sites.len();
            sites.sort_unstable();
            sites.dedup();
            assert_eq!(sites.len(), count, "{name}: a site twice");
            let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
            assert_eq!(Ok(preset.sites.len()), digits.parse::<usize>(), "{name}");
            assert!(preset.source.len() > 10 && !preset.title.is_empty(), "{name}");
            assert!(!name.contains(char::is_whitespace), "{name}: names go into specs");
            assert_eq!(presets().iter().filter(|other| other.name == *name).count(), 1, "{name}");
        }
        assert!(preset_named("Cyton8").is_some() && preset_named("cap9000").is_none());
    }

    #[test]
    fn a_device_without_names_gets_advice_by_number_and_name() {
        let eight = numbered_labels("Ch", 8);
        let names = |device: &str| -> Vec<&str> {
            advice(&eight, device).iter().map(|preset| preset.name.as_str()).collect()
        };
        assert_eq!(names("obci_eeg1")[0], "cyton8");
        assert_eq!(names("Crown-12A")[0], "crown8");
        assert_eq!(names("anything")[0], "cyton8", "the commonest first");
        assert!(advice(&numbered_labels("EEG ", 7), "").is_empty(), "nothing has seven");
        assert!(advice(&["Ch1", "Cz", "Ch3", "Ch4"], "").is_empty(), "one says where it is");
    }

    #[test]
    fn a_caps_own_numbers_are_told_from_sites() {
        let mut biosemi: Vec<String> = numbered_labels("A", 32);
        assert_eq!(advice(&biosemi, "")[0].name, "biosemi32");
        biosemi.extend(numbered_labels("B", 32));
        assert_eq!(advice(&biosemi, "ActiveTwo")[0].name, "biosemi64");
        biosemi.push("EX1".into());
        assert_eq!(own_numbering(&biosemi), Some(64));
        assert_eq!(own_numbering(&["A1", "A2"]), None, "earlobes");
        assert_eq!(own_numbering(&["Fp1", "Fp2"]), None);
    }

    /// BioSemi's 128 lie between the sites: MNE's own coordinates say how far.
    #[test]
    fn biosemi_128_is_within_eight_degrees_of_the_sites_that_stand_for_it() {
        let text = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/vectors/montage/montage.json"
        ));
        let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
        let own: std::collections::BTreeMap<String, [f64; 3]> =
            serde_json::from_value(vectors["own"]["biosemi128"].clone()).unwrap();
        let preset = preset_named("biosemi128").unwrap();
        assert_eq!((own.len(), preset.own_names.len()), (128, 128));
        for (name, site) in preset.own_names.iter().zip(preset.electrodes()) {
            let off = degrees_between(own[name], position(site).unwrap());
            assert!(off < 8.0, "{name} is {off:.1} degrees from {site}");
        }
    }
}
