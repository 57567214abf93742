//! Recordings with known faults: what is found must be what was done to them, over many seeds.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Account, settle};

const SEEDS: u64 = 200;
const RATES: [f64; 8] = [100.0, 125.0, 128.0, 200.0, 250.0, 256.0, 500.0, 512.0];
const ORIGIN_SECS: f64 = 1000.0;

/// Sum of twelve: near enough to a Gaussian of deviation 1.
fn gauss(draw: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| draw.random::<f64>()).sum::<f64>() - 6.0
}

fn delay(draw: &mut ChaCha8Rng, mean_secs: f64) -> f64 {
    -mean_secs * (1.0 - draw.random::<f64>()).ln()
}

/// Largest error of stamps in periods.
fn worst(stamps: &[f64], truth: &[f64], rate_hz: f64) -> f64 {
    let errors = stamps.iter().zip(truth).map(|(stamp, t)| (stamp - ORIGIN_SECS - t).abs());
    errors.fold(0.0, f64::max) * rate_hz
}

fn starts(account: &Account) -> Vec<usize> {
    account.runs.iter().skip(1).map(|run| run.start).collect()
}

/// Packets of twelve, stamped backwards from their arrival at 250 Hz.
struct Packets {
    truth: Vec<f64>,
    stamps: Vec<f64>,
    /// First sample behind each loss.
    losses: Vec<usize>,
}

const SIZE: usize = 12;

/// `stall`: nothing arrives, then all at once. `lost`: packets that never arrive.
fn packets(
    draw: &mut ChaCha8Rng,
    rate_hz: f64,
    stall: Option<(f64, f64)>,
    lost: &[usize],
) -> Packets {
    let mut made = Packets { truth: Vec::new(), stamps: Vec::new(), losses: Vec::new() };
    let (mut held, mut latest, mut after_loss) = (0, 0.0_f64, false);
    for packet in 0..(40.0 * rate_hz) as usize / SIZE {
        let taken = |i: usize| (packet * SIZE + i) as f64 / rate_hz;
        let last = taken(SIZE - 1);
        let mut arrival = last + delay(draw, 0.002);
        if let Some((from, to)) = stall.filter(|(from, to)| last >= *from && last < *to) {
            debug_assert!(from < to);
            arrival = to + f64::from(held) * 0.0007;
            held += 1;
        }
        latest = latest.max(arrival) + 1e-6;
        if lost.contains(&packet) {
            after_loss = true;
            continue;
        }
        if std::mem::take(&mut after_loss) {
            made.losses.push(made.truth.len());
        }
        for i in 0..SIZE {
            made.truth.push(taken(i));
            made.stamps.push(ORIGIN_SECS + latest - (SIZE - 1 - i) as f64 / 250.0);
        }
    }
    made
}

#[test]
fn a_dropout_is_a_gap_and_moves_nothing() {
    for seed in 0..SEEDS {
        let mut draw = ChaCha8Rng::seed_from_u64(seed);
        let rate = RATES[draw.random_range(0..RATES.len())];
        let at = draw.random_range(3 * rate as usize..15 * rate as usize);
        let long = draw.random_range((rate as usize / 20).max(5)..4 * rate as usize);
        let taken = (0..20 * rate as usize).filter(|i| !(at..at + long).contains(i));
        let truth: Vec<f64> = taken.map(|i| i as f64 / rate).collect();
        let mut stamps: Vec<f64> =
            truth.iter().map(|t| ORIGIN_SECS + t + 0.0005 * gauss(&mut draw)).collect();
        let account = settle(&mut stamps, 1.0 / rate);
        assert_eq!(starts(&account), [at], "seed {seed}");
        assert!(
            worst(&stamps, &truth, rate) < 0.5,
            "seed {seed}: {}",
            worst(&stamps, &truth, rate)
        );
        assert!(
            account.late.is_empty() && account.back.is_empty() && account.impossible.is_empty()
        );
    }
}

