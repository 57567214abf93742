//! A recording as the recorder makes it from a live source's frames, its replay, and a disk that fills up.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use phosphene::hop::ring::{FrameProducer, frame_ring};
use phosphene::record::{RecordSink, RecordSummary, Recorder};
use phosphene::signal::{Chunk, FrameMeta, Marker};
use phosphene::source::file::FileSource;
use phosphene::source::{ReadStatus, Source, SourceInfo, SourceKind};
use phosphene::time::clock::Clock;
use phosphene::units::SampleRate;

pub const CHANNELS: usize = 3;
pub const RATE_HZ: f64 = 250.0;

pub fn info(simulated: bool) -> SourceInfo {
    SourceInfo {
        mounted: None,
        kind: SourceKind::Sim,
        name: "Amp <1> & co".into(),
        simulated,
        snr_db: simulated.then_some(-14.0),
        channels: ["O1", "Oz", "O2"].map(String::from).to_vec(),
        rate: SampleRate::new(RATE_HZ).unwrap(),
        source_unit: "uV".into(),
        has_markers: true,
        notes: vec!["a guess".into()],
    }
}

/// Frames as a live source might give them: jittered stamps, lost frames, flags without loss, odd values.
pub fn live_frames(count: usize) -> Vec<(FrameMeta, [f32; CHANNELS])> {
    let mut index = 17;
    let frame = |i: usize| {
        let gap_before = i % 97 == 50;
        index += if gap_before && i.is_multiple_of(2) { 4 } else { 1 };
        let jitter = if i.is_multiple_of(3) { 0.0 } else { ((i * 7919) % 101) as f64 * 1.3e-6 };
        let time_secs = 51_234.567_891 + index as f64 / RATE_HZ + jitter;
        let meta = FrameMeta { index, time_secs, arrival_secs: time_secs + 0.01, gap_before };
        let odd = if i.is_multiple_of(111) {
            f32::from_bits(0x7FC0_1234)
        } else {
            (i as f32).sin() * 31.7
        };
        (meta, [odd, f32::MIN_POSITIVE / 8.0, -(i as f32)])
    };
    (0..count).map(frame).collect()
}

pub fn live_markers(frames: &[(FrameMeta, [f32; CHANNELS])]) -> Vec<Marker> {
    let onset = |(i, (meta, _)): (usize, &(FrameMeta, _))| {
        Marker::stimulus_onset(meta.time_secs + 1e-9, &format!("bild-ü{i}"))
    };
    frames.iter().enumerate().step_by(60).map(onset).collect()
}

/// Pushes frames and the markers that belong to them through a ring, in pieces, calling `between` after each.
pub fn feed(
    tx: &mut FrameProducer,
    frames: &[(FrameMeta, [f32; CHANNELS])],
    markers: &[Marker],
    mut between: impl FnMut(f64),
) {
    let mut markers = markers.iter().peekable();
    for piece in frames.chunks(25) {
        let mut chunk = Chunk::with_capacity(CHANNELS, 25, 8);
        let last = piece[piece.len() - 1].0.time_secs;
        for (meta, values) in piece {
            assert!(chunk.push(*meta, values));
        }
        while let Some(marker) = markers.next_if(|marker| marker.time_secs <= last) {
            assert!(chunk.push_marker(*marker));
        }
        tx.write(&chunk);
        between(last);
    }
}

pub fn record(
    path: &Path,
    frames: &[(FrameMeta, [f32; CHANNELS])],
    markers: &[Marker],
) -> RecordSummary {
    let (clock, hand) = Clock::manual(51_234.0);
    let mut recorder = Recorder::create(path, &info(true), "2026-01-01T00:00:00Z", &clock).unwrap();
    let (mut tx, mut rx) = frame_ring(CHANNELS, 1000);
    feed(&mut tx, frames, markers, |now| {
        hand.set_secs(now);
        recorder.step(&mut rx).unwrap();
    });
    recorder.push_decode(51_300.0, "{\"top\":[\"a\"]}").unwrap();
    recorder.finish().unwrap()
}

/// Everything that a source gives, read to its end.
pub fn replay(source: &mut FileSource) -> (Vec<(FrameMeta, Vec<f32>)>, Vec<Marker>) {
    let mut chunk = Chunk::with_capacity(CHANNELS, 64, 4);
    let (mut frames, mut markers) = (Vec::new(), Vec::new());
    loop {
        chunk.clear();
        if source.read(&mut chunk).unwrap() == ReadStatus::End {
            return (frames, markers);
        }
        frames.extend((0..chunk.len()).map(|i| (chunk.frames()[i], chunk.frame(i).to_vec())));
        markers.extend_from_slice(chunk.markers());
    }
}

pub fn folder_and_path() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/on the way/a.xdf");
    (folder, path)
}

/// A disk in memory that is full after some bytes.
#[derive(Clone, Debug, Default)]
pub struct SmallDisk {
    pub content: Arc<Mutex<Vec<u8>>>,
    pub size: usize,
    /// What it says is free, if it says anything.
    pub free: Option<u64>,
}

impl Write for SmallDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut content = self.content.lock().unwrap();
        let fits = bytes.len().min(self.size - content.len());
        content.extend_from_slice(&bytes[..fits]);
        if fits == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(fits) }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl RecordSink for SmallDisk {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.content.lock().unwrap().truncate(bytes as usize);
        Ok(())
    }
    fn free_bytes(&self) -> Option<u64> {
        self.free
    }
}
