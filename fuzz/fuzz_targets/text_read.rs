//! Any bytes into the readers of text (OpenBCI, SD cards, BrainFlow, Muse), read to the end twice: no panic, no hang,
//! the same both times. Seeds: fuzz/seeds.sh.

#![no_main]

use std::io::Cursor;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use phosphene::formats::recording::ReadRecording;
use phosphene::exchange::survey::survey;
use phosphene::formats::text::from_reader;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = from_reader(Cursor::new(bytes), Path::new("fuzz.txt")) else { return };
    let first = survey(&mut reader, |_| {}).map(|found| found.streams[0].samples);
    if reader.rewind().is_ok() {
        let second = survey(&mut reader, |_| {}).map(|found| found.streams[0].samples);
        assert_eq!(first.ok(), second.ok());
    }
});
