//! `phosphene live`, and `phosphene` alone: watch reconstructions of a source.
//!
//! With a display it opens the window; with `--headless` it runs the same pipeline without one, ends after
//! `--seconds`, at the end of the recording or on Ctrl-C, and can leave pictures and a JSON document.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::config;
use crate::decode::{ControlView, Noise, Showing, Steady, Steadying};
use crate::pipeline::decoding::CONTROL_SUCCEEDS;
use crate::pipeline::offline::run_offline;
use crate::pipeline::{DecodeSink, Pipeline, Recording, RunConfig, RunReport};
use crate::signal::MAX_STIMULI;
use crate::signal::montage::Said;
use crate::snapshot::{PackState, RunState, Snapshot};
use crate::source::file::{Speed, Transport};
use crate::source::mounted::proposal;
use crate::source::{Source, SourceSpec, make};

use super::decoding::DecodeArgs;
use super::document::LiveDocument;
use super::failure::Failure;
use super::montage::mounting;
use super::output::OutputFolder;
use super::pictures::own_pictures;
use super::terminal::{on_interrupt, print_json};

/// How often the headless run looks at the pipeline.
const POLL: Duration = Duration::from_millis(50);

const EXAMPLES: &str = "\
Examples:
  phosphene live --mode free                                the window, pictures steadied and one noise
  phosphene live --mode free --steady off --noise fresh     every window by itself
  phosphene live --steady on --noise fixed --headless --seconds 60 --out steady-out

Steadying and noise change what the pictures look like, never the ranks, p-values and scores.";

/// Arguments of `live`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Where the signal comes from: sim[:key=value,…], lsl:PREDICATE, brainflow:BOARD[,key=value…],
    /// file:PATH, faulty:key=value+SOURCE
    #[arg(long, short, value_name = "SOURCE", default_value = "sim")]
    pub source: String,
    /// What every run that decodes is asked
    #[command(flatten)]
    pub decoding: DecodeArgs,
    /// Stop after this many seconds of signal
    #[arg(long, value_name = "N")]
    pub seconds: Option<f64>,
    /// Record the raw signal and the markers into this XDF file
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Record this source too, into the same file, from when it is there (again for more; lsl:all for every stream)
    #[arg(long, value_name = "SOURCE", requires = "record")]
    pub record_also: Vec<String>,
    /// For means: interpolate between successive embeddings, weighted by evidence, for the pictures only; auto: on for
    /// free-running windows, off for picture onsets, where it would blend one picture into the next
    #[arg(long, value_enum, default_value_t = Steady::Auto, hide_possible_values = true, value_name = "auto|on|off")]
    pub steady: Steady,
    /// For means: the generator's noise, fresh for each window, or fixed for the run; auto: fixed for free-running
    /// windows, fresh for picture onsets
    #[arg(long, value_enum, default_value_t = Noise::Auto, hide_possible_values = true, value_name = "auto|fresh|fixed")]
    pub noise: Noise,
    /// Feed the null twin with the window itself, to see that the control's test finds it
    #[arg(long, hide = true)]
    pub planted_leak: bool,
    /// How `replay` goes through its recording
    #[arg(skip)]
    pub replay: Option<Replaying>,
}

/// What `replay` asks of the run beyond what `live` does.
#[derive(Clone, Debug)]
pub struct Replaying {
    /// As fast as possible, every window decoded, on one thread.
    pub at_once: bool,
    /// The controls, when it is paced.
    pub transport: Arc<Transport>,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            source: "sim".into(),
            decoding: DecodeArgs::default(),
            seconds: None,
            record: None,
            record_also: Vec::new(),
            steady: Steady::Auto,
            noise: Noise::Auto,
            planted_leak: false,
            replay: None,
        }
    }
}

/// Runs `live`.
///
/// # Errors
/// With the exit code of what went wrong.
pub fn run(args: Args) -> Result<(), Failure> {
    let spec: SourceSpec = args.source.parse().map_err(|e| Failure::usage(format!("{e}")))?;
    if args.seconds.is_some_and(|s| !(s > 0.0 && s.is_finite())) {
        return Err(Failure::usage("--seconds must be more than 0"));
    }
    if args.decoding.headless { run_headless(&args, spec) } else { run_window(&args, spec) }
}

