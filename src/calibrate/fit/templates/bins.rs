//! Epochs in bins of time, on the directions in which something varies.

use faer::Mat;

use super::population::Population;
use crate::calibrate::trials::Trials;

/// Length of a bin in seconds: short against the components of a response, long against the noise.
const BIN_SECS: f64 = 0.02;

/// Bins of time.
pub(super) struct Bins {
    /// Samples in one.
    pub length: usize,
    /// How many.
    pub count: usize,
}

impl Bins {
    /// As many as fit into an epoch.
    pub fn new(trials: &Trials, rate_hz: f64) -> Self {
        let length = ((rate_hz * BIN_SECS).round() as usize).clamp(1, trials.samples.max(1));
        Self { length, count: trials.samples / length }
    }

    /// `[trials, kept × bins]`, channel by channel.
    pub fn rows(&self, trials: &Trials, maps: &[Mat<f64>]) -> Mat<f64> {
        let kept = maps.first().map_or(0, Mat::nrows);
        let mut out = Mat::zeros(trials.len(), kept * self.count);
        for (i, trial) in trials.about.iter().enumerate() {
            let epoch = trials.epoch(i);
            let at = |c: usize, s: usize| f64::from(epoch[c * trials.samples + s]);
            self.put_row(&mut out, i, (trials.channels, &at), &maps[trial.session]);
        }
        out
    }

    /// The population's patterns, `[patterns, kept × bins]`.
    pub fn patterns(&self, trials: &Trials, population: &Population, basis: &Mat<f64>) -> Mat<f64> {
        let map = basis.transpose().to_owned();
        let mut out = Mat::zeros(population.basis.nrows(), map.nrows() * self.count);
        for i in 0..out.nrows() {
            let at = |c: usize, s: usize| population.basis[(i, c * trials.samples + s)];
            self.put_row(&mut out, i, (trials.channels, &at), &map);
        }
        out
    }

    /// One signal `[channels, samples]` in bins, its channels mapped, as a row.
    fn put_row(
        &self,
        out: &mut Mat<f64>,
        row: usize,
        (channels, at): (usize, &dyn Fn(usize, usize) -> f64),
        map: &Mat<f64>,
    ) {
        let binned = Mat::from_fn(channels, self.count, |c, b| {
            let own = b * self.length..(b + 1) * self.length;
            own.map(|s| at(c, s)).sum::<f64>() / self.length as f64
        });
        let mapped = map * &binned;
        for k in 0..mapped.nrows() {
            (0..self.count).for_each(|b| out[(row, k * self.count + b)] = mapped[(k, b)]);
        }
    }
}
