//! What `live` and `replay` ask of a run in common: with which decoder, what is painted, what is left behind.

use std::path::PathBuf;

use crate::decode::{Scope, Show};
use crate::pipeline::WindowMode;

use super::cleaning::CleanArgs;

/// Arguments of every run that decodes.
#[derive(Clone, Debug, clap::Args)]
pub struct DecodeArgs {
    /// Folder of the model pack [default: the bundled pack]
    #[arg(long, value_name = "DIR")]
    pub pack: Option<PathBuf>,
    /// Personal encoder to use in place of the pack's
    #[arg(long, value_name = "FILE")]
    pub encoder: Option<PathBuf>,
    /// Which electrodes the channels are: a preset (see `phosphene montages`), pairs as in Ch1=Fp1,Ch2=Fp2, a TOML file, or
    /// label for the device's own labels alone [default: what is saved for the device, else its labels]
    #[arg(long, value_name = "PRESET|PAIRS|FILE|label")]
    pub montage: Option<String>,
    /// Run without a window
    #[arg(long)]
    pub headless: bool,
    /// What is cleaned
    #[command(flatten)]
    pub clean: CleanArgs,
    /// Folder for decodes.jsonl, the pictures and sheet.png
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Leave the single pictures out of that folder
    #[arg(long, requires = "out")]
    pub no_pictures: bool,
    /// Seed of the generator's noise and of the null
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Steps of the generator [default: the pack's]
    #[arg(long, value_name = "N")]
    pub steps: Option<u32>,
    /// Which windows to decode
    #[arg(long, value_enum, default_value_t = WindowMode::Auto)]
    pub mode: WindowMode,
    /// What to paint: the most probable picture, or the mean of everything that cannot be ruled out
    #[arg(long, value_enum, default_value_t = Show::Best, hide_possible_values = true, value_name = "best|mean")]
    pub show: Show,
    /// Which pictures are in play: those that were told (the gallery), or all drawings that the generator remembers
    #[arg(long, value_enum, default_value_t = Scope::Told, hide_possible_values = true, value_name = "told|remembered")]
    pub scope: Scope,
    /// Your own pictures in place of the gallery: a folder of PNG, JPEG and WebP files that the pack's image encoder embeds,
    /// or one that `calibrate` kept (stimuli.toml); a virtual subject looks at them, and in a
    /// recording they are those that were shown
    #[arg(long, value_name = "DIR")]
    pub pictures: Option<PathBuf>,
    /// Do not run the null twin
    #[arg(long)]
    pub no_twin: bool,
    /// Print one JSON document on standard output at the end
    #[arg(long)]
    pub json: bool,
}

impl Default for DecodeArgs {
    fn default() -> Self {
        Self {
            pack: None,
            encoder: None,
            montage: None,
            headless: false,
            clean: CleanArgs::default(),
            out: None,
            no_pictures: false,
            seed: 1,
            steps: None,
            mode: WindowMode::Auto,
            show: Show::Best,
            scope: Scope::Told,
            pictures: None,
            no_twin: false,
            json: false,
        }
    }
}
