//! The score of sessions as a document: what `evaluate` prints, what a session's folder keeps, what the report shows.
//!
//! | file | scores |
//! |---|---|
//! | this file | decoders fitted anew for every fold: runs, pictures, sessions left out |
//! | `given` | encoders that were fitted before: test runs, another person's |
//! | `painted` | the pictures themselves, by the rule of the window; `record` is what the document has of each |
//! | `left_out`, `judged` | decoders of folds, what trials are worth and whether the control succeeds |
//! | `likeness` | PixCorr, SSIM, identification by the pack's image encoder |

pub mod given;
mod judged;
mod left_out;
mod likeness;
pub mod painted;
mod record;

use faer::Mat;
use serde::Serialize;

use super::trials::sessions::{RunRead, Sessions};
use super::trials::shuffled;
use crate::calibrate::fit::options::FitOptions;
use crate::calibrate::score::{Report, Score, score};
use crate::calibrate::trials::split::Split;
use crate::calibrate::{CalibrationError, Trials};
use crate::decode::{ControlView, Pack, Show};
use crate::pipeline::cleaning::Cleaning;
use crate::pipeline::decoding::CONTROL_SUCCEEDS;
use crate::subject::strength;
pub use record::{PictureRecord, Side};

/// What is asked of the pictures.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    /// Seed of noise, draws and phases.
    pub seed: u64,
    /// The most probable picture, or the mean.
    pub show: Show,
    /// Feeds the null twins with the trials themselves, to see that the control's test finds it: never in earnest.
    pub planted_leak: bool,
}

impl Asking {
    /// The best guesses, with this seed.
    pub fn best(seed: u64) -> Self {
        Self { seed, show: Show::Best, planted_leak: false }
    }

    fn twins(self, trials: &Trials) -> Option<Trials> {
        let from =
            if self.planted_leak { shuffled::From::Themselves } else { shuffled::From::Others };
        shuffled::twins(trials, from, self.seed)
    }
}

/// Every score of some sessions.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// 1.
    pub schema: u32,
    /// Whether any signal came from no person.
    pub simulated: bool,
    /// How strongly what is simulated answers beside recorded people, in words, where the recordings say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strength: Vec<String>,
    /// What was cleaned before the epochs were cut.
    pub cleaning: Cleaning,
    /// The pack's name.
    pub pack: String,
    /// Its hash.
    pub pack_sha256: String,
    /// Hash of the pack's own encoder, which is compared with.
    pub encoder_sha256: String,
    /// Trials scored.
    pub trials: usize,
    /// Pictures to choose from.
    pub pictures: usize,
    /// Seed of divisions, intervals and permutations.
    pub seed: u64,
    /// The recordings.
    pub runs: Vec<RunRead>,
    /// Why no score means anything, if so.
    pub refused: Option<String>,
    /// What a reader must know: controls that succeeded by so little that the score stands, scores that could not be.
    pub cautions: Vec<String>,
    /// The scores; the first is the headline.
    pub scores: Vec<Score>,
    /// Scores on test runs, with whose pictures the encoder was not calibrated; none where no test run was held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held_out: Vec<Score>,
    /// Scores of what was painted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub painted: Vec<Score>,
    /// Where probabilities come from; `null` where the decoder is not calibrated.
    pub calibrated_by: Option<String>,
    /// What is believed of each picture after all its looks, in the order in which they were first shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decodes: Vec<PictureRecord>,
    /// Whether null twins name the pictures more often than guessing does; `null` where there was none to ask.
    pub control: Option<ControlView>,
    /// Why pictures and scores are withheld, if so: the control succeeds.
    pub withheld: Option<&'static str>,
    /// What the decoder fitted without a trial's run said of it, `[trials, dim]`; no rows where there is no score.
    #[serde(skip)]
    pub found: Mat<f64>,
}

