//! Tests of [`super`].

use super::*;
use crate::signal::FrameMeta;

fn history(rate_hz: f64, frames: u64, value: impl Fn(u64) -> f32) -> History {
    let mut history = History::default();
    history.reset(1, rate_hz);
    for index in 0..frames {
        let meta = FrameMeta { index, time_secs: index as f64 / rate_hz, ..FrameMeta::default() };
        history.push(meta, &[value(index)]);
    }
    history
}

fn read(history: &History) -> Peaks {
    let mut peaks = Peaks::default();
    peaks.update(history, &DisplayDesign::OFF);
    peaks
}

#[test]
fn one_spike_among_many_samples_is_kept_at_every_span_in_its_place() {
    let history = history(4096.0, 20_000, |i| if i == 7777 { 500.0 } else { 0.0 });
    let peaks = read(&history);
    let spike_secs = 7777.0 / 4096.0;
    for span_secs in [2.0, 5.0, 10.0, 20.0, 30.0] {
        for most in [20, 101, 400, 1600] {
            let columns = peaks.columns(span_secs, most).unwrap();
            assert!(columns.width_secs() >= 0.999 * span_secs / most as f64);
            let seen: Vec<i64> = columns
                .between(0.0, 5.0)
                .filter(|c| columns.range(*c, 0).is_some_and(|r| r[1] == 500.0))
                .collect();
            assert_eq!(seen.len(), 1, "{span_secs} s in {most} columns");
            let start_secs = columns.start_secs(seen[0]);
            assert!((0.0..columns.width_secs()).contains(&(spike_secs - start_secs)));
        }
    }
}

#[test]
fn every_column_has_the_least_and_greatest_of_exactly_its_samples() {
    let value = |i: u64| ((i * 7919) % 1009) as f32;
    let peaks = read(&history(1000.0, 6000, value));
    let columns = peaks.columns(5.0, 313).unwrap();
    for column in columns.between(1.0, 4.0) {
        let begin = columns.start_secs(column);
        let of_column = |i: &u64| {
            let secs = *i as f64 / 1000.0 + 1e-7;
            secs >= begin && secs < begin + columns.width_secs()
        };
        let values = (0..6000).filter(of_column).map(value);
        let expected =
            values.fold([f32::INFINITY, f32::NEG_INFINITY], |[l, g], v| [l.min(v), g.max(v)]);
        assert_eq!(columns.range(column, 0), Some(expected), "column {column}");
    }
}

#[test]
fn reading_in_pieces_gives_the_same_as_at_once() {
    let value = |i: u64| ((i * 37) % 101) as f32;
    let whole = read(&history(250.0, 1000, value));
    let mut pieces = Peaks::default();
    let mut growing = History::default();
    growing.reset(1, 250.0);
    for index in 0..1000 {
        let meta = FrameMeta { index, time_secs: index as f64 / 250.0, ..FrameMeta::default() };
        growing.push(meta, &[value(index)]);
        if index % 13 == 0 || index == 999 {
            pieces.update(&growing, &DisplayDesign::OFF);
        }
    }
    let (a, b) = (whole.columns(4.0, 77).unwrap(), pieces.columns(4.0, 77).unwrap());
    for column in a.between(0.0, 4.0) {
        assert_eq!(a.range(column, 0), b.range(column, 0), "column {column}");
    }
}

#[test]
fn losses_and_what_was_not_drawn_are_gaps_and_nothing_else_is() {
    let mut history = History::default();
    history.reset(1, 100.0);
    for (index, time_secs, gap_before) in
        [(0, 0.00, false), (1, 0.012, false), (6, 0.06, true), (7, 0.07, false), (90, 0.9, false)]
    {
        history.push(FrameMeta { index, time_secs, gap_before, ..FrameMeta::default() }, &[1.0]);
    }
    let peaks = read(&history);
    let lost = Gap { secs: [0.012, 0.06], seam: Seam::Lost };
    let not_drawn = Gap { secs: [0.07, 0.9], seam: Seam::NotDrawn };
    assert_eq!(peaks.gaps(0.0, 3.0).collect::<Vec<_>>(), [lost, not_drawn]);
    assert_eq!(peaks.gaps(0.1, 3.0).count(), 1);
}

