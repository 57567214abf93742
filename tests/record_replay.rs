//! Live → record → replay: the same bits come out; files survive crashes and full disks.

#![allow(clippy::unwrap_used)] // clippy.toml exempts test functions but not what they share

mod pyxdf;

use std::cell::RefCell;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use phosphene::formats::xdf::{LoadOptions, Values, XdfFile, load};
use phosphene::hop::ring::{FrameConsumer, FrameProducer, frame_ring};
use phosphene::record::{RecordError, RecordSink, RecordSummary, Recorder};
use phosphene::signal::{Chunk, FrameMeta, Marker};
use phosphene::source::file::{FileSource, Speed};
use phosphene::source::{ReadStatus, Source, SourceInfo, SourceKind};
use phosphene::time::clock::Clock;
use phosphene::units::SampleRate;

#[cfg(debug_assertions)]
#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

const CHANNELS: usize = 3;
const RATE_HZ: f64 = 250.0;

fn info(simulated: bool) -> SourceInfo {
    SourceInfo {
        kind: SourceKind::Sim,
        name: "Amp <1> & co".into(),
        simulated,
        channels: ["O1", "Oz", "O2"].map(String::from).to_vec(),
        rate: SampleRate::new(RATE_HZ).unwrap(),
        source_unit: "uV".into(),
        has_markers: true,
        notes: vec!["a guess".into()],
    }
}

