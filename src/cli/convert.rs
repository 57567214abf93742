//! `phosphene convert`: a recording in another format, or as a BIDS data set.
//!
//! Reads the recording twice, in pieces: once to know ranges and events, once to copy. What it made is removed
//! again when it fails; nothing that was there before is touched.

use std::path::{Path, PathBuf};

use crate::exchange::convert::{Carry, Converted, Target, convert, outputs, prepare};
use crate::exchange::cut::cut;
use crate::exchange::survey::survey;
use crate::exchange::{self, bids};
use crate::formats::FormatError;

use super::failure::Failure;
use super::terminal::share_bar;

const EXAMPLES: &str = "\
Examples:
  phosphene convert session.xdf session.edf
  phosphene convert recording.bdf recording.vhdr
  phosphene convert OpenBCI-RAW.txt session.xdf
  phosphene convert night.edf minute.edf --from 3600 --until 3660
  phosphene convert session.xdf study --to bids --subject 01 --session 01 --task viewing

EDF+ holds 16 bits, BDF+ 24 bits, BrainVision float32, XDF float64. A BIDS data set gets a BDF+ file, its
sidecars, and the original under sourcedata/; run it again with another subject to add to it.";

/// Arguments of `convert`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The recording
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// The file to make; for BIDS the folder of the data set
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// Format [default: by the ending of OUT]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub to: Option<Format>,
    /// Whose rules say when the samples of an XDF were taken
    #[arg(long, value_name = "RULES", default_value = "settled")]
    pub stamps: super::stamps::Rules,
    /// Which piece of it
    #[command(flatten)]
    pub span: super::span::SpanArgs,
    /// BIDS: subject, letters and digits
    #[arg(long, value_name = "ID", default_value = "01")]
    pub subject: String,
    /// BIDS: session, letters and digits
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// BIDS: task, letters and digits
    #[arg(long, value_name = "NAME", default_value = "viewing")]
    pub task: String,
    /// BIDS: number of the run
    #[arg(long, value_name = "N")]
    pub run: Option<u32>,
    /// BIDS: frequency of the mains in Hz, where it is known
    #[arg(long, value_name = "HZ")]
    pub mains: Option<f64>,
    /// BIDS: reference electrodes, where the recording does not say
    #[arg(long, value_name = "TEXT")]
    pub reference: Option<String>,
}

/// What `--to` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Every stream, exactly
    Xdf,
    /// EDF+
    Edf,
    /// BDF+
    Bdf,
    /// Three files: .vhdr, .vmrk, .eeg
    Brainvision,
    /// A data set
    Bids,
}

/// Runs `convert`.
///
/// # Errors
/// Exit code 2 for arguments that make no sense, 6 when IN cannot be read, 5 when OUT cannot be written.
pub fn run(args: &Args) -> Result<(), Failure> {
    let target = match args.to {
        Some(Format::Bids) => return to_bids(args),
        Some(Format::Xdf) => Target::Xdf,
        Some(Format::Edf) => Target::Edf,
        Some(Format::Bdf) => Target::Bdf,
        Some(Format::Brainvision) => Target::BrainVision,
        None => Target::of(&args.output).ok_or_else(|| {
            let path = args.output.display();
            Failure::usage(format!(
                "no format goes with the name '{path}': add --to xdf, edf, bdf, brainvision or bids"
            ))
        })?,
    };
    let output = match target {
        // Two of the three names follow from the header's.
        Target::BrainVision => args.output.with_extension("vhdr"),
        _ => args.output.clone(),
    };
    let done = to_file(args, &output, target, Carry::All)?;
    say(&output, &done);
    Ok(())
}

/// Converts into a file that must not exist.
fn to_file(args: &Args, output: &Path, target: Target, carry: Carry) -> Result<Converted, Failure> {
    let files = outputs(output, target);
    if let Some(there) = files.iter().find(|path| path.symlink_metadata().is_ok()) {
        let why = format!(
            "{} is there already and is not written over; choose another name",
            there.display()
        );
        return Err(Failure::output(why));
    }
    let cannot_read = |e: FormatError| Failure::file(e.to_string());
    let mut reader = exchange::open(&args.input, args.stamps.into())
        .and_then(|whole| cut(whole, args.span.into()))
        .map_err(cannot_read)?;
    let bar = share_bar("looking");
    let found = survey(&mut *reader, |share| bar.set_position((share * 1000.0) as u64))
        .map_err(cannot_read)?;
    bar.set_message("writing");
    let on_progress = |share: f64| bar.set_position((share * 1000.0) as u64);
    let done = convert(&mut *reader, &found, output, (target, carry), on_progress);
    bar.finish_and_clear();
    done.map_err(|e| {
        for path in &files {
            // Made by this call: they were not there before.
            let _ = std::fs::remove_file(path);
        }
        failure(&e, output)
    })
    .map(|mut done| {
        done.notes.splice(..0, found.warnings);
        done
    })
}

/// What is about IN is code 6, what is about OUT code 5.
fn failure(error: &FormatError, output: &Path) -> Failure {
    let about_output = matches!(error, FormatError::Io { path, .. } if path.with_extension("") == output.with_extension(""));
    if about_output { Failure::output(error.to_string()) } else { Failure::file(error.to_string()) }
}

fn to_bids(args: &Args) -> Result<(), Failure> {
    let entities =
        bids::Entities::new(&args.subject, args.session.as_deref(), &args.task, args.run)
            .map_err(Failure::usage)?;
    let cannot_read = |e: FormatError| Failure::file(e.to_string());
    let mut reader = exchange::open(&args.input, args.stamps.into())
        .and_then(|whole| cut(whole, args.span.into()))
        .map_err(cannot_read)?;
    let bar = share_bar("looking");
    let found = survey(&mut *reader, |share| bar.set_position((share * 1000.0) as u64))
        .map_err(cannot_read)?;
    bar.finish_and_clear();
    let prepared = prepare(reader.head(), &found, false).map_err(cannot_read)?;
    let facts = bids::Facts { mains_hz: args.mains, reference: args.reference.clone() };
    let places = bids::places(&args.output, &entities, &args.input);
    if let Some(there) =
        [&places.signal, &places.original].into_iter().find(|p| p.symlink_metadata().is_ok())
    {
        let why = format!(
            "{} is there already; choose another --subject, --session, --task or --run",
            there.display()
        );
        return Err(Failure::output(why));
    }
    let not_written = |e: FormatError| Failure::output(e.to_string());
    bids::make_folders(&places).map_err(not_written)?;
    let done = to_file(args, &places.signal, Target::Bdf, Carry::Signal)?;
    bids::write_sidecars(&args.output, &entities, &places, &prepared.head, &found, &facts)
        .map_err(not_written)?;
    bids::keep_original(&args.input, &places).map_err(not_written)?;
    say(&places.signal, &done);
    Ok(())
}

fn say(output: &Path, done: &Converted) {
    for note in &done.notes {
        eprintln!("note: {note}");
    }
    eprintln!("{} samples, {} events: {}", done.samples, done.events, output.display());
}
