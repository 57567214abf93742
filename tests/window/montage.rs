//! The page of the montage: what it says, what it asks, what it keeps, and that all of it works by keyboard and pointer.

use egui::accesskit::Role;
use egui::{Key, Modifiers, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use phosphene::snapshot::{RecordingState, Snapshot};
use phosphene::source::SourceSpec;
use phosphene::time::clock::Clock;
use phosphene::ui::{App, InitialView};

use crate::harness::window::engine::ScriptedEngine;
use crate::harness::window::{opened, states as scripted};

const WIDE: [f32; 2] = [1600.0, 1000.0];

fn page(snapshot: Snapshot, size: [f32; 2]) -> (Harness<'static, App>, ScriptedEngine) {
    let engine = ScriptedEngine::with(snapshot);
    let (clock, _) = Clock::manual(100.0);
    let source: SourceSpec = "lsl:name=Amp 1".parse().unwrap();
    let initial = InitialView { source: Some(source), ..InitialView::default() };
    let mut harness = opened(App::new(Box::new(engine.clone()), clock, initial), size, 1.0);
    harness.run_steps(2);
    harness.key_press(Key::F5);
    harness.run_steps(4);
    (harness, engine)
}

fn says(harness: &Harness<'_, App>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

fn press(harness: &mut Harness<'_, App>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(4);
}

fn kept(engine: &ScriptedEngine) -> Vec<String> {
    let script = engine.0.borrow();
    let choice = script.kept.last().expect("something was kept");
    choice.sites.all().iter().map(|site| site.clone().unwrap_or("-".into())).collect()
}

#[test]
fn a_headset_without_names_is_asked_about_and_the_answer_is_kept_and_applied() {
    let (mut harness, engine) = page(scripted::unnamed(8), WIDE);
    assert!(says(&harness, "0 of 8 channels are electrodes"));
    assert!(says(
        &harness,
        "8 channels without electrode names: as in OpenBCI Cyton, default positions?"
    ));
    assert!(says(
        &harness,
        "0 of the pack's 16 electrodes are measured, 0 interpolated, 16 missing"
    ));
    assert!(says(&harness, "Not decoded"));
    assert!(engine.0.borrow().kept.is_empty(), "nothing is taken silently");
    press(&mut harness, "Use");
    assert_eq!(kept(&engine).join(" "), "Fp1 Fp2 C3 C4 P7 P8 O1 O2");
    assert!(says(&harness, "8 of 8 channels are electrodes, preset cyton8"));
    assert!(says(
        &harness,
        "6 of the pack's 16 electrodes are measured, 10 interpolated, 0 missing"
    ));
    assert!(says(&harness, "Calibration advised"));
    assert!(says(&harness, "Being saved for this device"));
    engine.0.borrow_mut().montage_kept = Some(Ok(vec![]));
    harness.run_steps(2);
    assert!(says(&harness, "Saved for this device"));
    assert!(says(&harness, "The run still uses the montage before"));
    let connected = engine.0.borrow().connected.len();
    press(&mut harness, "Apply");
    let script = engine.0.borrow();
    assert_eq!(script.mounted.last(), script.kept.last());
    assert_eq!(script.connected.len(), connected + 1, "the run begins anew");
}

#[test]
fn a_channel_is_typed_onto_a_site_by_keyboard_and_taken_back() {
    let (mut harness, engine) = page(scripted::unnamed(4), WIDE);
    let field = |harness: &mut Harness<'_, App>, channel: &str, text: &str| {
        let label = format!("Electrode of {channel}");
        harness.get_by_role_and_label(Role::TextInput, &label).focus();
        harness.run_steps(2);
        harness.get_by_role_and_label(Role::TextInput, &label).type_text(text);
        harness.run_steps(2);
    };
    field(&mut harness, "Ch2", "oz");
    harness.key_press(Key::Enter);
    harness.run_steps(4);
    assert_eq!(kept(&engine), ["-", "Oz", "-", "-"]);
    assert!(says(&harness, "is Oz"));
    assert!(says(&harness, "Site Oz: Ch2"));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(4);
    assert_eq!(kept(&engine), ["-"; 4]);
    // What is no electrode is said and changes nothing.
    let before = engine.0.borrow().kept.len();
    field(&mut harness, "Ch1", "Nose");
    harness.key_press(Key::Enter);
    harness.run_steps(4);
    assert!(says(&harness, "'Nose' is no electrode"));
    assert_eq!(engine.0.borrow().kept.len(), before);
}

#[test]
fn a_channel_is_chosen_and_its_site_pressed() {
    let (mut harness, engine) = page(scripted::unnamed(4), WIDE);
    press(&mut harness, "3  Ch3");
    assert!(says(&harness, "Press the site of Ch3"));
    press(&mut harness, "Site PO7: free");
    assert_eq!(kept(&engine), ["-", "-", "PO7", "-"]);
    assert!(says(&harness, "Site PO7: Ch3"));
}

#[test]
fn a_channel_is_dragged_from_the_list_onto_the_head_and_from_site_to_site() {
    let (mut harness, engine) = page(scripted::unnamed(4), WIDE);
    let drag = |harness: &mut Harness<'_, App>, from: &str, to: &str| {
        let at =
            |harness: &Harness<'_, App>, label: &str| harness.get_by_label(label).rect().center();
        let (from, to) = (at(harness, from), at(harness, to));
        harness.drag_at(from);
        harness.run_steps(2);
        harness.hover_at(pos2(0.5 * (from.x + to.x), 0.5 * (from.y + to.y)));
        harness.run_steps(2);
        harness.hover_at(to);
        harness.run_steps(2);
        harness.drop_at(to);
        harness.run_steps(4);
    };
    drag(&mut harness, "Drag Ch1 onto the head", "Site O1: free");
    assert_eq!(kept(&engine), ["O1", "-", "-", "-"]);
    drag(&mut harness, "Site O1: Ch1", "Site O2: free");
    assert_eq!(kept(&engine), ["O2", "-", "-", "-"]);
    drag(&mut harness, "Drag Ch4 onto the head", "Site O2: Ch1");
    assert_eq!(kept(&engine), ["-", "-", "-", "O2"], "a site is one channel's");
}

