//! The signal in all its views: traces, overview, and the page of spectra, over signal of which it is known what it holds.

use std::sync::Arc;
use std::time::Duration;

use egui_kittest::Harness;
use egui_kittest::kittest::{By, NodeT as _, Queryable as _};
use phosphene::dsp::design;
use phosphene::signal::{FrameMeta, Marker};
use phosphene::snapshot::{FiltersView, Snapshot};
use phosphene::time::clock::Clock;
use phosphene::ui::{App, InitialView};
use phosphene::units::SampleRate;

use crate::harness::window::engine::{ScriptedEngine, sample};
use crate::harness::window::{opened, states as scripted};

const WIDE: [f32; 2] = [1600.0, 1000.0];

fn window(engine: &ScriptedEngine, size: [f32; 2]) -> Harness<'static, App> {
    let (clock, _) = Clock::manual(100.0);
    let app = App::new(Box::new(engine.clone()), clock, InitialView::default());
    let mut harness = opened(app, size, 1.0);
    harness.run_steps(4);
    harness
}

fn says(harness: &Harness<'_, App>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

/// Lets the thread beside the window work until the window says something.
fn wait_for(harness: &mut Harness<'_, App>, text: &str) {
    for _ in 0..12_000 {
        if says(harness, text) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
        harness.run_steps(1);
    }
    panic!("the window never says '{text}'");
}

fn press(harness: &mut Harness<'_, App>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(3);
}

/// The window over ten seconds of signal, on the page of spectra.
fn spectrum_page(snapshot: Snapshot, size: [f32; 2]) -> (Harness<'static, App>, ScriptedEngine) {
    let engine = ScriptedEngine::with(snapshot.clone());
    let source = snapshot.source.expect("it runs");
    engine.fill(source.channels.len(), source.rate_hz, 100.0, false);
    let mut harness = window(&engine, size);
    harness.key_press(egui::Key::F4);
    harness.run_steps(3);
    (harness, engine)
}

fn with_filters() -> Snapshot {
    let rate = SampleRate::new(250.0).unwrap();
    let mut sections = vec![design::notch(50.0, design::NOTCH_Q, rate).unwrap()];
    sections.extend(design::band_pass(4, [0.5, 40.0], rate).unwrap());
    let filters = FiltersView { sections, rate_hz: 250.0, resampler_delay_secs: 0.012 };
    Snapshot { filters: Some(Arc::new(filters)), ..scripted::running() }
}

#[test]
fn what_nobody_drew_is_no_loss() {
    let engine = ScriptedEngine::with(scripted::running());
    let frames = (0..2500_u64).filter(|index| !(1000..1400).contains(index)).map(|index| {
        let time_secs = 90.0 + index as f64 / 250.0;
        // One frame was lost at 1800; from 1000 on the window did not keep up.
        let gap_before = index == 1800;
        let meta = FrameMeta { index, time_secs, arrival_secs: time_secs, gap_before };
        (meta, (0..8).map(|c| sample(c, time_secs, index)).collect())
    });
    engine.0.borrow_mut().frames.extend(frames);
    let harness = window(&engine, WIDE);
    assert!(says(&harness, "1 gaps on screen; 1 stretches not drawn"));
}

#[test]
fn every_mark_is_drawn_not_only_the_newest_picture() {
    let engine = ScriptedEngine::with(scripted::running());
    engine.fill(8, 250.0, 100.0, false);
    let marks = [(92.0, "stim/giant-panda"), (93.0, "stim_off"), (94.0, "key 1"), (95.0, "key 2")];
    engine.0.borrow_mut().marks = marks.map(|(secs, label)| Marker::new(secs, label)).to_vec();
    let harness = window(&engine, WIDE);
    // And the one that the snapshot names, at 98.2 s.
    assert!(says(&harness, "0 gaps on screen; 5 marks"));
}

#[test]
fn all_channels_are_seen_at_once_and_a_row_leads_to_its_trace() {
    let engine = ScriptedEngine::with(scripted::many_channels());
    engine.fill(64, 1000.0, 100.0, false);
    let mut harness = window(&engine, WIDE);
    press(&mut harness, "Overview");
    assert!(says(&harness, "Overview of 64 channels"));
    assert!(!says(&harness, "Signal of 64 channels"));
    harness.get_by_label_contains("Overview of 64").click();
    harness.run_steps(3);
    assert!(says(&harness, "Signal of 64 channels"));
    press(&mut harness, "Worst first");
    assert!(says(&harness, "Signal of 64 channels"));
}

#[test]
fn the_spectrum_says_which_signal_it_is_of_and_finds_alpha_and_hum() {
    let (mut harness, _) = spectrum_page(scripted::running(), WIDE);
    wait_for(&mut harness, "Spectrum of 1 channels up to 70 Hz. Oz: alpha peak at 10.0 Hz");
    assert!(says(&harness, "no mains hum"));
    assert!(says(&harness, "Welch: 7 of 7 half-overlapping stretches of 2.000 s, Hann, 0.50 Hz"));
    assert!(says(&harness, "Signal: raw, as the source gives it"), "which signal it is of");
    wait_for(&mut harness, "Spectrogram of Oz over 60 s up to 70 Hz");
    // Channel 5, P3, is hum.
    press(&mut harness, "Channels: Oz");
    press(&mut harness, "P3");
    wait_for(&mut harness, "P3: no alpha peak, mains 50 Hz");
}

#[test]
fn a_signal_too_short_for_a_stretch_gives_no_spectrum() {
    let engine = ScriptedEngine::with(scripted::running());
    let mut harness = window(&engine, WIDE);
    harness.key_press(egui::Key::F4);
    harness.run_steps(5);
    assert!(says(&harness, "The first stretch of 2 s is not whole yet."));
    let (mut harness, _) = {
        let engine = ScriptedEngine::with(scripted::idle());
        (window(&engine, WIDE), engine)
    };
    harness.key_press(egui::Key::F4);
    harness.run_steps(3);
    assert!(says(&harness, "Nothing is connected yet"));
}

#[test]
fn bands_and_map_say_what_is_most_where() {
    let (mut harness, _) = spectrum_page(scripted::running(), WIDE);
    press(&mut harness, "Bands and map");
    wait_for(&mut harness, "Band powers of 8 channels. Median: delta");
    // P4 is bad and takes no part.
    wait_for(&mut harness, "Scalp map of alpha 8–13 Hz from 7 electrodes");
    assert!(says(&harness, "1 bad left out: P4"));
    press(&mut harness, "Share");
    assert!(says(&harness, "Band shares of 8 channels"));
}

#[test]
fn a_source_without_places_on_the_head_has_bands_and_no_map() {
    let mut snapshot = scripted::many_channels();
    let source = Arc::make_mut(snapshot.source.as_mut().unwrap());
    source.channels = (1..=64).map(|i| format!("E{i}")).collect();
    let (mut harness, _) = spectrum_page(snapshot, WIDE);
    press(&mut harness, "Bands and map");
    wait_for(&mut harness, "Band powers of 64 channels");
    assert!(says(&harness, "0 channels are usable and have a place on the head"));
}

#[test]
fn filters_say_how_late_a_wave_comes_out() {
    let (mut harness, _) = spectrum_page(with_filters(), WIDE);
    press(&mut harness, "Filters");
    let rate = SampleRate::new(250.0).unwrap();
    let sections = with_filters().filters.unwrap().sections.clone();
    let ms = 1e3 * design::group_delay_secs(&sections, 10.0, rate);
    let words =
        format!("Decoder's filters: a wave of 10.0 Hz passes whole and comes out {ms:.0} ms late");
    assert!(says(&harness, &words), "{words}");
    assert!(says(&harness, "another 12 ms; times are corrected for that"));
    assert!(says(&harness, "Display filter: a wave of 10.0 Hz"));
    assert!(says(&harness, "Group delay in ms against frequency: Decoder, Display"));
    let (mut harness, _) = spectrum_page(scripted::running(), WIDE);
    press(&mut harness, "Filters");
    assert!(says(&harness, "The decoder's filters are not set up yet."));
}

#[test]
fn nothing_of_the_page_sticks_out_at_any_size() {
    for snapshot in [with_filters(), scripted::many_channels()] {
        for size in [WIDE, [1024.0, 700.0], [800.0, 600.0], [512.0, 350.0]] {
            let (mut harness, _) = spectrum_page(snapshot.clone(), size);
            wait_for(&mut harness, "Welch:");
            for tab in ["Bands and map", "Filters", "Traces"] {
                let tabs = harness.query_all_by_label(tab);
                tabs.max_by(|a, b| a.rect().top().total_cmp(&b.rect().top())).unwrap().click();
                harness.run_steps(3);
                for node in harness.query_all(By::new().predicate(|node| node.label().is_some())) {
                    let rect = node.rect();
                    assert!(
                        rect.left() >= 0.0 && rect.right() <= size[0] + 0.5,
                        "{tab} at {size:?}: {:?} at {rect:?}",
                        node.accesskit_node().label()
                    );
                }
            }
        }
    }
}
