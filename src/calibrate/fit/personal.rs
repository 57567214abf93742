//! A decoder fitted to one person: a linear map of the epoch and of the pack's own answer into the embedding space,
//! `embedding = bias + packᵀ·(pack's answer) + signalᵀ·(epoch in µV)`.
//!
//! Several ways lead to it. The first is [`super::templates`]: responses, estimated with what the pack knows of those of other
//! people, or from this person alone where there are enough trials of each picture. Else (the pack knows nothing of
//! responses, or what it knows is not seen here) the pack's encoder corrected by a regression on the whitened signal; its mixture and strength are chosen
//! by inner cross-validation over runs or pictures ([`crate::calibrate::trials::split`]), and a correction that does not help there is damped
//! until the pack's encoder is left.

use faer::{Mat, MatRef};

use super::options::FitOptions;
use super::ridge::{Dual, Strength, candidates};
use super::templates;
use crate::calibrate::linalg;
use crate::calibrate::score::metrics;
use crate::calibrate::trials::features::Features;
use crate::calibrate::trials::split::{few, folds, groups};
use crate::calibrate::trials::whiten::whitening;
use crate::calibrate::trials::{CalibrationError, Pictures, Trials};

/// Fewest trials to fit to.
pub const MIN_TRIALS: usize = 20;

/// Fewest pictures to fit to.
pub const MIN_PICTURES: usize = 2;

/// A fitted decoder.
#[derive(Clone, Debug)]
pub struct Personal {
    /// Weights on the epoch, `[channels × samples, dim]`, per µV.
    pub signal: Mat<f64>,
    /// Weights on the pack's own answer, `[dim, dim]`.
    pub pack: Mat<f64>,
    /// `[dim]`.
    pub bias: Vec<f64>,
    /// Which way it was found.
    pub method: Method,
    /// Trials it was fitted to.
    pub trials: usize,
    /// How it answers, where the fit itself says so: with the pack's population of responses.
    pub answering: Option<templates::Answering>,
}

/// Which way a decoder was found.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Method {
    /// Every picture's response, estimated with all that is known of responses; see [`templates`].
    Templates {
        /// Weight of the pack's answer beside the signal's.
        pack_weight: f64,
        /// Strength of this person's responses beside the mean person's; absent where the pack knows none, or where the
        /// trials show nothing of what it expects.
        #[serde(skip_serializing_if = "Option::is_none")]
        response_strength: Option<f64>,
    },
    /// A regression.
    Ridge {
        /// What the inner cross-validation chose.
        strength: Strength,
        /// Its mean reciprocal rank there.
        inner_mean_reciprocal_rank: f64,
        /// That of the pack's own encoder on the same trials.
        pack_mean_reciprocal_rank: f64,
    },
}

impl Personal {
    /// Whether the pack's own answer has any weight.
    pub fn needs_pack(&self) -> bool {
        let weighs = |j: usize| (0..self.pack.nrows()).any(|i| self.pack[(i, j)] != 0.0);
        (0..self.pack.ncols()).any(weighs)
    }

    /// The embeddings of trials, `[trials, dim]`.
    pub fn predict_all(&self, trials: &Trials) -> Mat<f64> {
        let width = trials.channels * trials.samples;
        let epochs = Mat::from_fn(trials.len(), width, |i, j| f64::from(trials.epoch(i)[j]));
        let mut out = epochs * &self.signal + &trials.zero_shot * &self.pack;
        for j in 0..out.ncols() {
            (0..out.nrows()).for_each(|i| out[(i, j)] += self.bias[j]);
        }
        out
    }

    /// The embedding of one epoch `[channels × samples]` of which the pack says `zero_shot`, `[dim]`.
    pub fn predict(&self, epoch_uv: &[f32], zero_shot: &[f64]) -> Vec<f64> {
        let weighed = |weights: &Mat<f64>, values: &mut dyn Iterator<Item = f64>| -> Vec<f64> {
            let mut out = vec![0.0; weights.ncols()];
            for (i, value) in values.enumerate() {
                out.iter_mut().enumerate().for_each(|(j, sum)| *sum += weights[(i, j)] * value);
            }
            out
        };
        let signal = weighed(&self.signal, &mut epoch_uv.iter().map(|v| f64::from(*v)));
        let pack = weighed(&self.pack, &mut zero_shot.iter().copied());
        self.bias.iter().zip(signal).zip(pack).map(|((b, s), p)| b + s + p).collect()
    }
}

