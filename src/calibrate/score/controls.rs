//! What must not work: if it does, the design of the recording gives the answer away and no score means anything.
//!
//! | Control | What it sees | Succeeds when |
//! |---|---|---|
//! | label shuffle | the true signal, labels exchanged within each run before fitting | the program leaks |
//! | time only | when a trial was shown, nothing else | pictures come in blocks, or follow time |
//! | before the picture | the same length of signal, ending at the onset | the last picture, or anticipation, tells |
//! | mean embedding | nothing | the score has a floor above chance |
//!
//! A pack's population of responses is seldom recognised in exchanged labels, or before a picture; the decoder is then
//! fitted to the trials alone, as for a pack that knows no population.

use faer::Mat;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::metrics;
use crate::calibrate::fit::options::FitOptions;
use crate::calibrate::fit::personal::fit_and_predict;
use crate::calibrate::trials::split::Fold;
use crate::calibrate::trials::{CalibrationError, Pictures, Trials};

/// Trials nearest in time that a time-only prediction averages: enough to average, few enough to follow what
/// drifts.
const NEIGHBOURS: usize = 5;

/// What a prediction may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// See the module.
    LabelShuffle,
    /// Nearest in time since the beginning of the recording.
    TimeOnly,
    /// Nearest in time since the beginning of the run: catches an order that repeats in every run.
    TimeInRun,
    /// See the module.
    PreStimulus,
    /// See the module.
    MeanEmbedding,
    /// The same trials with their phases shuffled, painted by the same machinery: of pictures only.
    NullTwin,
}

impl Control {
    /// Every control of a decoder that is fitted for a score.
    pub const ALL: [Self; 5] = [
        Self::LabelShuffle,
        Self::TimeOnly,
        Self::TimeInRun,
        Self::PreStimulus,
        Self::MeanEmbedding,
    ];

    /// Its name in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::LabelShuffle => "labels shuffled",
            Self::TimeOnly => "time only",
            Self::TimeInRun => "time in the run",
            Self::PreStimulus => "before the picture",
            Self::MeanEmbedding => "one embedding for all",
            Self::NullTwin => "null twin",
        }
    }

    /// In plain words, what it means that it succeeded.
    pub fn verdict(self) -> &'static str {
        match self {
            Self::LabelShuffle => {
                "a decoder fitted to shuffled labels scores above chance: the scoring itself leaks"
            }
            Self::TimeOnly => {
                "the time of a trial alone tells its picture: pictures came in blocks or follow time"
            }
            Self::TimeInRun => {
                "the place of a trial in its run alone tells its picture: the order repeats from run to run"
            }
            Self::PreStimulus => {
                "the signal before the picture tells it: pictures repeat in a row, or could be foreseen"
            }
            Self::MeanEmbedding => {
                "one and the same embedding for all trials scores above chance: pictures are not balanced"
            }
            Self::NullTwin => "what is painted from noise is as like the pictures that were seen",
        }
    }
}

/// Predictions for every trial that a fold tests, `[trials, dim]`, and what is held for the truth.
pub type Predicted = (Mat<f64>, Vec<usize>);

/// What a control predicts; `None` where it has nothing to look at.
///
/// # Errors
/// As [`crate::calibrate::fit::personal::fit`].
pub fn predict(
    control: Control,
    trials: &Trials,
    pictures: &Pictures,
    folds: &[Fold],
    options: &FitOptions<'_>,
) -> Result<Option<Predicted>, CalibrationError> {
    let truth: Vec<usize> = trials.about.iter().map(|trial| trial.picture).collect();
    Ok(match control {
        Control::LabelShuffle => {
            let runs: Vec<usize> = trials.about.iter().map(|trial| trial.run).collect();
            let mut rng = ChaCha8Rng::seed_from_u64(options.seed ^ 0x5348_5546);
            let labels = metrics::permuted(&truth, &runs, &mut rng);
            let mut shuffled = trials.clone();
            shuffled
                .about
                .iter_mut()
                .zip(&labels)
                .for_each(|(trial, label)| trial.picture = *label);
            // The pack's own answers know the truth, so they go with the signal as it is.
            Some((cross_validated(&shuffled, pictures, folds, options)?, labels))
        }
        Control::TimeOnly => {
            let at = since_all(trials);
            Some((by_time(trials, pictures, folds, &|i| at[i]), truth))
        }
        Control::TimeInRun => {
            let since: Vec<f64> = since_run(trials);
            Some((by_time(trials, pictures, folds, &|i| since[i]), truth))
        }
        Control::PreStimulus => match trials.before_the_pictures() {
            Some(before) => {
                // The pack's answers have seen the epoch itself. What it knows of responses is believed only where it is seen.
                let blind = FitOptions { with_pack: false, ..*options };
                Some((cross_validated(&before, pictures, folds, &blind)?, truth))
            }
            None => None,
        },
        Control::MeanEmbedding => {
            let mut out = Mat::zeros(trials.len(), pictures.targets.ncols());
            for fold in folds {
                let mean = mean_target(trials, pictures, &fold.train);
                put_rows(&mut out, &fold.test, |_, j| mean[j]);
            }
            Some((out, truth))
        }
        Control::NullTwin => None,
    })
}

