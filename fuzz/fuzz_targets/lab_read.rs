//! Any bytes into the readers of EEGLAB, FIF, GDF and Neuroscan's files, read to the end twice: no panic, no hang, the same both
//! times. The first byte chooses the ending, and with it the reader where bytes do not tell. Seeds: fuzz/seeds.sh.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phosphene::exchange::survey::{StreamSurvey, Survey, survey};
use phosphene::formats::open;

const ENDINGS: [&str; 4] = ["set", "fif", "gdf", "cnt"];

fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    let ending = ENDINGS[usize::from(*choice) % ENDINGS.len()];
    let folder = std::env::temp_dir().join(format!("phosphene-fuzz-lab-{}", std::process::id()));
    let _ = std::fs::create_dir_all(&folder);
    let path = folder.join(format!("a.{ending}"));
    if std::fs::write(&path, bytes).is_err() {
        return;
    }
    let _ = std::fs::write(folder.join("a.fdt"), [1; 4096]);
    let Ok(mut reader) = open(&path) else { return };
    // Samples, times and events; values may be no numbers, which equal nothing.
    let seen = |found: Survey| {
        let times = |s: &StreamSurvey| (s.samples, s.first_secs.to_bits(), s.last_secs.to_bits());
        (found.streams.iter().map(times).collect::<Vec<_>>(), found.event_counts)
    };
    let first = survey(&mut *reader, |_| {}).map(seen).ok();
    if reader.rewind().is_ok() {
        assert_eq!(first, survey(&mut *reader, |_| {}).map(seen).ok());
    }
    let Some((streams, _)) = first else { return };
    for secs in streams.iter().map(|(_, _, last)| f64::from_bits(*last) / 2.0) {
        if reader.seek_secs(secs).is_ok() {
            let _ = survey(&mut *reader, |_| {});
        }
    }
});
