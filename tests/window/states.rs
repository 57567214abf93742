//! What the window says in each of its states, read through the accessibility tree: what a person with a
//! screen reader gets is what is tested.

use egui_kittest::Harness;
use egui_kittest::kittest::{By, NodeT as _, Queryable as _};
use phosphene::pipeline::{Command, WindowMode};
use phosphene::signal::Abstention;
use phosphene::snapshot::Snapshot;
use phosphene::time::clock::Clock;
use phosphene::ui::{App, InitialView};

use crate::harness::window::engine::ScriptedEngine;
use crate::harness::window::{opened, states as scripted};

const WIDE: [f32; 2] = [1600.0, 1000.0];

fn window_of(
    engine: &ScriptedEngine,
    size: [f32; 2],
    initial: InitialView,
) -> Harness<'static, App> {
    scaled_window_of(engine, size, 1.0, initial)
}

fn scaled_window_of(
    engine: &ScriptedEngine,
    size: [f32; 2],
    pixels_per_point: f32,
    initial: InitialView,
) -> Harness<'static, App> {
    let (clock, _) = Clock::manual(100.0);
    let app = App::new(Box::new(engine.clone()), clock, initial);
    let mut harness = opened(app, size, pixels_per_point);
    harness.run_steps(4);
    harness
}

fn window(snapshot: Snapshot) -> (Harness<'static, App>, ScriptedEngine) {
    let engine = ScriptedEngine::with(snapshot);
    let harness = window_of(&engine, WIDE, InitialView::default());
    (harness, engine)
}

