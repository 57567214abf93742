//! `phosphene evaluate`: the honest score of recorded sessions, with chance, interval, p-value and controls.

use std::path::PathBuf;

use crate::calibrate::score::Score;
use crate::calibrate::split::Split;
use crate::decode::session::Runtime;
use crate::pipeline::evaluation::{Evaluation, evaluate};
use crate::pipeline::sources;

use super::sessions::{SessionArgs, THREADS, load, open_pack};
use super::{Failure, print_json};

const EXAMPLES: &str = "\
Examples:
  phosphene evaluate ses-01.xdf
  phosphene evaluate calibration/sub-01/ses-01 calibration/sub-01/ses-02 --json
  phosphene evaluate ses-02.xdf --encoder ses-01-fit/encoder.onnx      next-session score of a fitted encoder
  phosphene evaluate run-*.csv --events faces.toml        two to ten classes, in a recording made elsewhere

Two splits are scored: 'runs' leaves out one run at a time (or one of five blocks of a single run): the pictures are
known, the time is not; 'pictures' leaves out all trials of a fifth of the pictures: they were never seen in training.
A score whose control succeeds is withheld.";

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
    /// Score classes instead of pictures: a table of what the markers mean (see calibration/events-example.toml)
    #[arg(long, value_name = "TOML", conflicts_with_all = ["pack", "encoder"])]
    pub events: Option<PathBuf>,
}

/// Runs `evaluate`.
///
/// # Errors
/// Exit code 4 for the pack or the encoder, 6 when the sessions cannot be used.
pub fn run(args: &Args) -> Result<(), Failure> {
    if let Some(events) = &args.events {
        return super::evaluate_classes::run(events, args);
    }
    let mut pack = open_pack(args.common.pack.as_deref())?;
    if let Some(file) = &args.encoder {
        pack = pack.with_encoder(file)?;
    }
    let runtime = Runtime::load(&sources::onnx_runtime().map_err(Failure::pack)?, THREADS)?;
    let sessions = load(&args.common.sessions, &pack, &runtime)?;
    let bar = indicatif::ProgressBar::new(100);
    let on_progress = |share: f64| bar.set_position((100.0 * share) as u64);
    let document = evaluate(&sessions, &pack, args.common.seed, on_progress)
        .map_err(|e| Failure::file(e.to_string()))?;
    bar.finish_and_clear();
    if args.common.json {
        return print_json(&document);
    }
    println!("{}", table(&document));
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
        "{:<9} {:<9} {:<8} {:>3} {:>7} {:>8} {:>16} {:>7} {:>7}  controls",
        "left out", "encoder", "metric", "k", "value", "chance", "95 % interval", "p", "trials"
    );
    for score in document.scores.iter().filter(|score| is_shown(score)) {
        let controls: Vec<String> =
            score.controls.values().map(|control| format!("{:.3}", control.value)).collect();
        let split = match score.split {
            Split::Runs => "runs",
            Split::Pictures => "pictures",
            Split::TestRuns => "test runs",
        };
        let _ = writeln!(
            text,
            "{split:<9} {:<9} {:<8} {:>3} {:>7.3} {:>8.3} {:>16} {:>7.4} {:>7}  {}",
            score.encoder,
            score.metric,
            score.k,
            score.value,
            score.chance,
            format!("{:.3} – {:.3}", score.ci95[0], score.ci95[1]),
            score.p_value,
            score.trials,
            if score.k == 1 { controls.join(" ") } else { String::new() },
        );
    }
    let _ = write!(
        text,
        "controls: labels shuffled, time only, time in the run, before the picture, mean embedding"
    );
    text
}
