//! What is not brain: mains, blinks, jaw muscle, drift and the electrodes' own noise.
//!
//! Gives, for each sample, the activity of [`SOURCES`] generators with their maps in µV, and adds noise to every
//! electrode. All but the electrodes' white noise scales with `artefacts`, and none of it is part of the
//! signal-to-noise ratio except that white noise.

use std::f64::consts::TAU;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::Exp;

use super::forward::{Dipole, Electrodes};
use super::noise::{Pink, Wander, normal};
use super::params::SimParams;
use super::sequence::{Stream, stream};
use crate::signal::montage::{degrees_between, position};

/// Generators: sine and cosine of the mains, the eyes, the left and the right jaw.
pub(super) const SOURCES: usize = 5;

/// White noise of an electrode at 250 Hz, in µV root mean square; its density is the same at any rate.
pub(super) const SENSOR_NOISE_UV: f64 = 1.0;

/// Amplitudes, rates and lengths of what disturbs a real recording, least and most, of the size that is usual
/// in a room without a shield.
const MAINS_UV: [f64; 2] = [1.0, 4.0];
const BLINKS_PER_SEC: f64 = 12.0 / 60.0;
const BLINK_UV: [f64; 2] = [80.0, 150.0];
/// A blink rises in about 80 ms and falls in about 160 ms.
const BLINK_RISE_SECS: f64 = 0.035;
const BLINK_FALL_SECS: f64 = 0.07;
const BLINK_LENGTH_SECS: f64 = 0.5;
/// Time from the start of a blink to its peak.
const BLINK_PEAK_SECS: f64 = 0.15;
const BURSTS_PER_SEC: f64 = 2.0 / 60.0;
const BURST_SECS: [f64; 2] = [0.4, 1.5];
const BURST_UV: [f64; 2] = [8.0, 25.0];
/// How fast muscle activity falls off with the distance from the jaw muscle, in degrees.
const MUSCLE_REACH_DEG: f64 = 28.0;
const DRIFT_UV: f64 = 20.0;
const DRIFT_MEMORY_SECS: f64 = 20.0;

/// Something that happens now and then, at random times: a Poisson process with a pause after each event.
#[derive(Clone, Debug)]
struct Now {
    start_secs: f64,
    length_secs: f64,
    height: f64,
}

/// The running artefacts.
#[derive(Clone, Debug)]
pub(super) struct Artefacts {
    strength: f64,
    mains_hz: f64,
    blink: Now,
    bursts: [Now; 2],
    /// Muscle noise is white with the slow part taken off.
    slow: [Pink; 2],
    drift: Vec<Wander>,
    sensor_uv: f64,
    events_rng: ChaCha8Rng,
    sensor_rng: ChaCha8Rng,
    muscle_rng: ChaCha8Rng,
}

impl Artefacts {
    pub fn new(params: &SimParams) -> Self {
        let rate = params.rate.hz();
        let mut events_rng = stream(params, Stream::Events);
        Self {
            strength: params.artefacts,
            mains_hz: params.line_hz,
            blink: next_blink(0.0, &mut events_rng),
            bursts: [next_burst(0.0, &mut events_rng), next_burst(0.0, &mut events_rng)],
            slow: [Pink::new(rate), Pink::new(rate)],
            drift: vec![Wander::new(DRIFT_MEMORY_SECS, rate); params.montage.len()],
            sensor_uv: SENSOR_NOISE_UV * (rate / 250.0).sqrt(),
            events_rng,
            sensor_rng: stream(params, Stream::Sensors),
            muscle_rng: stream(params, Stream::Muscle),
        }
    }

    /// The activity of every generator at a time, `[SOURCES]`.
    pub fn next(&mut self, secs: f64, activity: &mut [f32]) {
        let (sin, cos) = (TAU * (secs * self.mains_hz).fract()).sin_cos();
        activity[0] = (self.strength * sin) as f32;
        activity[1] = (self.strength * cos) as f32;
        activity[2] = (self.strength * self.blink_at(secs)) as f32;
        for side in 0..2 {
            activity[3 + side] = (self.strength * self.burst_at(side, secs)) as f32;
        }
    }

    /// Adds each electrode's own noise, white and drifting, to a frame `[channels]` in µV.
    pub fn add_sensor_noise(&mut self, frame: &mut [f32]) {
        let drift_uv = DRIFT_UV * self.strength;
        for (value, drift) in frame.iter_mut().zip(&mut self.drift) {
            // One draw serves both: the drift is the same noise through a filter below 0.01 Hz.
            let white = normal(&mut self.sensor_rng);
            *value += (self.sensor_uv * white + drift_uv * drift.next(white)) as f32;
        }
    }

