//! XDF against pyxdf 1.17.5: our reader, our writer, repaired files, the recorder's own.
//!
//! Expected numbers lie in tests/vectors/xdf, made by make_xdf.py beside them. Values must agree to the last bit,
//! stamps to 1 µs (the fits sum in another order). Suspect the clock synchronisation first.

use std::path::Path;

use phosphene::formats::xdf::{LoadOptions, Stream, Values, repair};
use serde_json::Value;

use crate::harness::recording::{folder_and_path, live_frames, live_markers, record};
use crate::harness::xdf::{killed, load_file, load_raw, two_streams, written};
use crate::harness::{peers, public, vectors};

const STAMP_TOLERANCE_SECS: f64 = 1e-6;

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap()
}

fn same_value(values: &Values, i: usize, expected: &Value) -> bool {
    match values {
        Values::Text(text) => text.get(i) == expected.as_str(),
        Values::Int64(numbers) => Some(numbers[i]) == expected.as_i64(),
        Values::Float32(_) | Values::Double64(_) => {
            let expected: f64 = expected.as_str().unwrap().parse().unwrap();
            values.number(i).map(f64::to_bits) == Some(expected.to_bits())
        }
        _ => values.number(i) == expected.as_f64(),
    }
}

fn assert_like_pyxdf(stream: &Stream, expected: &Value) {
    let name = &stream.header.name;
    assert_eq!(Some(name.as_str()), expected["name"].as_str());
    let every = expected["every"].as_u64().unwrap_or(1) as usize;
    let samples = expected["samples"].as_u64().unwrap_or(array(expected, "stamps").len() as u64);
    assert_eq!(stream.len() as u64, samples, "{name}");
    let width = stream.header.channel_count;
    for (k, stamp) in array(expected, "stamps").iter().enumerate() {
        let (row, stamp) = (k * every, stamp.as_f64().unwrap());
        let off = (stream.stamps[row] - stamp).abs();
        assert!(off < STAMP_TOLERANCE_SECS, "{name}: stamp {row} is off by {off} s");
        for channel in 0..width {
            let expected = &expected["values"][k * width + channel];
            let i = row * width + channel;
            assert!(same_value(&stream.values, i, expected), "{name}: value {i}: {expected}");
        }
    }
    assert_eq!(runs(&stream.segments), expected["segments"], "{name}: segments");
    if !stream.clock_offsets.is_empty() {
        assert_eq!(runs(&stream.clock_segments), expected["clock_segments"], "{name}: clock");
    }
    let off = (stream.effective_rate_hz - expected["rate_hz"].as_f64().unwrap()).abs();
    assert!(off < 1e-6, "{name}: rate is off by {off} Hz");
}

/// Runs as pyxdf gives them: first and last sample.
fn runs(ranges: &[std::ops::Range<usize>]) -> Value {
    ranges.iter().map(|run| serde_json::json!([run.start, run.end - 1])).collect()
}

fn assert_file_like_pyxdf(path: &Path) {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let expected = vectors(&format!("xdf/{name}.json"));
    let expected: Value = serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
    let file = load_file(path, &LoadOptions::pyxdf());
    assert_eq!(file.streams.len(), expected.as_array().unwrap().len());
    for (stream, expected) in file.streams.iter().zip(expected.as_array().unwrap()) {
        assert_like_pyxdf(stream, expected);
    }
}

#[test]
fn own_vectors_read_as_pyxdf_reads_them() {
    for name in ["clocks", "formats"] {
        assert_file_like_pyxdf(&vectors(&format!("xdf/{name}.xdf")));
    }
}

#[test]
fn public_example_files_read_as_pyxdf_reads_them() {
    for name in ["minimal", "clock_resets", "empty_streams"] {
        if let Some(path) = public(&format!("formats/xdf-example-files/{name}.xdf")) {
            assert_file_like_pyxdf(&path);
        }
    }
}

#[test]
fn pyxdf_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    let whole = written(40);
    for cut in [whole.len(), whole.len() - 5000] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let Some(found) = peers::pyxdf(&path) else { return };
        let own = load_file(&path, &LoadOptions::pyxdf());
        for (stream, found) in own.streams.iter().zip(found[0].as_array().unwrap()) {
            let seen = found["stamps"].as_array().unwrap().len();
            // pyxdf leaves out the chunk that is cut; here its whole samples are kept.
            assert!((seen..seen + 10).contains(&stream.len()), "{seen} of {}", stream.len());
            if seen == stream.len() {
                assert_like_pyxdf(stream, found);
            }
        }
    }
}

#[test]
fn a_repaired_file_is_read_by_pyxdf() {
    let bytes = two_streams();
    for keep in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 700] {
        let (_folder, path) = killed(&bytes, keep);
        repair(&path).unwrap();
        let own = load_raw(&path);
        let Some(seen) = peers::pyxdf(&path) else { return };
        let seen = seen.to_string();
        assert!(seen.contains("eeg") && !own.streams[0].is_empty(), "{seen}");
    }
}

#[test]
fn pyxdf_reads_a_recording_with_its_own_stamps() {
    let (_folder, path) = folder_and_path();
    let frames = live_frames(2500);
    record(&path, &frames, &live_markers(&frames));
    let Some(found) = peers::pyxdf(&path) else { return };
    let eeg = &found[0][0];
    let stamps = eeg["stamps"].as_array().unwrap();
    assert_eq!(stamps.len(), frames.len());
    for (stamp, (meta, _)) in stamps.iter().zip(&frames) {
        // Neither moved by clock offsets nor smoothed over gaps; 1e-10 s is how well JSON is read back.
        assert!((stamp.as_f64().unwrap() - meta.time_secs).abs() < 1e-10);
    }
    assert_eq!(found[0][1]["values"][1], "stim/bild-ü60");
}
