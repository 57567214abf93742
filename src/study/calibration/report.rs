//! Everything that a report's page shows, gathered from what was read, fitted and scored.

use std::path::{Path, PathBuf};

use crate::calibrate::score::confusion;
use crate::decode::Pack;
use crate::report::{self, Example, ReportData};
use crate::signal::montage::{Montage, Position};
use crate::study::evaluation::Evaluation;
use crate::study::fit::personal::FitDocument;
use crate::study::folder::Held;
use crate::study::trials::sessions::Sessions;
use crate::time::clock::utc_now_iso8601;

/// What a page is made from.
pub struct Material<'a> {
    /// Heading of the page.
    pub title: String,
    /// Name of the protocol, where this program held the session.
    pub protocol: Option<String>,
    /// Seed of the order of the pictures, likewise.
    pub order_seed: Option<u64>,
    /// How the session was held.
    pub held: &'a Held,
    /// The fit, where one was made.
    pub fit: Option<&'a FitDocument>,
    /// The scores.
    pub evaluation: &'a Evaluation,
    /// The trials behind them.
    pub sessions: &'a Sessions,
    /// The pack without a personal encoder.
    pub pack: &'a Pack,
    /// What was painted, and whether what painted them was not calibrated with those pictures.
    pub examples: (Vec<Example>, bool),
    /// What makes every number again.
    pub commands: Vec<String>,
}

/// The page as text.
pub fn page(material: Material<'_>) -> String {
    let Material { held, evaluation, sessions, pack, .. } = &material;
    let input = &pack.manifest().input;
    let montage = Montage::from_labels(&input.channels);
    let runs = evaluation.runs.iter().map(|run| report::RunFacts {
        file: run.path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
        trials: run.trials,
        refused: run.refused.iter().map(|(why, n)| (why.plain_words().to_owned(), *n)).collect(),
        sha256: run.sha256.clone(),
    });
    let display = held.display.as_ref().map(|display| report::DisplayFacts {
        refresh_hz: display.refresh_hz,
        jitter_secs: display.jitter_secs,
        missed_share: display.missed_share,
        verdict: display.verdict.clone(),
    });
    let has_scores = evaluation.found.nrows() == sessions.trials.len();
    let matrix = || confusion(&sessions.trials, &sessions.pictures, &evaluation.found);
    let facts = facts(&material);
    report::page(&ReportData {
        title: material.title.clone(),
        created_utc: utc_now_iso8601(),
        simulated: evaluation.simulated,
        strength: strengths(evaluation),
        withheld: evaluation.withheld.map(str::to_owned),
        control: evaluation.control,
        calibrated_by: evaluation.calibrated_by.clone(),
        facts,
        commands: commands_of(&material),
        refused: evaluation.refused.clone(),
        cautions: evaluation.cautions.clone(),
        scores: &evaluation.scores,
        held_out: &evaluation.held_out,
        painted: &evaluation.painted,
        trials: &sessions.trials,
        pictures: &sessions.pictures,
        rate_hz: sessions.rate_hz,
        window_start_secs: input.window_secs[0],
        channels: input.channels.clone(),
        positions: montage.positions.iter().map(|place| place.map(on_disc)).collect(),
        examples_are_new: material.examples.1,
        confusion: has_scores.then(matrix),
        timing: &held.timing,
        display,
        attention: held.attention,
        runs: runs.collect(),
        examples: material.examples.0.clone(),
    })
}

fn facts(material: &Material<'_>) -> Vec<(String, String)> {
    let evaluation = material.evaluation;
    let mut all: Vec<(&str, String)> =
        vec![("program", format!("phosphene {}", env!("CARGO_PKG_VERSION")))];
    all.extend(material.protocol.clone().map(|name| ("protocol", name)));
    all.extend(material.order_seed.map(|seed| ("seed of the order", seed.to_string())));
    all.push(("seed of the scores", evaluation.seed.to_string()));
    all.push(("pack", format!("{} {}", evaluation.pack, evaluation.pack_sha256)));
    all.push(("the encoder that was built upon", evaluation.encoder_sha256.clone()));
    if let Some(fit) = material.fit {
        all.push(("personal encoder", fit.encoder_sha256.clone()));
        all.push(("fitted to", format!("{} trials in {:.1} s", fit.trials, fit.fit_seconds)));
        let difference = fit.largest_difference_in_onnx_runtime;
        all.push(("fit against ONNX Runtime", format!("{difference:.1e} at most")));
    }
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What makes the numbers of some sessions again.
pub fn commands(sessions: &[PathBuf], pack: &Path, seed: u64) -> Vec<String> {
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', "'\\''"));
    let all: Vec<String> = sessions.iter().map(|path| quoted(path)).collect();
    let (all, pack) = (all.join(" "), quoted(pack));
    vec![
        format!(
            "phosphene fit {all} --with-test-runs --pack {pack} --seed {seed} --out NEW-FOLDER"
        ),
        format!("phosphene evaluate {all} --pack {pack} --seed {seed} --report NEW-FILE.html"),
    ]
}

/// The commands, with what was cleaned.
fn commands_of(material: &Material<'_>) -> Vec<String> {
    let cleaning = material.evaluation.cleaning.arguments();
    material.commands.iter().map(|command| format!("{command}{cleaning}")).collect()
}

/// What must stand at the top: how strong a simulated wearer is, and what the decoder's signal was cleaned of.
fn strengths(evaluation: &Evaluation) -> Vec<String> {
    let cleaned = evaluation.cleaning.words();
    let cleaned = cleaned.map(|words| format!("the signal was cleaned before it was cut: {words}"));
    evaluation.strength.iter().cloned().chain(cleaned).collect()
}

/// Angle from the vertex that lies on the rim of a head seen from above: a little below the equator.
const RIM_RAD: f64 = 1.15 * std::f64::consts::FRAC_PI_2;

/// Azimuthal equidistant: angles from the vertex stay what they are. x right, y front.
fn on_disc(place: Position) -> [f64; 2] {
    let [x, y, z] = place;
    let flat = x.hypot(y);
    let radius = flat.atan2(z) / RIM_RAD;
    if flat == 0.0 { [0.0, 0.0] } else { [x / flat * radius, y / flat * radius] }
}
