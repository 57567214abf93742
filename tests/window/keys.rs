//! The keyboard: shortcuts send the right commands, everything is reachable by Tab, typing is left alone.

use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use phosphene::decode::{Noise, Scope, Show, Showing, Steady, Steadying};
use phosphene::pipeline::{Command, WindowMode};
use phosphene::signal::Lock;
use phosphene::snapshot::{DecodeView, Snapshot};
use phosphene::source::SourceSpec;
use phosphene::time::clock::Clock;
use phosphene::ui::{App, DeviceEntry, InitialView};

use crate::harness::window::engine::ScriptedEngine;
use crate::harness::window::{opened, states as scripted};

fn window(snapshot: Snapshot) -> (Harness<'static, App>, ScriptedEngine) {
    let engine = ScriptedEngine::with(snapshot);
    let (clock, _) = Clock::manual(100.0);
    let app = App::new(Box::new(engine.clone()), clock, InitialView::default());
    let mut harness = opened(app, [1600.0, 1000.0], 1.0);
    harness.run_steps(4);
    engine.clear_sent();
    (harness, engine)
}

fn press(harness: &mut Harness<'_, App>, key: Key) {
    harness.key_press(key);
    harness.run_steps(3);
}

fn press_with(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(3);
}

#[test]
fn keys_send_their_commands() {
    for (key, command) in [
        (Key::T, Command::SetTwin(false)),
        (Key::M, Command::SetMode(WindowMode::Locked)),
        (Key::Num1, Command::SetSteps(1)),
        (Key::Num2, Command::SetSteps(2)),
        (Key::Num4, Command::SetSteps(4)),
    ] {
        let (mut harness, engine) = window(scripted::running());
        press(&mut harness, key);
        assert_eq!(engine.sent(), [command], "{key:?}");
    }
}

#[test]
fn s_and_f_step_through_steadying_and_noise_and_the_buttons_say_so() {
    // Where means are painted, as without an answer model.
    let (mut harness, engine) = window(scripted::uncalibrated());
    let (auto, fresh) = (Steadying::default(), Noise::Fresh);
    for (key, now, said) in [
        (Key::S, Steadying { steady: Steady::On, ..auto }, "Steady: on"),
        (Key::S, Steadying { steady: Steady::Off, ..auto }, "Steady: off"),
        (Key::F, Steadying { steady: Steady::Off, noise: fresh }, "Noise: fresh"),
        (Key::F, Steadying { steady: Steady::Off, noise: Noise::Fixed }, "Noise: fixed"),
        (Key::F, Steadying { steady: Steady::Off, ..auto }, "Noise: auto (fresh)"),
        (Key::S, auto, "Steady: auto (off)"),
    ] {
        press(&mut harness, key);
        assert_eq!(engine.sent(), [Command::SetSteadying(now)], "{key:?}");
        assert_eq!(harness.state().view().steadying, now);
        assert!(harness.query_by_label(said).is_some(), "no control says {said}");
        engine.clear_sent();
    }
}

#[test]
fn b_and_o_change_what_is_painted_and_among_which_pictures() {
    let (mut harness, engine) = window(scripted::running());
    let mean = Showing { show: Show::Mean, scope: Scope::Told };
    for (key, now) in [
        (Key::B, mean),
        (Key::O, Showing { scope: Scope::Remembered, ..mean }),
        (Key::B, Showing { show: Show::Best, scope: Scope::Remembered }),
        (Key::O, Showing::default()),
    ] {
        press(&mut harness, key);
        assert_eq!(engine.sent(), [Command::SetShowing(now)], "{key:?}");
        assert_eq!(harness.state().view().showing, now);
        engine.clear_sent();
    }
    for button in ["Best guess", "Mean", "Told", "Remembered"] {
        assert!(harness.query_by_label(button).is_some(), "no control says {button}");
    }
}

#[test]
fn the_steady_button_works_by_pointer_and_says_that_scores_do_not_depend_on_it() {
    let (mut harness, engine) = window(scripted::uncalibrated());
    harness.get_by_label("Steady: auto (off)").click();
    harness.run_steps(3);
    let on = Steadying { steady: Steady::On, ..Steadying::default() };
    assert_eq!(engine.sent(), [Command::SetSteadying(on)]);
    for button in ["Steady: on", "Noise: auto (fresh)"] {
        harness.get_by_label(button).hover();
        harness.run_steps(60);
        let told = "Ranks, p-values and scores do not depend on it.";
        assert!(harness.query_by_label_contains(told).is_some(), "{button}");
    }
}

