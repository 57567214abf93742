//! BrainFlow's Cyton driver against a device on a pseudo-terminal: values, losses, unplugging.

use phosphene::source::brainflow::BrainflowSource;
use phosphene::source::{ReadStatus, Source};

use super::pty::{FakeCyton, count_of};
use crate::harness::brainflow::{one_at_a_time, prepared, read_until};

/// Microvolts per count at gain 24 with the ADS1299's 4.5 V reference (OpenBCI, Cyton data format).
const UV_PER_COUNT: f64 = 4.5 / ((1 << 23) as f64 - 1.0) / 24.0 * 1e6;

struct Bench {
    device: FakeCyton,
    source: BrainflowSource,
    dir: tempfile::TempDir,
}

fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("port");
    let device = FakeCyton::plug_in(&link);
    let (source, info) = prepared(&format!("cyton,serial_port={}", link.display()));
    assert_eq!(info.channels, ["Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2"]);
    assert!(!info.simulated);
    Bench { device, source, dir }
}

#[test]
fn values_arrive_in_microvolts() {
    let _turn = one_at_a_time();
    let mut bench = bench();
    let read = read_until(&mut bench.source, 8, |read| read.frames.len() >= 400);
    for (i, frame) in read.frames.iter().enumerate() {
        assert_eq!(frame.index, i as u64);
        for channel in 0..8 {
            let expected = f64::from(count_of(i as u64, channel)) * UV_PER_COUNT;
            let got = f64::from(read.values_uv[i * 8 + channel]);
            assert!(
                (got - expected).abs() <= expected.abs() * 1e-6,
                "frame {i}: {got} for {expected} µV"
            );
        }
    }
    assert_eq!(bench.source.counters().lost, 0);
}

#[test]
fn losses_below_and_above_one_turn_of_the_counter_are_counted_exactly() {
    let _turn = one_at_a_time();
    let mut bench = bench();
    let mut frames = read_until(&mut bench.source, 8, |read| read.frames.len() >= 300).frames.len();
    let mut lost = 0;
    for (gaps, planted) in [(1, 10), (2, 300)] {
        bench.device.lose(planted);
        lost += planted;
        let after = read_until(&mut bench.source, 8, |read| read.frames.len() >= 400);
        frames += after.frames.len();
        let counters = bench.source.counters();
        assert_eq!((counters.lost, counters.gaps), (lost, gaps), "{planted} planted");
        assert!(after.frames.iter().any(|frame| frame.gap_before));
        assert_eq!(after.frames.last().unwrap().index + 1, frames as u64 + lost);
    }
}

#[test]
fn an_unplugged_board_is_lost_and_found_again() {
    let _turn = one_at_a_time();
    let mut bench = bench();
    let before = read_until(&mut bench.source, 8, |read| read.frames.len() >= 200);
    bench.device.unplug();
    read_until(&mut bench.source, 8, |read| read.last_status() == Some(ReadStatus::Lost));
    bench.device = FakeCyton::plug_in(&bench.dir.path().join("port"));
    let after = read_until(&mut bench.source, 8, |read| read.frames.len() >= 200);
    let counters = bench.source.counters();
    assert_eq!((counters.reconnects, counters.gaps), (1, 1));
    assert!(after.frames[0].gap_before);
    // The index went on by the time that passed, so that index and clock still agree.
    let (first, last) = (before.frames[0], after.frames[after.frames.len() - 1]);
    let by_clock = (last.time_secs - first.time_secs) * 250.0;
    assert!(
        ((last.index - first.index) as f64 - by_clock).abs() < 10.0,
        "{by_clock} {}",
        last.index
    );
}
