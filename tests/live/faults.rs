//! The fault layer: each fault does what it says, leaves the rest alone, and is the same for any cutting. What is lost, late,
//! doubled or on another clock is found by what puts every source in order.

use std::sync::Arc;

use phosphene::signal::{Chunk, FrameMeta, StimulusSet};
use phosphene::source::faulty::{Faults, FaultySource};
use phosphene::source::orderly::OrderlySource;
use phosphene::source::simulator::SimulatedSource;
use phosphene::source::{CHUNK_MARKERS, ReadStatus, Source, SourceCounters, SourceSpec};
use phosphene::subject::{SimParams, Speed};
use phosphene::time::clock::Clock;

struct Seen {
    frames: Vec<FrameMeta>,
    samples: Vec<f32>,
    marker_secs: Vec<f64>,
    labels: Vec<String>,
    statuses: Vec<ReadStatus>,
    counters: SourceCounters,
}

fn faults(spec: &str) -> Faults {
    match format!("faulty:{spec}+sim").parse().unwrap() {
        SourceSpec::Faulty { parameters, .. } => Faults::from_parameters(&parameters).unwrap(),
        _ => unreachable!("the text starts with faulty"),
    }
}

/// Ten seconds at full speed, read in chunks of this many frames and put in order.
fn run(spec: &str, chunk_frames: usize) -> Seen {
    read(Box::new(OrderlySource::new(faulty(spec))), chunk_frames)
}

/// The same as the device gives it.
fn bare(spec: &str, chunk_frames: usize) -> Seen {
    read(faulty(spec), chunk_frames)
}

fn faulty(spec: &str) -> Box<dyn Source> {
    let params = SimParams { speed: Speed::Max, seconds: Some(10.0), ..SimParams::default() };
    let inner = SimulatedSource::new(params, Arc::new(StimulusSet::bundled().unwrap()));
    Box::new(FaultySource::new(Box::new(inner), faults(spec)))
}

fn read(mut source: Box<dyn Source>, chunk_frames: usize) -> Seen {
    let info = source.prepare(&Clock::manual(0.0).0).unwrap();
    assert!(info.simulated && info.notes.iter().any(|note| note.contains("on purpose")));
    let mut chunk = Chunk::with_capacity(16, chunk_frames, CHUNK_MARKERS);
    let mut seen = Seen {
        frames: vec![],
        samples: vec![],
        marker_secs: vec![],
        labels: vec![],
        statuses: vec![],
        counters: SourceCounters::default(),
    };
    loop {
        chunk.clear();
        let status = source.read(&mut chunk).unwrap();
        seen.statuses.push(status);
        seen.frames.extend(chunk.frames());
        seen.samples.extend(chunk.samples());
        seen.marker_secs.extend(chunk.markers().iter().map(|m| m.time_secs));
        seen.labels.extend(chunk.markers().iter().map(|m| m.label().to_owned()));
        if status == ReadStatus::End {
            seen.counters = source.counters();
            return seen;
        }
    }
}

#[test]
fn without_faults_nothing_changes() {
    let seen = run("drop=0", 64);
    assert_eq!(seen.frames.len(), 2500);
    assert!(seen.frames.iter().enumerate().all(|(i, f)| f.index == i as u64 && !f.gap_before));
    assert_eq!(seen.counters, SourceCounters::default());
}

#[test]
fn misnamed_pictures_keep_their_times_and_names_that_were_shown() {
    let (whole, none, all) =
        (run("drop=0", 64), run("mislabel=0", 64), run("mislabel=1,seed=3", 64));
    assert_eq!((&whole.labels, &whole.marker_secs), (&none.labels, &all.marker_secs));
    let onsets = |seen: &Seen| -> Vec<String> {
        seen.labels.iter().filter(|label| label.starts_with("stim/")).cloned().collect()
    };
    let (told, shown) = (onsets(&all), onsets(&whole));
    let right = told.iter().zip(&shown).filter(|(told, shown)| told == shown).count();
    assert!(
        right < shown.len(),
        "ten onsets, three looks at each picture: {right} are right by chance"
    );
    assert!(told.iter().all(|label| shown.contains(label)));
    assert_eq!(all.labels, run("mislabel=1,seed=3", 17).labels, "however the stream is cut");
}

#[test]
fn lost_frames_leave_a_jump_and_nothing_else() {
    let (seen, whole) = (bare("drop=0.1,seed=4", 512), run("drop=0", 512));
    let lost = 2500 - seen.frames.len() as u64;
    assert!((180..320).contains(&lost), "{lost}");
    let jumps: u64 = seen.frames.windows(2).map(|w| w[1].index - w[0].index - 1).sum();
    assert!(lost - jumps <= 3, "but for the ends, every loss is a jump: {jumps} of {lost}");
    assert_eq!(seen.counters, SourceCounters::default(), "a radio link says nothing of it");
    for (i, frame) in seen.frames.iter().enumerate() {
        assert!(!frame.gap_before);
        let at = frame.index as usize * 16;
        assert_eq!(seen.samples[i * 16..(i + 1) * 16], whole.samples[at..at + 16]);
    }
    assert_eq!(seen.marker_secs, whole.marker_secs);
    let found = run("drop=0.1,seed=4", 512);
    assert_eq!(found.counters.lost, jumps);
    let marked = found.frames.iter().filter(|frame| frame.gap_before).count();
    let breaks = seen.frames.windows(2).filter(|w| w[1].index != w[0].index + 1).count();
    assert_eq!((marked, found.counters.gaps), (breaks, breaks as u64));
}

