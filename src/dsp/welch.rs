//! Welch's power density: of a signal at hand, and of many channels as they come.
//!
//! Takes µV; gives one-sided power density in µV²/Hz, bins `0..` at `bin · rate / length`: the mean of Hann
//! periodograms of half-overlapping stretches, as `scipy.signal.welch(x, fs, nperseg=length)` (tests: within
//! 1e-6). [`RunningWelch`] never joins what a gap parts, and forgets stretches that are too old. All memory is
//! set aside in `prepare`.

use super::error::DspError;
use super::spectrum::{MAX_LENGTH, Periodogram};
use crate::units::SampleRate;

/// Most samples that wait for their stretch to become whole, over all channels (16 MiB).
pub const MAX_WAITING: usize = 4 << 20;

/// Most values of past stretches, over all channels (32 MiB). Where they do not suffice, high frequencies are
/// left away: what remains is told by [`RunningWelch::top_hz`].
pub const MAX_PAST: usize = 8 << 20;

/// Welch's estimate: periodograms of half-overlapping stretches, averaged.
pub struct Welch {
    periodogram: Periodogram,
}

impl Welch {
    /// For stretches of `length` samples (resolution `rate / length`).
    ///
    /// # Errors
    /// As [`Periodogram::prepare`].
    pub fn prepare(length: usize, rate: SampleRate) -> Result<Self, DspError> {
        Ok(Self { periodogram: Periodogram::prepare(length, rate)? })
    }

    /// Number of bins given.
    pub fn bins(&self) -> usize {
        self.periodogram.bins()
    }

    /// Distance of two bins in Hz.
    pub fn bin_hz(&self) -> f64 {
        self.periodogram.bin_hz()
    }

    /// Fills `density` `[bins]`, µV²/Hz, from one channel's `signal`, µV; tells how many stretches were
    /// averaged. None fit, and zeros come out, when the signal is shorter than one stretch.
    pub fn density(&mut self, signal: &[f32], density: &mut [f64]) -> usize {
        let length = self.periodogram.length();
        density.fill(0.0);
        let mut stretches = 0;
        for start in (0..).step_by(length - length / 2) {
            let Some(stretch) = signal.get(start..start + length) else { break };
            for (sum, value) in
                density.iter_mut().zip(self.periodogram.density(stretch.iter().copied()))
            {
                *sum += value;
            }
            stretches += 1;
        }
        density.iter_mut().for_each(|sum| *sum /= f64::from(stretches.max(1)));
        stretches as usize
    }
}

/// Welch's estimate of every channel over the last seconds.
pub struct RunningWelch {
    periodogram: Periodogram,
    channels: usize,
    bins: usize,
    /// `[channels, length]`: the newest frames; the oldest of them is at `at`.
    ring: Vec<f32>,
    at: usize,
    /// Frames until the next stretch is whole.
    wanted: usize,
    /// `[capacity, channels, bins]`: periodograms of past stretches.
    past: Vec<f32>,
    capacity: usize,
    held: usize,
    next: usize,
}

impl RunningWelch {
    /// For `channels` channels, stretches of `stretch_secs`, averaged over the last `over_secs`. A stretch is
    /// shortened where its samples would not fit into [`MAX_WAITING`].
    ///
    /// # Errors
    /// [`DspError::OutOfRange`] when not even two samples fit into a stretch.
    pub fn prepare(
        channels: usize,
        rate: SampleRate,
        [stretch_secs, over_secs]: [f64; 2],
    ) -> Result<Self, DspError> {
        let channels = channels.max(1);
        let most = (MAX_WAITING / channels).min(MAX_LENGTH);
        let length = rate.samples_in(stretch_secs).min(most);
        let periodogram = Periodogram::prepare(length, rate)?;
        let capacity = stretches_in(rate.samples_in(over_secs), length);
        let bins = periodogram.bins().min(MAX_PAST / (channels * capacity)).max(2);
        Ok(Self {
            ring: vec![0.0; channels * length],
            at: 0,
            wanted: length,
            past: vec![0.0; capacity * channels * bins],
            capacity,
            held: 0,
            next: 0,
            periodogram,
            channels,
            bins,
        })
    }

    /// Number of bins given.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Distance of two bins in Hz.
    pub fn bin_hz(&self) -> f64 {
        self.periodogram.bin_hz()
    }

    /// The highest frequency that is given, Hz.
    pub fn top_hz(&self) -> f64 {
        (self.bins - 1) as f64 * self.bin_hz()
    }

    /// Stretches that an estimate rests on now, and at most.
    pub fn stretches(&self) -> [usize; 2] {
        [self.held, self.capacity]
    }

    /// Frames are missing before the next ones: no stretch goes over them.
    pub fn gap(&mut self) {
        self.wanted = self.periodogram.length();
    }

    /// What came before is too old to be averaged with what comes.
    pub fn forget(&mut self) {
        self.gap();
        (self.held, self.next) = (0, 0);
    }

    /// Takes frames `[frames, channels]`, µV; tells how many stretches became whole.
    pub fn push(&mut self, frames: &[f32]) -> usize {
        let length = self.periodogram.length();
        let (mut rest, mut whole) = (frames, 0);
        while rest.len() >= self.channels {
            let taken = (rest.len() / self.channels).min(self.wanted).min(length - self.at);
            let (now, later) = rest.split_at(taken * self.channels);
            for (channel, ring) in self.ring.chunks_exact_mut(length).enumerate() {
                let column = now.iter().skip(channel).step_by(self.channels);
                for (kept, value) in ring[self.at..self.at + taken].iter_mut().zip(column) {
                    *kept = *value;
                }
            }
            rest = later;
            self.at = (self.at + taken) % length;
            self.wanted -= taken;
            if self.wanted == 0 {
                self.keep_stretch();
                self.wanted = length - length / 2;
                whole += 1;
            }
        }
        whole
    }