#[test]
fn a_steadied_picture_says_so_under_both_squares() {
    let decode = DecodeView {
        lock: Lock::Free,
        steady_weight: Some(0.42),
        twin_steady_weight: Some(0.05),
        noise_held: true,
        believed: None,
        twin_believed: None,
        ..scripted::decode(60)
    };
    let snapshot = Snapshot { decode: Some(Arc::new(decode)), ..scripted::uncalibrated() };
    let (harness, _) = window(snapshot);
    for said in ["Steady: auto (on)", "Noise: auto (fixed)"] {
        assert!(harness.query_by_label(said).is_some(), "{said}");
    }
    for said in ["2 steps · steadied, 42 % new", "seed 7 · steadied, 5 % new"] {
        assert!(harness.query_by_label_contains(said).is_some(), "{said}");
    }
}

#[test]
fn r_starts_a_recording_in_the_folder_and_stops_it() {
    let (mut harness, engine) = window(scripted::running());
    press(&mut harness, Key::R);
    let [Command::StartRecording(recording)] = &engine.sent()[..] else {
        panic!("{:?}", engine.sent())
    };
    assert!(recording.also.is_empty(), "nothing else was asked for");
    let name = recording.path.file_name().unwrap().to_str().unwrap();
    assert!(
        name.starts_with("phosphene_") && name.ends_with("Z.xdf") && !name.contains(':'),
        "{name}"
    );
    engine.clear_sent();
    engine.show(scripted::recording(0));
    press(&mut harness, Key::R);
    assert_eq!(engine.sent(), [Command::StopRecording]);
}

#[test]
fn r_does_nothing_while_nothing_runs() {
    let (mut harness, engine) = window(scripted::idle());
    press(&mut harness, Key::R);
    assert_eq!(engine.sent(), []);
}

#[test]
fn space_plus_and_minus_move_the_traces_only() {
    let (mut harness, engine) = window(scripted::running());
    press(&mut harness, Key::Space);
    assert!(harness.state().view().paused);
    press(&mut harness, Key::Plus);
    assert_eq!(harness.state().view().uv_per_div(), 20.0);
    press(&mut harness, Key::Minus);
    press(&mut harness, Key::Minus);
    assert_eq!(harness.state().view().uv_per_div(), 100.0);
    assert_eq!(engine.sent(), []);
}

#[test]
fn control_plus_and_minus_change_the_text_and_nothing_else() {
    let (mut harness, _) = window(scripted::running());
    press_with(&mut harness, Modifiers::COMMAND, Key::Plus);
    assert_eq!(harness.state().view().text_scale, 1.1);
    assert_eq!(harness.state().view().uv_per_div(), 50.0);
    press_with(&mut harness, Modifiers::COMMAND, Key::Minus);
    press_with(&mut harness, Modifiers::COMMAND, Key::Minus);
    assert_eq!(harness.state().view().text_scale, 0.9);
    press_with(&mut harness, Modifiers::COMMAND, Key::Num0);
    assert_eq!(harness.state().view().text_scale, 1.0);
}

#[test]
fn help_lists_every_key_and_escape_closes_it() {
    let (mut harness, _) = window(scripted::running());
    press(&mut harness, Key::F1);
    for (_, what) in phosphene::ui::keys::HELP {
        assert!(harness.query_by_label(what).is_some(), "{what}");
    }
    press(&mut harness, Key::Escape);
    assert!(!harness.state().view().help_open);
    press(&mut harness, Key::Questionmark);
    assert!(harness.state().view().help_open);
}

#[test]
fn letters_go_into_the_field_that_has_the_focus() {
    let (mut harness, engine) = window(scripted::running());
    press(&mut harness, Key::C);
    harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "Montage").focus();
    harness.run_steps(2);
    for key in [Key::R, Key::T, Key::M, Key::Num1, Key::Space] {
        press(&mut harness, key);
    }
    assert_eq!(engine.sent(), []);
    assert!(!harness.state().view().paused);
    assert!(harness.state().view().connect_open);
}

