//! What is to be cleaned, as the command line says it.
//!
//! What was asked for has one spelling (`Cleaning::to_string`), which is what recordings, reports and fits keep. The object that
//! does it is made in [`super::cleaner`].

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::signal::montage::canonical_label;

/// Cutoff where none is given: asrpy's and clean_rawdata's; Chang et al. 2020 find 20 to 30 best.
pub const CUTOFF: f64 = 20.0;

/// Artefact components are taken out.
#[derive(Clone, Debug, PartialEq)]
pub struct Components {
    /// How many deviations above the mean of clean signal a component is an artefact.
    pub cutoff: f64,
    /// How long signal is held back for it, seconds: 0 lets the first part of an artefact pass.
    pub delay_secs: f64,
    /// A recording to learn from, of the same electrodes at the same rate; else the first minute of the run.
    pub from: Option<PathBuf>,
}

/// What is to be cleaned; nothing by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cleaning {
    /// Artefact components.
    pub components: Option<Components>,
    /// Electrodes that are interpolated, by label.
    pub bad: Vec<String>,
    /// Whether electrodes that the quality meter calls bad are interpolated.
    pub watch_bad: bool,
    /// Channels of the source whose mean is taken off.
    pub reference: Vec<String>,
}

/// One `--clean`.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// `asr[:cutoff=20,delay=0,from=FILE]`.
    Components(Components),
    /// `bad`.
    WatchBad,
}

impl FromStr for Wish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        if kind == "bad" && rest.is_empty() {
            return Ok(Self::WatchBad);
        }
        if kind != "asr" {
            return Err(format!(
                "'{text}' is no way to clean: asr[:cutoff=20,delay=0,from=FILE], or bad"
            ));
        }
        let mut wish = Components { cutoff: CUTOFF, delay_secs: 0.0, from: None };
        for part in rest.split(',').filter(|part| !part.is_empty()) {
            let number = |value: &str| {
                value.parse::<f64>().map_err(|_| format!("'{value}' in '{text}' is no number"))
            };
            match part.split_once('=') {
                Some(("cutoff", value)) => wish.cutoff = number(value)?,
                Some(("delay", value)) => wish.delay_secs = number(value)?,
                Some(("from", value)) => wish.from = Some(value.into()),
                _ => return Err(format!("'{part}' in '{text}': asr knows cutoff, delay and from")),
            }
        }
        Ok(Self::Components(wish))
    }
}

/// The one spelling, without where components are learned: `none` where nothing is cleaned.
impl fmt::Display for Cleaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.bad.is_empty() {
            let mut names: Vec<String> =
                self.bad.iter().map(|name| canonical_label(name)).collect();
            names.sort();
            parts.push(format!("bad:{}", names.join(",")));
        }
        if self.watch_bad {
            parts.push("bad".into());
        }
        if !self.reference.is_empty() {
            parts.push(format!("reference:{}", self.reference.join(",")));
        }
        if let Some(Components { cutoff, delay_secs, .. }) = &self.components {
            parts.push(format!("asr:cutoff={cutoff},delay={delay_secs}"));
        }
        f.write_str(if parts.is_empty() { "none" } else { "" })?;
        f.write_str(&parts.join(" "))
    }
}

impl Serialize for Cleaning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Cleaning {
    /// Whether nothing is cleaned.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// The spelling, where something is cleaned.
    pub fn words(&self) -> Option<String> {
        (!self.is_off()).then(|| self.to_string())
    }

    /// What asks for it on the command line, each with a space before it.
    pub fn arguments(&self) -> String {
        let mut text = String::new();
        if let Some(Components { cutoff, delay_secs, from }) = &self.components {
            let from = from.as_ref().map(|path| format!(",from={}", path.display()));
            let wish =
                format!("asr:cutoff={cutoff},delay={delay_secs}{}", from.unwrap_or_default());
            text.push_str(&format!(" --clean '{}'", wish.replace('\'', "'\\''")));
        }
        if self.watch_bad {
            text.push_str(" --clean bad");
        }
        if !self.bad.is_empty() {
            text.push_str(&format!(" --bad {}", self.bad.join(",")));
        }
        if !self.reference.is_empty() {
            text.push_str(&format!(" --reference {}", self.reference.join(",")));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_and_have_one_spelling() {
        let asr = |cutoff, delay_secs, from: Option<&str>| {
            Wish::Components(Components { cutoff, delay_secs, from: from.map(PathBuf::from) })
        };
        assert_eq!("asr".parse(), Ok(asr(20.0, 0.0, None)));
        assert_eq!("asr:cutoff=30,delay=0.1,from=a.xdf".parse(), Ok(asr(30.0, 0.1, Some("a.xdf"))));
        assert_eq!("bad".parse(), Ok(Wish::WatchBad));
        for wrong in ["", "ica", "asr:cutoff", "asr:cutoff=high", "asr:window=1", "bad:O1"] {
            assert!(wrong.parse::<Wish>().is_err(), "{wrong}");
        }
        let components = Some(Components { cutoff: 20.0, delay_secs: 0.0, from: None });
        let bad = vec!["t3".into(), "O1".into()];
        let all = Cleaning { components, bad, watch_bad: true, reference: vec!["M1".into()] };
        assert_eq!(all.to_string(), "bad:O1,T7 bad reference:M1 asr:cutoff=20,delay=0");
        assert_eq!(
            all.arguments(),
            " --clean 'asr:cutoff=20,delay=0' --clean bad --bad t3,O1 --reference M1"
        );
        assert_eq!(Cleaning::default().to_string(), "none");
        assert_eq!(Cleaning::default().words(), None);
    }
}
