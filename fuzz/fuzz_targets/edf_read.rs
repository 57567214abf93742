//! Any bytes into the reader of EDF, EDF+, BDF and BDF+, read to the end: no panic, no hang, no memory beyond
//! libFuzzer's own limit. Seeds: fuzz/seeds.sh.

#![no_main]

use std::io::Cursor;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use phosphene::formats::edf::EdfReader;
use phosphene::formats::recording::ReadRecording;
use phosphene::exchange::survey::survey;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = EdfReader::new(Cursor::new(bytes), Path::new("fuzz.edf")) else { return };
    let Ok(found) = survey(&mut reader, |_| {}) else { return };
    let heads = reader.head().streams.iter();
    let values = found.streams.iter().zip(heads).map(|(s, h)| s.samples * h.channels.len() as u64);
    // The least that a value takes is two bytes.
    assert!(values.sum::<u64>() <= bytes.len() as u64 / 2, "more values than bytes");
});