#[test]
fn tab_reaches_every_control_of_the_running_window() {
    let (mut harness, _) = window(scripted::running());
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..60 {
        harness.key_press(Key::Tab);
        harness.run_steps(2);
        let focused =
            harness.query_all(egui_kittest::kittest::By::new().predicate(|node| node.is_focused()));
        reached.extend(focused.filter_map(|node| node.accesskit_node().label()));
    }
    for control in [
        "Record",
        "Connect",
        "Auto",
        "Light",
        "Dark",
        "Smaller text",
        "Larger text",
        "Keys",
        "Automatic",
        "Picture onsets",
        "Free-running",
        "1 steps",
        "2 steps",
        "4 steps",
        "Best guess",
        "Mean",
        "Told",
        "Remembered",
        "Null twin",
        "Pause",
        "Smaller traces (-)",
        "Larger traces (+)",
        "Time span: 10 s",
        "High-pass: High-pass 0.5 Hz",
        "Low-pass: Low-pass 40 Hz",
        "Notch: Notch 50 Hz",
        "Filter off",
        "Messages (2)",
    ] {
        assert!(
            reached.contains(control),
            "Tab does not reach '{control}'; it reached {reached:?}"
        );
    }
}

#[test]
fn connect_sends_what_was_filled_in_and_the_viewers_settings() {
    let (mut harness, engine) = window(scripted::idle());
    harness.get_by_label("Other").click();
    harness.run_steps(3);
    harness.get_by_label("Source").focus();
    harness.run_steps(2);
    press_with(&mut harness, Modifiers::COMMAND, Key::A);
    harness.get_by_label("Source").type_text("faulty:drop=0.01+sim:subject=2");
    harness.run_steps(3);
    let connect = harness
        .get_all_by_label("Connect")
        .max_by(|a, b| a.rect().top().total_cmp(&b.rect().top()))
        .unwrap();
    connect.click();
    harness.run_steps(3);
    let spec: SourceSpec = "faulty:drop=0.01+sim:subject=2".parse().unwrap();
    assert_eq!(engine.0.borrow().connected, [(spec, None)]);
    let settings = [
        Command::SetMode(WindowMode::Auto),
        Command::SetTwin(true),
        Command::SetSteadying(Steadying::default()),
        Command::SetShowing(Showing::default()),
    ];
    assert_eq!(engine.sent(), settings);
}

#[test]
fn a_source_that_is_not_understood_says_why_and_connects_nothing() {
    let (mut harness, engine) = window(scripted::idle());
    harness.get_by_label("File").click();
    harness.run_steps(3);
    harness
        .get_all_by_label("Connect")
        .max_by(|a, b| a.rect().top().total_cmp(&b.rect().top()))
        .unwrap()
        .click();
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("name the file, as in file:recording.xdf").is_some());
    assert!(engine.0.borrow().connected.is_empty());
}

#[test]
fn a_found_stream_can_be_chosen() {
    let (mut harness, engine) = window(scripted::idle());
    harness.run_steps(3);
    assert_eq!(engine.0.borrow().scans, 1, "it looks by itself");
    assert!(harness.query_by_label_contains("Looking").is_some());
    let entry = DeviceEntry {
        spec: "lsl:name=Amp 1".into(),
        title: "Amp 1".into(),
        detail: "32 channels".into(),
    };
    engine.0.borrow_mut().devices = Some(vec![entry]);
    harness.run_steps(3);
    harness.get_by_label("Connect Amp 1").click();
    harness.run_steps(3);
    assert_eq!(engine.0.borrow().connected[0].0.to_string(), "lsl:name=Amp 1");
}

#[test]
fn commands_wait_while_the_queue_is_full_and_keep_their_order() {
    let (mut harness, engine) = window(scripted::running());
    engine.0.borrow_mut().full = true;
    press(&mut harness, Key::T);
    press(&mut harness, Key::M);
    assert_eq!(engine.sent(), []);
    engine.0.borrow_mut().full = false;
    harness.run_steps(2);
    assert_eq!(engine.sent(), [Command::SetTwin(false), Command::SetMode(WindowMode::Locked)]);
}
