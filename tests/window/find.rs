//! The page Find, walked through by keys alone: choices, copy pages, learning, pages that are searched, and every way in which
//! it ends early. The engine is scripted; presenter, markers and the wearer's file are real.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Key, ThemePreference};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use phosphene::find::rehearsal::Rehearsal;
use phosphene::find::stopping::Repetitions;
use phosphene::find::{FindView, Verdict};
use phosphene::pipeline::{Command, WindowMode};
use phosphene::signal::{Flash, Screen, StimulusSet};
use phosphene::snapshot::{Picture, RecordingState, RunState, Snapshot};
use phosphene::source::SourceSpec;
use phosphene::time::clock::{Clock, ManualClock};
use phosphene::ui::{App, InitialView, KnownWearer, Learning, Taught};

use crate::harness::window::engine::ScriptedEngine;
use crate::harness::window::{opened, states as scripted, wearer};

const PERIOD_SECS: f64 = 1.0 / 60.0;

pub struct Walk {
    pub harness: Harness<'static, App>,
    pub engine: ScriptedEngine,
    hand: ManualClock,
    pub now_secs: f64,
    pub snapshot: Snapshot,
}

impl Walk {
    /// The page, with the display measured; these wearers' files are there.
    pub fn begin(known: Vec<KnownWearer>) -> Self {
        Self::begin_as(known, ThemePreference::Dark, [1440.0, 900.0])
    }

    pub fn begin_as(known: Vec<KnownWearer>, theme: ThemePreference, size: [f32; 2]) -> Self {
        let snapshot = Snapshot { recording: RecordingState::Off, ..scripted::running() };
        let engine = ScriptedEngine::with(snapshot.clone());
        {
            let mut script = engine.0.borrow_mut();
            script.screen = Some(Arc::new(Screen::new(4096)));
            script.known = Some(Arc::new(known));
            for (row, stimulus) in StimulusSet::bundled().unwrap().stimuli.iter().enumerate() {
                let picture = Picture::from_encoded(&stimulus.png).unwrap();
                script.pictures.insert(row as u16, Arc::new(picture));
            }
        }
        let (clock, hand) = Clock::manual(100.0);
        let source: SourceSpec = "sim".parse().unwrap();
        let sessions_folder = PathBuf::from("/data/calibration");
        let record_folder = PathBuf::from("/data/recordings");
        let initial = InitialView {
            source: Some(source),
            sessions_folder,
            record_folder,
            theme,
            ..InitialView::default()
        };
        let app = App::new(Box::new(engine.clone()), clock, initial);
        let harness = opened(app, size, 1.0);
        let mut walk = Self { harness, engine, hand, now_secs: 100.0, snapshot };
        walk.frames(2);
        walk.key(Key::F7);
        walk.frames(140);
        walk
    }

    pub fn frames(&mut self, count: usize) {
        for _ in 0..count {
            self.now_secs += PERIOD_SECS;
            self.hand.set_secs(self.now_secs);
            self.harness.step();
        }
    }

    pub fn key(&mut self, key: Key) {
        self.harness.key_press(key);
        self.frames(3);
    }

    pub fn says(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
    }

    pub fn show(&mut self, change: impl FnOnce(&mut Snapshot)) {
        change(&mut self.snapshot);
        self.engine.show(self.snapshot.clone());
        self.frames(3);
    }

    pub fn press(&mut self, label: &str) {
        // Also where it has to be scrolled to.
        self.harness.get_by_label_contains(label).click_accesskit();
        self.frames(3);
    }

    /// Tab until the control with these words has the focus, then Space.
    fn tab_to(&mut self, words: &str) {
        for _ in 0..60 {
            self.harness.key_press(Key::Tab);
            self.frames(2);
            let is_there = self
                .harness
                .query_all_by_label_contains(words)
                .any(|node| egui_kittest::kittest::NodeT::accesskit_node(&node).is_focused());
            if is_there {
                return self.key(Key::Space);
            }
        }
        panic!("Tab never reaches '{words}'");
    }

    pub fn accept(&mut self) {
        self.press("I have read this");
    }

