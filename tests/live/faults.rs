//! The fault layer: each fault does what it says, leaves the rest alone, and is the same for any cutting.

use std::sync::Arc;

use phosphene::signal::{Chunk, FrameMeta, StimulusSet};
use phosphene::source::faulty::{Faults, FaultySource};
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

/// Ten seconds at full speed, read in chunks of this many frames.
fn run(spec: &str, chunk_frames: usize) -> Seen {
    let params = SimParams { speed: Speed::Max, seconds: Some(10.0), ..SimParams::default() };
    let inner = SimulatedSource::new(params, Arc::new(StimulusSet::bundled().unwrap()));
    let mut source = FaultySource::new(Box::new(inner), faults(spec));
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
    let (seen, whole) = (run("drop=0.1,seed=4", 512), run("drop=0", 512));
    let lost = 2500 - seen.frames.len() as u64;
    assert!((180..320).contains(&lost), "{lost}");
    let jumps: u64 = seen.frames.windows(2).map(|w| w[1].index - w[0].index - 1).sum();
    assert!(lost - jumps <= 3, "but for the ends, every loss is a jump: {jumps} of {lost}");
    assert_eq!(seen.counters.lost, jumps + seen.frames[0].index);
    for (i, frame) in seen.frames.iter().enumerate() {
        assert!(!frame.gap_before);
        let at = frame.index as usize * 16;
        assert_eq!(seen.samples[i * 16..(i + 1) * 16], whole.samples[at..at + 16]);
    }
    assert_eq!(seen.marker_secs, whole.marker_secs);
}

#[test]
fn faults_do_not_depend_on_the_cutting() {
    let spec = "drop=0.05,jitter=3,reset=6,unplug=3,back=1,seed=2";
    let (a, b) = (run(spec, 512), run(spec, 7));
    assert_eq!(a.frames, b.frames);
    assert_eq!(a.samples, b.samples);
    assert_eq!(a.marker_secs, b.marker_secs);
    assert_eq!(a.counters, b.counters);
    assert_ne!(a.frames, run("drop=0.05,jitter=3,reset=6,unplug=3,back=1,seed=3", 512).frames);
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
fn a_clock_reset_goes_back_once_and_is_counted() {
    let seen = run("reset=4", 100);
    let steps: Vec<usize> = (1..seen.frames.len())
        .filter(|&i| seen.frames[i].time_secs < seen.frames[i - 1].time_secs)
        .collect();
    assert_eq!(steps, [1000]);
    assert!(seen.frames[1000].gap_before);
    assert!((seen.frames[1000].time_secs - (4.0 - 1000.0)).abs() < 1e-9);
    assert_eq!((seen.counters.clock_resets, seen.counters.lost), (1, 0));
    assert!(
        seen.marker_secs.iter().any(|s| *s < -900.0) && seen.marker_secs.iter().any(|s| *s > 0.0)
    );
}

#[test]
fn a_pulled_plug_is_lost_and_comes_back() {
    let seen = run("unplug=4,back=3", 50);
    assert!(seen.statuses.contains(&ReadStatus::Lost));
    let at = seen.frames.iter().position(|f| f.gap_before).unwrap();
    assert_eq!((seen.frames[at - 1].index, seen.frames[at].index), (999, 1750));
    assert_eq!((seen.counters.reconnects, seen.counters.lost, seen.counters.gaps), (1, 750, 1));
    assert!(seen.marker_secs.iter().all(|s| !(4.0..7.0).contains(s)));
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
    ] {
        let SourceSpec::Faulty { parameters, .. } = format!("faulty:{spec}+sim").parse().unwrap()
        else {
            panic!("not a fault layer")
        };
        let message = Faults::from_parameters(&parameters).unwrap_err().to_string();
        assert!(message.contains(word) && message.contains("faulty:"), "{message}");
    }
}