/// Fits to all trials.
///
/// # Errors
/// [`CalibrationError`] when there are too few, or the signal does not vary.
pub fn fit(
    trials: &Trials,
    pictures: &Pictures,
    options: &FitOptions<'_>,
) -> Result<Personal, CalibrationError> {
    trials.check(pictures)?;
    enough(trials)?;
    if let Some(found) = templates::fit(trials, pictures, options)? {
        return Ok(by_templates(found, trials.len()));
    }
    let basis = Basis::new(trials, pictures, options)?;
    let (strength, inner_score) = basis.choose(trials, pictures, options)?;
    let dual = Dual::new(basis.kernel(strength).as_ref())?;
    let rotated = dual.rotated(basis.wanted(strength).as_ref());
    let weights = dual.weights(rotated.as_ref(), strength.lambda);
    Ok(basis.composed(&weights, strength, inner_score, trials))
}

fn by_templates(found: templates::Templates, trials: usize) -> Personal {
    let dim = found.bias.len();
    Personal {
        signal: found.signal,
        pack: Mat::from_fn(dim, dim, |i, j| if i == j { found.pack } else { 0.0 }),
        bias: found.bias,
        method: Method::Templates {
            pack_weight: found.pack_weight,
            response_strength: found.strength,
        },
        trials,
        answering: found.answering,
    }
}

/// Fits to `train` and gives the embeddings of `test`, `[tests, dim]`.
///
/// # Errors
/// As [`fit`].
pub fn fit_and_predict(
    train: &Trials,
    test: &Trials,
    pictures: &Pictures,
    options: &FitOptions<'_>,
) -> Result<Mat<f64>, CalibrationError> {
    train.check(pictures)?;
    enough(train)?;
    if let Some(found) = templates::fit(train, pictures, options)? {
        return Ok(by_templates(found, train.len()).predict_all(test));
    }
    let basis = Basis::new(train, pictures, options)?;
    let (strength, _) = basis.choose(train, pictures, options)?;
    let dual = Dual::new(basis.kernel(strength).as_ref())?;
    let rotated = dual.rotated(basis.wanted(strength).as_ref());
    let weights = dual.weights(rotated.as_ref(), strength.lambda);
    let (signal, pack) = basis.rows_of(test);
    let mut out = (&signal * basis.signal.transpose() * &weights) * faer::Scale(strength.signal)
        + (&pack * basis.pack.transpose() * &weights) * faer::Scale(strength.pack);
    let gain = if strength.correct_pack { basis.gain } else { 0.0 };
    for i in 0..out.nrows() {
        for j in 0..out.ncols() {
            let answer = test.zero_shot[(i, j)] - basis.pack_mean[j];
            out[(i, j)] += basis.target_mean[j] + gain * answer;
        }
    }
    Ok(out)
}

fn enough(trials: &Trials) -> Result<(), CalibrationError> {
    let mut shown: Vec<usize> = trials.about.iter().map(|trial| trial.picture).collect();
    shown.sort_unstable();
    shown.dedup();
    let few = |of: String, got: usize, needed: usize, remedy: &str| {
        Err(CalibrationError::TooFew { got, of, needed, remedy: remedy.into() })
    };
    if trials.len() < MIN_TRIALS {
        let remedy = "Record more, or see which trials were refused and why";
        return few(format!("of {} pictures", shown.len()), trials.len(), MIN_TRIALS, remedy);
    }
    if shown.len() < MIN_PICTURES {
        let remedy = "A decoder tells pictures apart: show at least two";
        return few(format!("of {} picture", shown.len()), shown.len(), MIN_PICTURES, remedy);
    }
    Ok(())
}

/// What is known of the training trials before any strength is chosen: every mean and scale comes from them.
struct Basis {
    features: Features,
    /// By session; a session without training trials has that of another.
    whitening: Vec<Mat<f64>>,
    /// Centred features with rows of length about one, `[n, features]`.
    signal: Mat<f64>,
    signal_mean: Vec<f64>,
    signal_scale: f64,
    /// Centred answers of the pack with rows of length about one, `[n, dim]`.
    pack: Mat<f64>,
    pack_mean: Vec<f64>,
    pack_scale: f64,
    /// Regression of the targets on the pack's centred answers: one number.
    gain: f64,
    targets: Mat<f64>,
    target_mean: Vec<f64>,
    answers: Mat<f64>,
}

