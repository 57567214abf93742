//! The signal of `tests/vectors/clean/make_clean.py`, by the same arithmetic, and what asrpy and MNE made of it.

use serde::Deserialize;

pub const CHANNELS: usize = 8;
pub const FRAMES: usize = 90 * 250;
pub const CALIBRATION: usize = 70 * 250;

#[derive(Deserialize)]
pub struct Vectors {
    pub asr: AsrVectors,
    pub filters: Vec<Filter>,
    pub interpolation: Interpolation,
}

#[derive(Deserialize)]
pub struct AsrVectors {
    pub b: Vec<f64>,
    pub a: Vec<f64>,
    pub kept: Vec<usize>,
    pub kept_frames: usize,
    pub covariance: Vec<Vec<f64>>,
    pub bound: Vec<Vec<f64>>,
    pub at: Vec<usize>,
    pub causal: Vec<Vec<f64>>,
    pub none: Vec<Vec<f64>>,
    pub quarter: Vec<Vec<f64>>,
    pub causal_changed: usize,
    pub spreads: Vec<[f64; 2]>,
}

#[derive(Deserialize)]
pub struct Filter {
    pub rate: f64,
    pub b: Vec<f64>,
    pub a: Vec<f64>,
}

#[derive(Deserialize)]
pub struct Interpolation {
    pub names: Vec<String>,
    pub positions: Vec<[f64; 3]>,
    pub cases: Vec<Case>,
}

#[derive(Deserialize)]
pub struct Case {
    pub bad: Vec<String>,
    pub good: Vec<String>,
    pub matrix: Vec<Vec<f64>>,
}

pub fn vectors() -> Vectors {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/clean/clean.json"));
    serde_json::from_str(text).unwrap()
}

struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 40) as f64 / (1_u64 << 24) as f64 - 0.5) * 40.0
    }
}

/// Eight rhythms of different colour, mixed, with blinks and bursts: `[FRAMES × CHANNELS]`, µV.
pub fn signal() -> Vec<f32> {
    let mut noise = Noise(7);
    let mut mixing = [[0.0; CHANNELS]; CHANNELS];
    for (i, row) in mixing.iter_mut().enumerate() {
        for (j, weight) in row.iter_mut().enumerate() {
            *weight = noise.next() / 20.0 + if i == j { 2.0 } else { 0.0 };
        }
    }
    let mut slow = [0.0; CHANNELS];
    let mut out = Vec::with_capacity(FRAMES * CHANNELS);
    for t in 0..FRAMES {
        for (k, state) in slow.iter_mut().enumerate() {
            let keep = 0.5 + 0.05 * k as f64;
            *state = keep * *state + (1.0 - keep) * noise.next();
        }
        let blink = (-0.5 * (((t % 1130) as f64 - 900.0) / 12.0).powi(2)).exp() * 300.0;
        let jaw = if t % 3100 > 2900 { 12.0 } else { 0.0 } * noise.next() / 2.0;
        for (c, row) in mixing.iter().enumerate() {
            let value: f64 = row.iter().zip(&slow).map(|(m, s)| m * s).sum();
            out.push((value + blink / (1.0 + c as f64) + jaw * (c as f64 / 7.0).powi(2)) as f32);
        }
    }
    out
}
