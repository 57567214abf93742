//! A calibration session in the window, walked through by keys alone: setup, runs, pauses, conclusion, and every way in
//! which it ends early. The engine is scripted; the presenter, the folder and the timing tables are real.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::Key;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use phosphene::pipeline::Command;
use phosphene::signal::{Screen, StimulusSet};
use phosphene::snapshot::{PackState, PackView, RecordingState, RunState, Snapshot};
use phosphene::time::clock::{Clock, ManualClock};
use phosphene::ui::{App, Conclusion, Embedding, InitialView};

use crate::harness::window::engine::ScriptedEngine;
use crate::harness::window::{opened, states as scripted};

const PERIOD_SECS: f64 = 1.0 / 60.0;

struct Walk {
    harness: Harness<'static, App>,
    engine: ScriptedEngine,
    hand: ManualClock,
    now_secs: f64,
    root: tempfile::TempDir,
    snapshot: Snapshot,
}

impl Walk {
    /// The setup page, with the display measured.
    fn begin() -> Self {
        let snapshot = Snapshot { recording: RecordingState::Off, ..scripted::running() };
        let engine = ScriptedEngine::with(snapshot.clone());
        engine.0.borrow_mut().screen = Some(Arc::new(Screen::new(1024)));
        let root = tempfile::tempdir().unwrap();
        let (clock, hand) = Clock::manual(100.0);
        let initial = InitialView { sessions_folder: root.path().into(), ..InitialView::default() };
        let app = App::new(Box::new(engine.clone()), clock, initial);
        let harness = opened(app, [1200.0, 900.0], 1.0);
        let mut walk = Self { harness, engine, hand, now_secs: 100.0, root, snapshot };
        walk.frames(2);
        walk.key(Key::K);
        walk.frames(140);
        walk
    }

    fn frames(&mut self, count: usize) {
        for _ in 0..count {
            self.now_secs += PERIOD_SECS;
            self.hand.set_secs(self.now_secs);
            self.harness.step();
        }
    }

    fn key(&mut self, key: Key) {
        self.harness.key_press(key);
        self.frames(2);
    }

    fn says(&self, text: &str) -> bool {
        self.harness.query_by_label_contains(text).is_some()
    }

    fn show(&mut self, recording: RecordingState) {
        self.snapshot.recording = recording;
        self.engine.show(self.snapshot.clone());
        self.frames(2);
    }

    /// The file that was last asked for.
    fn asked(&self) -> Option<PathBuf> {
        self.engine.sent().iter().rev().find_map(|command| match command {
            Command::StartRecording(recording) => Some(recording.path.clone()),
            _ => None,
        })
    }

    fn on(path: &Path) -> RecordingState {
        RecordingState::On { path: path.into(), frames: 0, lost: 0, also: Vec::new() }
    }

    fn markers(&self) -> Vec<String> {
        let screen = self.engine.0.borrow().screen.clone().unwrap();
        std::iter::from_fn(|| Some(screen.next_marker()?.label().to_owned())).collect()
    }

    /// Chooses the short protocol with the pointer, as a person would.
    fn choose_short(&mut self) {
        self.harness.get_by_value("default").click();
        self.frames(4);
        self.harness.get_by_label("short").click();
        self.frames(4);
        assert!(self.says("in 3 runs"), "the plan follows the choice");
    }
}

