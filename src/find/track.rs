//! One hypothesis of a page ("they look for h"), flash by flash.
//!
//! Scores, a constant and the expected responses run through the same filter (Kalman's, exact for an autoregression that is
//! seen through extra noise and with gaps), which makes them uncorrelated. What is kept are eight sums, from which the
//! likelihood follows for any spread of the noise, with offset and amplitude integrated out. All in spreads of the law's noise.

use super::law::noise::{MOST_ORDER, Noise};

/// Values that run through the filter: score, constant, response.
const RUNNING: usize = 3;

/// What offset and amplitude are before the page: mean and variance of the one, variance of the other (its mean is 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Before {
    /// Mean of the offset.
    pub offset: f64,
    /// Variance of the offset.
    pub offset_variance: f64,
    /// Variance of the amplitude.
    pub amplitude_variance: f64,
}

/// The filter and the sums.
#[derive(Clone, Debug)]
pub struct Track {
    state: [[f64; MOST_ORDER]; RUNNING],
    covariance: [[f64; MOST_ORDER]; MOST_ORDER],
    count: f64,
    log_determinant: f64,
    /// Sums of products of what ran through the filter.
    sums: [[f64; RUNNING]; RUNNING],
}

impl Track {
    /// Before the first flash.
    pub fn new(noise: &Noise) -> Self {
        let at = |lag: usize| if lag == 0 { 1.0 } else { noise.correlation[lag - 1] };
        let mut covariance = [[0.0; MOST_ORDER]; MOST_ORDER];
        for (i, row) in covariance.iter_mut().enumerate().take(noise.order()) {
            row.iter_mut()
                .enumerate()
                .take(noise.order())
                .for_each(|(j, c)| *c = at(i.abs_diff(j)));
        }
        let state = [[0.0; MOST_ORDER]; RUNNING];
        Self {
            state,
            covariance,
            count: 0.0,
            log_determinant: 0.0,
            sums: [[0.0; RUNNING]; RUNNING],
        }
    }

    /// A flash's time passes.
    pub fn step(&mut self, noise: &Noise) {
        let (order, weights) = (noise.order(), &noise.weights);
        if order == 0 {
            return;
        }
        let mut told = [0.0; MOST_ORDER];
        for (j, told) in told.iter_mut().enumerate().take(order) {
            *told = (0..order).map(|i| weights[i] * self.covariance[i][j]).sum();
        }
        let variance: f64 = (0..order).map(|j| weights[j] * told[j]).sum();
        for i in (1..order).rev() {
            for j in (1..order).rev() {
                self.covariance[i][j] = self.covariance[i - 1][j - 1];
            }
        }
        self.covariance[0][0] = variance + noise.innovation;
        for j in 1..order {
            self.covariance[0][j] = told[j - 1];
            self.covariance[j][0] = told[j - 1];
        }
        for state in &mut self.state {
            let next: f64 = (0..order).map(|i| weights[i] * state[i]).sum();
            state.copy_within(0..order - 1, 1);
            state[0] = next;
        }
    }

    /// A score, and the response expected in it; `extra` is the variance that it has beyond the noise.
    pub fn see(&mut self, noise: &Noise, score: f64, response: f64, extra: f64) {
        let order = noise.order();
        let own = if order == 0 { 1.0 } else { self.covariance[0][0] };
        let variance = (own + extra).max(1e-12);
        let values = [score, 1.0, response];
        let mut news = [0.0; RUNNING];
        for (news, (value, state)) in news.iter_mut().zip(values.iter().zip(&self.state)) {
            *news = if order == 0 { *value } else { value - state[0] };
        }
        for (i, row) in self.sums.iter_mut().enumerate() {
            row.iter_mut().zip(news).for_each(|(sum, other)| *sum += news[i] * other / variance);
        }
        self.count += 1.0;
        self.log_determinant += variance.ln();
        let first = self.covariance[0];
        for i in 0..order {
            let gain = first[i] / variance;
            self.state.iter_mut().zip(news).for_each(|(state, news)| state[i] += gain * news);
            (0..order).for_each(|j| self.covariance[i][j] -= gain * first[j]);
        }
    }

    /// Logarithm of the likelihood of the scores so far, less `count · ln √2π`, where the noise (and with it all that varies from
    /// flash to flash) is `scale` times what the law says.
    pub fn log_likelihood(&self, before: &Before, scale: f64) -> f64 {
        let shrink = 1.0 / (scale * scale);
        let [[ss, s1, sr], [_, oo, or], [_, _, rr]] =
            self.sums.map(|row| row.map(|sum| sum * shrink));
        let Before { offset, offset_variance: vo, amplitude_variance: va } = *before;
        // What is left of the score after mean offset and mean amplitude.
        let left =
            ss - 2.0 * offset * s1 - 2.0 * sr + offset * offset * oo + 2.0 * offset * or + rr;
        let (bo, br) = (s1 - offset * oo - or, sr - offset * or - rr);
        let (ao, ar) = (1.0 + vo * oo, 1.0 + va * rr);
        let determinant = ao * ar - vo * va * or * or;
        let told =
            (vo * bo * bo * ar - 2.0 * vo * va * or * bo * br + va * br * br * ao) / determinant;
        let spread = self.log_determinant + 2.0 * self.count * scale.ln() + determinant.ln();
        -0.5 * (spread + left - told)
    }
}
