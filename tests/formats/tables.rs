//! Tables of headsets' programs, and tables of none, against what they were made with (`make_tables.py`); what is
//! refused and why; damaged ones.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use phosphene::formats::recording::{Block, Event, Head, ReadRecording};
use phosphene::formats::text::from_reader;
use phosphene::formats::{FormatError, open};
use rand::{RngExt, SeedableRng};

use crate::harness::{public, vectors};

struct Found {
    head: Head,
    times_secs: Vec<f64>,
    values: Vec<f64>,
    events: Vec<Event>,
    warnings: Vec<String>,
}

fn read(reader: &mut dyn ReadRecording) -> Result<Found, FormatError> {
    let (mut block, mut times_secs, mut values, mut events) =
        (Block::default(), Vec::new(), Vec::new(), Vec::new());
    loop {
        let more = reader.next_block(&mut block)?;
        times_secs.extend_from_slice(&block.times_secs);
        values.extend_from_slice(&block.values);
        events.append(&mut block.events);
        if !more {
            break;
        }
    }
    let (head, warnings) = (reader.head().clone(), reader.warnings().to_vec());
    Ok(Found { head, times_secs, values, events, warnings })
}

fn text(text: &str) -> Result<Found, FormatError> {
    read(&mut from_reader(Cursor::new(text.as_bytes()), Path::new("a.csv"))?)
}

/// Vector files, without what is known of them.
fn files() -> Vec<PathBuf> {
    let folder = vectors("formats/tables");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| !path.ends_with("tables.json"));
    files.sort();
    files
}

/// When each sample was taken, by the samples that are missing.
fn right_times(right: &serde_json::Value, samples: usize, rate_hz: f64) -> Vec<f64> {
    let gap = right["missing"].get(0);
    let gap = gap.map(|gap| (gap[0].as_u64().unwrap() as usize, gap[1].as_u64().unwrap() as usize));
    let lost = |sample: usize| gap.filter(|(after, _)| sample > *after).map_or(0, |(_, lost)| lost);
    (0..samples).map(|sample| (sample + lost(sample)) as f64 / rate_hz).collect()
}

#[test]
fn every_dialect_gives_what_its_file_was_made_with() {
    let known = std::fs::read_to_string(vectors("formats/tables/tables.json")).unwrap();
    let known: serde_json::Value = serde_json::from_str(&known).unwrap();
    assert_eq!(known.as_object().unwrap().len(), files().len());
    for path in files() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let right = &known[name];
        let found = read(&mut *open(&path).unwrap()).unwrap();
        let stream = &found.head.streams[0];
        let rate_hz = right["rate_hz"].as_f64().unwrap();
        assert_eq!(stream.rate_hz, rate_hz, "{name}");
        let width = stream.channels.len();
        let eeg = (0..width).filter(|place| stream.channels[*place].kind == "EEG");
        let channels = right["channels"].as_array().unwrap();
        assert_eq!(eeg.clone().count(), channels.len(), "{name}");
        for (place, channel) in eeg.zip(channels) {
            let own: Vec<f64> = found.values.chunks(width).map(|row| row[place]).collect();
            assert_eq!(stream.channels[place].label, channel["label"], "{name}");
            assert_eq!(stream.channels[place].microvolts(), Some(1.0), "{name}");
            assert_eq!(own.len() as u64, channel["count"].as_u64().unwrap(), "{name}");
            let close = |value: f64, key: &str| {
                let right = channel[key].as_f64().unwrap();
                assert!(
                    (value - right).abs() <= 1e-9 * right.abs().max(1.0),
                    "{name}: {key} {value}"
                );
            };
            close(own[0], "first");
            close(own[own.len() - 1], "last");
            close(own.iter().sum(), "sum");
        }
        let times = right_times(right, found.times_secs.len(), rate_hz);
        let tolerance = right["tolerance_secs"].as_f64().unwrap();
        for (own, right) in found.times_secs.iter().zip(&times) {
            assert!((own - right).abs() <= tolerance, "{name}: {own} {right}");
        }
        let own: Vec<_> =
            found.events.iter().map(|event| (event.label.clone(), event.time_secs)).collect();
        let events = right["events"].as_array().unwrap();
        assert_eq!(own.len(), events.len(), "{name}: {own:?}");
        for ((label, secs), right) in own.iter().zip(events) {
            assert_eq!(*label, right[1], "{name}");
            assert!(
                (secs - times[right[0].as_u64().unwrap() as usize]).abs() <= tolerance,
                "{name}"
            );
        }
        if let Some(said) = right["said"].as_str() {
            assert!(
                found.warnings.iter().any(|w| w.contains(said)),
                "{name}: {:?}",
                found.warnings
            );
        }
        if let Some(started) = right["started"].as_str() {
            let own = found.head.started.unwrap().iso8601();
            assert!(own.starts_with(started), "{name}: {own}");
        }
    }
}

#[test]
fn an_event_of_openvibe_keeps_its_duration() {
    let found = read(&mut *open(&vectors("formats/tables/openvibe.csv")).unwrap()).unwrap();
    assert_eq!(found.events[0].duration_secs, Some(0.5));
    assert_eq!(found.events[1].duration_secs, None);
}

