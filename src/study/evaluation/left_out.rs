//! Decoders that were fitted anew for every fold: what they say of null twins, and how surely they answer.
//!
//! Takes trials of known pictures and what was said of each by the decoder that was fitted without its run; gives the same of
//! null twins, and answer models. A model that judges a picture is fitted to left-out trials of other pictures only: nothing
//! judges what it was fitted to.

use super::judged::{Answers, Court, gallery};
use super::{Asking, Evaluation, options};
use crate::calibrate::linalg;
use crate::calibrate::score::controls::cross_predicted;
use crate::calibrate::trials::split::{Split, folds, groups};
use crate::decode::Pack;
use crate::decode::inference::judge::Judge;
use crate::decode::inference::model::Model;
use crate::decode::inference::weighing::Weighing;
use crate::decode::session::Runtime;
use crate::study::error::PersonalError;
use crate::study::evaluation::given;
use crate::study::fit::answers::of_left_out;
use crate::study::trials::sessions::Sessions;

/// Answer models: each judges the pictures that the other was fitted to.
const MODELS: usize = 2;

/// Said of where the probabilities come from.
const SOURCE: &str = "trials of these sessions that the decoder was not fitted to; each picture is judged by trials of other pictures";

/// What the decoder that was fitted without a trial's run says of it, and of its null twin.
///
/// # Errors
/// [`PersonalError::Pack`], [`PersonalError::Sessions`].
pub(super) fn answers(
    evaluation: &Evaluation,
    sessions: &Sessions,
    (pack, runtime): (&Pack, &Runtime),
    asking: Asking,
) -> Result<Answers, PersonalError> {
    let (trials, pictures) = (&sessions.trials, &sessions.pictures);
    let own = evaluation.found.clone();
    let Some(mut twins) = asking.twins(trials) else { return Ok(Answers { own, twin: None }) };
    twins.zero_shot = given::said(pack, runtime, &twins)?;
    // The very folds of the score.
    let folds = folds(&groups(trials, Split::Runs, evaluation.seed));
    let options = options(sessions, evaluation.seed);
    let twin = cross_predicted((trials, &twins), pictures, &folds, &options);
    let twin = twin.map_err(|e| PersonalError::Sessions(e.to_string()))?;
    Ok(Answers { own, twin: Some(twin) })
}

/// Judges of these answers; without probabilities where the trials are too few to say how surely they are given.
///
/// # Errors
/// [`PersonalError::Pack`], [`PersonalError::Sessions`].
pub(super) fn court(
    answers: &Answers,
    sessions: &Sessions,
    pack: &Pack,
    seed: u64,
) -> Result<Court, PersonalError> {
    let gallery = gallery(&sessions.pictures, &sessions.stimuli);
    let sureness = pack.manifest().embedding.sureness;
    let models = models(answers, sessions, pack)?;
    let weighings = if models.is_empty() {
        vec![Weighing::of(None, &gallery, seed)]
    } else {
        let judge = |model| Judge::of((model, SOURCE.into()), None, &gallery, seed);
        models.into_iter().map(|model| Weighing::of(Some(judge(model)), &gallery, seed)).collect()
    };
    Ok(Court::new(gallery, weighings, sureness, seed))
}

/// A model for each part of the pictures, or none at all.
fn models(
    answers: &Answers,
    sessions: &Sessions,
    pack: &Pack,
) -> Result<Vec<Model>, PersonalError> {
    let background = crate::pack::answers::Answers::load(pack)?;
    let shown: Vec<usize> = sessions.trials.about.iter().map(|trial| trial.picture).collect();
    let mut models = Vec::with_capacity(MODELS);
    for judge in 0..MODELS {
        let others: Vec<usize> =
            (0..shown.len()).filter(|i| Court::judge_of(shown[*i], MODELS) != judge).collect();
        let of_others: Vec<usize> = others.iter().map(|i| shown[*i]).collect();
        let said = linalg::rows(answers.own.as_ref(), &others);
        let found = of_left_out(&said, &of_others, &sessions.pictures, background.as_ref())
            .map_err(|e| PersonalError::Sessions(e.to_string()))?;
        // Numbers that no model can be made of say nothing of how the decoder answers.
        let Some(model) = found.and_then(|(found, _)| Model::new(&found, "left-out trials").ok())
        else {
            return Ok(Vec::new());
        };
        models.push(model);
    }
    Ok(models)
}
