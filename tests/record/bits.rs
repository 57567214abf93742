//! Live → record → replay: the same bits come out; files survive crashes and full disks.

use std::io::Cursor;
use std::path::Path;

use phosphene::formats::xdf::{BOUNDARY, LoadOptions, Values, XdfFile, load};
use phosphene::hop::ring::{FrameConsumer, FrameProducer, frame_ring};
use phosphene::record::{RecordError, RecordSummary, Recorder};
use phosphene::signal::Chunk;
use phosphene::source::file::{FileSource, Speed};
use phosphene::source::{ReadStatus, Source};
use phosphene::time::clock::Clock;

use crate::harness::public;
use crate::harness::recording::{
    CHANNELS, SmallDisk, feed, folder_and_path, info, live_frames, live_markers, record, replay,
};

fn load_bytes(bytes: &[u8]) -> XdfFile {
    load(Cursor::new(bytes), Path::new("memory"), &LoadOptions::default()).unwrap()
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
    let file = load_bytes(&disk.content.lock().unwrap());
    assert_eq!((file.cut, file.warnings.len()), (false, 0), "{:?}", file.warnings);
    assert!(file.streams[0].len() > 1000);
}

#[test]
fn a_nearly_full_disk_ends_the_recording_while_the_footers_fit() {
    let disk = SmallDisk { size: usize::MAX, free: Some(1 << 20), ..SmallDisk::default() };
    let (error, finished) = record_until_error(disk.clone());
    assert!(matches!(error, RecordError::NoSpace { .. }), "{error}");
    let file = load_bytes(&disk.content.lock().unwrap());
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
    let found = bytes.windows(16).filter(|window| *window == BOUNDARY).count();
    // One at the start; forty seconds of frames, stepped every tenth of a second.
    assert!((4..=6).contains(&found), "{found} boundaries");
    let file = load_bytes(&bytes);
    let decodes = file.streams.iter().find(|s| s.header.kind == "Decodes").unwrap();
    assert_eq!(decodes.values.text(0), "{\"top\":[\"a\"]}");
    assert!(matches!(decodes.values, Values::Text(_)));
}

/// The examples of the format's authors, where they are at hand.
#[test]
fn recordings_of_others_replay_with_their_resets_and_markers() {
    let Some(path) = public("formats/xdf-example-files/clock_resets.xdf") else { return };
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