#[test]
fn a_whole_session_is_held_with_the_keyboard_and_handed_over() {
    let mut walk = Walk::begin();
    assert!(
        walk.says("Photosensitive epilepsy") && walk.says("60.0 Hz"),
        "the display is measured"
    );
    walk.choose_short();
    walk.key(Key::Enter);
    for run in 0..3 {
        let path = walk.asked().unwrap();
        let task = if run < 2 { "task-calib" } else { "task-test" };
        assert!(path.to_string_lossy().contains(task), "{}", path.display());
        walk.show(Walk::on(&path));
        // Space from time to time: presses are markers, whether they answer or not.
        let mut labels = Vec::new();
        for second in 0..60 {
            walk.frames(60);
            if second == 9 {
                walk.key(Key::Space);
            }
            labels.extend(walk.markers());
            if matches!(walk.engine.sent().last(), Some(Command::StopRecording)) {
                break;
            }
        }
        let onsets = labels.iter().filter(|l| l.starts_with("stim/")).count();
        assert!(onsets >= 25, "{onsets} onsets in run {run}: {labels:?}");
        assert!(labels.iter().any(|label| label == "key"));
        assert!(labels.iter().filter(|l| *l == "stim_off").count() >= onsets);
        assert!(matches!(walk.engine.sent().last(), Some(Command::StopRecording)), "run {run}");
        let timing = path.to_string_lossy().replace(".xdf", "_timing.csv");
        let rows = std::fs::read_to_string(&timing).unwrap();
        assert!(rows.lines().count() > onsets && rows.contains("refresh_hz"), "{timing}");
        walk.show(RecordingState::Off);
        if run < 2 {
            assert!(walk.says(&format!("{} of 3 runs are done", run + 1)));
            walk.frames(70); // a key at once is taken for a mistake
            walk.key(Key::Space);
        }
    }
    let held = walk.engine.0.borrow().concluded.clone();
    assert_eq!(held.len(), 1, "the session was handed over once");
    let display = held[0].display.clone().unwrap();
    assert!((display.refresh_hz - 60.0).abs() < 1.0 && display.verdict.starts_with("good"));
    assert!(held[0].timing.iter().all(|trial| trial.shown_secs >= trial.planned_secs - 0.02));
    assert!(held[0].attention.is_some_and(|task| task.repeats > 0));
    assert!(walk.says("Fitting and judging"));
    walk.engine.0.borrow_mut().conclusion = Conclusion::Failed("too few trials".into());
    walk.frames(20);
    assert!(walk.says("too few trials"));
    walk.key(Key::Escape);
    assert!(!walk.says("too few trials"), "the panel is closed");
    let protocol = walk.root.path().join("sub-01/ses-01/protocol.toml");
    assert!(std::fs::read_to_string(protocol).unwrap().contains("plan_seed"));
}

#[test]
fn escape_stops_a_run_says_so_and_keeps_what_was_shown() {
    let mut walk = Walk::begin();
    walk.key(Key::Enter);
    let path = walk.asked().unwrap();
    walk.show(Walk::on(&path));
    walk.frames(600);
    walk.key(Key::Escape);
    assert!(walk.says("was stopped"), "the page that says so stays");
    assert!(walk.engine.sent().contains(&Command::StopRecording));
    let timing = path.to_string_lossy().replace(".xdf", "_timing.csv");
    assert!(std::fs::read_to_string(timing).unwrap().lines().count() > 3);
    let screen = walk.engine.0.borrow().screen.clone().unwrap();
    assert!(!screen.is_open(), "the virtual subject looks away");
}

#[test]
fn an_old_failure_of_a_recording_does_not_end_a_session_and_a_new_one_does() {
    let mut walk = Walk::begin();
    walk.show(RecordingState::Failed("the disk was full yesterday".into()));
    walk.key(Key::Enter);
    walk.frames(10);
    assert!(walk.says("being opened") && !walk.says("yesterday"));
    walk.show(RecordingState::Failed("the disk is full".into()));
    assert!(walk.says("the disk is full"));
}

#[test]
fn what_would_spoil_a_session_is_said_before_it_begins() {
    let mut walk = Walk::begin();
    walk.show(Walk::on(Path::new("/elsewhere/mine.xdf")));
    assert!(walk.says("A recording runs"));
    walk.key(Key::Enter);
    assert_eq!(walk.asked(), None, "the user's own recording is left alone");
    walk.show(RecordingState::Off);
    walk.engine.0.borrow_mut().cannot_present = Some("a recording cannot look at pictures".into());
    walk.frames(2);
    assert!(walk.says("cannot look at pictures"));
    walk.engine.0.borrow_mut().cannot_present = None;
    walk.snapshot.run = RunState::Idle;
    walk.show(RecordingState::Off);
    assert!(walk.says("Connect a headset first"));
    walk.key(Key::Enter);
    assert_eq!(walk.asked(), None);
}