impl Basis {
    fn new(
        trials: &Trials,
        pictures: &Pictures,
        options: &FitOptions<'_>,
    ) -> Result<Self, CalibrationError> {
        let features = Features::new(trials.channels, trials.samples, options.rate_hz);
        let whitening = whitening_by_session(trials)?;
        let raw = features.of(trials, &whitening);
        let signal_mean = linalg::column_means(raw.as_ref());
        let centred = linalg::less(raw.as_ref(), &signal_mean);
        let signal_scale = linalg::rms(centred.as_ref()) * (centred.ncols() as f64).sqrt();
        let pack_mean = linalg::column_means(trials.zero_shot.as_ref());
        let answers = linalg::less(trials.zero_shot.as_ref(), &pack_mean);
        let pack_scale = linalg::rms(answers.as_ref()) * (answers.ncols() as f64).sqrt();
        let raw_targets = Mat::from_fn(trials.len(), pictures.targets.ncols(), |i, j| {
            pictures.targets[(trials.about[i].picture, j)]
        });
        // The mean of all pictures, not of those that training happened to show: else pictures that were left out
        // would be less likely from the start.
        let target_mean = linalg::column_means(pictures.targets.as_ref());
        let targets = linalg::less(raw_targets.as_ref(), &target_mean);
        let gain = gain(answers.as_ref(), targets.as_ref());
        Ok(Self {
            features,
            whitening,
            signal: centred * faer::Scale(1.0 / signal_scale),
            signal_mean,
            signal_scale,
            pack: &answers * faer::Scale(1.0 / pack_scale),
            pack_mean,
            pack_scale,
            gain,
            targets,
            target_mean,
            answers,
        })
    }

    fn kernel(&self, strength: Strength) -> Mat<f64> {
        (&self.signal * self.signal.transpose()) * faer::Scale(strength.signal)
            + (&self.pack * self.pack.transpose()) * faer::Scale(strength.pack)
    }

    /// What is to be predicted: the targets, or what the pack's answer leaves over.
    fn wanted(&self, strength: Strength) -> Mat<f64> {
        if strength.correct_pack {
            &self.targets - &self.answers * faer::Scale(self.gain)
        } else {
            self.targets.clone()
        }
    }

    /// The two kinds of rows of other trials, centred and scaled as the training's.
    fn rows_of(&self, trials: &Trials) -> (Mat<f64>, Mat<f64>) {
        let raw = self.features.of(trials, &self.for_sessions_of(trials));
        let signal = linalg::less(raw.as_ref(), &self.signal_mean);
        let pack = linalg::less(trials.zero_shot.as_ref(), &self.pack_mean);
        (signal * faer::Scale(1.0 / self.signal_scale), pack * faer::Scale(1.0 / self.pack_scale))
    }

    /// A session that training did not meet is whitened like the last one that it did.
    fn for_sessions_of(&self, trials: &Trials) -> Vec<Mat<f64>> {
        let sessions = trials.about.iter().map(|trial| trial.session + 1).max().unwrap_or_default();
        let mut all = self.whitening.clone();
        while let Some(last) = all.last().cloned().filter(|_| all.len() < sessions) {
            all.push(last);
        }
        all
    }

    /// The best strength by inner cross-validation: highest mean reciprocal rank of the picture among all that were
    /// shown. Means and whitening are those of all training trials: they are the same for every candidate.
    fn choose(
        &self,
        trials: &Trials,
        pictures: &Pictures,
        options: &FitOptions<'_>,
    ) -> Result<(Strength, [f64; 2]), CalibrationError> {
        let groups = few(&groups(trials, options.inner, options.seed));
        let folds = folds(&groups);
        let all = candidates(options.with_pack);
        let mut scores = vec![0.0; all.len()];
        let mut mixtures: Vec<(f64, f64)> = all.iter().map(|c| (c.signal, c.pack)).collect();
        mixtures.dedup();
        for (signal, pack) in mixtures {
            let of_mixture = |c: &Strength| c.signal == signal && c.pack == pack;
            let Some(first) = all.iter().copied().find(of_mixture) else { continue };
            let kernel = self.kernel(first);
            for fold in &folds {
                let part = |rows: &[usize], columns: &[usize]| {
                    Mat::from_fn(rows.len(), columns.len(), |i, j| kernel[(rows[i], columns[j])])
                };
                let dual = Dual::new(part(&fold.train, &fold.train).as_ref())?;
                let projected = dual.projected(part(&fold.test, &fold.train).as_ref());
                for correct in [false, true] {
                    let like = Strength { correct_pack: correct, ..first };
                    let wanted = linalg::rows(self.wanted(like).as_ref(), &fold.train);
                    let rotated = dual.rotated(wanted.as_ref());
                    for (place, c) in all.iter().enumerate().filter(|(_, c)| of_mixture(c)) {
                        if c.correct_pack != correct {
                            continue;
                        }
                        let mut found =
                            dual.predict(projected.as_ref(), rotated.as_ref(), c.lambda);
                        self.complete(&mut found, &fold.test, correct);
                        scores[place] += reciprocal_ranks(&found, trials, &fold.test, pictures);
                    }
                }
            }
        }
        let tested: usize = folds.iter().map(|fold| fold.test.len()).sum();
        if tested == 0 {
            return Err(CalibrationError::TooFew {
                got: trials.len(),
                of: "in one group".into(),
                needed: 2,
                remedy: "Record at least two runs, or two pictures".into(),
            });
        }
        // The first of equals is kept: candidates go from weak to strong, so compare with more than a hair.
        let best = (0..all.len())
            .fold(0, |best, i| if scores[i] > scores[best] + 1e-9 { i } else { best });
        let everything: Vec<usize> = (0..trials.len()).collect();
        let own = reciprocal_ranks(&trials.zero_shot, trials, &everything, pictures);
        Ok((all[best], [scores[best] / tested as f64, own / trials.len() as f64]))
    }

