//! From an epoch to a row of numbers: channels whitened, time averaged in bins of about 20 ms.
//!
//! All of it is linear, so that fitting on features gives weights on samples ([`Features::on_samples`]).

use faer::{Mat, MatRef};

use super::Trials;

/// Length of a bin in seconds: short against the components of a response, long against the noise.
const BIN_SECS: f64 = 0.02;

/// The shape of the features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    channels: usize,
    samples: usize,
    bin: usize,
}

impl Features {
    /// For epochs of this shape. A rest at the end that fills no bin is left out.
    pub fn new(channels: usize, samples: usize, rate_hz: f64) -> Self {
        let bin = ((rate_hz * BIN_SECS).round() as usize).clamp(1, samples.max(1));
        Self { channels, samples, bin }
    }

    /// Bins of a channel.
    fn bins(self) -> usize {
        self.samples / self.bin
    }

    /// Numbers of a row.
    pub fn len(self) -> usize {
        self.channels * self.bins()
    }

    /// True when there is nothing to see.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The rows of trials, `[trials, len]`; `whitening[session]` is what its channels are multiplied with.
    pub fn of(self, trials: &Trials, whitening: &[Mat<f64>]) -> Mat<f64> {
        self.by(trials, |session| &whitening[session])
    }

    /// The same with one matrix for all sessions.
    pub fn of_one(self, trials: &Trials, whitening: &Mat<f64>) -> Mat<f64> {
        self.by(trials, |_| whitening)
    }

    fn by<'a>(self, trials: &Trials, whitening: impl Fn(usize) -> &'a Mat<f64>) -> Mat<f64> {
        let bins = self.bins();
        let mut out = Mat::zeros(trials.len(), self.len());
        for (i, trial) in trials.about.iter().enumerate() {
            let epoch = trials.epoch(i);
            let binned = Mat::from_fn(self.channels, bins, |c, b| {
                let begin = c * self.samples + b * self.bin;
                let sum: f64 = epoch[begin..begin + self.bin].iter().map(|v| f64::from(*v)).sum();
                sum / self.bin as f64
            });
            let white = whitening(trial.session) * &binned;
            for c in 0..self.channels {
                for b in 0..bins {
                    out[(i, c * bins + b)] = white[(c, b)];
                }
            }
        }
        out
    }

    /// Weights `[len, dim]` on features as weights `[channels × samples, dim]` on samples in µV.
    pub fn on_samples(self, weights: MatRef<'_, f64>, whitening: &Mat<f64>) -> Mat<f64> {
        let bins = self.bins();
        let mut out = Mat::zeros(self.channels * self.samples, weights.ncols());
        for d in 0..weights.ncols() {
            let each = Mat::from_fn(self.channels, bins, |c, b| weights[(c * bins + b, d)]);
            let back = whitening.transpose() * &each;
            for c in 0..self.channels {
                for s in 0..bins * self.bin {
                    out[(c * self.samples + s, d)] = back[(c, s / self.bin)] / self.bin as f64;
                }
            }
        }
        out
    }
}
