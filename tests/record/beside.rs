//! A live run records other streams into its own file: each from when it is there, as it is sent, up to the stop.

use std::path::Path;
use std::time::Duration;

use lsl::ChannelFormat;
use phosphene::formats::xdf::{Stream, Values};
use phosphene::pipeline::{Pipeline, Recording, RunConfig};
use phosphene::snapshot::RecordingState;
use phosphene::source::file::{FileSource, Speed};
use phosphene::source::{ReadStatus, Source};
use phosphene::time::clock::Clock;

use crate::harness::lsl::{MAX_READS, chunk, lsl_on_loopback, outlet, push_ramp};
use crate::harness::xdf::{load_raw, stream, texts};

/// Samples of a stream beside the run's own so far.
fn written(pipeline: &Pipeline, name: &str) -> u64 {
    let RecordingState::On { also, .. } = pipeline.snapshot().recording else { return 0 };
    also.iter().find(|(found, _)| found == name).map_or(0, |(_, samples)| *samples)
}

/// Frames that the file gives when it is replayed.
fn replayed(path: &Path) -> u64 {
    let mut source = FileSource::new(path.into()).with_speed(Speed::Max);
    let info = source.prepare(&Clock::system()).unwrap();
    let (mut chunk, mut frames) = (chunk(info.channels.len()), 0);
    for _ in 0..MAX_READS {
        chunk.clear();
        let status = source.read(&mut chunk).unwrap();
        frames += chunk.frames().len() as u64;
        if status == ReadStatus::End {
            break;
        }
    }
    frames
}

#[test]
fn a_live_recording_takes_other_streams_along() {
    let Some(clock) = lsl_on_loopback() else { return };
    let make = |name| outlet(name, "Test", 100.0, ChannelFormat::Float32, &[("n", "", "")]);
    let first = make("beside first");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    let also = ["lsl:pred=starts-with(name,'beside ')", "sim:subject=9,rate=500"];
    let also = also.map(|text| text.parse().unwrap()).into();
    let recording = Recording { path: path.clone(), also };
    let config = RunConfig { record: Some(recording), ..RunConfig::default() };
    let pipeline = Pipeline::start(config, Vec::new());
    let start = clock.now_secs();
    let (mut late, mut pushed) = (None, 0);
    for i in 0..3000 {
        push_ramp(&first, 1, i..i + 1, start, 100.0);
        if written(&pipeline, "beside first") > 20 {
            let outlet = late.get_or_insert_with(|| make("beside late"));
            push_ramp(outlet, 1, pushed..pushed + 1, start, 100.0);
            pushed += 1;
        }
        std::thread::sleep(Duration::from_millis(5));
        if written(&pipeline, "beside late") > 20 {
            break;
        }
    }
    push_ramp(late.as_ref().unwrap(), 1, 77_777..77_778, start, 100.0);
    let report = pipeline.stop();
    assert_eq!(report.failure, None);

    let file = load_raw(&path);
    let Values::Float32(ramp) = &stream(&file, "beside first").values else { panic!("as sent") };
    assert!(ramp.len() > 20 && ramp.windows(2).all(|pair| pair[1] == pair[0] + 1.0), "{ramp:?}");
    let Values::Float32(last) = &stream(&file, "beside late").values else { panic!("as sent") };
    assert_eq!(last.last(), Some(&77_777.0), "what was sent before the stop is in the file");
    let labels = texts(stream(&file, "Phosphene markers"));
    assert!(labels.iter().any(|label| label == "phosphene/back beside late"), "{labels:?}");

    // The second source has streams of its own, and the run's own is the one that is replayed.
    let signals: Vec<&Stream> = file.streams.iter().filter(|s| s.header.kind == "EEG").collect();
    assert_eq!(signals.len(), 2);
    assert!(signals[1].len() > 100, "{} of the second subject", signals[1].len());
    assert_eq!(replayed(&path), signals[0].len() as u64);
    assert!(signals[1].len() > signals[0].len(), "the rates tell which was replayed");
}

#[test]
fn what_cannot_be_had_is_said_and_the_recording_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    let also = vec!["file:/nowhere/at-all.xdf".parse().unwrap()];
    let recording = Recording { path: path.clone(), also };
    let config = RunConfig { record: Some(recording), ..RunConfig::default() };
    let pipeline = Pipeline::start(config, Vec::new());
    std::thread::sleep(Duration::from_millis(1500));
    let report = pipeline.stop();
    assert_eq!(report.failure, None);
    let said = report.snapshot.notices.iter().any(|notice| notice.text.contains("at-all.xdf"));
    assert!(said, "{:?}", report.snapshot.notices);
    assert!(replayed(&path) > 100);
}
