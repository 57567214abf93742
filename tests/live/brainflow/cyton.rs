//! BrainFlow's Cyton driver against a device on a pseudo-terminal: values, losses, damage, unplugging, the Daisy.

use phosphene::source::brainflow::BrainflowSource;
use phosphene::source::{ReadStatus, Source};

use super::device::firmware::{CHANNELS, count_of};
use super::device::{FakeCyton, Fate, Presence};
use crate::harness::brainflow::{Read, one_at_a_time, prepared, read_until};

/// Microvolts per count at gain 24 with the ADS1299's 4.5 V reference (OpenBCI, Cyton data format).
pub const UV_PER_COUNT: f64 = 4.5 / ((1 << 23) as f64 - 1.0) / 24.0 * 1e6;

/// A device and the source that reads it.
pub struct Bench {
    pub device: FakeCyton,
    pub source: BrainflowSource,
    pub channels: usize,
    pub dir: tempfile::TempDir,
}

impl Bench {
    /// A Cyton, as `cyton` or, with a Daisy, as `cyton_daisy`; `more` is added to the source.
    pub fn new(daisy: bool, more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("port");
        let device = FakeCyton::plug_in_as(&link, Presence::Board, daisy);
        let board = if daisy { "cyton_daisy" } else { "cyton" };
        let (source, info) = prepared(&format!("{board},serial_port={}{more}", link.display()));
        assert!(!info.simulated);
        Self { device, source, channels: info.channels.len(), dir }
    }

    /// Reads at least so many frames more.
    pub fn read(&mut self, frames: usize) -> Read {
        read_until(&mut self.source, self.channels, |read| read.frames.len() >= frames)
    }

    /// The value of one channel in one of the frames that were read, µV.
    pub fn value(&self, read: &Read, frame: usize, channel: usize) -> f64 {
        f64::from(read.values_uv[frame * self.channels + channel])
    }

    /// Everything lost so far, and at how many places. A computer that is busy enough is taken for a clock that was reset
    /// once in a while; that joins what belongs together, and loses nothing.
    pub fn lost(&self) -> (u64, u64) {
        let counters = self.source.counters();
        (counters.lost, counters.gaps - counters.clock_resets)
    }
}

#[test]
fn values_arrive_in_microvolts() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(false, "");
    let read = bench.read(400);
    for (i, frame) in read.frames.iter().enumerate() {
        assert_eq!(frame.index, i as u64);
        for channel in 0..8 {
            let expected = f64::from(count_of(i as u64, channel)) * UV_PER_COUNT;
            let got = bench.value(&read, i, channel);
            let close = (got - expected).abs() <= expected.abs() * 1e-6;
            assert!(close, "frame {i}: {got} for {expected} µV");
        }
    }
    assert_eq!(bench.lost(), (0, 0));
    assert!(bench.device.heard().starts_with("vdcb"), "{}", bench.device.heard());
}

#[test]
fn losses_below_and_above_one_turn_of_the_counter_are_counted_exactly() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(false, "");
    let mut frames = bench.read(300).frames.len();
    let mut lost = 0;
    for (gaps, planted) in [(1, 10), (2, 300)] {
        bench.device.lose(planted);
        lost += planted as u64;
        let after = bench.read(400);
        frames += after.frames.len();
        assert_eq!(bench.lost(), (lost, gaps), "{planted} planted");
        assert!(after.frames.iter().any(|frame| frame.gap_before));
        assert_eq!(after.frames.last().unwrap().index + 1, frames as u64 + lost);
    }
}

/// Every frame that was delivered is the one that its index says: nothing was invented.
fn assert_true(bench: &Bench, read: &Read) {
    for (i, frame) in read.frames.iter().enumerate() {
        let expected = f64::from(count_of(frame.index, 3)) * UV_PER_COUNT;
        let got = bench.value(read, i, 3);
        let close = (got - expected).abs() <= expected.abs() * 1e-6;
        assert!(close, "frame {}: {got} for {expected} µV", frame.index);
    }
}

#[test]
fn damaged_packets_are_left_out_and_counted() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(false, "");
    let mut frames = bench.read(100).frames.len() as u64;
    let mut all = (0, 0);
    for (fate, lost) in [
        (Fate::Footer(0x00), 1),
        (Fate::Footer(0xC7), 1),
        // A number that fits neither side is no frame of this stream.
        (Fate::Number(100), 1),
        // A number seen just now: half a second is too soon for a whole turn.
        (Fate::Twice, 0),
        // What belongs to nothing is passed over.
        (Fate::Stray(5), 0),
        (Fate::Lost, 1),
    ] {
        bench.device.suffer([fate]);
        let read = bench.read(150);
        all = (all.0 + lost, all.1 + lost);
        frames += read.frames.len() as u64;
        assert_eq!(bench.lost(), all, "{fate:?}");
        assert_eq!(read.frames.last().unwrap().index + 1, frames + all.0, "{fate:?}");
        assert_true(&bench, &read);
    }
}

