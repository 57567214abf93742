//! The rules of ARCHITECTURE.md that a machine can hold: a module imports only from modules above it in
//! `src/lib.rs`; no files import one another in a circle; foreign names stay in their rooms; rooms, files and functions
//! stay small enough to be read.

mod house;

use std::collections::BTreeMap;

use house::{House, Source, root};

/// Most lines of a room, of a file, of a function; a room is a folder of `src/`; folders of formats, sources and panels count by
/// themselves: nobody has to know one of them to change another.
const MOST_LINES_OF_A_ROOM: usize = 7000;
const MOST_LINES_OF_A_FILE: usize = 450;
const MOST_LINES_OF_A_FUNCTION: usize = 90;
/// Half of all files and functions are no longer than this.
const USUAL_LINES_OF_A_FILE: usize = 150;
const USUAL_LINES_OF_A_FUNCTION: usize = 8;

/// Modules in flow order, as `src/lib.rs` lists them.
fn rooms() -> Vec<String> {
    let lib = std::fs::read_to_string(root().join("lib.rs")).expect("the source tree can be read");
    let rooms: Vec<String> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    assert!(rooms.len() >= 20, "the list in lib.rs was not understood: {rooms:?}");
    rooms
}

#[test]
fn modules_import_only_from_above() {
    let (house, order) = (House::read(), rooms());
    let place = |room: &String| order.iter().position(|other| other == room);
    // Three rooms that meet in `signal` types and in `pipeline` only.
    let peers = ["source", "dsp", "decode"].map(str::to_owned);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (from, arrows) in &house.arrows {
        for (to, names) in arrows {
            let (Some(own), Some(other)) = (from.first(), to.first()) else { continue };
            seen += 1;
            let are_peers = own != other && peers.contains(own) && peers.contains(other);
            if place(other) > place(own) || are_peers {
                wrong.push(format!(
                    "{} takes {names:?} from {}",
                    house.path_of(from),
                    to.join("::")
                ));
            }
        }
    }
    assert!(seen > 1000, "only {seen} imports were understood");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_files_import_one_another_in_a_circle() {
    let circles = House::read().circles();
    assert!(circles.is_empty(), "{} circles:{}", circles.len(), circles.join("\n"));
}

/// Product code of a file: comments and tests left out.
fn product(file: &Source) -> String {
    let code = file.text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = code.map(|line| format!("{line}\n")).collect();
    // Tests inside a file may use threads and clocks of their own.
    code.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}

fn names_it(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        !code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn foreign_names_stay_in_their_rooms() {
    let rules: [(&str, &[&str]); 4] = [
        ("ort::", &["decode/session.rs"]),
        ("egui", &["ui/"]),
        ("thread::Builder", &["pipeline/", "record/", "compute/"]),
        ("Instant::now", &["time/clock.rs"]),
    ];
    let mut wrong = Vec::new();
    for file in House::read().files.iter().filter(|file| !file.module.is_empty()) {
        let code = product(file);
        for (name, homes) in rules {
            let is_home = homes.iter().any(|home| file.path.starts_with(home));
            if !is_home && names_it(&code, name) {
                wrong.push(format!("{} names {name}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_it_is() {
    let house = House::read();
    let silent: Vec<&str> = house
        .files
        .iter()
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| file.path.as_str())
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

/// The middle one; the list must not be empty.
fn median(mut lengths: Vec<usize>) -> usize {
    lengths.sort_unstable();
    lengths[lengths.len() / 2]
}

/// See [`MOST_LINES_OF_A_ROOM`].
fn sized_room(file: &Source) -> &str {
    match (file.room(), file.path.rsplit_once('/')) {
        ("formats" | "source", Some((folder, _))) => folder,
        ("ui", Some((folder, _))) if folder.starts_with("ui/panels/") => folder,
        (room, _) => room,
    }
}

#[test]
fn rooms_files_and_functions_stay_readable() {
    let house = House::read();
    let (mut too_long, mut files, mut functions) = (Vec::new(), Vec::new(), Vec::new());
    let mut of_rooms: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &house.files {
        let lines = file.text.lines().count();
        files.push(lines);
        *of_rooms.entry(sized_room(file)).or_default() += lines;
        if lines > MOST_LINES_OF_A_FILE {
            too_long.push(format!("{}: {lines} lines", file.path));
        }
        for function in file.functions() {
            functions.push(function.lines);
            if function.lines > MOST_LINES_OF_A_FUNCTION {
                too_long.push(format!("{} {}: {} lines", file.path, function.name, function.lines));
            }
        }
    }
    let large = of_rooms.iter().filter(|(_, lines)| **lines >= MOST_LINES_OF_A_ROOM);
    too_long.extend(large.map(|(room, lines)| format!("{room}/: {lines} lines")));
    assert!(too_long.is_empty(), "{too_long:#?}");
    assert!(functions.len() > 2000, "only {} functions were understood", functions.len());
    assert!(median(files) <= USUAL_LINES_OF_A_FILE);
    assert!(median(functions) <= USUAL_LINES_OF_A_FUNCTION);
}

#[test]
fn the_map_of_the_house_names_every_room() {
    let text = std::fs::read_to_string(root().join("../ARCHITECTURE.md")).expect("it can be read");
    let unnamed: Vec<String> =
        rooms().into_iter().filter(|room| !text.contains(&format!("`{room}`"))).collect();
    assert!(unnamed.is_empty(), "ARCHITECTURE.md does not say what these hold: {unnamed:?}");
}
