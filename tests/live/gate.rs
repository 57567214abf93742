//! The gate's reasons, the running quality and the display filter, on signals made for each.

use std::f64::consts::TAU;

use phosphene::dsp::display::{DisplayDesign, DisplayFilter};
use phosphene::dsp::{BandStatistics, Chain, ChainConfig, GateConfig, Verdict, design};
use phosphene::signal::Abstention;

use crate::harness::dsp::{Noise, config, meta, noise_frames, rate, run};

/// The verdict on the one window at 2.0–2.8 s of a signal given frame by frame.
fn verdict_on(
    gate: GateConfig,
    signal: impl Fn(usize, [f32; 3]) -> [f32; 3],
) -> Option<Abstention> {
    let noise = noise_frames(800, 21);
    let frames: Vec<_> = noise.into_iter().enumerate().map(|(i, f)| signal(i, f)).collect();
    let (_, windows) = run(ChainConfig { gate, ..config(250.0) }, &frames, &[102.0]);
    assert_eq!(windows.len(), 1);
    windows[0].abstain
}

#[test]
fn noise_like_eeg_passes() {
    assert_eq!(verdict_on(GateConfig::default(), |_, frame| frame), None);
}

#[test]
fn a_flat_channel_of_two_is_too_many() {
    let flat = |_, [a, b, _]: [f32; 3]| [a, b, 7.0];
    assert_eq!(verdict_on(GateConfig::default(), flat), Some(Abstention::Flat));
    let lenient = GateConfig { flat_share: 0.5, ..GateConfig::default() };
    assert_eq!(verdict_on(lenient, flat), None);
}

#[test]
fn channels_at_the_rail_are_saturated() {
    let stuck = |i, [a, b, c]: [f32; 3]| [a, b, if i > 600 { 187_500.0 } else { c }];
    assert_eq!(verdict_on(GateConfig::default(), stuck), Some(Abstention::Saturated));
    let noisy = |i, [a, b, c]: [f32; 3]| [a, b, if i > 600 { 4000.0 + c * 0.01 } else { c }];
    let rail = GateConfig { rail_uv: Some(4000.0), ..GateConfig::default() };
    assert_eq!(verdict_on(rail, noisy), Some(Abstention::Saturated));
}

#[test]
fn a_blink_is_an_artefact() {
    let blink = |i: usize, [a, b, c]: [f32; 3]| {
        let hump = 400.0 * (-((i as f32 - 600.0) / 20.0).powi(2)).exp();
        [a, b, c + hump]
    };
    assert_eq!(verdict_on(GateConfig::default(), blink), Some(Abstention::Artefact));
}

#[test]
fn a_value_that_is_not_a_number_refuses_the_window_and_heals() {
    let nan = |i, [a, b, c]: [f32; 3]| [a, if i == 560 { f32::NAN } else { b }, c];
    assert_eq!(verdict_on(GateConfig::default(), nan), Some(Abstention::NotFinite));
    let mut frames = noise_frames(1500, 22);
    frames[300] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    let (_, windows) = run(config(250.0), &frames, &[104.0]);
    assert_eq!(windows[0].abstain, None);
    assert!(windows[0].samples_uv.iter().all(|v| v.is_finite()));
}

#[test]
fn test_tones_are_not_eeg_at_any_frequency_between_bins() {
    for tenths in [50, 56, 100, 107, 153, 201, 305, 370] {
        let hz = f64::from(tenths) / 10.0;
        let tone = |i: usize, frame: [f32; 3]| {
            let wave = (30.0 * (TAU * hz * i as f64 / 250.0).sin()) as f32;
            frame.map(|v| v * 0.1 + wave)
        };
        let verdict = verdict_on(GateConfig::default(), tone);
        assert_eq!(verdict, Some(Abstention::NotEeg), "{hz} Hz");
    }
}

#[test]
fn strong_alpha_on_noise_is_eeg() {
    let alpha = |i: usize, frame: [f32; 3]| {
        frame.map(|v| v + (10.0 * (TAU * 10.0 * i as f64 / 250.0).sin()) as f32)
    };
    assert_eq!(verdict_on(GateConfig::default(), alpha), None);
}

