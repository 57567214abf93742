//! `phosphene inspect` and `phosphene convert`: an XDF recording with a gap, markers and two clocks, into every
//! format and back, read by our own readers (`tests/peers/convert.rs`: by others).
//!
//! Tolerances: EDF 1 µV over 65 536 steps of the range, BDF and float32 far below; times 0.1 ms.

use std::path::Path;

use phosphene::exchange::{convert, survey};
use phosphene::formats;
use phosphene::formats::recording::Block;
use serde_json::Value;

use crate::harness::converted::{BEGIN_SECS, RATE_HZ, path, rows, value, write_xdf};
use crate::harness::program::outcome;

/// All values of the EEG and all events, through our own reader.
fn read_back(path: &Path) -> (Vec<f64>, Vec<f64>, survey::Survey) {
    let mut reader = formats::open(path).unwrap();
    let found = survey::survey(&mut *reader, |_| {}).unwrap();
    let place = convert::find_eeg(&reader.head().streams, &found).unwrap();
    reader.rewind().unwrap();
    let (mut times, mut values, mut block) = (Vec::new(), Vec::new(), Block::default());
    while reader.next_block(&mut block).unwrap() {
        if block.stream == place {
            times.extend_from_slice(&block.times_secs);
            values.extend_from_slice(&block.values);
        }
    }
    (times, values, found)
}

#[test]
fn inspect_tells_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder, "a.xdf");
    write_xdf(&file);
    let (code, json, errors) = outcome(&["inspect", file.to_str().unwrap(), "--json"]);
    assert_eq!(code, 0, "{errors}");
    let json: Value = serde_json::from_str(&json).unwrap();
    let eeg = &json["streams"][0];
    assert_eq!((json["format"].as_str(), eeg["samples"].as_u64()), (Some("XDF"), Some(1500)));
    assert_eq!((eeg["unit"].as_str(), eeg["channels"][1].as_str()), (Some("uV"), Some("Oz")));
    assert_eq!(eeg["gap_count"], 1);
    let gap = &eeg["gaps"][0];
    assert!((gap["step"].as_f64().unwrap() - 126.0 / RATE_HZ).abs() < 1e-6, "{gap}");
    assert!((eeg["measured_rate_hz"].as_f64().unwrap() - RATE_HZ).abs() < 1e-3);
    assert_eq!(eeg["first_sample"][2].as_f64().unwrap() as f32, value(0, 2));
    assert_eq!(json["events"]["stim/panda"], 1);
    let (code, text, _) = outcome(&["inspect", file.to_str().unwrap()]);
    assert!(code == 0 && text.contains("gap") && text.contains("1 × stim/cat"), "{text}");
}

#[test]
fn every_format_holds_values_events_and_the_gap() {
    let folder = tempfile::tempdir().unwrap();
    let from = path(&folder, "a.xdf");
    write_xdf(&from);
    let rows: Vec<usize> = rows().collect();
    for (name, tolerance_uv) in [("b.edf", 2e-3), ("b.bdf", 1e-5), ("b.vhdr", 1e-5), ("b.xdf", 0.0)]
    {
        let to = path(&folder, name);
        let (code, _, errors) = outcome(&["convert", from.to_str().unwrap(), to.to_str().unwrap()]);
        assert_eq!(code, 0, "{name}: {errors}");
        let (times, values, found) = read_back(&to);
        // EDF fills the last record before a gap; real samples are where their times say.
        let period = 1.0 / RATE_HZ;
        let mut at = 0;
        for row in &rows {
            let shift = if name == "b.xdf" { BEGIN_SECS } else { 0.0 };
            let time = shift + *row as f64 * period;
            while at < times.len() && times[at] < time - period / 2.0 {
                at += 1;
            }
            assert!((times[at] - time).abs() < 1e-4, "{name}: row {row}: {} for {time}", times[at]);
            for channel in 0..3 {
                let off = (values[at * 3 + channel] - f64::from(value(*row, channel))).abs();
                assert!(off <= tolerance_uv, "{name}: row {row} is off by {off} µV");
            }
        }
        if name == "b.xdf" {
            let head = formats::open(&to).unwrap().head().clone();
            let place = head.streams[0].channels[1].location_mm;
            assert_eq!(place, Some([10.0, -80.0, 40.0]), "a position is lost");
        }
        let panda = found.events.iter().find(|event| event.label.ends_with("stim/panda"));
        let shift = if name == "b.xdf" { BEGIN_SECS } else { 0.0 };
        assert!((panda.expect(name).time_secs - shift - 1.0).abs() < 5e-3, "{name}: {panda:?}");
        assert!(found.events.iter().any(|event| event.label.ends_with("réponse")), "{name}");
        let (code, _, errors) = outcome(&["convert", from.to_str().unwrap(), to.to_str().unwrap()]);
        assert!(code == 5 && errors.contains("not written over"), "{name}: {code} {errors}");
    }
}

