//! `--stamps`: whose rules say when the samples of an XDF were taken.

use crate::formats::xdf::Stamps;

/// The choice as it is written on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Rules {
    /// Robust lines, stretch by stretch: what is missing is a gap, what came late is not
    Settled,
    /// The numbers of pyxdf, which smooths over gaps of less than a second
    Pyxdf,
    /// As they stand in the file
    Raw,
}

impl From<Rules> for Stamps {
    fn from(rules: Rules) -> Self {
        match rules {
            Rules::Settled => Self::Settled,
            Rules::Pyxdf => Self::Pyxdf,
            Rules::Raw => Self::Raw,
        }
    }
}
