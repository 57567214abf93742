//! Chance as a function: the same seed, purpose and number give the same draw, whatever was drawn before.
//!
//! So a fault depends on the number of its frame alone: not on how the stream is cut, nor on any other fault. Numbers are
//! mixed by `splitmix64` (Steele, Lea & Flood 2014, OOPSLA), which is far better than faults need.

/// What a draw is for; purposes do not touch one another.
#[derive(Clone, Copy, Debug)]
pub(super) enum For {
    Drop = 1,
    Jitter,
    JitterAngle,
    Repeat,
    RepeatDelay,
    Swap,
    SwapDelay,
    Corrupt,
    CorruptValue,
    NotFinite,
    NotFiniteValue,
    Channel,
}

/// Draws of one seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance(pub u64);

impl Chance {
    fn bits(self, purpose: For, number: u64) -> u64 {
        mixed(mixed(mixed(self.0) ^ purpose as u64) ^ number)
    }

    /// From 0 up to but not including 1.
    pub fn unit(self, purpose: For, number: u64) -> f64 {
        (self.bits(purpose, number) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something of this probability happens.
    pub fn happens(self, probability: f64, purpose: For, number: u64) -> bool {
        // Most faults are off: nothing is drawn for them.
        probability > 0.0 && self.unit(purpose, number) < probability
    }

    /// A whole number below `end`, which is at least 1.
    pub fn below(self, end: u64, purpose: For, number: u64) -> u64 {
        self.bits(purpose, number) % end
    }

    /// From the standard normal distribution (Box & Muller 1958).
    pub fn normal(self, number: u64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit(For::Jitter, number)).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit(For::JitterAngle, number)).cos()
    }
}

fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_spread_as_they_should_be() {
        let chance = Chance(3);
        let happened = (0..100_000).filter(|n| chance.happens(0.01, For::Drop, *n)).count();
        assert!((900..1100).contains(&happened), "{happened}");
        let values: Vec<f64> = (0..100_000).map(|n| chance.normal(n)).collect();
        let mean = values.iter().sum::<f64>() / 1e5;
        let power = values.iter().map(|v| v * v).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.015 && (power - 1.0).abs() < 0.02, "{mean} {power}");
        let both = (0..100_000)
            .filter(|n| chance.happens(0.1, For::Drop, *n) && chance.happens(0.1, For::Swap, *n));
        assert!((850..1150).contains(&both.count()), "one fault does not bring another");
    }
}
