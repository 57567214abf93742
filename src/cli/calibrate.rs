//! `phosphene calibrate`: a whole session, from the first picture to the report.
//!
//! In the window somebody sits before the screen. With `--headless` the virtual subject sees a virtual display, so that
//! the whole path runs anywhere; every other source is refused there, since nobody would see the pictures.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::decode::Pack;
use crate::pipeline::RunConfig;
use crate::present::protocol::{Plan, Protocol};
use crate::signal::StimulusSet;
use crate::source::SourceSpec;
use crate::study::calibration::conclude::{Outcome, conclude, fit_only};
use crate::study::calibration::worth::Worth;
use crate::study::calibration::{Session, headless, pictures};
use crate::study::evaluation::Evaluation;
use crate::study::fit::personal::FitDocument;

use super::failure::Failure;
use super::montage::mounting;
use super::pictures::own_pictures;
use super::sessions::pack_folder;
use super::terminal::{on_interrupt, print_json};

const EXAMPLES: &str = "\
Examples:
  phosphene calibrate                                          the window, on the simulated headset
  phosphene calibrate --source lsl:type=EEG --subject 01 --protocol default
  phosphene calibrate --headless --source sim:subject=77,speed=max --subject 77
  phosphene calibrate --pictures ~/Pictures/mine --source lsl:type=EEG
  phosphene calibrate --protocol my-protocol.toml --plan       how long it takes and what is shown, nothing else

A protocol that would leak (blocks, repeats on both sides, orders that follow time) is refused with the reason.
Sequences of flashing pictures can cause seizures in people with photosensitive epilepsy.";

/// Of the protocol `default`.
const USUAL_MINUTES: f64 = 10.0;

/// Arguments of `calibrate`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = help())]
pub struct Args {
    /// Where the signal comes from: sim[:…], lsl:…, brainflow:…
    #[arg(long, short, value_name = "SOURCE", default_value = "sim")]
    pub source: String,
    /// Which electrodes the channels are: a preset (see `phosphene montages`), pairs as in Ch1=Fp1,Ch2=Fp2, a TOML file, or
    /// label for the device's own labels alone [default: what is saved for the device, else its labels]
    #[arg(long, value_name = "PRESET|PAIRS|FILE|label")]
    pub montage: Option<String>,
    /// What is shown: default, short, or a file
    #[arg(long, value_name = "NAME|TOML", default_value = "default")]
    pub protocol: String,
    /// Who wears the headset: letters and digits
    #[arg(long, value_name = "ID", default_value = "01")]
    pub subject: String,
    /// Which session [default: the next one]
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// Folder of the sessions
    #[arg(long, value_name = "DIR", default_value = "calibration")]
    pub out: PathBuf,
    /// Folder of your own pictures (PNG, JPEG, WebP) in place of the bundled ones; the pack's image encoder embeds them
    #[arg(long, value_name = "DIR")]
    pub pictures: Option<PathBuf>,
    /// Folder of the model pack [default: the bundled pack]
    #[arg(long, value_name = "DIR")]
    pub pack: Option<PathBuf>,
    /// Seed of divisions, intervals and permutations; the order of the pictures follows from the protocol's seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Without a window: the virtual subject before a virtual display
    #[arg(long)]
    pub headless: bool,
    /// With --headless: hold the session and fit, but score nothing and write no page
    #[arg(long, hide = true, requires = "headless")]
    pub fit_only: bool,
    /// Only say what would be shown and how long it would take
    #[arg(long)]
    pub plan: bool,
    /// Print one JSON document on standard output (with --headless or --plan)
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    folder: &'a Path,
    report: &'a Path,
    fit: &'a FitDocument,
    evaluation: &'a Evaluation,
}

#[derive(Serialize)]
struct PlanDocument<'a> {
    schema: u32,
    folder: &'a Path,
    seconds: f64,
    runs: usize,
    trials: usize,
    pictures: usize,
    flashes: bool,
    plan: &'a Plan,
}

/// Runs `calibrate`.
///
/// # Errors
/// Exit code 2 for a protocol or source that cannot be used, 3 to 6 as the parts of it fail.
pub fn run(args: &Args) -> Result<(), Failure> {
    let spec: SourceSpec = args.source.parse().map_err(|e| Failure::usage(format!("{e}")))?;
    let protocol = protocol(&args.protocol)?;
    let pack = pack_folder(args.pack.as_deref())?;
    let own =
        args.pictures.as_ref().map(|folder| own_pictures(folder, &pack, pictures::MOST_SHOWN));
    let own = own.transpose()?;
    let stimuli = own.clone().unwrap_or_else(StimulusSet::bundled_or_none);
    let planned =
        Session::new(protocol, &stimuli, &args.out, &args.subject, args.session.as_deref());
    let planned = planned.map_err(|why| {
        Failure::usage(format!("this session cannot be held: {why}. Protocol: {}", args.protocol))
    })?;
    let session = Session { own, ..planned };
    if args.plan {
        return tell_plan(args, &session);
    }
    let config = RunConfig {
        spec,
        montage: mounting(args.montage.as_deref())?,
        pack: Some(pack.clone()),
        seed: args.seed,
        stimuli: session.own.clone(),
        ..RunConfig::default()
    };
    if args.headless {
        run_headless(args, &session, config, &pack)
    } else {
        window(args, session, config)
    }
}

