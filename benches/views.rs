//! Cost of the views: time for one second of signal of 256 channels at 4096 Hz. A result of 10 ms is 1 % of one core.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use phosphene::dsp::display::DisplayDesign;
use phosphene::dsp::spectrogram::Spectrogram;
use phosphene::dsp::welch::RunningWelch;
use phosphene::signal::FrameMeta;
use phosphene::ui::panels::traces::history::History;
use phosphene::ui::panels::traces::peaks::Peaks;
use phosphene::units::SampleRate;

const CHANNELS: usize = 256;
const RATE_HZ: f64 = 4096.0;
/// Frames that come between two frames of the window.
const BLOCK: usize = 137;

fn noise() -> Vec<f32> {
    (0..CHANNELS * RATE_HZ as usize)
        .map(|i| (i.wrapping_mul(2_654_435_761) % 4001) as f32 * 0.01)
        .collect()
}

/// What the window's thread does for the traces: keep every frame, filter it, and its peaks at every resolution.
fn traces(c: &mut Criterion) {
    let signal = noise();
    let (mut history, mut peaks) = (History::default(), Peaks::default());
    history.reset(CHANNELS, RATE_HZ);
    let rate = SampleRate::new(RATE_HZ).unwrap_or(SampleRate::HZ_250);
    let Ok(design) = DisplayDesign::new(0.5, 40.0, 50.0, rate) else { return };
    let mut index = 0;
    c.bench_function("traces, 1 s of 256 channels at 4096 Hz", |b| {
        b.iter(|| {
            for block in signal.chunks(CHANNELS * BLOCK) {
                for frame in block.chunks_exact(CHANNELS) {
                    let time_secs = index as f64 / RATE_HZ;
                    history.push(FrameMeta { index, time_secs, ..FrameMeta::default() }, frame);
                    index += 1;
                }
                peaks.update(&history, &design);
            }
            black_box(&peaks);
        });
    });
}

/// What the thread beside the window does.
fn spectra(c: &mut Criterion) {
    let signal = noise();
    let rate = SampleRate::new(RATE_HZ).unwrap_or(SampleRate::HZ_250);
    let Ok(mut welch) = RunningWelch::prepare(CHANNELS, rate, [2.0, 8.0]) else { return };
    let mut density = vec![0.0; welch.bins()];
    c.bench_function("spectra, 1 s of 256 channels at 4096 Hz", |b| {
        b.iter(|| {
            for block in signal.chunks(CHANNELS * BLOCK) {
                welch.push(block);
            }
            for channel in 0..CHANNELS {
                welch.density(channel, &mut density);
            }
            black_box(&density);
        });
    });
    let Ok(mut spectrogram) = Spectrogram::prepare(4096, 410, rate) else { return };
    c.bench_function("spectrogram, 1 s of a channel at 4096 Hz", |b| {
        b.iter(|| {
            for value in &signal[..RATE_HZ as usize] {
                black_box(spectrogram.push(*value));
            }
        });
    });
}

criterion_group!(benches, traces, spectra);
criterion_main!(benches);
