//! BrainFlow's boards as people look for them: by what they are called and how they are connected.

use crate::source::brainflow::{KnownBoard, list_boards};

/// What people call boards that BrainFlow names otherwise.
const TITLES: [(&str, &str); 12] = [
    ("synthetic", "Synthetic board (no hardware)"),
    ("cyton", "OpenBCI Cyton, 8 channels"),
    ("cyton_daisy", "OpenBCI Cyton + Daisy, 16 channels"),
    ("ganglion", "OpenBCI Ganglion, 4 channels (dongle)"),
    ("ganglion_native", "OpenBCI Ganglion, 4 channels (Bluetooth)"),
    ("muse_2", "Muse 2"),
    ("muse_s", "Muse S"),
    ("unicorn", "g.tec Unicorn Hybrid Black"),
    ("crown", "Neurosity Crown"),
    ("playback_file", "A file that BrainFlow wrote"),
    ("streaming", "A BrainFlow stream of another program"),
    ("freeeeg32", "FreeEEG32"),
];

/// What boards on Bluetooth are told apart by, where there are several.
const BLUETOOTH: [&str; 2] = ["mac_address", "serial_number"];

/// Ways to connect, those of most boards of people first.
const ORDER: [&str; 4] =
    ["serial port (USB dongle)", "Bluetooth", "USB, vendor library", "network"];

/// What to call a board.
pub fn title(name: &str) -> String {
    let known = TITLES.iter().find(|(known, _)| *known == name);
    known.map_or_else(|| name.replace('_', " "), |(_, title)| (*title).into())
}

/// Parameters that are asked for, and whether each must be given.
pub fn asked(board: &KnownBoard) -> Vec<(&'static str, bool)> {
    let mut asked: Vec<_> = board.needs.iter().map(|key| (*key, true)).collect();
    if board.connection == "Bluetooth" {
        let more = BLUETOOTH.into_iter().filter(|key| !board.needs.contains(key));
        asked.extend(more.map(|key| (key, false)));
    }
    asked
}

/// A board by name or number.
pub fn find(name: &str) -> Option<KnownBoard> {
    let name = name.trim();
    list_boards().into_iter().find(|board| board.name == name || board.id.to_string() == name)
}

/// The boards that a filter leaves, by how they are connected.
pub fn families(filter: &str) -> Vec<(&'static str, Vec<KnownBoard>)> {
    let filter = filter.trim().to_lowercase();
    let mut families: Vec<(&'static str, Vec<KnownBoard>)> = Vec::new();
    let fits = |board: &KnownBoard| {
        title(board.name).to_lowercase().contains(&filter) || board.name.contains(&filter)
    };
    for board in list_boards().into_iter().filter(fits) {
        match families.iter_mut().find(|(family, _)| *family == board.connection) {
            Some((_, boards)) => boards.push(board),
            None => families.push((board.connection, vec![board])),
        }
    }
    let place = |family: &str| ORDER.iter().position(|own| *own == family).unwrap_or(ORDER.len());
    families.sort_by_key(|(family, _)| place(family));
    families
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_board_is_in_one_family_and_a_filter_leaves_its_own() {
        let all: usize = families("").iter().map(|(_, boards)| boards.len()).sum();
        assert_eq!(all, list_boards().len());
        let muses: Vec<&str> =
            families("Muse").iter().flat_map(|(_, boards)| boards).map(|b| b.name).collect();
        assert!(muses.contains(&"muse_2") && muses.len() < 10, "{muses:?}");
        assert!(families("no such board").is_empty());
        let first: Vec<&str> = families("").iter().map(|(family, _)| *family).take(4).collect();
        assert_eq!(first, ORDER, "every way to connect is one that there is");
    }

    #[test]
    fn titles_are_those_of_boards_that_there_are() {
        let boards = list_boards();
        for (name, _) in TITLES {
            assert!(boards.iter().any(|board| board.name == name), "{name}");
        }
        assert_eq!(title("galea_serial"), "galea serial");
    }

    #[test]
    fn a_board_is_asked_for_what_it_needs() {
        let asked_of = |name: &str| {
            asked(&list_boards().into_iter().find(|board| board.name == name).unwrap())
        };
        assert_eq!(asked_of("cyton"), [("serial_port", true)]);
        assert_eq!(asked_of("synthetic"), []);
        assert!(asked_of("muse_2").contains(&("serial_number", false)));
    }
}
