//! One resolution of the peaks: a ring of bins on a grid fixed in time.

/// Least and greatest value, µV; `[INFINITY, NEG_INFINITY]` where there is none.
pub type Range = [f32; 2];

/// Narrowest bin, seconds: 1024 columns in the shortest span.
pub const LEAST_BIN_SECS: f64 = 1.0 / 512.0;

/// The widest level covers at least this, seconds: the longest span on screen and some more.
pub const COVER_SECS: f64 = 32.0;

/// Bins of a level, if not fewer because of [`MAX_BINS`].
const BINS: usize = 4096;

/// Most bins × channels of a level.
const MAX_BINS: usize = 1 << 20;

/// One resolution.
#[derive(Debug)]
pub struct Level {
    /// Width of a bin, seconds.
    pub width_secs: f64,
    bins: i64,
    channels: usize,
    newest: Option<i64>,
    /// `[bins, channels]`.
    least: Vec<f32>,
    greatest: Vec<f32>,
}

impl Level {
    /// Empty.
    pub fn new(width_secs: f64, bins: usize, channels: usize) -> Self {
        let size = bins * channels;
        let (least, greatest) = (vec![f32::INFINITY; size], vec![f32::NEG_INFINITY; size]);
        Self { width_secs, bins: bins as i64, channels, newest: None, least, greatest }
    }

    /// The bin that holds a time.
    pub fn bin_of(&self, secs: f64) -> i64 {
        // A hair of room: stamps that lie on the grid but for rounding fall into their own bin.
        (secs / self.width_secs + 1e-6).floor() as i64
    }

    /// Time that it covers, seconds.
    pub fn covered_secs(&self) -> f64 {
        self.bins as f64 * self.width_secs
    }

    /// Values held.
    pub fn values(&self) -> usize {
        self.least.len() + self.greatest.len()
    }

    fn slot(&self, bin: i64) -> std::ops::Range<usize> {
        let at = bin.rem_euclid(self.bins) as usize * self.channels;
        at..at + self.channels
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.least.fill(f32::INFINITY);
        self.greatest.fill(f32::NEG_INFINITY);
        self.newest = None;
    }

    /// Takes a frame, `[channels]`, µV; one that is too old is left out.
    pub fn add(&mut self, secs: f64, values_uv: &[f32]) {
        let bin = self.bin_of(secs);
        match self.newest {
            Some(newest) if bin > newest => {
                for passed in (newest + 1).max(bin - self.bins + 1)..=bin {
                    let slot = self.slot(passed);
                    self.least[slot.clone()].fill(f32::INFINITY);
                    self.greatest[slot].fill(f32::NEG_INFINITY);
                }
                self.newest = Some(bin);
            }
            Some(newest) if bin <= newest - self.bins => return,
            Some(_) => {}
            None => self.newest = Some(bin),
        }
        let slot = self.slot(bin);
        let both = self.least[slot.clone()].iter_mut().zip(&mut self.greatest[slot]);
        for ((least, greatest), value) in both.zip(values_uv) {
            // What is not a number leaves both as they are.
            *least = least.min(*value);
            *greatest = greatest.max(*value);
        }
    }

    /// Least and greatest value of a channel in some bins, if they hold anything.
    pub fn range(&self, bins: std::ops::Range<i64>, channel: usize) -> Option<Range> {
        let newest = self.newest?;
        let mut range = [f32::INFINITY, f32::NEG_INFINITY];
        for bin in bins.start.max(newest - self.bins + 1)..bins.end.min(newest + 1) {
            let at = self.slot(bin).start + channel;
            range = [range[0].min(self.least[at]), range[1].max(self.greatest[at])];
        }
        (range[0] <= range[1]).then_some(range)
    }
}

/// The levels for a source.
pub fn levels(channels: usize, period_secs: f64) -> Vec<Level> {
    let bins = (MAX_BINS / channels.max(1)).clamp(64, BINS);
    let mut width_secs = if period_secs > LEAST_BIN_SECS { period_secs } else { LEAST_BIN_SECS };
    let mut levels = Vec::new();
    loop {
        levels.push(Level::new(width_secs, bins, channels));
        if bins as f64 * width_secs >= COVER_SECS {
            return levels;
        }
        width_secs *= 2.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_for_the_widest_source() {
        let bytes =
            |levels: &[Level]| -> usize { levels.iter().map(|level| level.values() * 4).sum() };
        assert!(bytes(&levels(256, 1.0 / 4096.0)) <= 42 << 20);
        assert!(bytes(&levels(1024, 1.0 / 100_000.0)) <= 56 << 20);
        assert!(bytes(&levels(8, 1.0 / 250.0)) <= 2 << 20);
        for (channels, period_secs) in [(256, 1.0 / 4096.0), (1024, 1e-5), (1, 0.004), (8, 1.0)] {
            let levels = levels(channels, period_secs);
            let covered = levels.last().map(|l| l.covered_secs()).unwrap();
            assert!(covered >= COVER_SECS);
        }
    }
}
