//! Random schedules of faults, through the stages to windows and a file, against an oracle that knows what was sent.
//!
//! Each seed draws faults of every kind, a signal stage and a recorder that stall, and how bad it all is. The oracle reads the
//! fault layer by itself and decides from what came which frames may pass, where the stream breaks, what is lost, late
//! and doubled, and which windows are clean. A few hundred seeds here; `PHOSPHENE_FAULT_SEEDS=10000` for more, and
//! `PHOSPHENE_FAULT_FIRST_SEED` for another beginning.

use std::collections::HashSet;
use std::path::Path;

use crossbeam_channel::bounded;
use phosphene::dsp::chain::Chain;
use phosphene::hop::ring::frame_ring;
use phosphene::hop::slot::slot;
use phosphene::pipeline::acquire::Acquire;
use phosphene::pipeline::contract::{self, InputContract};
use phosphene::pipeline::process::{Process, ProcessParts, StimulusRows};
use phosphene::pipeline::shared::Shared;
use phosphene::record::Recorder;
use phosphene::signal::{Abstention, Chunk, FrameMeta, Lock, StimulusSet, Window};
use phosphene::snapshot::ChannelQuality;
use phosphene::source::faulty::{Faults, FaultySource, chaos};
use phosphene::source::file::{FileSource, Speed};
use phosphene::source::orderly::OrderlySource;
use phosphene::source::{CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source, SourceCounters};
use phosphene::time::clock::Clock;

use super::known::{CHANNELS, Known, RATE_HZ, onset_secs, sent};
use crate::harness::folder_in_memory;

const WINDOW: usize = 200;
const BASELINE: usize = 50;
/// As the contract has it.
const SETTLE: usize = 250;
/// In a window that is decoded nothing may be larger, µV: beyond it no brain and no blink reaches. But for its end: what comes
/// in its last samples has not come through the filters yet.
const WILD_UV: f32 = 3000.0;
const DELAY: usize = 16;

/// A frame as some stage should see it.
#[derive(Clone, Copy, Debug)]
struct Frame {
    meta: FrameMeta,
    values: [f32; CHANNELS],
}

impl Frame {
    /// Filters cannot bear a value of it.
    fn is_spoilt(&self) -> bool {
        !self.values.iter().all(|v| v.abs() <= 1e8)
    }
}

/// Everything that a source gives, in order of delivery.
fn all_of(source: &mut dyn Source, note: &str) -> (Vec<Frame>, SourceCounters) {
    source.prepare(&Clock::manual(0.0).0).unwrap();
    let mut chunk = Chunk::with_capacity(CHANNELS, CHUNK_FRAMES, CHUNK_MARKERS);
    let mut frames = Vec::new();
    for _ in 0..1_000_000 {
        chunk.clear();
        let status = source.read(&mut chunk).unwrap();
        frames.extend(
            chunk
                .frames()
                .iter()
                .enumerate()
                .map(|(i, meta)| Frame { meta: *meta, values: chunk.frame(i).try_into().unwrap() }),
        );
        if status == ReadStatus::End {
            return (frames, source.counters());
        }
    }
    panic!("{note}: it never ends");
}

/// What the oracle expects behind the place where sources are put in order.
struct Expected {
    frames: Vec<Frame>,
    counters: SourceCounters,
    /// Bounds of the clock resets that can be told from what came.
    clock_resets: [u64; 2],
}

