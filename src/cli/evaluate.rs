//! `phosphene evaluate`: the honest score of recorded sessions, with chance, interval, p-value and controls.

use std::path::{Path, PathBuf};

use crate::calibrate::score::Score;
use crate::calibrate::score::controls::Control;
use crate::decode::session::Runtime;
use crate::decode::{Pack, Show};
use crate::native;
use crate::pipeline::provenance::{self, Provenance};
use crate::report::Example;
use crate::study::calibration::report::Material;
use crate::study::calibration::{Held, report};
use crate::study::evaluation::{Asking, Evaluation, evaluate, given, painted};
use crate::study::files::write_new;
use crate::study::fit::personal::fit_for_new_pictures;
use crate::study::folder::Folder;
use crate::study::trials::sessions::{Sessions, TestRuns};

use super::failure::Failure;
use super::sessions::{SessionArgs, THREADS, load, pack_folder};
use super::terminal::print_json;

const EXAMPLES: &str = "\
Examples:
  phosphene evaluate ses-01.xdf
  phosphene evaluate calibration/sub-01/ses-01 calibration/sub-01/ses-02 --json
  phosphene evaluate ses-02.xdf --encoder ses-01-fit/encoder.onnx      next-session score of a fitted encoder
  phosphene evaluate calibration/sub-01/ses-02 --report again.html     the page of a session, made anew
  phosphene evaluate run-*.csv --events faces.toml        two to ten classes, in a recording made elsewhere

Splits: 'runs' leaves out one run at a time (or one of five blocks of a single run): the pictures are known, the time
is not; 'pictures' leaves out all trials of a fifth of the pictures: they were never seen in training; 'sessions', of
several, leaves out one session at a time. Test runs of a single session folder are scored by an encoder that is fitted
to its training runs alone.
A score whose control succeeds is withheld. An encoder is never scored on recordings that it was fitted to.";

/// Arguments of `evaluate`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What every command on sessions takes.
    #[command(flatten)]
    pub common: SessionArgs,
    /// A fitted encoder to build upon and to compare with, in place of the pack's own
    #[arg(long, value_name = "FILE")]
    pub encoder: Option<PathBuf>,
    /// Another person's fitted encoder, to see how personal the score is
    #[arg(long, value_name = "FILE")]
    pub other: Option<PathBuf>,
    /// Write the report, one HTML page; it must not exist
    #[arg(long, value_name = "HTML")]
    pub report: Option<PathBuf>,
    /// What the report paints: the most probable picture of each, or the mean of everything that cannot be ruled out
    #[arg(long, value_enum, default_value_t = Show::Best, hide_possible_values = true, value_name = "best|mean")]
    pub show: Show,
    /// Feed the null twins with the trials themselves, to see that the control's test finds it
    #[arg(long, hide = true)]
    pub planted_leak: bool,
    /// Score classes instead of pictures: a table of what the markers mean (see calibration/events-example.toml)
    #[arg(long, value_name = "TOML", conflicts_with_all = ["pack", "encoder", "other", "report"])]
    pub events: Option<PathBuf>,
}

/// Runs `evaluate`.
///
/// # Errors
/// Exit code 4 for the pack or the encoder, 6 when the sessions cannot be used.
pub fn run(args: &Args) -> Result<(), Failure> {
    if let Some(events) = &args.events {
        return super::evaluate_classes::run(events, &args.common);
    }
    if let Some(path) = args.report.as_ref().filter(|path| path.exists()) {
        let why =
            format!("the report is there already, it is not written over: {}", path.display());
        return Err(Failure::output(why));
    }
    let folder = pack_folder(args.common.pack.as_deref())?;
    let mut pack = Pack::open(&folder)?;
    if let Some(file) = &args.encoder {
        pack = pack.with_encoder(file)?;
        provenance::check(&pack, file).map_err(Failure::pack)?;
    }
    let runtime = Runtime::load(&native::onnx_runtime().map_err(Failure::pack)?, THREADS)?;
    let sessions = load(&args.common, TestRuns::LeftOut, &pack, &runtime)?;
    if let Some(file) = &args.encoder {
        refuse_what_it_has_seen(file, &pack, &sessions)?;
    }
    let bar = indicatif::ProgressBar::new(100);
    let on_progress = |share: f64| bar.set_position((100.0 * share) as u64);
    let seed = args.common.seed;
    let mut document =
        evaluate(&sessions, &pack, seed, on_progress).map_err(|e| Failure::file(e.to_string()))?;
    if let Some(file) = &args.encoder
        && Provenance::of(&pack, file).is_none()
    {
        document.cautions.push(format!(
            "no fit.toml beside {} tells what it was fitted to: nothing shows that it has not seen these recordings",
            file.display()
        ));
    }
    if let Some(file) = &args.other {
        let plain = Pack::open(&folder)?;
        given::someone_elses(&mut document, &sessions, plain, file, &runtime, seed)?;
    }
    let asking = Asking { seed, show: args.show, planted_leak: args.planted_leak };
    let examples = match test_runs(args) {
        Some(files) => {
            let plain = Pack::open(&folder)?;
            let (fitted, _kept) = fit_for_new_pictures(plain, &runtime, &sessions, seed)?;
            let packs = (&fitted, &pack);
            (painted::of_test_runs(&mut document, &files, packs, &runtime, asking)?, true)
        }
        None => (painted::of_left_out(&mut document, &sessions, &pack, &runtime, asking)?, false),
    };
    bar.finish_and_clear();
    if let Some(path) = &args.report {
        write_report(args, path, &folder, (&document, &sessions, &pack), examples)?;
    }
    if args.common.json {
        return print_json(&document);
    }
    println!("{}", table(&document));
    Ok(())
}

