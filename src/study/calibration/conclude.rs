//! The end of a session: fit, score, report.
//!
//! Takes a session whose runs are recorded; leaves `held.json`, `encoder.onnx`, `fit.toml`, `evaluation.json` and
//! `report.html` in its folder. The scores are of this session alone: of training runs left out in turn, and of test
//! runs by an encoder that met the training runs only. The encoder that stays is fitted to everything afterwards: all
//! runs of this session and earlier sessions of the same person. What cannot be scored is said on the page.

use std::path::{Path, PathBuf};

use super::report::{self, Material};
use super::session::Session;
use crate::calibrate::trials::split::Split;
use crate::decode::Pack;
use crate::decode::session::Runtime;
use crate::native;
use crate::pipeline::cleaning::Cleaning;
use crate::present::protocol::Role;
use crate::report::Example;
use crate::source::mounted::Mounting;
use crate::study::error::PersonalError;
use crate::study::evaluation::{Asking, Evaluation, evaluate, given, painted};
use crate::study::files::write_new;
use crate::study::fit::personal::{FitDocument, FitRequest, fit_for_new_pictures, fit_into};
use crate::study::folder::{self, Held};
use crate::study::trials::sessions::{self, Choices, Sessions, TestRuns};

/// Threads of the encoder.
const THREADS: usize = 2;

/// What a session was good for.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was fitted, as fit.toml has it.
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
            Self::Reporting => "painting and writing the report",
        }
    }
}

/// What every part of a conclusion needs.
struct Work<'a> {
    session: &'a Session,
    pack: &'a Path,
    runtime: Runtime,
    seed: u64,
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
    on_progress(Step::Reading, 0.0);
    session.keep(held)?;
    let library = native::onnx_runtime().map_err(PersonalError::Pack)?;
    let work =
        Work { session, pack: pack_folder, runtime: Runtime::load(&library, THREADS)?, seed };
    let pack = Pack::open(pack_folder)?;
    let training = session.recordings(Role::Training);
    // A session's runs share one cap and one whitening.
    let none = Cleaning::default();
    let trained = sessions::load_as_one(
        &training,
        &pack,
        &none,
        &work.runtime,
        Choices::Shown,
        |_, _, _| {},
    )?;
    let mut evaluation = work.scores(&trained, &pack, |share| on_progress(Step::Scoring, share));
    on_progress(Step::Fitting, 0.0);
    let mut named = session.earlier(pack.sha256());
    named.push(session.folder.clone());
    let fit = work.fit(&named, &pack)?;
    on_progress(Step::Reporting, 0.0);
    let examples = work.left_out(&mut evaluation, &trained, &pack);
    let text = serde_json::to_string_pretty(&evaluation).map_err(|e| {
        PersonalError::Unexpected(format!("evaluation.json cannot be written: {e}"))
    })?;
    write_new(&session.folder.join("evaluation.json"), text.as_bytes())?;
    let page = report::page(Material {
        title: format!("{} {}", session.subject, session.session),
        protocol: Some(session.protocol.name.clone()),
        order_seed: Some(session.plan.seed),
        held,
        fit: Some(&fit),
        evaluation: &evaluation,
        sessions: &trained,
        pack: &pack,
        examples,
        commands: report::commands(&named, pack_folder, seed),
    });
    let path = session.folder.join("report.html");
    write_new(&path, page.as_bytes())?;
    Ok(Outcome { fit, evaluation, report: path })
}

/// Only fits, to this session and earlier ones: for measurements over many wearers, whose scores come from elsewhere. Leaves
/// `held.json`, `encoder.onnx`, how it answers, and `fit.toml`.
///
/// # Errors
/// [`PersonalError`].
pub fn fit_only(
    session: &Session,
    held: &Held,
    pack_folder: &Path,
    seed: u64,
) -> Result<FitDocument, PersonalError> {
    session.keep(held)?;
    let library = native::onnx_runtime().map_err(PersonalError::Pack)?;
    let work =
        Work { session, pack: pack_folder, runtime: Runtime::load(&library, THREADS)?, seed };
    let pack = Pack::open(pack_folder)?;
    let mut named = session.earlier(pack.sha256());
    named.push(session.folder.clone());
    work.fit(&named, &pack)
}

impl Work<'_> {
    /// Fits to all of these sessions, this one last: live signal is whitened like its own.
    fn fit(&self, named: &[PathBuf], pack: &Pack) -> Result<FitDocument, PersonalError> {
        let how = (TestRuns::Included, &Mounting::ByLabel);
        let none = Cleaning::default();
        let all = sessions::load_with(named, how, pack, &none, &self.runtime, |_, _, _| {})?;
        let folder = self.session.folder.as_path();
        let request = FitRequest { folder, inner: Split::Runs, seed: self.seed };
        fit_into(request, Pack::open(self.pack)?, &self.runtime, &all).map(|(fit, _)| fit)
    }

    /// Scores of this session by folds of its own; what fails is a caution.
    fn scores(&self, trained: &Sessions, pack: &Pack, on_progress: impl FnMut(f64)) -> Evaluation {
        let scored = evaluate(trained, pack, self.seed, on_progress);
        let mut evaluation = scored.unwrap_or_else(|why| {
            let mut none = Evaluation::without_scores(trained, pack, self.seed);
            none.cautions.push(format!("the runs cannot be scored: {why}"));
            none
        });
        let session = self.session;
        let other = folder::someone_elses_encoder(&session.root, &session.subject, pack.sha256());
        if let Some(encoder) = other {
            let compared = Pack::open(self.pack).map_err(Into::into).and_then(|pack| {
                given::someone_elses(
                    &mut evaluation,
                    trained,
                    pack,
                    &encoder,
                    &self.runtime,
                    self.seed,
                )
            });
            if let Err(why) = compared {
                let said = format!("another person's encoder cannot be compared: {why}");
                evaluation.cautions.push(said);
            }
        }
        evaluation
    }

    /// Test runs, and what can be painted; what fails is a caution.
    fn left_out(
        &self,
        evaluation: &mut Evaluation,
        trained: &Sessions,
        pack: &Pack,
    ) -> (Vec<Example>, bool) {
        let (test, runtime, seed) = (self.session.recordings(Role::Test), &self.runtime, self.seed);
        let asking = Asking::best(seed);
        let mut of_test_runs = || -> Result<Vec<Example>, PersonalError> {
            let plain = Pack::open(self.pack)?;
            let (fitted, _kept) = fit_for_new_pictures(plain, runtime, trained, seed)?;
            painted::of_test_runs(evaluation, &test, (&fitted, pack), runtime, asking)
        };
        let (made, new) = if test.is_empty() {
            (painted::of_left_out(evaluation, trained, pack, runtime, asking), false)
        } else {
            (of_test_runs(), true)
        };
        match made {
            Ok(examples) => (examples, new),
            Err(why) => {
                evaluation.cautions.push(format!("left-out pictures cannot be scored: {why}"));
                (Vec::new(), new)
            }
        }
    }
}
