//! Neuroscan files against MNE, ANT's refused by name, and damaged files.

use std::io::Cursor;
use std::path::Path;

use phosphene::formats::cnt;
use phosphene::formats::recording::{Block, Event, ReadRecording};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::harness::vectors;

/// Damaged copies of each file.
const ROUNDS: u32 = 300;

fn expected() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(vectors("formats/cnt/cnt.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn sound(name: &str) -> Vec<u8> {
    std::fs::read(vectors(&format!("formats/cnt/{name}"))).unwrap()
}

fn read_all(reader: &mut dyn ReadRecording) -> (Vec<f64>, Vec<f64>, Vec<Event>) {
    let (mut times, mut values, mut events) = (Vec::new(), Vec::new(), Vec::new());
    let mut block = Block::default();
    loop {
        let more = reader.next_block(&mut block).unwrap();
        events.append(&mut block.events);
        if !more {
            return (times, values, events);
        }
        times.extend_from_slice(&block.times_secs);
        values.extend_from_slice(&block.values);
    }
}

fn assert_near(got: f64, right: &Value, tolerance: f64, what: &str) {
    let right = right.as_f64().unwrap();
    assert!((got - right).abs() <= tolerance, "{what}: {got} is not {right}");
}

#[test]
fn every_file_gives_the_peers_numbers() {
    for (name, right) in expected() {
        let mut reader = cnt::open(&vectors(&format!("formats/cnt/{name}"))).unwrap();
        let head = reader.head().clone();
        assert_eq!(head.started.unwrap().iso8601(), right["started"].as_str().unwrap(), "{name}");
        let channels = &head.streams[0].channels;
        let labels: Vec<_> = channels.iter().map(|c| c.label.as_str()).collect();
        assert_eq!(serde_json::json!(labels), right["labels"], "{name}");
        assert!(channels.iter().all(|c| c.unit == "uV" && c.filtering == "HP:0.5Hz LP:100Hz"));
        let rate_hz = right["rate_hz"].as_f64().unwrap();
        assert_eq!(head.streams[0].rate_hz, rate_hz, "{name}");
        let bad = ("bad channels".to_owned(), "O2".to_owned());
        assert!(head.facts.contains(&bad), "{name}: {:?}", head.facts);
        let (times, values, events) = read_all(&mut reader);
        let count = right["count"].as_u64().unwrap() as usize;
        assert_eq!((times.len(), values.len()), (count, count * labels.len()), "{name}");
        for (row, time_secs) in times.iter().enumerate() {
            assert!((time_secs - row as f64 / rate_hz).abs() < 1e-9, "{name}: {time_secs}");
        }
        for (channel, right) in right["channels"].as_array().unwrap().iter().enumerate() {
            let own: Vec<f64> =
                values.iter().skip(channel).step_by(labels.len()).copied().collect();
            let (what, range) =
                (format!("{name} {}", labels[channel]), right["range"].as_f64().unwrap());
            assert_near(own[0], &right["first"][0], 1e-9 * range, &what);
            assert_near(own[1], &right["first"][1], 1e-9 * range, &what);
            assert_near(own[count - 1], &right["last"], 1e-9 * range, &what);
            assert_near(
                own.iter().copied().fold(f64::MIN, f64::max),
                &right["max"],
                1e-9 * range,
                &what,
            );
            assert_near(own.iter().sum(), &right["sum"], 1e-9 * range * count as f64, &what);
        }
        let right = right["events"].as_array().unwrap();
        assert_eq!(events.len(), right.len(), "{name}");
        for (event, right) in events.iter().zip(right) {
            assert_near(event.time_secs, &right[0], 1e-9, &name);
            assert_eq!(event.label, right[1].as_str().unwrap(), "{name}");
        }
        assert_eq!(reader.warnings(), [""; 0], "{name}");
        reader.rewind().unwrap();
        assert_eq!(read_all(&mut reader), (times, values, events), "{name}");
    }
}

#[test]
fn a_cut_file_is_read_as_far_as_it_is_whole() {
    // 900 bytes of setup and three electrodes of 75; a sample of three channels has six bytes.
    let bytes = &sound("int16.cnt")[..1125 + 6 * 400 + 5];
    let mut reader = cnt::CntReader::new(Cursor::new(bytes), Path::new("a.cnt")).unwrap();
    assert!(reader.warnings()[0].contains("400 samples, and no events"), "{:?}", reader.warnings());
    assert_eq!(read_all(&mut reader).0.len(), 400);
    let why = cnt::CntReader::new(Cursor::new(&bytes[..1000]), Path::new("a.cnt")).err().unwrap();
    let why = why.to_string();
    assert!(why.contains("byte 1000") && why.contains("1125 bytes"), "{why}");
}

#[test]
fn what_is_not_read_is_named_with_a_way_out() {
    let refusal = |bytes: &[u8]| {
        cnt::CntReader::new(Cursor::new(bytes), Path::new("a.cnt")).err().unwrap().to_string()
    };
    for start in [&b"RIFF\x10\0\0\0CNT eeph"[..], b"RF64\x10\0\0\0\0\0\0\0CNT eeph"] {
        assert!(cnt::is_cnt(start));
        let why = refusal(start);
        assert!(why.contains("ANT Neuro") && why.contains("EDF+ or BrainVision"), "{why}");
    }
    assert!(refusal(b"Versailles").contains("'Version 3.0', got 'Versailles'"));
    for (at, bytes, words) in [
        (370, &[0, 0][..], "byte 370: expected 1 to 1024 channels, got 0"),
        (376, &[0, 0], "byte 376: expected a rate"),
        (864, &[9, 0, 0, 0], "Export it from Scan or Curry as EDF"),
        (894, &[0, 0, 0, 0x7f], "byte 894: expected blocks of at most"),
    ] {
        let mut bad = sound("int32.cnt");
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        let why = refusal(&bad);
        assert!(why.contains(words), "{why}");
    }
}

/// Reads what there is of bytes that may be damaged; gives how many values.
fn read_hostile(bytes: &[u8]) -> usize {
    let reader = cnt::CntReader::new(Cursor::new(bytes), Path::new("a.cnt"));
    let Ok(mut reader) = reader else { return 0 };
    let (mut block, mut values) = (Block::default(), 0);
    while let Ok(true) = reader.next_block(&mut block) {
        assert!(!block.times_secs.is_empty() && block.times_secs.len() <= 16_384);
        values += block.values.len();
    }
    assert!(reader.warnings().len() < 10);
    values
}

#[test]
fn damaged_files_never_panic_nor_grow() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for name in expected().keys() {
        let sound = sound(name);
        assert!(read_hostile(&sound) > 0, "{name}");
        for _ in 0..ROUNDS {
            let mut bytes = sound.clone();
            for _ in 0..rng.random_range(1..12) {
                // Headers are where lies are dangerous.
                let range = if rng.random() { bytes.len().min(1125) } else { bytes.len() };
                bytes[rng.random_range(0..range)] = rng.random();
            }
            if rng.random() {
                bytes.truncate(rng.random_range(0..bytes.len()));
            }
            assert!(read_hostile(&bytes) <= bytes.len(), "{name}: no value without a byte");
        }
    }
}