/// A score on what an encoder was fitted to would be no score.
fn refuse_what_it_has_seen(file: &Path, pack: &Pack, sessions: &Sessions) -> Result<(), Failure> {
    let Some(known) = Provenance::of(pack, file) else { return Ok(()) };
    let seen: Vec<_> = sessions.runs.iter().filter(|run| known.has_seen(&run.sha256)).collect();
    let Some(first) = seen.first() else { return Ok(()) };
    Err(Failure::pack(format!(
        "this encoder was fitted to {} of these recordings, so its score on them would mean nothing. Leave --encoder away, or give other recordings. The first: {}",
        seen.len(),
        first.path.display()
    )))
}

/// The test runs of a single session that was held here.
fn test_runs(args: &Args) -> Option<Vec<PathBuf>> {
    let [only] = args.common.sessions.as_slice() else { return None };
    Folder::read(only).map(|held| held.test).filter(|test| !test.is_empty())
}

fn write_report(
    args: &Args,
    path: &Path,
    pack_folder: &Path,
    (evaluation, sessions, pack): (&Evaluation, &Sessions, &Pack),
    examples: (Vec<Example>, bool),
) -> Result<(), Failure> {
    let held = match args.common.sessions.as_slice() {
        [only] => Folder::read(only),
        _ => None,
    };
    let names: Vec<String> = args
        .common
        .sessions
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    let title = held.as_ref().map(|held| format!("{} {}", held.subject, held.session));
    let none = Held::default();
    let page = report::page(Material {
        title: title.unwrap_or_else(|| names.join(", ")),
        protocol: held.as_ref().map(|held| held.protocol.clone()),
        order_seed: None,
        held: held.as_ref().map_or(&none, |held| &held.held),
        fit: None,
        evaluation,
        sessions,
        pack,
        examples,
        commands: report::commands(&args.common.sessions, pack_folder, args.common.seed),
    });
    write_new(path, page.as_bytes())?;
    eprintln!("report   {}", path.display());
    Ok(())
}

/// The table has room for the usual ones; the JSON document has all.
fn is_shown(score: &Score) -> bool {
    matches!((score.metric, score.k), (_, 1) | ("top1" | "two_way", 3 | 10))
}

pub(super) fn table(document: &Evaluation) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let label = if document.simulated { "SIMULATED · " } else { "" };
    let _ = writeln!(text, "{label}{} trials of {} pictures", document.trials, document.pictures);
    for strength in &document.strength {
        let _ = writeln!(text, "{strength}");
    }
    if let Some(why) = document.withheld {
        let _ = write!(text, "\nWITHHELD: {why}");
        return text;
    }
    if let Some(why) = &document.refused {
        let _ = writeln!(
            text,
            "\nNO SCORE: {why}.\nThe table below is what the leak gives, not decoding.\n"
        );
    }
    for caution in &document.cautions {
        let _ = writeln!(text, "caution: {caution}");
    }
    let _ = writeln!(
        text,
        "{:<9} {:<9} {:<13} {:>3} {:>7} {:>8} {:>16} {:>7} {:>7}  controls",
        "left out", "encoder", "metric", "k", "value", "chance", "95 % interval", "p", "trials"
    );
    let given = document.held_out.iter().filter(|score| is_shown(score));
    let all = document.scores.iter().filter(|score| is_shown(score)).chain(given);
    for score in all.chain(&document.painted) {
        // Those of a mean over k are those of k = 1; a null twin is of its own painting.
        let own = score.controls.iter().filter(|(c, _)| score.k == 1 || **c == Control::NullTwin);
        let controls: Vec<String> = own.map(|(_, got)| format!("{:.3}", got.value)).collect();
        let split = score.split.words();
        let _ = writeln!(
            text,
            "{split:<9} {:<9} {:<13} {:>3} {:>7.3} {:>8.3} {:>16} {:>7.4} {:>7}  {}",
            score.encoder,
            score.metric,
            score.k,
            score.value,
            score.chance,
            format!("{:.3} – {:.3}", score.ci95[0], score.ci95[1]),
            score.p_value,
            score.trials,
            controls.join(" "),
        );
    }
    let _ = write!(
        text,
        "controls: labels shuffled, time only, time in the run, before the picture, mean embedding; of test runs: before the picture; of what was painted: the null twin"
    );
    text
}