#[test]
fn a_cut_packet_costs_what_it_swallows_and_no_more() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(false, "");
    let fates = std::iter::repeat_n(Fate::Sent, 60).chain([Fate::Cut(7)]);
    bench.device.suffer(fates);
    let read = bench.read(300);
    let (lost, gaps) = bench.lost();
    // BrainFlow reads 33 bytes from the cut packet on: its own, and as much as is missing of the next.
    assert!((1..=3).contains(&lost) && gaps == 1, "{lost} lost in {gaps} gaps");
    assert_true(&bench, &read);
}

#[test]
fn a_board_that_counts_anew_goes_on_after_a_gap() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(false, "");
    let before = bench.read(200).frames.len();
    bench.device.board(|board| board.hear(b'b', 0.0));
    let after = bench.read(200);
    assert!(after.frames.iter().any(|frame| frame.gap_before));
    // One frame at most is doubted before the board is believed.
    let counted = after.frames.last().unwrap().index + 1 - before as u64;
    assert!(counted - after.frames.len() as u64 <= 1, "{counted}");
}

#[test]
fn an_unplugged_board_is_lost_and_found_again() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(false, "");
    let before = bench.read(200);
    bench.device.unplug();
    read_until(&mut bench.source, 8, |read| read.last_status() == Some(ReadStatus::Lost));
    bench.device = FakeCyton::plug_in(&bench.dir.path().join("port"));
    // Long enough for a burst to have settled.
    let after = bench.read(600);
    let counters = bench.source.counters();
    assert_eq!((counters.reconnects, bench.lost().1), (1, 1));
    assert!(after.frames[0].gap_before);
    // The index went on by the time that passed, so that index and clock still agree.
    let (first, last) = (before.frames[0], after.frames[after.frames.len() - 1]);
    let by_clock = (last.time_secs - first.time_secs) * 250.0;
    let difference = (last.index - first.index) as f64 - by_clock;
    assert!(difference.abs() < 10.0, "{by_clock} {}", last.index);
}

#[test]
fn a_board_out_of_reach_for_a_moment_goes_on_where_it_was() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(false, "");
    let before = bench.read(200).frames.len();
    bench.device.become_(Presence::DongleOnly);
    read_until(&mut bench.source, 8, |read| read.last_status() == Some(ReadStatus::Lost));
    bench.device.become_(Presence::Board);
    let after = bench.read(500);
    let counters = bench.source.counters();
    assert_eq!((counters.reconnects, bench.lost().1), (0, 1));
    let indices = after.frames.last().unwrap().index + 1;
    assert_eq!(indices - counters.lost, (before + after.frames.len()) as u64);
    assert_true(&bench, &after);
}

/// What a half of a frame holds: the mean of its last two samples.
fn half(number: u64, channel: usize) -> f64 {
    let mean = (count_of(number - 1, channel) + count_of(number, channel)) / 2;
    f64::from(mean) * UV_PER_COUNT
}

/// That both halves of every frame belong together: the Daisy's is sent with an even number, the Cyton's with the next.
fn assert_whole(bench: &Bench, read: &Read) {
    for i in 0..read.frames.len() {
        let first = bench.value(read, i, 0);
        // The even number that the Cyton's half tells: its value grows by 2 × 96 counts a frame.
        let told = (first / UV_PER_COUNT - 24.0) / 96.0;
        let even = (told + 0.5).round() as u64 - 1;
        assert_eq!(even % 2, 0, "{first}");
        for channel in 0..2 * CHANNELS {
            let number = if channel < CHANNELS { even + 1 } else { even };
            let (got, expected) = (bench.value(read, i, channel), half(number, channel));
            let close = (got - expected).abs() <= expected.abs() * 1e-6;
            assert!(
                close,
                "frame {i} (numbers {even} and next), channel {channel}: {got} for {expected}"
            );
        }
    }
}

#[test]
fn a_daisys_halves_are_put_together() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(true, "");
    let read = bench.read(200);
    assert_eq!((bench.channels, bench.lost()), (16, (0, 0)));
    assert_whole(&bench, &read);
    assert!(bench.device.heard().starts_with("vdCb"), "{}", bench.device.heard());
}

#[test]
fn halves_that_do_not_belong_together_are_no_frame() {
    let _turn = one_at_a_time();
    let mut bench = Bench::new(true, "");
    bench.read(60);
    for (lost, (name, fates)) in (1..).zip([
        ("the Daisy's half", [Fate::Lost, Fate::Sent]),
        ("the Cyton's half", [Fate::Sent, Fate::Lost]),
        ("a whole frame", [Fate::Lost, Fate::Lost]),
    ]) {
        bench.device.suffer_from_even(fates);
        let read = bench.read(150);
        assert_eq!(bench.lost(), (lost, lost), "{name}");
        assert_whole(&bench, &read);
    }
}