    /// Adds the mean and, where the pack is corrected, its answer.
    fn complete(&self, found: &mut Mat<f64>, tests: &[usize], correct: bool) {
        for i in 0..found.nrows() {
            for j in 0..found.ncols() {
                let answer = if correct { self.gain * self.answers[(tests[i], j)] } else { 0.0 };
                found[(i, j)] += self.target_mean[j] + answer;
            }
        }
    }

    /// Dual weights as weights on the epoch and on the pack's answer.
    fn composed(
        &self,
        weights: &Mat<f64>,
        strength: Strength,
        inner_score: [f64; 2],
        trials: &Trials,
    ) -> Personal {
        let on_features =
            (self.signal.transpose() * weights) * faer::Scale(strength.signal / self.signal_scale);
        let mut pack =
            (self.pack.transpose() * weights) * faer::Scale(strength.pack / self.pack_scale);
        if strength.correct_pack {
            (0..pack.nrows()).for_each(|i| pack[(i, i)] += self.gain);
        }
        let dim = self.target_mean.len();
        let bias = (0..dim).map(|j| {
            let signal: f64 =
                self.signal_mean.iter().enumerate().map(|(i, m)| m * on_features[(i, j)]).sum();
            let answer: f64 =
                self.pack_mean.iter().enumerate().map(|(i, m)| m * pack[(i, j)]).sum();
            self.target_mean[j] - signal - answer
        });
        // Live signal is whitened like that of the newest session.
        let newest = trials.about.iter().map(|trial| trial.session).max().unwrap_or_default();
        Personal {
            bias: bias.collect(),
            signal: self.features.on_samples(on_features.as_ref(), &self.whitening[newest]),
            pack,
            method: Method::Ridge {
                strength,
                inner_mean_reciprocal_rank: inner_score[0],
                pack_mean_reciprocal_rank: inner_score[1],
            },
            trials: trials.len(),
            answering: None,
        }
    }
}

fn whitening_by_session(trials: &Trials) -> Result<Vec<Mat<f64>>, CalibrationError> {
    let sessions = trials.about.iter().map(|trial| trial.session + 1).max().unwrap_or_default();
    let mut found: Vec<Option<Mat<f64>>> = Vec::with_capacity(sessions);
    for session in 0..sessions {
        let own: Vec<usize> =
            (0..trials.len()).filter(|i| trials.about[*i].session == session).collect();
        found.push(if own.is_empty() { None } else { Some(whitening(&trials.at(&own))?) });
    }
    let any = found.iter().flatten().next().cloned();
    Ok(found.into_iter().filter_map(|each| each.or_else(|| any.clone())).collect())
}

/// The number by which centred answers must be multiplied to come nearest to the centred targets; never negative.
fn gain(answers: MatRef<'_, f64>, targets: MatRef<'_, f64>) -> f64 {
    let (mut both, mut own) = (0.0, 0.0);
    for j in 0..answers.ncols() {
        for i in 0..answers.nrows() {
            both += answers[(i, j)] * targets[(i, j)];
            own += answers[(i, j)] * answers[(i, j)];
        }
    }
    if own > 0.0 { (both / own).max(0.0) } else { 0.0 }
}

/// Sum of the reciprocal ranks of the truth.
fn reciprocal_ranks(
    found: &Mat<f64>,
    trials: &Trials,
    tests: &[usize],
    pictures: &Pictures,
) -> f64 {
    let truth: Vec<usize> = tests.iter().map(|i| trials.about[*i].picture).collect();
    metrics::ranks(found.as_ref(), pictures, &truth).iter().map(|rank| 1.0 / rank).sum()
}