fn expected(raw: &[Frame], known: SourceCounters, faults: &Faults) -> Expected {
    let resets = |frame: &Frame| {
        let at = frame.meta.index as f64 / RATE_HZ;
        faults.reset_secs.iter().filter(|place| at >= **place).count()
    };
    let (mut frames, mut given) = (Vec::<Frame>::new(), HashSet::new());
    let (mut counters, mut clock_resets) = (known, [0, 0]);
    for frame in raw {
        let Some(last) = frames.last() else {
            given.insert(frame.meta.index);
            frames.push(*frame);
            continue;
        };
        if frame.meta.index <= last.meta.index {
            let late = given.insert(frame.meta.index);
            counters.late += u64::from(late);
            counters.repeated += u64::from(!late);
            continue;
        }
        let missing = frame.meta.index - last.meta.index - 1;
        let set = resets(frame) != resets(last);
        let gap_before = frame.meta.gap_before || missing > 0 || set;
        counters.lost += missing;
        counters.gaps += u64::from(gap_before && !frame.meta.gap_before);
        clock_resets[0] += u64::from(set && missing == 0 && !frame.meta.gap_before);
        clock_resets[1] += u64::from(set);
        given.insert(frame.meta.index);
        frames.push(Frame { meta: FrameMeta { gap_before, ..frame.meta }, ..*frame });
    }
    Expected { frames, counters, clock_resets }
}

/// A ring as it should be: how many frames wait, and what passed it.
struct Ring {
    capacity: usize,
    waiting: usize,
    passed: Vec<Frame>,
    dropped: u64,
    gap: bool,
}

impl Ring {
    fn new(capacity: usize) -> Self {
        Self { capacity, waiting: 0, passed: Vec::new(), dropped: 0, gap: false }
    }

    fn write(&mut self, frames: &[Frame]) {
        for frame in frames {
            if self.waiting == self.capacity {
                self.dropped += 1;
                self.gap = true;
                continue;
            }
            self.waiting += 1;
            let gap_before = std::mem::take(&mut self.gap) || frame.meta.gap_before;
            self.passed.push(Frame { meta: FrameMeta { gap_before, ..frame.meta }, ..*frame });
        }
    }
}

/// What one seed asks for besides the faults.
struct Stage {
    capacity: usize,
    /// Steps that it sleeps through.
    asleep: std::ops::Range<u64>,
}

fn stage(draw: &mut impl FnMut(u64) -> u64) -> Stage {
    let from = draw(60);
    let length = if draw(3) == 0 { draw(20) } else { 0 };
    Stage { capacity: 600 + draw(2000) as usize, asleep: from..from + length }
}

/// Windows, the first frame count at which each was there, and what the run says of itself.
struct Seen {
    windows: Vec<(Window, usize)>,
    shared: Shared,
    to_process: Ring,
    to_record: Ring,
}

fn run(
    note: &str,
    faults: &Faults,
    wanted: &Expected,
    path: &Path,
    draw: &mut impl FnMut(u64) -> u64,
) -> Seen {
    let set = StimulusSet::bundled_or_none();
    let (clock, hand) = Clock::manual(0.0);
    let shared = Shared::new(clock);
    let faulty = FaultySource::new(Box::new(Known::new(&set)), faults.clone());
    let mut source: Box<dyn Source> = Box::new(OrderlySource::new(Box::new(faulty)));
    let info = source.prepare(&shared.clock).unwrap();
    let mut recorder =
        Recorder::create(path, &info, "2026-01-01T00:00:00Z", &shared.clock).unwrap();
    let [signal, record] = [stage(draw), stage(draw)];
    let (tx, ring) = frame_ring(CHANNELS, signal.capacity);
    let (record_tx, mut record_ring) = frame_ring(CHANNELS, record.capacity);
    let mut acquire = Acquire::new(source, CHANNELS, tx, Some(record_tx));
    let contract =
        InputContract { baseline_secs: Some([-0.2, 0.0]), ..InputContract::without_pack() };
    let windows = contract::windows(phosphene::pipeline::WindowMode::Locked, true);
    let chain = Chain::prepare(contract::fit(&contract, &info, windows).chain).unwrap();
    assert_eq!(chain.window_samples(), WINDOW);
    let (_commands, commands) = bounded(1);
    let (quality, _) = slot(|| vec![ChannelQuality::default(); CHANNELS]);
    let mut process = Process::new(ProcessParts {
        ring,
        chain,
        wants_windows: true,
        refuse: None,
        traces: None,
        quality,
        rate_hz: RATE_HZ,
        stamps_are_live: true,
        transport: None,
        commands,
        rows: StimulusRows::of(&set),
        learner: None,
    });
    let (mut to_process, mut to_record) = (Ring::new(signal.capacity), Ring::new(record.capacity));
    let (mut seen, mut handed) = (Vec::new(), 0);
    for step in 0_u64.. {
        assert!(step < 1_000_000, "{note}: it never ends");
        hand.set_secs(step as f64 * 0.1);
        let status = acquire.step(&shared).unwrap();
        let now = shared.snapshot(|_| None).received as usize;
        let fresh =
            wanted.frames.get(handed..now).unwrap_or_else(|| panic!("{note}: invented frames"));
        handed = now;
        to_process.write(fresh);
        to_record.write(fresh);
        let ended = status == ReadStatus::End;
        if ended || !signal.asleep.contains(&step) {
            let mut windows = Vec::new();
            process.step(&shared, &mut |window| windows.push(window.clone()));
            seen.extend(windows.into_iter().map(|window| (window, to_process.passed.len())));
            to_process.waiting = 0;
        }
        if ended || !record.asleep.contains(&step) {
            recorder.step(&mut record_ring).unwrap();
            to_record.waiting = 0;
        }
        if ended {
            break;
        }
    }
    acquire.stop(&shared);
    let summary = recorder.finish().unwrap();
    assert_eq!(summary.lost, to_record.dropped, "{note}");
    assert_eq!(summary.frames, to_record.passed.len() as u64, "{note}");
    Seen { windows: seen, shared, to_process, to_record }
}

