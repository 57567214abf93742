//! The page of signal quality in each of its states, read through the accessibility tree.

use std::sync::Arc;

use egui::{Key, ThemePreference};
use egui_kittest::Harness;
use egui_kittest::kittest::{By, NodeT as _, Queryable as _};
use phosphene::snapshot::{
    ChannelQuality, PackState, QualityReason, QualityVerdict, Snapshot, SourceView,
};
use phosphene::time::clock::Clock;
use phosphene::ui::{App, InitialView};

use crate::harness::window::engine::ScriptedEngine;
use crate::harness::window::{opened, states as scripted};

const WIDE: [f32; 2] = [1600.0, 1000.0];
const CAP16: &str = "Fz C3 Cz C4 P7 P3 Pz P4 P8 PO7 PO3 PO4 PO8 O1 Oz O2";

fn good() -> ChannelQuality {
    ChannelQuality {
        std_uv: 9.4,
        mains_share: 0.08,
        mains_uv: 2.1,
        fast_uv: 1.8,
        drift_uv: 14.0,
        verdict: QualityVerdict::Good,
        ..ChannelQuality::default()
    }
}

/// A headset with these channels and no pack.
fn worn(channels: Vec<String>, quality: Vec<ChannelQuality>) -> Snapshot {
    let running = scripted::running();
    let source = running.source.as_deref().unwrap().clone();
    Snapshot {
        source: Some(Arc::new(SourceView { channels, ..source })),
        quality: Arc::new(quality),
        pack: PackState::None,
        decode: None,
        ..running
    }
}

fn cap(labels: &str, change: impl Fn(&mut [ChannelQuality])) -> Snapshot {
    let channels: Vec<String> = labels.split_whitespace().map(String::from).collect();
    let mut quality = vec![good(); channels.len()];
    change(&mut quality);
    worn(channels, quality)
}

fn not_good(quality: &mut ChannelQuality, verdict: QualityVerdict, reason: QualityReason) {
    (quality.verdict, quality.reason) = (verdict, Some(reason));
}

/// One of each.
fn troubled() -> Snapshot {
    cap(CAP16, |quality| {
        use QualityVerdict::{Bad, Fair};
        not_good(&mut quality[13], Bad, QualityReason::Off);
        (quality[13].std_uv, quality[13].mains_uv) = (812.0, 1490.0);
        not_good(&mut quality[6], Bad, QualityReason::Flat);
        not_good(&mut quality[1], Fair, QualityReason::LineNoise);
        not_good(&mut quality[4], Fair, QualityReason::Muscle);
        not_good(&mut quality[10], Fair, QualityReason::Copy);
        quality[10].copies = Some(11);
        not_good(&mut quality[0], Fair, QualityReason::Impedance);
        quality[0].impedance_kohm = Some(940.0);
    })
}

fn numbered(count: usize) -> Snapshot {
    let mut quality = vec![good(); count];
    for channel in (0..count).step_by(11) {
        not_good(&mut quality[channel], QualityVerdict::Fair, QualityReason::Drift);
    }
    worn((1..=count).map(|i| format!("E{i}")).collect(), quality)
}

/// 256 channels with places: names of the 10-05 system.
fn dense() -> Snapshot {
    let rows = "AF AFF F FFC FC FCC C CCP CP CPP P PPO PO POO O I Fp";
    let sides = "9 7 5h 5 3h 3 1h 1 z 2 2h 4 4h 6 6h 8 10 9h 7h 10h 8h";
    let named = rows.split(' ').flat_map(|row| sides.split(' ').map(move |s| format!("{row}{s}")));
    let known = named.filter(|label| phosphene::signal::montage::position(label).is_some());
    let channels: Vec<String> = known.take(256).collect();
    let mut quality = vec![good(); channels.len()];
    for channel in (0..channels.len()).step_by(17) {
        not_good(&mut quality[channel], QualityVerdict::Bad, QualityReason::Off);
    }
    for channel in (5..channels.len()).step_by(13) {
        not_good(&mut quality[channel], QualityVerdict::Fair, QualityReason::LineNoise);
    }
    worn(channels, quality)
}

fn states() -> Vec<(&'static str, Snapshot)> {
    let beside = format!("{CAP16} ECG AUX1 AUX2");
    vec![
        ("none", scripted::connecting()),
        ("settling", cap(CAP16, |quality| quality.fill(ChannelQuality::default()))),
        ("good", cap(CAP16, |_| ())),
        ("troubled", troubled()),
        (
            "four",
            cap("TP9 AF7 AF8 TP10", |q| {
                not_good(&mut q[0], QualityVerdict::Fair, QualityReason::LineNoise)
            }),
        ),
        ("beside", cap(&beside, |_| ())),
        ("numbered", numbered(64)),
        ("dense", dense()),
        ("lost", scripted::lost()),
        ("pack", scripted::running()),
    ]
}

