//! Where on the head channels come from, and how one headset's channels stand in for another's.
//!
//! Takes channel labels as headsets and files write them; gives positions on the unit sphere
//! ([`position`]), the montages of common headsets ([`presets`]), what somebody says that channels are
//! ([`MontageSpec`], [`Sites`]) and maps between montages ([`ChannelMap`]).
//! Everything here is pure and runs once per session, never on a real-time thread.

mod positions;
mod spline;
mod presets;
mod sites;
mod spec;
mod mounted;
mod map;

pub use map::{ChannelMap, MAX_INTERPOLATION_DEG, Origin};
pub use mounted::{Mounted, Said};
pub use positions::{Position, TEN_TEN, canonical_label, degrees_between, derivation, position};
pub use presets::{Preset, advice, own_numbering, preset_named, presets};
pub use sites::Sites;
pub use spec::MontageSpec;
pub use spline::{interpolation_matrix, spline_precision};

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

    /// The electrodes of the preset with this name, see [`presets`].
    pub fn standard(name: &str) -> Option<Self> {
        let electrodes: Vec<&str> = preset_named(name)?.electrodes().collect();
        Some(Self::from_labels(&electrodes))
    }

    /// The names that [`Montage::standard`] knows.
    pub fn standard_names() -> impl Iterator<Item = &'static str> {
        presets().iter().map(|preset| preset.name.as_str())
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
