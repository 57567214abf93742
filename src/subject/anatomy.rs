//! What distinguishes one person's rhythms and head from another's.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

/// What distinguishes one person's rhythms and head from another's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anatomy {
    pub alpha_hz: f64,
    pub beta_hz: f64,
    /// How far the cap sits askew, in radians about x, y and z.
    pub cap_rad: [f64; 3],
    /// Thickness of the skull: scales all that comes from the brain.
    pub gain: f64,
}

impl Anatomy {
    /// Draws a person.
    pub fn new(rng: &mut ChaCha8Rng) -> Self {
        Self {
            alpha_hz: rng.random_range(8.8..11.6),
            beta_hz: rng.random_range(17.0..23.0),
            cap_rad: std::array::from_fn(|_| rng.random_range(-0.07..0.07)),
            gain: rng.random_range(0.8..1.25),
        }
    }
}