/// Frames as a live source might give them: jittered stamps, lost frames, flags without loss, odd values.
fn live_frames(count: usize) -> Vec<(FrameMeta, [f32; CHANNELS])> {
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

fn live_markers(frames: &[(FrameMeta, [f32; CHANNELS])]) -> Vec<Marker> {
    let onset = |(i, (meta, _)): (usize, &(FrameMeta, _))| {
        Marker::stimulus_onset(meta.time_secs + 1e-9, &format!("bild-ü{i}"))
    };
    frames.iter().enumerate().step_by(60).map(onset).collect()
}

/// Pushes frames and the markers that belong to them through a ring, in pieces, calling `between` after each.
fn feed(
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

fn record(
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
fn replay(source: &mut FileSource) -> (Vec<(FrameMeta, Vec<f32>)>, Vec<Marker>) {
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

fn folder_and_path() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/on the way/a.xdf");
    (folder, path)
}

#[test]
fn a_replay_gives_every_bit_that_the_stages_saw() {
    let (_folder, path) = folder_and_path();
    let frames = live_frames(5000);
    let markers = live_markers(&frames);
    let summary = record(&path, &frames, &markers);
    assert_eq!((summary.frames, summary.markers, summary.lost), (5000, markers.len() as u64, 0));
    assert_eq!(summary.bytes, std::fs::metadata(&path).unwrap().len());

    let mut source = FileSource::new(path).with_speed(Speed::Max);
    let found = source.prepare(&Clock::manual(0.0).0).unwrap();
    assert!(found.simulated && found.has_markers && source.is_offline());
    assert_eq!(found.channels, ["O1", "Oz", "O2"]);
    let (replayed, replayed_markers) = replay(&mut source);
    assert_eq!(replayed.len(), frames.len());
    for ((meta, values), (live, live_values)) in replayed.iter().zip(&frames) {
        assert_eq!(meta.time_secs.to_bits(), live.time_secs.to_bits());
        assert_eq!((meta.index, meta.gap_before), (live.index, live.gap_before));
        assert!(values.iter().zip(live_values).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
    assert_eq!(replayed_markers, markers);
    let lost = frames.windows(2).map(|pair| pair[1].0.index - pair[0].0.index - 1).sum::<u64>();
    assert_eq!(source.counters().lost, lost);
}

#[test]
fn a_replay_is_the_same_whenever_and_however_fast() {
    let (_folder, path) = folder_and_path();
    let frames = live_frames(700);
    record(&path, &frames, &live_markers(&frames));
    let mut source = FileSource::new(path.clone()).with_speed(Speed::Max);
    source.prepare(&Clock::manual(0.0).0).unwrap();
    let (offline, offline_markers) = replay(&mut source);

    let (clock, hand) = Clock::manual(1e9 / 3.0);
    let mut source = FileSource::new(path).with_speed(Speed::Times(4.0));
    source.prepare(&clock).unwrap();
    let mut chunk = Chunk::with_capacity(CHANNELS, 512, 64);
    let (mut paced, mut markers) = (Vec::new(), Vec::new());
    for tick in 0.. {
        let now = 1e9 / 3.0 + f64::from(tick) * 0.01;
        hand.set_secs(now);
        chunk.clear();
        let status = assert_no_alloc(|| source.read(&mut chunk)).unwrap();
        if status == ReadStatus::End {
            break;
        }
        for (i, meta) in chunk.frames().iter().enumerate() {
            assert_eq!(meta.arrival_secs, now);
            let on_time = meta.time_secs - offline[0].0.time_secs <= f64::from(tick) * 0.04 + 1e-6;
            assert!(on_time, "a frame of {} came at tick {tick}", meta.time_secs);
            paced.push((meta.time_secs.to_bits(), meta.index, chunk.frame(i)[1].to_bits()));
        }
        markers.extend_from_slice(chunk.markers());
        let lead = source.counters().clock_offset_secs + meta_time(&chunk, &offline) - now;
        assert!(lead.abs() < 0.05, "the clock offset is {lead} s off");
        assert!(tick < 1000, "the replay never ends");
    }
    let offline: Vec<_> = offline
        .iter()
        .map(|(meta, values)| (meta.time_secs.to_bits(), meta.index, values[1].to_bits()))
        .collect();
    assert_eq!(paced, offline);
    assert_eq!(markers, offline_markers);
}

fn meta_time(chunk: &Chunk, offline: &[(FrameMeta, Vec<f32>)]) -> f64 {
    chunk.frames().last().unwrap_or(&offline[0].0).time_secs
}

fn load_bytes(bytes: &[u8]) -> XdfFile {
    load(Cursor::new(bytes), Path::new("memory"), &LoadOptions::default()).unwrap()
}

#[test]
fn a_recording_cut_anywhere_keeps_all_but_its_last_chunk() {
    let (_folder, path) = folder_and_path();
    let frames = live_frames(3000);
    let markers = live_markers(&frames);
    record(&path, &frames, &markers);
    let whole = std::fs::read(&path).unwrap();
    let mut seed = 1_u64;
    let cut_path = path.with_file_name("cut.xdf");
    for _ in 0..60 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let cut = 4000 + (seed >> 33) as usize % (whole.len() - 4000);
        std::fs::write(&cut_path, &whole[..cut]).unwrap();
        let mut source = FileSource::new(cut_path.clone()).with_speed(Speed::Max);
        let Ok(_) = source.prepare(&Clock::manual(0.0).0) else {
            let file = load_bytes(&whole[..cut]);
            assert!(file.streams.first().is_none_or(|eeg| eeg.is_empty()), "cut at {cut}");
            continue;
        };
        let (replayed, _) = replay(&mut source);
        for ((meta, _), (live, _)) in replayed.iter().zip(&frames) {
            assert_eq!(
                (meta.time_secs.to_bits(), meta.index),
                (live.time_secs.to_bits(), live.index)
            );
            assert_eq!(meta.gap_before, live.gap_before);
        }
        // A frame takes at most 9 + 12 bytes, what stands between chunks less than a second of frames.
        let least = (cut.saturating_sub(4000) / 21).saturating_sub(250);
        assert!(replayed.len() >= least, "cut at {cut} left {} frames", replayed.len());
    }
}

/// A disk that is full after some bytes.
#[derive(Clone, Debug, Default)]
struct SmallDisk {
    content: Rc<RefCell<Vec<u8>>>,
    size: usize,
    free: Option<u64>,
}

impl Write for SmallDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut content = self.content.borrow_mut();
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
        self.content.borrow_mut().truncate(bytes as usize);
        Ok(())
    }
    fn free_bytes(&self) -> Option<u64> {
        self.free
    }
}

/// Records until an error comes; gives it, and what finishing brings.
fn record_until_error(disk: SmallDisk) -> (RecordError, Result<RecordSummary, RecordError>) {
    let (clock, hand) = Clock::manual(51_234.0);
    let mut recorder =
        Recorder::with_sink(disk, Path::new("a.xdf"), &info(false), "", &clock).unwrap();
    let (mut tx, mut rx): (FrameProducer, FrameConsumer) = frame_ring(CHANNELS, 10_000);
    let frames = live_frames(5000);
    let mut error = None;
    feed(&mut tx, &frames, &[], |now| {
        hand.set_secs(now);
        let failed = recorder.step(&mut rx).err();
        assert!(error.is_none() || matches!(failed, Some(RecordError::Ended { .. })));
        error = error.take().or(failed);
    });
    (error.unwrap(), recorder.finish())
}

#[test]
fn a_full_disk_is_an_error_and_leaves_a_whole_file() {
    let disk = SmallDisk { size: 40_000, ..SmallDisk::default() };
    let (error, finished) = record_until_error(disk.clone());
    assert!(error.to_string().contains("a.xdf"), "{error}");
    assert!(finished.is_err());
    let file = load_bytes(&disk.content.borrow());
    assert_eq!((file.cut, file.warnings.len()), (false, 0), "{:?}", file.warnings);
    assert!(file.streams[0].len() > 1000);
}

#[test]
fn a_nearly_full_disk_ends_the_recording_while_the_footers_fit() {
    let disk = SmallDisk { size: usize::MAX, free: Some(1 << 20), ..SmallDisk::default() };
    let (error, finished) = record_until_error(disk.clone());
    assert!(matches!(error, RecordError::NoSpace { .. }), "{error}");
    let file = load_bytes(&disk.content.borrow());
    assert_eq!(file.streams[0].footer.unwrap().sample_count, Some(finished.unwrap().frames));
}

#[test]
fn an_existing_file_is_never_touched() {
    let (_folder, path) = folder_and_path();
    record(&path, &live_frames(10), &[]);
    let before = std::fs::read(&path).unwrap();
    let error = Recorder::create(&path, &info(true), "", &Clock::manual(0.0).0).unwrap_err();
    assert!(matches!(error, RecordError::Exists { .. }) && error.to_string().contains("another"));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn loss_in_the_ring_is_in_the_file_and_not_in_the_replay() {
    let (_folder, path) = folder_and_path();
    let (clock, _hand) = Clock::manual(51_234.0);
    let mut recorder = Recorder::create(&path, &info(false), "", &clock).unwrap();
    let (mut tx, mut rx) = frame_ring(CHANNELS, 100);
    let frames = live_frames(150);
    feed(&mut tx, &frames[..125], &[], |_| {});
    recorder.step(&mut rx).unwrap();
    feed(&mut tx, &frames[125..], &[], |_| {});
    recorder.step(&mut rx).unwrap();
    assert_eq!(recorder.finish().unwrap().lost, 25);
    let file = load_bytes(&std::fs::read(&path).unwrap());
    assert_eq!(file.streams[1].values.text(0), "phosphene/lost 25");
    let mut source = FileSource::new(path).with_speed(Speed::Max);
    let info = source.prepare(&Clock::manual(0.0).0).unwrap();
    assert!(info.notes.iter().any(|note| note.contains("lost")), "{:?}", info.notes);
    let (replayed, markers) = replay(&mut source);
    assert_eq!((replayed.len(), markers.len()), (125, 0));
    assert!(replayed[100].0.gap_before);
    assert_eq!(replayed[100].0.index, frames[125].0.index);
}

#[test]
fn boundaries_stand_every_ten_seconds_and_decodes_are_kept() {
    let (_folder, path) = folder_and_path();
    let frames = live_frames(10_000);
    record(&path, &frames, &[]);
    let bytes = std::fs::read(&path).unwrap();
    let boundary = phosphene::formats::xdf::BOUNDARY;
    let found = bytes.windows(16).filter(|window| *window == boundary).count();
    // One at the start; forty seconds of frames, stepped every tenth of a second.
    assert!((4..=6).contains(&found), "{found} boundaries");
    let file = load_bytes(&bytes);
    let decodes = file.streams.iter().find(|s| s.header.kind == "Decodes").unwrap();
    assert_eq!(decodes.values.text(0), "{\"top\":[\"a\"]}");
    assert!(matches!(decodes.values, Values::Text(_)));
}

#[test]
fn pyxdf_reads_a_recording_with_its_own_stamps() {
    let (_folder, path) = folder_and_path();
    let frames = live_frames(2500);
    record(&path, &frames, &live_markers(&frames));
    let Some(found) = pyxdf::read(&path) else { return };
    let eeg = &found[0][0];
    let stamps = eeg["stamps"].as_array().unwrap();
    assert_eq!(stamps.len(), frames.len());
    for (stamp, (meta, _)) in stamps.iter().zip(&frames) {
        // Neither moved by clock offsets nor smoothed over gaps; 1e-10 s is how well JSON is read back.
        assert!((stamp.as_f64().unwrap() - meta.time_secs).abs() < 1e-10);
    }
    assert_eq!(found[0][1]["values"][1], "stim/bild-ü60");
}

/// The examples of the format's authors, where they are at hand.
#[test]
fn recordings_of_others_replay_with_their_resets_and_markers() {
    let name = "../shared/data/formats/xdf-example-files/clock_resets.xdf";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if !path.exists() {
        eprintln!("skipped: {} is not there", path.display());
        return;
    }
    let mut source = FileSource::new(path).with_speed(Speed::Max);
    let info = source.prepare(&Clock::manual(0.0).0).unwrap();
    assert_eq!((info.channels.len(), info.rate.hz(), info.has_markers), (8, 100.0, true));
    let mut chunk = Chunk::with_capacity(8, 512, 64);
    let (mut frames, mut markers, mut last) = (0, 0, f64::NEG_INFINITY);
    loop {
        chunk.clear();
        if source.read(&mut chunk).unwrap() == ReadStatus::End {
            break;
        }
        for meta in chunk.frames() {
            assert!(meta.time_secs > last, "stamps go back at {last}");
            last = meta.time_secs;
        }
        frames += chunk.len();
        markers += chunk.markers().len();
    }
    assert_eq!((frames, markers), (27_815, 175));
    assert_eq!(source.counters().clock_resets, 1);
    assert!(source.counters().gaps >= 1 && source.counters().lost > 0);
}

#[test]
fn other_files_say_what_they_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "hello").unwrap();
    for path in [path, folder.path().join("missing.xdf")] {
        let error = FileSource::new(path.clone()).prepare(&Clock::manual(0.0).0).unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}
