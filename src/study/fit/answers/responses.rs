//! How a personal encoder answers, by the very responses that it was fitted to: the fit knows how surely it knows them.
//!
//! Takes [`Answering`], the fit's own account; gives the answer model. One number is asked of the trials: by how much this
//! wearer's temperatures differ from the law of other wearers (`law`). It comes from runs that were left out, and stays near
//! one where these say little.

use faer::Mat;

use super::judging::{Judged, MIN_MEANS, coolest, in_play, judged_together, surprise};
use super::law;
use super::structure::{flat, of_shown};
use super::write::{AnswersFound, FILE};
use crate::calibrate::fit::options::FitOptions;
use crate::calibrate::fit::personal;
use crate::calibrate::fit::templates::Answering;
use crate::calibrate::trials::split::Fold;
use crate::calibrate::{Pictures, Trial, Trials};
use crate::decode::inference::model::Model;
use crate::pack::answers::{Answers, Temperature};

/// How far a wearer's temperatures are from the law, as the standard deviation of the logarithm, before a run is looked at.
const WEARERS_DIFFER: f64 = 0.2;

/// What is known without a left-out trial.
pub(super) struct Known<'a> {
    pub answering: &'a Answering,
    /// Embeddings of the shown pictures, `[pictures, dim]`.
    pub targets: &'a Mat<f64>,
    /// What pictures at large are like, where the pack knows it.
    pub background: Option<&'a Answers>,
}

impl Known<'_> {
    /// The answer model, with temperatures by the law and the left-out runs.
    pub fn fit(
        &self,
        trials: &Trials,
        pictures: &Pictures,
        folds: &[Fold],
        options: &FitOptions<'_>,
    ) -> (Answers, AnswersFound) {
        let mut judged = Vec::new();
        for fold in folds {
            let (train, test) = (trials.at(&fold.train), trials.at(&fold.test));
            judged.extend(self.judged(&train, &test, pictures, options).unwrap_or_default());
        }
        let factor = if judged.len() < MIN_MEANS { 1.0 } else { wearers_own(&judged) };
        let temperatures = law::temperatures(factor);
        let found = AnswersFound {
            trials: trials.len(),
            directions: self.answering.directions,
            between: self.answering.unknown,
            temperatures: temperatures.iter().map(|row| (row.k, row.told)).collect(),
        };
        (self.answers(self.answering, temperatures), found)
    }

    /// What an encoder that was fitted without some runs says of every trial in them, at the law's temperature; `None` where
    /// there is no such encoder, or no model can be made of its numbers.
    fn judged(
        &self,
        train: &Trials,
        test: &Trials,
        pictures: &Pictures,
        options: &FitOptions<'_>,
    ) -> Option<Vec<Judged>> {
        let fitted = personal::fit(train, pictures, options).ok()?;
        let answers = self.answers(fitted.answering.as_ref()?, law::temperatures(1.0));
        let model = Model::new(&answers, FILE).ok()?;
        let (candidates, left_out) = (in_play(&model, pictures), fitted.predict_all(test));
        let by_law = model.temperature(1).told;
        let judged = |(i, trial): (usize, &Trial)| {
            let mut scores = judged_together(&model, &candidates, &left_out, &[i]);
            scores.iter_mut().for_each(|score| *score /= by_law);
            (scores, trial.picture)
        };
        Some(test.about.iter().enumerate().map(judged).collect())
    }

    fn answers(&self, answering: &Answering, temperatures: Vec<Temperature>) -> Answers {
        let dim = answering.offset.len();
        let (background_mean, background_covariance) = match self.background {
            Some(known) => (known.background_mean.clone(), known.background_covariance.clone()),
            None => of_shown(self.targets),
        };
        // Without a picture the answer is that to the mean of all.
        let middle = crate::calibrate::linalg::column_means(self.targets.as_ref());
        let to_middle = |i: usize| -> f64 {
            middle.iter().enumerate().map(|(j, value)| answering.map[(i, j)] * value).sum()
        };
        let noise_mean = (0..dim).map(|i| (answering.offset[i] + to_middle(i)) as f32).collect();
        Answers {
            dim,
            map: flat(&answering.map),
            offset: answering.offset.iter().map(|value| *value as f32).collect(),
            within: symmetric(&answering.within),
            between: symmetric(&answering.between),
            noise_mean,
            noise_within: symmetric(&answering.within),
            noise_between: vec![0.0; dim * dim],
            background_mean,
            background_covariance,
            tail: None,
            temperatures,
            source: String::new(),
            simulated: true,
        }
    }
}

/// Row-major, the same on both sides of the diagonal to the last bit.
fn symmetric(matrix: &Mat<f64>) -> Vec<f32> {
    flat(&Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| {
        0.5 * (matrix[(i, j)] + matrix[(j, i)])
    }))
}

/// How many times as high as the law's a wearer's temperatures are, least surprising by the left-out runs and by what is
/// known of other wearers together.
fn wearers_own(judged: &[Judged]) -> f64 {
    coolest(|factor| surprise(judged, factor) + 0.5 * (factor.ln() / WEARERS_DIFFER).powi(2))
}