impl Evaluation {
    /// Of sessions that have no score yet.
    pub fn without_scores(sessions: &Sessions, pack: &Pack, seed: u64) -> Self {
        Self {
            schema: 1,
            simulated: sessions.simulated(),
            strength: strengths(sessions),
            cleaning: sessions.cleaning.clone(),
            pack: pack.manifest().name.clone(),
            pack_sha256: pack.sha256().to_owned(),
            encoder_sha256: pack.encoder_sha256().to_owned(),
            trials: sessions.trials.len(),
            pictures: sessions.pictures.len(),
            seed,
            runs: sessions.runs.clone(),
            refused: None,
            cautions: sessions.warnings.clone(),
            scores: Vec::new(),
            held_out: Vec::new(),
            painted: Vec::new(),
            calibrated_by: None,
            decodes: Vec::new(),
            control: None,
            withheld: None,
            found: Mat::zeros(0, 0),
        }
    }

    /// Lets go of every score: the control succeeds, none means anything.
    fn withhold(&mut self) {
        self.withheld = Some(CONTROL_SUCCEEDS);
        let why = self.refused.take().map_or_else(String::new, |before| before + "; ");
        self.refused = Some(why + "the control succeeds, so that everything is withheld");
        for scores in [&mut self.scores, &mut self.held_out, &mut self.painted] {
            scores.clear();
        }
        self.decodes.clear();
        self.found = Mat::zeros(0, 0);
    }
}

/// How strongly simulated wearers answer beside recorded people, in words; each level once.
fn strengths(sessions: &Sessions) -> Vec<String> {
    let levels = sessions.runs.iter().filter_map(|run| run.snr_db);
    let mut words: Vec<String> = levels.map(strength::words).collect();
    words.dedup();
    words
}

/// How decoders are fitted for a score.
fn options(sessions: &Sessions, seed: u64) -> FitOptions<'_> {
    FitOptions {
        rate_hz: sessions.rate_hz,
        inner: Split::Runs,
        with_pack: true,
        population: sessions.population.as_ref(),
        seed,
    }
}

impl Evaluation {
    /// Single-trial top-1 of an encoder on left-out runs.
    pub fn headline(&self, encoder: &str) -> Option<&Score> {
        let is = |s: &&Score| s.encoder == encoder && s.metric == "top1" && s.k == 1;
        self.scores.iter().find(is)
    }

    /// Says so when the encoder that was built upon does better by itself.
    fn note_what_did_not_help(&mut self) {
        let (Some(own), Some(pack)) = (self.headline("personal"), self.headline("pack")) else {
            return;
        };
        if own.value < pack.value {
            let said = format!(
                "the fit does not help here: {:.3} where the pack's own encoder scores {:.3}. Keep that one, or calibrate longer",
                own.value, pack.value
            );
            self.cautions.push(said);
        }
    }
}

/// Scores sessions under every split that they allow; `on_progress` gets a share.
///
/// # Errors
/// As [`score`], for the first split; what the others lack is a caution.
pub fn evaluate(
    sessions: &Sessions,
    pack: &Pack,
    seed: u64,
    mut on_progress: impl FnMut(f64),
) -> Result<Evaluation, CalibrationError> {
    let options = options(sessions, seed);
    let mut evaluation = Evaluation::without_scores(sessions, pack, seed);
    let splits: &[Split] = if sessions.count() > 1 {
        &[Split::Runs, Split::Pictures, Split::Sessions]
    } else {
        &[Split::Runs, Split::Pictures]
    };
    let mut reports: Vec<Report> = Vec::new();
    for (i, split) in splits.iter().enumerate() {
        let step = |share: f64| on_progress((i as f64 + share) / splits.len() as f64);
        match score(&sessions.trials, &sessions.pictures, *split, &options, step) {
            Ok(report) => reports.push(report),
            Err(why) if reports.is_empty() => return Err(why),
            Err(why) => {
                let what = split.words();
                evaluation.cautions.push(format!("there is no score with {what} left out: {why}"));
            }
        }
    }
    let refused: Vec<String> = reports.iter().filter_map(|report| report.refused.clone()).collect();
    evaluation.refused = (!refused.is_empty()).then(|| refused.join("; "));
    if let Some(first) = reports.first() {
        evaluation.found = first.found.clone();
    }
    for (place, report) in reports.into_iter().enumerate() {
        evaluation.cautions.extend(report.cautions);
        // Nothing of the pack's own encoder is fitted: it scores the same under every split.
        let scores = report.scores.into_iter().filter(|s| place == 0 || s.encoder != "pack");
        evaluation.scores.extend(scores);
    }
    evaluation.note_what_did_not_help();
    Ok(evaluation)
}
