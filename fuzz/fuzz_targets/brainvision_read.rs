//! Any bytes as a BrainVision recording, read to the end: header, markers and signal, one after the other, each of a
//! third. No panic, no hang, no memory beyond libFuzzer's own limit, no file outside the folder. Seeds: fuzz/seeds.sh.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phosphene::formats::brainvision;
use phosphene::exchange::survey::survey;

/// What is between header, markers and signal.
const CUT: &[u8] = b"\n----\n";

fuzz_target!(|bytes: &[u8]| {
    let folder = std::env::temp_dir().join(format!("phosphene-fuzz-{}", std::process::id()));
    let _ = std::fs::create_dir_all(&folder);
    let mut parts = bytes;
    for ending in ["vhdr", "vmrk", "eeg"] {
        let at = parts.windows(CUT.len()).position(|window| window == CUT);
        let (part, rest) = at.map_or((parts, parts), |at| (&parts[..at], &parts[at + CUT.len()..]));
        if std::fs::write(folder.join("a").with_extension(ending), part).is_err() {
            return;
        }
        parts = rest;
    }
    if let Ok(mut reader) = brainvision::open(&folder.join("a.vhdr")) {
        let _ = survey(&mut reader, |_| {});
    }
});
