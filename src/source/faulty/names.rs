//! Pictures misnamed on purpose: a control, since whatever still names them then is no evidence.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::signal::{Marker, MarkerEvent};

/// Names of pictures that a misnamed one is drawn from: the last ones.
const NAMES: usize = 64;

/// Keeps the names apart from every other use of the seed: how markers fall between frames must not matter.
const SALT: u64 = 0x6d69_736c_6162_656c;

/// The last pictures' onsets, and what misnames the next.
pub(super) struct Names {
    rng: ChaCha8Rng,
    last: [Marker; NAMES],
    seen: usize,
}

impl Names {
    pub fn new(seed: u64) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed ^ SALT);
        Self { rng, last: [Marker::new(0.0, ""); NAMES], seen: 0 }
    }

    /// The marker, or at this moment the label of an earlier onset.
    pub fn pass(&mut self, marker: Marker, probability: f64) -> Marker {
        if !matches!(marker.event(), MarkerEvent::StimulusOnset(_)) {
            return marker;
        }
        self.last[self.seen % NAMES] = marker;
        self.seen += 1;
        // Drawn for every onset, so that one more misnamed picture does not move the others.
        let (chosen, from) = (self.rng.random_bool(probability), self.rng.random::<f64>());
        let known = self.seen.min(NAMES);
        let other = self.last[((from * known as f64) as usize).min(known - 1)];
        if chosen { Marker::new(marker.time_secs, other.label()) } else { marker }
    }
}
