//! GDF of both versions against MNE and BioSig, and damaged files.

use std::io::Cursor;
use std::path::Path;

use phosphene::formats::gdf;
use phosphene::formats::recording::{Block, Event, ReadRecording, StreamHead};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::harness::vectors;

/// Damaged copies of each file.
const ROUNDS: u32 = 300;

/// All that a reader gives: times and values of every stream, and the events.
#[derive(Default)]
struct Found {
    times: Vec<Vec<f64>>,
    values: Vec<Vec<f64>>,
    events: Vec<Event>,
    blocks: usize,
}

fn read_all(reader: &mut dyn ReadRecording) -> Found {
    let streams = reader.head().streams.len();
    let mut found = Found {
        times: vec![Vec::new(); streams],
        values: vec![Vec::new(); streams],
        ..Found::default()
    };
    let mut block = Block::default();
    loop {
        let more = reader.next_block(&mut block).unwrap();
        found.events.append(&mut block.events);
        if !more {
            return found;
        }
        found.blocks += 1;
        assert!(block.times_secs.len() <= 16_384);
        found.times[block.stream].extend_from_slice(&block.times_secs);
        found.values[block.stream].extend_from_slice(&block.values);
    }
}

fn expected() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(vectors("formats/gdf/gdf.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn assert_near(got: f64, right: &Value, tolerance: f64, what: &str) {
    let right = right.as_f64().unwrap();
    assert!((got - right).abs() <= tolerance, "{what}: {got} is not {right}");
}

fn check_stream(name: &str, head: &StreamHead, times: &[f64], values: &[f64], right: &Value) {
    let labels: Vec<_> = head.channels.iter().map(|c| c.label.as_str()).collect();
    let units: Vec<_> = head.channels.iter().map(|c| c.unit.as_str()).collect();
    assert_eq!(serde_json::json!(labels), right["labels"], "{name}");
    assert_eq!(serde_json::json!(units), right["units"], "{name}");
    assert_near(head.rate_hz, &right["rate_hz"], 1e-9, name);
    let count = right["count"].as_u64().unwrap() as usize;
    assert_eq!(times.len(), count, "{name}");
    for (row, time_secs) in times.iter().enumerate() {
        assert!((time_secs - row as f64 / head.rate_hz).abs() < 1e-9, "{name}: {time_secs}");
    }
    for (channel, right) in right["channels"].as_array().unwrap().iter().enumerate() {
        let own: Vec<f64> = values.iter().skip(channel).step_by(labels.len()).copied().collect();
        let (name, range) =
            (format!("{name} {}", labels[channel]), right["range"].as_f64().unwrap());
        for (got, first) in own.iter().zip(floats(&right["first"])) {
            assert!((got - first).abs() <= 1e-9 * range, "{name}: {got} is not {first}");
        }
        assert_near(own[count - 1], &right["last"], 1e-9 * range, &name);
        assert_near(
            own.iter().copied().fold(f64::MIN, f64::max),
            &right["max"],
            1e-9 * range,
            &name,
        );
        assert_near(own.iter().sum(), &right["sum"], 1e-9 * range * count as f64, &name);
    }
}

#[test]
fn every_file_gives_the_peers_numbers() {
    for (name, right) in expected() {
        let mut reader = gdf::open(&vectors(&format!("formats/gdf/{name}"))).unwrap();
        let head = reader.head().clone();
        assert_eq!(head.started.unwrap().iso8601(), right["started"].as_str().unwrap(), "{name}");
        let streams = right["streams"].as_array().unwrap();
        assert_eq!(head.streams.len(), streams.len(), "{name}");
        let found = read_all(&mut reader);
        for (at, right) in streams.iter().enumerate() {
            check_stream(&name, &head.streams[at], &found.times[at], &found.values[at], right);
        }
        let events = right["events"].as_array().unwrap();
        assert_eq!(found.events.len(), events.len(), "{name}: {:?}", found.events);
        for (got, right) in found.events.iter().zip(events) {
            assert_near(got.time_secs, &right[0], 1e-9, &name);
            assert_eq!(got.duration_secs.is_none(), right[1].is_null(), "{name}");
            if let Some(secs) = got.duration_secs {
                assert_near(secs, &right[1], 1e-9, &name);
            }
            assert_eq!(got.label, right[2].as_str().unwrap(), "{name}");
        }
        assert_eq!(reader.warnings().len(), usize::from(name == "v2-unfinished.gdf"), "{name}");
        assert_eq!(reader.progress(), 1.0);
        reader.rewind().unwrap();
        let again = read_all(&mut reader);
        assert_eq!((again.values, again.events), (found.values, found.events), "{name}");
    }
}

#[test]
fn records_of_one_sample_are_read_by_the_second() {
    let path = vectors("formats/gdf/v1-one-sample-records.gdf");
    assert_eq!(read_all(&mut gdf::open(&path).unwrap()).blocks, 3, "700 samples at 250 Hz");
}

#[test]
fn the_third_header_names_device_and_events() {
    let reader = gdf::open(&vectors("formats/gdf/v251-third-header.gdf")).unwrap();
    let fact = |name: &str| {
        let found = reader.head().facts.iter().find(|(own, _)| own == name);
        found.map(|(_, text)| text.as_str())
    };
    assert_eq!(fact("device"), Some("g.tec HIamp"));
    assert_eq!((fact("event 1"), fact("event 2")), (Some("blink"), Some("saccade")));
    assert_eq!(fact("version"), Some("2.51"));
}

#[test]
fn a_cut_file_is_read_as_far_as_it_is_whole() {
    let bytes = std::fs::read(vectors("formats/gdf/v1-int16.gdf")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.gdf");
    // Four headers, then records of 128 samples of three signals of two bytes.
    std::fs::write(&path, &bytes[..1024 + 2 * 768 + 100]).unwrap();
    let mut reader = gdf::open(&path).unwrap();
    assert!(reader.warnings()[0].starts_with("2 of the 4 records"), "{:?}", reader.warnings());
    let found = read_all(&mut reader);
    assert_eq!((found.times[0].len(), found.events.len()), (256, 0));
    std::fs::write(&path, &bytes[..1000]).unwrap();
    let why = gdf::open(&path).err().unwrap().to_string();
    assert!(why.contains("byte 1000") && why.contains("1024 bytes"), "{why}");
}

#[test]
fn what_is_not_read_is_named_with_a_way_out() {
    let sound = std::fs::read(vectors("formats/gdf/v1-int16.gdf")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gdf");
    let type_of_o1 = 256 + 220 * 3 + 4;
    for (at, bytes, words) in [
        (4, &b"0.12"[..], ["version is 0.12", "save2gdf"]),
        (4, b"9.99", ["version is 9.99", "save2gdf"]),
        (4, b"x.yz", ["byte 0", "'GDF x.yz'"]),
        (252, &[255, 255, 255, 255], ["byte 252", "at most 1024 signals"]),
        (184, &[0, 3], ["byte 184", "768 bytes"]),
        (type_of_o1, &[18], ["signal 2 ('O1')", "type 18 (byte 920)"]),
        (256 + 216 * 3, &[0, 0, 0, 0xff], ["a record has", "268435456 are allowed"]),
    ] {
        let mut bad = sound.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        std::fs::write(&path, &bad).unwrap();
        let why = gdf::open(&path).err().unwrap().to_string();
        assert!(words.iter().all(|word| why.contains(word)), "{words:?}: {why}");
    }
}

/// Reads what there is of bytes that may be damaged; gives how many values.
fn read_hostile(bytes: &[u8]) -> usize {
    let reader = gdf::GdfReader::new(Cursor::new(bytes), Path::new("a.gdf"));
    let Ok(mut reader) = reader else { return 0 };
    let (mut block, mut values) = (Block::default(), 0);
    while let Ok(true) = reader.next_block(&mut block) {
        assert!(!block.times_secs.is_empty() && block.times_secs.len() <= 16_384);
        values += block.values.len();
    }
    assert!(reader.warnings().len() < 110);
    values
}

#[test]
fn damaged_files_never_panic_nor_grow() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for name in expected().keys() {
        let sound = std::fs::read(vectors(&format!("formats/gdf/{name}"))).unwrap();
        assert!(read_hostile(&sound) > 0, "{name}");
        for _ in 0..ROUNDS {
            let mut bytes = sound.clone();
            for _ in 0..rng.random_range(1..12) {
                // Headers are where lies are dangerous.
                let range = if rng.random() { bytes.len().min(1200) } else { bytes.len() };
                bytes[rng.random_range(0..range)] = rng.random();
            }
            if rng.random() {
                bytes.truncate(rng.random_range(0..bytes.len()));
            }
            assert!(read_hostile(&bytes) <= bytes.len(), "{name}: no value without a byte");
        }
    }
}
