//! BrainFlow boards through the real library, one at a time, and all that they give.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use phosphene::signal::{Chunk, FrameMeta, Marker};
use phosphene::source::brainflow::BrainflowSource;
use phosphene::source::{CHUNK_FRAMES, CHUNK_MARKERS, ReadStatus, Source, SourceError, SourceInfo};
use phosphene::time::clock::Clock;

/// Held by every test with a board: BrainFlow's sessions belong to the whole process, and it refuses a board that is
/// open already.
pub fn one_at_a_time() -> MutexGuard<'static, ()> {
    static BOARDS: Mutex<()> = Mutex::new(());
    super::hold(&BOARDS)
}

/// Everything that a source gave.
#[derive(Default)]
pub struct Read {
    pub frames: Vec<FrameMeta>,
    pub values_uv: Vec<f32>,
    pub markers: Vec<Marker>,
    pub statuses: Vec<ReadStatus>,
}

impl Read {
    pub fn last_status(&self) -> Option<ReadStatus> {
        self.statuses.last().copied()
    }
}

/// A source from the text after `brainflow:`.
pub fn source(text: &str) -> Result<BrainflowSource, SourceError> {
    match format!("brainflow:{text}").parse()? {
        phosphene::source::SourceSpec::Brainflow { board, parameters } => {
            BrainflowSource::new(&board, &parameters)
        }
        other => panic!("{other} is not a BrainFlow source"),
    }
}

/// The source, prepared.
pub fn prepared(text: &str) -> (BrainflowSource, SourceInfo) {
    let mut source = source(text).unwrap();
    let info = source.prepare(&Clock::system()).unwrap();
    (source, info)
}

/// Reads until `enough` says so; fails after a generous number of seconds so that no test hangs.
pub fn read_until(
    source: &mut BrainflowSource,
    channels: usize,
    enough: impl Fn(&Read) -> bool,
) -> Read {
    const PATIENCE_SECS: f64 = 60.0;
    let clock = Clock::system();
    let started = clock.now_secs();
    let mut chunk = Chunk::with_capacity(channels, CHUNK_FRAMES, CHUNK_MARKERS);
    let mut all = Read::default();
    while !enough(&all) {
        assert!(clock.now_secs() - started < PATIENCE_SECS, "no end after {PATIENCE_SECS} s");
        chunk.clear();
        let status = source.read(&mut chunk).unwrap();
        if all.last_status() != Some(status) {
            all.statuses.push(status);
        }
        all.frames.extend_from_slice(chunk.frames());
        all.values_uv.extend_from_slice(chunk.samples());
        all.markers.extend_from_slice(chunk.markers());
        if status == ReadStatus::Lost {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    all
}