/// The configuration that the arguments ask for.
fn run_config(args: &Args, spec: SourceSpec) -> Result<RunConfig, Failure> {
    let pack = match &args.decoding.pack {
        Some(folder) => folder.clone(),
        None => config::bundled_pack().ok_or_else(|| {
            let why = "the bundled pack was not found; give its folder with --pack models/demo";
            Failure::pack(why)
        })?,
    };
    let record = match &args.record {
        Some(path) => Some(Recording { path: path.clone(), also: record_also(args)? }),
        None => None,
    };
    let stimuli =
        args.decoding.pictures.as_ref().map(|folder| own_pictures(folder, &pack, MAX_STIMULI));
    Ok(RunConfig {
        spec,
        montage: mounting(args.decoding.montage.as_deref())?,
        stimuli: stimuli.transpose()?,
        pack: Some(pack),
        encoder: args.decoding.encoder.clone(),
        seed: args.decoding.seed,
        steps: args.decoding.steps,
        mode: args.decoding.mode,
        twin: !args.decoding.no_twin,
        steadying: Steadying { steady: args.steady, noise: args.noise },
        showing: Showing { show: args.decoding.show, scope: args.decoding.scope },
        planted_leak: args.planted_leak,
        record,
        transport: args.replay.as_ref().map(|replay| replay.transport.clone()),
        ..RunConfig::default()
    })
}

fn record_also(args: &Args) -> Result<Vec<SourceSpec>, Failure> {
    let parsed = args.record_also.iter().map(|text| text.parse::<SourceSpec>());
    parsed.collect::<Result<_, _>>().map_err(|e| Failure::usage(e.to_string()))
}

#[cfg(feature = "window")]
fn run_window(args: &Args, spec: SourceSpec) -> Result<(), Failure> {
    if args.decoding.json || args.decoding.out.is_some() || args.seconds.is_some() {
        let why = "--json, --out and --seconds go with --headless";
        return Err(Failure::usage(why));
    }
    super::window::run(run_config(args, spec)?)
}

#[cfg(not(feature = "window"))]
fn run_window(_: &Args, _: SourceSpec) -> Result<(), Failure> {
    Err(Failure::usage("this build has no window; add --headless"))
}

fn run_headless(args: &Args, spec: SourceSpec) -> Result<(), Failure> {
    let config = run_config(args, spec)?;
    let sinks = sinks(args, &config)?;
    if args.record.is_some() {
        super::terminal::tell_recovered();
    }
    let interrupted = on_interrupt()?;
    let at_once = args.replay.as_ref().is_some_and(|replay| replay.at_once);
    let speed = if at_once { Speed::Max } else { Speed::Times(1.0) };
    let source = make::source(&config.spec, speed, &config.stimuli())
        .map_err(|e| Failure { code: e.exit_code(), message: e.to_string() })?;
    if source.is_offline() {
        let source = config.mounted(source);
        return run_as_fast_as_possible(args, &config, source, sinks, &interrupted);
    }
    drop(source);
    let pipeline = Pipeline::start(config, sinks);
    let bar = progress(args.seconds);
    let ended_by = loop {
        std::thread::sleep(POLL);
        let snapshot = pipeline.snapshot();
        show(&bar, &snapshot, pipeline.seconds_running());
        if let Some(why) = should_end(args, &snapshot, pipeline.seconds_running(), &interrupted) {
            break why;
        }
    };
    let report = pipeline.stop();
    bar.finish_and_clear();
    conclude(args, &report, ended_by)
}

