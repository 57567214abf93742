//! The page of a board's own settings: what it shows, that everything is reached by keyboard, and what it sends.

use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use phosphene::pipeline::Command;
use phosphene::snapshot::{BoardView, Contact, Snapshot};
use phosphene::source::board::{BoardInfo, ChannelSettings, Input, LeadOff};
use phosphene::source::{BoardCommand, BoardState};
use phosphene::time::clock::Clock;
use phosphene::ui::{App, InitialView};

use crate::harness::window::engine::ScriptedEngine;
use crate::harness::window::{opened, states as scripted};

/// A Cyton with one electrode that was measured, one that is being measured and one that is off.
pub fn board() -> BoardView {
    let lead_off = Some(LeadOff { amps: 6e-9, hz: 31.25, series_ohm: 2200.0, seen_share: 1.0 });
    let documented = "https://docs.openbci.com/Cyton/CytonSDK/";
    let info = BoardInfo { channels: 8, lead_off, pause_secs: 0.5, documented };
    let mut state = BoardState::fresh(info);
    state.settings[1] = ChannelSettings { gain: 12, bias: false, ..ChannelSettings::default() };
    state.settings[3].on = false;
    state.measuring = Some(2);
    let mut contacts = vec![None; 8];
    contacts[0] = Some(Contact { ohm: 5230.0, noise_ohm: 12.0, renewals: 2 });
    contacts[4] = Some(Contact { ohm: 3.2e6, noise_ohm: 12.0, renewals: 2 });
    BoardView { state, contacts, commands: 2, refused: None }
}

fn with_board(view: Option<BoardView>) -> Snapshot {
    Snapshot { board: view.map(Arc::new), ..scripted::no_markers() }
}

fn window(snapshot: Snapshot, size: [f32; 2]) -> (Harness<'static, App>, ScriptedEngine) {
    let engine = ScriptedEngine::with(snapshot);
    let (clock, _) = Clock::manual(100.0);
    let app = App::new(Box::new(engine.clone()), clock, InitialView::default());
    let mut harness = opened(app, size, 1.0);
    harness.run_steps(4);
    harness.key_press(Key::F6);
    harness.run_steps(3);
    engine.clear_sent();
    (harness, engine)
}

fn sent(engine: &ScriptedEngine) -> Vec<BoardCommand> {
    let of_board = |command: Command| match command {
        Command::Board(command) => Some(command),
        _ => None,
    };
    engine.sent().into_iter().filter_map(of_board).collect()
}

fn click(harness: &mut Harness<'_, App>, name: &str) {
    harness.get_by_label(name).click();
    harness.run_steps(3);
}

fn says(harness: &Harness<'_, App>, text: &str) -> bool {
    harness.query_all_by_label_contains(text).next().is_some()
}

#[test]
fn the_table_shows_what_the_board_is_told_and_how_its_electrodes_sit() {
    let (harness, _) = window(with_board(Some(board())), [1600.0, 1000.0]);
    for text in [
        "0.5 s of signal are left out",
        "5.2 kΩ, good, also for gel",
        "3.2 MΩ, no contact",
        "measuring…",
        "not measured",
        "6 nA at 31.25 Hz",
        "750 kΩ",
        "docs.openbci.com",
    ] {
        assert!(says(&harness, text), "the page does not say '{text}'");
    }
    let labels = &scripted::no_markers().source.unwrap().channels;
    let name = format!("Channel 2 {} gain 12", labels[1]);
    assert_eq!(harness.query_all_by_label(&name).count(), 1, "no control is called '{name}'");
}

#[test]
fn clicks_send_what_they_say() {
    let labels = scripted::no_markers().source.unwrap().channels.clone();
    let (mut harness, engine) = window(with_board(Some(board())), [1600.0, 1000.0]);
    click(&mut harness, &format!("Channel 2 {} bias", labels[1]));
    let told = ChannelSettings { gain: 12, ..ChannelSettings::default() };
    assert_eq!(sent(&engine), [BoardCommand::Set { channel: 1, settings: told }]);
    engine.clear_sent();
    click(&mut harness, &format!("Channel 1 {} gain 24", labels[0]));
    click(&mut harness, "6");
    let told = ChannelSettings { gain: 6, ..ChannelSettings::default() };
    assert_eq!(sent(&engine), [BoardCommand::Set { channel: 0, settings: told }]);
    engine.clear_sent();
    click(&mut harness, &format!("Channel 1 {} input normal", labels[0]));
    click(&mut harness, "shorted");
    let told = ChannelSettings { input: Input::Shorted, ..ChannelSettings::default() };
    assert_eq!(sent(&engine), [BoardCommand::Set { channel: 0, settings: told }]);
    engine.clear_sent();
    click(&mut harness, &format!("Measure impedance of Channel 6 {}", labels[5]));
    click(&mut harness, &format!("Stop impedance of Channel 3 {}", labels[2]));
    click(&mut harness, "SRB1 for channels 1 to 8");
    click(&mut harness, "Restore defaults");
    let expected = [
        BoardCommand::Measure(Some(5)),
        BoardCommand::Measure(None),
        BoardCommand::Srb1 { module: 0, on: true },
        BoardCommand::Defaults,
    ];
    assert_eq!(sent(&engine), expected);
}

#[test]
fn all_impedances_are_measured_in_turn() {
    let (mut harness, engine) = window(with_board(Some(board())), [1600.0, 1000.0]);
    click(&mut harness, "Measure all impedances");
    harness.run_steps(3);
    assert_eq!(sent(&engine), [BoardCommand::Measure(Some(0))], "one at a time");
    assert!(says(&harness, "7 channels left"), "channel 4 is off");
    let mut view = board();
    view.commands = 3;
    view.state.measuring = Some(0);
    engine.show(with_board(Some(view)));
    harness.run_steps(3);
    let expected = [BoardCommand::Measure(Some(0)), BoardCommand::Measure(Some(1))];
    assert_eq!(sent(&engine), expected, "the figure had settled");
    click(&mut harness, "Stop measuring");
    assert_eq!(sent(&engine).last(), Some(&BoardCommand::Measure(None)));
    assert!(!says(&harness, "channels left"));
}

#[test]
fn the_keyboard_reaches_and_changes_every_cell() {
    let labels = scripted::no_markers().source.unwrap().channels.clone();
    let (mut harness, engine) = window(with_board(Some(board())), [1600.0, 1000.0]);
    let wanted = format!("Channel 1 {} bias", labels[0]);
    for _ in 0..200 {
        harness.key_press(Key::Tab);
        harness.run_steps(2);
        let found =
            harness.query_by_label(&wanted).is_some_and(|node| node.accesskit_node().is_focused());
        if found {
            break;
        }
    }
    harness.key_press_modifiers(Modifiers::NONE, Key::Space);
    harness.run_steps(3);
    let told = ChannelSettings { bias: false, ..ChannelSettings::default() };
    assert_eq!(sent(&engine), [BoardCommand::Set { channel: 0, settings: told }]);
}

#[test]
fn a_source_without_settings_says_so_in_a_sentence() {
    for size in [[1600.0, 1000.0], [700.0, 600.0]] {
        let (harness, _) = window(with_board(None), size);
        assert!(says(&harness, "This source has no settings that can be changed from here."));
    }
    let refused = BoardView { refused: Some("it is not there just now".into()), ..board() };
    let (harness, _) = window(with_board(Some(refused)), [1600.0, 1000.0]);
    assert!(says(&harness, "Refused: it is not there just now"));
}
