//! Any bytes as a recording of any format: the first byte chooses the ending, the rest is the file. What opens is
//! surveyed, and a small one is converted into every format.
//! Seeds: fuzz/seeds.sh. Limits: no panic, no hang, and libFuzzer's own limit of memory.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phosphene::exchange::convert::{Carry, Target, convert, outputs};
use phosphene::exchange::survey::survey;
use phosphene::formats::open;

/// Endings that the first byte chooses among.
const ENDINGS: [&str; 13] =
    ["xdf", "edf", "bdf", "vhdr", "txt", "csv", "xdfz", "set", "fdt", "fif", "gdf", "cnt", "json"];

/// Samples that are converted at most: a sparse file may hold many, and the disk is not what is tried.
const MAX_SAMPLES: u64 = 20_000;

fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    let ending = ENDINGS[usize::from(*choice) % ENDINGS.len()];
    let folder = std::env::temp_dir().join(format!("phosphene-fuzz-{}", std::process::id()));
    let _ = std::fs::create_dir_all(&folder);
    let path = folder.join(format!("a.{ending}"));
    if std::fs::write(&path, bytes).is_err() {
        return;
    }
    let _ = std::fs::write(folder.join("a.eeg"), [1; 4096]);
    let _ = std::fs::write(folder.join("a.vmrk"), bytes);
    if ending != "fdt" {
        let _ = std::fs::write(folder.join("a.fdt"), [1; 4096]);
    }
    let Ok(mut reader) = open(&path) else { return };
    let Ok(found) = survey(&mut *reader, |_| {}) else { return };
    if found.streams.iter().map(|stream| stream.samples).sum::<u64>() > MAX_SAMPLES {
        return;
    }
    for (target, ending) in [
        (Target::Xdf, "xdf"),
        (Target::Edf, "edf"),
        (Target::Bdf, "bdf"),
        (Target::BrainVision, "vhdr"),
    ] {
        let to = folder.join(format!("out.{ending}"));
        for old in outputs(&to, target) {
            let _ = std::fs::remove_file(old);
        }
        if convert(&mut *reader, &found, &to, (target, Carry::All), |_| {}).is_ok() {
            let mut again = open(&to).expect("what was written opens");
            survey(&mut *again, |_| {}).expect("what was written is read to its end");
        }
    }
});
