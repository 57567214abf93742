//! What a viewer is told of a source: it is searched for, streams, stalls, is lost, comes back; with real outlets.

use std::path::Path;
use std::time::Duration;

use lsl::{ChannelFormat, ExPushable, StreamInfo, StreamOutlet};
use phosphene::pipeline::{Pipeline, Recording, RunConfig};
use phosphene::signal::{Abstention, FrameMeta};
use phosphene::snapshot::{LostWhy, RunState, Snapshot};
use phosphene::source::file::{FileSource, Speed};
use phosphene::source::{ReadStatus, Source};
use phosphene::time::clock::Clock;

use crate::harness::dsp::{config, drain, noise_frames};
use crate::harness::lsl::{chunk, lsl_on_loopback, outlet};

const RATE_HZ: f64 = 250.0;

/// Looks that a test takes at most, one every four milliseconds: a minute on an idle machine.
const MAX_LOOKS: usize = 15_000;

fn start(spec: &str, patience_secs: f64) -> Pipeline {
    let config = RunConfig { spec: spec.parse().unwrap(), patience_secs, ..RunConfig::default() };
    Pipeline::start(config, Vec::new())
}

/// Looks at the pipeline until it is as wanted; `each` runs before every look.
fn until(
    pipeline: &Pipeline,
    mut each: impl FnMut(),
    wanted: impl Fn(&Snapshot) -> bool,
) -> Snapshot {
    for _ in 0..MAX_LOOKS {
        each();
        let snapshot = pipeline.snapshot();
        if wanted(&snapshot) {
            return snapshot;
        }
        std::thread::sleep(Duration::from_millis(4));
    }
    panic!("gave up while {:?}", pipeline.snapshot().run);
}

/// A sender on the grid of one clock: frame `n` is stamped `start + n / rate` and holds `n`.
struct Sender {
    outlet: StreamOutlet,
    clock: Clock,
    start_secs: f64,
    next: u64,
}

impl Sender {
    fn new(outlet: StreamOutlet, clock: &Clock, start_secs: f64) -> Self {
        let next = ((clock.now_secs() - start_secs) * RATE_HZ) as u64;
        Self { outlet, clock: clock.clone(), start_secs, next }
    }

    /// Sends every frame that is due.
    fn send(&mut self) {
        let due = ((self.clock.now_secs() - self.start_secs) * RATE_HZ) as u64;
        while self.next < due {
            let stamp_secs = self.start_secs + self.next as f64 / RATE_HZ;
            self.outlet.push_sample_ex(&vec![self.next as f32], stamp_secs, true).unwrap();
            self.next += 1;
        }
    }
}

fn eeg(name: &str, source_id: &str) -> StreamOutlet {
    let info = StreamInfo::new(name, "EEG", 1, RATE_HZ, ChannelFormat::Float32, source_id).unwrap();
    StreamOutlet::new(&info, 0, 60).unwrap()
}

#[test]
fn a_stream_that_is_not_there_is_searched_for_until_it_is() {
    let Some(clock) = lsl_on_loopback() else { return };
    let _other = outlet("neighbour", "EEG", RATE_HZ, ChannelFormat::Float32, &[("Cz", "", "")]);
    let pipeline = start("lsl:name=tardy,markers=none", f64::INFINITY);
    let told = |snapshot: &Snapshot| match &snapshot.run {
        RunState::Searching { hint, .. } => hint.contains("'neighbour'"),
        _ => false,
    };
    let snapshot = until(&pipeline, || {}, told);
    let RunState::Searching { what, since_secs, .. } = snapshot.run else { unreachable!() };
    assert!(what.contains("tardy") && since_secs <= clock.now_secs());
    let mut sender = Sender::new(eeg("tardy", "id-tardy"), &clock, clock.now_secs());
    let flows = |snapshot: &Snapshot| snapshot.run == RunState::Running && snapshot.received > 0;
    let snapshot = until(&pipeline, || sender.send(), flows);
    assert_eq!(snapshot.source.unwrap().name, "tardy");
    drop(pipeline.stop());
}

#[test]
fn a_search_ends_when_told_to_or_when_patience_does() {
    let Some(_) = lsl_on_loopback() else { return };
    let searching = |snapshot: &Snapshot| matches!(snapshot.run, RunState::Searching { .. });
    let pipeline = start("lsl:name=never,markers=none", f64::INFINITY);
    until(&pipeline, || {}, searching);
    assert_eq!(pipeline.stop().failure, None);

    let pipeline = start("lsl:name=never,markers=none", 0.5);
    let failed = |snapshot: &Snapshot| matches!(snapshot.run, RunState::Failed { .. });
    let RunState::Failed { message, exit_code } = until(&pipeline, || {}, failed).run else {
        unreachable!()
    };
    assert_eq!(exit_code, 3);
    assert!(message.contains("never") && message.contains("streams that are there"), "{message}");
    drop(pipeline.stop());
}

