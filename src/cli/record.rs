//! `phosphene record`: any number of sources at once into one XDF file.
//!
//! Ends after `--seconds`, when every source has ended, or on Ctrl-C. Whatever happens, the file is whole up
//! to its last chunk, and what was kept is told.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::record::multi::{MultiRecording, RecordReport, StreamReport};
use crate::source::lsl::Sought;
use crate::source::{SourceError, SourceSpec, make};

use super::failure::Failure;
use super::montage::mounting;
use super::terminal::{on_interrupt, print_json, tell_recovered};

/// How often the command looks at the time and at Ctrl-C: a part of the time that stopping takes.
const POLL: Duration = Duration::from_millis(10);

/// Looks between two updates of the progress line.
const LOOKS_PER_UPDATE: u32 = 20;

/// Streams that the progress line names; the rest are counted.
const NAMED: usize = 4;

const EXAMPLES: &str = "\
Examples:
  phosphene record --source lsl:all --out session.xdf                     every LSL stream of the network
  phosphene record -s lsl:type=EEG -s lsl:type=Markers --out session.xdf
  phosphene record -s brainflow:cyton,serial_port=/dev/ttyUSB0 -s lsl:name=Stimuli --out session.xdf
  phosphene record -s lsl:name=obci_eeg1 --montage cyton8 --out session.xdf
  phosphene record -s lsl:type=EEG --wait inf --out session.xdf          whenever it comes
  phosphene record -s sim --seconds 60 --out trial.xdf --json

LSL streams are recorded as they are sent: values, stamps and descriptions, with measured clock offsets.";

/// Arguments of `record`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What to record, as often as needed: lsl:all, lsl:PREDICATE (every stream that fits), sim[:key=value,…],
    /// brainflow:BOARD[,key=value…], file:PATH, faulty:key=value+SOURCE
    #[arg(long = "source", short, value_name = "SOURCE", required = true)]
    pub sources: Vec<String>,
    /// Which electrodes the channels are: a preset (see `phosphene montages`), pairs as in Ch1=Fp1,Ch2=Fp2, a TOML file, or
    /// label for the device's own labels alone. What is given here names the channels of LSL streams of EEG too, with the
    /// device's own labels beside [default: LSL streams as they are sent, others as saved for the device]
    #[arg(long, value_name = "PRESET|PAIRS|FILE|label")]
    pub montage: Option<String>,
    /// The file, which must not exist
    #[arg(long, value_name = "FILE.xdf")]
    pub out: PathBuf,
    /// Stop after this many seconds
    #[arg(long, value_name = "N")]
    pub seconds: Option<f64>,
    /// Look this long for LSL streams that are not there yet, each in turn; inf: until Ctrl-C [default: a few seconds]
    #[arg(long, value_name = "SECONDS")]
    pub wait: Option<f64>,
    /// Print one JSON document on standard output at the end
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    path: &'a Path,
    bytes: u64,
    seconds: f64,
    stop_secs: Option<f64>,
    streams: &'a [StreamReport],
    warnings: &'a [String],
    failure: Option<String>,
}

/// Runs `record`.
///
/// # Errors
/// Exit code 2 for arguments that make no sense, 3 when a source is not there or was lost for good, 5 when the
/// file cannot be made, not everything could be kept, or a stream was away at the end.
pub fn run(args: &Args) -> Result<(), Failure> {
    if args.seconds.is_some_and(|s| !(s > 0.0 && s.is_finite())) {
        return Err(Failure::usage("--seconds must be more than 0"));
    }
    if args.wait.is_some_and(|secs| secs.is_nan() || secs < 0.0) {
        return Err(Failure::usage("--wait must be 0 or more seconds, or inf"));
    }
    let specs: Vec<SourceSpec> = args
        .sources
        .iter()
        .map(|text| text.parse().map_err(|e| Failure::usage(format!("{e}"))))
        .collect::<Result<_, _>>()?;
    let mounting = mounting(args.montage.as_deref())?;
    let interrupted = on_interrupt()?;
    tell_recovered();
    if let Some(patience_secs) = args.wait
        && !wait_for(&specs, patience_secs, &interrupted)?
    {
        return Err(Failure::source("stopped before every stream was there; nothing was recorded"));
    }
    let recording = MultiRecording::start_mounted(&specs, mounting, &args.out)
        .map_err(|error| Failure { code: error.exit_code(), message: error.to_string() })?;
    let bar = progress(args.seconds);
    let mut looks = 0_u32;
    loop {
        let seconds = recording.seconds();
        if looks.is_multiple_of(LOOKS_PER_UPDATE) {
            bar.set_position(seconds as u64);
            bar.set_message(counts(&recording.progress()));
        }
        let enough = args.seconds.is_some_and(|limit| seconds >= limit);
        if enough || interrupted.load(Ordering::Relaxed) || recording.is_over() {
            break;
        }
        looks += 1;
        std::thread::sleep(POLL);
    }
    let report = recording.stop();
    bar.finish_and_clear();
    conclude(args, &report)
}