#[test]
fn own_pictures_are_embedded_and_shown_and_what_is_wrong_with_them_is_said() {
    let mut walk = Walk::begin();
    assert!(walk.says("40 bundled"));
    let field = walk.harness.get_by_role_and_label(Role::TextInput, "Pictures");
    field.focus();
    walk.frames(2);
    walk.harness.get_by_role_and_label(Role::TextInput, "Pictures").type_text("/pictures/mine");
    walk.frames(2);
    walk.engine.0.borrow_mut().embedding = Embedding::Working(0.4);
    walk.harness.get_by_label("Take these").click();
    walk.frames(3);
    assert_eq!(walk.engine.0.borrow().folders, [PathBuf::from("/pictures/mine")]);
    assert!(walk.says("looks at your pictures") && walk.says("are being embedded"));
    walk.key(Key::Enter);
    assert_eq!(walk.asked(), None, "no session begins before they are there");
    walk.engine.0.borrow_mut().embedding = Embedding::Failed("it holds 2 pictures".into());
    walk.frames(3);
    assert!(walk.says("it holds 2 pictures") && walk.says("40 bundled"));
    walk.engine.0.borrow_mut().embedding = Embedding::Working(0.0);
    walk.harness.get_by_label("Take these").click();
    walk.frames(3);
    let mut twelve = StimulusSet::bundled().unwrap();
    twelve.stimuli.truncate(12);
    twelve.embeddings.truncate(12 * twelve.dim);
    walk.engine.0.borrow_mut().embedding = Embedding::Done(Arc::new(twelve));
    walk.frames(3);
    assert!(walk.says("12 of your own") && !walk.says("it holds 2 pictures"));
    assert_eq!(walk.engine.0.borrow().used, [Some(12)], "the engine shows the same");
    walk.harness.get_by_label("Bundled ones").click();
    walk.frames(3);
    assert!(walk.says("40 bundled"));
    assert_eq!(walk.engine.0.borrow().used, [Some(12), None]);
}

#[test]
fn a_lost_source_ends_the_session() {
    let mut walk = Walk::begin();
    walk.key(Key::Enter);
    let path = walk.asked().unwrap();
    walk.show(Walk::on(&path));
    walk.frames(120);
    walk.snapshot.run = scripted::lost().run;
    walk.show(Walk::on(&path));
    assert!(walk.says("The source was lost"));
}

#[test]
fn what_the_minutes_buy_is_said_before_they_are_given() {
    let mut walk = Walk::begin();
    assert!(walk.says("What it buys") && walk.says("guessing names 2.5 in 100"));
    for strength in ["the demonstration", "recorded people"] {
        assert!(walk.says(&format!("At the strength of {strength}, 10 minutes buy: one look")));
    }
    assert!(walk.says("SIMULATED"), "whose figures they are");
    assert!(!walk.says("Named in 100"));
    walk.harness.get_by_label("Other lengths").click();
    walk.frames(30);
    let tables = walk.harness.query_all_by_label_contains("Named in 100").count();
    assert_eq!(tables, 2, "one for each strength");
    walk.choose_short();
    assert!(!walk.says("10 minutes buy: one look"), "it follows the protocol");
}

#[test]
fn with_another_pack_nobody_has_measured_what_it_buys() {
    let mut walk = Walk::begin();
    let PackState::Ready(pack) = &walk.snapshot.pack else { panic!("no pack") };
    let other = PackView { name: "another 1.0".into(), ..PackView::clone(pack) };
    walk.snapshot.pack = PackState::Ready(Arc::new(other));
    walk.show(RecordingState::Off);
    assert!(walk.says("nobody has measured it") && !walk.says("minutes buy"));
}
