//! The timeline against planted losses, bursts, stalls and resets: every count must be exact.

use super::*;

const RATE_HZ: f64 = 250.0;

/// A byte that advances with every frame.
const BYTE: CounterRule = CounterRule { modulus: 256, step: 1 };

/// A device that numbers its frames and a link that delays and drops them.
struct Link {
    timeline: Timeline,
    sent: u64,
    counts: bool,
}

impl Link {
    fn new(rule: Option<CounterRule>) -> Self {
        let timeline = Timeline::new(SampleRate::new(RATE_HZ).unwrap(), rule);
        Self { timeline, sent: 0, counts: rule.is_some() }
    }

    fn drop(&mut self, frames: u64) {
        self.sent += frames;
    }

    /// Sends frames, each with a delay; gives the last one's meta and true frame number.
    fn send(&mut self, frames: u64, delay_secs: impl Fn(u64) -> f64) -> (FrameMeta, u64) {
        let mut meta = FrameMeta::default();
        for i in 0..frames {
            let stamp = self.sent as f64 / RATE_HZ + delay_secs(i);
            let counter = if self.counts { (self.sent % 256) as f64 } else { 0.0 };
            meta = self.timeline.place(counter, stamp, stamp, false);
            self.sent += 1;
        }
        (meta, self.sent - 1)
    }
}

fn jitter(i: u64) -> f64 {
    (i * 7 % 5) as f64 * 0.003
}

#[test]
fn losses_of_any_length_are_counted_exactly() {
    for planted in [1, 10, 127, 128, 200, 254, 255, 256, 257, 300, 511, 512, 1000, 5000] {
        let mut link = Link::new(Some(BYTE));
        link.send(1000, jitter);
        link.drop(planted);
        let (meta, truth) = link.send(1000, jitter);
        let found = link.timeline.found();
        assert_eq!((found.lost, found.gaps), (planted, 1), "{planted} planted");
        assert_eq!(meta.index, truth, "{planted} planted");
        assert!((meta.time_secs - truth as f64 / RATE_HZ).abs() < 0.004, "{planted} planted");
    }
}

#[test]
fn a_stall_that_ends_in_a_burst_is_no_loss() {
    for rule in [Some(BYTE), None] {
        let mut link = Link::new(rule);
        link.send(1000, jitter);
        // 300 frames wait for 1.2 s and come out four times as fast as they were taken.
        link.send(400, |i| (1.2 - i as f64 * 0.003).max(0.0));
        let (meta, truth) = link.send(1000, jitter);
        assert_eq!(link.timeline.found(), Found::default());
        assert_eq!(meta.index, truth);
    }
}

#[test]
fn a_loss_inside_a_stall_is_still_exact() {
    let mut link = Link::new(Some(BYTE));
    link.send(1000, jitter);
    link.send(100, |i| 1.2 - i as f64 * 0.0035);
    link.drop(40);
    link.send(300, |i| (1.2 - (i + 140) as f64 * 0.0035).max(0.0));
    let (meta, truth) = link.send(1000, jitter);
    assert_eq!(link.timeline.found(), Found { lost: 40, lost_by_clock: 0, gaps: 1 });
    assert_eq!(meta.index, truth);
}

#[test]
fn without_a_counter_the_clock_finds_the_loss() {
    let mut link = Link::new(None);
    link.send(1000, jitter);
    link.drop(50);
    let (meta, truth) = link.send(1000, jitter);
    let found = link.timeline.found();
    assert!(found.lost.abs_diff(50) <= 2 && found.gaps == 1, "{found:?}");
    assert_eq!(found.lost, found.lost_by_clock);
    assert!(meta.index.abs_diff(truth) <= 2);
}

#[test]
fn the_daisys_counter_advances_by_two() {
    let mut timeline =
        Timeline::new(SampleRate::new(125.0).unwrap(), Some(CounterRule { modulus: 256, step: 2 }));
    for (frame, counter) in [1_u64, 3, 5, 11, 13].into_iter().zip([1.0, 3.0, 5.0, 11.0, 13.0]) {
        timeline.place(counter, frame as f64 / 250.0, 0.0, false);
    }
    assert_eq!(timeline.found(), Found { lost: 2, lost_by_clock: 0, gaps: 1 });
}

#[test]
fn a_counter_set_anew_is_a_gap_and_not_a_loss() {
    let mut link = Link::new(Some(BYTE));
    link.send(500, jitter);
    let stamp = link.sent as f64 / RATE_HZ;
    let meta = link.timeline.place(17.0, stamp, stamp, false);
    assert!(meta.gap_before);
    assert_eq!(link.timeline.found(), Found { lost: 0, lost_by_clock: 0, gaps: 1 });
}

#[test]
fn an_interruption_is_counted_by_the_clock() {
    let mut link = Link::new(Some(BYTE));
    link.send(500, jitter);
    link.timeline.interrupt();
    link.drop(1000);
    let (meta, truth) = link.send(1, |_| 0.0);
    assert!(meta.gap_before);
    assert!(meta.index.abs_diff(truth) <= 1, "{} {truth}", meta.index);
    assert_eq!(link.timeline.found().gaps, 1);
}

#[test]
fn bursts_come_out_evenly_spaced() {
    let mut link = Link::new(Some(BYTE));
    link.send(500, jitter);
    let (first, _) = link.send(1, |_| 0.012);
    let (second, _) = link.send(1, |_| 0.008);
    assert!((second.time_secs - first.time_secs - 1.0 / RATE_HZ).abs() < 1e-9);
}

#[test]
fn times_never_go_back() {
    let mut link = Link::new(Some(BYTE));
    let mut last = f64::NEG_INFINITY;
    for i in 0..2000_u64 {
        let delay = if i.is_multiple_of(97) { 0.0 } else { 0.05 };
        let (meta, _) = link.send(1, |_| delay);
        assert!(meta.time_secs >= last);
        last = meta.time_secs;
    }
}
