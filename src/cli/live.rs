//! `phosphene live`, and `phosphene` alone: watch reconstructions of a source.
//!
//! With a display it opens the window; with `--headless` it runs the same pipeline without one, ends after
//! `--seconds`, at the end of the recording or on Ctrl-C, and can leave pictures and a JSON document.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::config;
use crate::decode::{Noise, Showing, Steady, Steadying};
use crate::pipeline::config::PATIENCE_SECS;
use crate::pipeline::offline::run_offline;
use crate::pipeline::{DecodeSink, Pipeline, Recording, RunConfig, RunReport};
use crate::signal::MAX_STIMULI;
use crate::snapshot::{PackState, RunState, Snapshot, states};
use crate::source::file::{Speed, Transport};
use crate::source::{Source, SourceSpec, make};

use super::decoding::DecodeArgs;
use super::document::LiveDocument;
use super::failure::Failure;
use super::montage::mounting;
use super::output::OutputFolder;
use super::pictures::own_pictures;
use super::terminal::{on_interrupt, print_json};
use super::told::{StateTeller, progress, show, summary};

/// How often the headless run looks at the pipeline.
const POLL: Duration = Duration::from_millis(50);

const EXAMPLES: &str = "\
Examples:
  phosphene live --mode free                                the window, pictures steadied and one noise
  phosphene live --mode free --steady off --noise fresh     every window by itself
  phosphene live --steady on --noise fixed --headless --seconds 60 --out steady-out

Steadying and noise change what the pictures look like, never the ranks, p-values and scores.

Trouble on purpose, over any source: faulty:key=value,…+SOURCE. Everything depends on seed and frame alone.
  drop=0.01                lost frames (share)              repeat=0.01  frames that come twice
  swap=0.01,within=3       frames after up to so many later ones
  burst=0.5                held back so many seconds, then all at once
  jitter=5                 noise on the stamps (ms)         rate=1       more time between stamps than the rate says (%)
  corrupt=0.001,share=0.3  wild values in so many frames, on so many channels;  nan=0.001 for ones that are not finite
  reset=4/20,step=-1000    the clock set by so many seconds, after so many
  stall=5,hold=2           nothing comes for two seconds, then all of it
  mute=5,hush=2            nothing comes for two seconds, and it is lost
  unplug=10/30,back=5      the plug pulled, and in again
  every=60                 reset, stall, mute and unplug begin anew each minute
  mislabel=1               pictures misnamed: a control
  chaos=7,severity=0.3     all of these but mislabel, drawn from a seed; keys beside it win
  seed=1                   of all that is drawn";

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
    /// Look for an LSL stream that is not there yet for this many seconds (inf: until Ctrl-C); the window looks until it
    /// is told to stop
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE_SECS)]
    pub wait: f64,
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
            wait: PATIENCE_SECS,
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
    if args.wait.is_nan() || args.wait < 0.0 {
        return Err(Failure::usage("--wait must be 0 or more seconds, or inf"));
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
        cleaning: args.decoding.clean.cleaning(),
        mode: args.decoding.mode,
        twin: !args.decoding.no_twin,
        steadying: Steadying { steady: args.steady, noise: args.noise },
        showing: Showing { show: args.decoding.show, scope: args.decoding.scope },
        planted_leak: args.planted_leak,
        record,
        patience_secs: args.wait,
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
    let mut teller = StateTeller::default();
    let ended_by = loop {
        std::thread::sleep(POLL);
        let snapshot = pipeline.snapshot();
        show(&bar, &snapshot, pipeline.seconds_running(), pipeline.clock().now_secs());
        teller.tell(&bar, &snapshot, pipeline.clock().now_secs());
        let now_secs = pipeline.clock().now_secs();
        let running_secs = pipeline.seconds_running();
        if let Some(why) = should_end(args, &snapshot, (running_secs, now_secs), &interrupted) {
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
    (seconds, now_secs): (f64, f64),
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
        RunState::Stalled { since_secs, ever: false } if now_secs - since_secs > args.wait => {
            let kind = snapshot.source.as_ref().map(|source| source.kind);
            let why = states::what_to_do(&snapshot.run, kind, now_secs).unwrap_or_default();
            Some(EndedBy::Failure(Failure::source(why)))
        }
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
    if report.snapshot.run.is_away() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_pack_ends_the_run_with_its_own_code() {
        let snapshot =
            Snapshot { pack: PackState::Refused("wrong hash".into()), ..Snapshot::default() };
        let end = should_end(&Args::default(), &snapshot, (0.0, 0.0), &AtomicBool::new(false));
        assert_eq!(end, Some(EndedBy::Failure(Failure::pack("wrong hash"))));
    }

    #[test]
    fn the_run_ends_when_its_time_is_over() {
        let args = Args { seconds: Some(2.0), ..Args::default() };
        let snapshot = Snapshot { run: RunState::Running, ..Snapshot::default() };
        let flag = AtomicBool::new(false);
        assert_eq!(should_end(&args, &snapshot, (1.9, 0.0), &flag), None);
        assert_eq!(should_end(&args, &snapshot, (2.0, 0.0), &flag), Some(EndedBy::Time));
    }
}
