//! Artefact subspaces against asrpy 0.0.8. Tolerances are stated with each test; what is left is the order of sums, the
//! rounding of frames to `f32`, and an eigenvalue solver of another kind.

use phosphene::dsp::clean::asr::{Asr, Lengths};
use phosphene::dsp::clean::shaping::Shaping;
use phosphene::dsp::clean::spread;
use phosphene::dsp::clean::statistics::Statistics;
use phosphene::dsp::clean::windows;
use phosphene::units::SampleRate;

use super::signal::{CALIBRATION, CHANNELS, FRAMES, signal, vectors};

const WINDOW: usize = 125;
const STEP: usize = 5;

fn learned(signal: &[f32]) -> Statistics {
    let learn = &signal[..CALIBRATION * CHANNELS];
    let mask = windows::clean(learn, CHANNELS, WINDOW).unwrap();
    let kept = learn.chunks_exact(CHANNELS).zip(&mask).filter(|(_, clean)| **clean);
    let clean: Vec<f32> = kept.flat_map(|(frame, _)| frame.iter().copied()).collect();
    let shaping = Shaping::design(250.0).unwrap();
    Statistics::of(&clean, CHANNELS, WINDOW, 20.0, &shaping).unwrap()
}

fn cleaned(signal: &[f32], statistics: Statistics, delay: usize) -> (Vec<f32>, Vec<usize>) {
    let mut asr = Asr::prepare(SampleRate::new(250.0).unwrap(), CHANNELS, delay).unwrap();
    asr.set_statistics(Box::new(statistics));
    let (mut out, mut taken) = (signal.to_vec(), Vec::new());
    for frame in out.chunks_exact_mut(CHANNELS) {
        asr.process_frame(frame);
        taken.push(asr.taken());
    }
    (out, taken)
}

fn largest_relative(got: &[f64], want: &[Vec<f64>]) -> f64 {
    let want: Vec<f64> = want.iter().flatten().copied().collect();
    let size = want.iter().fold(0.0_f64, |size, v| size.max(v.abs()));
    got.iter().zip(&want).map(|(g, w)| (g - w).abs() / size).fold(0.0, f64::max)
}

/// Within 1e-9: both solve the same least squares, one by QR, one by singular values.
#[test]
fn the_weighting_is_asrpys() {
    let vectors = vectors();
    let of = |rate: f64| Shaping::design(rate).unwrap();
    let mut all = vec![(of(250.0), vectors.asr.b, vectors.asr.a)];
    all.extend(vectors.filters.into_iter().map(|f| (of(f.rate), f.b, f.a)));
    for (got, b, a) in all {
        for (got, want) in got.b.iter().chain(&got.a).zip(b.iter().chain(&a)) {
            assert!((got - want).abs() < 1e-9, "{got} {want}");
        }
    }
    assert!(Shaping::design(99.0).is_err());
    assert!(Shaping::design(f64::NAN).is_err());
}

/// Within 1e-9 of the value: the same grid search finds the same place.
#[test]
fn clean_amplitudes_are_found_as_asrpy_does() {
    let (signal, vectors) = (signal(), vectors());
    for (c, [mean, deviation]) in vectors.asr.spreads.into_iter().enumerate() {
        let power = |i: usize| f64::from(signal[i * CHANNELS + c]).powi(2);
        let amplitude = |at: usize| ((at..at + WINDOW).map(power).sum::<f64>() / 125.0).sqrt();
        let amplitudes: Vec<f64> = (0..CALIBRATION - WINDOW).step_by(42).map(amplitude).collect();
        let got = spread::fit(&amplitudes).unwrap();
        assert!((got.mean / mean - 1.0).abs() < 1e-9, "{got:?} {mean}");
        assert!((got.deviation / deviation - 1.0).abs() < 1e-9, "{got:?} {deviation}");
    }
    assert_eq!(spread::fit(&[1.0; 10]), None, "too few");
    assert_eq!(spread::fit(&[1.0; 100]), None, "no spread");
    assert_eq!(spread::fit(&[f64::NAN; 100]), None);
}

#[test]
fn the_clean_stretches_are_asrpys() {
    let (signal, vectors) = (signal(), vectors());
    let mask = windows::clean(&signal[..CALIBRATION * CHANNELS], CHANNELS, WINDOW).unwrap();
    let turns = (1..mask.len()).filter(|i| mask[*i] != mask[i - 1]);
    let turns: Vec<usize> = (0..1).filter(|i| !mask[*i]).chain(turns).collect();
    assert_eq!(turns, vectors.asr.kept);
    assert_eq!(mask.iter().filter(|m| **m).count(), vectors.asr.kept_frames);
    assert_eq!(windows::clean(&signal[..2000], CHANNELS, WINDOW), None, "one second");
}