/// The protocol of this name, or the one in this file.
fn protocol(name: &str) -> Result<Protocol, Failure> {
    let bundled = Protocol::bundled(name);
    let (text, what) = match bundled {
        Some(text) => (text.to_owned(), format!("protocol '{name}'")),
        None => {
            let read = std::fs::read_to_string(name).map_err(|e| {
                let known = Protocol::BUNDLED.map(|(name, _)| name).join(", ");
                Failure::file(format!(
                    "the protocol cannot be read ({e}). Give a file, or one of these: {known}. Given: {name}"
                ))
            })?;
            (read, name.to_owned())
        }
    };
    Protocol::parse(&text).map_err(|why| Failure::usage(format!("{what} cannot be used: {why}")))
}

fn tell_plan(args: &Args, session: &Session) -> Result<(), Failure> {
    let plan = &session.plan;
    let trials: usize = plan.runs.iter().map(|run| run.trials.len()).sum();
    let flashes = session.protocol.flashes();
    if args.json {
        return print_json(&PlanDocument {
            schema: 1,
            folder: &session.folder,
            seconds: plan.seconds(),
            runs: plan.runs.len(),
            trials,
            pictures: session.ids.len(),
            flashes,
            plan,
        });
    }
    println!("folder    {}", session.folder.display());
    println!("takes     {:.1} minutes, pauses included", plan.seconds() / 60.0);
    println!("shows     {trials} trials in {} runs", plan.runs.len());
    if flashes {
        println!(
            "WARNING   it changes the picture more than three times a second: it can cause seizures"
        );
    }
    println!("leaks     none were found");
    for line in worth(plan.seconds() / 60.0) {
        println!("buys      {line}");
    }
    Ok(())
}

/// Examples, and what the usual session buys.
fn help() -> String {
    let lines: Vec<String> = worth(USUAL_MINUTES).iter().map(|line| format!("  {line}")).collect();
    format!("{EXAMPLES}\n\nWhat calibration buys, with the bundled pack:\n{}", lines.join("\n"))
}

/// What so many minutes buy with the bundled pack, in sentences.
fn worth(minutes: f64) -> Vec<String> {
    let Ok(worth) = Worth::bundled() else { return Vec::new() };
    let mut lines = worth.sentences(minutes);
    lines.push(format!(
        "(of {} pictures, where {}; SIMULATED, pack {}: {})",
        worth.pictures,
        worth.chance(),
        worth.pack,
        worth.source
    ));
    lines
}

fn run_headless(
    args: &Args,
    session: &Session,
    config: RunConfig,
    pack: &Path,
) -> Result<(), Failure> {
    if !headless::can_hold(&config.spec) {
        let why = "--headless shows pictures to nobody but the virtual subject. Leave it away, or use --source sim";
        return Err(Failure::usage(why));
    }
    let interrupted = on_interrupt()?;
    super::terminal::tell_recovered();
    let opened = Pack::open(pack)?;
    session.create(&config.stimuli(), true, opened.sha256())?;
    let bar = ProgressBar::new(1000);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent}%  {msg}") {
        bar.set_style(style);
    }
    bar.set_message("holding the session (SIMULATED)");
    let held = headless::hold(session, &config, |share| {
        bar.set_position((share * 1000.0) as u64);
        !interrupted.load(std::sync::atomic::Ordering::Relaxed)
    })?;
    if args.fit_only {
        return print_json(&fit_only(session, &held, pack, args.seed)?);
    }
    let outcome = conclude(session, &held, pack, args.seed, |step, share| {
        bar.set_message(step.words());
        bar.set_position((share * 1000.0) as u64);
    })?;
    bar.finish_and_clear();
    tell(args, session, &outcome)
}

fn tell(args: &Args, session: &Session, outcome: &Outcome) -> Result<(), Failure> {
    let Outcome { fit, evaluation, report } = outcome;
    if args.json {
        return print_json(&Document {
            schema: 1,
            folder: &session.folder,
            report,
            fit,
            evaluation,
        });
    }
    println!("{}", super::evaluate::table(evaluation));
    println!("encoder  {}", fit.encoder);
    println!("report   {}", report.display());
    Ok(())
}

#[cfg(feature = "window")]
fn window(args: &Args, session: Session, config: RunConfig) -> Result<(), Failure> {
    if args.json {
        return Err(Failure::usage("--json goes with --headless or --plan"));
    }
    super::window::run_session(config, session)
}

#[cfg(not(feature = "window"))]
fn window(_: &Args, _: Session, _: RunConfig) -> Result<(), Failure> {
    Err(Failure::usage("this build has no window; add --headless"))
}