#[test]
fn lost_packets_are_gaps_whatever_their_jitter() {
    for seed in 0..SEEDS {
        let mut draw = ChaCha8Rng::seed_from_u64(seed);
        let (mut lost, mut next) = (Vec::new(), 40);
        for _ in 0..12 {
            let many = draw.random_range(1..12);
            lost.extend(next..next + many);
            next += many + draw.random_range(40..55);
        }
        let made = packets(&mut draw, 250.0, None, &lost);
        let mut stamps = made.stamps;
        let account = settle(&mut stamps, 1.0 / 250.0);
        assert_eq!(starts(&account), made.losses, "seed {seed}");
        assert!(worst(&stamps, &made.truth, 250.0) < 2.0, "seed {seed}");
    }
}

#[test]
fn what_comes_late_is_not_missing() {
    for seed in 0..SEEDS {
        let mut draw = ChaCha8Rng::seed_from_u64(seed);
        let (at, long) = (draw.random_range(5.0..25.0), draw.random_range(0.3..2.5));
        let made = packets(&mut draw, 250.0, Some((at, at + long)), &[]);
        let mut stamps = made.stamps;
        let account = settle(&mut stamps, 1.0 / 250.0);
        assert_eq!(account.runs.len(), 1, "seed {seed}: {:?}", account.runs);
        assert_eq!(account.late.len(), 1, "seed {seed}: {:?}", account.late);
        assert!((account.late[0].secs - long).abs() < 0.1, "seed {seed}: {:?}", account.late);
        assert!(worst(&stamps, &made.truth, 250.0) < 2.0, "seed {seed}");
    }
}

#[test]
fn a_loss_within_a_stall_is_one_gap_there() {
    for seed in 0..SEEDS {
        let mut draw = ChaCha8Rng::seed_from_u64(seed);
        let (at, long) = (draw.random_range(5.0..25.0_f64), draw.random_range(0.4..2.5_f64));
        let first = (at * 250.0 / 12.0) as usize + 2;
        let many = draw.random_range(3..((long * 250.0 / 12.0) as usize - 3).max(4));
        let long = long.max((many + 5) as f64 * 12.0 / 250.0);
        let lost: Vec<usize> = (first..first + many).collect();
        let made = packets(&mut draw, 250.0, Some((at, at + long)), &lost);
        let mut stamps = made.stamps;
        let account = settle(&mut stamps, 1.0 / 250.0);
        let found = starts(&account);
        assert_eq!(found.len(), 1, "seed {seed}: {found:?}");
        let place = made.truth[found[0]];
        assert!(place > at - 0.1 && place < at + long + 0.1, "seed {seed}: {place}, stall {at}");
        // Where in the stall the loss was the stamps do not tell; outside of it every sample has its time.
        let outside = (0..stamps.len()).filter(|i| {
            let t = made.truth[*i];
            t < at - 0.05 || t > at + long + 0.05
        });
        let error = |i: usize| (stamps[i] - ORIGIN_SECS - made.truth[i]).abs() * 250.0;
        assert!(outside.map(error).fold(0.0, f64::max) < 2.0, "seed {seed}");
    }
}

#[test]
fn a_rate_that_is_off_is_measured_and_no_gap() {
    for seed in 0..SEEDS {
        let mut draw = ChaCha8Rng::seed_from_u64(seed);
        let sign = if draw.random::<bool>() { 1.0 } else { -1.0 };
        let rate = 250.0 * (1.0 + sign * draw.random_range(0.004..0.02));
        let made = packets(&mut draw, rate, None, &[]);
        let mut stamps = made.stamps;
        let account = settle(&mut stamps, 1.0 / 250.0);
        assert_eq!(account.runs.len(), 1, "seed {seed}");
        assert!((1.0 / account.period_secs - rate).abs() < 0.05, "seed {seed}");
        assert!(worst(&stamps, &made.truth, rate) < 2.0, "seed {seed}");
    }
}

