//! Reading a replay allocates nothing, and gives the same whenever and however fast it is played.

use assert_no_alloc::assert_no_alloc;
use phosphene::signal::{Chunk, FrameMeta};
use phosphene::source::file::{FileSource, Speed};
use phosphene::source::{ReadStatus, Source};
use phosphene::time::clock::Clock;

use crate::harness::recording::{
    CHANNELS, folder_and_path, live_frames, live_markers, record, replay,
};

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
