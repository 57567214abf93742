//! Cost of the signal path: time to process one second of signal. A result of 10 ms is 1 % of one core.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use phosphene::dsp::quality::electrodes::QualityMeter;
use phosphene::dsp::{Chain, ChainConfig, GateConfig, Reference, Windows};
use phosphene::signal::{FrameMeta, Window};
use phosphene::units::SampleRate;

fn config(channels: usize, source_hz: f64) -> Option<ChainConfig> {
    let mut mapping = vec![0.0; channels * channels];
    (0..channels).for_each(|c| mapping[c * channels + c] = 1.0);
    Some(ChainConfig {
        source_rate: SampleRate::new(source_hz).ok()?,
        source_channels: channels,
        mapping,
        channels,
        rate: SampleRate::new(250.0).ok()?,
        band_hz: [0.5, 40.0],
        band_order: 4,
        notch_hz: Some(50.0),
        reference: Reference::CommonAverage,
        window_secs: [0.0, 0.8],
        baseline_secs: Some([-0.2, 0.0]),
        windows: Windows { locked: false, free: true, hop_secs: 0.25 },
        settle_secs: 2.0,
        gate: GateConfig::default(),
    })
}

fn one_second(c: &mut Criterion, channels: usize, source_hz: usize) {
    let Some(mut chain) =
        config(channels, source_hz as f64).and_then(|config| Chain::prepare(config).ok())
    else {
        return;
    };
    let mut window = Window::with_shape(channels, chain.window_samples());
    let noise = |i: usize| (i.wrapping_mul(2_654_435_761) % 4001) as f32 * 0.01;
    let signal: Vec<f32> = (0..channels * source_hz).map(noise).collect();
    let mut index = 0;
    c.bench_function(&format!("chain, 1 s of {channels} channels at {source_hz} Hz"), |b| {
        b.iter(|| {
            for frame in signal.chunks_exact(channels) {
                let time_secs = index as f64 / source_hz as f64;
                let meta =
                    FrameMeta { index, time_secs, arrival_secs: time_secs, gap_before: false };
                chain.push_frame(meta, frame);
                index += 1;
                while chain.pop_window(time_secs, &mut window) {
                    black_box(&window);
                }
            }
        });
    });
}

fn chain(c: &mut Criterion) {
    one_second(c, 64, 1000);
    one_second(c, 8, 250);
}

/// The verdicts on electrodes alone, in blocks of 4 ms.
fn quality(c: &mut Criterion) {
    let source_hz = 4096;
    for channels in [64, 256, 1024] {
        let Ok(rate) = SampleRate::new(source_hz as f64) else { return };
        let Ok(mut meter) = QualityMeter::prepare(rate, channels, Some(50.0)) else { return };
        let noise = |i: usize| (i.wrapping_mul(2_654_435_761) % 4001) as f32 * 0.01;
        let signal: Vec<f32> = (0..channels * source_hz).map(noise).collect();
        let railed = vec![false; channels * 16];
        c.bench_function(&format!("quality, 1 s of {channels} channels at {source_hz} Hz"), |b| {
            b.iter(|| {
                for block in signal.chunks_exact(channels * 16) {
                    meter.push_block(block, block, &railed);
                }
                black_box(meter.qualities());
            });
        });
    }
}

criterion_group!(benches, chain, quality);
criterion_main!(benches);
