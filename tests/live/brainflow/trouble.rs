//! Boards that cannot be had: each cause by its own name, with what to do.

use phosphene::source::Source;
use phosphene::time::clock::Clock;

use super::device::{FakeCyton, Presence};
use crate::harness::brainflow::{one_at_a_time, source};

/// What is said when a board cannot be opened.
fn refusal(board: &str, presence: Presence, daisy: bool) -> String {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("port");
    let _device = FakeCyton::plug_in_as(&link, presence, daisy);
    let mut source = source(&format!("{board},serial_port={}", link.display())).unwrap();
    source.prepare(&Clock::system()).unwrap_err().to_string()
}

#[test]
fn a_dongle_without_its_board_says_so() {
    let _turn = one_at_a_time();
    let said = refusal("cyton", Presence::DongleOnly, false);
    for word in ["BOARD_NOT_READY", "dongle on", "no radio contact", "switch the board on"] {
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn a_board_that_answers_nothing_is_told_from_another_language() {
    let _turn = one_at_a_time();
    let said = refusal("cyton", Presence::Silent, false);
    assert!(said.contains("nothing answers on it"), "{said}");
    let said = refusal("cyton", Presence::Noise, false);
    assert!(said.contains("not as an OpenBCI board at 115200 baud"), "{said}");
}

#[test]
fn a_daisy_that_is_not_there_is_missed_and_one_that_is_too_many_is_told() {
    let _turn = one_at_a_time();
    let said = refusal("cyton_daisy", Presence::Board, false);
    for word in ["no Daisy is attached", "Choose cyton"] {
        assert!(said.contains(word), "{said}");
    }
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("port");
    let device = FakeCyton::plug_in_as(&link, Presence::Board, true);
    let mut source = source(&format!("cyton,serial_port={}", link.display())).unwrap();
    let info = source.prepare(&Clock::system()).unwrap();
    assert!(info.notes.iter().any(|note| note.contains("choose cyton_daisy")), "{:?}", info.notes);
    assert!(!device.board(|board| board.daisy_is_used));
    source.stop();
}

#[test]
fn a_ganglions_dongle_that_is_none_says_what_to_check() {
    let _turn = one_at_a_time();
    // Its driver speaks to a Bluetooth chip behind the port; there is none here that would answer.
    let said = refusal("ganglion,timeout=2", Presence::Silent, false);
    for word in ["ganglion", "no board answers on it"] {
        assert!(said.contains(word), "{said}");
    }
}