fn says(harness: &Harness<'_, App>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

/// What the window says that begins like a text.
fn like(harness: &Harness<'_, App>, text: &str) -> Vec<String> {
    let begin: String = text.chars().take(6).collect();
    let found = harness.query_all_by_label_contains(&begin);
    found.filter_map(|node| node.accesskit_node().label()).collect()
}

fn assert_says(harness: &Harness<'_, App>, texts: &[&str]) {
    for text in texts {
        assert!(
            says(harness, text),
            "the window does not say '{text}' but {:?}",
            like(harness, text)
        );
    }
}

#[test]
fn the_honest_line_is_on_screen_in_every_state_and_size() {
    for (name, snapshot) in scripted::all() {
        let engine = ScriptedEngine::with(snapshot);
        for size in [WIDE, [1024.0, 700.0], [800.0, 500.0], [512.0, 350.0]] {
            let harness = window_of(&engine, size, InitialView::default());
            assert!(says(&harness, "It does not read thoughts."), "{name} at {size:?}");
        }
    }
}

#[test]
fn simulated_is_shown_exactly_when_signal_or_pack_is() {
    let (harness, _) = window(scripted::running());
    let badge = "SIMULATED · 8× as strong as people";
    assert_eq!(harness.query_all_by_label(badge).count(), 1);
    let engine = ScriptedEngine::with(scripted::running());
    let narrow = window_of(&engine, [700.0, 600.0], InitialView::default());
    assert_eq!(narrow.query_all_by_label("SIMULATED").count(), 1, "no room for more");
    let (harness, _) = window(scripted::idle());
    assert!(harness.query_by_label("SIMULATED").is_none());
    // A person's signal is not simulated, whatever the pack learned from: that is said by another badge.
    let (harness, _) = window(scripted::no_markers());
    assert!(harness.query_by_label("SIMULATED").is_none());
    assert_says(&harness, &["PACK: TRAINED ON SIMULATION", "trained on simulated signal only"]);
    let mut real = scripted::no_markers();
    real.pack = phosphene::snapshot::PackState::None;
    let (harness, _) = window(real);
    assert!(harness.query_by_label("SIMULATED").is_none());
    assert!(!says(&harness, "PACK: TRAINED ON SIMULATION"));
}

#[test]
fn idle_says_what_to_do_next() {
    let (harness, _) = window(scripted::idle());
    assert_says(
        &harness,
        &["Nothing is connected yet", "Start the simulated headset", "Choose a source"],
    );
}

#[test]
fn running_says_what_is_believed_how_surely_and_whether_the_control_agrees() {
    let (harness, _) = window(scripted::running());
    assert_says(
        &harness,
        &[
            "Perhaps giant panda: 62 %",
            "chance 2.5 %",
            "1. giant panda, which was seen: probability 62 %",
            "told: 40 pictures",
            "3.3 of 5.3 bits",
            "about 4, if it is right",
            "p = 0.025",
            "p = 0.012",
            "2 of 58 named, e = 1.1",
            "Reconstruction: picture shown. Best guess: giant panda, 62 %",
            "Reconstruction, draws: 62 %, 62 %, 31 %, 7.8 %",
            "Null twin: No better than noise",
            "best guess of the null twin, 11 %",
            "Top-1 41.0 %, 95 % interval 29.0 % to 54.0 %",
            "Guessing",
            "k = 10: 90.0 % of 6 decodes",
            "Window to picture",
        ],
    );
}

#[test]
fn sure_unsure_and_no_better_than_noise_are_told_apart() {
    let (harness, _) = window(scripted::believing(0.97));
    assert_says(&harness, &["Giant panda: 97 %", "none: it is named"]);
    let (harness, _) = window(scripted::believing(0.12));
    let told =
        ["Reconstruction: No better than noise", "windows without information gain up to 1.1"];
    assert_says(&harness, &told);
    assert!(!says(&harness, "Reconstruction: picture shown"), "a veil is no result");
}

#[test]
fn a_control_that_succeeds_withholds_everything() {
    let (harness, _) = window(scripted::control_succeeds());
    assert_says(&harness, &["The control succeeds", "Withheld", "Start again"]);
    for stale in ["picture shown. Best", "Perhaps", "Top-1 41", "rank 1"] {
        assert!(!says(&harness, stale), "still says '{stale}'");
    }
}

#[test]
fn without_an_answer_model_there_are_scores_and_no_probabilities() {
    let (harness, _) = window(scripted::uncalibrated());
    assert_says(
        &harness,
        &[
            "Not calibrated",
            "p = 0.012",
            "against 180 phase-randomised windows",
            "1. giant panda, which was seen: score 0.610",
            "Chance: first by guessing once in 40 (2.5 %)",
            "1 look · a mean · seed 7 · 2 steps",
            "Reconstruction: picture shown",
            "Null twin: picture shown",
            "Top-1 41.0 %, 95 % interval 29.0 % to 54.0 %",
            "Guessing",
            "k = 10: 90.0 % of 6 decodes",
            "Window to picture",
            "best score of the null twin, 0.380",
        ],
    );
}

#[test]
fn a_refused_window_shows_the_reason_and_no_evidence() {
    for reason in [Abstention::Artefact, Abstention::Flat, Abstention::OutOfDistribution] {
        let (harness, _) = window(scripted::abstaining(reason));
        let veil = format!("Reconstruction: No decode: {}", reason.plain_words());
        assert_says(&harness, &[&veil]);
        for stale in [
            "picture shown against",
            "p = 0.012",
            "1. giant panda",
            "Reconstruction: picture shown",
        ] {
            assert!(!says(&harness, stale), "{reason:?}: still says '{stale}'");
        }
    }
}

#[test]
fn after_a_refusal_no_picture_of_before_is_shown_or_reported_again() {
    let (mut harness, engine) = window(scripted::running());
    engine.clear_sent();
    engine.show(scripted::abstaining(Abstention::Saturated));
    harness.run_steps(2);
    assert!(says(
        &harness,
        "Reconstruction: No decode: Several electrodes are at the amplifier's limit"
    ));
    assert!(!engine.sent().iter().any(|c| matches!(c, Command::PictureShown { .. })));
}

#[test]
fn a_new_picture_is_reported_once_with_the_frames_time() {
    let (mut harness, engine) = window(scripted::running());
    harness.run_steps(3);
    let shown = |engine: &ScriptedEngine| -> Vec<Command> {
        engine.sent().into_iter().filter(|c| matches!(c, Command::PictureShown { .. })).collect()
    };
    assert_eq!(shown(&engine), [Command::PictureShown { window: 60, at_secs: 100.0 }]);
}

#[test]
fn the_connect_panel_says_what_to_expect_of_this_montage_and_whose_work_the_pack_is() {
    let (mut harness, _) = window(scripted::running());
    harness.key_press(egui::Key::C);
    harness.run_steps(4);
    assert_says(
        &harness,
        &[
            "8 of 8 channels: expected single-trial top-1 0.30",
            "simulated subjects, −14 dB",
            "an expectation, not a measurement",
            "Credits and licences",
        ],
    );
}

#[test]
fn a_refused_pack_gives_its_message_in_full() {
    let (harness, _) = window(scripted::pack_refused());
    assert_says(
        &harness,
        &["The model pack was refused: encoder.onnx: input 'eeg' has shape [1, 63, 200]"],
    );
    assert!(!says(&harness, "Reconstruction: picture shown"));
}

#[test]
fn lost_ended_failed_and_connecting_say_what_happened_and_offer_something() {
    for (snapshot, texts) in [
        (scripted::lost(), ["The source was lost 12 s ago; it is looked for", "Disconnect"]),
        (scripted::searching(), ["Looking for an LSL stream with name='Amp 1'", "Stop looking"]),
        (
            scripted::stalled(),
            ["No samples for 12 s, although the connection stands", "Disconnect"],
        ),
        (scripted::reconnecting(), ["The source answers again after 12 s", "the filters settle"]),
        (scripted::ended(), ["The run has ended", "Start again"]),
        (scripted::failed(), ["no LSL stream with type=EEG was found", "Try again"]),
        (scripted::connecting(), ["Connecting to the source", "Cancel"]),
        (scripted::recording(112), ["The recording lost 112 frames", "112 frames LOST"]),
        (scripted::recording(0), ["2 min 05 s · 31 250 frames", "Stop recording"]),
    ] {
        let (harness, _) = window(snapshot);
        assert_says(&harness, &texts);
    }
}

#[test]
fn the_strip_says_what_is_wrong_with_time_and_opens_every_figure() {
    let (mut harness, _) = window(scripted::troubled());
    assert_says(&harness, &["5.0 % of samples lost in the last minute: 750 of 15 000."]);
    assert!(!says(&harness, "Lost in all, by the clock"));
    harness.get_by_label_contains("Time and loss.").click();
    harness.run_steps(3);
    assert_says(
        &harness,
        &[
            "15 of 15 windows were not decoded because samples are missing",
            "Arrives in chunks of 2.0 s: 263 of 278 windows",
            "Runs at 252.5 Hz, not 250 (1.0 % fast).",
            "Lost in all, by the clock",
            "+12.0 ± 1.5 ppm",
        ],
    );
}

#[test]
fn without_markers_nothing_is_claimed_to_have_been_seen() {
    let (harness, _) = window(scripted::no_markers());
    assert_says(
        &harness,
        &[
            "Seen: A free-running window belongs to no single picture",
            "not known",
            "No markers: windows run freely",
        ],
    );
    let engine = ScriptedEngine::with(scripted::no_markers());
    let initial = InitialView { mode: WindowMode::Locked, ..InitialView::default() };
    let harness = window_of(&engine, WIDE, initial);
    assert_says(&harness, &["this source sends no markers"]);
}

#[test]
fn the_signal_says_its_channels_quality_and_gaps() {
    let engine = ScriptedEngine::with(scripted::running());
    engine.fill(8, 250.0, 100.0, true);
    let harness = window_of(&engine, WIDE, InitialView::default());
    assert_says(
        &harness,
        &[
            "Signal of 8 channels, 50 µV per division, 10 s; 6 good, 1 fair, 1 bad; 1 gaps on screen; 1 marks",
        ],
    );
}

#[test]
fn nothing_sticks_out_and_panels_do_not_overlap() {
    for (name, snapshot) in scripted::all() {
        let engine = ScriptedEngine::with(snapshot);
        engine.fill(8, 250.0, 100.0, true);
        for size in [WIDE, [1231.0, 770.0], [1024.0, 700.0], [900.0, 600.0], [512.0, 350.0]] {
            let harness = window_of(&engine, size, InitialView::default());
            for node in harness.query_all(By::new().predicate(|node| node.label().is_some())) {
                let rect = node.rect();
                let fits = rect.left() >= 0.0 && rect.right() <= size[0] + 0.5;
                assert!(
                    fits,
                    "{name} at {size:?}: {:?} at {rect:?}",
                    node.accesskit_node().label()
                );
            }
            let evidence = harness.query_by_label("EVIDENCE").map(|node| node.rect().left());
            let signal =
                harness.query_by_label_contains("Signal of 8").map(|node| node.rect().right());
            if let (Some(left), Some(right)) = (evidence.filter(|_| size[0] > 900.0), signal) {
                assert!(right + 40.0 <= left, "{name} at {size:?}: {right} against {left}");
            }
        }
    }
}

#[test]
fn damaged_pictures_are_said_to_be_damaged() {
    let mut snapshot = scripted::running();
    let mut decode = scripted::decode(60);
    let damaged = phosphene::snapshot::Picture { width: 512, height: 512, rgb: vec![0; 10] };
    decode.image = Some(std::sync::Arc::new(damaged));
    snapshot.decode = Some(std::sync::Arc::new(decode));
    let (harness, _) = window(snapshot);
    assert_says(&harness, &["Reconstruction: The picture is damaged"]);
}

#[test]
#[ignore = "needs a graphics adapter; writes pictures of every state into the target folder for looking at"]
fn every_state_paints() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    std::fs::create_dir_all(&folder).unwrap();
    let sizes =
        [("wide", WIDE, 1.0), ("small", [1024.0, 700.0], 1.0), ("scaled", [1024.0, 700.0], 2.0)];
    let only = std::env::var("PHOSPHENE_UI_STATES").unwrap_or_default();
    for (name, snapshot) in scripted::all() {
        if !only.is_empty() && !only.split(',').any(|wanted| wanted == name) {
            continue;
        }
        for (size_name, size, scale) in sizes {
            for theme in [egui::ThemePreference::Dark, egui::ThemePreference::Light] {
                let engine = ScriptedEngine::with(snapshot.clone());
                let source = snapshot.source.clone();
                engine.fill(
                    source.as_ref().map_or(0, |s| s.channels.len()),
                    source.as_ref().map_or(250.0, |s| s.rate_hz),
                    100.0,
                    true,
                );
                let initial = InitialView { theme, ..InitialView::default() };
                let mut harness =
                    scaled_window_of(&engine, size.map(|s| s / scale), scale, initial);
                let image = harness.render().unwrap();
                let first = *image.get_pixel(0, 0);
                assert!(image.pixels().any(|pixel| *pixel != first), "{name} is blank");
                image.save(folder.join(format!("{name}_{size_name}_{theme:?}.png"))).unwrap();
            }
        }
    }
}
