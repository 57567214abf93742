//! The boards that need no hardware, and what is said when a board cannot be had.

use std::time::Duration;

use brainflow::{BOARDS, Board, Library, Params, Preset};
use phosphene::source::{ReadStatus, Source, SourceError};
use phosphene::time::clock::Clock;

use crate::harness::brainflow::{one_at_a_time, prepared, read_until, source};
use crate::harness::{program, root};

/// The library as the program finds it.
fn library() -> Library {
    let path = std::env::var_os("PHOSPHENE_BRAINFLOW").map_or_else(
        || root().join("native/lib/brainflow/libBoardController.so"),
        std::path::PathBuf::from,
    );
    Library::open(&path).unwrap()
}

#[test]
fn the_synthetic_board_streams_without_loss() {
    let _turn = one_at_a_time();
    let (mut source, info) = prepared("synthetic");
    assert!(info.simulated && !info.has_markers);
    assert_eq!(info.rate.hz(), 250.0);
    assert_eq!(info.channels.len(), 16);
    assert_eq!(info.channels[..4], ["Fz", "C3", "Cz", "C4"]);
    let read = read_until(&mut source, 16, |read| read.frames.len() >= 750);
    let counters = source.counters();
    assert_eq!((counters.lost, counters.gaps, counters.clock_resets), (0, 0, 0));
    let neighbours = read
        .frames
        .windows(2)
        .all(|pair| pair[1].index == pair[0].index + 1 && pair[1].time_secs >= pair[0].time_secs);
    assert!(neighbours, "frames are numbered and timed in order");
    // Channel i is a sine of about 10(i+1) µV on an offset, with uniform noise: it swings more the higher i.
    let spread = |channel: usize| {
        let values = read.values_uv.iter().skip(channel).step_by(16);
        let (low, high) = values.fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        high - low
    };
    assert!((10.0..40.0).contains(&spread(0)), "{} µV", spread(0));
    assert!((50.0..200.0).contains(&spread(4)), "{} µV", spread(4));
    source.stop();
}

#[test]
fn a_recording_plays_back_to_its_last_frame_and_ends() {
    let _turn = one_at_a_time();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("synthetic.csv");
    let library = library();
    let mut board = Board::prepare(&library, -1, &Params::default()).unwrap();
    board.start(10_000, &format!("file://{}:w", path.display())).unwrap();
    std::thread::sleep(Duration::from_millis(600));
    board.insert_marker(7.0).unwrap();
    std::thread::sleep(Duration::from_millis(600));
    board.release().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .map(|line| line.split('\t').map(|v| v.trim().parse().unwrap()).collect())
        .collect();
    assert!(rows.len() > 100, "{} rows", rows.len());
    assert!(rows.iter().any(|row| row[31] == 7.0), "the recording holds the marker");

    for config in ["new_timestamps", "old_timestamps"] {
        let (mut source, info) = prepared(&format!(
            "playback,file={},master_board=synthetic,config={config}",
            path.display()
        ));
        assert!(info.simulated && info.notes.iter().any(|note| note.contains("playback")));
        let read = read_until(&mut source, 16, |read| read.last_status() == Some(ReadStatus::End));
        assert_eq!(read.frames.len(), rows.len(), "{config}");
        for (i, row) in rows.iter().enumerate() {
            for channel in 0..16 {
                assert_eq!(read.values_uv[i * 16 + channel], row[channel + 1] as f32, "frame {i}");
            }
        }
        // BrainFlow 5.23 plays a file without its markers: the user is told.
        assert!(read.markers.is_empty() && info.notes.iter().any(|note| note.contains("markers")));
        assert_eq!(source.counters().lost, 0, "{config}");
        let now = Clock::system().now_secs();
        assert!(
            read.frames.iter().all(|frame| (now - 60.0..=now).contains(&frame.time_secs)),
            "{config}"
        );
        source.stop();
    }
}