/// A source that waits for nobody: every window is decoded, on this thread.
fn run_as_fast_as_possible(
    args: &Args,
    config: &RunConfig,
    source: Box<dyn Source>,
    sinks: Vec<Box<dyn DecodeSink>>,
    interrupted: &AtomicBool,
) -> Result<(), Failure> {
    if args.record.is_some() {
        return Err(Failure::usage("--record goes with a source in real time"));
    }
    let bar = progress(args.seconds);
    let on_progress = |secs: f64| bar.set_position(secs as u64);
    let report = run_offline(config, source, sinks, args.seconds, interrupted, on_progress)?;
    bar.finish_and_clear();
    conclude(args, &report, EndedBy::EndOfRecording)
}

/// Why a headless run is over.
#[derive(Debug, PartialEq)]
enum EndedBy {
    Time,
    EndOfRecording,
    Interrupt,
    Failure(Failure),
}

fn should_end(
    args: &Args,
    snapshot: &Snapshot,
    seconds: f64,
    interrupted: &AtomicBool,
) -> Option<EndedBy> {
    if interrupted.load(Ordering::Relaxed) {
        return Some(EndedBy::Interrupt);
    }
    if let PackState::Refused(message) = &snapshot.pack {
        return Some(EndedBy::Failure(Failure::pack(message.clone())));
    }
    match &snapshot.run {
        RunState::Failed { message, exit_code } => {
            Some(EndedBy::Failure(Failure { message: message.clone(), code: *exit_code }))
        }
        RunState::Ended => Some(EndedBy::EndOfRecording),
        _ => args.seconds.filter(|limit| seconds >= *limit).map(|_| EndedBy::Time),
    }
}

fn conclude(args: &Args, report: &RunReport, ended_by: EndedBy) -> Result<(), Failure> {
    if report.snapshot.source.is_some() {
        if args.decoding.json {
            print_json(&LiveDocument::of(report))?;
        } else {
            eprint!("{}", summary(report));
        }
    }
    if let EndedBy::Failure(failure) = ended_by {
        return Err(failure);
    }
    if let Some(failure) = &report.failure {
        return Err(failure.clone().into());
    }
    if let RunState::SourceLost { .. } = report.snapshot.run {
        let why = "the source was lost and did not come back before the end of the run";
        return Err(Failure::source(why));
    }
    Ok(())
}

fn sinks(args: &Args, config: &RunConfig) -> Result<Vec<Box<dyn DecodeSink>>, Failure> {
    let Some(folder) = &args.decoding.out else { return Ok(Vec::new()) };
    let folder = OutputFolder::create(folder, config.stimuli())?;
    Ok(vec![Box::new(folder.with_pictures(!args.decoding.no_pictures))])
}

fn progress(seconds: Option<f64>) -> ProgressBar {
    let bar = seconds.map_or_else(ProgressBar::new_spinner, |s| ProgressBar::new(s.ceil() as u64));
    let template = if seconds.is_some() {
        "{bar:30} {pos}/{len} s  {msg}"
    } else {
        "{spinner} {elapsed}  {msg}"
    };
    ProgressStyle::with_template(template).map(|style| bar.set_style(style)).unwrap_or_default();
    bar
}

fn show(bar: &ProgressBar, snapshot: &Snapshot, seconds: f64) {
    bar.set_position(seconds as u64);
    let simulated = snapshot.source.as_ref().is_some_and(|source| source.simulated);
    let label = if simulated { "SIMULATED · " } else { "" };
    let state = match &snapshot.run {
        RunState::SourceLost { .. } => "source lost, waiting for it",
        RunState::Connecting => "connecting",
        _ => "running",
    };
    let decoded = snapshot.windows.decoded;
    bar.set_message(format!(
        "{label}{state} · {decoded} pictures · {:.1}/s",
        snapshot.images_per_s
    ));
}

