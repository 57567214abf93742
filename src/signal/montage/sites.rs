//! What each channel of a device is: an electrode of the 10-05 system, or none.
//!
//! Takes labels as the device gives them and what somebody says of them; gives a site for each channel, every site at
//! most once, and the names under which the channels go on through the program ([`Sites::names`]).

use std::collections::BTreeSet;

use super::presets::own_numbering;
use super::{Preset, canonical_label, position};

/// Most characters of a channel's name that are repeated in a sentence.
const SHOWN_CHARS: usize = 40;

/// What each channel of a device is, in the device's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sites(Vec<Option<String>>);

impl Sites {
    /// What the labels themselves say. A site that is named twice belongs to the first; a cap's own numbering says nothing.
    pub fn by_label<S: AsRef<str>>(labels: &[S]) -> Self {
        let mut sites = Self(vec![None; labels.len()]);
        if own_numbering(labels).is_some() {
            return sites;
        }
        for (channel, label) in labels.iter().enumerate() {
            let site = canonical_label(label.as_ref());
            if position(&site).is_some() && sites.holder(&site).is_none() {
                sites.0[channel] = Some(site);
            }
        }
        sites
    }

    /// A preset's sites for a device of `channels`.
    ///
    /// # Errors
    /// In words, when the device has fewer channels. Those that it has beyond the preset are no electrodes.
    pub fn of_preset(preset: &Preset, channels: usize) -> Result<Self, String> {
        let own = preset.sites.len();
        if own > channels {
            return Err(format!(
                "preset {} has {own} channels and this source {channels}",
                preset.name
            ));
        }
        let mut sites = preset.sites.clone();
        sites.resize(channels, None);
        Ok(Self(sites))
    }

    /// Sites in the order of the channels; an empty name or `-` is no electrode.
    ///
    /// # Errors
    /// In words: a name that is no site, a site twice, another number of channels.
    pub fn in_order<S: AsRef<str>>(names: &[S], channels: usize) -> Result<Self, String> {
        if names.len() != channels {
            return Err(format!(
                "it names {} channels and this source has {channels}",
                names.len()
            ));
        }
        let mut sites = Self(vec![None; channels]);
        for (channel, name) in names.iter().enumerate() {
            let site = read_site(name.as_ref())?;
            if let Some(taken) = site.as_deref().and_then(|site| sites.holder(site)) {
                let site = site.unwrap_or_default();
                return Err(format!(
                    "{site} is named for channel {} and for {}",
                    taken + 1,
                    channel + 1
                ));
            }
            sites.0[channel] = site;
        }
        Ok(sites)
    }

    /// Makes a channel this site's, or none's. A channel that had the site has none any more, and is given.
    pub fn assign(&mut self, channel: usize, site: Option<&str>) -> Option<usize> {
        let site = site.map(canonical_label);
        let holder = site.as_deref().and_then(|site| self.holder(site));
        let before = holder.filter(|holder| *holder != channel);
        if let Some(holder) = before {
            self.0[holder] = None;
        }
        if let Some(place) = self.0.get_mut(channel) {
            *place = site;
        }
        before
    }

    /// The channel that is at a site.
    pub fn holder(&self, site: &str) -> Option<usize> {
        let same =
            |own: &Option<String>| own.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(site));
        self.0.iter().position(same)
    }

    /// A channel's site.
    pub fn site(&self, channel: usize) -> Option<&str> {
        self.0.get(channel)?.as_deref()
    }

    /// Every channel's site, in the device's order.
    pub fn all(&self) -> &[Option<String>] {
        &self.0
    }

    /// Number of channels.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True where there are no channels.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many channels have a site.
    pub fn placed(&self) -> usize {
        self.0.iter().flatten().count()
    }

    /// The names under which the channels go on: the site, or the device's own label where it is none. A label that
    /// would be taken for an electrode, though its channel is none or another's, is marked.
    pub fn names<S: AsRef<str>>(&self, labels: &[S]) -> Vec<String> {
        let sites: BTreeSet<String> =
            self.0.iter().flatten().map(|site| site.to_ascii_lowercase()).collect();
        let own = |(channel, label): (usize, &S)| {
            let label = label.as_ref();
            match self.site(channel) {
                Some(site) => site.to_owned(),
                None if position(label).is_some()
                    || sites.contains(&label.to_ascii_lowercase()) =>
                {
                    format!("{} (no electrode)", label.trim())
                }
                None => label.to_owned(),
            }
        };
        labels.iter().enumerate().map(own).collect()
    }

    /// Who is who, for a file: `Ch1 = Fp1, Ch2 = -`.
    pub fn words<S: AsRef<str>>(&self, labels: &[S]) -> String {
        let pair = |(channel, label): (usize, &S)| {
            format!("{} = {}", label.as_ref(), self.site(channel).unwrap_or("-"))
        };
        labels.iter().enumerate().map(pair).collect::<Vec<_>>().join(", ")
    }
}

