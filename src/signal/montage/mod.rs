//! Where on the head channels come from, and how one headset's channels stand in for another's.
//!
//! Takes channel labels as headsets and files write them; gives positions on the unit sphere
//! ([`position`]), named montages ([`Montage::standard`]) and maps between montages ([`ChannelMap`]).
//! Everything here is pure and runs once per session, never on a real-time thread.

mod map;
mod positions;
mod spline;

pub use map::{ChannelMap, MAX_INTERPOLATION_DEG, Origin};
pub use positions::{Position, canonical_label, degrees_between, derivation, position};
pub use spline::interpolation_matrix;

/// Named montages, with their channels in the order in which the headset delivers them.
///
/// Sources: OpenBCI's default electrode set for 8 and 16 channels; actiCAP 32 of Brain Products / EasyCap;
/// the 64-channel cap of BioSemi; Muse 2 and Muse S; the channel names of BrainFlow's synthetic board.
const STANDARD: [(&str, &str); 7] = [
    ("cyton8", "Fp1 Fp2 C3 C4 P7 P8 O1 O2"),
    ("cyton_daisy16", "Fp1 Fp2 C3 C4 P7 P8 O1 O2 F7 F8 F3 F4 T7 T8 P3 P4"),
    ("posterior16", "Fz C3 Cz C4 P7 P3 Pz P4 P8 PO7 PO3 PO4 PO8 O1 Oz O2"),
    (
        "easycap32",
        "Fp1 Fp2 F7 F3 Fz F4 F8 FC5 FC1 FC2 FC6 T7 C3 Cz C4 T8 TP9 CP5 CP1 CP2 CP6 TP10 P7 P3 Pz P4 P8 \
         PO9 O1 Oz O2 PO10",
    ),
    (
        "biosemi64",
        "Fp1 AF7 AF3 F1 F3 F5 F7 FT7 FC5 FC3 FC1 C1 C3 C5 T7 TP7 CP5 CP3 CP1 P1 P3 P5 P7 P9 PO7 PO3 O1 \
         Iz Oz POz Pz CPz Fpz Fp2 AF8 AF4 AFz Fz F2 F4 F6 F8 FT8 FC6 FC4 FC2 FCz Cz C2 C4 C6 T8 TP8 CP6 \
         CP4 CP2 P2 P4 P6 P8 P10 PO8 PO4 O2",
    ),
    ("muse4", "TP9 AF7 AF8 TP10"),
    ("synthetic16", "Fz C3 Cz C4 Pz PO7 Oz PO8 F5 F7 F3 F1 F2 F4 F6 F8"),
];

/// A list of channels with their places on the head.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Montage {
    /// The labels as given.
    pub labels: Vec<String>,
    /// Their positions; `None` where the label is not a known electrode.
    pub positions: Vec<Option<Position>>,
}

impl Montage {
    /// Finds the positions of labels.
    pub fn from_labels<S: AsRef<str>>(labels: &[S]) -> Self {
        Self {
            labels: labels.iter().map(|label| label.as_ref().to_owned()).collect(),
            positions: labels.iter().map(|label| position(label.as_ref())).collect(),
        }
    }

    /// The standard montage with this name, see [`Montage::standard_names`].
    pub fn standard(name: &str) -> Option<Self> {
        let (_, labels) = STANDARD.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(Self::from_labels(&labels.split_whitespace().collect::<Vec<_>>()))
    }

    /// The names that [`Montage::standard`] knows.
    pub fn standard_names() -> impl Iterator<Item = &'static str> {
        STANDARD.iter().map(|(name, _)| *name)
    }

    /// Number of channels.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True when there are no channels.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standard_channel_is_a_known_electrode_and_named_once() {
        for name in Montage::standard_names() {
            let montage = Montage::standard(name).unwrap();
            assert!(montage.positions.iter().all(Option::is_some), "{name}: {montage:?}");
            let mut labels = montage.labels.clone();
            labels.sort();
            labels.dedup();
            assert_eq!(labels.len(), montage.len(), "{name}");
            let number: String = name.chars().filter(char::is_ascii_digit).collect();
            assert_eq!(montage.len(), number.parse::<usize>().unwrap(), "{name}");
        }
        assert!(Montage::standard("cap9000").is_none());
    }
}
