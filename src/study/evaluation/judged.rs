//! What recorded trials are worth, by the very rule of live use: probabilities, p-values and the control.
//!
//! Takes what a decoder said of every trial and of its null twin, `[trials, dim]`, and the answer models that judge them;
//! gives what is believed of each of some pictures after all its looks. Every trial goes through
//! [`crate::decode::inference::weighing`] as it came, for the p-values and the control's sequential test; then the looks of one
//! picture are added up. Where several answer models were fitted, each judges the pictures that it was not fitted to.

use std::borrow::Cow;

use faer::Mat;

use crate::calibrate::{Pictures, Trials as Labelled};
use crate::decode::control::sequential::Sequential;
use crate::decode::inference::judge::{Judge, Scope};
use crate::decode::inference::trials::Trials;
use crate::decode::inference::weighing::{Asked, Weighed, Weighing, Whose};
use crate::decode::{ControlView, Gallery};
use crate::pack::sureness::Sureness;
use crate::signal::{Stimulus, StimulusSet};

/// One picture after all its looks.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Row among the pictures.
    pub row: usize,
    /// Looks.
    pub k: u32,
    /// What they are worth together.
    pub found: Weighed,
    /// p that there is anything at all.
    pub p_value: Option<f64>,
    /// What the generator is asked with where a mean is painted, `[dim]`.
    pub mean: Vec<f32>,
    /// The null twin of as many looks, with its mean.
    pub twin: Option<(Weighed, Vec<f32>)>,
}

/// What a decoder said.
pub struct Answers {
    /// Of every trial, `[trials, dim]`.
    pub own: Mat<f64>,
    /// Of every trial's null twin.
    pub twin: Option<Mat<f64>>,
}

/// Judges trials.
pub struct Court {
    gallery: Gallery,
    weighings: Vec<Weighing>,
    control: Sequential,
    sureness: Option<Sureness>,
}

impl Court {
    /// With one weighing for all pictures, or several that share them out: see [`Court::judge_of`].
    pub fn new(
        gallery: Gallery,
        weighings: Vec<Weighing>,
        sureness: Option<Sureness>,
        seed: u64,
    ) -> Self {
        let control = Sequential::new(gallery.len(), seed);
        Self { gallery, weighings, control, sureness }
    }

    /// Which of `judges` judges a picture: none may have been fitted to it.
    pub fn judge_of(row: usize, judges: usize) -> usize {
        row % judges.max(1)
    }

    /// The answer model that judges a picture.
    pub fn judge(&self, row: usize) -> Option<&Judge> {
        self.weighings.get(Self::judge_of(row, self.weighings.len()))?.judge()
    }

    /// The pictures in play.
    pub fn gallery(&self) -> &Gallery {
        &self.gallery
    }

    /// What the control's test says of all trials heard.
    pub fn control(&self) -> ControlView {
        self.control.view()
    }

    /// Hears every trial as it came, each with its null twin.
    pub fn hear(&mut self, trials: &Labelled, answers: &Answers) {
        let (mut own, mut twin) = (self.mean_of(&answers.own), self.mean_of(&answers.own));
        let mut run = None;
        for (i, about) in trials.about.iter().enumerate() {
            let Ok(row) = u16::try_from(about.picture) else { continue };
            if run.replace(about.run) != Some(about.run) {
                own.see(None);
                twin.see(None);
            }
            own.see(Some(row));
            twin.see(Some(row));
            let answer = answer(&answers.own, i);
            let k = own.add(&answer);
            let asked = asked(&answer, &own, (k, row), i);
            let judges = self.weighings.len();
            let Some(weighing) = self.weighings.get_mut(Self::judge_of(about.picture, judges))
            else {
                return;
            };
            weighing.weigh(asked, &self.gallery, Scope::Told);
            if let Some(twins) = &answers.twin {
                let answer = self::answer(twins, i);
                let k = twin.add(&answer);
                let asked = self::asked(&answer, &twin, (k, row), i);
                let found = weighing.weigh_twin(asked, &self.gallery, Scope::Told);
                // Among one picture every guess is right.
                if let Some(named) = found.named.filter(|_| self.gallery.len() > 1) {
                    self.control.add(named, row, k <= 1);
                }
                weighing.keep_null(&answer, &self.gallery);
            }
            weighing.keep(asked);
        }
    }

    /// What is believed of a picture after all of the trials `chosen`, which show it.
    pub fn look(&mut self, row: usize, chosen: &[usize], answers: &Answers) -> Option<Looked> {
        let (mut own, mut twin) = (self.mean_of(&answers.own), self.mean_of(&answers.own));
        let judges = self.weighings.len();
        let weighing = self.weighings.get_mut(Self::judge_of(row, judges))?;
        let shown = u16::try_from(row).ok()?;
        own.see(Some(shown));
        twin.see(Some(shown));
        // A number of its own for the draws, which no trial has and the twin shares.
        let window = answers.own.nrows() + row;
        let (mut found, mut of_twin, mut k) = (Weighed::default(), None, 0);
        for i in chosen {
            let answer = answer(&answers.own, *i);
            k = own.add(&answer);
            found = weighing.weigh(
                asked(&answer, &own, (k, shown), window),
                &self.gallery,
                Scope::Told,
            );
            if let Some(twins) = &answers.twin {
                let answer = self::answer(twins, *i);
                let k = twin.add(&answer);
                let asked = asked(&answer, &twin, (k, shown), window);
                of_twin = Some(weighing.weigh_twin(asked, &self.gallery, Scope::Told));
            }
        }
        let about = (k, window as u64);
        let p_value = weighing.p_value(own.mean(), about, &self.gallery, Whose::Own);
        let twin = of_twin.map(|found| (found, twin.asked().to_vec()));
        Some(Looked { row, k, found, p_value, mean: own.asked().to_vec(), twin })
    }

    fn mean_of(&self, answers: &Mat<f64>) -> Trials {
        Trials::new(answers.ncols(), self.sureness)
    }
}

fn answer(answers: &Mat<f64>, trial: usize) -> Vec<f32> {
    (0..answers.ncols()).map(|j| answers[(trial, j)] as f32).collect()
}

fn asked<'a>(
    embedding: &'a [f32],
    mean: &'a Trials,
    (k, row): (u32, u16),
    window: usize,
) -> Asked<'a> {
    let (truth, seen) = (Some(row), Some(row));
    Asked { embedding, mean: mean.mean(), k, truth, seen, window: window as u64 }
}

/// The pictures that may be chosen, in their order.
pub fn gallery(pictures: &Pictures, seen: &StimulusSet) -> Gallery {
    let dim = pictures.targets.ncols();
    let known = |id: &String| seen.stimuli.iter().find(|stimulus| stimulus.id == *id).cloned();
    let unknown = |id: &String| Stimulus { id: id.clone(), label: id.clone(), png: Cow::default() };
    let stimuli = pictures.ids.iter().map(|id| known(id).unwrap_or_else(|| unknown(id))).collect();
    let rows = (0..pictures.len()).flat_map(|i| (0..dim).map(move |j| (i, j)));
    let embeddings = rows.map(|at| pictures.targets[at] as f32).collect();
    Gallery::of_stimuli(&StimulusSet { stimuli, dim, embeddings })
}
