//! Damaged and hostile recordings: every reader gives an error, a warning or less data, never a panic, and never
//! takes more memory than the bytes justify.

use std::path::Path;

use phosphene::formats::recording::{
    Block, ChannelHead, Event, StreamHead, WriteHead, WriteRecording,
};
use phosphene::formats::{brainvision, edf, open, xdf};
use proptest::prelude::*;

/// Reads all that can be read; gives the values that came.
fn read_all(path: &Path) -> usize {
    let Ok(mut reader) = open(path) else { return 0 };
    let (mut block, mut values) = (Block::default(), 0);
    while let Ok(true) = reader.next_block(&mut block) {
        assert!(block.times_secs.len() <= 1 << 20, "a block is a short stretch");
        values += block.values.len() + block.texts.len();
    }
    let _ = reader.rewind();
    values
}

fn head() -> WriteHead {
    let channel = |label: &str| ChannelHead {
        label: label.into(),
        unit: "uV".into(),
        ..ChannelHead::default()
    };
    WriteHead {
        stream: StreamHead {
            rate_hz: 250.0,
            channels: ["O1", "Oz", "O2"].map(channel).into(),
            ..StreamHead::default()
        },
        ranges: vec![[-100.0, 100.0]; 3],
        events: (0..5)
            .map(|i| Event { time_secs: f64::from(i), duration_secs: None, label: format!("e{i}") })
            .collect(),
        ..WriteHead::default()
    }
}

fn fill(mut writer: Box<dyn WriteRecording>) {
    let times: Vec<f64> =
        (0..1500).map(|i| f64::from(i) / 250.0 + if i > 700 { 3.0 } else { 0.0 }).collect();
    let values: Vec<f64> = (0..4500).map(|i| f64::from(i % 190) - 95.0).collect();
    writer.write(&times, &values).unwrap();
    writer.finish().unwrap();
}

/// A sound file of each format: ending and bytes.
fn sound() -> Vec<(&'static str, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fill(Box::new(edf::EdfWriter::create(&path("a.edf"), edf::Kind::Edf, &head()).unwrap()));
    fill(Box::new(edf::EdfWriter::create(&path("a.bdf"), edf::Kind::Bdf, &head()).unwrap()));
    fill(Box::new(
        brainvision::BrainVisionWriter::create(
            &path("a.vhdr"),
            brainvision::Encoding::Int16,
            &head(),
        )
        .unwrap(),
    ));
    let mut files: Vec<_> = [("edf", "a.edf"), ("bdf", "a.bdf"), ("vhdr", "a.vhdr")]
        .map(|(e, name)| (e, std::fs::read(path(name)).unwrap()))
        .into();
    let mut writer = xdf::XdfWriter::new(Vec::new(), &xdf::FileDescription::default()).unwrap();
    let eeg = xdf::StreamDescription {
        rate_hz: 100.0,
        format: xdf::ChannelFormat::Int16,
        channels: vec![xdf::ChannelDescription::default(); 2],
        ..xdf::StreamDescription::default()
    };
    let eeg = writer.add_stream(&eeg).unwrap();
    for chunk in 0..10 {
        let stamps: Vec<f64> = (0..50).map(|i| f64::from(chunk * 50 + i) / 100.0).collect();
        writer.samples(eeg, &stamps, &[7_i16; 100]).unwrap();
        writer.boundary().unwrap();
    }
    files.push(("xdf", writer.finish().unwrap()));
    let openbci: String = (0..300)
        .map(|i| {
            format!("{}, 1.5, 2, 3, 4, 0.1, 0.2, 0.3, {}\n", i % 256, 1.6e9 + f64::from(i) / 200.0)
        })
        .collect();
    files.push((
        "txt",
        format!("%OpenBCI Raw EXG Data\n%Number of channels = 4\n%Sample Rate = 200 Hz\n{openbci}")
            .into_bytes(),
    ));
    let muse: String =
        (0..300).map(|i| format!("{},1,2,3,4,5\n", 100.0 + f64::from(i) / 256.0)).collect();
    files.push(("csv", format!("timestamps,TP9,AF7,AF8,TP10,Right AUX\n{muse}").into_bytes()));
    files
}

