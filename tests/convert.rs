//! `phosphene inspect` and `phosphene convert`: an XDF recording with a gap, markers and two clocks, into every
//! format and back, read by our own readers, by MNE and by the BIDS validator where Python has them.
//!
//! Tolerances: EDF 1 µV over 65 536 steps of the range, BDF and float32 far below; times 0.1 ms.

#![allow(clippy::unwrap_used)] // clippy.toml exempts test functions but not what they share

use std::path::{Path, PathBuf};
use std::process::Command;

use phosphene::exchange::{convert, survey};
use phosphene::formats;
use phosphene::formats::recording::Block;
use phosphene::formats::xdf::{
    ChannelDescription, ChannelFormat, FileDescription, StreamDescription, XdfWriter,
};
use serde_json::Value;

const RATE_HZ: f64 = 250.0;
const BEGIN_SECS: f64 = 5000.0;
/// Frames before the gap, missing frames, frames behind it.
const RUNS: [usize; 3] = [1000, 125, 500];

fn value(row: usize, channel: usize) -> f32 {
    (40.0 * (row as f64 * 0.07 * (channel + 1) as f64).sin()) as f32 + channel as f32
}

/// Rows in the file with their numbers on the device's own count.
fn rows() -> impl Iterator<Item = usize> {
    (0..RUNS[0]).chain(RUNS[0] + RUNS[1]..RUNS.iter().sum())
}

fn write_xdf(path: &Path) {
    write_runs(path, rows());
}

fn write_runs(path: &Path, rows: impl Iterator<Item = usize>) {
    let about = FileDescription { datetime_utc: "2026-11-24T09:00:00Z".into(), simulated: true };
    let mut writer = XdfWriter::new(std::fs::File::create_new(path).unwrap(), &about).unwrap();
    let channel = |label: &str| ChannelDescription {
        label: label.into(),
        unit: "microvolts".into(),
        kind: "EEG".into(),
        location_mm: Some([10.0, -80.0, 40.0]),
        ..ChannelDescription::default()
    };
    let eeg = writer
        .add_stream(&StreamDescription {
            name: "amplifier".into(),
            kind: "EEG".into(),
            rate_hz: RATE_HZ,
            format: ChannelFormat::Float32,
            channels: ["PO7", "Oz", "PO8"].map(channel).into(),
            can_drop_samples: true,
            simulated: true,
            ..StreamDescription::default()
        })
        .unwrap();
    let markers = writer
        .add_stream(&StreamDescription {
            name: "presenter".into(),
            kind: "Markers".into(),
            channels: vec![ChannelDescription::default()],
            ..StreamDescription::default()
        })
        .unwrap();
    let rows: Vec<usize> = rows.collect();
    for run in rows.chunks(100) {
        let stamps: Vec<f64> = run.iter().map(|row| BEGIN_SECS + *row as f64 / RATE_HZ).collect();
        let values: Vec<f32> = run.iter().flat_map(|row| (0..3).map(|c| value(*row, c))).collect();
        writer.samples(eeg, &stamps, &values).unwrap();
    }
    let end_secs = *rows.last().unwrap() as f64 / RATE_HZ;
    let notes = [(1.0, "stim/panda"), (1.6, "stim_off"), (2.0, "réponse"), (5.5, "stim/cat")];
    for (secs, label) in notes.into_iter().filter(|(secs, _)| *secs < end_secs) {
        writer.texts(markers, &[BEGIN_SECS + secs], &[label]).unwrap();
    }
    writer.finish().unwrap();
}

fn phosphene(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_phosphene")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn path(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

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

fn ask_python(what: &str, about: &Path) -> Option<Value> {
    let python = std::env::var("PHOSPHENE_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/convert_check.py");
    let output = Command::new(&python).arg("-B").arg(script).arg(what).arg(about).output();
    match output {
        Ok(output) if output.status.success() => serde_json::from_slice(&output.stdout).ok(),
        Ok(output) if output.status.code() != Some(3) => {
            panic!("{}", String::from_utf8_lossy(&output.stderr))
        }
        _ => {
            eprintln!("skipped: {python} has no {what} (PHOSPHENE_PYTHON names another)");
            None
        }
    }
}

#[test]
fn inspect_tells_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder, "a.xdf");
    write_xdf(&file);
    let (code, json, errors) = phosphene(&["inspect", file.to_str().unwrap(), "--json"]);
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
    let (code, text, _) = phosphene(&["inspect", file.to_str().unwrap()]);
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
        let (code, _, errors) =
            phosphene(&["convert", from.to_str().unwrap(), to.to_str().unwrap()]);
        assert_eq!(code, 0, "{name}: {errors}");
        let (times, values, found) = read_back(&to);
        // EDF fills the last record before a gap; real samples are where their times say.
        let period = 1.0 / RATE_HZ;
        let mut at = 0;
        for row in &rows {
            let shift = if name == "b.xdf" { BEGIN_SECS } else { 0.0 };
            let time = if name == "b.vhdr" && *row >= RUNS[0] + RUNS[1] {
                (*row - RUNS[1]) as f64 * period // BrainVision knows no gaps but as a new segment
            } else {
                shift + *row as f64 * period
            };
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
        let (code, _, errors) =
            phosphene(&["convert", from.to_str().unwrap(), to.to_str().unwrap()]);
        assert!(code == 5 && errors.contains("not written over"), "{name}: {code} {errors}");
    }
}

