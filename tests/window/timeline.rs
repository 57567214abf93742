//! The timeline of a replay, driven through the window's own keys and buttons: what it asks of the transport.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use phosphene::formats::xdf::{
    ChannelDescription, ChannelFormat, FileDescription, StreamDescription, XdfWriter,
};
use phosphene::signal::Chunk;
use phosphene::source::Source;
use phosphene::source::file::{FileSource, Transport};
use phosphene::time::clock::{Clock, ManualClock};
use phosphene::ui::{App, InitialView};

use crate::harness::window::engine::ScriptedEngine;
use crate::harness::window::{opened, states as scripted};

/// Sixty seconds with an event every ten.
fn recording(folder: &Path) -> PathBuf {
    let path = folder.join("a.xdf");
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = XdfWriter::new(file, &FileDescription::default()).unwrap();
    let eeg = StreamDescription {
        kind: "EEG".into(),
        rate_hz: 100.0,
        format: ChannelFormat::Float32,
        channels: vec![ChannelDescription::default()],
        can_drop_samples: true,
        ..StreamDescription::default()
    };
    let marks = StreamDescription {
        kind: "Markers".into(),
        channels: vec![ChannelDescription::default()],
        ..StreamDescription::default()
    };
    let (eeg, marks) = (writer.add_stream(&eeg).unwrap(), writer.add_stream(&marks).unwrap());
    let stamps: Vec<f64> = (0..6000).map(|i| f64::from(i) / 100.0).collect();
    writer.samples(eeg, &stamps, &vec![1.0_f32; 6000]).unwrap();
    let times: Vec<f64> = (1..6).map(|i| f64::from(i) * 10.0).collect();
    writer.texts(marks, &times, &["a", "b", "c", "d", "e"]).unwrap();
    writer.finish().unwrap();
    path
}

/// A window over a replay; the source is read by the test itself, on a clock that it moves.
struct Replayed {
    harness: Harness<'static, App>,
    transport: Arc<Transport>,
    source: FileSource,
    hand: ManualClock,
    now_secs: f64,
    _folder: tempfile::TempDir,
}

impl Replayed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let transport = Arc::new(Transport::default());
        transport.set_holding(true);
        let mut source =
            FileSource::new(recording(folder.path())).with_transport(transport.clone());
        let (clock, hand) = Clock::manual(0.0);
        source.prepare(&clock).unwrap();
        let engine = ScriptedEngine::with(scripted::running());
        engine.0.borrow_mut().replay = Some(transport.clone());
        let app = App::new(Box::new(engine), Clock::manual(100.0).0, InitialView::default());
        let mut harness = opened(app, [1600.0, 1000.0], 1.0);
        harness.run_steps(4);
        Self { harness, transport, source, hand, now_secs: 0.0, _folder: folder }
    }

    /// Lets time pass and reads what is due.
    fn pass(&mut self, secs: f64) {
        let mut chunk = Chunk::with_capacity(1, 512, 64);
        let mut left = secs;
        while left > 0.0 {
            self.now_secs += 0.05;
            left -= 0.05;
            self.hand.set_secs(self.now_secs);
            // Every read is small; go on until nothing is due.
            for _ in 0..2000 {
                chunk.clear();
                self.source.read(&mut chunk).unwrap();
                if chunk.is_empty() {
                    break;
                }
            }
        }
        self.harness.run_steps(2);
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run_steps(2);
    }

    fn here(&self) -> f64 {
        self.transport.position_secs()
    }
}

#[test]
fn keys_and_buttons_move_the_replay() {
    let mut replay = Replayed::new();
    replay.pass(3.0);
    assert!((replay.here() - 3.0).abs() < 0.2, "{}", replay.here());
    // Space holds it still, and lets it go on where it was.
    replay.press(Modifiers::NONE, Key::Space);
    assert!(!replay.transport.is_playing());
    let held = replay.here();
    replay.pass(5.0);
    assert_eq!(replay.here(), held);
    replay.press(Modifiers::NONE, Key::Space);
    replay.pass(1.0);
    assert!((replay.here() - held - 1.0).abs() < 0.2, "{}", replay.here());
    // Events.
    replay.press(Modifiers::SHIFT, Key::ArrowRight);
    replay.pass(0.1);
    assert!((replay.here() - 10.0).abs() < 0.5, "{}", replay.here());
    replay.harness.get_by_label("Next event").click();
    replay.harness.run_steps(2);
    replay.pass(0.1);
    assert!((replay.here() - 20.0).abs() < 0.5, "{}", replay.here());
    replay.press(Modifiers::SHIFT, Key::ArrowLeft);
    replay.pass(0.1);
    assert!((replay.here() - 10.0).abs() < 0.6, "{}", replay.here());
    // Home, end, speed, loop.
    replay.press(Modifiers::NONE, Key::End);
    replay.pass(0.5);
    assert!((replay.here() - 59.99).abs() < 0.02, "{}", replay.here());
    replay.press(Modifiers::NONE, Key::Home);
    replay.press(Modifiers::NONE, Key::CloseBracket);
    assert_eq!(replay.transport.speed(), 2.0);
    replay.pass(2.0);
    assert!((replay.here() - 4.0).abs() < 0.4, "{}", replay.here());
    replay.press(Modifiers::NONE, Key::L);
    assert!(replay.transport.is_looping());
    replay.press(Modifiers::NONE, Key::End);
    replay.pass(2.0);
    assert!(replay.here() < 6.0, "it begins again: {}", replay.here());
    // A step plays one second and holds still.
    let before = replay.here();
    replay.press(Modifiers::NONE, Key::Period);
    replay.pass(4.0);
    assert!((replay.here() - before - 1.0).abs() < 0.1, "{before} {}", replay.here());
    assert!(!replay.transport.is_playing());
    assert!(replay.harness.query_by_label("Play").is_some());
}