    fn keep_stretch(&mut self) {
        let length = self.periodogram.length();
        let size = self.channels * self.bins;
        let slot = &mut self.past[self.next * size..(self.next + 1) * size];
        for (kept, ring) in slot.chunks_exact_mut(self.bins).zip(self.ring.chunks_exact(length)) {
            let (newer, older) = ring.split_at(self.at);
            let density = self.periodogram.density(older.iter().chain(newer).copied());
            for (kept, value) in kept.iter_mut().zip(density) {
                *kept = *value as f32;
            }
        }
        self.next = (self.next + 1) % self.capacity;
        self.held = (self.held + 1).min(self.capacity);
    }

    /// Fills `density` `[bins]`, µV²/Hz, of one channel. Stretches with a value that is not a number do not count;
    /// where there are no others, it is NaN.
    pub fn density(&self, channel: usize, density: &mut [f32]) {
        let mut sums = vec![0.0_f64; self.bins];
        let mut counted = 0;
        let size = self.channels * self.bins;
        for slot in self.past.chunks_exact(size).take(self.held) {
            let kept = &slot[channel * self.bins..(channel + 1) * self.bins];
            if kept[0].is_finite() {
                counted += 1;
                sums.iter_mut().zip(kept).for_each(|(sum, value)| *sum += f64::from(*value));
            }
        }
        let share = if counted == 0 { f64::NAN } else { 1.0 / f64::from(counted) };
        for (out, sum) in density.iter_mut().zip(sums) {
            *out = (sum * share) as f32;
        }
    }
}

/// How many half-overlapping stretches lie in so many samples; at least one.
fn stretches_in(samples: usize, length: usize) -> usize {
    let hop = length - length / 2;
    samples.saturating_sub(length) / hop + 1
}

#[cfg(test)]
mod tests {
    use super::super::spectrum::tests::{close, vectors};
    use super::*;

    /// 1e-6 of the expected value; bins 0 and 1, where the mean was taken away, of a typical density.
    #[test]
    fn density_is_that_of_scipy_welch() {
        for case in vectors().welch {
            let mut welch =
                Welch::prepare(case.length, SampleRate::new(case.rate_hz).unwrap()).unwrap();
            let mut density = vec![0.0; welch.bins()];
            assert!(welch.density(&case.x, &mut density) > 2);
            close(density.iter().copied(), &case.density);
        }
    }

    #[test]
    fn running_estimate_is_that_of_scipy_over_the_last_stretches_in_every_channel() {
        for case in vectors().welch {
            let rate = SampleRate::new(case.rate_hz).unwrap();
            let secs = |samples: usize| samples as f64 / case.rate_hz;
            // Some of the past that must have been forgotten, then the vector's signal, and a channel of zeros.
            let hop = case.length - case.length / 2;
            let before = (0..40 * hop).map(|i| (i % 37) as f32);
            let frames: Vec<f32> =
                before.chain(case.x.iter().copied()).flat_map(|v| [0.0, v, -2.0 * v]).collect();
            let spans = [secs(case.length), secs(case.x.len())];
            let mut welch = RunningWelch::prepare(3, rate, spans).unwrap();
            for block in frames.chunks(3 * 97) {
                welch.push(block);
            }
            let mut density = vec![0.0; welch.bins()];
            welch.density(1, &mut density);
            if (case.x.len() - case.length) % hop == 0 {
                close(density.iter().map(|v| f64::from(*v)), &case.density);
            }
            let single = density.clone();
            welch.density(2, &mut density);
            assert!(single.iter().zip(&density).all(|(a, b)| (4.0 * a - b).abs() <= 1e-5 * b));
            welch.density(0, &mut density);
            assert!(density.iter().all(|v| *v == 0.0));
        }
    }

    #[test]
    fn no_stretch_goes_over_a_gap_and_none_counts_that_is_not_a_number() {
        let rate = SampleRate::new(100.0).unwrap();
        let mut welch = RunningWelch::prepare(1, rate, [1.0, 10.0]).unwrap();
        assert_eq!(welch.push(&[1.0; 99]), 0);
        welch.gap();
        assert_eq!(welch.push(&[1.0; 99]), 0, "these do not belong together");
        assert_eq!(welch.push(&[f32::NAN; 1]), 1);
        let mut density = vec![0.0; welch.bins()];
        welch.density(0, &mut density);
        assert!(density.iter().all(|v| v.is_nan()));
        assert_eq!(welch.push(&[1.0; 100]), 2);
        welch.density(0, &mut density);
        assert!(density.iter().all(|v| v.abs() < 1e-9), "{density:?}");
        assert_eq!(welch.stretches(), [3, 19]);
        welch.forget();
        assert_eq!(welch.push(&[2.0; 100]), 1);
        assert_eq!(welch.stretches(), [1, 19]);
    }

    #[test]
    fn memory_is_bounded_for_the_widest_source() {
        for (channels, rate_hz) in [(256, 4096.0), (1024, 4096.0), (1024, 100_000.0)] {
            let rate = SampleRate::new(rate_hz).unwrap();
            let welch = RunningWelch::prepare(channels, rate, [4.0, 30.0]).unwrap();
            assert!(welch.ring.len() <= MAX_WAITING && welch.past.len() <= MAX_PAST);
        }
        let rate = SampleRate::new(4096.0).unwrap();
        let welch = RunningWelch::prepare(256, rate, [2.0, 30.0]).unwrap();
        assert!(welch.top_hz() > 500.0, "{}", welch.top_hz());
    }
}
