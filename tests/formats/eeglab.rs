//! EEGLAB data sets: samples, events, times and refusals against what SciPy and MNE read; damaged ones.

use std::path::{Path, PathBuf};

use phosphene::formats::eeglab::{EeglabReader, open};
use phosphene::formats::recording::{Block, Event, ReadRecording};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::harness::vectors;

/// Damaged copies that are made of each set.
const ROUNDS: u64 = 60;

struct Read {
    reader: EeglabReader,
    times_secs: Vec<f64>,
    /// `[samples, channels]`
    values: Vec<f64>,
    events: Vec<Event>,
}

fn read(path: &Path) -> Result<Read, String> {
    let mut reader = open(path).map_err(|why| why.to_string())?;
    let (mut times_secs, mut values, mut events) = (Vec::new(), Vec::new(), Vec::new());
    let mut block = Block::default();
    loop {
        let more = reader.next_block(&mut block).map_err(|why| why.to_string())?;
        times_secs.extend_from_slice(&block.times_secs);
        values.extend_from_slice(&block.values);
        events.append(&mut block.events);
        if !more {
            return Ok(Read { reader, times_secs, values, events });
        }
    }
}

fn folder() -> PathBuf {
    vectors("formats/eeglab")
}

fn cases() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(folder().join("eeglab.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn close(got: f64, expected: &Value, scale: f64) -> bool {
    (got - expected.as_f64().unwrap()).abs() <= 1e-12 * scale
}

fn check_channels(name: &str, found: &Read, case: &Value) {
    let channels = &found.reader.head().streams[0].channels;
    let expected = case["channels"].as_array().unwrap();
    assert_eq!(channels.len(), expected.len(), "{name}");
    for (place, (channel, expected)) in channels.iter().zip(expected).enumerate() {
        assert_eq!(channel.label, expected["label"].as_str().unwrap(), "{name}");
        let unit = case["units"].get(place).map_or("uV", |unit| unit.as_str().unwrap());
        assert_eq!(channel.unit, unit, "{name}");
        let at: Option<[f64; 3]> =
            case["places"].get(place).map(|at| serde_json::from_value(at.clone()).unwrap());
        assert_eq!(channel.location_mm, at, "{name}");
        let row: Vec<f64> =
            found.values.iter().skip(place).step_by(channels.len()).copied().collect();
        assert_eq!(row.len() as u64, expected["count"].as_u64().unwrap(), "{name}");
        for (got, expected) in row.iter().zip(expected["first"].as_array().unwrap()) {
            assert!(close(*got, expected, got.abs()), "{name}: {got} {expected}");
        }
        let largest = row.iter().map(|value| value.abs()).fold(0.0, f64::max);
        assert!(close(row[row.len() - 1], &expected["last"], largest), "{name}");
        assert!(close(row.iter().copied().fold(f64::MIN, f64::max), &expected["max"], largest));
        let sum: f64 = row.iter().sum();
        assert!(close(sum, &expected["sum"], largest * row.len() as f64), "{name}: {sum}");
    }
}

fn check_events(name: &str, found: &Read, case: &Value) {
    let expected = case["events"].as_array().unwrap();
    assert_eq!(found.events.len(), expected.len(), "{name}: {:?}", found.events);
    for (event, expected) in found.events.iter().zip(expected) {
        assert!(close(event.time_secs, &expected[0], 10.0), "{name}: {event:?} {expected}");
        assert_eq!(event.duration_secs, expected[1].as_f64(), "{name}: {event:?}");
        assert_eq!(event.label, expected[2].as_str().unwrap(), "{name}");
    }
}

#[test]
fn sets_of_every_form_are_what_scipy_and_mne_read() {
    let cases = cases();
    assert!(cases.len() >= 18);
    for (name, case) in cases.iter().filter(|(_, case)| case.get("refused").is_none()) {
        let found = read(&folder().join(name)).unwrap();
        let head = found.reader.head();
        assert_eq!(head.streams[0].rate_hz, case["rate_hz"].as_f64().unwrap(), "{name}");
        check_channels(name, &found, case);
        check_events(name, &found, case);
        let period_secs = 1.0 / head.streams[0].rate_hz;
        let gaps = found.times_secs.windows(2).filter(|at| at[1] - at[0] > 1.5 * period_secs);
        assert_eq!(gaps.count() as u64, case["gaps"].as_u64().unwrap_or(0), "{name}");
        let warnings = found.reader.warnings();
        match case["warns"].as_str() {
            Some(words) => {
                assert!(warnings.iter().any(|said| said.contains(words)), "{warnings:?}")
            }
            None => assert!(warnings.is_empty(), "{name}: {warnings:?}"),
        }
        if let Some(title) = case["facts"]["title"].as_str() {
            assert!(head.facts.iter().any(|(fact, text)| fact == "title" && text == title));
        }
    }
}

#[test]
fn what_was_cut_out_is_a_gap_of_its_length() {
    let mut found = read(&folder().join("cuts.set")).unwrap();
    assert_eq!(found.times_secs.len(), 620);
    for (time_secs, row) in found.times_secs.iter().zip(found.values.chunks_exact(2)) {
        assert!((time_secs - row[0]).abs() < 1e-12, "{time_secs} {}", row[0]);
    }
    found.reader.rewind().unwrap();
    let mut block = Block::default();
    assert!(found.reader.next_block(&mut block).unwrap());
    assert_eq!((block.values, block.events), (found.values, found.events), "again the same");
}

#[test]
fn what_is_no_recording_is_refused_with_the_way_out() {
    for (name, case) in cases() {
        let Some(words) = case["refused"].as_str() else { continue };
        let why = read(&folder().join(&name)).err().unwrap_or_else(|| panic!("{name} was read"));
        assert!(why.contains(words), "{name}: {why}");
    }
}

#[test]
fn the_file_of_samples_leads_to_its_set() {
    let by_samples = read(&folder().join("pair.fdt")).unwrap();
    let by_set = read(&folder().join("pair.set")).unwrap();
    assert_eq!(by_samples.values, by_set.values);
    assert_eq!(by_samples.reader.warnings(), [""; 0]);
    let empty = tempfile::tempdir().unwrap();
    std::fs::copy(folder().join("pair.fdt"), empty.path().join("pair.fdt")).unwrap();
    let why = read(&empty.path().join("pair.fdt")).err().unwrap();
    assert!(why.contains("bare samples") && why.contains("pair.set"), "{why}");
    std::fs::copy(folder().join("pair.set"), empty.path().join("pair.set")).unwrap();
    std::fs::remove_file(empty.path().join("pair.fdt")).unwrap();
    let why = read(&empty.path().join("pair.set")).err().unwrap();
    assert!(why.contains("'pair.fdt', which is not beside it"), "{why}");
}

#[test]
fn cut_files_are_read_as_far_as_they_are_whole() {
    let empty = tempfile::tempdir().unwrap();
    let set = empty.path().join("pair.set");
    std::fs::copy(folder().join("pair.set"), &set).unwrap();
    let samples = std::fs::read(folder().join("pair.fdt")).unwrap();
    std::fs::write(empty.path().join("pair.fdt"), &samples[..4 * 4 * 300 + 7]).unwrap();
    let found = read(&set).unwrap();
    let whole = read(&folder().join("pair.set")).unwrap();
    assert_eq!(found.values, whole.values[..4 * 300]);
    assert!(found.reader.warnings()[0].contains("the .fdt file holds 300"));
    // Packed or bare, samples that stand before the end are good.
    for (name, keep) in [("bare-int16.set", 3000), ("packed-single.set", 5000)] {
        let bytes = std::fs::read(folder().join(name)).unwrap();
        std::fs::write(&set, &bytes[..keep]).unwrap();
        let found = read(&set).unwrap();
        let whole = read(&folder().join(name)).unwrap();
        let there = found.values.len();
        assert!(there > 400 && there < whole.values.len(), "{name}: {there}");
        assert_eq!(found.values, whole.values[..there], "{name}");
        let warnings = found.reader.warnings();
        assert!(warnings.iter().any(|said| said.contains("ends too early")), "{warnings:?}");
        assert!(warnings.iter().any(|said| said.contains("of 500 samples")), "{warnings:?}");
    }
}

/// What stands before the content of a variable, which is a column of so many bytes.
fn column(name: &[u8; 8], class: u32, kind: u32, count: u32) -> Vec<u8> {
    let words = [14, 56 + count, 6, 8, class, 0, 5, 8, count, 1, 1, 8];
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(name);
    bytes.extend([kind, count].iter().flat_map(|word| word.to_le_bytes()));
    bytes
}

#[test]
fn what_unpacks_to_far_more_than_it_is_is_refused() {
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path().join("trap.set");
    let header = std::fs::read(folder().join("pair.set")).unwrap();
    for (name, class, kind) in [(b"data\0\0\0\0", 8, 1), (b"setname\0", 4, 1)] {
        let mut bytes = header[..128].to_vec();
        bytes.extend(column(name, class, kind, 100 << 20));
        bytes.resize(bytes.len() + (100 << 20), 0);
        std::fs::write(&path, packed(&bytes)).unwrap();
        let why = read(&path).err().unwrap();
        assert!(why.contains("unpacks to more than is read"), "{why}");
    }
}

/// Changes a few bytes, or cuts.
fn damage(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    for _ in 0..rng.random_range(1..8) {
        let at = rng.random_range(0..bytes.len());
        bytes[at] = match rng.random_range(0..3) {
            0 => rng.random(),
            1 => 0xff,
            _ => bytes[at] ^ (1 << rng.random_range(0..8)),
        };
    }
    if rng.random_bool(0.3) {
        bytes.truncate(rng.random_range(0..bytes.len()));
    }
}

/// The same file with what is packed in it unpacked, so that damage can get behind the checksum.
fn unpacked(bytes: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let (mut out, mut at) = (bytes[..128.min(bytes.len())].to_vec(), 128);
    while let Some(tag) = bytes.get(at..at + 8) {
        let word = |place: usize| u32::from_le_bytes(tag[place..place + 4].try_into().unwrap());
        let (kind, count) = (word(0), word(4) as usize);
        let Some(content) = bytes.get(at + 8..at + 8 + count) else { break };
        if kind == 15 {
            flate2::read::ZlibDecoder::new(content).read_to_end(&mut out).unwrap();
        } else {
            out.extend_from_slice(&bytes[at..at + 8 + count]);
        }
        at += 8 + count;
    }
    out
}

/// Packs every variable again.
fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes.get(128..).unwrap_or_default()).unwrap();
    let content = packer.finish().unwrap();
    let mut out = bytes[..128.min(bytes.len())].to_vec();
    out.extend(15_u32.to_le_bytes());
    out.extend((content.len() as u32).to_le_bytes());
    out.extend(content);
    out
}

#[test]
fn damaged_sets_never_panic() {
    let empty = crate::harness::folder_in_memory();
    let path = empty.path().join("pair.set");
    std::fs::copy(folder().join("pair.fdt"), empty.path().join("pair.fdt")).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for name in cases().keys() {
        let sound = std::fs::read(folder().join(name)).unwrap();
        let bare = unpacked(&sound);
        for round in 0..ROUNDS {
            let mut bytes = if round % 3 == 0 { sound.clone() } else { bare.clone() };
            damage(&mut bytes, &mut rng);
            if round % 3 == 2 {
                bytes = packed(&bytes);
            }
            std::fs::write(&path, &bytes).unwrap();
            let _ = read(&path).map(|found| {
                assert!(found.values.len() <= 1 << 20 && found.events.len() <= 1 << 20, "{name}");
                found.values.len()
            });
        }
    }
}