#[test]
fn faults_do_not_depend_on_the_cutting() {
    for spec in [
        "drop=0.05,jitter=3,reset=6,unplug=3,back=1,seed=2",
        "burst=0.3,repeat=0.1,swap=0.1,within=8,corrupt=0.01,nan=0.01,rate=1,stall=2,hold=1.5,mute=7,hush=0.5",
        "chaos=5,severity=0.9",
    ] {
        let (a, b) = (bare(spec, 512), bare(spec, 7));
        let metas = |seen: &Seen| -> Vec<_> {
            seen.frames.iter().map(|f| (f.index, f.time_secs.to_bits(), f.gap_before)).collect()
        };
        let bits = |seen: &Seen| -> Vec<u32> { seen.samples.iter().map(|v| v.to_bits()).collect() };
        assert_eq!(metas(&a), metas(&b), "{spec}");
        assert_eq!(bits(&a), bits(&b), "{spec}");
        assert_eq!((&a.marker_secs, a.counters), (&b.marker_secs, b.counters), "{spec}");
    }
}

#[test]
fn jitter_moves_time_stamps_by_what_was_asked() {
    let seen = run("jitter=5", 100);
    let errors: Vec<f64> =
        seen.frames.iter().map(|f| f.time_secs - f.index as f64 / 250.0).collect();
    let sd = (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt();
    assert!((0.0045..0.0055).contains(&sd), "{sd}");
}

#[test]
fn a_clock_that_is_set_goes_on_from_there_and_is_found() {
    for (spec, step_secs) in [("reset=4", -1000.0), ("reset=4,step=60", 60.0)] {
        let seen = run(spec, 100);
        let steps: Vec<usize> = (1..seen.frames.len())
            .filter(|&i| (seen.frames[i].time_secs - seen.frames[i - 1].time_secs).abs() > 1.0)
            .collect();
        assert_eq!(steps, [1000]);
        let marked: Vec<usize> = (0..2500).filter(|i| seen.frames[*i].gap_before).collect();
        assert_eq!(marked, [1000]);
        assert!((seen.frames[1000].time_secs - (4.0 + step_secs)).abs() < 1e-9);
        assert_eq!((seen.counters.clock_resets, seen.counters.lost), (1, 0));
        let moved = seen.marker_secs.iter().filter(|s| (**s - step_secs).abs() < 11.0).count();
        assert!(moved > 0 && moved < seen.marker_secs.len(), "markers are on the same clock");
    }
    let often = run("reset=1/3,step=-5,every=5", 100);
    assert_eq!((often.counters.clock_resets, often.counters.gaps), (4, 4));
}

#[test]
fn a_source_that_lies_about_its_rate_has_its_stamps_run_away() {
    let seen = run("rate=1", 100);
    assert!((seen.frames[2499].time_secs - 2499.0 / 250.0 * 1.01).abs() < 1e-9);
    assert_eq!(seen.counters, SourceCounters::default());
}

#[test]
fn a_pulled_plug_is_lost_and_comes_back_as_often_as_asked() {
    let seen = run("unplug=4,back=3", 50);
    assert!(seen.statuses.contains(&ReadStatus::Lost));
    let at = seen.frames.iter().position(|f| f.gap_before).unwrap();
    assert_eq!((seen.frames[at - 1].index, seen.frames[at].index), (999, 1750));
    assert_eq!((seen.counters.reconnects, seen.counters.lost, seen.counters.gaps), (1, 750, 1));
    assert!(seen.marker_secs.iter().all(|s| !(4.0..7.0).contains(s)));
    let often = run("unplug=1/4/8,back=0.5", 50).counters;
    assert_eq!((often.reconnects, often.lost, often.gaps), (3, 375, 3));
}

#[test]
fn a_stall_loses_nothing_and_silence_does() {
    let stalled = bare("stall=4,hold=3", 50);
    assert!(stalled.statuses.contains(&ReadStatus::Idle));
    assert!(!stalled.statuses.contains(&ReadStatus::Lost));
    assert_eq!(stalled.frames.len(), 2500);
    let late = |f: &FrameMeta| f.arrival_secs - f.time_secs;
    let frame = |n: usize| stalled.frames[n];
    assert_eq!(late(&frame(999)), 0.0);
    assert!((late(&frame(1000)) - 3.0).abs() < 1e-9 && late(&frame(1749)) < 0.005);
    assert_eq!(run("stall=4,hold=3", 50).counters, SourceCounters::default());

    let mute = run("mute=4,hush=3", 50);
    assert!(!mute.statuses.contains(&ReadStatus::Lost));
    assert_eq!((mute.counters.lost, mute.counters.gaps, mute.counters.reconnects), (750, 1, 0));
}

#[test]
fn what_comes_twice_or_out_of_order_is_refused_and_counted() {
    let seen = bare("repeat=0.1,swap=0.1,within=5,seed=3", 64);
    let (mut newest, mut given) = (None, std::collections::HashSet::new());
    let (mut late, mut repeated, mut passed) = (0, 0, Vec::new());
    for (at, frame) in seen.frames.iter().enumerate() {
        if newest.is_none_or(|newest| frame.index > newest) {
            newest = Some(frame.index);
            passed.push(at);
            given.insert(frame.index);
        } else if given.insert(frame.index) {
            late += 1;
        } else {
            repeated += 1;
        }
    }
    assert!(late > 50 && repeated > 150, "{late} {repeated}");
    assert_eq!(given.len(), 2500, "nothing is lost before it is put in order");
    let ordered = run("repeat=0.1,swap=0.1,within=5,seed=3", 64);
    assert_eq!((ordered.counters.late, ordered.counters.repeated), (late, repeated));
    assert_eq!(ordered.counters.lost, 2500 - passed.len() as u64);
    assert_eq!(ordered.counters.lost, late, "a late frame is lost, once");
    let values = |at: &usize| &seen.samples[at * 16..(at + 1) * 16];
    let expected: Vec<f32> = passed.iter().flat_map(|at| values(at).to_vec()).collect();
    assert_eq!(ordered.samples, expected);
}

#[test]
fn spoilt_values_are_wild_or_not_finite_on_some_channels_and_the_rest_is_as_it_was() {
    let whole = run("drop=0", 512);
    for (spec, wild) in [("corrupt=0.02,share=0.1", true), ("nan=0.02,share=0.1", false)] {
        let seen = run(spec, 512);
        let (mut frames, mut values) = (0, 0);
        for (got, sent) in seen.samples.chunks(16).zip(whole.samples.chunks(16)) {
            let spoilt = got.iter().zip(sent).filter(|(got, sent)| got != sent);
            let spoilt: Vec<f32> = spoilt.map(|(got, _)| *got).collect();
            assert!(
                spoilt.iter().all(|v| v.is_finite() == wild && (v.is_nan() || v.abs() >= 999.0)),
                "{spoilt:?}"
            );
            frames += usize::from(!spoilt.is_empty());
            values += spoilt.len();
        }
        assert!((25..80).contains(&frames), "{spec}: {frames}");
        assert!(values > frames && values < 5 * frames, "{spec}: {values} in {frames}");
        assert_eq!(seen.counters, SourceCounters::default());
    }
}

#[test]
fn bursts_hold_frames_back_and_lose_none() {
    let (clock, hand) = Clock::manual(10.0);
    let params = SimParams { seconds: Some(5.0), ..SimParams::default() };
    let inner = SimulatedSource::new(params, Arc::new(StimulusSet::bundled().unwrap()));
    let mut source = FaultySource::new(Box::new(inner), faults("burst=0.5"));
    source.prepare(&clock).unwrap();
    let mut chunk = Chunk::with_capacity(16, 512, CHUNK_MARKERS);
    let (mut sizes, mut total) = (Vec::new(), 0);
    for step in 0..=1400 {
        hand.set_secs(10.0 + f64::from(step) * 0.004);
        chunk.clear();
        if source.read(&mut chunk).unwrap() == ReadStatus::Data {
            sizes.push(chunk.len());
            total += chunk.len();
        }
    }
    assert_eq!(total, 1250);
    assert!(sizes.iter().any(|size| *size >= 120), "{sizes:?}");
    assert!(sizes.len() < 40, "{sizes:?}");
}

#[test]
fn unknown_and_absurd_faults_are_refused() {
    for (spec, word) in [
        ("melt=1", "drop, burst"),
        ("drop=2", "from 0 to 1"),
        ("drop=nan", "drop"),
        ("seed=x", "whole"),
        ("unplug=3//4", "unplug"),
        ("unplug=-1", "from 0"),
        ("within=0", "from 1 to 64"),
        ("rate=80", "from -50 to 50"),
        ("hold=1e9", "from 0 to 60"),
        ("severity=1", "chaos"),
        ("chaos=1,severity=2", "from 0 to 1"),
    ] {
        let SourceSpec::Faulty { parameters, .. } = format!("faulty:{spec}+sim").parse().unwrap()
        else {
            panic!("not a fault layer")
        };
        let message = Faults::from_parameters(&parameters).unwrap_err().to_string();
        assert!(message.contains(word) && message.contains("faulty:"), "{message}");
    }
}