#[test]
fn sound_files_are_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    for (ending, bytes) in sound() {
        let path = folder.path().join(format!("a.{ending}"));
        std::fs::write(&path, &bytes).unwrap();
        if ending != "vhdr" {
            assert!(read_all(&path) >= 900, "{ending}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_never_panic(
        which in 0_usize..6,
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        early in any::<bool>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        thread_local!(static SOUND: Vec<(&'static str, Vec<u8>)> = sound());
        let (ending, mut bytes) = SOUND.with(|sound| sound[which % sound.len()].clone());
        for (at, byte) in hits {
            // Headers are where lies are dangerous.
            let range = if early { bytes.len().min(1200) } else { bytes.len() };
            let at = at.index(range);
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("a.{ending}"));
        std::fs::write(&path, &bytes).unwrap();
        if ending == "vhdr" {
            std::fs::write(folder.path().join("a.eeg"), [1; 3000]).unwrap();
            std::fs::write(folder.path().join("a.vmrk"), &bytes).unwrap();
        }
        read_all(&path);
        if ending == "xdf" && xdf::repair(&path).is_ok() {
            prop_assert!(xdf::repair(&path).unwrap().was_whole);
        }
    }

    #[test]
    fn any_bytes_never_panic(
        start in prop::sample::select(vec!["", "XDF:", "0       ", "\u{1f}\u{8b}", "%OpenBCI\n", "timestamps,TP9\n", "TimeStamp,RAW_TP9\n", "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\n", "1\t2\t3\n"]),
        rest in prop::collection::vec(any::<u8>(), 0..3000),
        ending in prop::sample::select(vec!["xdf", "edf", "vhdr", "vmrk", "eeg", "txt", "csv"]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("a.{ending}"));
        std::fs::write(&path, [start.as_bytes(), &rest].concat()).unwrap();
        read_all(&path);
    }
}

#[test]
fn lies_about_sizes_are_errors_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.edf");
    let (_, sound) = sound().remove(0);
    for (at, text, word) in [
        (252, "9999", "header"),
        (252, "many", "number of signals"),
        (236, "99999999", ""),
        (244, "-1      ", ""),
        (256 + 4 * (16 + 80 + 8 * 5 + 80), "99999999", ""),
        (256 + 4 * (16 + 80 + 8 * 5 + 80), "1e300   ", "samples per record"),
    ] {
        let mut bytes = sound.clone();
        bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
        std::fs::write(&path, &bytes).unwrap();
        match open(&path) {
            Err(why) => assert!(why.to_string().contains(word), "{text}: {why}"),
            // Believed as far as the file's real bytes go, with a warning or without samples.
            Ok(_) => assert!(word.is_empty(), "{text} was believed"),
        }
        read_all(&path);
    }
}

#[test]
fn events_decades_away_do_not_fill_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.edf");
    let mut about = head();
    let far =
        |time_secs| Event { time_secs, duration_secs: Some(f64::INFINITY), label: "far".into() };
    about.events.extend([1e300, -1e300, 9.3e12, f64::NAN, f64::INFINITY, 5000.0].map(far));
    let mut writer = Box::new(edf::EdfWriter::create(&path, edf::Kind::Edf, &about).unwrap());
    writer.write(&[0.0, 0.004], &[1.0; 6]).unwrap();
    let notes = writer.finish().unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() < 20_000);
    assert!(notes.iter().any(|note| note.starts_with("5 annotation(s)")), "{notes:?}");
    let mut reader = open(&path).unwrap();
    let found = phosphene::exchange::survey::survey(&mut *reader, |_| {}).unwrap();
    assert!(found.events.iter().any(|event| event.label == "far" && event.time_secs == 5000.0));
}

#[test]
fn ranges_and_units_that_do_not_fit_are_said_or_shortened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.edf");
    let mut about = head();
    about.ranges[1] = [-1e305, 1e305];
    let why = edf::EdfWriter::create(&path, edf::Kind::Edf, &about).err().unwrap().to_string();
    assert!(why.contains("Oz") && why.contains("8 characters"), "{why}");
    assert!(!path.exists(), "nothing is left behind");
    about.ranges[1] = [-1.0, 1.0];
    about.stream.channels[1].unit = "millivolts".into();
    fill(Box::new(edf::EdfWriter::create(&path, edf::Kind::Edf, &about).unwrap()));
    assert_eq!(open(&path).unwrap().head().streams[0].channels[1].microvolts(), Some(1000.0));
}

#[test]
fn samples_decades_apart_are_refused_not_overflowed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.edf");
    let mut writer: Box<dyn WriteRecording> =
        Box::new(edf::EdfWriter::create(&path, edf::Kind::Edf, &head()).unwrap());
    let channels = head().stream.channels.len();
    for far_secs in [1e13, -1e13, f64::NAN, f64::INFINITY] {
        let why = writer.write(&[far_secs], &vec![0.0; channels]).unwrap_err();
        assert!(why.to_string().contains("from the first"), "{why}");
    }
}

#[test]
fn stamps_that_leap_beyond_counting_are_no_overflow() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    let mut text = "%OpenBCI Raw EXG Data\n%Number of channels = 2\n%Sample Rate = 250 Hz\n\
        %Board = OpenBCI_GUI$BoardCytonSerial\nSample Index, EXG Channel 0, EXG Channel 1, Timestamp\n"
        .to_owned();
    for (i, stamp) in ["1.0", "1.004", "1e300", "1.012", "-1e300", "9e307"].iter().enumerate() {
        text.push_str(&format!("{i}, 1.0, 2.0, {stamp}\n"));
    }
    std::fs::write(&path, text).unwrap();
    assert_eq!(read_all(&path), 12);
}

#[test]
fn a_header_cannot_lead_out_of_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(folder.path().join("secret.eeg"), [0; 600]).unwrap();
    for name in ["../secret.eeg", "/etc/passwd", "C:\\x.eeg", "..\\secret.eeg", "a/b.eeg"] {
        let header = format!(
            "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nDataFile={name}\nDataOrientation=MULTIPLEXED\n\
             NumberOfChannels=1\nSamplingInterval=4000\n[Binary Infos]\nBinaryFormat=INT_16\n[Channel Infos]\nCh1=Oz,,1,µV\n"
        );
        let path = inside.join("a.vhdr");
        std::fs::write(&path, header).unwrap();
        let why = open(&path).err().expect(name).to_string();
        assert!(why.contains("not beside it"), "{name}: {why}");
    }
}