#[test]
fn what_the_history_lost_before_it_was_read_is_not_drawn() {
    let mut history = history(10.0, 100, |_| 1.0);
    let mut peaks = read(&history);
    for index in 100..800 {
        let meta = FrameMeta { index, time_secs: index as f64 / 10.0, ..FrameMeta::default() };
        history.push(meta, &[1.0]);
    }
    peaks.update(&history, &DisplayDesign::OFF);
    let gaps: Vec<Gap> = peaks.gaps(0.0, 80.0).collect();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0].seam, Seam::NotDrawn);
    assert!((gaps[0].secs[0] - 9.9).abs() < 1e-9);
}

#[test]
fn values_that_are_not_numbers_draw_as_nothing() {
    let peaks = read(&history(10.0, 3, |i| [1.0, f32::NAN, f32::INFINITY][i as usize]));
    let columns = peaks.columns(2.0, 20).unwrap();
    assert_eq!([0, 1, 2].map(|c| columns.range(c, 0)), [Some([1.0, 1.0]), None, None]);
}

#[test]
fn the_filter_applies_to_the_past_too_and_holes_do_not_spoil_it() {
    // An offset of 100 mV, a spike at 1500, and nothing at 2000.
    let value = |i: u64| match i {
        1500 => 100_500.0,
        2000 => f32::NAN,
        _ => 100_000.0,
    };
    let history = history(250.0, 3000, value);
    let mut peaks = read(&history);
    let whole = |peaks: &Peaks| {
        let columns = peaks.columns(12.0, 100).unwrap();
        let ranges = columns.between(0.1, 11.9).filter_map(|c| columns.range(c, 0));
        ranges.fold([f32::INFINITY, f32::NEG_INFINITY], |[l, g], r| [l.min(r[0]), g.max(r[1])])
    };
    assert_eq!(whole(&peaks), [100_000.0, 100_500.0]);
    let rate = crate::units::SampleRate::new(250.0).unwrap();
    peaks.update(&history, &DisplayDesign::new(0.5, 0.0, 0.0, rate).unwrap());
    let [least, greatest] = whole(&peaks);
    assert!((400.0..520.0).contains(&greatest) && least > -50.0, "{least} to {greatest}");
    peaks.update(&history, &DisplayDesign::OFF);
    assert_eq!(whole(&peaks), [100_000.0, 100_500.0]);
}

#[test]
fn a_clock_that_jumps_far_costs_no_memory_and_no_time() {
    let mut history = History::default();
    history.reset(4, 100.0);
    for (index, time_secs) in [0.0, 1e12, -1e12, 5.0].into_iter().enumerate() {
        let meta = FrameMeta { index: index as u64, time_secs, ..FrameMeta::default() };
        history.push(meta, &[0.0; 4]);
    }
    let peaks = read(&history);
    assert!(peaks.levels.iter().all(|level| level.least.len() <= BINS * 4));
    assert!(peaks.columns(2.0, 100).unwrap().between(4.9, 5.1).count() < 30);
}

#[test]
fn memory_is_bounded_for_the_widest_source() {
    let bytes = |levels: &[Level]| -> usize {
        levels.iter().map(|level| (level.least.len() + level.greatest.len()) * 4).sum()
    };
    assert!(bytes(&levels(256, 1.0 / 4096.0)) <= 42 << 20);
    assert!(bytes(&levels(1024, 1.0 / 100_000.0)) <= 56 << 20);
    assert!(bytes(&levels(8, 1.0 / 250.0)) <= 2 << 20);
    for (channels, period_secs) in [(256, 1.0 / 4096.0), (1024, 1e-5), (1, 0.004), (8, 1.0)] {
        let levels = levels(channels, period_secs);
        let covered = levels.last().map(|l| l.bins as f64 * l.width_secs).unwrap();
        assert!(covered >= COVER_SECS);
    }
}