/// Within 1e-6 of the largest entry.
#[test]
fn covariance_and_thresholds_are_asrpys() {
    let vectors = vectors();
    let got = learned(&signal());
    let error = largest_relative(&got.covariance, &vectors.asr.covariance);
    assert!(error < 1e-6, "covariance {error}");
    let error = largest_relative(&got.bound, &vectors.asr.bound);
    assert!(error < 1e-6, "thresholds {error}");
}

/// Within 1e-4 µV of signals of up to 300 µV (5e-6 was seen): an eigenvector that is nearly another's equal turns a little, and frames are
/// rounded to `f32`.
#[test]
fn what_comes_out_is_asrpys() {
    let (signal, vectors) = (signal(), vectors().asr);
    let statistics = learned(&signal);
    let cases = [
        ("causal, as with a lookahead of 1 − step", 0, &vectors.causal),
        ("no lookahead", STEP - 1, &vectors.none),
        ("a quarter of a second", STEP - 1 + 62, &vectors.quarter),
    ];
    assert!(vectors.causal_changed > 80, "asrpy took something out");
    for (name, delay, want) in cases {
        let (got, taken) = cleaned(&signal, statistics.clone(), delay);
        let mut worst = 0.0_f64;
        for (at, want) in vectors.at.iter().zip(want) {
            for (got, want) in got[(at + delay) * CHANNELS..].iter().zip(want) {
                worst = worst.max((f64::from(*got) - want).abs());
            }
        }
        assert!(worst < 1e-4, "{name}: {worst} µV");
        assert!(taken.contains(&1) && taken.contains(&0), "{name}");
    }
}

/// Blinks are taken out, clean signal goes through to the last bit.
#[test]
fn what_is_clean_is_not_touched() {
    let signal = signal();
    let statistics = learned(&signal);
    let (got, taken) = cleaned(&signal, statistics, 0);
    let mut untouched = 0;
    for (at, taken) in taken.iter().enumerate().take(FRAMES) {
        let here = at * CHANNELS..(at + 1) * CHANNELS;
        if *taken == 0 {
            assert_eq!(got[here.clone()], signal[here]);
            untouched += 1;
        }
    }
    assert!(untouched > FRAMES / 2, "{untouched}");
    let peak = |values: &[f32]| (0..FRAMES).map(|t| values[t * CHANNELS].abs()).fold(0.0, f32::max);
    assert!(peak(&signal) > 300.0);
}

#[test]
fn lengths_follow_the_rate() {
    let at = |hz| Lengths::at(SampleRate::new(hz).unwrap());
    assert_eq!(at(250.0), Lengths { every: 1, step: 5, window: 125 });
    assert_eq!(at(256.0), Lengths { every: 1, step: 8, window: 128 });
    assert_eq!(at(128.0), Lengths { every: 1, step: 4, window: 64 });
    assert_eq!(at(4096.0), Lengths { every: 16, step: 8, window: 128 });
    assert_eq!(at(333.0), Lengths { every: 1, step: 10, window: 160 });
}

/// Twice as fast, the statistics look at every second frame: the same components go, but for half a step of the blend.
#[test]
fn a_faster_source_is_cleaned_alike() {
    let signal = signal();
    let statistics = learned(&signal);
    let (slow, _) = cleaned(&signal, statistics.clone(), 0);
    let mut asr = Asr::prepare(SampleRate::new(500.0).unwrap(), CHANNELS, 0).unwrap();
    asr.set_statistics(Box::new(statistics));
    let (mut difference, mut removed) = (0.0, 0.0);
    for (at, frame) in signal.chunks_exact(CHANNELS).enumerate() {
        let mut doubled = [0.0; CHANNELS];
        for _ in 0..2 {
            doubled.copy_from_slice(frame);
            asr.process_frame(&mut doubled);
        }
        for (c, value) in frame.iter().enumerate() {
            let other = slow[at * CHANNELS + c];
            difference += f64::from(doubled[c] - other).powi(2);
            removed += f64::from(value - other).powi(2);
        }
    }
    assert!(removed > 0.0 && difference < 0.01 * removed, "{difference} {removed}");
}
