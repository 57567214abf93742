//! How much d′ a µV of a person's P300 is worth in their own background.
//!
//! Takes the person's answer and the background's dipoles as electrodes see them; gives d′ of the matched linear filter: the
//! answer's spectrum, whitened band by band by the covariance of the background between electrodes. From the model, not
//! measured on a run, so that it costs milliseconds and is the same in every session.

use std::f64::consts::{PI, TAU};

use super::super::background::Background;
use super::components::{P300, PARTS, Person, TARGET};

/// The band in which answers are told from background, in Hz, and its parts.
const BAND_HZ: [f64; 2] = [0.75, 15.75];
const BANDS: usize = 15;

/// White noise at 250 Hz that the model gives every electrode, in µV root mean square: far more than electrodes have. A
/// detector that learns from a few hundred targets cannot use directions in which the background is weaker than this. Chosen
/// among 1, 2, 4, 8 and 16 as the one whose d′ goes with what twenty people's detectors reached (correlation of the
/// logarithms .97; 1 µV: .73).
const LEARNABLE_UV: f64 = 8.0;

/// d′ per µV of P300 at Pz, for the filter that is best in the background. `answers` are the maps of the person's dipoles,
/// `brain` those of the background's, each `[electrodes]`.
pub(in crate::subject) fn detectability(
    person: &Person,
    answers: &[Vec<f64>],
    brain: &[Vec<f64>],
    background: &Background,
    rate_hz: f64,
) -> f64 {
    let width_hz = (BAND_HZ[1] - BAND_HZ[0]) / BANDS as f64;
    let mut squared = 0.0;
    for band in 0..BANDS {
        let low_hz = BAND_HZ[0] + width_hz * band as f64;
        let variances = background.variances_in([low_hz, low_hz + width_hz], rate_hz);
        let sensor = LEARNABLE_UV * LEARNABLE_UV * 2.0 * width_hz / 250.0;
        let noise = covariance(brain, &variances, sensor);
        let spectrum = spectrum(person, answers, low_hz + width_hz / 2.0);
        // The whole variance of a band lies on both sides of zero; so does the answer.
        squared += spectrum
            .iter()
            .map(|side| 4.0 * width_hz * width_hz * whitened(&noise, side))
            .sum::<f64>();
    }
    squared.sqrt()
}

/// Real and imaginary part of the mean answer's spectrum at each electrode, in µV s.
fn spectrum(person: &Person, answers: &[Vec<f64>], hz: f64) -> [Vec<f64>; 2] {
    let parts: [[f64; 2]; PARTS] = std::array::from_fn(|part| {
        let (course, jitter) =
            (person.courses[part], if part >= P300 { person.jitter_secs } else { 0.0 });
        let spread = TAU * hz * course.width_secs.hypot(jitter);
        let size =
            TARGET[part] * course.width_secs * (2.0 * PI).sqrt() * (-0.5 * spread * spread).exp();
        let (sin, cos) = (TAU * hz * course.peak_secs).sin_cos();
        [size * cos, -size * sin]
    });
    [0, 1].map(|side| {
        let electrodes = answers.first().map_or(0, Vec::len);
        let at = |e: usize| {
            answers
                .iter()
                .enumerate()
                .map(|(i, map)| map[e] * parts[Person::part_of(i)][side])
                .sum()
        };
        (0..electrodes).map(at).collect()
    })
}

/// `[electrodes][electrodes]`
fn covariance(maps: &[Vec<f64>], variances: &[f64], sensor: f64) -> Vec<Vec<f64>> {
    let electrodes = maps.first().map_or(0, Vec::len);
    let mut sum = vec![vec![0.0; electrodes]; electrodes];
    for (map, variance) in maps.iter().zip(variances) {
        for (row, a) in sum.iter_mut().zip(map) {
            row.iter_mut().zip(map).for_each(|(value, b)| *value += variance * a * b);
        }
    }
    for (i, row) in sum.iter_mut().enumerate() {
        row[i] += sensor;
    }
    sum
}

/// xᵀ C⁻¹ x of a positive definite C, by Cholesky's factor: the squared length of L⁻¹ x.
fn whitened(covariance: &[Vec<f64>], x: &[f64]) -> f64 {
    let n = x.len();
    let (mut factor, mut y) = (vec![vec![0.0; n]; n], vec![0.0; n]);
    for i in 0..n {
        for j in 0..=i {
            let done: f64 = (0..j).map(|k| factor[i][k] * factor[j][k]).sum();
            let rest = covariance[i][j] - done;
            factor[i][j] =
                if i == j { rest.max(f64::MIN_POSITIVE).sqrt() } else { rest / factor[j][j] };
        }
        let done: f64 = (0..i).map(|k| factor[i][k] * y[k]).sum();
        y[i] = (x[i] - done) / factor[i][i];
    }
    y.iter().map(|v| v * v).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whitened_length_is_that_of_the_inverse() {
        // C⁻¹ = [[3, −1], [−1, 2]] / 5.
        let covariance = [vec![2.0, 1.0], vec![1.0, 3.0]];
        assert!((whitened(&covariance, &[1.0, 2.0]) - 7.0 / 5.0).abs() < 1e-12);
        assert!(whitened(&[vec![0.0]], &[0.0]).abs() < 1e-12);
    }
}
