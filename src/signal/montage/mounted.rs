//! How the channels of a source came by their electrodes: what viewers and recordings are told.

use super::Sites;

/// Pairs of channel and site that a note shows; a recording holds all.
const SHOWN_PAIRS: usize = 16;

/// Who says which electrode a channel is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Said {
    /// The device's own labels.
    #[default]
    ByLabel,
    /// Somebody, for this run; in words how.
    Given(String),
    /// Somebody, earlier, of this device.
    Saved {
        /// In words how.
        from: String,
        /// When, ISO 8601 in UTC.
        saved_utc: String,
    },
}

/// How the channels of a source came by their electrodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mounted {
    /// The channels as the device calls them, in its order.
    pub device_labels: Vec<String>,
    /// What each of them is.
    pub sites: Sites,
    /// Who says so.
    pub said: Said,
    /// What is wrong with what was kept, in sentences.
    pub cautions: Vec<String>,
}

impl Mounted {
    /// Who says so, in words.
    pub fn words(&self) -> String {
        match &self.said {
            Said::ByLabel => "by the device's own labels".into(),
            Said::Given(how) => how.clone(),
            Said::Saved { from, saved_utc } => {
                format!(
                    "{from}, as saved for this device on {}",
                    saved_utc.get(..10).unwrap_or("?")
                )
            }
        }
    }

    /// Who is who, for a file: every channel.
    pub fn pairs(&self) -> String {
        self.sites.words(&self.device_labels)
    }

    /// One line for the notes of a source; `None` where the labels speak for themselves.
    pub fn note(&self) -> Option<String> {
        if self.said == Said::ByLabel {
            return None;
        }
        let shown = self.device_labels.len().min(SHOWN_PAIRS);
        let more = if shown < self.device_labels.len() { ", …" } else { "" };
        let pairs = self.sites.words(&self.device_labels[..shown]);
        Some(format!("electrodes {}: {pairs}{more}", self.words()))
    }
}
