//! A montage as somebody writes it: a preset's name, pairs of channel and site, or sites in order.
//!
//! Takes the text of `--montage` or of a file; gives the sites of a device's channels once its labels are known. Names of
//! channels are those that the device gives, in any case, or their number from 1.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::presets::{Preset, preset_named, presets};
use super::sites::{Sites, read_site, shown};

/// Most channels that a montage may name.
pub const MAX_CHANNELS: usize = 4096;

/// A montage as somebody writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum MontageSpec {
    /// A preset by name.
    Preset(&'static Preset),
    /// Channel and site; what is not named keeps what its label says.
    Pairs(Vec<(String, Option<String>)>),
    /// A site for every channel, in the device's order.
    InOrder(Vec<Option<String>>),
}

/// What a file of a montage holds: either of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sites: Option<Vec<String>>,
    channels: Option<BTreeMap<String, String>>,
}

impl MontageSpec {
    /// Reads a preset's name or pairs: `cyton8`, `Ch1=Fp1,Ch2=Fp2`, `1=O1,2=O2`.
    ///
    /// # Errors
    /// In words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.contains('=') {
            return pairs(text.split(',').map(|pair| {
                let (channel, site) = pair.split_once('=').unwrap_or((pair, ""));
                (channel.trim().to_owned(), site.trim().to_owned())
            }));
        }
        if let Some(preset) = preset_named(text) {
            return Ok(Self::Preset(preset));
        }
        let near = presets()
            .iter()
            .max_by(|a, b| likeness(&a.name, text).total_cmp(&likeness(&b.name, text)))
            .map_or("", |preset| preset.name.as_str());
        Err(format!(
            "'{}' is neither a preset (the nearest is {near}; `phosphene montages` lists all), nor a file, nor channels and sites as in Ch1=Fp1,Ch2=Fp2",
            shown(text)
        ))
    }

    /// Reads a file: `sites = ["Fp1", "Fp2", "-"]` in the order of the channels, or a table `[channels]` with `Ch1 = "Fp1"`.
    ///
    /// # Errors
    /// In words.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        let wants =
            "it wants either sites = [\"Fp1\", \"-\", …] or a table [channels] with Ch1 = \"Fp1\"";
        let file: File = toml::from_str(text)
            .map_err(|why| format!("{wants}; {}", why.to_string().trim().replace('\n', " ")))?;
        match (file.sites, file.channels) {
            (Some(sites), None) if sites.len() <= MAX_CHANNELS => Ok(Self::InOrder(
                sites.iter().map(|site| read_site(site)).collect::<Result<_, _>>()?,
            )),
            (None, Some(channels)) => pairs(channels.into_iter()),
            _ => Err(wants.into()),
        }
    }

    /// The sites of a device's channels.
    ///
    /// # Errors
    /// In words: a channel that is not there, one or a site that is named twice, another number of channels.
    pub fn resolve<S: AsRef<str>>(&self, labels: &[S]) -> Result<Sites, String> {
        match self {
            Self::Preset(preset) => Sites::of_preset(preset, labels.len()),
            Self::InOrder(sites) => {
                let names: Vec<&str> =
                    sites.iter().map(|site| site.as_deref().unwrap_or("")).collect();
                Sites::in_order(&names, labels.len())
            }
            Self::Pairs(pairs) => resolve_pairs(pairs, labels),
        }
    }

    /// What it is, in words for a person.
    pub fn words(&self) -> String {
        match self {
            Self::Preset(preset) => format!("preset {} ({})", preset.name, preset.title),
            Self::Pairs(_) | Self::InOrder(_) => "by hand".into(),
        }
    }
}

fn likeness(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, &b.to_ascii_lowercase())
}

fn pairs(given: impl Iterator<Item = (String, String)>) -> Result<MontageSpec, String> {
    let mut pairs = Vec::new();
    for (channel, site) in given.take(MAX_CHANNELS + 1) {
        if channel.is_empty() {
            return Err(format!("'={}' names no channel; write Ch1=Fp1,Ch2=Fp2", shown(&site)));
        }
        let site = read_site(&site).map_err(|why| format!("{}: {why}", shown(&channel)))?;
        pairs.push((channel, site));
    }
    match pairs.len() {
        0 => Err("it names no channel".into()),
        1..=MAX_CHANNELS => Ok(MontageSpec::Pairs(pairs)),
        _ => Err(format!("it names more than {MAX_CHANNELS} channels")),
    }
}

