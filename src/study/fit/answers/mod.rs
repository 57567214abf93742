//! How a personal encoder answers: from trials that the encoder was not fitted to.
//!
//! Takes sessions; gives the answer model ([`crate::pack::answers`]) of the encoder that is fitted to all of them,
//! and leaves it beside that encoder. A fit that knows how surely it knows the responses says itself how it answers
//! (`responses`), at every number of trials. For others, every trial is answered by an encoder that was fitted without its
//! run; `structure` finds gains, covariances and what pictures differ by, and temperatures come from the other half of the
//! trials.

mod judging;
mod law;
mod responses;
mod structure;
mod write;

use faer::Mat;

pub use write::{AnswersFound, FILE, beside};

use crate::calibrate::CalibrationError;
use crate::calibrate::fit::options::FitOptions;
use crate::calibrate::score::controls::cross_validated;
use crate::calibrate::trials::split::{Split, few, folds, groups};
use crate::calibrate::{Personal, Pictures, Trials};
use crate::decode::inference::model::Model;
use crate::pack::answers::{Answers, Temperature};
use judging::{Judged, MIN_MEANS, in_play, judged_together, least_surprised};
use structure::Structure;

/// Numbers of trials for which a temperature is sought.
const KS: [u32; 6] = [1, 2, 3, 5, 10, 20];

/// Trials below which nothing can be said of how an encoder answers whose fit does not say it.
const MIN_TRIALS: usize = 100;

/// How the encoder `personal`, fitted to these trials, answers; `None` where they are too few to say it. `background` gives
/// what pictures at large are like, where the pack knows it.
///
/// # Errors
/// As [`crate::calibrate::fit::personal::fit`].
pub fn fit(
    trials: &Trials,
    pictures: &Pictures,
    options: &FitOptions<'_>,
    (personal, background): (&Personal, Option<&Answers>),
) -> Result<Option<(Answers, AnswersFound)>, CalibrationError> {
    let folds = folds(&few(&groups(trials, Split::Runs, options.seed)));
    let options = FitOptions { inner: Split::Runs, ..*options };
    if let Some(answering) = &personal.answering {
        let known = responses::Known { answering, targets: &pictures.targets, background };
        return Ok(Some(known.fit(trials, pictures, &folds, &options)));
    }
    if trials.len() < MIN_TRIALS || folds.len() < 2 {
        return Ok(None);
    }
    let left_out = cross_validated(trials, pictures, &folds, &options)?;
    let shown: Vec<usize> = trials.about.iter().map(|trial| trial.picture).collect();
    of_left_out(&left_out, &shown, pictures, background)
}

/// From what was said of left-out trials, `[trials, dim]`, and the rows that were shown in them.
///
/// # Errors
/// [`CalibrationError::Numbers`].
pub fn of_left_out(
    left_out: &Mat<f64>,
    shown: &[usize],
    pictures: &Pictures,
    background: Option<&Answers>,
) -> Result<Option<(Answers, AnswersFound)>, CalibrationError> {
    if shown.len() < MIN_TRIALS {
        return Ok(None);
    }
    let Some(whole) = Structure::of(left_out, shown, &pictures.targets)? else {
        return Ok(None);
    };
    let temperatures = temperatures(left_out, shown, pictures, background)?;
    if temperatures.is_empty() {
        return Ok(None);
    }
    let found = AnswersFound {
        trials: shown.len(),
        directions: whole.directions(),
        between: whole.between,
        temperatures: temperatures.iter().map(|row| (row.k, row.told)).collect(),
    };
    Ok(Some((whole.answers(temperatures, &pictures.targets, background), found)))
}

/// For each k the temperature at which what half of the trials say of the other half is least surprised.
fn temperatures(
    left_out: &Mat<f64>,
    shown: &[usize],
    pictures: &Pictures,
    background: Option<&Answers>,
) -> Result<Vec<Temperature>, CalibrationError> {
    let mut judged: Vec<(u32, Vec<Judged>)> = KS.map(|k| (k, Vec::new())).to_vec();
    for half in [0, 1] {
        let (own, other): (Vec<usize>, Vec<usize>) = halves(shown, half);
        let part = |rows: &[usize]| crate::calibrate::linalg::rows(left_out.as_ref(), rows);
        let seen: Vec<usize> = own.iter().map(|i| shown[*i]).collect();
        let Some(fitted) = Structure::of(&part(&own), &seen, &pictures.targets)? else {
            return Ok(Vec::new());
        };
        let plain = vec![Temperature { k: 1, told: 1.0, remembered: 1.0, open: 1.0 }];
        let answers = fitted.answers(plain, &pictures.targets, background);
        // Numbers that no model can be made of say nothing of how the encoder answers.
        let Ok(model) = Model::new(&answers, FILE) else { return Ok(Vec::new()) };
        let candidates = in_play(&model, pictures);
        for (k, found) in &mut judged {
            for (row, chosen) in means(&other, shown, *k) {
                found.push((judged_together(&model, &candidates, left_out, &chosen), row));
            }
        }
    }
    let enough = judged.into_iter().filter(|(_, found)| found.len() >= MIN_MEANS);
    Ok(enough
        .map(|(k, found)| {
            let told = least_surprised(&found);
            // Of what lies beyond the shown pictures a session says nothing: the same temperature, at least 1.
            Temperature { k, told, remembered: told.max(1.0), open: told.max(1.0) }
        })
        .collect())
}

/// Every second presentation of each picture on either side.
fn halves(shown: &[usize], half: usize) -> (Vec<usize>, Vec<usize>) {
    let mut times = std::collections::HashMap::new();
    (0..shown.len()).partition(|i| {
        let time: &mut usize = times.entry(shown[*i]).or_default();
        *time += 1;
        *time % 2 == half
    })
}

/// Groups of k trials of one picture each, in the order shown: `(picture, trials)`.
fn means(trials: &[usize], shown: &[usize], k: u32) -> Vec<(usize, Vec<usize>)> {
    let mut by_picture: std::collections::BTreeMap<usize, Vec<usize>> = Default::default();
    for i in trials {
        by_picture.entry(shown[*i]).or_default().push(*i);
    }
    let groups = by_picture.into_iter().flat_map(|(row, of)| {
        of.chunks_exact(k as usize).map(|chosen| (row, chosen.to_vec())).collect::<Vec<_>>()
    });
    groups.collect()
}
