//! XDF files for tests: made, cut, read whole.

use std::fs::File;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use phosphene::formats::xdf::{
    ChannelDescription, ChannelFormat, FileDescription, LoadOptions, Stream, StreamDescription,
    XdfFile, XdfWriter, load,
};

pub fn load_file(path: &Path, options: &LoadOptions) -> XdfFile {
    load(File::open(path).unwrap(), path, options).unwrap()
}

/// A file as it stands, no clock or stamp touched.
pub fn load_raw(path: &Path) -> XdfFile {
    load_file(path, &LoadOptions::raw())
}

pub fn load_bytes(bytes: &[u8]) -> XdfFile {
    load(Cursor::new(bytes), Path::new("memory.xdf"), &LoadOptions::raw()).unwrap()
}

/// The stream of this name.
pub fn stream<'a>(file: &'a XdfFile, name: &str) -> &'a Stream {
    file.streams.iter().find(|stream| stream.header.name == name).unwrap()
}

/// All texts of a stream.
pub fn texts(stream: &Stream) -> Vec<String> {
    (0..stream.len()).map(|i| stream.values.text(i)).collect()
}

fn channel(label: &str) -> ChannelDescription {
    ChannelDescription { label: label.into(), unit: "microvolts".into(), ..Default::default() }
}

/// A stream of channels C0, C1 …
pub fn description(
    name: &str,
    rate_hz: f64,
    format: ChannelFormat,
    width: usize,
) -> StreamDescription {
    let channels = (0..width).map(|i| channel(&format!("C{i}"))).collect();
    StreamDescription { name: name.into(), rate_hz, format, channels, ..Default::default() }
}

/// A file with boundaries: `chunks` chunks of ten samples of two floats, and a text beside each.
pub fn written(chunks: usize) -> Vec<u8> {
    let mut writer = XdfWriter::new(Vec::new(), &FileDescription::default()).unwrap();
    let eeg = writer.add_stream(&description("eeg", 250.0, ChannelFormat::Float32, 2)).unwrap();
    let text = writer.add_stream(&description("text", 0.0, ChannelFormat::String, 1)).unwrap();
    for chunk in 0..chunks {
        let stamp = |i: usize| 1000.0 + (chunk * 10 + i) as f64 / 250.0;
        let stamps: Vec<f64> = (0..10).map(stamp).collect();
        let values: Vec<f32> = (0..20).map(|i| (chunk * 20 + i) as f32 * 0.1).collect();
        writer.samples(eeg, &stamps, &values).unwrap();
        writer.texts(text, &[stamps[3]], &[format!("m{chunk} <µ>")]).unwrap();
        writer.clock_offset(eeg, stamps[0], 0.0).unwrap();
        writer.boundary().unwrap();
    }
    writer.finish().unwrap()
}

/// Two streams, numbers and text, with boundaries and offsets.
pub fn two_streams() -> Vec<u8> {
    let mut writer = XdfWriter::new(Vec::new(), &FileDescription::default()).unwrap();
    let eeg = StreamDescription {
        name: "eeg".into(),
        rate_hz: 100.0,
        format: ChannelFormat::Float32,
        channels: vec![ChannelDescription::default(); 2],
        ..StreamDescription::default()
    };
    let text = StreamDescription {
        name: "text".into(),
        channels: vec![ChannelDescription::default()],
        ..StreamDescription::default()
    };
    let (eeg, text) = (writer.add_stream(&eeg).unwrap(), writer.add_stream(&text).unwrap());
    for chunk in 0..8 {
        let stamps: Vec<f64> = (0..25).map(|i| f64::from(chunk * 25 + i) / 100.0).collect();
        let values: Vec<f32> = stamps.iter().flat_map(|t| [*t as f32, -*t as f32]).collect();
        writer.samples(eeg, &stamps, &values).unwrap();
        writer.texts(text, &[stamps[3]], &["a marker"]).unwrap();
        writer.clock_offset(eeg, stamps[0], 0.25).unwrap();
        writer.boundary().unwrap();
    }
    writer.finish().unwrap()
}

/// A file whose recorder was killed after `keep` bytes, in a folder of its own.
pub fn killed(bytes: &[u8], keep: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = super::folder_in_memory();
    let path = folder.path().join("killed.xdf");
    std::fs::write(&path, &bytes[..keep]).unwrap();
    (folder, path)
}