#[test]
fn a_spectrum_far_from_the_training_windows_is_foreign() {
    // White noise of 11.5 µV deviation at 250 Hz: 133 µV² / 125 Hz, times each band's width.
    let density: f64 = 133.0 / 125.0;
    let mean = [3.75, 3.75, 5.0, 17.5, 10.0].map(|width: f64| (density * width).log10());
    let gate = |mean| GateConfig {
        training: Some(BandStatistics { mean, std: [0.2; 5] }),
        ..GateConfig::default()
    };
    assert_eq!(verdict_on(gate(mean), |_, frame| frame), None);
    let foreign = Some(Abstention::OutOfDistribution);
    assert_eq!(verdict_on(gate(mean.map(|m| m + 1.5)), |_, frame| frame), foreign);
    assert_eq!(verdict_on(gate(mean), |_, frame| frame.map(|v| v * 0.05)), foreign);
}

#[test]
fn channels_without_a_source_do_not_count_as_flat() {
    let mapping = vec![0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
    let config = ChainConfig { mapping, ..config(250.0) };
    let (_, windows) = run(config, &noise_frames(800, 23), &[102.0]);
    assert_eq!(windows[0].abstain, None);
    assert!(windows[0].channel(1).iter().all(|v| *v == 0.0));
}

#[test]
fn quality_tells_good_humming_and_dead_channels_apart() {
    let mut chain = Chain::prepare(config(250.0)).unwrap();
    let mut noise = Noise(24);
    for i in 0..240 {
        chain.push_frame(meta(i, 250.0), &[noise.next_uv(), noise.next_uv(), 1234.0]);
    }
    assert!(chain.quality().iter().all(|q| q.verdict == Verdict::Unknown));
    for i in 240..1000 {
        let hum = (30.0 * (TAU * 50.0 * i as f64 / 250.0).sin()) as f32;
        chain.push_frame(meta(i, 250.0), &[noise.next_uv(), noise.next_uv() + hum, 1234.0]);
    }
    let [good, humming, dead] = chain.quality() else { panic!("three channels") };
    assert_eq!(good.verdict, Verdict::Good);
    // White noise in 0.5–40 of 125 Hz: 11.5 µV · √(39.5 / 125) = 6.5 µV, a little more at the skirts.
    assert!((5.0..8.5).contains(&good.std_uv), "{good:?}");
    assert!(good.mains_share < 0.15, "{good:?}");
    assert_eq!(humming.verdict, Verdict::Fair);
    // 450 µV² of hum, and 133 µV² · 99 / 125 of noise.
    assert!((humming.mains_share - 0.81).abs() < 0.05, "{humming:?}");
    assert!((5.0..8.5).contains(&humming.std_uv), "the notch removes the hum: {humming:?}");
    assert_eq!(dead.verdict, Verdict::Bad);
}

#[test]
fn display_filter_starts_settled_and_takes_up_a_new_design() {
    let fs = rate(250.0);
    let design = DisplayDesign::new(0.5, 40.0, 50.0, fs).unwrap();
    let mut filter = DisplayFilter::prepare(1, &design);
    for _ in 0..10 {
        let mut frame = [80_000.0];
        filter.process_in_place(&mut frame);
        assert!(frame[0].abs() < 1e-2, "the offset is gone from the first frame on: {}", frame[0]);
    }
    filter.set_design(&DisplayDesign::new(0.0, 0.0, 0.0, fs).unwrap());
    let mut frame = [80_000.0];
    filter.process_in_place(&mut frame);
    assert_eq!(frame, [80_000.0]);
}

#[test]
fn display_designs_leave_out_what_the_rate_cannot_hold() {
    let fs = rate(64.0);
    let design = DisplayDesign::new(0.5, 40.0, 50.0, fs).unwrap();
    assert_eq!(design, DisplayDesign::new(0.5, 0.0, 0.0, fs).unwrap());
    assert!(DisplayDesign::new(32.0, 0.0, 0.0, fs).is_err());
    assert!(DisplayDesign::new(-1.0, 0.0, 0.0, fs).is_err());
    let design = DisplayDesign::new(1.0, 30.0, 50.0, rate(250.0)).unwrap();
    assert!(design::gain_at(design.sections(), 50.0, rate(250.0)) < 1e-6);
    assert!((design::gain_at(design.sections(), 1.0, rate(250.0)) - 0.707).abs() < 0.01);
}
