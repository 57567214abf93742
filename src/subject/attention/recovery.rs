//! How attention comes and goes: recovery after a target, and lapses.
//!
//! The response to a target grows with the time since the target before it: over several seconds, as a resource that fills
//! again (Gonsalvez & Polich 2002, Psychophysiology 39:388), and steeply within the first half second, where a second flash
//! is often not noticed (Martens, Hill, Farquhar & Schölkopf 2009, J. Neural Eng. 6:026003; Jin, Sellers & Wang 2012, Med.
//! Biol. Eng. Comput. 50:289). They give the direction and the span; the shares below are chosen to lie within them.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::Exp1;

/// What a target takes away, and how fast it comes back, in seconds: slowly and fast.
const TAKEN: [f64; 2] = [0.3, 0.5];
const MEMORY_SECS: [f64; 2] = [2.5, 0.25];

/// How much later the response comes soon after another, in seconds, and how fast that passes.
const DELAY_SECS: f64 = 0.025;
const DELAY_MEMORY_SECS: f64 = 1.0;

/// Mean time from the end of a lapse to the next, and least and greatest length, in seconds.
const BETWEEN_LAPSES_SECS: f64 = 45.0;
const LAPSE_SECS: [f64; 2] = [0.5, 2.0];

/// Share of the full amplitude this long after the target before.
pub(super) fn recovered(since_secs: f64) -> f64 {
    let since_secs = since_secs.max(0.0);
    let lacking = |(taken, memory): (f64, f64)| taken * (-since_secs / memory).exp();
    1.0 - TAKEN.into_iter().zip(MEMORY_SECS).map(lacking).sum::<f64>()
}

/// How much later it peaks, in seconds.
pub(super) fn delay_secs(since_secs: f64) -> f64 {
    DELAY_SECS * (-since_secs.max(0.0) / DELAY_MEMORY_SECS).exp()
}

/// Times at which the mind is elsewhere: about three per cent of all.
#[derive(Clone, Debug)]
pub(super) struct Lapses {
    rng: ChaCha8Rng,
    from_secs: f64,
    until_secs: f64,
}

impl Lapses {
    pub fn new(rng: ChaCha8Rng) -> Self {
        Self { rng, from_secs: 0.0, until_secs: 0.0 }
    }

    /// Whether attention has lapsed at a time; times come in order, and none is far in the future.
    pub fn at(&mut self, secs: f64) -> bool {
        while secs >= self.until_secs {
            let waiting: f64 = self.rng.sample(Exp1);
            self.from_secs = self.until_secs + BETWEEN_LAPSES_SECS * waiting;
            let length_secs = self.rng.random_range(LAPSE_SECS[0]..LAPSE_SECS[1]);
            self.until_secs = self.from_secs + length_secs;
        }
        secs >= self.from_secs
    }
}
