//! What `live`, `replay`, `fit` and `evaluate` are asked about cleaning.

use crate::pipeline::cleaning::{Cleaning, Wish};

/// Arguments about cleaning. Nothing is cleaned unless it is asked for.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CleanArgs {
    /// Clean the signal that the decoder sees: asr[:cutoff=20,delay=0,from=FILE] takes out artefact components, learned from
    /// a recording or from the first minute; bad interpolates electrodes that are called bad (both may be given)
    #[arg(long, value_name = "HOW")]
    pub clean: Vec<Wish>,
    /// Interpolate these electrodes from the others, for example O1,T7
    #[arg(long, value_name = "LABELS", value_delimiter = ',')]
    pub bad: Vec<String>,
    /// Take the mean of these channels off, for example M1,M2 for linked mastoids; for packs that take off none themselves
    #[arg(long, value_name = "LABELS", value_delimiter = ',')]
    pub reference: Vec<String>,
}

impl CleanArgs {
    /// What they ask for; of several of a kind, the last.
    pub fn cleaning(&self) -> Cleaning {
        let components = self.clean.iter().rev().find_map(|wish| match wish {
            Wish::Components(components) => Some(components.clone()),
            Wish::WatchBad => None,
        });
        Cleaning {
            components,
            bad: self.bad.clone(),
            watch_bad: self.clean.contains(&Wish::WatchBad),
            reference: self.reference.clone(),
        }
    }
}