    /// The markers since the last call.
    pub fn markers(&self) -> Vec<String> {
        let screen = self.engine.0.borrow().screen.clone().unwrap();
        std::iter::from_fn(|| Some(screen.next_marker()?.label().to_owned())).collect()
    }

    /// The recording that was asked for last.
    fn asked(&self) -> Option<PathBuf> {
        self.engine.sent().iter().rev().find_map(|command| match command {
            Command::StartRecording(recording) => Some(recording.path.clone()),
            _ => None,
        })
    }

    pub fn begin_learning(&mut self) {
        self.accept();
        self.press("Learn me (Enter)");
        let path = self.asked().expect("a recording was begun");
        let on = RecordingState::On { path, frames: 0, lost: 0, also: Vec::new() };
        self.show(|snapshot| snapshot.recording = on);
    }

    /// From the choices to the first page of a search.
    pub fn begin_search(&mut self) {
        self.accept();
        self.press("Find (Enter)");
        self.connected();
    }

    /// The run has begun anew and settled.
    pub fn connected(&mut self) {
        let now_secs = self.now_secs;
        self.show(|snapshot| snapshot.run_since_secs = now_secs);
        self.frames(200);
    }

    /// The number of the page that flashes now.
    pub fn page_number(&mut self) -> u32 {
        self.frames(150);
        let flashes: Vec<Flash> =
            self.markers().iter().filter_map(|label| Flash::read(label)).collect();
        flashes.last().expect("pictures light up").page
    }

    pub fn decide(&mut self, verdict: Verdict) {
        let page = Some(self.page_number());
        self.show(|snapshot| snapshot.found = Some(Arc::new(view(page, verdict))));
    }
}

pub fn view(page: Option<u32>, verdict: Verdict) -> FindView {
    let mut probabilities = vec![0.001; 40];
    let probability =
        if let Verdict::Found { probability, .. } = verdict { probability } else { 0.4 };
    probabilities[7] = probability;
    let mut view = FindView {
        page,
        probabilities,
        nobody: if verdict == Verdict::NobodyLooks { 0.97 } else { 0.002 },
        verdict,
        flashes: 28,
        scored: 27,
        repetitions: Repetitions { scored: 1.9, shown: 2.0 },
        secs: 5.7,
        ..FindView::default()
    };
    (view.free.pages, view.free.found) = (4, 3);
    view.free_claimed.accuracy = 0.97;
    view.free_claimed.bits_a_minute = 46.0;
    (view.control.pages, view.control.stops) = (3, 0);
    view
}

pub fn found() -> Verdict {
    Verdict::Found { picture: 7, probability: 0.972 }
}

pub fn known() -> Vec<KnownWearer> {
    let of =
        |name: &str, wearer| KnownWearer { path: format!("/data/finders/{name}").into(), wearer };
    vec![
        of("finder_a.json", Ok(wearer::strong())),
        of("finder_b.json", Ok(wearer::weak())),
        of("finder_c.json", Err("this is no file of a wearer who was learnt".into())),
    ]
}

#[test]
fn a_picture_is_found_by_the_keyboard_alone() {
    let mut walk = Walk::begin(known());
    assert!(walk.says("another way than reconstruction") && walk.says("FIND BY ATTENTION"));
    assert_eq!(walk.engine.0.borrow().looked, [PathBuf::from("/data/finders")]);
    assert!(walk.says("tick the box"), "declined until accepted");
    walk.key(Key::Enter);
    assert!(walk.engine.0.borrow().finds.is_empty());
    walk.tab_to("I have read this");
    walk.tab_to("Find (Enter)");
    let finds = walk.engine.0.borrow().finds.clone();
    assert_eq!(finds.len(), 1);
    assert_eq!(finds[0].as_ref().unwrap().wearer, wearer::strong());
    assert_eq!(walk.engine.0.borrow().connected.len(), 1, "the run begins anew");
    assert!(walk.says("Choose a picture as soon as you see the page"));
    walk.frames(300);
    assert!(walk.markers().is_empty(), "the run of before is not the one that is waited for");
    walk.connected();
    assert!(walk.says("Page of 40 pictures; look for any of them"));
    assert!(walk.engine.0.borrow().screen.as_ref().unwrap().is_open());
    walk.decide(found());
    let label = StimulusSet::bundled().unwrap().stimuli[7].label.clone();
    assert!(walk.says(&format!("Found by attention: {label}")));
    for words in [
        "97 %",
        "28 (2.0 repetitions), 1 with a bad signal",
        "bits",
        "within one refresh",
        "46 bits a minute",
    ] {
        assert!(walk.says(words), "{words}");
    }
    assert!(walk.says("SIMULATED") && walk.says("does not read thoughts"));
    walk.key(Key::Enter);
    assert!(walk.says("Found by attention"), "a key at once is taken for a mistake");
    walk.frames(60);
    walk.key(Key::Enter);
    let second = walk.page_number();
    assert_eq!(second, 1, "another page, another number");
    walk.key(Key::Escape);
    assert!(walk.says("Find the picture that you look for") && walk.says("tick the box"));
    assert!(walk.engine.0.borrow().finds[1].is_none(), "reconstruction again");
    assert!(!walk.engine.0.borrow().screen.as_ref().unwrap().is_open());
}

