//! Cost of the signal path, quality and gate included: time to process one second of signal. A result of 10 ms is
//! 1 % of one core. Frames come in blocks of [`BLOCK`], as from a ring that is emptied every few milliseconds.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use phosphene::dsp::quality::electrodes::QualityMeter;
use phosphene::dsp::{Chain, ChainConfig, GateConfig, Reference, Windows};
use phosphene::signal::FrameMeta;
use phosphene::units::SampleRate;

/// Frames that come at once.
const BLOCK: usize = 16;

/// Channels of the pack.
const PACK_CHANNELS: usize = 16;

fn config(channels: usize, source_hz: f64) -> Option<ChainConfig> {
    let wanted = channels.min(PACK_CHANNELS);
    let mut mapping = vec![0.0; wanted * channels];
    (0..wanted).for_each(|c| mapping[c * channels + c * channels / wanted] = 1.0);
    Some(ChainConfig {
        source_rate: SampleRate::new(source_hz).ok()?,
        source_channels: channels,
        mapping,
        channels: wanted,
        rate: SampleRate::new(250.0).ok()?,
        band_hz: [0.5, 40.0],
        band_order: 4,
        notch_hz: Some(50.0),
        reference: Reference::CommonAverage,
        window_secs: [0.0, 0.8],
        baseline_secs: Some([-0.2, 0.0]),
        windows: Windows { locked: false, flashes: false, free: true, hop_secs: 0.04 },
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
    let noise = |i: usize| (i.wrapping_mul(2_654_435_761) % 4001) as f32 * 0.01;
    let signal: Vec<f32> = (0..channels * source_hz).map(noise).collect();
    let mut first = 0;
    c.bench_function(&format!("chain, 1 s of {channels} channels at {source_hz} Hz"), |b| {
        b.iter(|| {
            for raw_uv in signal.chunks(BLOCK * channels) {
                let frames = raw_uv.len() / channels;
                let metas: [FrameMeta; BLOCK] = std::array::from_fn(|i| {
                    let time_secs = (first + i as u64) as f64 / source_hz as f64;
                    let index = first + i as u64;
                    FrameMeta { index, time_secs, arrival_secs: time_secs, gap_before: false }
                });
                chain.push_block(&metas[..frames], raw_uv, &mut |_, window| {
                    black_box(window);
                });
                first += frames as u64;
            }
        });
    });
}

fn chain(c: &mut Criterion) {
    one_second(c, 8, 250);
    one_second(c, 64, 1000);
    for channels in [64, 256, 1024] {
        one_second(c, channels, 4096);
    }
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
