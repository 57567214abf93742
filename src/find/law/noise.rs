//! Correlated noise over successive flashes, as an autoregression of small order.
//!
//! Takes correlations over 1, 2, … flashes; gives the weights of the flashes before and what they leave unexplained (Levinson's
//! recursion). Any correlations that pass give a stable autoregression: every partial correlation is below one.

/// Most flashes before that count: windows of .8 s overlap over five flashes at .15 s.
pub const MOST_ORDER: usize = 5;

/// Largest partial correlation: nearer to one, a page's offset and its noise could not be told apart.
const MOST_PARTIAL: f64 = 0.95;

/// An autoregression whose noise has variance 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// Correlations over 1, 2, … flashes, `[order]`.
    pub correlation: Vec<f64>,
    /// Weights of the flashes before, newest first, `[order]`.
    pub weights: Vec<f64>,
    /// Variance that they leave.
    pub innovation: f64,
}

impl Noise {
    /// From correlations; `None` where they belong to no stable noise, or are more than [`MOST_ORDER`].
    pub fn of(correlation: &[f64]) -> Option<Self> {
        if correlation.len() > MOST_ORDER {
            return None;
        }
        let mut weights: Vec<f64> = Vec::with_capacity(correlation.len());
        let mut innovation = 1.0;
        for order in 0..correlation.len() {
            let partial = partial(correlation, &weights, innovation);
            if partial.is_nan() || partial.abs() > MOST_PARTIAL + 1e-9 {
                return None;
            }
            step(&mut weights, partial);
            innovation *= 1.0 - partial * partial;
            debug_assert_eq!(weights.len(), order + 1);
        }
        Some(Self { correlation: correlation.to_vec(), weights, innovation })
    }

    /// The order that explains autocovariances (from 0 on) of `count` values best, by Akaike's criterion; partial correlations
    /// are kept below .95, so that there is always one.
    pub fn fitted(covariance: &[f64], count: usize) -> Self {
        let variance = covariance.first().copied().unwrap_or(1.0).max(f64::MIN_POSITIVE);
        let mut now = Self { correlation: Vec::new(), weights: Vec::new(), innovation: 1.0 };
        let mut best = (0.0, now.clone());
        for (order, value) in covariance.iter().enumerate().skip(1).take(MOST_ORDER) {
            now.correlation.push(value / variance);
            let partial = partial(&now.correlation, &now.weights, now.innovation)
                .clamp(-MOST_PARTIAL, MOST_PARTIAL);
            let told: f64 =
                now.weights.iter().rev().zip(&now.correlation).map(|(w, c)| w * c).sum();
            now.correlation[order - 1] = told + partial * now.innovation;
            step(&mut now.weights, partial);
            now.innovation *= 1.0 - partial * partial;
            let criterion = count as f64 * now.innovation.ln() + 2.0 * order as f64;
            if criterion < best.0 {
                best = (criterion, now.clone());
            }
        }
        best.1
    }

    /// How many flashes before count.
    pub fn order(&self) -> usize {
        self.weights.len()
    }

    /// What is left of a value once those before it (oldest first) have said theirs; `None` while they are too few.
    pub fn whitened(&self, before: &[f64], value: f64) -> Option<f64> {
        let told = before.len().checked_sub(self.order())?;
        let before = before[told..].iter().rev();
        Some(value - self.weights.iter().zip(before).map(|(w, v)| w * v).sum::<f64>())
    }
}

/// Partial correlation of the next order: `correlation` holds at least one value more than `weights`.
fn partial(correlation: &[f64], weights: &[f64], innovation: f64) -> f64 {
    let told: f64 = weights.iter().rev().zip(correlation).map(|(w, c)| w * c).sum();
    (correlation.get(weights.len()).copied().unwrap_or_default() - told) / innovation
}

fn step(weights: &mut Vec<f64>, partial: f64) {
    let reversed: Vec<f64> = weights.iter().rev().copied().collect();
    weights.iter_mut().zip(reversed).for_each(|(weight, other)| *weight -= partial * other);
    weights.push(partial);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_solve_the_equations_of_yule_and_walker() {
        let c = [0.6, 0.5, 0.1];
        let noise = Noise::of(&c).unwrap();
        let at = |lag: isize| if lag == 0 { 1.0 } else { c[lag.unsigned_abs() - 1] };
        for lag in 1..=3_isize {
            let told: f64 =
                (1..=3_isize).map(|k| noise.weights[k as usize - 1] * at(lag - k)).sum();
            assert!((told - at(lag)).abs() < 1e-12, "{lag}");
        }
        let left = 1.0 - (0..3).map(|k| noise.weights[k] * c[k]).sum::<f64>();
        assert!((left - noise.innovation).abs() < 1e-12);
    }

    #[test]
    fn what_belongs_to_no_noise_is_refused() {
        for c in [vec![1.0], vec![f64::NAN], vec![0.9, -0.9], vec![0.1; 6], vec![-1.2]] {
            assert_eq!(Noise::of(&c), None, "{c:?}");
        }
        assert_eq!(Noise::of(&[]).unwrap().innovation, 1.0);
    }

    #[test]
    fn the_order_is_found_and_what_is_fitted_can_be_read() {
        // AR(1) of .7: autocovariances .7ᵏ.
        let covariance: Vec<f64> = (0..8).map(|k| 4.0 * 0.7_f64.powi(k)).collect();
        let noise = Noise::fitted(&covariance, 500);
        assert_eq!(noise.order(), 1);
        assert!((noise.weights[0] - 0.7).abs() < 1e-12);
        for wild in [vec![1.0, 2.0, -3.0, 4.0], vec![0.0, 0.0], vec![], vec![1.0, 0.99, 0.99, 0.99]]
        {
            let noise = Noise::fitted(&wild, 100);
            assert_eq!(
                Noise::of(&noise.correlation).map(|n| n.order()),
                Some(noise.order()),
                "{wild:?}"
            );
        }
    }

    #[test]
    fn whitening_takes_what_was_told() {
        let noise = Noise::of(&[0.5]).unwrap();
        assert_eq!(noise.whitened(&[9.0, 2.0], 3.0), Some(2.0));
        assert_eq!(noise.whitened(&[], 3.0), None);
    }
}