#[test]
fn packets_are_laid_out_and_real_pauses_stay() {
    // Packets of twelve samples, up to 20 ms late and counted on at 256 Hz; after 1500 samples three seconds of nothing.
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let mut late = 0.0;
    let rows: String = (0..6000)
        .map(|i| {
            if i % 12 == 0 {
                late = 0.02 * rng.random::<f64>();
            }
            let pause = if i >= 1500 { 3.0 } else { 0.0 };
            format!("{:.3},1,2,3,4,0\n", 500.0 + f64::from(i) / 256.0 + late + pause)
        })
        .collect();
    let found = text(&format!("timestamps,TP9,AF7,AF8,TP10,Marker0\n{rows}")).unwrap();
    assert_eq!(found.head.streams[0].rate_hz, 256.0);
    let steps: Vec<f64> = found.times_secs.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let jumps: Vec<usize> =
        (0..steps.len()).filter(|i| (steps[*i] * 256.0 - 1.0).abs() > 0.05).collect();
    assert_eq!(jumps, [1499]);
    assert!((steps[1499] - 3.0).abs() < 0.01, "{}", steps[1499]);
    for word in ["packets of 12 samples", "re-timed at 256", "1 pause(s), 3.0"] {
        assert!(found.warnings.iter().any(|w| w.contains(word)), "{word}: {:?}", found.warnings);
    }
}

#[test]
fn tables_that_cannot_be_told_are_refused_with_what_they_lack() {
    let rows = |row: &dyn Fn(u32) -> String| (0..300).map(row).collect::<String>();
    let five = rows(&|i| format!("{},1.5,2.5,3.5,4.5,{}.5\n", f64::from(i) / 256.0, i % 7));
    let cases = [
        (format!("timestamps,TP9,AF7,AF8,TP10\n{five}"), "(1) has 5 columns and line 2 has 6"),
        (
            format!("timestamps,TP9,AF7,AF8,TP10,Right AUX,Marker0\n{five}"),
            "(1) has 7 columns and line 2 has 6",
        ),
        (format!("timestamps,X,Y,Z,a,b\n{five}"), "none of its columns"),
        (format!("time,a,b,c,d,e\n{five}"), "2 columns named after electrodes"),
        (
            rows(&|i| format!("{i},{},3\n", i % 7)).replacen("0,0,3", "Fz,O1,O2", 1),
            "a column of time",
        ),
        (rows(&|_| "7.5,1,2\n".into()).replacen("7.5,1,2", "timestamps,TP9,AF7", 1), "do not rise"),
        (
            rows(&|i| format!("{i}e9,1,2\n")).replacen("0e9,1,2", "timestamps,TP9,AF7", 1),
            "rate of EEG",
        ),
        (
            "Time:4,End Time,Feature 1,Event Id,Event Date,Event Duration\n0,1,2,,,\n".into(),
            "features",
        ),
        (rows(&|i| format!("{i},{i},3,4\n")), "4 columns of numbers without names"),
        ("{\"answer\": 42}".into(), "no epochs"),
    ];
    for (table, word) in cases {
        let why = text(&table).err().map(|why| why.to_string()).unwrap_or_default();
        assert!(why.contains(word), "{word}: {why}");
    }
}

#[test]
fn rows_that_do_not_fit_are_named_and_a_cut_last_one_is_told() {
    let mut lines: Vec<String> =
        (0..300).map(|i| format!("{},1,2,3", f64::from(i) / 250.0)).collect();
    lines.insert(0, "time,Fz,O1,O2".into());
    lines[40] = "7,8".into();
    lines[50] += ",9";
    lines[60] = lines[60].replace(",2,", ",x,");
    lines[70] = String::new();
    lines.push("1.2,1,".into());
    let found = text(&lines.join("\n")).unwrap();
    assert_eq!(found.times_secs.len(), 296);
    for word in [
        "line 41 is left out: it has 2 columns, not 4",
        "line 51 is left out: it has 5 columns, not 4",
        "line 61 is left out: column 3 holds 'x'",
        "the last line (302) is cut off",
    ] {
        assert!(found.warnings.iter().any(|w| w.contains(word)), "{word}: {:?}", found.warnings);
    }
}

#[test]
fn recordings_of_muse_from_2017_and_2018_have_no_gaps() {
    let Some(folder) = public("eeg/neurotechx-eeg-notebooks/N170") else { return };
    for part in ["subject1/session1", "subject2/session1"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let path = entry.unwrap().path();
            let found = read(&mut *open(&path).unwrap()).unwrap();
            let steps = found.times_secs.windows(2).map(|pair| (pair[1] - pair[0]) * 256.0);
            let off = steps.map(|step| (step - 1.0).abs()).fold(0.0, f64::max);
            assert!(off < 0.01, "{}: {off}", path.display());
            assert!(found.events.len() > 190);
        }
    }
}

#[test]
fn damaged_tables_never_panic_and_read_the_same_twice() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(11);
    for path in files() {
        let sound = std::fs::read(&path).unwrap();
        for _ in 0..200 {
            let mut bytes = sound.clone();
            for _ in 0..rng.random_range(1..12) {
                let range = if rng.random_bool(0.5) { bytes.len().min(600) } else { bytes.len() };
                let at = rng.random_range(0..range);
                match rng.random_range(0..4) {
                    0 => bytes[at] = rng.random(),
                    1 => bytes[at] = b",;\t\n\"09e.-:{}[]%\0"[rng.random_range(0..17)],
                    2 => drop(bytes.splice(at..at, *b"1e308")),
                    _ => drop(bytes.remove(at)),
                }
            }
            if rng.random_bool(0.3) {
                bytes.truncate(rng.random_range(0..bytes.len()));
            }
            let Ok(mut reader) = from_reader(Cursor::new(&bytes), &path) else { continue };
            let first = read(&mut reader).map(|found| found.times_secs.len());
            reader.rewind().unwrap();
            let second = read(&mut reader).map(|found| found.times_secs.len());
            assert_eq!(first.ok(), second.ok(), "{}", path.display());
            assert!(reader.warnings().len() <= 100, "warnings grow with the damage");
        }
    }
}
