//! The end of a session: fit, score, report.
//!
//! Takes a session whose runs are recorded; leaves `encoder.onnx`, `fit.toml`, `evaluation.json` and `report.html` in its
//! folder. Test runs, whose pictures nobody trained on, are scored with the encoder that was fitted before.

use std::path::{Path, PathBuf};

use super::{Held, Session, examples};
use crate::calibrate::protocol::Role;
use crate::calibrate::report::{self, ReportData};
use crate::calibrate::score::{confusion, score_given};
use crate::calibrate::split::Split;
use crate::clock::utc_now_iso8601;
use crate::decode::Pack;
use crate::decode::session::Runtime;
use crate::pipeline::evaluation::{Evaluation, evaluate};
use crate::pipeline::personal::{FitDocument, FitRequest, PersonalError, fit_into, write_new};
use crate::pipeline::sessions::{self, SessionError, Sessions};
use crate::pipeline::sources;
use crate::signal::montage::{Montage, Position};

/// Threads of the encoder.
const THREADS: usize = 2;

/// What a session was good for.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The fit.
    pub fit: FitDocument,
    /// The scores.
    pub evaluation: Evaluation,
    /// The page that shows them.
    pub report: PathBuf,
}

/// Where the conclusion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reading the recordings.
    Reading,
    /// Fitting the encoder.
    Fitting,
    /// Scoring, with the controls.
    Scoring,
    /// Painting examples and writing the page.
    Reporting,
}

impl Step {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Reading => "reading the recordings",
            Self::Fitting => "fitting the personal encoder",
            Self::Scoring => "scoring it, with its controls",
            Self::Reporting => "writing the report",
        }
    }
}

impl From<SessionError> for PersonalError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Pack(_) | SessionError::Decode(_) => Self::Pack(error.to_string()),
            _ => Self::Sessions(error.to_string()),
        }
    }
}

/// Fits, scores and reports; `on_progress` hears where it is, with the share of that step.
///
/// # Errors
/// [`PersonalError`]. What was written before stays.
pub fn conclude(
    session: &Session,
    held: &Held,
    pack_folder: &Path,
    seed: u64,
    mut on_progress: impl FnMut(Step, f64),
) -> Result<Outcome, PersonalError> {
    let library = sources::onnx_runtime().map_err(PersonalError::Pack)?;
    let runtime = Runtime::load(&library, THREADS)?;
    on_progress(Step::Reading, 0.0);
    let pack = Pack::open(pack_folder)?;
    let training = session.recordings(Role::Training);
    let read = |files: &[PathBuf], pack: &Pack| {
        // A session's runs share one cap and one whitening.
        sessions::load_as_one(files, pack, &runtime, |_, _, _| {})
    };
    let trained = read(&training, &pack)?;
    on_progress(Step::Fitting, 0.0);
    let request = FitRequest { folder: &session.folder, inner: Split::Runs, seed };
    let (fit, personal) = fit_into(request, Pack::open(pack_folder)?, &runtime, &trained)?;
    let mut evaluation = evaluate(&trained, &pack, seed, |share| on_progress(Step::Scoring, share))
        .map_err(|e| PersonalError::Sessions(e.to_string()))?;
    on_progress(Step::Reporting, 0.0);
    let mut painted = Vec::new();
    let test = session.recordings(Role::Test);
    if !test.is_empty() {
        match (read(&test, &personal), read(&test, &pack)) {
            (Ok(own), Ok(given)) => {
                let answers =
                    [("personal", &own.trials.zero_shot), ("pack", &given.trials.zero_shot)];
                evaluation.held_out = score_given(&own.trials, &own.pictures, &answers, seed)
                    .map_err(|e| PersonalError::Sessions(e.to_string()))?;
                evaluation.runs.extend(own.runs.iter().cloned());
                painted = examples::paint(&own, &personal, &runtime, &sources::stimuli(), seed)?;
            }
            (Err(why), _) | (_, Err(why)) => {
                evaluation.cautions.push(format!("the test runs cannot be scored: {why}"));
            }
        }
    }
    let text = serde_json::to_string_pretty(&evaluation).map_err(|e| {
        PersonalError::Unexpected(format!("evaluation.json cannot be written: {e}"))
    })?;
    write_new(&session.folder.join("evaluation.json"), text.as_bytes())?;
    let report = session.folder.join("report.html");
    let data = report_data(session, held, &fit, &evaluation, &trained, &pack, painted);
    write_new(&report, report::page(&data).as_bytes())?;
    Ok(Outcome { fit, evaluation, report })
}

fn report_data<'a>(
    session: &Session,
    held: &'a Held,
    fit: &FitDocument,
    evaluation: &'a Evaluation,
    trained: &'a Sessions,
    pack: &'a Pack,
    examples: Vec<report::Example>,
) -> ReportData<'a> {
    let input = &pack.manifest().input;
    let folder = session.folder.display();
    let montage = Montage::from_labels(&input.channels);
    let runs = evaluation.runs.iter().map(|run| report::RunFacts {
        file: run.path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
        trials: run.trials,
        refused: run.refused.iter().map(|(why, n)| (why.plain_words().to_owned(), *n)).collect(),
        sha256: run.sha256.clone(),
    });
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let display = held.display.as_ref().map(|display| report::DisplayFacts {
        refresh_hz: display.refresh_hz,
        jitter_secs: display.jitter_secs,
        missed_share: display.missed_share,
        verdict: display.verdict.clone(),
    });
    ReportData {
        title: format!("{} {}", session.subject, session.session),
        created_utc: utc_now_iso8601(),
        simulated: evaluation.simulated,
        facts: vec![
            fact("program", fit.program.clone()),
            fact("protocol", session.protocol.name.clone()),
            fact("seed of the order", session.plan.seed.to_string()),
            fact("seed of the scores", evaluation.seed.to_string()),
            fact("pack", format!("{} {}", evaluation.pack, evaluation.pack_sha256)),
            fact("the pack's encoder", evaluation.encoder_sha256.clone()),
            fact("personal encoder", fit.encoder_sha256.clone()),
            fact("fitted to", format!("{} trials in {:.1} s", fit.trials, fit.fit_seconds)),
            fact(
                "fit against ONNX Runtime",
                format!("{:.1e} at most", fit.largest_difference_in_onnx_runtime),
            ),
        ],
        commands: vec![
            format!("phosphene fit {folder} --out NEW --seed {}", fit.seed),
            format!("phosphene evaluate {folder} --seed {}", evaluation.seed),
        ],
        refused: evaluation.refused.clone(),
        cautions: evaluation.cautions.clone(),
        scores: &evaluation.scores,
        held_out: &evaluation.held_out,
        trials: &trained.trials,
        pictures: &trained.pictures,
        rate_hz: trained.rate_hz,
        window_start_secs: input.window_secs[0],
        channels: input.channels.clone(),
        positions: montage.positions.iter().map(|place| place.map(on_disc)).collect(),
        confusion: Some(confusion(&trained.trials, &trained.pictures, &evaluation.found)),
        timing: &held.timing,
        display,
        attention: held.attention,
        runs: runs.collect(),
        examples,
    }
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