/// Every trial predicted by the fold that left it out, `[trials, dim]`.
///
/// # Errors
/// As [`crate::calibrate::fit::personal::fit`].
pub fn cross_validated(
    trials: &Trials,
    pictures: &Pictures,
    folds: &[Fold],
    options: &FitOptions<'_>,
) -> Result<Mat<f64>, CalibrationError> {
    cross_predicted((trials, trials), pictures, folds, options)
}

/// What the decoder that is fitted without a trial's fold says of what stands in that trial's place among `tested`,
/// `[trials, dim]`.
///
/// # Errors
/// As [`crate::calibrate::fit::personal::fit`].
pub fn cross_predicted(
    (trials, tested): (&Trials, &Trials),
    pictures: &Pictures,
    folds: &[Fold],
    options: &FitOptions<'_>,
) -> Result<Mat<f64>, CalibrationError> {
    let mut out = Mat::zeros(tested.len(), pictures.targets.ncols());
    for fold in folds {
        let (train, test) = (trials.at(&fold.train), tested.at(&fold.test));
        let found = fit_and_predict(&train, &test, pictures, options)?;
        put_rows(&mut out, &fold.test, |i, j| found[(i, j)]);
    }
    Ok(out)
}

fn put_rows(out: &mut Mat<f64>, rows: &[usize], value: impl Fn(usize, usize) -> f64) {
    for (i, row) in rows.iter().enumerate() {
        for j in 0..out.ncols() {
            out[(*row, j)] = value(i, j);
        }
    }
}

fn mean_target(trials: &Trials, pictures: &Pictures, chosen: &[usize]) -> Vec<f64> {
    let mut mean = vec![0.0; pictures.targets.ncols()];
    for i in chosen {
        let row = trials.about[*i].picture;
        mean.iter_mut().enumerate().for_each(|(j, sum)| *sum += pictures.targets[(row, j)]);
    }
    mean.iter_mut().for_each(|sum| *sum /= chosen.len().max(1) as f64);
    mean
}

/// The mean target of the training trials that are nearest by `time`.
fn by_time(
    trials: &Trials,
    pictures: &Pictures,
    folds: &[Fold],
    time: &dyn Fn(usize) -> f64,
) -> Mat<f64> {
    let mut out = Mat::zeros(trials.len(), pictures.targets.ncols());
    for fold in folds {
        for test in &fold.test {
            let mut near = fold.train.clone();
            near.sort_by(|a, b| {
                (time(*a) - time(*test)).abs().total_cmp(&(time(*b) - time(*test)).abs())
            });
            near.truncate(NEIGHBOURS);
            let mean = mean_target(trials, pictures, &near);
            put_rows(&mut out, &[*test], |_, j| mean[j]);
        }
    }
    out
}

/// Seconds since the first trial, with runs far apart in their order: each may have a clock of its own.
fn since_all(trials: &Trials) -> Vec<f64> {
    const APART_SECS: f64 = 1e7;
    let own = since_run(trials).into_iter().zip(&trials.about);
    own.map(|(secs, trial)| secs + trial.run as f64 * APART_SECS).collect()
}

/// Seconds since the first trial of the run.
fn since_run(trials: &Trials) -> Vec<f64> {
    let first = |run: usize| {
        trials.about.iter().find(|trial| trial.run == run).map_or(0.0, |trial| trial.onset_secs)
    };
    trials.about.iter().map(|trial| trial.onset_secs - first(trial.run)).collect()
}