#[test]
fn a_wearer_is_learnt_from_eight_pages_and_can_find_at_once() {
    let mut walk = Walk::begin(Vec::new());
    assert!(walk.says("Nobody was learnt before"));
    walk.begin_learning();
    let path = walk.asked().unwrap();
    assert!(path.starts_with("/data/recordings"));
    assert!(path.file_name().unwrap().to_string_lossy().starts_with("find-learn_"));
    assert!(walk.engine.sent().contains(&Command::SetMode(WindowMode::Locked)));
    assert!(walk.says("Look for: "));
    let mut labels = Vec::new();
    for _ in 0..400 {
        walk.frames(60);
        labels.extend(walk.markers());
        if walk.engine.sent().contains(&Command::StopRecording) {
            break;
        }
    }
    let flashes: Vec<Flash> = labels.iter().filter_map(|label| Flash::read(label)).collect();
    let mut pages: Vec<(u32, Option<u8>)> = flashes.iter().map(|f| (f.page, f.sought)).collect();
    pages.dedup();
    assert_eq!(pages.len(), 8, "{pages:?}");
    assert!(pages.iter().all(|(_, sought)| sought.is_some()));
    let mut sought: Vec<_> = pages.iter().map(|(_, sought)| sought).collect();
    sought.sort();
    sought.dedup();
    assert_eq!(sought.len(), 8, "each page asks for another picture");
    assert!(!labels.iter().any(|label| label.starts_with("late_")), "every flash was in time");
    let per_picture = flashes.iter().filter(|f| f.page == 0 && f.lit.holds(3)).count();
    assert_eq!(per_picture, 16, "twice a repetition");
    walk.show(|snapshot| snapshot.recording = RecordingState::Off);
    assert!(walk.says("Learning you"));
    let lessons = walk.engine.0.borrow().lessons.clone();
    assert_eq!((lessons.len(), &lessons[0].recording, lessons[0].pictures), (1, &path, 40));
    assert_eq!(lessons[0].folder, PathBuf::from("/data/finders"));
    assert_eq!(lessons[0].device, "Virtual subject 3");
    let taught = Taught {
        path: "/data/finders/finder_new.json".into(),
        wearer: wearer::strong(),
        expected: Vec::new(),
    };
    walk.engine.0.borrow_mut().learning = Learning::Done(Arc::new(taught));
    walk.frames(20);
    for words in
        ["You are learnt", "AUC", "Control, with the pictures exchanged", "of 8 copy pages right"]
    {
        assert!(walk.says(words), "{words}");
    }
    walk.key(Key::Enter);
    assert_eq!(walk.engine.0.borrow().finds.len(), 1);
    walk.connected();
    walk.decide(found());
    assert!(walk.says("Found by attention"));
}

