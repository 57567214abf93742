//! Multivariate noise normalisation: channels made as noisy as each other, and independent.
//!
//! Takes epochs and what each saw; gives Σ^(−1/2), `[channels, channels]`, where Σ is the covariance of what is left
//! when each picture's mean response is taken away, shrunk towards a multiple of the identity.
//! Sources: Guggenmos, Sterzer & Cichy 2018, NeuroImage 173:434 (the normalisation); Ledoit & Wolf 2004, J. Multivar.
//! Anal. 88:365, lemma 3.1–3.4 (the shrinkage, as scikit-learn's `ledoit_wolf`).

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, Mat, MatRef, Par};

use super::{CalibrationError, Trials};
use crate::calibrate::linalg;

/// Eigenvalues below this share of the largest carry no signal: an average reference takes one away.
const LEAST_EIGENVALUE: f64 = 1e-6;

/// The shrunk covariance `[p, p]` of samples `[n, p]` and the shrinkage, 0–1.
pub fn ledoit_wolf(samples: MatRef<'_, f64>) -> (Mat<f64>, f64) {
    let centred = linalg::less(samples, &linalg::column_means(samples));
    let mut sums = Sums::new(samples.ncols());
    sums.add(centred.as_ref());
    sums.shrunk()
}

/// How much of the target a covariance of `n` samples needs, 0–1: `spread` is the summed variance of its elements over
/// samples, `distance` its squared distance from the target.
pub fn shrinkage(spread: f64, distance: f64, n: f64) -> f64 {
    if distance > 0.0 { (spread / n / distance).clamp(0.0, 1.0) } else { 0.0 }
}

/// Sums over centred samples, from which the shrunk covariance follows.
struct Sums {
    /// Of products, the lower triangle of `[p, p]`.
    products: Mat<f64>,
    /// Of the fourth power of each sample's length: the sum over all pairs of elements of their squared products.
    fourth: f64,
    n: f64,
    /// Squared lengths of the samples at hand.
    lengths: Vec<f64>,
}

impl Sums {
    fn new(p: usize) -> Self {
        Self { products: Mat::zeros(p, p), fourth: 0.0, n: 0.0, lengths: Vec::new() }
    }

    /// Adds centred samples `[n, p]`.
    fn add(&mut self, centred: MatRef<'_, f64>) {
        let (whole, lower) = (BlockStructure::Rectangular, BlockStructure::TriangularLower);
        matmul(
            &mut self.products,
            lower,
            Accum::Add,
            centred.transpose(),
            whole,
            centred,
            whole,
            1.0,
            Par::Seq,
        );
        self.lengths.clear();
        self.lengths.resize(centred.nrows(), 0.0);
        for column in centred.col_iter() {
            let add = |(sum, value): (&mut f64, &f64)| *sum += value * value;
            // Numbers that follow one another are squared together.
            match column.try_as_col_major() {
                Some(column) => self.lengths.iter_mut().zip(column.as_slice()).for_each(add),
                None => self.lengths.iter_mut().zip(column.iter()).for_each(add),
            }
        }
        self.fourth += self.lengths.iter().map(|length| length * length).sum::<f64>();
        self.n += centred.nrows() as f64;
    }

    /// The shrunk covariance and the shrinkage.
    fn shrunk(&self) -> (Mat<f64>, f64) {
        let (n, p) = (self.n.max(1.0), self.products.nrows());
        let covariance = |i: usize, j: usize| self.products[(i.max(j), i.min(j))] / n;
        let mean = (0..p).map(|i| covariance(i, i)).sum::<f64>() / p.max(1) as f64;
        let (mut squares, mut distance) = (0.0, 0.0);
        for j in 0..p {
            for i in j..p {
                let own = covariance(i, j);
                let (times, target) = if i == j { (1.0, mean) } else { (2.0, 0.0) };
                squares += times * own * own;
                distance += times * (own - target) * (own - target);
            }
        }
        let shrinkage = shrinkage(self.fourth / n - squares, distance, n);
        let shrunk = Mat::from_fn(p, p, |i, j| {
            let target = if i == j { shrinkage * mean } else { 0.0 };
            (1.0 - shrinkage) * covariance(i, j) + target
        });
        (shrunk, shrinkage)
    }
}

/// Σ^(−1/2) from trials. Pictures that were shown once say nothing of the noise, unless all were.
///
/// # Errors
/// [`CalibrationError::Numbers`] for a signal without variance.
pub fn whitening(trials: &Trials) -> Result<Mat<f64>, CalibrationError> {
    whitening_of(trials, &(0..trials.len()).collect::<Vec<_>>())
}

/// Σ^(−1/2) from some of the trials, by their rows.
///
/// # Errors
/// As [`whitening`].
pub fn whitening_of(trials: &Trials, rows: &[usize]) -> Result<Mat<f64>, CalibrationError> {
    let residuals = Residuals::of(trials, rows);
    // Trial by trial: all residuals at once would be as large as the recording.
    let samples = trials.samples.max(1);
    let mut one = vec![0.0; trials.channels * trials.samples];
    let mut mean = vec![0.0; trials.channels];
    for trial in &residuals.kept {
        residuals.put(*trial, &mut one);
        let channels = one.chunks_exact(samples);
        mean.iter_mut().zip(channels).for_each(|(sum, own)| *sum += own.iter().sum::<f64>());
    }
    let count = (residuals.kept.len() * trials.samples).max(1) as f64;
    mean.iter_mut().for_each(|sum| *sum /= count);
    let mut sums = Sums::new(trials.channels);
    for trial in &residuals.kept {
        residuals.put(*trial, &mut one);
        for (own, mean) in one.chunks_exact_mut(samples).zip(&mean) {
            own.iter_mut().for_each(|value| *value -= mean);
        }
        sums.add(MatRef::from_column_major_slice(&one, trials.samples, trials.channels));
    }
    let (covariance, _) = sums.shrunk();
    let (values, _) = linalg::eigen(covariance.as_ref())?;
    let largest = values.last().copied().unwrap_or_default();
    if !(largest > 0.0 && largest.is_finite()) {
        return Err(CalibrationError::Numbers("it does not vary at all".into()));
    }
    let least = LEAST_EIGENVALUE * largest;
    linalg::function_of(
        covariance.as_ref(),
        |value| if value > least { value.sqrt().recip() } else { 0.0 },
    )
}

