//! Scores of encoders that were fitted before: nothing is fitted here, so nothing can leak from a fold.
//!
//! Takes test runs, or any sessions, and packs with a personal encoder each; adds to an [`Evaluation`]. The signal before
//! the pictures goes through the same encoders, as the control.

use std::path::{Path, PathBuf};

use faer::Mat;

use super::Evaluation;
use crate::calibrate::Trials;
use crate::calibrate::score::{Given, Score, score_given};
use crate::calibrate::trials::split::Split;
use crate::decode::encoding::encoder::Encoder;
use crate::decode::session::Runtime;
use crate::decode::{DecodeError, Pack};
use crate::pipeline::provenance;
use crate::study::error::PersonalError;
use crate::study::trials::sessions::{self, Choices, Sessions};

/// Scores test runs, with whose pictures the personal encoder was not calibrated, and gives their trials.
///
/// # Errors
/// [`PersonalError`] when they cannot be read or have no usable trial.
pub fn test_runs(
    evaluation: &mut Evaluation,
    files: &[PathBuf],
    (personal, pack): (&Pack, &Pack),
    runtime: &Runtime,
    seed: u64,
) -> Result<Sessions, PersonalError> {
    // A session's runs share one cap and one whitening.
    let test = sessions::load_as_one(
        files,
        personal,
        &evaluation.cleaning,
        runtime,
        Choices::Gallery,
        |_, _, _| {},
    )?;
    let (own, own_before) = answers(personal, runtime, &test.trials)?;
    let (given, given_before) = answers(pack, runtime, &test.trials)?;
    let all = [
        Given { encoder: "personal", found: &own, before: own_before.as_ref() },
        Given { encoder: "pack", found: &given, before: given_before.as_ref() },
    ];
    let report = score_given(&test.trials, &test.pictures, &all, Split::TestRuns, seed)
        .map_err(|e| PersonalError::Sessions(e.to_string()))?;
    evaluation.refused = match (evaluation.refused.take(), report.refused) {
        (Some(before), Some(now)) => Some(format!("{before}; in the test runs, {now}")),
        (before, now) => before.or(now.map(|why| format!("in the test runs, {why}"))),
    };
    evaluation.cautions.extend(report.cautions);
    let top1 = |encoder: &str| {
        let is = |s: &&Score| s.encoder == encoder && s.metric == "top1" && s.k == 1;
        report.scores.iter().find(is).map(|score| score.value)
    };
    if let (Some(own), Some(given)) = (top1("personal"), top1("pack"))
        && own < given
    {
        evaluation.cautions.push(format!(
            "pictures that were not calibrated are better left to the pack's own encoder: {given:.3}, where a fit scores {own:.3}"
        ));
    }
    evaluation.held_out = report.scores;
    evaluation.runs.extend(test.runs.iter().cloned());
    Ok(test)
}

/// Adds what somebody else's personal encoder makes of these trials: what it knows is not personal.
///
/// # Errors
/// [`PersonalError::Pack`] for an encoder that does not fit the pack.
pub fn someone_elses(
    evaluation: &mut Evaluation,
    sessions: &Sessions,
    pack: Pack,
    encoder: &Path,
    runtime: &Runtime,
    seed: u64,
) -> Result<(), PersonalError> {
    let pack = pack.with_encoder(encoder)?;
    provenance::check(&pack, encoder, &evaluation.cleaning).map_err(PersonalError::Pack)?;
    let (found, before) = answers(&pack, runtime, &sessions.trials)?;
    let other = [Given { encoder: "other", found: &found, before: before.as_ref() }];
    let report = score_given(&sessions.trials, &sessions.pictures, &other, Split::Runs, seed)
        .map_err(|e| PersonalError::Sessions(e.to_string()))?;
    evaluation.scores.extend(report.scores.into_iter().filter(|score| score.k == 1));
    Ok(())
}

type Answers = (Mat<f64>, Option<Mat<f64>>);

/// What an encoder says of every epoch, `[trials, dim]`.
///
/// # Errors
/// [`PersonalError::Pack`].
pub(super) fn said(
    pack: &Pack,
    runtime: &Runtime,
    trials: &Trials,
) -> Result<Mat<f64>, PersonalError> {
    Ok(encoded(&mut Encoder::load(pack, runtime)?, trials)?)
}

fn encoded(encoder: &mut Encoder, trials: &Trials) -> Result<Mat<f64>, DecodeError> {
    let mut out = Mat::zeros(trials.len(), encoder.dim());
    let mut embedding = vec![0.0_f32; encoder.dim()];
    for i in 0..trials.len() {
        encoder.encode(trials.epoch(i), &mut embedding)?;
        embedding.iter().enumerate().for_each(|(j, v)| out[(i, j)] = f64::from(*v));
    }
    Ok(out)
}

/// What an encoder says of every epoch, and of the signal before it, `[trials, dim]`.
fn answers(pack: &Pack, runtime: &Runtime, trials: &Trials) -> Result<Answers, PersonalError> {
    let mut encoder = Encoder::load(pack, runtime)?;
    let found = encoded(&mut encoder, trials)?;
    let before = trials.before_the_pictures();
    let before = before.map(|before| encoded(&mut encoder, &before)).transpose()?;
    Ok((found, before))
}