#[test]
fn another_sessions_stream_is_received() {
    let _turn = one_at_a_time();
    const GROUP: &str = "225.1.1.1:6677";
    let library = library();
    let mut sender = Board::prepare(&library, -1, &Params::default()).unwrap();
    sender.start(10_000, &format!("streaming_board://{GROUP}")).unwrap();
    let mut source =
        source("streaming,ip_address=225.1.1.1,ip_port=6677,master_board=synthetic").unwrap();
    let info = match source.prepare(&Clock::system()) {
        Ok(info) => info,
        Err(error) => return eprintln!("skipped, no multicast here: {error}"),
    };
    assert_eq!((info.channels.len(), info.rate.hz()), (16, 250.0));
    let read = read_until(&mut source, 16, |read| {
        read.frames.len() >= 250 || read.last_status() == Some(ReadStatus::Lost)
    });
    if read.frames.is_empty() {
        return eprintln!("skipped: multicast to {GROUP} does not come back on this machine");
    }
    assert!(read.frames.len() >= 250, "{} frames, then silence", read.frames.len());
    assert_eq!(source.counters().lost, 0);
    source.stop();
    sender.release().unwrap();
}

#[test]
fn two_sessions_with_the_same_board_are_refused_with_a_reason() {
    let _turn = one_at_a_time();
    let (_first, _) = prepared("synthetic");
    let error = source("synthetic").unwrap().prepare(&Clock::system()).unwrap_err().to_string();
    assert!(error.contains("ANOTHER_BOARD_IS_CREATED_ERROR") && error.contains("stop"), "{error}");
}

#[test]
fn boards_that_cannot_be_had_say_what_to_do() {
    let _turn = one_at_a_time();
    for (text, words) in [
        ("cytn", ["no board 'cytn'", "cyton"]),
        ("cyton", ["serial_port", "needs"]),
        ("playback,file=a.csv", ["master_board", "needs"]),
        ("synthetic,colour=red", ["colour", "serial_port"]),
    ] {
        let error = source(text).map(|_| ()).unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
    }
    for (text, words) in [
        ("cyton,serial_port=/dev/nonexistent", ["UNABLE_TO_OPEN_PORT", "dongle"]),
        ("playback,file=/nonexistent.csv,master_board=0", ["/nonexistent.csv", "failed"]),
        ("synthetic,names=Oz/O1", ["16 channels", "names"]),
    ] {
        let error = source(text).unwrap().prepare(&Clock::system()).unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
    }
}

#[test]
fn the_librarys_own_description_agrees_with_the_table() {
    let _turn = one_at_a_time();
    let library = library();
    assert!(library.version().starts_with("5."), "{}", library.version());
    for board in BOARDS.iter().filter(|board| board.id >= -1) {
        let description = library.describe(board.id, Preset::Default).unwrap();
        assert!(description.timestamp_row.is_some(), "{}", board.name);
    }
    let cyton = library.describe(0, Preset::Default).unwrap();
    assert_eq!(cyton.rows("eeg"), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(
        (cyton.package_row, cyton.timestamp_row, cyton.marker_row),
        (Some(0), Some(22), Some(23))
    );
    assert!(library.describe(-100, Preset::Default).is_err());
}

#[test]
fn a_missing_library_says_how_to_get_it() {
    // In a process of its own, because the environment belongs to all tests of this one.
    let elsewhere = [("PHOSPHENE_BRAINFLOW", "/nonexistent/libBoardController.so")];
    let text = program::in_own_process(module_path!(), "without_the_library", &elsewhere);
    for word in ["BrainFlow", "/nonexistent/libBoardController.so", "cargo xtask setup"] {
        assert!(text.contains(word), "{text}");
    }
}

#[test]
#[ignore = "run by a_missing_library_says_how_to_get_it with another environment"]
fn without_the_library() {
    let error = source("synthetic").unwrap().prepare(&Clock::system()).unwrap_err();
    assert!(matches!(error, SourceError::Library { .. }), "{error}");
    println!("{error}");
}