#[test]
fn what_is_no_recording_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, word) in [
        ("empty.xdf", &b""[..], "empty"),
        ("noise.bin", &[0x9c, 1, 2, 3, 0, 255, 7][..], "not a recording"),
        ("picture.png", &b"\x89PNG\r\n\x1a\n"[..], "not a recording"),
    ] {
        let file = path(&folder, name);
        std::fs::write(&file, bytes).unwrap();
        let (code, _, errors) = outcome(&["inspect", file.to_str().unwrap()]);
        assert!(code == 6 && errors.contains(word), "{name}: {code} {errors}");
    }
    let (code, _, errors) = outcome(&["convert", "nowhere.xdf", "out.edf"]);
    assert!(code == 6 && errors.contains("nowhere.xdf"), "{code} {errors}");
}

#[test]
fn edf_holds_streams_of_other_rates_beside_the_signal() {
    use phosphene::formats::xdf::{ChannelFormat, FileDescription, XdfWriter};
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (path(&folder, "two.xdf"), path(&folder, "two.edf"));
    let mut writer = XdfWriter::new(Vec::new(), &FileDescription::default()).unwrap();
    let mut stream = |name: &str, kind: &str, rate_hz: f64| {
        let mut about = crate::harness::xdf::description(name, rate_hz, ChannelFormat::Float32, 1);
        about.kind = kind.into();
        writer.add_stream(&about).unwrap()
    };
    let ids =
        [stream("eeg", "EEG", 250.0), stream("motion", "ACC", 50.0), stream("odd", "X", 33.3)];
    // Half a second of each in turn, as recorders write; the motion begins a little later.
    for half in 0..20 {
        for (id, rate_hz, late_secs) in
            [(ids[0], 250.0, 0.0), (ids[1], 50.0, 0.003), (ids[2], 33.3, 0.0)]
        {
            let count = (rate_hz / 2.0_f64).floor() as usize;
            let first = half * count;
            let time = |i: usize| 100.0 + late_secs + (first + i) as f64 / rate_hz;
            let stamps: Vec<f64> = (0..count).map(time).collect();
            let values: Vec<f32> = stamps.iter().map(|t| (t - 100.0) as f32).collect();
            writer.samples(id, &stamps, &values).unwrap();
        }
    }
    std::fs::write(&from, writer.finish().unwrap()).unwrap();
    let (code, _, said) = outcome(&["convert", from.to_str().unwrap(), to.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("'odd' (33.3 Hz)"), "what is left out is said: {said}");
    let mut reader = formats::open(&to).unwrap();
    let rates: Vec<f64> = reader.head().streams.iter().map(|stream| stream.rate_hz).collect();
    assert_eq!(rates, [250.0, 50.0]);
    let (mut block, mut counts) = (Block::default(), [0, 0]);
    while reader.next_block(&mut block).unwrap() {
        counts[block.stream] += block.times_secs.len();
        for (time, value) in block.times_secs.iter().zip(&block.values) {
            // A sample of the motion was taken 3 ms later than the moment that the file gives it.
            let late_secs = if block.stream == 1 { 0.003 } else { 0.0 };
            assert!((value - time - late_secs).abs() < 1e-3, "{value} at {time}");
        }
    }
    assert_eq!(counts, [2500, 500]);
}

#[test]
fn a_piece_is_what_lies_between_and_says_when_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let whole = path(&folder, "whole.xdf");
    write_xdf(&whole);
    let all = read_back(&whole);
    for (name, tolerance_uv) in [("piece.xdf", 0.0), ("piece.bdf", 1e-5), ("piece.vhdr", 1e-5)] {
        let piece = path(&folder, name);
        let span = ["--from", "0.9", "--until", "2.5"];
        let paths = ["convert", whole.to_str().unwrap(), piece.to_str().unwrap()];
        let (code, _, errors) = outcome(&[&paths[..], &span[..]].concat());
        assert_eq!(code, 0, "{name}: {errors}");
        let (times, values, found) = read_back(&piece);
        let from = all.0.iter().position(|t| t - all.0[0] >= 0.9 - 1e-7).unwrap();
        let rows = all.0.iter().filter(|t| (0.9..2.5).contains(&(**t - all.0[0] + 1e-7))).count();
        // BDF fills its last record.
        assert!(times.len() >= rows && times.len() < rows + 300, "{name}: {}", times.len());
        for (i, value) in values.iter().take(rows * 3).enumerate() {
            let off = (value - all.1[from * 3 + i]).abs();
            assert!(off <= tolerance_uv, "{name}: value {i} is off by {off}");
        }
        let panda = found.events.iter().find(|event| event.label.ends_with("stim/panda"));
        let since = panda.expect(name).time_secs - times[0];
        assert!((since - 0.1).abs() < 5e-3, "{name}: {since}");
        assert!(!found.events.iter().any(|event| event.label.ends_with("stim/cat")), "{name}");
    }
    let nothing = path(&folder, "nothing.edf");
    let (code, _, errors) = outcome(&[
        "convert",
        whole.to_str().unwrap(),
        nothing.to_str().unwrap(),
        "--from",
        "3",
        "--until",
        "2",
    ]);
    assert!(code == 6 && errors.contains("from 3 s until 2 s"), "{code} {errors}");
    assert!(!nothing.exists());
}

