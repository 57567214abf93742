//! Spatial filters that bring out what a class evokes (xDAWN; Rivet et al. 2009), and covariances of epochs with the
//! filtered class means beside them (Congedo, Barachant & Andreev 2013; pyRiemann's `XdawnCovariances`).

use faer::Mat;

use crate::calibrate::linalg;
use crate::calibrate::trials::whiten::ledoit_wolf;
use crate::calibrate::trials::{CalibrationError, Trials};

/// Share of the mean eigenvalue that is added to the signal's covariance: an average reference takes one away.
const RIDGE: f64 = 1e-6;

/// Filters of every class and the filtered means.
pub struct Xdawn {
    /// `[filters of all classes, channels]`
    pub filters: Mat<f64>,
    /// `[filters of all classes, samples]`
    pub means: Mat<f64>,
}

impl Xdawn {
    /// Fits `count` filters for each class.
    pub fn fit(
        trials: &Trials,
        labels: &[usize],
        classes: usize,
        count: usize,
    ) -> Result<Self, CalibrationError> {
        let (channels, samples) = (trials.channels, trials.samples);
        let mut total = Mat::zeros(channels, channels);
        let mut evoked = vec![Mat::<f64>::zeros(channels, samples); classes];
        let mut counts = vec![0.0; classes];
        for (i, label) in labels.iter().enumerate() {
            let epoch = matrix(trials, i);
            total += &epoch * epoch.transpose();
            evoked[*label] += &epoch;
            counts[*label] += 1.0;
        }
        for (mean, count) in evoked.iter_mut().zip(&counts) {
            *mean = &*mean * faer::Scale(1.0 / f64::max(*count, 1.0));
        }
        let scale = 1.0 / (trials.len() * samples).max(1) as f64;
        let mut total = total * faer::Scale(scale);
        let trace = (0..channels).map(|c| total[(c, c)]).sum::<f64>() / channels.max(1) as f64;
        (0..channels).for_each(|c| total[(c, c)] += RIDGE * trace);
        let white = linalg::function_of(total.as_ref(), |value| {
            value.max(f64::MIN_POSITIVE).sqrt().recip()
        })?;
        let count = count.min(channels);
        let mut filters = Mat::zeros(classes * count, channels);
        for (class, mean) in evoked.iter().enumerate() {
            let seen = &white * mean;
            let (_, vectors) = linalg::eigen((&seen * seen.transpose()).as_ref())?;
            let back = &white * &vectors;
            for k in 0..count {
                for c in 0..channels {
                    filters[(class * count + k, c)] = back[(c, channels - 1 - k)];
                }
            }
        }
        let mut means = Mat::zeros(classes * count, samples);
        for (class, mean) in evoked.iter().enumerate() {
            let filtered = &filters * mean;
            for k in class * count..(class + 1) * count {
                (0..samples).for_each(|s| means[(k, s)] = filtered[(k, s)]);
            }
        }
        Ok(Self { filters, means })
    }

    /// Shrunk covariances of [means; filtered epoch], `[2 × filters, 2 × filters]` each.
    pub fn covariances(&self, trials: &Trials) -> Vec<Mat<f64>> {
        let (filters, samples) = (self.filters.nrows(), self.means.ncols());
        (0..trials.len())
            .map(|i| {
                let filtered = &self.filters * matrix(trials, i);
                let both = Mat::from_fn(samples, 2 * filters, |s, k| {
                    if k < filters { self.means[(k, s)] } else { filtered[(k - filters, s)] }
                });
                ledoit_wolf(both.as_ref()).0
            })
            .collect()
    }
}

/// One epoch, `[channels, samples]`.
fn matrix(trials: &Trials, i: usize) -> Mat<f64> {
    let epoch = trials.epoch(i);
    Mat::from_fn(trials.channels, trials.samples, |c, s| f64::from(epoch[c * trials.samples + s]))
}
