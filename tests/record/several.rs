//! Several LSL streams at once into one file, against the real liblsl: every sample, bit for bit.

use std::io::Cursor;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use lsl::{ChannelFormat, ExPushable, StreamOutlet};
use phosphene::formats::xdf::{LoadOptions, Values, load};
use phosphene::record::multi::{MultiRecording, StartError};
use phosphene::source::SourceSpec;
use phosphene::time::clock::Clock;

use crate::harness::lsl::{lsl_on_loopback, outlet, push_ramp};
use crate::harness::peers;
use crate::harness::program::phosphene;
use crate::harness::recording::SmallDisk;
use crate::harness::xdf::{load_raw, stream, texts};

fn specs(texts: &[&str]) -> Vec<SourceSpec> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Nothing of the signal: only streams whose name begins like this.
fn predicate(prefix: &str) -> String {
    format!("lsl:timeout=10,pred=starts-with(name,'{prefix}')")
}

/// A value of sample `i`, channel `c`, that fills its format.
fn bits(i: u64, c: u64) -> u64 {
    (i * 31 + c + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn label(i: u64, c: u64) -> String {
    if i.is_multiple_of(7) { String::new() } else { format!("bild-ü {i}\n{c}") }
}

fn float(i: u64, c: u64) -> f32 {
    // A quiet NaN with a payload among the numbers.
    if i % 50 == 3 { f32::from_bits(0x7FC0_1234) } else { bits(i, c) as i32 as f32 * 0.37 }
}

fn push(outlet: &StreamOutlet, format: ChannelFormat, width: u64, i: u64, stamp: f64) {
    let each = 0..width;
    match format {
        ChannelFormat::Int8 => {
            let sample: Vec<i8> = each.map(|c| bits(i, c) as i8).collect();
            outlet.push_sample_ex(&sample, stamp, true)
        }
        ChannelFormat::Int16 => {
            let sample: Vec<i16> = each.map(|c| bits(i, c) as i16).collect();
            outlet.push_sample_ex(&sample, stamp, true)
        }
        ChannelFormat::Int32 => {
            let sample: Vec<i32> = each.map(|c| bits(i, c) as i32).collect();
            outlet.push_sample_ex(&sample, stamp, true)
        }
        ChannelFormat::Int64 => {
            let sample: Vec<i64> = each.map(|c| bits(i, c) as i64).collect();
            outlet.push_sample_ex(&sample, stamp, true)
        }
        ChannelFormat::Float32 => {
            let sample: Vec<f32> = each.map(|c| float(i, c)).collect();
            outlet.push_sample_ex(&sample, stamp, true)
        }
        ChannelFormat::Double64 => {
            let sample: Vec<f64> = each.map(|c| bits(i, c) as f64 / 3.0).collect();
            outlet.push_sample_ex(&sample, stamp, true)
        }
        _ => {
            let sample: Vec<String> = each.map(|c| label(i, c)).collect();
            outlet.push_sample_ex(&sample, stamp, true)
        }
    }
    .unwrap();
}

fn expected(values: &Values, format: ChannelFormat, width: u64, samples: u64) -> bool {
    let all = || (0..samples).flat_map(|i| (0..width).map(move |c| (i, c)));
    match (values, format) {
        (Values::Int8(found), ChannelFormat::Int8) => {
            found.iter().copied().eq(all().map(|(i, c)| bits(i, c) as i8))
        }
        (Values::Int16(found), ChannelFormat::Int16) => {
            found.iter().copied().eq(all().map(|(i, c)| bits(i, c) as i16))
        }
        (Values::Int32(found), ChannelFormat::Int32) => {
            found.iter().copied().eq(all().map(|(i, c)| bits(i, c) as i32))
        }
        (Values::Int64(found), ChannelFormat::Int64) => {
            found.iter().copied().eq(all().map(|(i, c)| bits(i, c) as i64))
        }
        (Values::Float32(found), ChannelFormat::Float32) => {
            found.iter().map(|v| v.to_bits()).eq(all().map(|(i, c)| float(i, c).to_bits()))
        }
        (Values::Double64(found), ChannelFormat::Double64) => {
            found.iter().copied().eq(all().map(|(i, c)| bits(i, c) as f64 / 3.0))
        }
        (texts @ Values::Text(_), ChannelFormat::String) => {
            all().enumerate().all(|(at, (i, c))| texts.text(at) == label(i, c))
        }
        _ => false,
    }
}

/// Name, format, channels, rate in Hz.
const STREAMS: [(&str, ChannelFormat, u64, f64); 7] = [
    ("all int8", ChannelFormat::Int8, 1, 100.0),
    ("all int16", ChannelFormat::Int16, 2, 0.0),
    ("all int32", ChannelFormat::Int32, 3, 1000.0 / 3.0),
    ("all int64", ChannelFormat::Int64, 2, 50.0),
    ("all float32", ChannelFormat::Float32, 3, 1000.0),
    ("all double64", ChannelFormat::Double64, 1, 512.0),
    ("all text", ChannelFormat::String, 2, 0.0),
];

#[test]
fn every_format_is_recorded_bit_for_bit_and_stopping_loses_nothing() {
    let Some(clock) = lsl_on_loopback() else { return };
    let outlets: Vec<StreamOutlet> = STREAMS
        .iter()
        .map(|(name, format, width, rate_hz)| {
            let channels = vec![("Cz", "EEG", "microvolts"); *width as usize];
            outlet(name, "Test", *rate_hz, *format, &channels)
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    let recording = MultiRecording::start(&specs(&[&predicate("all ")]), &path).unwrap();
    assert_eq!(recording.progress().len(), 7);
    // Bursts: everything that was pushed the moment before the stop must be there.
    let (start, mut stamps) = (clock.now_secs(), vec![Vec::new(); 7]);
    for burst in 0..20_u64 {
        for (s, (_, format, width, rate_hz)) in STREAMS.iter().enumerate() {
            let rate = if *rate_hz > 0.0 { *rate_hz } else { 77.0 };
            for _ in 0..(rate * 0.05) as u64 {
                let i = stamps[s].len() as u64;
                let stamp = start + i as f64 / rate;
                push(&outlets[s], *format, *width, i, stamp);
                stamps[s].push(stamp);
            }
        }
        if burst < 19 {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    let report = recording.stop();
    assert!(report.failure.is_none() && report.warnings.is_empty(), "{report:?}");
    assert!(report.stop_secs.unwrap() < 0.3 + BUSY_SECS, "{report:?}");
    assert_eq!(report.bytes, std::fs::metadata(&path).unwrap().len());
    let file = load_raw(&path);
    assert!(file.warnings.is_empty() && !file.cut, "{:?}", file.warnings);
    assert_eq!(file.streams.len(), 8);
    for ((name, format, width, _), stamps) in STREAMS.iter().zip(&stamps) {
        let found = stream(&file, name);
        assert_eq!(found.stamps.len(), stamps.len(), "{name}");
        assert!(found.stamps.iter().zip(stamps).all(|(a, b)| a.to_bits() == b.to_bits()), "{name}");
        assert!(expected(&found.values, *format, *width, stamps.len() as u64), "{name}");
        assert_eq!(found.header.channels.len(), *width as usize);
        assert!(found.header.xml.contains("<uid>") && !found.clock_offsets.is_empty(), "{name}");
        let footer = found.footer.unwrap();
        assert_eq!(footer.sample_count, Some(stamps.len() as u64));
        assert_eq!(footer.last_secs, stamps.last().copied());
        for offset in &found.clock_offsets {
            assert!(offset.value_secs.abs() < 0.064 && offset.time_secs > start - 20.0);
        }
    }
    let Some(peers) = peers::pyxdf_raw(&path) else { return };
    for (name, stamps) in STREAMS.iter().map(|stream| stream.0).zip(&stamps) {
        let found = peers.as_array().unwrap().iter().find(|s| s["name"] == name).unwrap();
        let theirs = found["stamps"].as_array().unwrap();
        let same = |(a, b): (&serde_json::Value, &f64)| a.as_str().unwrap().parse() == Ok(*b);
        assert!(theirs.len() == stamps.len() && theirs.iter().zip(stamps).all(same), "{name}");
    }
    let text = peers.as_array().unwrap().iter().find(|s| s["name"] == "all text").unwrap();
    assert_eq!(text["values"][3], label(1, 1));
    let ints = peers.as_array().unwrap().iter().find(|s| s["name"] == "all int64").unwrap();
    assert_eq!(ints["values"][5], (bits(2, 1) as i64).to_string());
}

/// What a machine that does other things at the same time may add to a stop.
const BUSY_SECS: f64 = 0.5;

#[test]
fn a_stream_that_goes_and_one_that_comes_late_leave_notes() {
    let Some(clock) = lsl_on_loopback() else { return };
    let make =
        |name| outlet(name, "Test", 100.0, ChannelFormat::Float32, &[("Cz", "EEG", "microvolts")]);
    let (stays, goes) = (make("come stays"), make("come goes"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    let recording = MultiRecording::start(&specs(&[&predicate("come ")]), &path).unwrap();
    let tick = |outlets: &[&StreamOutlet]| {
        for outlet in outlets {
            push_ramp(outlet, 1, 0..1, clock.now_secs(), 100.0);
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    (0..50).for_each(|_| tick(&[&stays, &goes]));
    drop(goes);
    (0..50).for_each(|_| tick(&[&stays]));
    let (again, late) = (make("come goes"), make("come late"));
    for _ in 0..1500 {
        tick(&[&stays, &again, &late]);
        let progress = recording.progress();
        let samples = |name| progress.iter().find(|s| s.name == name).map_or(0, |s| s.samples);
        if samples("come late") > 10 && samples("come goes") > 60 {
            break;
        }
    }
    let report = recording.stop();
    assert_eq!(report.streams.len(), 3, "{report:?}");
    let file = load_raw(&path);
    let labels = texts(stream(&file, "Phosphene notes"));
    for wanted in
        ["phosphene/lost come goes", "phosphene/back come goes", "phosphene/back come late"]
    {
        assert!(labels.iter().any(|label| label == wanted), "{labels:?}");
    }
    assert!(stream(&file, "come goes").len() > 60 && stream(&file, "come late").len() > 10);
    assert!(report.streams.iter().any(|s| s.name == "come goes" && s.lost > 0), "{report:?}");
}

#[test]
fn a_source_that_is_missing_leaves_no_file() {
    let Some(_) = lsl_on_loopback() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    let error =
        MultiRecording::start(&specs(&["sim", "lsl:name=nobody,timeout=1"]), &path).err().unwrap();
    assert_eq!(error.exit_code(), 3);
    assert!(error.to_string().contains("nobody"), "{error}");
    assert!(!path.exists());
}

#[test]
fn names_and_folders_that_cannot_be_used_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    std::fs::write(&path, "mine").unwrap();
    let error = MultiRecording::start(&specs(&["sim"]), &path).err().unwrap();
    assert!(error.to_string().contains("never overwritten") && error.exit_code() == 5, "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    // A file where a folder should be stands for every folder that cannot be written.
    let error = MultiRecording::start(&specs(&["sim"]), &path.join("b.xdf")).err().unwrap();
    assert!(
        matches!(error, StartError::Record(_)) && error.to_string().contains("choose a folder"),
        "{error}"
    );
}

#[test]
fn a_full_disk_ends_the_recording_and_leaves_a_whole_file() {
    let disk = SmallDisk { size: 60_000, free: Some(u64::MAX), ..SmallDisk::default() };
    let made = disk.clone();
    let path = Path::new("small.xdf");
    let recording =
        MultiRecording::start_into(&specs(&["sim", "sim:subject=2"]), path, || Ok(made)).unwrap();
    for _ in 0..500 {
        if recording.is_over() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(recording.is_over());
    let report = recording.stop();
    let why = report.failure.unwrap().to_string();
    assert!(why.contains("small.xdf") && why.contains("kept"), "{why}");
    let content = disk.content.lock().unwrap().clone();
    let file = load(Cursor::new(content.as_slice()), path, &LoadOptions::raw()).unwrap();
    assert!(file.warnings.is_empty() && !file.cut, "{:?}", file.warnings);
    for (found, told) in file.streams.iter().zip(&report.streams) {
        assert_eq!((found.len() as u64, &found.header.name), (told.samples, &told.name));
    }
    assert!(file.streams[0].len() > 100);
}

/// Two sources of the program itself: each has its own streams, told apart by name.
#[test]
fn sources_of_the_program_stand_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xdf");
    let recording = MultiRecording::start(&specs(&["sim", "sim:subject=2"]), &path).unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    let report = recording.stop();
    assert!(report.failure.is_none());
    let file = load_raw(&path);
    let names: Vec<&str> = file.streams.iter().map(|s| s.header.name.as_str()).collect();
    let mut apart = names.clone();
    apart.sort_unstable();
    apart.dedup();
    assert_eq!((names.len(), apart.len()), (7, 7), "{names:?}");
    for eeg in file.streams.iter().filter(|s| s.header.kind == "EEG") {
        assert!(eeg.len() > 300 && eeg.header.simulated && eeg.header.own_stamps);
    }
}

#[test]
fn a_killed_recorder_loses_at_most_a_second() {
    if lsl_on_loopback().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (i, millis) in [1130_u64, 1480, 1730, 2060, 2310].into_iter().enumerate() {
        let path = folder.path().join(format!("{i}.xdf"));
        let mut child = record_sim(&path, "4", folder.path());
        while !path.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(millis));
        // The virtual subject's stamps are those of the system's monotonic clock.
        let killed_secs = Clock::system().now_secs();
        child.kill().unwrap();
        child.wait().unwrap();
        let file = load_raw(&path);
        let last_secs = *file.streams[0].stamps.last().unwrap();
        assert!(killed_secs - last_secs < 1.0, "{} s missing", killed_secs - last_secs);
        assert!(file.streams[0].len() as f64 > (millis as f64 * 1e-3 - 1.0) * 250.0);
    }
    // Each start has told of the one before; the last killed one is left.
    let output = record_sim(&folder.path().join("next.xdf"), "0.5", folder.path())
        .wait_with_output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.matches("was not finished").count(), 1, "{said}");
    assert!(output.status.success());
    let output = record_sim(&folder.path().join("last.xdf"), "0.5", folder.path())
        .wait_with_output()
        .unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("was not finished"));
}

fn record_sim(path: &Path, seconds: &str, data: &Path) -> Child {
    phosphene()
        .args(["record", "--source", "sim", "--seconds", seconds, "--out"])
        .arg(path)
        .env("XDG_DATA_HOME", data)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}
