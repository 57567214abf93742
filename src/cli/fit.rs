//! `phosphene fit`: a personal encoder from recorded sessions.

use std::path::{Path, PathBuf};

use crate::calibrate::fit::personal::Method;
use crate::calibrate::trials::split::Split;
use crate::decode::session::Runtime;
use crate::native;
use crate::study::fit::class_pack;
use crate::study::fit::personal::{FitDocument, FitRequest, fit_into, refuse_to_write_over};
use crate::study::trials::labelled::{self, Events};
use crate::study::trials::sessions::TestRuns;

use super::failure::Failure;
use super::montage::mounting;
use super::sessions::{SessionArgs, THREADS, load, open_pack};
use super::terminal::print_json;

const EXAMPLES: &str = "\
Examples:
  phosphene record --source sim:repeats=1 --seconds 600 --out ses-01.xdf
  phosphene fit ses-01.xdf                              writes ses-01-fit/encoder.onnx and fit.toml
  phosphene fit calibration/sub-01/ses-01 calibration/sub-01/ses-02 --out calibration/sub-01/fit
  phosphene live --encoder ses-01-fit/encoder.onnx
  phosphene fit run-*.csv --events faces.toml --out faces-pack      two to ten classes, as a model pack of its own
  phosphene live --pack faces-pack --source lsl:type=EEG";

/// Arguments of `fit`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What every command on sessions takes.
    #[command(flatten)]
    pub common: SessionArgs,
    /// Folder for encoder.onnx and fit.toml [default: the session's folder, or NAME-fit beside a recording]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Fit to the test runs of sessions too, as a session does at its end, when everything has been scored
    #[arg(long)]
    pub with_test_runs: bool,
    /// Fit classes instead of pictures: a table of what the markers mean (see calibration/events-example.toml)
    #[arg(long, value_name = "TOML", requires = "out", conflicts_with = "for_new_pictures")]
    pub events: Option<PathBuf>,
    /// Fit for pictures never shown in calibration, instead of those that were: makes a difference only where the fit does
    /// not go by the responses that the pack knows
    #[arg(long)]
    pub for_new_pictures: bool,
}

/// Runs `fit`.
///
/// # Errors
/// Exit code 4 for the pack, 5 when nothing can be written, 6 when the sessions cannot be used.
pub fn run(args: &Args) -> Result<(), Failure> {
    if let Some(events) = &args.events {
        args.common.refuse_cleaning_of_classes()?;
        return fit_table(events, args);
    }
    let folder = out_folder(args);
    refuse_to_write_over(&folder)?;
    let pack = open_pack(args.common.pack.as_deref())?;
    let runtime = Runtime::load(&native::onnx_runtime().map_err(Failure::pack)?, THREADS)?;
    let test_runs = if args.with_test_runs { TestRuns::Included } else { TestRuns::LeftOut };
    let sessions = load(&args.common, test_runs, &pack, &runtime)?;
    let inner = if args.for_new_pictures { Split::Pictures } else { Split::Runs };
    let request = FitRequest { folder: &folder, inner, seed: args.common.seed };
    let (document, _) = fit_into(request, pack, &runtime, &sessions)?;
    if args.common.json {
        return print_json(&document);
    }
    eprint!("{}", summary(&document));
    Ok(())
}

/// Two to ten classes of recordings made elsewhere.
fn fit_table(events: &Path, args: &Args) -> Result<(), Failure> {
    let folder = out_folder(args);
    class_pack::refuse_to_write_over(&folder)?;
    let events = Events::read(events).map_err(Failure::usage)?;
    let mounting = mounting(args.common.montage.as_deref())?;
    let pack = open_pack(args.common.pack.as_deref())?;
    let runtime = Runtime::load(&native::onnx_runtime().map_err(Failure::pack)?, THREADS)?;
    let found = labelled::load(&args.common.sessions, &events, &mounting, |_, _, _| {})
        .map_err(|e| Failure::file(e.to_string()))?;
    let document = class_pack::fit_classes(&folder, &found, &events, &pack, &runtime)?;
    if args.common.json {
        return print_json(&document);
    }
    let label = if document.simulated { " (SIMULATED)" } else { "" };
    eprintln!("fitted to   {} trials of {}{label}", document.trials, found.classes.join(", "));
    eprintln!(
        "features    {:?}, chosen by their ROC AUC over runs, {:.3}",
        document.features, document.inner_auc
    );
    eprintln!("written     {}: phosphene live --pack {0}", document.pack);
    eprintln!("This is no score: `phosphene evaluate --events` gives one, with its controls.");
    Ok(())
}

fn out_folder(args: &Args) -> PathBuf {
    if let Some(out) = &args.out {
        return out.clone();
    }
    let first = &args.common.sessions[0]; // clap asks for at least one
    if first.is_dir() {
        return first.clone();
    }
    let stem = first.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    first.with_file_name(format!("{}-fit", stem.unwrap_or_default()))
}

fn summary(document: &FitDocument) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let label = if document.simulated { " (SIMULATED)" } else { "" };
    let _ = writeln!(
        text,
        "fitted to   {} trials of {} pictures{label}",
        document.trials, document.pictures
    );
    for run in &document.runs {
        let refused: usize = run.refused.values().sum();
        let _ = writeln!(
            text,
            "            {} trials, {refused} refused, {} of unknown pictures: {}",
            run.trials,
            run.unknown,
            run.path.display()
        );
    }
    let _ = match document.method {
        Method::Templates { response_strength: Some(strength), .. } => {
            writeln!(
                text,
                "method      responses, as the pack knows them of others; these are {strength:.2} times as strong"
            )
        }
        Method::Templates { pack_weight, .. } => {
            writeln!(
                text,
                "method      responses of the pictures; the pack's answer weighs {pack_weight:.0}"
            )
        }
        Method::Ridge {
            inner_mean_reciprocal_rank: own, pack_mean_reciprocal_rank: pack, ..
        } => {
            writeln!(
                text,
                "method      regression: {own:.3} mean reciprocal rank within, {pack:.3} by the pack's own encoder"
            )
        }
    };
    let _ = writeln!(text, "in          {:.1} s", document.fit_seconds);
    let _ = writeln!(text, "written     {}", document.encoder);
    let _ = writeln!(text, "This is no score: `phosphene evaluate` gives one, with its controls.");
    text
}