#[test]
fn who_is_too_weak_is_told_and_nothing_is_offered_that_cannot_work() {
    let mut walk = Walk::begin(known());
    walk.accept();
    walk.press("too weak for 40 pictures");
    walk.frames(5);
    assert!(walk.says("beyond chance"), "why it cannot be");
    walk.key(Key::Enter);
    walk.press("Find (Enter)");
    assert!(walk.engine.0.borrow().finds.is_empty());
    let mut walk = Walk::begin(Vec::new());
    walk.begin_learning();
    for _ in 0..400 {
        walk.frames(60);
        if walk.engine.sent().contains(&Command::StopRecording) {
            break;
        }
    }
    walk.show(|snapshot| snapshot.recording = RecordingState::Off);
    let taught =
        Taught { path: "/data/f.json".into(), wearer: wearer::weak(), expected: Vec::new() };
    walk.engine.0.borrow_mut().learning = Learning::Done(Arc::new(taught));
    walk.frames(20);
    assert!(walk.says("Too weak to find anything") && !walk.says("Find now"));
    walk.key(Key::Enter);
    assert!(walk.engine.0.borrow().finds.is_empty());
    walk.key(Key::Escape);
    assert!(walk.says("WHO LOOKS"));
}

#[test]
fn nobody_gave_up_and_withheld_are_told_apart_and_show_no_picture() {
    for (verdict, words) in
        [(Verdict::NobodyLooks, "Nobody is looking"), (Verdict::GaveUp, "Given up")]
    {
        let mut walk = Walk::begin(known());
        walk.begin_search();
        walk.decide(verdict);
        assert!(walk.says(words) && !walk.says("Found by attention: "), "{words}");
        walk.frames(60);
        walk.key(Key::Enter);
        assert!(walk.says("Page of 40 pictures"), "the same page again");
    }
    let mut walk = Walk::begin(known());
    walk.begin_search();
    let page = Some(walk.page_number());
    let withheld = FindView {
        withheld: Some("Results are withheld: the control succeeds too"),
        ..view(page, found())
    };
    walk.show(|snapshot| snapshot.found = Some(Arc::new(withheld)));
    assert!(walk.says("Results are withheld") && !walk.says("97 %"));
    walk.frames(60);
    walk.key(Key::Enter);
    assert!(walk.says("WHO LOOKS"));
}

#[test]
fn what_was_found_on_another_page_says_nothing_of_this_one() {
    let mut walk = Walk::begin(known());
    walk.begin_search();
    let page = walk.page_number();
    walk.show(|snapshot| snapshot.found = Some(Arc::new(view(Some(page + 1), found()))));
    assert!(walk.says("Page of 40 pictures"));
    walk.show(|snapshot| snapshot.found = Some(Arc::new(view(None, found()))));
    assert!(walk.says("Page of 40 pictures"));
}

#[test]
fn a_page_without_a_verdict_ends_after_its_flashes() {
    let mut walk = Walk::begin(known());
    walk.begin_search();
    for _ in 0..80 {
        walk.frames(60);
        if walk.says("No flash could be judged") {
            return;
        }
    }
    panic!("the page never ends");
}

#[test]
fn a_lost_headset_keeps_the_page_and_a_run_that_fails_says_so() {
    let mut walk = Walk::begin(known());
    walk.begin_search();
    walk.page_number();
    walk.show(|snapshot| snapshot.run = scripted::lost().run);
    assert!(walk.says("The headset is lost. This page is kept"));
    walk.markers();
    walk.frames(120);
    assert!(walk.markers().is_empty());
    walk.show(|snapshot| snapshot.run = RunState::Running);
    assert!(walk.says("The headset is back"));
    walk.key(Key::Space);
    walk.frames(200);
    assert!(walk.markers().iter().any(|label| label.starts_with("flash/0/")));
    walk.show(|snapshot| snapshot.run = scripted::failed().run);
    assert!(walk.says("It ended before its end") && walk.says("no LSL stream"));
    assert!(walk.engine.0.borrow().finds.last().unwrap().is_none());
    walk.key(Key::Escape);
    assert!(walk.says("Connect a headset first"));
}