    fn blink_at(&mut self, secs: f64) -> f64 {
        let since = secs - self.blink.start_secs;
        if since < 0.0 {
            return 0.0;
        }
        if since > self.blink.length_secs {
            self.blink = next_blink(secs, &mut self.events_rng);
            return 0.0;
        }
        let from_peak = since - BLINK_PEAK_SECS;
        let width = if from_peak < 0.0 { BLINK_RISE_SECS } else { BLINK_FALL_SECS };
        self.blink.height * (-0.5 * (from_peak / width).powi(2)).exp()
    }

    fn burst_at(&mut self, side: usize, secs: f64) -> f64 {
        let burst = &self.bursts[side];
        let since = secs - burst.start_secs;
        if since < 0.0 {
            return 0.0;
        }
        if since > burst.length_secs {
            self.bursts[side] = next_burst(secs, &mut self.events_rng);
            return 0.0;
        }
        let white = normal(&mut self.muscle_rng);
        let envelope = (std::f64::consts::PI * since / burst.length_secs).sin();
        burst.height * envelope * (white - self.slow[side].next(white))
    }
}

fn waiting_time(per_sec: f64, rng: &mut ChaCha8Rng) -> f64 {
    Exp::new(per_sec).map_or(f64::INFINITY, |distribution| rng.sample(distribution))
}

fn next_blink(now_secs: f64, rng: &mut ChaCha8Rng) -> Now {
    let start_secs = now_secs + 0.3 + waiting_time(BLINKS_PER_SEC, rng);
    let height = rng.random_range(BLINK_UV[0]..BLINK_UV[1]);
    Now { start_secs, length_secs: BLINK_LENGTH_SECS, height }
}

fn next_burst(now_secs: f64, rng: &mut ChaCha8Rng) -> Now {
    let start_secs = now_secs + 1.0 + waiting_time(BURSTS_PER_SEC / 2.0, rng);
    let length_secs = rng.random_range(BURST_SECS[0]..BURST_SECS[1]);
    Now { start_secs, length_secs, height: rng.random_range(BURST_UV[0]..BURST_UV[1]) }
}

/// What each electrode sees of each generator, in µV: `[SOURCES][electrodes]`.
pub(super) fn maps(params: &SimParams, electrodes: &Electrodes) -> Vec<Vec<f64>> {
    let mut rng = stream(params, Stream::Mains);
    let mut mains = || {
        let amplitude = rng.random_range(MAINS_UV[0]..MAINS_UV[1]);
        let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
        [amplitude * cos, amplitude * sin]
    };
    let pairs: Vec<[f64; 2]> = electrodes.places().iter().map(|_| mains()).collect();
    let jaw = |label| {
        let muscle = position(label).unwrap_or([0.0, 0.0, 1.0]);
        let falloff = |d: f64| (-(d / MUSCLE_REACH_DEG).powi(2)).exp();
        electrodes.places().iter().map(|&place| falloff(degrees_between(place, muscle))).collect()
    };
    vec![
        pairs.iter().map(|pair| pair[0]).collect(),
        pairs.iter().map(|pair| pair[1]).collect(),
        eye_map(electrodes),
        jaw("FT9"),
        jaw("FT10"),
    ]
}

/// A closing lid short-circuits the corneo-retinal potential: both eyes act as one dipole that points up, in
/// front of the frontal pole and below it. One at Fp1 and Fp2.
fn eye_map(electrodes: &Electrodes) -> Vec<f64> {
    let eyes = Dipole { at: [0.0, 0.8, -0.3], moment: [0.0, 0.35, 1.0] };
    let frontal = Electrodes::new(&[position("Fp1"), position("Fp2")]).map(&eyes);
    let at_fp = frontal.iter().sum::<f64>() / 2.0;
    electrodes.map(&eyes).into_iter().map(|value| value / at_fp).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blinks_are_frontal() {
        let labels = ["Fp1", "Fp2", "Fz", "Cz", "Pz", "Oz", "O1"];
        let places: Vec<_> = labels.iter().map(|label| position(label)).collect();
        let map = eye_map(&Electrodes::new(&places));
        assert!((map[0] - 1.0).abs() < 1e-9 && (map[1] - 1.0).abs() < 1e-9);
        assert!((0.1..0.6).contains(&map[2]), "{map:?}");
        assert!(map[3..].iter().all(|v| v.abs() < 0.2), "{map:?}");
    }

    #[test]
    fn blinks_come_about_twelve_times_a_minute() {
        let mut artefacts = Artefacts::new(&SimParams::default());
        let (mut blinks, mut before) = (0, 0.0);
        for k in 0..(600 * 100) {
            let now = artefacts.blink_at(f64::from(k) / 100.0);
            blinks += u32::from(before < 40.0 && now >= 40.0);
            before = now;
        }
        assert!((80..140).contains(&blinks), "{blinks} in ten minutes");
    }
}