#[test]
fn the_map_says_of_every_electrode_of_the_pack_how_it_is_had() {
    let labels = ["O1", "O2", "Oz", "PO7", "PO8", "Pz"].map(str::to_owned);
    let (harness, _) = page(scripted::worn(&labels), WIDE);
    for text in ["Oz: measured", "P3: interpolated, ", "6 measured", "interpolated", "missing"] {
        assert!(says(&harness, text), "{text}");
    }
    assert!(says(&harness, "is Oz"), "what a channel feeds");
    assert!(says(&harness, "by the device's own labels"));
    assert!(!says(&harness, "without electrode names"));
}

#[test]
fn what_cannot_be_kept_is_said_and_a_recording_is_not_interrupted() {
    let mut snapshot = scripted::unnamed(8);
    let path = std::path::PathBuf::from("/data/a.xdf");
    snapshot.recording = RecordingState::On { path, frames: 1, lost: 0, also: Vec::new() };
    let (mut harness, engine) = page(snapshot, WIDE);
    press(&mut harness, "Use");
    engine.0.borrow_mut().montage_kept = Some(Err("the montage is not kept: no space".into()));
    harness.run_steps(2);
    assert!(says(&harness, "the montage is not kept: no space"));
    assert!(says(&harness, "when the recording is over"));
    let connected = engine.0.borrow().connected.len();
    press(&mut harness, "Apply");
    assert_eq!(engine.0.borrow().connected.len(), connected);
    assert!(engine.0.borrow().mounted.is_empty());
}

#[test]
fn a_new_device_begins_anew_and_the_same_one_keeps_what_was_said() {
    let (mut harness, engine) = page(scripted::unnamed(8), WIDE);
    press(&mut harness, "Use");
    engine.show(scripted::unnamed(8));
    harness.run_steps(3);
    assert!(says(&harness, "8 of 8 channels are electrodes"), "the run has not begun anew yet");
    engine.show(scripted::unnamed(4));
    harness.run_steps(3);
    assert!(says(&harness, "0 of 4 channels are electrodes"));
    assert!(says(&harness, "as in OpenBCI Ganglion"));
}

#[test]
fn the_pictures_page_asks_too_and_every_size_and_count_draws() {
    let engine = ScriptedEngine::with(scripted::unnamed(8));
    let (clock, _) = Clock::manual(100.0);
    let app = App::new(Box::new(engine), clock, InitialView::default());
    let mut harness = opened(app, WIDE, 1.0);
    harness.run_steps(4);
    assert!(says(&harness, "8 channels without electrode names"));
    press(&mut harness, "Choose electrodes");
    assert!(says(&harness, "YOUR CHANNELS, FROM ABOVE"));
    for size in [WIDE, [1280.0, 800.0], [1024.0, 700.0], [800.0, 500.0], [512.0, 350.0]] {
        for channels in [1, 4, 16, 64, 128, 256] {
            let (harness, _) = page(scripted::unnamed(channels), size);
            assert!(
                says(&harness, &format!("0 of {channels} channels are electrodes")),
                "{size:?}"
            );
        }
    }
}