/// Every value is the one that was sent, but for those that were spoilt on purpose.
fn check_values(note: &str, raw: &[Frame], faults: &Faults) {
    let may_be_spoilt = faults.corrupt_probability > 0.0 || faults.nan_probability > 0.0;
    for frame in raw {
        for (channel, value) in frame.values.iter().enumerate() {
            let right = value.to_bits() == sent(frame.meta.index, channel).to_bits();
            assert!(
                right || (may_be_spoilt && (value.is_nan() || value.abs() >= 999.0)),
                "{note}: {frame:?}"
            );
        }
    }
}

/// The file holds what passed the recorder's ring, to the last bit, and breaks where it breaks.
fn check_recording(note: &str, path: &Path, ring: &Ring) {
    let mut file = FileSource::new(path.into()).with_speed(Speed::Max);
    let frames = if ring.passed.is_empty() { Vec::new() } else { all_of(&mut file, note).0 };
    assert_eq!(frames.len(), ring.passed.len(), "{note}");
    for (got, want) in frames.iter().zip(&ring.passed) {
        let key = |frame: &Frame| {
            let values = frame.values.map(f32::to_bits);
            (frame.meta.index, frame.meta.time_secs.to_bits(), frame.meta.gap_before, values)
        };
        assert!(key(got) == key(want), "{note}: {got:?} is not {want:?}");
    }
}

/// Positions in `frames` at which the filters are upset.
fn upsets(frames: &[Frame]) -> Vec<usize> {
    let upset = |i: &usize| frames[*i].meta.gap_before || frames[*i].is_spoilt();
    (0..frames.len()).filter(upset).collect()
}

