//! Any bytes as a recording of any format: the first byte chooses the ending, the rest is the file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use phosphene::formats::recording::Block;

fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    let ending = ["xdf", "edf", "bdf", "vhdr", "txt", "csv"][usize::from(*choice) % 6];
    let folder = std::env::temp_dir().join(format!("phosphene-fuzz-{}", std::process::id()));
    let _ = std::fs::create_dir_all(&folder);
    let path = folder.join(format!("a.{ending}"));
    if std::fs::write(&path, bytes).is_err() {
        return;
    }
    let _ = std::fs::write(folder.join("a.eeg"), [1; 4096]);
    let _ = std::fs::write(folder.join("a.vmrk"), bytes);
    let Ok(mut reader) = phosphene::formats::open(&path) else { return };
    let mut block = Block::default();
    while let Ok(true) = reader.next_block(&mut block) {}
});
