//! Feeds stamps of even and uneven senders, with losses, stalls and clocks that are set.

use super::*;

/// Feeds stamps that arrive when they say; total lost, gaps, resets, and the last index.
fn run(rate_hz: f64, stamps: impl IntoIterator<Item = f64>) -> (u64, u64, u64, u64) {
    let mut detector = GapDetector::new(rate_hz);
    let (mut lost, mut gaps, mut resets, mut index) = (0, 0, 0, 0);
    for stamp in stamps {
        let verdict = detector.next(stamp, stamp);
        lost += verdict.lost;
        gaps += u64::from(verdict.gap);
        resets += u64::from(verdict.clock_reset);
        index = verdict.index;
    }
    (lost, gaps, resets, index)
}

/// A repeatable number in 0..1, no two neighbours alike.
fn noise(i: u64) -> f64 {
    let x = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((x ^ (x >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn even_stamps_lose_nothing_and_losses_are_exact() {
    let all = |i: &u64| !(1000..1007).contains(i) && *i != 2000;
    assert_eq!(run(250.0, (0..5000).map(|i| i as f64 / 250.0)), (0, 0, 0, 4999));
    assert_eq!(run(250.0, (0..5000).filter(all).map(|i| i as f64 / 250.0)), (8, 2, 0, 4999));
}

#[test]
fn an_even_sender_that_is_held_up_and_catches_up_loses_nothing() {
    for stall in [0.0065, 0.0513, 0.2015, 0.4027] {
        // The frames that were due meanwhile come in one go.
        let due = |i: u64| i as f64 / 250.0;
        let stamps = (0..5000).map(|i| {
            let late = 8.0 + stall - due(i);
            due(i) + if due(i) >= 8.0 { late.max(0.0) + i as f64 * 1e-9 } else { 0.0 }
        });
        assert_eq!(run(250.0, stamps).0, 0, "{stall} s");
    }
}

#[test]
fn a_long_loss_of_an_even_sender_off_its_rate_is_exact() {
    // At once; when the next step is even again where the clock slipped by a part of a period meanwhile.
    for (at, slip, counted_at) in [(200, 0.0, 200), (1000, 0.0, 1000), (1000, 0.3, 1001)] {
        let kept = |i: &u64| !(at..at + 90).contains(i);
        let stamp = |i: u64| (i as f64 + if i < at { 0.0 } else { slip }) / 250.6;
        let mut detector = GapDetector::new(250.0);
        let mut found = Vec::new();
        for (i, stamp) in (0..5000).filter(kept).map(stamp).enumerate() {
            let verdict = detector.next(stamp, stamp);
            if verdict.lost > 0 {
                found.push((i as u64, verdict.lost, verdict.gap));
            }
        }
        assert_eq!(found, [(counted_at, 90, true)]);
    }
}

#[test]
fn frequent_losses_between_even_stamps_are_exact_and_no_slower_rate() {
    for (share, true_hz) in [(0.01, 250.0), (0.05, 250.0), (0.2, 250.0), (0.05, 251.0)] {
        let kept = |i: &u64| noise(*i) >= share || *i == 0 || *i == 9999;
        let missing = (0..10_000_u64).filter(|i| !kept(i)).count() as u64;
        let stamps = (0..10_000_u64).filter(kept).map(|i| i as f64 / true_hz);
        let (lost, _, resets, index) = run(250.0, stamps);
        assert_eq!((lost, resets, index), (missing, 0, 9999), "{share} at {true_hz} Hz");
    }
}

#[test]
fn a_wrong_nominal_rate_is_drift_and_not_loss() {
    for true_hz in [249.0, 250.03, 251.0] {
        let (lost, gaps, ..) = run(250.0, (0..100_000).map(|i| f64::from(i) / true_hz));
        assert_eq!((lost, gaps), (0, 0), "{true_hz} Hz");
    }
}

#[test]
fn stamps_on_arrival_with_jitter_and_stalls_lose_nothing() {
    // Up to 6 ms late, and one stall in which frames are delayed by up to 200 ms and then caught up.
    let late = |i: u64| if (3000..3050).contains(&i) { (3050 - i) as f64 / 250.0 } else { 0.0 };
    let stamps = (0..20_000).map(|i| i as f64 / 250.0 + 0.006 * noise(i) + late(i));
    assert_eq!(run(250.0, stamps).0, 0);
}

#[test]
fn a_long_silence_under_jitter_is_marked_at_once_and_counted_once() {
    let kept = |i: &u64| !(5000..5250).contains(i);
    let mut detector = GapDetector::new(250.0);
    let (mut lost, mut gaps) = (0, Vec::new());
    for i in (0..20_000).filter(kept) {
        let stamp = i as f64 / 250.0 + 0.003 * noise(i);
        let verdict = detector.next(stamp, stamp);
        lost += verdict.lost;
        gaps.extend(verdict.gap.then_some(i));
    }
    assert_eq!(gaps, [5250]);
    assert!((249..=251).contains(&lost), "{lost}");
}

#[test]
fn a_loss_under_jitter_is_found_and_counted_once() {
    let kept = |i: &u64| !(5000..5100).contains(i);
    let stamps = (0..20_000).filter(kept).map(|i| i as f64 / 250.0 + 0.003 * noise(i));
    let (lost, gaps, _, index) = run(250.0, stamps);
    assert!((99..=101).contains(&lost), "{lost}");
    assert_eq!(gaps, 1);
    assert_eq!(index, 19_899 + lost);
}

#[test]
fn chunks_with_one_stamp_each_lose_nothing() {
    // Chunks of 16 frames, stamped as one, up to 10 ms late.
    let stamps = (0..20_000_u64).map(|i| i as f64 / 256.0 + 0.010 * noise(i / 16));
    assert_eq!(run(256.0, stamps).0, 0);
}

#[test]
fn another_clock_is_a_reset_and_never_a_huge_loss() {
    let jump = |i: u64| if i < 1000 { 0.0 } else { 1e9 };
    let (lost, gaps, resets, _) = run_with_steady_arrival(|i| i as f64 / 250.0 + jump(i));
    assert_eq!((lost, gaps, resets), (0, 1, 1));
    let (lost, _, resets, _) = run_with_steady_arrival(|i| i as f64 / 250.0 - jump(i));
    assert_eq!((lost, resets), (0, 1));
}

fn run_with_steady_arrival(stamp: impl Fn(u64) -> f64) -> (u64, u64, u64, u64) {
    let mut detector = GapDetector::new(250.0);
    let mut sum = (0, 0, 0, 0);
    for i in 0..3000 {
        let verdict = detector.next(stamp(i), i as f64 / 250.0);
        sum.0 += verdict.lost;
        sum.1 += u64::from(verdict.gap);
        sum.2 += u64::from(verdict.clock_reset);
        sum.3 = verdict.index;
    }
    sum
}

#[test]
fn stamps_that_are_no_numbers_do_no_harm() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 0.0, -1.0];
    let stamps = (0..4000_u64)
        .map(|i| if i % 7 == 3 { odd[(i / 7) as usize % odd.len()] } else { i as f64 / 250.0 });
    assert!(run(250.0, stamps).3 >= 3999);
    // What is lost after them is still found.
    let odd = |i: u64| if i == 300 { f64::INFINITY } else { i as f64 / 250.0 };
    let stamps = (0..2000_u64).filter(|i| !(900..950).contains(i)).map(odd);
    assert_eq!(run(250.0, stamps).3, 1999);
}

#[test]
fn coming_back_counts_the_time_away() {
    let mut detector = GapDetector::new(250.0);
    detector.next(0.0, 0.0);
    assert_eq!(detector.resume(1.0), 249);
    assert_eq!(detector.next(77.0, 1.0).index, 250);
    assert_eq!(detector.resume(f64::NAN), 0);
}
