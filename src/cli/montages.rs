//! `phosphene montages`: the montages of common headsets, and those that are saved for devices.

use serde::Serialize;

use crate::config::montages::{self, Saved, SavedMontage};
use crate::signal::montage::{Preset, preset_named, presets};

use super::failure::Failure;
use super::terminal::print_json;

const EXAMPLES: &str = "\
Examples:
  phosphene montages                                    all presets
  phosphene montages cyton8                             one of them, and where it comes from
  phosphene montages --saved                            what is saved for devices
  phosphene live --source lsl:type=EEG --montage cyton8
  phosphene live --source lsl:type=EEG --montage Ch1=O1,Ch2=O2,Ch3=Oz
  phosphene evaluate session.xdf --montage cap.toml     sites = [\"Fp1\", \"Fp2\", \"-\"], or a table [channels]

Presets are offered, never taken silently. What is chosen in the window is kept for the device; --montage label leaves
that aside.";

/// Arguments of `montages`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Show this preset alone
    #[arg(value_name = "PRESET", conflicts_with = "saved")]
    pub preset: Option<String>,
    /// Show what is saved for devices
    #[arg(long)]
    pub saved: bool,
    /// Print one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct PresetDocument<'a> {
    name: &'a str,
    title: &'a str,
    maker: &'a str,
    channels: &'a [Option<String>],
    source: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    presets: Vec<PresetDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    saved: Option<&'a [SavedMontage]>,
    warnings: &'a [String],
}

/// Runs `montages`.
///
/// # Errors
/// Exit code 2 for a preset that there is not.
pub fn run(args: &Args) -> Result<(), Failure> {
    if args.saved {
        return saved(args.json);
    }
    let shown: Vec<&Preset> = match &args.preset {
        None => presets().iter().collect(),
        Some(name) => vec![preset_named(name).ok_or_else(|| {
            Failure::usage(format!("there is no preset '{name}'; `phosphene montages` lists all"))
        })?],
    };
    if args.json {
        let presets = shown.iter().map(|preset| document(preset)).collect();
        return print_json(&Document { schema: 1, presets, saved: None, warnings: &[] });
    }
    for preset in shown {
        println!("{:<16} {:>3} channels  {}", preset.name, preset.sites.len(), preset.title);
        if args.preset.is_some() {
            println!("{}\nsource: {}", sites(&preset.sites), preset.source);
        }
    }
    Ok(())
}

fn document(preset: &Preset) -> PresetDocument<'_> {
    let Preset { name, title, maker, sites, source, .. } = preset;
    PresetDocument { name, title, maker, channels: sites, source }
}

fn sites(sites: &[Option<String>]) -> String {
    sites.iter().map(|site| site.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(" ")
}

fn saved(json: bool) -> Result<(), Failure> {
    let path = montages::path();
    let saved = path.as_deref().map(Saved::read).unwrap_or_default();
    if json {
        return print_json(&Document {
            schema: 1,
            presets: Vec::new(),
            saved: Some(&saved.montages),
            warnings: &saved.notices,
        });
    }
    for notice in &saved.notices {
        eprintln!("note: {notice}");
    }
    for montage in &saved.montages {
        let SavedMontage { kind, name, labels, sites, from, saved_utc } = montage;
        println!("{kind} {name}, {} channels: {from}, saved {saved_utc}", labels.len());
        let pair = |(label, site): (&String, &String)| {
            format!("{label}={}", if site.is_empty() { "-" } else { site })
        };
        println!("  {}", labels.iter().zip(sites).map(pair).collect::<Vec<_>>().join(" "));
    }
    if saved.montages.is_empty() {
        println!("nothing is saved");
    }
    if let Some(path) = path {
        eprintln!("file: {}", path.display());
    }
    Ok(())
}