/// Waits until each source can be found; false when interrupted meanwhile.
fn wait_for(
    specs: &[SourceSpec],
    patience_secs: f64,
    interrupted: &AtomicBool,
) -> Result<bool, Failure> {
    for spec in specs {
        let failed =
            |error: SourceError| Failure { code: error.exit_code(), message: error.to_string() };
        let clock = make::clock_for(spec).map_err(failed)?;
        let mut go_on = |news: Option<Sought>| {
            if let Some(Sought { what, hint }) = news {
                eprintln!("looking for {what}; Ctrl-C stops");
                if !hint.is_empty() {
                    eprintln!("{hint}");
                }
            }
            !interrupted.load(Ordering::Relaxed)
        };
        if !make::seek(spec, &clock, patience_secs, &mut go_on).map_err(failed)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn conclude(args: &Args, report: &RecordReport) -> Result<(), Failure> {
    let failure = report.failure.as_ref().map(ToString::to_string);
    if args.json {
        print_json(&Document {
            schema: 1,
            path: &report.path,
            bytes: report.bytes,
            seconds: report.seconds,
            stop_secs: report.stop_secs,
            streams: &report.streams,
            warnings: &report.warnings,
            failure: failure.clone(),
        })?;
    } else {
        eprint!("{}", summary(report));
    }
    if let Some(why) = failure {
        let kept = counts(&report.streams);
        return Err(Failure::output(format!("{why} (kept: {kept})")));
    }
    if !report.away.is_empty() {
        let why =
            "went away and had not come back at the end; what was recorded until then is whole";
        let path = report.path.display();
        return Err(Failure::output(format!("{} {why}: {path}", report.away.join(", "))));
    }
    match report.lost_for_good.first() {
        Some(why) => Err(Failure::source(format!("{why} (the recording until then is whole)"))),
        None => Ok(()),
    }
}

fn summary(report: &RecordReport) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for stream in &report.streams {
        let lost = if stream.lost > 0 { format!(", {} LOST", stream.lost) } else { String::new() };
        let StreamReport { name, kind, format, channels, samples, clock_offsets, .. } = stream;
        let _ = writeln!(
            text,
            "{name} ({kind}, {channels} × {format}): {samples} samples{lost}, {clock_offsets} clock offsets"
        );
    }
    for warning in &report.warnings {
        let _ = writeln!(text, "note: {warning}");
    }
    let size = HumanBytes(report.bytes);
    let _ = writeln!(text, "{:.1} s, {size}: {}", report.seconds, report.path.display());
    text
}

fn counts(streams: &[StreamReport]) -> String {
    let count = |stream: &StreamReport| {
        let lost = if stream.lost > 0 { format!(" ({} LOST)", stream.lost) } else { String::new() };
        format!("{} {}{lost}", stream.name, stream.samples)
    };
    let mut text = streams.iter().take(NAMED).map(count).collect::<Vec<_>>().join(" · ");
    if streams.len() > NAMED {
        let rest: u64 = streams[NAMED..].iter().map(|stream| stream.samples).sum();
        text.push_str(&format!(" · {} more {rest}", streams.len() - NAMED));
    }
    text
}

fn progress(seconds: Option<f64>) -> ProgressBar {
    let bar = seconds.map_or_else(ProgressBar::new_spinner, |s| ProgressBar::new(s.ceil() as u64));
    let template = if seconds.is_some() {
        "{bar:20} {pos}/{len} s  {msg}"
    } else {
        "{spinner} {elapsed}  {msg}"
    };
    ProgressStyle::with_template(template).map(|style| bar.set_style(style)).unwrap_or_default();
    bar
}
