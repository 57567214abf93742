//! Window, decoder and disk stand still for ten seconds: acquisition loses nothing.
//!
//! Once in simulated time, with the rings of the live run and all three at once; once with the threads of the live run, whose
//! decoder stalls and whose traces nobody draws.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::bounded;
use phosphene::dsp::chain::Chain;
use phosphene::hop::backlog::backlog;
use phosphene::hop::ring::{display_ring, frame_ring};
use phosphene::hop::slot::slot;
use phosphene::pipeline::acquire::Acquire;
use phosphene::pipeline::contract::{self, InputContract};
use phosphene::pipeline::process::{Process, ProcessParts, StimulusRows};
use phosphene::pipeline::rings::{
    PROCESS_RING_SECS, RECORD_RING_SECS, TRACE_RING_SECS, ring_frames,
};
use phosphene::pipeline::shared::Shared;
use phosphene::pipeline::traces::Traces;
use phosphene::pipeline::{DecodeSink, Pipeline, Recording, RunConfig, RunFacts, WindowMode};
use phosphene::record::Recorder;
use phosphene::signal::{StimulusSet, Window};
use phosphene::snapshot::{ChannelQuality, DecodeView};
use phosphene::source::file::{FileSource, Speed};
use phosphene::source::{ReadStatus, Source, make};
use phosphene::time::clock::Clock;

use crate::harness::{demo_pack, folder_in_memory};

/// Everybody behind acquisition and filters stands still meanwhile, in seconds of signal.
const STALL_SECS: std::ops::Range<f64> = 5.0..15.0;
const END_SECS: f64 = 18.0;
/// How often each stage is stepped, in seconds.
const STEP_SECS: f64 = 0.01;

/// Numbers of the frames in a recording, and which follow a gap.
fn recorded(path: &std::path::Path) -> Vec<(u64, bool)> {
    let mut source = FileSource::new(path.into()).with_speed(Speed::Max);
    let info = source.prepare(&Clock::manual(0.0).0).unwrap();
    let mut chunk = phosphene::signal::Chunk::with_capacity(info.channels.len(), 512, 64);
    let mut frames = Vec::new();
    loop {
        chunk.clear();
        let status = source.read(&mut chunk).unwrap();
        frames.extend(chunk.frames().iter().map(|meta| (meta.index, meta.gap_before)));
        if status == ReadStatus::End {
            return frames;
        }
    }
}

/// Every frame from the first on, none missing; the first one follows nothing.
fn is_whole(frames: &[(u64, bool)]) -> bool {
    frames
        .iter()
        .zip(0_u64..)
        .all(|((index, gap), number)| *index == number && (!gap || number == 0))
}

