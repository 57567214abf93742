//! `replay --lsl`: what a receiver gets is what the recording holds, with its labels, units and markers.

use std::process::{Child, Stdio};

use phosphene::signal::{FrameMeta, Marker};
use phosphene::source::file::{FileSource, Speed};
use phosphene::source::{ReadStatus, Source};
use phosphene::time::clock::Clock;

use crate::harness::lsl::{Received, chunk, configuration, lsl_on_loopback, source};
use crate::harness::program::phosphene;

/// Ends the program when a test ends, also by a panic.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

type Held = (Vec<String>, Vec<(FrameMeta, Vec<f32>)>, Vec<Marker>);

/// All that the recording holds.
fn held(path: &std::path::Path) -> Held {
    let mut source = FileSource::new(path.into()).with_speed(Speed::Max);
    let info = source.prepare(&Clock::system()).unwrap();
    let (mut chunk, mut frames, mut markers) = (chunk(info.channels.len()), Vec::new(), Vec::new());
    loop {
        chunk.clear();
        let status = source.read(&mut chunk).unwrap();
        for (i, meta) in chunk.frames().iter().enumerate() {
            frames.push((*meta, chunk.frame(i).to_vec()));
        }
        markers.extend_from_slice(chunk.markers());
        if status == ReadStatus::End {
            return (info.channels, frames, markers);
        }
    }
}

#[test]
fn a_published_recording_arrives_as_it_is() {
    let Some(clock) = lsl_on_loopback() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.xdf");
    let quiet = || {
        let mut command = phosphene();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let mut record = quiet();
    record.args(["record", "--source", "sim:subject=4,speed=max,seconds=60", "--out"]);
    assert!(record.arg(&path).status().unwrap().success());
    let (channels, frames, markers) = held(&path);

    let config = folder.path().join("lsl.cfg");
    std::fs::write(&config, configuration()).unwrap();
    let mut publish = quiet();
    publish.args(["replay", "--lsl", "--loop"]).arg(&path).env("LSLAPICFG", &config);
    let _running = Running(publish.spawn().unwrap());

    let mut receiver = source("lsl:type=EEG,timeout=20");
    let info = receiver.prepare(&clock).unwrap();
    assert_eq!(info.channels, channels);
    assert!(info.simulated, "a simulated recording says so on the network");
    let mut got = Received::default();
    let mut room = chunk(channels.len());
    got.read_until(
        &mut receiver,
        &mut room,
        |_| std::thread::sleep(std::time::Duration::from_millis(1)),
        |got| got.frames.len() > 1000 && got.markers.len() > 2,
    );
    // It began somewhere in the recording; from there on every value is the same, at the same distances.
    let same = |values: &Vec<f32>, (_, held): &(FrameMeta, Vec<f32>)| values == held;
    let from = frames.iter().position(|held| same(&got.frames[0].1, held)).unwrap();
    let both = got.frames.iter().zip(&frames[from..]);
    let mut compared = 0;
    for ((meta, values), (expected, held)) in both {
        assert_eq!(values, held, "frame {}", expected.index);
        let (here, there) = (
            meta.time_secs - got.frames[0].0.time_secs,
            expected.time_secs - frames[from].0.time_secs,
        );
        assert!(
            (here - there).abs() < 2e-3,
            "{here} s after the first, {there} s in the recording"
        );
        compared += 1;
    }
    assert!(compared > 500, "{compared} frames");
    let labels: Vec<&str> = markers.iter().map(Marker::label).collect();
    assert!(got.markers.iter().all(|marker| labels.contains(&marker.label())), "{:?}", got.markers);
}