#[test]
fn copy_pages_that_are_broken_off_can_still_be_learnt_from() {
    let mut walk = Walk::begin(Vec::new());
    walk.begin_learning();
    walk.key(Key::Escape);
    assert!(walk.says("You ended it") && !walk.says("that are whole"), "no page was whole");
    walk.show(|snapshot| snapshot.recording = RecordingState::Off);
    walk.key(Key::Escape);
    walk.frames(140); // the display is measured anew
    walk.begin_learning();
    for _ in 0..400 {
        walk.frames(60);
        if walk.says("Page 6 of 8") {
            break;
        }
    }
    walk.key(Key::Escape);
    assert!(walk.says("Learn from the 5 pages that are whole"));
    assert_eq!(walk.engine.sent().last(), Some(&Command::SetMode(WindowMode::Auto)));
    walk.show(|snapshot| snapshot.recording = RecordingState::Off);
    walk.press("Learn from the 5 pages");
    assert_eq!(walk.engine.0.borrow().lessons.len(), 1);
}

#[test]
fn a_recording_that_fails_ends_the_copy_pages() {
    let mut walk = Walk::begin(Vec::new());
    walk.begin_learning();
    walk.frames(60);
    walk.show(|snapshot| snapshot.recording = RecordingState::Failed("the disk is full".into()));
    assert!(walk.says("the disk is full"));
}

#[test]
fn a_path_is_steered_gone_back_and_kept() {
    let mut walk = Walk::begin(known());
    // Fewer pictures on a page leave others to go on to.
    walk.harness.get_by_role_and_label(egui::accesskit::Role::Slider, "On a page").focus();
    walk.frames(2);
    for _ in 0..20 {
        walk.key(Key::ArrowLeft);
    }
    assert!(walk.says("What such a page will take is being worked out"));
    let rehearsal = wearer::strong().rehearsal.clone();
    walk.engine.0.borrow_mut().rehearsed = Some(Ok(Rehearsal { pictures: 20, ..rehearsal }));
    walk.frames(20);
    let sizes = walk.engine.0.borrow().asked_sizes.clone();
    assert!(
        sizes.len() == 2 && sizes[1] == 20,
        "one question at a time, the last one too: {sizes:?}"
    );
    walk.begin_search();
    walk.decide(found());
    assert!(walk.says("the next page lies around it") && walk.says("Step 1: "));
    walk.frames(60);
    walk.key(Key::Enter);
    walk.decide(found());
    walk.frames(60);
    assert!(walk.says("Step 2: "));
    walk.key(Key::K);
    let paths = walk.engine.0.borrow().paths.clone();
    assert_eq!((paths.len(), paths[0].1), (1, 2), "both pictures of the path");
    walk.engine.0.borrow_mut().path_kept = Some(Ok(paths[0].0.clone()));
    walk.frames(3);
    assert!(walk.says("Kept: /data/finders/found_"));
    walk.key(Key::B);
    walk.decide(found());
    assert!(!walk.says("Step 2: "), "back takes the choice away");
    let recordings = |sent: &[Command]| {
        let is_one = |command: &&Command| matches!(command, Command::StartRecording(_));
        sent.iter().filter(is_one).count()
    };
    assert_eq!(recordings(&walk.engine.sent()), 0, "nothing is recorded unasked");
    walk.key(Key::Escape);
    walk.press("Record the pages");
    walk.frames(140);
    walk.begin_search();
    assert_eq!(recordings(&walk.engine.sent()), 1);
    assert!(walk.asked().unwrap().starts_with("/data/recordings"));
    walk.key(Key::Escape);
    assert_eq!(walk.engine.sent().last(), Some(&Command::SetShowing(Default::default())));
    assert!(walk.engine.sent().contains(&Command::StopRecording));
}

#[test]
fn why_it_cannot_begin_is_said() {
    let mut walk = Walk::begin(known());
    walk.accept();
    for (change, words) in [
        (scripted::stalled(), "Nothing comes from the headset"),
        (scripted::connecting(), "The headset is being connected"),
        (scripted::idle(), "Connect a headset first"),
        (scripted::recording(0), "A recording runs"),
    ] {
        walk.engine.show(change);
        walk.frames(4);
        assert!(walk.says(words), "{words}");
    }
    walk.engine.0.borrow_mut().cannot_present = Some("nobody sees a recording's screen".into());
    walk.engine.show(walk.snapshot.clone());
    walk.frames(4);
    assert!(walk.says("nobody sees a recording's screen"));
}
