//! An XDF recording with a gap, markers and two clocks, to be converted into every format.

use std::path::{Path, PathBuf};

use phosphene::formats::xdf::{
    ChannelDescription, ChannelFormat, FileDescription, StreamDescription, XdfWriter,
};

pub const RATE_HZ: f64 = 250.0;
pub const BEGIN_SECS: f64 = 5000.0;
/// Frames before the gap, missing frames, frames behind it.
pub const RUNS: [usize; 3] = [1000, 125, 500];

pub fn value(row: usize, channel: usize) -> f32 {
    (40.0 * (row as f64 * 0.07 * (channel + 1) as f64).sin()) as f32 + channel as f32
}

/// Rows in the file with their numbers on the device's own count.
pub fn rows() -> impl Iterator<Item = usize> {
    (0..RUNS[0]).chain(RUNS[0] + RUNS[1]..RUNS.iter().sum())
}

pub fn write_xdf(path: &Path) {
    write_runs(path, rows());
}

pub fn write_runs(path: &Path, rows: impl Iterator<Item = usize>) {
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

pub fn path(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}
