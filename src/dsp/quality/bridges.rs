//! Finds electrodes that show the same: gel joins them, or they touch.
//!
//! Takes the filtered second of all channels, µV, and compares every pair by the variance of their difference (electrical
//! distance, Tenke & Kayser 2001; Alschuler et al. 2014), a few pairs at a time, so that it costs little at any number of
//! channels: a round over all pairs takes a second, or five with a thousand channels. A channel is a copy when another was as
//! near in at least half of the last rounds (as MNE-Python's and EEGLAB's functions ask of epochs). Does not allocate after
//! `prepare`.

use super::decimate::Rows;
use super::verdict::{BRIDGE_SHARE, BRIDGE_UV2, QUIET_UV};

/// Most pairs in a second.
const PAIRS_PER_SEC: usize = 100_000;

/// Rounds that are remembered.
const ROUNDS: u32 = 4;

/// Values that are added side by side.
const LANES: usize = 8;

/// The nearest other electrode.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Near {
    /// Its number.
    pub channel: u16,
    /// Variance of the difference, µV².
    pub distance_uv2: f32,
    /// The same as a share of both variances; 0 is the same signal, 1 nothing in common.
    pub share: f32,
}

/// Compares all channels.
pub struct Bridges {
    channels: usize,
    length: usize,
    stride: usize,
    /// The second that is compared in this round, mean removed: channel after channel.
    held: Vec<f32>,
    variance: Vec<f32>,
    nearest: Vec<Near>,
    found: Vec<Near>,
    /// One bit a round, newest lowest: near enough or not.
    seen: Vec<u8>,
    rounds: u32,
    pair: [usize; 2],
    in_round: bool,
    ticks: usize,
    ticks_per_round: usize,
    pairs_per_tick: usize,
}

impl Bridges {
    /// For rows of `channels`, `length` of them in a second, with `ticks_per_sec` calls of [`Bridges::tick`].
    pub fn prepare(length: usize, channels: usize, ticks_per_sec: usize) -> Self {
        // One step more, so that channels do not meet in the same sets of the cache; it stays zero.
        let stride = length.next_multiple_of(LANES) + LANES;
        let pairs = channels * channels.saturating_sub(1) / 2;
        let ticks_per_sec = ticks_per_sec.max(1);
        Self {
            channels,
            length,
            stride,
            held: vec![0.0; channels * stride],
            variance: vec![0.0; channels],
            nearest: vec![far(); channels],
            found: vec![far(); channels],
            seen: vec![0; channels],
            rounds: 0,
            pair: [0, 1],
            in_round: false,
            ticks: 0,
            ticks_per_round: ticks_per_sec,
            pairs_per_tick: pairs.min(PAIRS_PER_SEC).div_ceil(ticks_per_sec),
        }
    }

    /// Forgets everything. Does not allocate.
    pub fn reset(&mut self) {
        self.nearest.fill(far());
        self.found.fill(far());
        self.seen.fill(0);
        (self.rounds, self.ticks, self.in_round) = (0, 0, false);
    }

    /// The nearest other electrode of a channel in the last round, and whether it is a copy of it.
    pub fn near(&self, channel: usize) -> (Near, bool) {
        let asked = self.rounds.min(ROUNDS);
        let seen = (self.seen[channel] & ((1 << ROUNDS) - 1)).count_ones();
        (self.nearest[channel], asked >= 2 && seen * 2 >= asked && seen >= 2)
    }

    /// Goes on; `rows` holds the last second of all channels.
    pub fn tick(&mut self, rows: &Rows) {
        self.ticks += 1;
        if !self.in_round && self.ticks >= self.ticks_per_round && self.channels > 1 {
            self.begin(rows);
        }
        if !self.in_round {
            return;
        }
        for _ in 0..self.pairs_per_tick {
            let [one, other] = self.pair;
            self.compare(one, other);
            self.pair =
                if other + 1 < self.channels { [one, other + 1] } else { [one + 1, one + 2] };
            if self.pair[1] >= self.channels {
                return self.end();
            }
        }
    }

    fn begin(&mut self, rows: &Rows) {
        (self.in_round, self.ticks, self.pair) = (true, 0, [0, 1]);
        self.found.fill(far());
        let mean = |sum: f32| sum / self.length as f32;
        self.variance.fill(0.0);
        for row in rows.iter() {
            self.variance.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        for (i, row) in rows.iter().enumerate() {
            for ((held, sum), value) in
                self.held.chunks_exact_mut(self.stride).zip(&self.variance).zip(row)
            {
                held[i] = value - mean(*sum);
            }
        }
        for (variance, held) in self.variance.iter_mut().zip(self.held.chunks_exact(self.stride)) {
            *variance = dot(held, held) / self.length as f32;
        }
    }

    fn compare(&mut self, one: usize, other: usize) {
        let both = self.variance[one] + self.variance[other];
        // What gives nothing is flat, not bridged; what gives no number is neither.
        if !both.is_finite() || self.variance[one].min(self.variance[other]) < QUIET_UV * QUIET_UV {
            return;
        }
        let of = |channel: usize| &self.held[channel * self.stride..(channel + 1) * self.stride];
        let common = dot(of(one), of(other)) / self.length as f32;
        let distance_uv2 = (both - 2.0 * common).max(0.0);
        let share = distance_uv2 / both;
        for (channel, near) in [(one, other), (other, one)] {
            if share < self.found[channel].share {
                self.found[channel] = Near { channel: near as u16, distance_uv2, share };
            }
        }
    }

    fn end(&mut self) {
        self.in_round = false;
        self.rounds += 1;
        for ((seen, nearest), found) in self.seen.iter_mut().zip(&mut self.nearest).zip(&self.found)
        {
            let near = found.distance_uv2 < BRIDGE_UV2 && found.share < BRIDGE_SHARE;
            *seen = *seen << 1 | u8::from(near);
            *nearest = *found;
        }
    }
}

/// Nothing near.
fn far() -> Near {
    Near { channel: 0, distance_uv2: f32::INFINITY, share: 1.0 }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}