#[test]
fn a_stream_that_is_found_but_silent_says_so_and_flows_when_it_does() {
    let Some(clock) = lsl_on_loopback() else { return };
    let silent = eeg("mute", "id-mute");
    let pipeline = start("lsl:name=mute,markers=none,unit=uV", 5.0);
    let nothing =
        |snapshot: &Snapshot| matches!(snapshot.run, RunState::Stalled { ever: false, .. });
    until(&pipeline, || {}, nothing);
    let mut sender = Sender::new(silent, &clock, clock.now_secs());
    let running = |snapshot: &Snapshot| snapshot.run == RunState::Running;
    until(&pipeline, || sender.send(), |snapshot| running(snapshot) && snapshot.received > 0);
    // It pauses: the connection stands, and the state says since when nothing comes.
    let stalled =
        |snapshot: &Snapshot| matches!(snapshot.run, RunState::Stalled { ever: true, .. });
    let snapshot = until(&pipeline, || {}, stalled);
    assert_eq!(snapshot.counters.reconnects, 0);
    sender.next = ((clock.now_secs() - sender.start_secs) * RATE_HZ) as u64;
    until(&pipeline, || sender.send(), running);
    drop(pipeline.stop());
}

#[test]
fn any_source_that_sends_nothing_has_stalled() {
    let pipeline = start("faulty:burst=3+sim", 5.0);
    until(&pipeline, || {}, |snapshot| matches!(snapshot.run, RunState::Stalled { .. }));
    until(&pipeline, || {}, |s| s.run == RunState::Running && s.received > 0);
    drop(pipeline.stop());
}

/// Frames of a recording: number and value of the first channel.
fn replayed(path: &Path) -> Vec<(FrameMeta, f32)> {
    let mut source = FileSource::new(path.into()).with_speed(Speed::Max);
    let info = source.prepare(&Clock::system()).unwrap();
    let (mut chunk, mut frames) = (chunk(info.channels.len()), Vec::new());
    loop {
        chunk.clear();
        let status = source.read(&mut chunk).unwrap();
        frames.extend((0..chunk.len()).map(|i| (chunk.frames()[i], chunk.frame(i)[0])));
        if status == ReadStatus::End {
            return frames;
        }
    }
}

/// Kills and restarts an outlet while a run records it; one file, with gaps right to the sample.
fn restarts(name: &str, source_id: &str, times: usize) {
    let Some(clock) = lsl_on_loopback() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("restarts.xdf");
    let start_secs = clock.now_secs();
    let mut sender = Sender::new(eeg(name, source_id), &clock, start_secs);
    let config = RunConfig {
        spec: format!("lsl:name={name},markers=none,unit=uV").parse().unwrap(),
        record: Some(Recording::to(path.clone())),
        ..RunConfig::default()
    };
    let pipeline = Pipeline::start(config, Vec::new());
    until(&pipeline, || sender.send(), |s| s.run == RunState::Running && s.received > 100);
    for restart in 1..=times as u64 {
        drop(sender);
        let snapshot = until(&pipeline, || {}, |s| s.run.is_away());
        let RunState::SourceLost { why, .. } = snapshot.run else { panic!("{:?}", snapshot.run) };
        assert_eq!(why, LostWhy::Closed);
        let before = snapshot.received;
        sender = Sender::new(eeg(name, source_id), &clock, start_secs);
        let back = |s: &Snapshot| s.run == RunState::Running && s.received > before + 100;
        let snapshot = until(&pipeline, || sender.send(), back);
        assert_eq!(snapshot.counters.reconnects, restart);
    }
    let report = pipeline.stop();
    let lost = report.snapshot.counters.lost;
    drop(sender);

    let frames = replayed(&path);
    assert_eq!(frames.len() as u64, report.snapshot.received);
    let (mut breaks, mut missing) = (0, 0);
    for pair in frames.windows(2) {
        let [(a, value_a), (b, value_b)] = pair else { unreachable!() };
        let (steps, sent) = (b.index - a.index, (value_b - value_a) as u64);
        assert_eq!(steps, sent, "the gap before frame {} is as long as what was not sent", b.index);
        assert_eq!(b.gap_before, steps > 1);
        breaks += usize::from(steps > 1);
        missing += steps - 1;
    }
    assert_eq!((breaks, missing), (times, lost));
}

#[test]
fn restarts_go_into_one_file_with_gaps_right_to_the_sample() {
    restarts("phoenix-id", "id-phoenix", 4);
}

#[test]
fn so_they_do_without_a_source_id() {
    restarts("phoenix-bare", "", 3);
}

#[test]
fn after_a_reconnect_the_filters_settle_before_anything_is_decoded() {
    // A break whose length nobody knows: the numbers go on, and only the mark tells of it.
    let frames = noise_frames(2000, 3);
    let mut chain = phosphene::dsp::Chain::prepare(config(RATE_HZ)).unwrap();
    let mut windows = Vec::new();
    for onset_secs in [102.0, 103.5, 104.1, 104.5, 104.9, 105.3, 106.0] {
        chain.push_onset(None, onset_secs);
    }
    for (i, frame) in frames.iter().enumerate() {
        let gap_before = i == 1000;
        let time_secs = 100.0 + i as f64 / RATE_HZ;
        let meta =
            FrameMeta { index: i as u64, time_secs, arrival_secs: time_secs + 0.01, gap_before };
        chain.push_frame(meta, frame);
        drain(&mut chain, &mut windows);
    }
    let reasons: Vec<_> = windows.iter().map(|window| window.abstain).collect();
    let (gap, settling) = (Some(Abstention::Gap), Some(Abstention::Settling));
    // The break is at 104.0 s, windows reach from 0.2 s before to 0.8 s after an onset, settling takes a second.
    assert_eq!(reasons, [None, gap, gap, settling, settling, None, None]);
}
