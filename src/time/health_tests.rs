//! A stream's time, against truths that are known: rates, chunks, losses, jitter, drift.

use super::*;

/// A repeatable number in 0..1, no two neighbours alike.
fn noise(i: u64) -> f64 {
    let x = i.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((x ^ (x >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11) as f64 / (1_u64 << 53) as f64
}

/// About normal, variance 1: a sum of twelve.
fn normal(i: u64) -> f64 {
    (0..12).map(|k| noise(i * 12 + k)).sum::<f64>() - 6.0
}

fn at(index: u64, time_secs: f64, arrival_secs: f64) -> FrameMeta {
    FrameMeta { index, time_secs, arrival_secs, gap_before: false }
}

/// A stream of `rate_hz` for `secs`, each frame up to 2 ms on its way.
fn steady(nominal_hz: f64, rate_hz: f64, secs: f64) -> HealthMeter {
    let mut meter = HealthMeter::new(nominal_hz, true);
    for i in 0..(secs * rate_hz) as u64 {
        let taken = 1000.0 + i as f64 / rate_hz;
        meter.frame(&at(i, taken, taken + 0.002 * noise(i)));
    }
    meter
}

#[test]
fn a_stream_that_keeps_time_has_nothing_to_tell() {
    let health = steady(250.0, 250.0, 90.0).health(1090.0);
    let rate_hz = health.rate_hz.unwrap();
    assert!((rate_hz - 250.0).abs() < 0.02, "{health:?}");
    assert!(health.jitter_secs.unwrap() < 1e-6, "{health:?}");
    assert_eq!((health.chunk_secs, health.lost, health.drift_ppm), (None, 0, None));
    assert!((59.0..=60.0).contains(&health.span_secs), "{health:?}");
    assert!((14_700..=15_000).contains(&health.received), "{health:?}");
}

#[test]
fn one_percent_off_its_rate_is_told_to_a_twentieth_of_that() {
    for (true_hz, share) in [(252.5, 0.01), (247.5, -0.01)] {
        let health = steady(250.0, true_hz, 20.0).health(1020.0);
        assert!((health.rate_hz.unwrap() - true_hz).abs() < 0.1, "{health:?}");
        assert!((health.rate_off().unwrap() - share).abs() < 5e-4, "{health:?}");
    }
    let early = steady(250.0, 252.5, 3.0).health(1003.0);
    assert_eq!(early.rate_hz, None, "nothing is said before there is enough to say it from");
}

#[test]
fn chunks_of_two_seconds_are_chunks_and_the_rate_stands() {
    let mut meter = HealthMeter::new(250.0, true);
    for i in 0..250 * 60_u64 {
        let sent = 1000.0 + (i / 500 + 1) as f64 * 2.0;
        // One packet comes in parts.
        let parts = 0.03 * (i % 500 / 250) as f64;
        meter.frame(&at(i, 1000.0 + i as f64 / 250.0, sent + parts + 0.001 * noise(i / 500)));
    }
    let health = meter.health(1060.0);
    assert!((health.chunk_secs.unwrap() - 2.0).abs() < 0.1, "{health:?}");
    assert!((health.rate_hz.unwrap() - 250.0).abs() < 0.1, "{health:?}");
    assert!((health.longest_wait_secs - 2.0).abs() < 0.04, "{health:?}");
}

#[test]
fn a_stall_among_single_frames_is_no_chunk() {
    let mut meter = HealthMeter::new(250.0, true);
    for i in 0..250 * 40_u64 {
        let taken = 1000.0 + i as f64 / 250.0;
        let held = if (1020.0..1023.0).contains(&taken) { 1023.0 - taken } else { 0.0 };
        meter.frame(&at(i, taken, taken + held));
    }
    let health = meter.health(1040.0);
    assert_eq!(health.chunk_secs, None, "{health:?}");
    assert!((health.longest_wait_secs - 3.0).abs() < 0.01, "{health:?}");
    assert!((health.rate_hz.unwrap() - 250.0).abs() < 0.05, "{health:?}");
}

#[test]
fn losses_are_those_of_the_last_minute_by_counter_and_by_clock() {
    let mut meter = HealthMeter::new(250.0, true);
    let (mut lost, mut kept) = (0, 0_u64);
    for i in 0..250 * 120_u64 {
        // Every twentieth frame is lost in the second minute.
        if i >= 15_000 && i % 20 == 7 {
            lost += 1;
            continue;
        }
        kept += u64::from(i >= 15_000);
        let taken = 1000.0 + i as f64 / 250.0;
        meter.frame(&at(i, taken, taken));
        meter.counters(taken, (lost, lost / 2), (0.0, 0.0));
    }
    let health = meter.health(1119.99);
    assert_eq!((health.lost, health.lost_by_clock, health.received), (750, 375, kept));
    assert!((health.lost_share() - 0.05).abs() < 1e-12);
    assert!((health.rate_hz.unwrap() - 250.0).abs() < 0.02, "{health:?}");
    let later = meter.health(1200.0);
    assert_eq!((later.lost, later.received), (0, 0), "a silent minute has lost nothing more");
}

#[test]
fn jitter_of_stamps_is_measured() {
    let mut meter = HealthMeter::new(250.0, true);
    for i in 0..250 * 60_u64 {
        let taken = 1000.0 + i as f64 / 250.0;
        meter.frame(&at(i, taken + 0.003 * normal(i), taken));
    }
    let jitter_secs = meter.health(1060.0).jitter_secs.unwrap();
    assert!((jitter_secs - 0.003).abs() < 1e-4, "{jitter_secs}");
}

#[test]
fn drift_is_the_slope_of_the_offset_with_its_error() {
    let mut meter = HealthMeter::new(250.0, true);
    for k in 0..200_u64 {
        let now = 1000.0 + k as f64 * 5.0;
        let offset_secs = 3.0 + 40e-6 * (now - 1000.0) + 5e-5 * normal(k);
        for _ in 0..3 {
            meter.counters(now, (0, 0), (offset_secs, 1e-4));
        }
    }
    let (ppm, error) = meter.drift_ppm().unwrap();
    assert!((ppm - 40.0).abs() < 0.1 && error < 0.1, "{ppm} ± {error}");
    // A sender that was started anew has another clock; what was known of the old one is gone.
    meter.counters(3000.0, (0, 0), (-900.0, 1e-4));
    assert_eq!(meter.drift_ppm(), None);
}

#[test]
fn recordings_are_judged_by_their_stamps_and_odd_numbers_do_no_harm() {
    let mut meter = HealthMeter::new(250.0, false);
    for i in 0..250 * 20_u64 {
        meter.frame(&at(i, i as f64 / 251.0, 7.0));
    }
    let health = meter.health(7.0);
    assert!((health.rate_hz.unwrap() - 251.0).abs() < 1e-3, "{health:?}");
    assert_eq!(health.chunk_secs, None);
    let odd = [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN, -5.0, 1e18];
    for (i, secs) in odd.into_iter().cycle().take(600).enumerate() {
        meter.frame(&at(i as u64, secs, secs));
        let _ = meter.health(secs);
    }
}
