//! Rectified flow from a posterior mean: straight lines from `mean + sigma·noise` (t = 1) to data (t = 0).
//!
//! The denoiser gives the velocity dx/dt; Euler steps of equal length. Liu, Gong & Liu 2022
//! (arXiv 2209.03003), started at the mean as in Ohayon, Michaeli & Elad 2024 (arXiv 2410.00418).

use super::Step;

/// Euler sampler of a rectified flow.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Standard deviation of the noise at t = 1.
    pub sigma: f32,
}

impl Flow {
    /// `count` equal steps from t = 1 to t = 0.
    pub fn steps(self, count: u32) -> impl Iterator<Item = Step> {
        let at = move |i: u32| (count - i) as f32 / count as f32;
        (0..count).map(move |i| Step { t: at(i), t_next: at(i + 1) })
    }

    /// Puts the latent at t = 1 into `x`.
    pub fn start(self, mean: &[f32], noise: &[f32], x: &mut [f32]) {
        for ((x, mean), noise) in x.iter_mut().zip(mean).zip(noise) {
            *x = mean + self.sigma * noise;
        }
    }

    /// Moves `x` along the velocity.
    pub fn advance(self, step: Step, velocity: &[f32], x: &mut [f32]) {
        for (x, velocity) in x.iter_mut().zip(velocity) {
            *x += (step.t_next - step.t) * velocity;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_equal_and_reach_zero() {
        let steps: Vec<_> = Flow { sigma: 1.0 }.steps(4).map(|s| (s.t, s.t_next)).collect();
        assert_eq!(steps, [(1.0, 0.75), (0.75, 0.5), (0.5, 0.25), (0.25, 0.0)]);
    }

    #[test]
    fn a_straight_flow_is_exact_in_any_number_of_steps() {
        let flow = Flow { sigma: 0.5 };
        let (mean, noise, target) = ([1.0_f32, -2.0], [0.5_f32, 1.0], [3.0_f32, 0.25]);
        for count in [1, 2, 4, 7] {
            let mut x = [0.0; 2];
            flow.start(&mean, &noise, &mut x);
            let velocity: Vec<f32> = x.iter().zip(&target).map(|(x1, x0)| x1 - x0).collect();
            flow.steps(count).for_each(|step| flow.advance(step, &velocity, &mut x));
            for (got, want) in x.iter().zip(&target) {
                assert!((got - want).abs() < 1e-6, "{count} steps: {got} for {want}");
            }
        }
    }
}
