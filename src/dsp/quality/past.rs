//! What is remembered of one electrode: the last looks at it, its levels, what was said of it.
//!
//! Takes one look a half second; gives [`Features`] as medians over the newest ones. Does not allocate.

use super::bands::Made;
use super::verdict::Features;

/// Looks that are kept: half-overlapping seconds over four seconds.
pub const LOOKS: usize = 7;

/// Half seconds whose levels are kept, for drift.
const LEVELS: usize = 16;

/// One second of one channel.
#[derive(Clone, Copy, Default)]
pub struct Look {
    /// Standard deviation after notch and band-pass, µV.
    pub std_uv: f32,
    /// What the raw signal is made of.
    pub made: Made,
}

/// What is remembered of one channel.
#[derive(Clone, Copy, Default)]
pub struct Past {
    looks: [Look; LOOKS],
    levels: [f32; LEVELS],
    /// Looks so far, to `LEVELS`, and the place of the next.
    seen: usize,
    at: usize,
    /// The last frame at the end of the range.
    pub railed_at: Option<u64>,
    /// As it was measured, kΩ.
    pub impedance_kohm: Option<f32>,
}

impl Past {
    /// Forgets everything but the impedance.
    pub fn forget(&mut self) {
        *self = Self { impedance_kohm: self.impedance_kohm, ..Self::default() };
    }

    /// Takes the next look, and the level of its newer half.
    pub fn remember(&mut self, look: Look, level: f32) {
        self.looks[self.at % LOOKS] = look;
        self.levels[self.at % LEVELS] = level;
        self.at = (self.at + 1) % (LOOKS * LEVELS);
        self.seen = (self.seen + 1).min(LEVELS);
    }

    /// Medians over the newest `wanted` looks, or those there are.
    pub fn features(&self, wanted: usize) -> Features {
        let count = self.seen.min(wanted);
        let newest = |back: usize| &self.looks[(self.at + LOOKS * LEVELS - 1 - back) % LOOKS];
        let median = |of: fn(&Look) -> f32| {
            let mut values = [f32::NAN; LOOKS];
            values.iter_mut().take(count).enumerate().for_each(|(i, v)| *v = of(newest(i)));
            median(&mut values[..count])
        };
        Features {
            std_uv: median(|look| look.std_uv),
            mains_uv: median(|look| look.made.mains_uv),
            mains_share: median(|look| look.made.mains_share),
            fast_uv: median(|look| look.made.fast_uv),
            slope: median(|look| look.made.slope),
            drift_uv: self.drift_uv(),
            impedance_kohm: self.impedance_kohm,
            ..Features::default()
        }
    }

    /// From the 10th to the 90th percentile of the levels, so that a blink is none.
    fn drift_uv(&self) -> f32 {
        let mut levels = self.levels;
        let seen = &mut levels[..self.seen];
        seen.sort_unstable_by(f32::total_cmp);
        let Some(last) = seen.len().checked_sub(1) else { return 0.0 };
        let tenth = seen.len() / 10;
        seen[last - tenth] - seen[tenth]
    }
}

fn median(values: &mut [f32]) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f32::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f32::midpoint(values[middle - 1], values[middle]),
    }
}
