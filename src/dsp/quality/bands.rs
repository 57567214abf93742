//! What one second of the raw signal is made of.
//!
//! Takes a second of one channel, µV, its mean removed; gives [`Made`]: root mean squares and shares of bands, and the slope of
//! the spectrum. A one-sided Hann periodogram in `f32`; what the decimation before it took away is put back. Does not allocate
//! after `prepare`.

use std::ops::Range;
use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

use super::decimate::Decimator;

/// The mains share is relative to power between these, Hz.
const BROAD_HZ: [f64; 2] = [1.0, 100.0];
/// Muscle is looked for between these, Hz.
const FAST_HZ: [f64; 2] = [20.0, 75.0];
/// Ends of the bands through whose densities the slope is laid, Hz: 7 to 75 Hz in equal steps of the logarithm.
const SLOPE_EDGES_HZ: [f64; 8] = [7.0, 10.0, 14.0, 20.0, 28.0, 40.0, 55.0, 75.0];
/// Fewer bands than this give no slope.
const LEAST_SLOPE_BANDS: usize = 4;
/// Mains of the world, Hz.
const MAINS_HZ: [f64; 2] = [50.0, 60.0];
/// Half the width of the mains line: one bin of 1 Hz either side holds all of a tone under a Hann window.
const LINE_HALF_HZ: f64 = 1.0;
/// What is left out around the mains where something else is looked for.
const AWAY_HALF_HZ: f64 = 2.0;
/// Share of the rate up to which a spectrum is that of the signal and not of the amplifier's own filter.
const USABLE_SHARE: f64 = 0.45;
/// Least density that is told apart from none, µV²/Hz.
const FLOOR: f32 = 1e-9;

/// What a second is made of; the fields are those of [`super::verdict::Features`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Made {
    pub mains_uv: f32,
    pub mains_share: f32,
    pub fast_uv: f32,
    pub slope: f32,
}

/// The spectrum of one second.
pub struct Bands {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    bins: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// Power of each bin for a squared transform of one, µV².
    scale: Vec<f32>,
    power: Vec<f32>,
    broad: Range<usize>,
    mains: [Range<usize>; 3],
    fast: Vec<usize>,
    fast_width_hz: f32,
    bin_hz: f32,
    /// Bins of each band of the slope, and the logarithm of its middle.
    slope: Vec<(Vec<usize>, f32)>,
}

impl Bands {
    /// For seconds of `length` values, one for each `factor` frames at `rate_hz`; the mains are looked for at 50, 60 and
    /// `mains_hz`.
    pub fn prepare(length: usize, factor: usize, rate_hz: f64, mains_hz: Option<f64>) -> Self {
        let bin_hz = rate_hz / factor as f64 / length as f64;
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(length);
        let turn = std::f64::consts::TAU / length as f64;
        let hann: Vec<f64> = (0..length).map(|i| 0.5 - 0.5 * (turn * i as f64).cos()).collect();
        let area: f64 = hann.iter().map(|w| w * w).sum::<f64>() * length as f64;
        let count = length / 2 + 1;
        let scale = |bin: usize| {
            let sides = if bin == 0 || bin * 2 == length { 1.0 } else { 2.0 };
            let gain = Decimator::gain(factor, bin as f64 * bin_hz, rate_hz).max(0.1);
            (sides / area / (gain * gain)) as f32
        };
        // A hair of room, so that a bin that should lie exactly on an edge does.
        let at = |hz: f64| ((hz / bin_hz - 1e-9).ceil().max(0.0) as usize).min(count);
        let mains = [MAINS_HZ[0], MAINS_HZ[1], mains_hz.unwrap_or(MAINS_HZ[0])];
        let usable_hz = rate_hz * USABLE_SHARE;
        let away = |low: f64, high: f64| -> Vec<usize> {
            let near = |bin: &usize| {
                mains.iter().any(|hz| (*bin as f64 * bin_hz - hz).abs() <= AWAY_HALF_HZ)
            };
            (at(low)..at(high)).filter(|bin| !near(bin)).collect()
        };
        let bands = SLOPE_EDGES_HZ.windows(2).filter(|edges| edges[1] <= usable_hz);
        let slope = bands.map(|e| (away(e[0], e[1]), (e[0] * e[1]).sqrt().ln() as f32));
        Self {
            window: hann.iter().map(|w| *w as f32).collect(),
            bins: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            scale: (0..count).map(scale).collect(),
            power: vec![0.0; count],
            broad: at(BROAD_HZ[0])..at(BROAD_HZ[1]),
            mains: mains.map(|hz| at(hz - LINE_HALF_HZ)..at(hz + LINE_HALF_HZ + bin_hz / 2.0)),
            fast: away(FAST_HZ[0], FAST_HZ[1].min(usable_hz)),
            fast_width_hz: (FAST_HZ[1] - FAST_HZ[0]) as f32,
            bin_hz: bin_hz as f32,
            slope: slope.filter(|(bins, _)| !bins.is_empty()).collect(),
            fft,
        }
    }

    /// What `second` is made of, its mean removed; it is used up.
    pub fn look(&mut self, second: &mut [f32]) -> Made {
        for (value, weight) in second.iter_mut().zip(&self.window) {
            *value *= weight;
        }
        let done = self.fft.process_with_scratch(second, &mut self.bins, &mut self.scratch);
        debug_assert!(done.is_ok(), "buffers come from the same plan");
        for ((power, bin), scale) in self.power.iter_mut().zip(&self.bins).zip(&self.scale) {
            *power = scale * bin.norm_sqr();
        }
        let sum = |bins: &Range<usize>| self.power[bins.clone()].iter().sum::<f32>();
        let broad = sum(&self.broad);
        let mains = self.mains.iter().map(sum).fold(0.0, f32::max);
        let share = |part: f32| if broad > 0.0 { (part / broad).min(1.0) } else { 0.0 };
        Made {
            mains_uv: mains.sqrt(),
            mains_share: share(mains),
            fast_uv: (self.density(&self.fast) * self.fast_width_hz).sqrt(),
            slope: self.slope(),
        }
    }

    /// Mean density of some bins, µV²/Hz.
    fn density(&self, bins: &[usize]) -> f32 {
        let sum: f32 = bins.iter().map(|bin| self.power[*bin]).sum();
        sum / (bins.len().max(1) as f32 * self.bin_hz)
    }

    /// Least squares through the logarithms; steep where there are too few bands.
    fn slope(&self) -> f32 {
        if self.slope.len() < LEAST_SLOPE_BANDS {
            return f32::NEG_INFINITY;
        }
        let n = self.slope.len() as f32;
        let (mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0);
        for (bins, log_hz) in &self.slope {
            let log = self.density(bins).max(FLOOR).ln();
            x += log_hz;
            y += log;
            xx += log_hz * log_hz;
            xy += log_hz * log;
        }
        (n * xy - x * y) / (n * xx - x * x)
    }
}