#[test]
fn mne_reads_what_was_converted() {
    let folder = tempfile::tempdir().unwrap();
    let from = path(&folder, "a.xdf");
    write_xdf(&from);
    for (name, tolerance_uv) in [("b.edf", 2e-3), ("b.bdf", 1e-5), ("b.vhdr", 1e-5)] {
        let to = path(&folder, name);
        let (code, _, errors) =
            phosphene(&["convert", from.to_str().unwrap(), to.to_str().unwrap()]);
        assert_eq!(code, 0, "{name}: {errors}");
        let Some(seen) = ask_python("mne", &to) else { return };
        assert_eq!(seen["channels"], serde_json::json!(["PO7", "Oz", "PO8"]), "{name}");
        assert_eq!(seen["rate_hz"].as_f64(), Some(RATE_HZ));
        for channel in 0..3 {
            let first = seen["first"][channel].as_f64().unwrap();
            assert!(
                (first - f64::from(value(0, channel))).abs() <= tolerance_uv,
                "{name}: {first}"
            );
        }
        let notes = seen["annotations"].to_string();
        assert!(notes.contains("stim/panda") && notes.contains("réponse"), "{name}: {notes}");
    }
}

#[test]
fn edfio_and_pyedflib_read_what_was_converted() {
    let folder = tempfile::tempdir().unwrap();
    let from = path(&folder, "a.xdf");
    // Without a gap: pyedflib reads no discontinuous file of anybody.
    write_runs(&from, 0..RUNS[0]);
    for (peer, ending, tolerance_uv) in [
        ("edfio", "edf", 2e-3),
        ("edfio", "bdf", 1e-5),
        ("pyedflib", "edf", 2e-3),
        ("pyedflib", "bdf", 1e-5),
    ] {
        let to = path(&folder, &format!("{peer}.{ending}"));
        let (code, _, errors) =
            phosphene(&["convert", from.to_str().unwrap(), to.to_str().unwrap()]);
        assert_eq!(code, 0, "{peer} {ending}: {errors}");
        let Some(seen) = ask_python(peer, &to) else { continue };
        assert_eq!(seen["channels"], serde_json::json!(["PO7", "Oz", "PO8"]), "{peer} {ending}");
        assert_eq!(seen["rate_hz"].as_f64(), Some(RATE_HZ));
        assert_eq!(seen["samples"], RUNS[0], "{peer} {ending}");
        for channel in 0..3 {
            for (end, row) in [("first", 0), ("last", RUNS[0] - 1)] {
                let got = seen[end][channel].as_f64().unwrap();
                let off = (got - f64::from(value(row, channel))).abs();
                assert!(off <= tolerance_uv, "{peer} {ending}: {end} is off by {off}");
            }
        }
        let notes = seen["annotations"].to_string();
        assert!(notes.contains("stim/panda") && notes.contains("réponse"), "{peer}: {notes}");
    }
}

#[test]
fn a_bids_data_set_is_valid_and_grows() {
    let folder = tempfile::tempdir().unwrap();
    let (from, set) = (path(&folder, "a.xdf"), path(&folder, "study"));
    write_xdf(&from);
    let convert = |subject: &str| {
        phosphene(&[
            "convert",
            from.to_str().unwrap(),
            set.to_str().unwrap(),
            "--to",
            "bids",
            "--subject",
            subject,
            "--mains",
            "50",
        ])
    };
    for subject in ["01", "02"] {
        let (code, _, errors) = convert(subject);
        assert_eq!(code, 0, "{errors}");
    }
    let participants = std::fs::read_to_string(set.join("participants.tsv")).unwrap();
    assert_eq!(participants, "participant_id\nsub-01\nsub-02\n");
    let original = set.join("sourcedata/sub-02/eeg/sub-02_task-viewing_eeg.xdf");
    assert_eq!(std::fs::read(original).unwrap(), std::fs::read(&from).unwrap());
    let (code, _, errors) = convert("02");
    assert!(code == 5 && errors.contains("--subject"), "{code} {errors}");
    let (code, _, errors) = convert("../03");
    assert!(code == 2 && errors.contains("BIDS label"), "{code} {errors}");
    let Some(seen) = ask_python("bids", &set) else { return };
    assert_eq!(seen["errors"], serde_json::json!([]), "{seen:#}");
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
        let (code, _, errors) = phosphene(&["inspect", file.to_str().unwrap()]);
        assert!(code == 6 && errors.contains(word), "{name}: {code} {errors}");
    }
    let (code, _, errors) = phosphene(&["convert", "nowhere.xdf", "out.edf"]);
    assert!(code == 6 && errors.contains("nowhere.xdf"), "{code} {errors}");
}
