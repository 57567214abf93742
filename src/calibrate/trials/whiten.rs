//! Multivariate noise normalisation: channels made as noisy as each other, and independent.
//!
//! Takes epochs and what each saw; gives Σ^(−1/2), `[channels, channels]`, where Σ is the covariance of what is left
//! when each picture's mean response is taken away, shrunk towards a multiple of the identity.
//! Sources: Guggenmos, Sterzer & Cichy 2018, NeuroImage 173:434 (the normalisation); Ledoit & Wolf 2004, J. Multivar.
//! Anal. 88:365, lemma 3.1–3.4 (the shrinkage, as scikit-learn's `ledoit_wolf`).

use faer::{Mat, MatRef};

use super::{CalibrationError, Trials};
use crate::calibrate::linalg;

/// Eigenvalues below this share of the largest carry no signal: an average reference takes one away.
const LEAST_EIGENVALUE: f64 = 1e-6;

/// The shrunk covariance `[p, p]` of samples `[n, p]` and the shrinkage, 0–1.
pub fn ledoit_wolf(samples: MatRef<'_, f64>) -> (Mat<f64>, f64) {
    let (n, p) = (samples.nrows().max(1) as f64, samples.ncols());
    let centred = linalg::less(samples, &linalg::column_means(samples));
    let covariance = centred.transpose() * &centred * faer::Scale(1.0 / n);
    let squares = Mat::from_fn(centred.nrows(), p, |i, j| centred[(i, j)] * centred[(i, j)]);
    let of_squares = squares.transpose() * &squares;
    let mean = (0..p).map(|i| covariance[(i, i)]).sum::<f64>() / p.max(1) as f64;
    let (mut spread, mut distance) = (0.0, 0.0);
    for j in 0..p {
        for i in 0..p {
            let own = covariance[(i, j)];
            spread += of_squares[(i, j)] / n - own * own;
            let target = if i == j { mean } else { 0.0 };
            distance += (own - target) * (own - target);
        }
    }
    let shrinkage = if distance > 0.0 { (spread / n / distance).clamp(0.0, 1.0) } else { 0.0 };
    let shrunk = Mat::from_fn(p, p, |i, j| {
        let target = if i == j { shrinkage * mean } else { 0.0 };
        (1.0 - shrinkage) * covariance[(i, j)] + target
    });
    (shrunk, shrinkage)
}

/// Σ^(−1/2) from trials. Pictures that were shown once say nothing of the noise, unless all were.
///
/// # Errors
/// [`CalibrationError::Numbers`] for a signal without variance.
pub fn whitening(trials: &Trials) -> Result<Mat<f64>, CalibrationError> {
    let residuals = residuals(trials);
    let (covariance, _) = ledoit_wolf(residuals.as_ref());
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

/// What is left of each epoch when its picture's mean is taken away, `[trials × samples, channels]`.
fn residuals(trials: &Trials) -> Mat<f64> {
    let (channels, samples) = (trials.channels, trials.samples);
    let width = channels * samples;
    let pictures = trials.about.iter().map(|trial| trial.picture + 1).max().unwrap_or_default();
    let mut means = vec![0.0_f64; pictures * width];
    let mut counts = vec![0_usize; pictures];
    for (i, trial) in trials.about.iter().enumerate() {
        counts[trial.picture] += 1;
        let mean = &mut means[trial.picture * width..(trial.picture + 1) * width];
        mean.iter_mut().zip(trials.epoch(i)).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    let repeated: Vec<usize> =
        (0..trials.len()).filter(|i| counts[trials.about[*i].picture] > 1).collect();
    let kept: Vec<usize> =
        if repeated.is_empty() { (0..trials.len()).collect() } else { repeated.clone() };
    Mat::from_fn(kept.len() * samples, channels, |row, channel| {
        let (trial, sample) = (kept[row / samples], row % samples);
        let at = channel * samples + sample;
        let value = f64::from(trials.epoch(trial)[at]);
        if repeated.is_empty() {
            return value;
        }
        let picture = trials.about[trial].picture;
        // An unbiased residual: the mean holds the trial itself.
        let count = counts[picture] as f64;
        (value - means[picture * width + at] / count) * (count / (count - 1.0)).sqrt()
    })
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
        let left = residuals(&trials);
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
