//! `phosphene evaluate --events`: the honest score of a few classes in recordings made elsewhere.

use std::path::Path;

use serde::Serialize;

use crate::calibrate::classes::Kind;
use crate::calibrate::classes::score::score;
use crate::calibrate::score::Score;
use crate::study::trials::labelled::{self, Events, LabelledRun};

use super::failure::Failure;
use super::montage::mounting;
use super::sessions::SessionArgs;
use super::terminal::print_json;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    simulated: bool,
    classes: &'a [String],
    trials: usize,
    seed: u64,
    events: &'a Events,
    runs: &'a [LabelledRun],
    refused: Option<String>,
    /// Controls that succeeded by so little that the score stands.
    cautions: Vec<String>,
    chosen: Vec<Kind>,
    scores: Vec<Score>,
}

/// Runs `evaluate --events`.
///
/// # Errors
/// Exit code 2 for the table, 6 when the recordings cannot be used.
pub fn run(events: &Path, args: &SessionArgs) -> Result<(), Failure> {
    let events = Events::read(events).map_err(Failure::usage)?;
    let mounting = mounting(args.montage.as_deref())?;
    let bar = indicatif::ProgressBar::new(100);
    let on_progress = |run: usize, count: usize, _: f64| {
        bar.set_position(20 * run as u64 / count.max(1) as u64);
    };
    let found = labelled::load(&args.sessions, &events, &mounting, on_progress)
        .map_err(|e| Failure::file(e.to_string()))?;
    let on_progress = |share: f64| bar.set_position(20 + (80.0 * share) as u64);
    let report = score(&found.trials, found.classes.len(), found.rate_hz, args.seed, on_progress)
        .map_err(|e| Failure::file(e.to_string()))?;
    bar.finish_and_clear();
    let document = Document {
        schema: 1,
        simulated: found.simulated(),
        classes: &found.classes,
        trials: found.trials.len(),
        seed: args.seed,
        events: &events,
        runs: &found.runs,
        refused: report.refused,
        cautions: report.cautions,
        chosen: report.chosen,
        scores: report.scores,
    };
    if args.json {
        return print_json(&document);
    }
    println!("{}", table(&document));
    Ok(())
}

fn table(document: &Document<'_>) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let label = if document.simulated { "SIMULATED · " } else { "" };
    let _ = writeln!(text, "{label}{} trials of {}", document.trials, document.classes.join(", "));
    for run in document.runs {
        let refused: usize = run.refused.values().sum();
        let used: usize = run.trials.values().sum();
        let _ = writeln!(
            text,
            "  {used} used, {} too large, {refused} refused: {}",
            run.too_large,
            run.path.display()
        );
        for note in &run.notes {
            let _ = writeln!(text, "    {note}");
        }
    }
    if let Some(why) = &document.refused {
        let _ = writeln!(
            text,
            "\nNO SCORE: {why}.\nWhat follows is what the leak gives, not decoding.\n"
        );
    }
    for caution in &document.cautions {
        let _ = writeln!(text, "caution: {caution}");
    }
    for score in &document.scores {
        let _ = writeln!(
            text,
            "{:<18} {:.3}  [{:.3} – {:.3}]  chance {:.3}  p {:.4}  one run left out at a time, k = 1",
            score.metric, score.value, score.ci95[0], score.ci95[1], score.chance, score.p_value
        );
        for (control, got) in &score.controls {
            let _ = writeln!(text, "  {control:<15?} {:.3}  p {:.4}", got.value, got.p_value);
        }
    }
    let _ = write!(
        text,
        "features chosen by inner cross-validation, fold by fold: {:?}",
        document.chosen
    );
    text
}
