//! The page Find in every state, painted for looking at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Key, ThemePreference};
use egui_kittest::kittest::{By, NodeT as _, Queryable as _};
use phosphene::find::{FindView, Verdict};
use phosphene::snapshot::RecordingState;
use phosphene::ui::{Learning, Taught};

use crate::find::{Walk, found, known, view};
use crate::harness::window::{states as scripted, wearer};

/// A state's name, and how one comes to it.
type State = (&'static str, fn(&mut Walk));

/// Every state.
fn states() -> Vec<State> {
    vec![
        ("start", |_| ()),
        ("start_accepted", |walk| walk.accept()),
        ("start_no_device", |walk| {
            walk.engine.show(scripted::idle());
            walk.frames(4);
        }),
        ("start_weak", |walk| walk.press("too weak for 40 pictures")),
        ("learn_cue", |walk| learn(walk)),
        ("learn_page", |walk| {
            learn(walk);
            until_lit(walk);
        }),
        ("learn_paused", |walk| {
            learn(walk);
            until_lit(walk);
            walk.key(Key::Space);
        }),
        ("learn_broken", |walk| {
            learn(walk);
            walk.key(Key::Escape);
        }),
        ("teaching", |walk| teach(walk)),
        ("taught", |walk| {
            teach(walk);
            be_taught(walk, wearer::strong());
        }),
        ("too_weak", |walk| {
            teach(walk);
            be_taught(walk, wearer::weak());
        }),
        ("connecting", |walk| {
            walk.accept();
            walk.press("Find (Enter)");
        }),
        ("searching", |walk| {
            walk.begin_search();
            until_lit(walk);
        }),
        ("searching_posterior", |walk| {
            walk.press("Show how the probability grows");
            walk.begin_search();
            let page = Some(walk.page_number());
            let growing = FindView {
                probabilities: (0..40)
                    .map(|i| if i == 7 { 0.6 } else { 0.3 / (1.0 + f64::from(i)) })
                    .collect(),
                ..view(page, Verdict::Going)
            };
            walk.show(|snapshot| snapshot.found = Some(Arc::new(growing)));
            until_lit(walk);
        }),
        ("lost", |walk| {
            walk.begin_search();
            walk.page_number();
            walk.show(|snapshot| snapshot.run = scripted::lost().run);
        }),
        ("found", |walk| {
            walk.begin_search();
            walk.decide(found());
        }),
        ("found_path", |walk| {
            walk.begin_search();
            for _ in 0..3 {
                walk.decide(found());
                walk.frames(60);
                walk.key(Key::Enter);
            }
            walk.decide(found());
        }),
        ("nobody", |walk| {
            walk.begin_search();
            walk.decide(Verdict::NobodyLooks);
        }),
        ("gave_up", |walk| {
            walk.begin_search();
            walk.decide(Verdict::GaveUp);
        }),
        ("withheld", |walk| {
            walk.begin_search();
            let page = Some(walk.page_number());
            let withheld = FindView {
                withheld: Some(phosphene::find::finder::WITHHELD),
                ..view(page, found())
            };
            walk.show(|snapshot| snapshot.found = Some(Arc::new(withheld)));
        }),
    ]
}

fn learn(walk: &mut Walk) {
    walk.press("Learn me (about");
    walk.begin_learning();
    walk.frames(10);
}

/// Until pictures are lit in the frame that is painted.
fn until_lit(walk: &mut Walk) {
    for _ in 0..600 {
        walk.frames(1);
        if walk.markers().iter().any(|label| label.starts_with("flash/")) {
            return;
        }
    }
    panic!("nothing lights up");
}

fn teach(walk: &mut Walk) {
    learn(walk);
    for _ in 0..20_000 {
        walk.frames(1);
        if walk.engine.sent().contains(&phosphene::pipeline::Command::StopRecording) {
            break;
        }
    }
    walk.show(|snapshot| snapshot.recording = RecordingState::Off);
}

fn be_taught(walk: &mut Walk, wearer: Arc<phosphene::find::Wearer>) {
    let path = PathBuf::from("/data/finders/finder_2026-11-30T142000Z.json");
    let other =
        |pictures| phosphene::find::rehearsal::Rehearsal { pictures, ..wearer.rehearsal.clone() };
    let expected = vec![other(20), other(60)];
    let taught = Taught { path, wearer: wearer.clone(), expected };
    walk.engine.0.borrow_mut().learning = Learning::Done(Arc::new(taught));
    walk.frames(20);
}

#[test]
fn nothing_sticks_out_of_small_windows() {
    for size in [[1440.0, 900.0], [640.0, 480.0]] {
        for (name, reach) in states() {
            if ["teaching", "taught", "too_weak", "found_path"].contains(&name) {
                continue; // long walks; they stand in the same column as the start page
            }
            let mut walk = Walk::begin_as(known(), ThemePreference::Dark, size);
            reach(&mut walk);
            for node in walk.harness.query_all(By::new().predicate(|node| node.label().is_some())) {
                let rect = node.rect();
                let fits = rect.left() >= -0.5 && rect.right() <= size[0] + 0.5;
                assert!(
                    fits,
                    "{name} at {size:?}: {:?} at {rect:?}",
                    node.accesskit_node().label()
                );
            }
        }
    }
}

#[test]
#[ignore = "needs a graphics adapter; writes pictures of every state into the target folder for looking at"]
fn every_state_of_finding_paints() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    std::fs::create_dir_all(&folder).unwrap();
    let only = std::env::var("PHOSPHENE_UI_STATES").unwrap_or_default();
    for (name, reach) in states() {
        if !only.is_empty() && !only.split(',').any(|wanted| wanted == name) {
            continue;
        }
        for theme in [ThemePreference::Dark, ThemePreference::Light] {
            let mut walk = Walk::begin_as(known(), theme, [1280.0, 800.0]);
            reach(&mut walk);
            let image = walk.harness.render().unwrap();
            let first = *image.get_pixel(0, 0);
            assert!(image.pixels().any(|pixel| *pixel != first), "{name} is blank");
            image.save(folder.join(format!("find_{name}_{theme:?}.png"))).unwrap();
        }
    }
}