#[test]
fn annotations_far_behind_their_samples_belong_to_the_piece_all_the_same() {
    use phosphene::formats::edf;
    use phosphene::formats::recording::{
        ChannelHead, Event, StreamHead, WriteHead, WriteRecording,
    };
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (path(&folder, "late.edf"), path(&folder, "piece.edf"));
    let event =
        |i: u32| Event { time_secs: f64::from(i), duration_secs: None, label: format!("e{i}") };
    let channel = ChannelHead { label: "Cz".into(), unit: "uV".into(), ..ChannelHead::default() };
    let stream = StreamHead { rate_hz: 100.0, channels: vec![channel], ..StreamHead::default() };
    let head = WriteHead {
        stream,
        ranges: vec![[-1.0, 1.0]],
        events: (0..60).map(event).collect(),
        ..WriteHead::default()
    };
    let times: Vec<f64> = (0..6000).map(|i| f64::from(i) / 100.0).collect();
    // One annotation a record, as some programs write them: the one in record 40 is of 20 s.
    let writer = edf::EdfWriter::create(&from, edf::Kind::Edf, &head).unwrap();
    let mut writer: Box<dyn WriteRecording> = Box::new(writer);
    writer.write(&times, &vec![0.0; 6000]).unwrap();
    writer.finish().unwrap();
    let mut late = std::fs::read(&from).unwrap();
    for i in 0..60_u32 {
        let mark = format!("+{i}\x14e{i}\x14");
        let shifted = format!("+{:0>1$}\x14e{i}\x14", i / 2, i.to_string().len());
        let at = late.windows(mark.len()).position(|window| window == mark.as_bytes()).unwrap();
        late[at..at + mark.len()].copy_from_slice(shifted.as_bytes());
    }
    std::fs::write(&from, late).unwrap();
    let span = ["--from", "15", "--until", "25"];
    let paths = ["convert", from.to_str().unwrap(), to.to_str().unwrap()];
    let (code, _, errors) = outcome(&[&paths[..], &span[..]].concat());
    assert_eq!(code, 0, "{errors}");
    let (_, _, found) = read_back(&to);
    let labels: Vec<String> = (30..50).map(|i| format!("e{i}")).collect();
    assert_eq!(found.events.iter().map(|event| event.label.clone()).collect::<Vec<_>>(), labels);
}
