//! FIF files against MNE-Python (tests/vectors/formats/make_fif.py), what is refused, missing parts, hostile bytes.

use std::path::{Path, PathBuf};

use phosphene::formats::open;
use phosphene::formats::recording::{Block, Event, ReadRecording};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::harness::{folder_in_memory, vectors};

/// All that a reader gives.
struct Read {
    times_secs: Vec<f64>,
    values: Vec<f64>,
    events: Vec<Event>,
}

fn read_all(reader: &mut dyn ReadRecording) -> Read {
    let mut read = Read { times_secs: Vec::new(), values: Vec::new(), events: Vec::new() };
    let mut block = Block::default();
    loop {
        let more = reader.next_block(&mut block).unwrap();
        read.times_secs.append(&mut block.times_secs);
        read.values.append(&mut block.values);
        read.events.append(&mut block.events);
        if !more {
            return read;
        }
    }
}

fn answers() -> Value {
    serde_json::from_slice(&std::fs::read(vectors("formats/fif/fif.json")).unwrap()).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn of_type(read: &Read, annotations: bool) -> Vec<&Event> {
    read.events.iter().filter(|event| event.duration_secs.is_some() == annotations).collect()
}

#[test]
fn files_are_read_as_mne_reads_them() {
    let answers = answers();
    let tolerances = &answers["tolerances"];
    let (relative, secs) =
        (number(&tolerances["values_relative"]), number(&tolerances["times_secs"]));
    for right in list(&answers["read"]) {
        let name = text(&right["file"]);
        let mut reader = open(&vectors("formats/fif").join(name)).unwrap();
        let read = read_all(&mut *reader);
        check_head(&*reader, right, name);
        check_values(&read, right, relative, name);
        check_times(&read, right, secs, name);
        check_events(&read, right, secs, name);
        let warnings = reader.warnings();
        for said in list(&right["said"]) {
            assert!(warnings.iter().any(|w| w.contains(text(said))), "{name}: {warnings:?}");
        }
        assert_eq!(warnings.len(), list(&right["said"]).len(), "{name}: {warnings:?}");
        assert_eq!(reader.progress(), 1.0, "{name}");
        reader.rewind().unwrap();
        let again = read_all(&mut *reader);
        assert!(again.events == read.events && again.times_secs == read.times_secs, "{name}");
    }
}

fn check_head(reader: &dyn ReadRecording, right: &Value, name: &str) {
    let head = reader.head();
    assert_eq!(head.streams[0].rate_hz, number(&right["rate_hz"]), "{name}");
    let started = head.started.map(phosphene::formats::recording::Calendar::unix_secs);
    match (started, right["started"].as_f64()) {
        (Some(found), Some(right)) => assert!((found - right).abs() < 1e-5, "{name}: {found}"),
        (found, right) => assert_eq!(found, right, "{name}"),
    }
    let channels = &head.streams[0].channels;
    assert_eq!(channels.len(), list(&right["channels"]).len(), "{name}");
    for (channel, right) in channels.iter().zip(list(&right["channels"])) {
        assert_eq!(channel.label, text(&right["label"]), "{name}");
        assert_eq!(channel.unit, text(&right["unit"]), "{name}: {}", channel.label);
        assert_eq!(channel.kind, text(&right["kind"]), "{name}: {}", channel.label);
        match (channel.location_mm, right["location_mm"].as_array()) {
            (Some(found), Some(right)) => {
                let near = found.iter().zip(right).all(|(a, b)| (a - number(b)).abs() < 1e-4);
                assert!(near, "{name}: {found:?}");
            }
            (found, right) => assert!(found.is_none() && right.is_none(), "{name}: {found:?}"),
        }
    }
    let bads: Vec<&str> = list(&right["bads"]).iter().map(text).collect();
    let found = head.facts.iter().find(|(fact, _)| fact == "bad channels");
    assert_eq!(found.map_or("", |(_, names)| names.as_str()), bads.join(", "), "{name}");
}

fn check_values(read: &Read, right: &Value, relative: f64, name: &str) {
    let channels = list(&right["channels"]).len();
    let samples = right["samples"].as_u64().unwrap() as usize;
    assert_eq!((read.times_secs.len(), read.values.len()), (samples, samples * channels), "{name}");
    for (row, values) in right["rows"].as_object().unwrap() {
        let from = row.parse::<usize>().unwrap() * channels;
        for (found, right) in read.values[from..from + channels].iter().zip(list(values)) {
            let right = number(right);
            assert!((found - right).abs() <= relative * right.abs(), "{name}: {found} {right}");
        }
    }
    for (channel, right) in list(&right["sums"]).iter().enumerate() {
        let of_channel = read.values[channel..].iter().step_by(channels);
        let (sum, size) = of_channel.fold((0.0, 0.0), |(sum, size), x| (sum + x, size + x.abs()));
        assert!((sum - number(right)).abs() <= relative * size, "{name}: {sum} {right}");
    }
}

fn check_times(read: &Read, right: &Value, secs: f64, name: &str) {
    let rate_hz = number(&right["rate_hz"]);
    let gaps: Vec<(usize, f64)> = list(&right["gaps"])
        .iter()
        .map(|gap| (gap[0].as_u64().unwrap() as usize, number(&gap[1])))
        .collect();
    for (row, time_secs) in read.times_secs.iter().enumerate() {
        let missing: f64 = gaps.iter().filter(|(at, _)| *at <= row).map(|(_, count)| count).sum();
        assert!((time_secs - (row as f64 + missing) / rate_hz).abs() < secs, "{name}: {row}");
    }
}

fn check_events(read: &Read, right: &Value, secs: f64, name: &str) {
    let rate_hz = number(&right["rate_hz"]);
    let mut found = of_type(read, false);
    // Of several channels at one time any may come first.
    found.sort_by(|a, b| a.time_secs.total_cmp(&b.time_secs).then_with(|| a.label.cmp(&b.label)));
    assert_eq!(found.len(), list(&right["events"]).len(), "{name}: {found:?}");
    for (found, right) in found.iter().zip(list(&right["events"])) {
        let at_secs = number(&right[0]) / rate_hz;
        assert!((found.time_secs - at_secs).abs() < secs, "{name}: {found:?} {right}");
        assert_eq!(found.label, text(&right[1]), "{name}: {found:?}");
    }
    let found = of_type(read, true);
    assert_eq!(found.len(), list(&right["annotations"]).len(), "{name}: {found:?}");
    for (found, right) in found.iter().zip(list(&right["annotations"])) {
        assert!((found.time_secs - number(&right[0])).abs() < secs, "{name}: {found:?} {right}");
        let duration_secs = found.duration_secs.unwrap();
        assert!((duration_secs - number(&right[1])).abs() < secs, "{name}: {found:?} {right}");
        assert_eq!(found.label, text(&right[2]), "{name}");
    }
}

#[test]
fn what_is_not_a_recording_is_refused_by_name() {
    for (name, said) in answers()["refused"].as_object().unwrap() {
        let why = open(&vectors("formats/fif").join(name)).err().unwrap().to_string();
        assert!(why.contains(text(said)), "{name}: {why}");
    }
}

fn copied(names: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let folder = folder_in_memory();
    for name in names {
        std::fs::copy(vectors("formats/fif").join(name), folder.path().join(name)).unwrap();
    }
    let first = folder.path().join(names[0]);
    (folder, first)
}

#[test]
fn a_missing_part_is_told_by_name() {
    let (_folder, path) = copied(&["neuromag_raw.fif"]);
    let mut reader = open(&path).unwrap();
    let read = read_all(&mut *reader);
    assert!(
        read.times_secs.len() >= 128 && read.times_secs.len() < 768,
        "{}",
        read.times_secs.len()
    );
    let warnings = reader.warnings();
    assert!(
        warnings.iter().any(|w| w.contains("'neuromag_raw-1.fif'") && w.contains("not there")),
        "{warnings:?}"
    );
    assert!(warnings.iter().any(|w| w.contains("outside the recording")), "{warnings:?}");
}

#[test]
fn a_later_part_alone_names_the_one_before() {
    let (_folder, path) = copied(&["neuromag_raw-1.fif"]);
    let reader = open(&path).unwrap();
    let warnings = reader.warnings();
    assert!(warnings.iter().any(|w| w.contains("'neuromag_raw.fif'")), "{warnings:?}");
}

#[test]
fn parts_that_lead_elsewhere_or_in_a_circle_are_not_followed() {
    let (_folder, path) = copied(&["neuromag_raw.fif"]);
    let sound = std::fs::read(&path).unwrap();
    let name = b"neuromag_raw-1.fif";
    let at = sound.windows(name.len()).position(|bytes| bytes == name).unwrap();
    for (other, said) in
        [("../romag_raw-1.fif", "not the name of a file"), ("neuromag_raw.fif\0\0", "circle")]
    {
        let mut bytes = sound.clone();
        bytes[at..at + name.len()].copy_from_slice(other.as_bytes());
        std::fs::write(&path, &bytes).unwrap();
        let reader = open(&path).unwrap();
        let warnings = reader.warnings();
        assert!(warnings.iter().any(|w| w.contains(said)), "{other}: {warnings:?}");
    }
}

#[test]
fn a_file_that_is_cut_short_is_read_as_far_as_it_goes() {
    let (_folder, path) = copied(&["single_raw.fif"]);
    let bytes = std::fs::read(&path).unwrap();
    // The last buffer is cut in its middle, and so is a sample.
    std::fs::write(&path, &bytes[..bytes.len() - 1001]).unwrap();
    let mut reader = open(&path).unwrap();
    let read = read_all(&mut *reader);
    // Behind the samples stand the ends of two blocks and of the file: 20, 20 and 16 bytes.
    assert_eq!(read.times_secs.len(), 512 - (1001_usize - 56).div_ceil(24));
    let warnings = reader.warnings();
    assert!(warnings.iter().any(|w| w.contains("cut short")), "{warnings:?}");
    std::fs::write(&path, &bytes[..400]).unwrap();
    let why = open(&path).err().unwrap().to_string();
    assert!(why.contains("cut short"), "{why}");
}

/// Reads all that can be read of damaged bytes, which is never more than they hold.
fn survives(path: &Path, most_values: usize) {
    let Ok(mut reader) = phosphene::formats::fif::open(path) else { return };
    let (mut block, mut values, mut blocks) = (Block::default(), 0, 0);
    while let Ok(true) = reader.next_block(&mut block) {
        assert!(block.times_secs.len() <= 16_384, "a block is a short stretch");
        values += block.values.len();
        blocks += 1;
        assert!(values <= most_values && blocks <= most_values, "more than the bytes hold");
    }
    assert!(reader.warnings().len() <= 100);
    let _ = reader.rewind();
}

#[test]
fn damaged_files_neither_panic_nor_grow() {
    let rounds: u32 =
        std::env::var("PHOSPHENE_FIF_ROUNDS").ok().map_or(300, |n| n.parse().unwrap());
    let answers = answers();
    let read = list(&answers["read"]).iter().map(|right| text(&right["file"]));
    let names: Vec<&str> =
        read.chain(answers["refused"].as_object().unwrap().keys().map(String::as_str)).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    for name in names {
        let (folder, path) = copied(&[name, "neuromag_raw-1.fif", "bids_split-02_raw.fif"]);
        let sound = std::fs::read(&path).unwrap();
        for _ in 0..rounds {
            let bytes = damaged(&sound, &mut rng);
            std::fs::write(&path, &bytes).unwrap();
            survives(&path, bytes.len() + 16_384);
        }
        drop(folder);
    }
}

/// Some bytes or words of a file changed, and sometimes its end cut off.
fn damaged(sound: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    // Headers are where lies are dangerous.
    let range = if rng.random_bool(0.7) { bytes.len().min(1800) } else { bytes.len() };
    for _ in 0..rng.random_range(1..8) {
        let at = rng.random_range(0..range);
        if rng.random_bool(0.5) {
            bytes[at] = rng.random();
        } else {
            let words = [
                0,
                1,
                -1,
                i32::MAX,
                i32::MIN,
                104,
                105,
                300,
                301,
                4,
                3,
                102,
                1 << 20,
                16,
                at as i32,
            ];
            let word = words[rng.random_range(0..words.len())].to_be_bytes();
            let at = (at / 4 * 4).min(bytes.len().saturating_sub(4));
            bytes[at..at + 4].copy_from_slice(&word);
        }
    }
    if rng.random_bool(0.3) {
        bytes.truncate(rng.random_range(0..bytes.len()));
    }
    bytes
}
