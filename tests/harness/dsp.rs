//! A chain, a signal and a driver shared by the tests of the signal path.

use phosphene::dsp::{Chain, ChainConfig, GateConfig, Reference, Windows};
use phosphene::signal::{FrameMeta, Lock, Window};
use phosphene::units::SampleRate;

/// Noise from a seed: uniform, mean 0, deviation about 12 µV, white. The same numbers on every platform.
pub struct Noise(pub u64);

impl Noise {
    pub fn next_uv(&mut self) -> f32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 40) as f32 / (1_u64 << 24) as f32 - 0.5) * 40.0
    }
}

pub fn rate(hz: f64) -> SampleRate {
    SampleRate::new(hz).unwrap()
}

/// Three source channels; the pack takes the last, then the mean of the first two.
pub fn config(source_hz: f64) -> ChainConfig {
    ChainConfig {
        source_rate: rate(source_hz),
        source_channels: 3,
        mapping: vec![0.0, 0.0, 1.0, 0.5, 0.5, 0.0],
        channels: 2,
        rate: rate(250.0),
        band_hz: [0.5, 40.0],
        band_order: 4,
        notch_hz: Some(50.0),
        reference: Reference::None,
        window_secs: [0.0, 0.8],
        baseline_secs: Some([-0.2, 0.0]),
        windows: Windows { locked: true, flashes: false, free: false, hop_secs: 0.25 },
        settle_secs: 1.0,
        gate: GateConfig::default(),
    }
}

/// `count` frames of noise on three channels.
pub fn noise_frames(count: usize, seed: u64) -> Vec<[f32; 3]> {
    let mut noise = Noise(seed);
    (0..count).map(|_| std::array::from_fn(|_| noise.next_uv())).collect()
}

pub fn meta(index: usize, hz: f64) -> FrameMeta {
    let time_secs = 100.0 + index as f64 / hz;
    FrameMeta { index: index as u64, time_secs, arrival_secs: time_secs + 0.01, gap_before: false }
}

/// Everything that is waiting.
pub fn drain(chain: &mut Chain, into: &mut Vec<Window>) {
    let mut window = Window::with_shape(2, chain.window_samples());
    while chain.pop_window(0.0, &mut window) {
        into.push(window.clone());
    }
}

/// Windows of a run in which every onset is known before its samples.
pub fn run(config: ChainConfig, frames: &[[f32; 3]], onsets: &[f64]) -> (Chain, Vec<Window>) {
    let hz = config.source_rate.hz();
    let mut chain = Chain::prepare(config).unwrap();
    let mut windows = Vec::new();
    for (row, onset) in onsets.iter().enumerate() {
        chain.push_onset(Some(row as u16), *onset);
    }
    for (i, frame) in frames.iter().enumerate() {
        chain.push_frame(meta(i, hz), frame);
        drain(&mut chain, &mut windows);
    }
    (chain, windows)
}

/// What a window is about, and its bits.
pub fn bits(window: &Window) -> (Option<u16>, Vec<u32>, String) {
    let Lock::Stimulus { row, .. } = window.lock else {
        return (None, Vec::new(), String::new());
    };
    let samples = window.samples_uv.iter().map(|v| v.to_bits()).collect();
    (row, samples, format!("{:?} {}", window.abstain, window.last_sample_secs))
}
