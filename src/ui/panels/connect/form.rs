//! What has been filled in, and the source that it names.
//!
//! Every way to choose a source ends in the same text that the command line takes, so the window can show
//! it and a run can be repeated without the window.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::catalogue;
use crate::source::{SourceError, SourceSpec};
use crate::subject::DEFAULT_SNR_DB;

/// The ways to choose a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// The virtual subject.
    #[default]
    Simulated,
    /// A Lab Streaming Layer stream.
    Lsl,
    /// A BrainFlow board.
    Brainflow,
    /// A recording.
    File,
    /// Any source, written out.
    Text,
}

/// Every way with its name.
pub const WAYS: [(Way, &str); 5] = [
    (Way::Simulated, "Simulated"),
    (Way::Lsl, "LSL"),
    (Way::Brainflow, "BrainFlow"),
    (Way::File, "File"),
    (Way::Text, "Other"),
];

/// Everything that has been filled in.
#[derive(Clone, Debug)]
pub struct Form {
    /// Which way.
    pub way: Way,
    /// Virtual subject: its number.
    pub subject: u32,
    /// Virtual subject: signal to noise, dB.
    pub snr_db: f64,
    /// Virtual subject: montage; empty for its default.
    pub montage: String,
    /// LSL predicate: `type=EEG`.
    pub predicate: String,
    /// Board, by name or number.
    pub board: String,
    /// The parameters that the board is asked for, by key.
    pub needed: BTreeMap<String, String>,
    /// Further BrainFlow parameters: `key=value,…`.
    pub parameters: String,
    /// Recording.
    pub file: String,
    /// Written out.
    pub text: String,
    /// The model pack's folder.
    pub pack: String,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            way: Way::Simulated,
            subject: 1,
            snr_db: DEFAULT_SNR_DB,
            montage: String::new(),
            predicate: "type=EEG".into(),
            board: "synthetic".into(),
            needed: BTreeMap::new(),
            parameters: String::new(),
            file: String::new(),
            text: "sim".into(),
            pack: String::new(),
        }
    }
}

impl Form {
    /// Fills in the fields that a source came from.
    pub fn fill(&mut self, source: &SourceSpec) {
        self.text = source.to_string();
        match source {
            SourceSpec::Sim(p)
                if p.keys().all(|key| ["subject", "snr", "montage"].contains(&key.as_str())) =>
            {
                self.way = Way::Simulated;
                self.subject = p.get("subject").and_then(|v| v.parse().ok()).unwrap_or(1);
                self.snr_db = p.get("snr").and_then(|v| v.parse().ok()).unwrap_or(DEFAULT_SNR_DB);
                self.montage = p.get("montage").cloned().unwrap_or_default();
            }
            SourceSpec::Lsl(_) => {
                self.way = Way::Lsl;
                self.predicate = self.text.strip_prefix("lsl:").unwrap_or_default().into();
            }
            SourceSpec::Brainflow { board, parameters } => {
                self.way = Way::Brainflow;
                self.board = board.clone();
                let asked = catalogue::find(&self.board).map(|board| catalogue::asked(&board));
                let is_asked = |key: &str| asked.iter().flatten().any(|(own, _)| *own == key);
                let (needed, more): (BTreeMap<_, _>, BTreeMap<_, _>) =
                    parameters.clone().into_iter().partition(|(key, _)| is_asked(key));
                self.needed = needed;
                let pairs = more.iter().map(|(key, value)| format!("{key}={value}"));
                self.parameters = pairs.collect::<Vec<_>>().join(",");
            }
            SourceSpec::File(path) => {
                self.way = Way::File;
                self.file = path.display().to_string();
            }
            SourceSpec::Sim(_) | SourceSpec::Faulty { .. } => self.way = Way::Text,
        }
    }

    /// The source as text, as the command line takes it.
    pub fn spec_text(&self) -> String {
        match self.way {
            Way::Simulated => self.simulated_text(),
            Way::Lsl => format!("lsl:{}", self.predicate.trim()),
            Way::Brainflow => self.brainflow_text(),
            Way::File => format!("file:{}", self.file.trim()),
            Way::Text => self.text.trim().into(),
        }
    }

    fn simulated_text(&self) -> String {
        let text = format!("sim:snr={},subject={}", self.snr_db, self.subject);
        match self.montage.trim() {
            "" => text,
            montage => format!("{text},montage={montage}"),
        }
    }

    fn brainflow_text(&self) -> String {
        let mut text = format!("brainflow:{}", self.board.trim());
        for (key, value) in self.needed.iter().filter(|(_, value)| !value.trim().is_empty()) {
            text.push_str(&format!(",{key}={}", value.trim()));
        }
        match self.parameters.trim() {
            "" => text,
            more => format!("{text},{more}"),
        }
    }

    /// The source, understood.
    ///
    /// # Errors
    /// [`SourceError::BadSpec`] with what is wrong.
    pub fn source(&self) -> Result<SourceSpec, SourceError> {
        self.spec_text().parse()
    }

    /// The pack's folder; `None` for the bundled one.
    pub fn pack_folder(&self) -> Option<PathBuf> {
        let text = self.pack.trim();
        (!text.is_empty()).then(|| PathBuf::from(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_reads_back_what_it_wrote() {
        for text in [
            "sim:montage=cap64,snr=-5,subject=3",
            "lsl:name=Amp 1",
            "brainflow:cyton,serial_port=/dev/ttyUSB0",
            "file:/tmp/a b.xdf",
            "faulty:drop=0.01+sim:subject=2",
        ] {
            let spec: SourceSpec = text.parse().unwrap();
            let mut form = Form::default();
            form.fill(&spec);
            assert_eq!(form.source().unwrap(), spec, "{text}");
        }
    }

    #[test]
    fn the_needed_parameter_goes_in_front_of_the_rest() {
        let form = Form {
            way: Way::Brainflow,
            board: "cyton".into(),
            needed: [("serial_port".to_owned(), " COM3 ".to_owned())].into(),
            parameters: "timeout=5".into(),
            ..Form::default()
        };
        assert_eq!(form.spec_text(), "brainflow:cyton,serial_port=COM3,timeout=5");
    }
}
