//! A whole schedule of faults, drawn from one seed.
//!
//! Takes a seed and how bad it should be, from 0 (nothing) to 1 (hardly a window survives); gives faults whose times begin
//! anew every [`SPAN_SECS`]. About half of all kinds of fault are there in one schedule, at the middle severity. Shares of
//! frames are spread evenly over orders of magnitude: a fault in ten thousand frames shows other faults of a program
//! than one in ten. Values are rounded, so that the schedule can be written out and reads back the same.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::faults::Faults;

/// After so much signal the times of a schedule begin anew, in seconds.
pub const SPAN_SECS: f64 = 60.0;

/// How bad it is where nobody says.
pub const SEVERITY: f64 = 0.5;

/// Most places of one kind in a span.
const MOST_PLACES: u32 = 3;

struct Draw {
    rng: ChaCha8Rng,
    severity: f64,
}

/// The faults of this seed.
pub fn draw(seed: u64, severity: f64) -> Faults {
    let mut draw = Draw { rng: ChaCha8Rng::seed_from_u64(seed), severity };
    let mut faults = Faults { seed, ..Faults::default() };
    // In this order for ever, and always all of them: a seed stands for the same schedule in every version.
    faults.drop_probability = draw.share(0.1);
    faults.burst_secs = draw.amount(1.0);
    faults.jitter_secs = draw.amount(20.0) / 1000.0;
    faults.repeat_probability = draw.share(0.1);
    faults.swap_probability = draw.share(0.1);
    faults.swap_frames = 1 + draw.rng.random_range(0..8);
    faults.corrupt_probability = draw.share(0.01);
    faults.nan_probability = draw.share(0.01);
    faults.channel_share = rounded(draw.rng.random());
    faults.rate_share = draw.signed(2.0) / 100.0;
    faults.reset_secs = draw.places();
    faults.step_secs = draw.step();
    faults.stall_secs = draw.places();
    faults.stall_for_secs = draw.length(4.0);
    faults.mute_secs = draw.places();
    faults.mute_for_secs = draw.length(4.0);
    faults.unplug_secs = draw.places();
    faults.back_secs = draw.length(8.0);
    faults.every_secs = SPAN_SECS;
    faults
}

impl Draw {
    /// Whether this kind of fault is there at all.
    fn is_there(&mut self) -> bool {
        let drawn: f64 = self.rng.random();
        drawn < self.severity
    }

    /// A share of frames, from a thousandth of the most up to it.
    fn share(&mut self, most: f64) -> f64 {
        let (there, exponent) = (self.is_there(), -3.0 * self.rng.random::<f64>());
        if there { significant(most * self.severity * 10_f64.powf(exponent)) } else { 0.0 }
    }

    fn amount(&mut self, most: f64) -> f64 {
        let (there, drawn) = (self.is_there(), self.rng.random::<f64>());
        if there { rounded(most * self.severity * drawn) } else { 0.0 }
    }

    fn signed(&mut self, most: f64) -> f64 {
        let (amount, back) = (self.amount(most), self.rng.random::<bool>());
        if back { -amount } else { amount }
    }

    /// How far a clock is set: from one and a half seconds up to a thousand times that, either way.
    fn step(&mut self) -> f64 {
        let (exponent, back) = (3.0 * self.rng.random::<f64>(), self.rng.random::<bool>());
        let secs = rounded(1.5 * 10_f64.powf(exponent));
        if back { -secs } else { secs }
    }

    fn length(&mut self, most: f64) -> f64 {
        rounded((most * self.severity * self.rng.random::<f64>()).max(0.01))
    }

    /// When something happens within a span, in seconds.
    fn places(&mut self) -> Vec<f64> {
        let (there, count) = (self.is_there(), self.rng.random_range(1..=MOST_PLACES));
        let mut places: Vec<f64> =
            (0..count).map(|_| rounded(SPAN_SECS * self.rng.random::<f64>())).collect();
        places.sort_by(f64::total_cmp);
        if there { places } else { Vec::new() }
    }
}

/// To a thousandth.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// To three digits.
fn significant(value: f64) -> f64 {
    let scale = 10_f64.powf(2.0 - value.log10().floor());
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::spec::SourceSpec;

    fn read(text: &str) -> Faults {
        match format!("faulty:{text}+sim").parse().unwrap() {
            SourceSpec::Faulty { parameters, .. } => Faults::from_parameters(&parameters).unwrap(),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_drawn_schedule_can_be_written_out() {
        for seed in 0..500 {
            let drawn = draw(seed, seed as f64 / 500.0);
            let again = read(&drawn.to_string());
            assert_eq!(again.to_string(), drawn.to_string());
            let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
            assert!(near(again.jitter_secs, drawn.jitter_secs), "{drawn}");
            assert!(near(again.rate_share, drawn.rate_share), "{drawn}");
            assert_eq!(again.reset_secs, drawn.reset_secs);
        }
    }

    #[test]
    fn seed_and_severity_say_all_and_keys_beside_them_win() {
        assert_eq!(read("chaos=7,severity=0.3"), draw(7, 0.3));
        assert_ne!(draw(7, 0.3), draw(8, 0.3));
        let own = read("chaos=7,drop=0.25,seed=2");
        assert_eq!(own, Faults { drop_probability: 0.25, seed: 2, ..draw(7, SEVERITY) });
        let none = draw(7, 0.0);
        assert!(none.reset_secs.is_empty() && none.drop_probability == 0.0);
    }
}