/// A site as somebody writes it; empty and `-` are none.
///
/// # Errors
/// In words, when it is no site of the 10-05 system.
pub(super) fn read_site(name: &str) -> Result<Option<String>, String> {
    let name = name.trim();
    if name.is_empty() || name == super::presets::NO_ELECTRODE || name.eq_ignore_ascii_case("none")
    {
        return Ok(None);
    }
    if position(name).is_none() {
        return Err(format!(
            "'{}' is no electrode of the 10-05 system, such as Fp1, Cz or PO8, nor - for none",
            shown(name)
        ));
    }
    Ok(Some(canonical_label(name)))
}

/// A name that may come from anywhere, cut and without control characters.
pub(super) fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::super::presets::preset_named;
    use super::*;

    #[test]
    fn labels_speak_for_themselves_once() {
        let sites = Sites::by_label(&["EEG Fp1-REF", "Ch2", "fp1", "T3"]);
        let want = [Some("Fp1".to_owned()), None, None, Some("T7".to_owned())];
        assert_eq!(sites.all(), want);
        assert_eq!(
            sites.names(&["EEG Fp1-REF", "Ch2", "fp1", "T3"]),
            ["Fp1", "Ch2", "fp1 (no electrode)", "T7"]
        );
        for name in sites.names(&["EEG Fp1-REF", "Ch2", "fp1", "T3"]) {
            let is_site = ["Fp1", "T7"].contains(&name.as_str());
            assert_eq!(position(&name).is_some(), is_site, "{name}");
        }
    }

    #[test]
    fn a_caps_own_numbers_are_no_sites_until_somebody_says_so() {
        let labels: Vec<String> = (1..=32).map(|i| format!("A{i}")).collect();
        assert_eq!(Sites::by_label(&labels).placed(), 0);
        let sites = Sites::of_preset(preset_named("biosemi32").unwrap(), 32).unwrap();
        assert_eq!(sites.names(&labels)[..3], ["Fp1", "AF3", "F7"]);
    }

    #[test]
    fn one_site_is_one_channels() {
        let mut sites = Sites::by_label(&["Fp1", "Fp2", "x"]);
        assert_eq!(sites.assign(2, Some("fp1")), Some(0));
        assert_eq!(sites.all(), [None, Some("Fp2".to_owned()), Some("Fp1".to_owned())]);
        assert_eq!(sites.assign(1, None), None);
        assert_eq!((sites.placed(), sites.holder("FP1")), (1, Some(2)));
        assert_eq!(sites.assign(9, Some("Cz")), None, "no such channel");
        let mut old = Sites::by_label(&["T7", "x"]);
        assert_eq!(old.assign(1, Some("T3")), Some(0), "an old name of the same place");
        assert_eq!(old.all(), [None, Some("T7".to_owned())]);
        assert_eq!(
            sites.names(&["Fp1", "Fp2", "x"]),
            ["Fp1 (no electrode)", "Fp2 (no electrode)", "Fp1"]
        );
    }

    #[test]
    fn a_preset_may_be_shorter_than_the_device_and_never_longer() {
        let cyton = preset_named("cyton8").unwrap();
        assert_eq!(Sites::of_preset(cyton, 10).unwrap().placed(), 8);
        assert!(Sites::of_preset(cyton, 4).unwrap_err().contains("8 channels"));
    }

    #[test]
    fn what_is_written_wrongly_is_refused_in_words() {
        for (names, why) in [
            (vec!["Fp1", "Q7"], "'Q7' is no electrode"),
            (vec!["Cz", "cz"], "Cz is named for channel 1 and for 2"),
            (vec!["Cz"], "names 1 channels and this source has 2"),
        ] {
            assert!(Sites::in_order(&names, 2).unwrap_err().contains(why), "{names:?}");
        }
        assert_eq!(Sites::in_order(&["-", ""], 2).unwrap().placed(), 0);
    }
}