#[test]
fn ten_seconds_in_which_nobody_draws_decodes_or_writes_lose_nothing() {
    let (clock, hand) = Clock::manual(100.0);
    let shared = Shared::new(clock);
    let set = StimulusSet::bundled_or_none();
    let spec = "sim:montage=biosemi64,rate=1000".parse().unwrap();
    let mut source = make::source(&spec, Speed::Times(1.0), &set).unwrap();
    let info = source.prepare(&shared.clock).unwrap();
    let (channels, rate_hz) = (info.channels.len(), info.rate.hz());
    let ring = |secs| frame_ring(channels, ring_frames(rate_hz, secs));
    let (to_process, from_acquire) = ring(PROCESS_RING_SECS);
    let (to_record, mut record_ring) = ring(RECORD_RING_SECS);
    let (to_screen, mut screen) = display_ring(channels, ring_frames(rate_hz, TRACE_RING_SECS));
    let folder = folder_in_memory();
    let path = folder.path().join("stalled.xdf");
    let mut recorder =
        Recorder::create(&path, &info, "2026-01-01T00:00:00Z", &shared.clock).unwrap();
    let windows = contract::windows(WindowMode::Locked, true);
    let chain = Chain::prepare(contract::fit(&InputContract::without_pack(), &info, windows).chain);
    let chain = chain.unwrap();
    let samples = chain.window_samples();
    let (quality, _) = slot(|| vec![ChannelQuality::default(); channels]);
    let (mut newest, mut decoder) = backlog(|| Window::with_shape(channels, samples));
    let (_commands, commands) = bounded(1);
    let mut acquire = Acquire::new(source, channels, to_process, Some(to_record));
    let mut process = Process::new(ProcessParts {
        ring: from_acquire,
        chain,
        wants_windows: true,
        refuse: None,
        traces: Some(Traces::new(channels, to_screen)),
        quality,
        rate_hz,
        stamps_are_live: true,
        transport: None,
        commands,
        rows: StimulusRows::of(&set),
        learner: None,
    });
    let (mut processed, mut decoded, mut drawn, mut gaps) = (0, Vec::new(), 0, 0);
    let (room, mut waiting, mut not_drawn) = (ring_frames(rate_hz, TRACE_RING_SECS), 0, 0);
    for step in 0..=(END_SECS / STEP_SECS) as u32 {
        let at_secs = f64::from(step) * STEP_SECS;
        hand.set_secs(100.0 + at_secs);
        acquire.step(&shared).unwrap();
        let taken = process.step(&shared, &mut |window| {
            newest.buffer().copy_from(window);
            newest.publish(true);
        });
        (processed, waiting) = (processed + taken, waiting + taken);
        if STALL_SECS.contains(&at_secs) {
            continue;
        }
        (not_drawn, waiting) = (not_drawn + waiting.saturating_sub(room), 0);
        recorder.step(&mut record_ring).unwrap();
        decoded.extend(decoder.take().map(|window| window.index));
        while screen.next_marker().is_some() {}
        while let Some((meta, _)) = screen.next_frame() {
            drawn += 1;
            gaps += u32::from(meta.gap_before);
        }
    }
    acquire.stop(&shared);
    let summary = recorder.finish().unwrap();
    let all = (END_SECS * rate_hz) as usize + 1;
    assert_eq!(processed, all);
    assert_eq!((summary.frames as usize, summary.lost), (all, 0));
    assert_eq!(shared.snapshot(|_| None).dropped_in_rings, 0);
    let frames = recorded(&path);
    assert!(frames.len() == all && is_whole(&frames));
    // Who did not draw has not drawn it, which is no gap; the decoder goes on with the newest window.
    assert!(not_drawn >= 10_000 - room, "{not_drawn}");
    assert_eq!((drawn, gaps), (all - not_drawn, 0));
    assert!(decoded.is_sorted() && newest.skipped() > 5, "{decoded:?}, {}", newest.skipped());
}

/// A place for decodes that stands still at the third for ten seconds, unless the run is over.
struct StandsStill {
    left: u32,
    stalled: Arc<AtomicBool>,
}

impl DecodeSink for StandsStill {
    fn begin(&mut self, _: &RunFacts) {}

    fn decode(&mut self, _: &DecodeView) -> Result<(), String> {
        self.left = self.left.saturating_sub(1);
        if self.left == 1 {
            std::thread::sleep(Duration::from_secs(10));
            self.stalled.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), String> {
        Ok(())
    }
}

#[test]
fn a_live_run_whose_decoder_stalls_and_that_nobody_draws_is_recorded_whole() {
    let folder = folder_in_memory();
    let path = folder.path().join("live.xdf");
    let config = RunConfig {
        spec: "sim".parse().unwrap(),
        pack: Some(demo_pack()),
        traces: true,
        record: Some(Recording::to(path.clone())),
        ..RunConfig::default()
    };
    let stalled = Arc::new(AtomicBool::new(false));
    let sink = StandsStill { left: 3, stalled: stalled.clone() };
    let pipeline = Pipeline::start(config, vec![Box::new(sink)]);
    // A machine that is busy may need longer to load the pack than the signal stage's ring lasts: that is not looked at.
    let mut before = None;
    for _ in 0..1200 {
        std::thread::sleep(Duration::from_millis(50));
        let snapshot = pipeline.snapshot();
        if snapshot.decode.is_some() {
            before.get_or_insert(snapshot.dropped_in_rings);
        }
        if stalled.load(Ordering::Acquire) {
            break;
        }
    }
    std::thread::sleep(Duration::from_millis(500));
    let report = pipeline.stop();
    assert!(report.failure.is_none(), "{:?}", report.failure);
    assert!(stalled.load(Ordering::Acquire), "the decoder did not stall");
    assert_eq!(Some(report.snapshot.dropped_in_rings), before);
    assert!(report.snapshot.windows.skipped > 0, "{:?}", report.snapshot.windows);
    let frames = recorded(&path);
    assert!(frames.len() as f64 > 10.0 * 250.0 && is_whole(&frames), "{} frames", frames.len());
}