/// What is left of each epoch when its picture's mean is taken away.
struct Residuals<'a> {
    trials: &'a Trials,
    /// Rows of trials that tell of the noise.
    kept: Vec<usize>,
    /// Sums of each picture's epochs, `[pictures, channels, samples]`; none where no picture was shown twice.
    sums: Vec<f64>,
    counts: Vec<f64>,
}

impl<'a> Residuals<'a> {
    fn of(trials: &'a Trials, rows: &[usize]) -> Self {
        let width = trials.channels * trials.samples;
        let picture = |row: &usize| trials.about[*row].picture;
        let pictures = rows.iter().map(|row| picture(row) + 1).max().unwrap_or_default();
        let mut counts = vec![0.0; pictures];
        rows.iter().for_each(|row| counts[picture(row)] += 1.0);
        let kept: Vec<usize> =
            rows.iter().filter(|row| counts[picture(row)] > 1.0).copied().collect();
        if kept.is_empty() {
            return Self { trials, kept: rows.to_vec(), sums: Vec::new(), counts };
        }
        let mut sums = vec![0.0_f64; pictures * width];
        for row in rows {
            let sum = &mut sums[picture(row) * width..(picture(row) + 1) * width];
            sum.iter_mut().zip(trials.epoch(*row)).for_each(|(s, value)| *s += f64::from(*value));
        }
        Self { trials, kept, sums, counts }
    }

    /// That of one trial, `[channels, samples]`.
    fn put(&self, row: usize, out: &mut [f64]) {
        let epoch = out.iter_mut().zip(self.trials.epoch(row));
        if self.sums.is_empty() {
            epoch.for_each(|(to, value)| *to = f64::from(*value));
            return;
        }
        let (picture, width) = (self.trials.about[row].picture, self.trials.epoch(row).len());
        let count = self.counts[picture];
        // An unbiased residual: the mean holds the trial itself.
        let (share, scale) = (1.0 / count, (count / (count - 1.0)).sqrt());
        let sums = &self.sums[picture * width..(picture + 1) * width];
        epoch.zip(sums).for_each(|((to, value), sum)| {
            *to = (f64::from(*value) - sum * share) * scale;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::trials::Trial;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    #[test]
    fn whitened_noise_is_white_and_the_picture_does_not_count() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (count, channels, samples) = (60, 3, 40);
        let about: Vec<Trial> = (0..count)
            .map(|i| Trial { picture: i % 4, run: 0, session: 0, onset_secs: i as f64 })
            .collect();
        let mut eeg = vec![0.0; count * channels * samples];
        for (i, trial) in about.iter().enumerate() {
            for s in 0..samples {
                let noise: Vec<f64> = (0..channels).map(|_| rng.sample(StandardNormal)).collect();
                let mixed = [5.0 * noise[0], 2.0 * noise[0] + noise[1], 0.5 * noise[2]];
                for (c, value) in mixed.iter().enumerate() {
                    let response = 30.0 * (trial.picture as f64 + 1.0) * (s as f64 * 0.3).sin();
                    eeg[(i * channels + c) * samples + s] = (value + response) as f32;
                }
            }
        }
        let zero_shot = Mat::zeros(count, 1);
        let trials = Trials { channels, samples, about, eeg, before: Vec::new(), zero_shot };
        let w = whitening(&trials).unwrap();
        let (mut left, rows): (Mat<f64>, Vec<usize>) =
            (Mat::zeros(count * samples, channels), (0..count).collect());
        let residuals = Residuals::of(&trials, &rows);
        for row in rows {
            let mut one = vec![0.0; channels * samples];
            residuals.put(row, &mut one);
            let own = MatRef::from_column_major_slice(&one, samples, channels);
            left.subrows_mut(row * samples, samples).copy_from(own);
        }
        let (covariance, _) = ledoit_wolf((&left * &w).as_ref());
        for i in 0..channels {
            for j in 0..channels {
                let expected = f64::from(u8::from(i == j));
                // Both estimates are shrunk, by some percent here.
                assert!(
                    (covariance[(i, j)] - expected).abs() < 0.05,
                    "{i} {j} {}",
                    covariance[(i, j)]
                );
            }
        }
    }

    #[test]
    fn a_flat_signal_is_refused() {
        let about = vec![Trial { picture: 0, run: 0, session: 0, onset_secs: 0.0 }; 3];
        let (eeg, zero_shot) = (vec![1.0; 3 * 2 * 5], Mat::zeros(3, 1));
        let trials = Trials { channels: 2, samples: 5, about, eeg, before: Vec::new(), zero_shot };
        assert!(whitening(&trials).unwrap_err().to_string().contains("vary"));
    }
}