fn page_of(snapshot: Snapshot, size: [f32; 2], theme: ThemePreference) -> Harness<'static, App> {
    let (clock, _) = Clock::manual(100.0);
    let engine = ScriptedEngine::with(snapshot);
    let initial = InitialView { theme, ..InitialView::default() };
    let app = App::new(Box::new(engine), clock, initial);
    let mut harness = opened(app, size, 1.0);
    harness.run_steps(2);
    harness.key_press(Key::F3);
    harness.run_steps(4);
    harness
}

fn page(snapshot: Snapshot) -> Harness<'static, App> {
    page_of(snapshot, WIDE, ThemePreference::Dark)
}

fn assert_says(harness: &Harness<'_, App>, texts: &[&str]) {
    for text in texts {
        let found = harness.query_all_by_label_contains(text).next().is_some();
        assert!(found, "the page does not say '{text}'");
    }
}

#[test]
fn every_state_has_its_sentence() {
    let said: &[(&str, &[&str])] = &[
        ("none", &["No signal yet. Connecting"]),
        ("settling", &["No verdict yet", "Too little signal to judge it by."]),
        ("good", &["16 of 16 good: the signal is sound.", "16 good", "0 fair", "Nothing to do."]),
        (
            "troubled",
            &[
                "10 of 16 good: the signal is sound",
                "fix O1 (not connected), Pz (flat), P7 (muscle) and 3 more.",
            ],
        ),
        (
            "four",
            &["3 of 4 good: the signal is sound; see to TP9 (mains hum).", "Head with 4 of 4"],
        ),
        ("beside", &["Head with 16 of 19 electrodes"]),
        ("numbered", &["Head with 0 of 64 electrodes"]),
        ("dense", &["Head with 253 of 253 electrodes"]),
        ("lost", &["The source is lost: verdicts are those before."]),
        (
            "pack",
            &["6 of 8 good: decoding works; fix P4 (flat) and P3 (mains hum).", "Used by the pack"],
        ),
    ];
    for ((name, snapshot), (wanted, texts)) in states().into_iter().zip(said) {
        assert_eq!(name, *wanted);
        assert_says(&page(snapshot), texts);
    }
}

#[test]
fn the_electrode_to_mend_first_is_explained_and_another_can_be_chosen() {
    let mut harness = page(troubled());
    assert_says(
        &harness,
        &["O1: not connected, bad", "The input floats", "press it onto the skin"],
    );
    harness.get_by_label("PO3: copies another").click();
    harness.run_steps(3);
    assert_says(
        &harness,
        &["PO3: copies another, fair", "It shows what PO4 shows.", "wipe the skin"],
    );
    harness.get_by_label("Fz: high impedance").click();
    harness.run_steps(3);
    assert_says(&harness, &["Fz: high impedance, fair", "940 kΩ"]);
}

#[test]
fn arrow_keys_go_from_electrode_to_electrode() {
    let mut harness = page(cap(CAP16, |_| ()));
    assert_says(&harness, &["Fz: good"]);
    harness.get_by_label_contains("Head with 16").focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowDown);
    harness.run_steps(3);
    assert_says(&harness, &["Head with 16 of 16 electrodes; Cz: good"]);
    harness.key_press(Key::ArrowRight);
    harness.run_steps(3);
    assert_says(&harness, &["Head with 16 of 16 electrodes; C4: good"]);
}

#[test]
fn rows_are_sorted_worst_first() {
    let harness = page(troubled());
    let top = |label: &str| harness.get_by_label(label).rect().top();
    let rows = [
        "O1: not connected",
        "Pz: flat",
        "P7: muscle",
        "C3: mains hum",
        "PO3: copies another",
        "Fz: high impedance",
        "Cz: good",
    ];
    assert!(rows.map(top).is_sorted(), "{:?}", rows.map(top));
}

#[test]
fn nothing_sticks_out_at_any_size() {
    for (name, snapshot) in states() {
        for size in [WIDE, [1024.0, 700.0], [900.0, 600.0], [512.0, 350.0]] {
            let harness = page_of(snapshot.clone(), size, ThemePreference::Light);
            for node in harness.query_all(By::new().predicate(|node| node.label().is_some())) {
                let rect = node.rect();
                let label = node.accesskit_node().label();
                let fits = rect.left() >= 0.0 && rect.right() <= size[0] + 0.5;
                assert!(fits, "{name} at {size:?}: {label:?} at {rect:?}");
            }
        }
    }
}

#[test]
#[ignore = "needs a graphics adapter; writes pictures of every state into the target folder for looking at"]
fn every_state_of_the_page_paints() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("quality");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, snapshot) in states() {
        for theme in [ThemePreference::Dark, ThemePreference::Light] {
            for (size_name, size) in [("wide", [1400.0, 860.0]), ("small", [800.0, 640.0])] {
                let mut harness = page_of(snapshot.clone(), size, theme);
                let image = harness.render().unwrap();
                image.save(folder.join(format!("{name}_{size_name}_{theme:?}.png"))).unwrap();
            }
        }
    }
}
