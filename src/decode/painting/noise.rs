//! The noise that a picture is painted from: the same for the same seed and window.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// What the noise of one picture is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoiseKey {
    /// Seed of the run.
    pub seed: u64,
    /// Number of the window.
    pub window: u64,
}

/// Standard normal values from ChaCha8, one stream of the seed per window.
pub fn fill_noise(key: NoiseKey, noise: &mut [f32]) {
    let mut rng = ChaCha8Rng::seed_from_u64(key.seed);
    rng.set_stream(key.window);
    noise.fill_with(|| StandardNormal.sample(&mut rng));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_normal_and_belongs_to_its_window() {
        let (mut a, mut b, mut again) = (vec![0.0; 20_000], vec![0.0; 20_000], vec![0.0; 20_000]);
        fill_noise(NoiseKey { seed: 7, window: 1 }, &mut a);
        fill_noise(NoiseKey { seed: 7, window: 2 }, &mut b);
        fill_noise(NoiseKey { seed: 7, window: 1 }, &mut again);
        assert_eq!(a, again);
        let mean = a.iter().sum::<f32>() / 20_000.0;
        let variance = a.iter().map(|v| v * v).sum::<f32>() / 20_000.0;
        let between = a.iter().zip(&b).map(|(x, y)| x * y).sum::<f32>() / 20_000.0;
        // Five standard errors of 20 000 draws.
        assert!(mean.abs() < 0.036 && (variance - 1.0).abs() < 0.05 && between.abs() < 0.036);
    }
}
