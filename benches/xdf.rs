//! How fast XDF is read and written: 64 channels, 60 000 samples of float32, 15.8 MB, stamps as LabRecorder
//! leaves them out. pyxdf 1.17.5 loads such a file at about 116 MB/s.

use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use phosphene::formats::xdf::{
    ChannelDescription, ChannelFormat, FileDescription, LoadOptions, StreamDescription, XdfWriter,
    load,
};

const CHANNELS: usize = 64;
const SAMPLES: usize = 60_000;
const CHUNK: usize = 250;
const RATE_HZ: f64 = 500.0;

fn write_file(values: &[f32]) -> Vec<u8> {
    let stream = StreamDescription {
        name: "eeg".into(),
        rate_hz: RATE_HZ,
        format: ChannelFormat::Float32,
        channels: vec![ChannelDescription::default(); CHANNELS],
        ..StreamDescription::default()
    };
    let out = Vec::with_capacity(values.len() * 4 + SAMPLES * 9 + 4096);
    let mut writer = XdfWriter::new(out, &FileDescription::default()).expect("writes to memory");
    let id = writer.add_stream(&stream).expect("writes to memory");
    let mut stamp = 1000.0;
    for values in values.chunks(CHUNK * CHANNELS) {
        let stamps: Vec<f64> = (0..CHUNK)
            .map(|_| {
                stamp += 1.0 / RATE_HZ;
                stamp
            })
            .collect();
        writer.samples(id, &stamps, values).expect("writes to memory");
    }
    writer.finish().expect("writes to memory")
}

fn xdf(criterion: &mut Criterion) {
    let values: Vec<f32> =
        (0..SAMPLES * CHANNELS).map(|i| (i as f32 * 0.01).sin() * 30.0).collect();
    let bytes = write_file(&values);
    let mut group = criterion.benchmark_group("xdf");
    group.sample_size(20).throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("write", |b| b.iter(|| black_box(write_file(black_box(&values)))));
    for (name, options) in [("load_raw", LoadOptions::raw()), ("load", LoadOptions::default())] {
        let read = || load(Cursor::new(black_box(&bytes)), Path::new("a.xdf"), &options);
        group.bench_function(name, |b| b.iter(|| black_box(read().expect("a sound file"))));
    }
    group.finish();
}

criterion_group!(benches, xdf);
criterion_main!(benches);