/// Who says which electrodes there are, what the pack can do with them, and what to do where that is little.
fn montage_lines(snapshot: &Snapshot) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    if let Some(source) = &snapshot.source
        && let Some(mounted) = &source.mounted
    {
        if let Some(note) = mounted.note() {
            let _ = writeln!(text, "{note}");
        }
        for caution in &mounted.cautions {
            let _ = writeln!(text, "caution     {caution}");
        }
        if mounted.said == Said::ByLabel
            && let Some((question, presets)) = proposal(&mounted.device_labels, &source.name)
        {
            let names: Vec<&str> = presets.iter().map(|preset| preset.name.as_str()).collect();
            let _ = writeln!(
                text,
                "montage     {question} Say so with --montage {}",
                names.join(" or ")
            );
        }
    }
    if let PackState::Ready(pack) = &snapshot.pack
        && let Some(expected) = &pack.expected
    {
        let _ = writeln!(text, "expected    {}", expected.sentence());
        if expected.advises_calibration() {
            let kept = 100.0 * expected.kept();
            let _ = writeln!(
                text,
                "advice      only {kept:.0} % of what the pack can do is left with these electrodes: calibrate (`phosphene calibrate`)"
            );
        }
    }
    text
}

/// The run in plain words.
fn summary(report: &RunReport) -> String {
    use std::fmt::Write;
    let snapshot = &report.snapshot;
    let mut text = String::new();
    if let Some(source) = &snapshot.source {
        let said = source.name.contains("SIMULATED");
        let label = if source.simulated && !said { " (SIMULATED)" } else { "" };
        let _ = writeln!(text, "source      {}{label}", source.name);
    }
    if let PackState::Ready(pack) = &snapshot.pack
        && let Some(caution) = &pack.caution
    {
        let _ = writeln!(text, "caution     {caution}");
    }
    text += &montage_lines(snapshot);
    let counts = &snapshot.windows;
    let abstained: u64 = counts.abstained.values().sum();
    let _ = writeln!(
        text,
        "windows     {} made, {} decoded, {} skipped, {abstained} abstained",
        counts.made, counts.decoded, counts.skipped
    );
    let _ = write!(text, "pictures    {:.1} per second", report.images_per_s);
    if let Some(times) = snapshot.latency.window_to_image {
        let _ =
            write!(text, ", window to picture p50 {:.0} ms, p95 {:.0} ms", times.p50, times.p95);
    }
    if counts.steadied > 0 {
        let _ = write!(text, ", {} steadied", counts.steadied);
    }
    text.push('\n');
    if let Some(truth) = &snapshot.truth {
        let [low, high] = truth.ci95_top1;
        let _ = writeln!(
            text,
            "truth       top-1 {:.3} of {} trials (chance {:.3}, 95 % interval {low:.3}–{high:.3}, p {:.2e}), top-5 {:.3}",
            truth.top1, truth.trials, truth.chance_top1, truth.p_value, truth.top5
        );
    }
    if let Some(twin) = snapshot.twin_truth {
        let _ = writeln!(text, "null twin   top-1 {:.3} of {} trials", twin.top1, twin.trials);
    }
    let control = &snapshot.control;
    if control.succeeded {
        let _ = writeln!(text, "WITHHELD    {CONTROL_SUCCEEDS}");
    } else if control.trials > 0 {
        let ControlView { hits, trials, runs, e_value, .. } = control;
        let _ =
            writeln!(text, "control     {hits} of {trials} named, e {e_value:.2} from {runs} runs");
    }
    let _ = writeln!(text, "decode hash {}", report.decode_hash);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_pack_ends_the_run_with_its_own_code() {
        let snapshot =
            Snapshot { pack: PackState::Refused("wrong hash".into()), ..Snapshot::default() };
        let end = should_end(&Args::default(), &snapshot, 0.0, &AtomicBool::new(false));
        assert_eq!(end, Some(EndedBy::Failure(Failure::pack("wrong hash"))));
    }

    #[test]
    fn the_run_ends_when_its_time_is_over() {
        let args = Args { seconds: Some(2.0), ..Args::default() };
        let snapshot = Snapshot { run: RunState::Running, ..Snapshot::default() };
        let flag = AtomicBool::new(false);
        assert_eq!(should_end(&args, &snapshot, 1.9, &flag), None);
        assert_eq!(should_end(&args, &snapshot, 2.0, &flag), Some(EndedBy::Time));
    }
}