#[test]
fn impossible_stamps_are_counted_and_take_their_neighbours_time() {
    let truth: Vec<f64> = (0..5000).map(|i| f64::from(i) / 250.0).collect();
    for seed in 0..SEEDS {
        let mut draw = ChaCha8Rng::seed_from_u64(seed);
        let mut bad: Vec<usize> = (0..4).map(|_| draw.random_range(0..5000)).collect();
        let mut stamps: Vec<f64> = truth.iter().map(|t| ORIGIN_SECS + t).collect();
        for (place, value) in bad.iter().zip([f64::NAN, 1e15, f64::NEG_INFINITY, -4e9]) {
            stamps[*place] = value;
        }
        // Zero is impossible between neighbours that agree.
        let zero = draw.random_range(1..4999);
        stamps[zero] = 0.0;
        bad.push(zero);
        bad.sort_unstable();
        bad.dedup();
        if bad.windows(2).any(|pair| pair[1] - pair[0] < 3) {
            continue;
        }
        let account = settle(&mut stamps, 1.0 / 250.0);
        assert_eq!(account.impossible, bad, "seed {seed}");
        assert_eq!(account.runs.len(), 1, "seed {seed}");
        assert!(worst(&stamps, &truth, 250.0) < 1e-6, "seed {seed}");
    }
}

#[test]
fn a_clock_that_steps_back_goes_on_where_it_was() {
    for seed in 0..SEEDS {
        let mut draw = ChaCha8Rng::seed_from_u64(seed);
        let (at, back) = (draw.random_range(600..4400), draw.random_range(0.3..6.0));
        let truth: Vec<f64> = (0..5000).map(|i| f64::from(i) / 250.0).collect();
        let moved = |(i, t): (usize, &f64)| ORIGIN_SECS + t - if i < at { 0.0 } else { back };
        let mut stamps: Vec<f64> = truth.iter().enumerate().map(moved).collect();
        let account = settle(&mut stamps, 1.0 / 250.0);
        assert_eq!(starts(&account), [at], "seed {seed}");
        assert!((account.back[0].secs - back).abs() < 1e-6, "seed {seed}: {:?}", account.back);
        assert!(worst(&stamps, &truth, 250.0) < 0.01, "seed {seed}");
    }
}

#[test]
fn the_first_sample_may_stand_alone() {
    for alone in [0.02, 0.5, 3.0, 5.0] {
        let truth: Vec<f64> =
            std::iter::once(0.0).chain((0..3750).map(|i| alone + f64::from(i) / 250.0)).collect();
        let mut stamps: Vec<f64> = truth.iter().map(|t| ORIGIN_SECS + t).collect();
        let account = settle(&mut stamps, 1.0 / 250.0);
        assert_eq!(starts(&account), [1], "{alone}");
        assert!(worst(&stamps, &truth, 250.0) < 1e-6, "{alone}");
    }
}

#[test]
fn clean_jitter_gives_the_least_squares_line() {
    let mut draw = ChaCha8Rng::seed_from_u64(1);
    let mut stamps: Vec<f64> =
        (0..5000).map(|i| f64::from(i) / 250.0 + 0.0005 * gauss(&mut draw)).collect();
    let mut line = stamps.clone();
    crate::time::line::straighten(&mut line);
    settle(&mut stamps, 1.0 / 250.0);
    assert_eq!(stamps, line);
}

proptest! {
    #[test]
    fn any_stamps_are_survived(
        stamps in prop::collection::vec(prop::num::f64::ANY, 0..300),
        period in prop::num::f64::ANY,
    ) {
        let mut settled = stamps.clone();
        let account = settle(&mut settled, period);
        let covered: usize = account.runs.iter().map(|run| run.len()).sum();
        prop_assert_eq!(covered, stamps.len());
    }
}
