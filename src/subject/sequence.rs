//! The random sequences of a session: one for each purpose, so that none depends on how much another draws.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::params::SimParams;

/// Independent random sequences of one session, so that none depends on how much another draws.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    Schedule,
    Trials,
    Background,
    Events,
    Muscle,
    Sensors,
    Mains,
    Flashes,
    Lapses,
    Wishes,
}

/// The random sequence for one purpose in the session of this subject and seed.
pub(super) fn stream(params: &SimParams, purpose: Stream) -> ChaCha8Rng {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&params.subject.to_le_bytes());
    seed[8..16].copy_from_slice(&params.seed.to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(seed);
    rng.set_stream(purpose as u64);
    rng
}
