//! The score of sessions as a document: what `evaluate` prints, what a session's folder keeps, what the report shows.

use faer::Mat;
use serde::Serialize;

use super::sessions::{RunRead, Sessions};
use crate::calibrate::CalibrationError;
use crate::calibrate::personal::FitOptions;
use crate::calibrate::score::{Report, Score, score};
use crate::calibrate::split::Split;
use crate::decode::Pack;

/// Every score of some sessions.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// 1.
    pub schema: u32,
    /// Whether any signal came from no person.
    pub simulated: bool,
    /// The pack's name.
    pub pack: String,
    /// Its hash.
    pub pack_sha256: String,
    /// Hash of the encoder that is built upon and compared with.
    pub encoder_sha256: String,
    /// Trials scored.
    pub trials: usize,
    /// Pictures among them.
    pub pictures: usize,
    /// Seed of divisions, intervals and permutations.
    pub seed: u64,
    /// The recordings.
    pub runs: Vec<RunRead>,
    /// Why no score means anything, if so.
    pub refused: Option<String>,
    /// Controls that succeeded by so little that the score stands.
    pub cautions: Vec<String>,
    /// The scores; the first is the headline.
    pub scores: Vec<Score>,
    /// Scores on test runs, whose pictures the fitted encoder never met; none where no test run was held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held_out: Vec<Score>,
    /// What the decoder fitted without a trial's run said of it, `[trials, dim]`.
    #[serde(skip)]
    pub found: Mat<f64>,
}

/// Scores sessions under both splits; `on_progress` gets a share.
///
/// # Errors
/// As [`score`].
pub fn evaluate(
    sessions: &Sessions,
    pack: &Pack,
    seed: u64,
    mut on_progress: impl FnMut(f64),
) -> Result<Evaluation, CalibrationError> {
    let options =
        FitOptions { rate_hz: sessions.rate_hz, inner: Split::Runs, with_pack: true, seed };
    let mut reports: Vec<Report> = Vec::new();
    for (i, split) in [Split::Runs, Split::Pictures].into_iter().enumerate() {
        let step = |share: f64| on_progress(0.5 * (i as f64 + share));
        reports.push(score(&sessions.trials, &sessions.pictures, split, &options, step)?);
    }
    let refused: Vec<String> = reports.iter().filter_map(|report| report.refused.clone()).collect();
    let found = reports.first().map_or_else(|| Mat::zeros(0, 0), |report| report.found.clone());
    Ok(Evaluation {
        schema: 1,
        simulated: sessions.simulated(),
        pack: pack.manifest().name.clone(),
        pack_sha256: pack.sha256().to_owned(),
        encoder_sha256: pack.encoder_sha256().to_owned(),
        trials: sessions.trials.len(),
        pictures: sessions.pictures.len(),
        seed,
        runs: sessions.runs.clone(),
        refused: (!refused.is_empty()).then(|| refused.join("; ")),
        cautions: reports.iter().flat_map(|report| report.cautions.clone()).collect(),
        scores: reports.into_iter().flat_map(|report| report.scores).collect(),
        held_out: Vec::new(),
        found,
    })
}