/// Checks one window against the frames that the signal stage was given; true when it was to be decoded.
fn check_window(
    note: &str,
    window: &Window,
    frames: &[Frame],
    upsets: &[usize],
    faults: &Faults,
) -> bool {
    let is_last = |frame: &Frame| {
        frame.meta.time_secs.to_bits() == window.last_sample_secs.to_bits()
            && frame.meta.arrival_secs.to_bits() == window.last_arrival_secs.to_bits()
    };
    let last = frames.iter().rposition(is_last);
    let last = last.unwrap_or_else(|| panic!("{note}: a window ends with a frame that never was"));
    let begin = (last + 1).checked_sub(WINDOW + BASELINE);
    let upset_in =
        |range: std::ops::RangeInclusive<usize>| upsets.iter().any(|at| range.contains(at));
    let settled_from = begin.and_then(|begin| (begin + 1).checked_sub(SETTLE));
    let is_clean = settled_from.is_some_and(|from| !upset_in(from..=last));
    let faulty = [Abstention::Gap, Abstention::NotFinite, Abstention::Settling];
    if let Some(reason) = window.abstain {
        // Under jitter the first sample may seem late; a rate that lies by a little never does.
        let excused = faults.jitter_secs > 0.0 || !faulty.contains(&reason);
        assert!(excused || !is_clean, "{note}: {reason:?} without a fault, {:?}", window.lock);
        return false;
    }
    assert!(is_clean, "{note}: decoded, but not clean: {:?}, begins at {begin:?}", window.lock);
    let begin = begin.unwrap();
    let span = &frames[begin..=last];
    let follows = |pair: &[Frame]| pair[1].meta.index == pair[0].meta.index + 1;
    assert!(span.windows(2).all(follows), "{note}: decoded across a gap");
    let wild = span[BASELINE..][..WINDOW - DELAY]
        .iter()
        .flat_map(|frame| frame.values)
        .find(|v| v.is_nan() || v.abs() > WILD_UV);
    assert_eq!(wild, None, "{note}: decoded with a wild value");
    let Lock::Stimulus { row: Some(row), .. } = window.lock else {
        panic!("{note}: {:?}", window.lock)
    };
    let onset = onset_secs(usize::from(row)) * RATE_HZ;
    let first = span[BASELINE].meta.index as f64;
    let slack = 2.0 + 8.0 * faults.jitter_secs * RATE_HZ;
    assert!((first - onset).abs() <= slack, "{note}: picture at {onset}, window at {first}");
    true
}

fn check_seed(seed: u64, folder: &Path) -> u64 {
    let mut noise = seed.wrapping_mul(0xD134_2543_DE82_EF95) | 1;
    let mut draw = |below: u64| {
        noise =
            noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (noise >> 33) % below
    };
    let faults = chaos::draw(seed, [0.1, 0.3, 0.5, 0.7, 1.0][draw(5) as usize]);
    let note = format!("seed {seed}: faulty:{faults}");
    let set = StimulusSet::bundled_or_none();
    let mut faulty = FaultySource::new(Box::new(Known::new(&set)), faults.clone());
    let (raw, known) = all_of(&mut faulty, &note);
    check_values(&note, &raw, &faults);
    let wanted = expected(&raw, known, &faults);
    let path = folder.join(format!("{seed}.xdf"));
    let seen = run(&note, &faults, &wanted, &path, &mut draw);
    check_recording(&note, &path, &seen.to_record);
    std::fs::remove_file(&path).unwrap();

    let snapshot = seen.shared.snapshot(|_| None);
    assert_eq!(snapshot.received, wanted.frames.len() as u64, "{note}");
    assert_eq!(
        snapshot.dropped_in_rings,
        seen.to_process.dropped + seen.to_record.dropped,
        "{note}"
    );
    let resets = snapshot.counters.clock_resets;
    assert!(
        (wanted.clock_resets[0]..=wanted.clock_resets[1]).contains(&resets),
        "{note}: {resets}"
    );
    assert_eq!(
        snapshot.counters,
        SourceCounters { clock_resets: resets, ..wanted.counters },
        "{note}"
    );
    let windows = seen.windows.len() as u64 + snapshot.windows.skipped;
    assert_eq!(snapshot.windows.made, windows, "{note}");
    let frames = &seen.to_process.passed;
    let upsets = upsets(frames);
    let decoded = seen
        .windows
        .iter()
        .filter(|(window, there)| check_window(&note, window, &frames[..*there], &upsets, &faults));
    decoded.count() as u64
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

#[test]
fn whatever_goes_wrong_nothing_is_invented_and_only_clean_windows_are_decoded() {
    let (first, count) =
        (number("PHOSPHENE_FAULT_FIRST_SEED", 0), number("PHOSPHENE_FAULT_SEEDS", 300));
    let folder = folder_in_memory();
    let decoded: u64 = (first..first + count).map(|seed| check_seed(seed, folder.path())).sum();
    // Of 32 pictures each: enough are clean for the checks to mean something.
    println!("{decoded} windows decoded in {count} schedules");
    assert!(decoded > 5 * count, "{decoded} windows decoded in {count} schedules");
}