fn resolve_pairs<S: AsRef<str>>(
    pairs: &[(String, Option<String>)],
    labels: &[S],
) -> Result<Sites, String> {
    let mut sites = Sites::by_label(labels);
    let mut said: BTreeMap<usize, &str> = BTreeMap::new();
    for (name, site) in pairs {
        let channel = channel_named(name, labels)?;
        if let Some(before) = said.insert(channel, name) {
            return Err(format!("'{}' and '{}' are the same channel", shown(before), shown(name)));
        }
        let taken = sites.assign(channel, site.as_deref());
        if let Some((other, site)) = taken.and_then(|t| said.get(&t)).zip(site.as_deref()) {
            return Err(format!("{site} is given to '{}' and to '{}'", shown(other), shown(name)));
        }
    }
    Ok(sites)
}

/// By label as the device gives it, else by number from 1.
fn channel_named<S: AsRef<str>>(name: &str, labels: &[S]) -> Result<usize, String> {
    let same = |label: &S| label.as_ref().trim().eq_ignore_ascii_case(name.trim());
    if let Some(channel) = labels.iter().position(same) {
        return Ok(channel);
    }
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let is_number = ["", "ch", "channel", "eeg", "exg channel"]
        .contains(&name[..name.len() - digits.len()].trim().to_ascii_lowercase().as_str());
    let number = digits
        .parse::<usize>()
        .ok()
        .filter(|number| is_number && (1..=labels.len()).contains(number));
    number.map(|number| number - 1).ok_or_else(|| {
        let some: Vec<String> = labels.iter().take(12).map(|label| shown(label.as_ref())).collect();
        let more = if labels.len() > 12 { ", …" } else { "" };
        format!(
            "there is no channel '{}'; the source's {} channels are {}{more}, or 1 to {}",
            shown(name),
            labels.len(),
            some.join(", "),
            labels.len()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: [&str; 4] = ["Ch1", "Ch2", "Fz", "AUX"];

    fn sites(text: &str) -> Vec<String> {
        let found = MontageSpec::parse(text).unwrap().resolve(&FOUR).unwrap();
        found.all().iter().map(|site| site.clone().unwrap_or("-".into())).collect()
    }

    #[test]
    fn pairs_name_channels_by_label_or_number_and_leave_the_rest() {
        assert_eq!(sites("ch1=Fp1, Ch2=o2"), ["Fp1", "O2", "Fz", "-"]);
        assert_eq!(sites("1=Fp1,4=T3"), ["Fp1", "-", "Fz", "T7"]);
        assert_eq!(sites("Ch1=Fz"), ["Fz", "-", "-", "-"], "the site moves");
        assert_eq!(sites("Fz=-"), ["-"; 4]);
        assert_eq!(sites("ganglion4"), ["Fp1", "Fp2", "C3", "C4"]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_words() {
        for (text, why) in [
            ("cytom8", "the nearest is cyton8"),
            ("Ch1=Q7", "'Q7' is no electrode"),
            ("=Fp1", "names no channel"),
            ("Ch1=Fp1,Ch2", "'' is no"),
        ] {
            match MontageSpec::parse(text) {
                Err(got) => assert!(got.contains(why), "{text}: {got}"),
                Ok(spec) => assert!(text == "Ch1=Fp1,Ch2", "{text}: {spec:?}"),
            }
        }
        for (text, why) in [
            ("Ch9=Fp1", "no channel 'Ch9'; the source's 4 channels are Ch1, Ch2, Fz, AUX"),
            ("Ch1=Fp1,1=Fp2", "are the same channel"),
            ("Ch1=Fp1,Ch2=Fp1", "Fp1 is given to 'Ch1' and to 'Ch2'"),
            ("cyton8", "8 channels and this source 4"),
        ] {
            let got = MontageSpec::parse(text).unwrap().resolve(&FOUR).unwrap_err();
            assert!(got.contains(why), "{text}: {got}");
        }
    }

    #[test]
    fn files_say_sites_in_order_or_by_channel() {
        let spec = MontageSpec::from_toml("sites = ['Fp1', '-', 'Fz', '']").unwrap();
        assert_eq!(spec.resolve(&FOUR).unwrap().placed(), 2);
        let spec = MontageSpec::from_toml("[channels]\nCh1 = 'O1'\n\"AUX\" = 'O2'").unwrap();
        assert_eq!(spec.resolve(&FOUR).unwrap().placed(), 3);
        for text in [
            "",
            "sites = 3",
            "sites=['Fp1']\n[channels]\n",
            "a = 1",
            "[channels]",
            "sites = ['Nose']",
            "\u{0}",
        ] {
            assert!(MontageSpec::from_toml(text).is_err(), "{text:?}");
        }
    }
}
