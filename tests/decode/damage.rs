//! Packs damaged byte by byte: whatever is changed in the manifest, the gallery or an ONNX file, reading it
//! ends with a pack or a message, never with a panic. The same parts as `fuzz/fuzz_targets/pack_read.rs`, in
//! a bounded number of cases; ONNX Runtime is not needed.

use std::io::Cursor;
use std::sync::LazyLock;

use phosphene::decode::Gallery;
use phosphene::pack::{Expectation, Manifest, limits, onnx};
use proptest::prelude::*;

use crate::harness::vectors;

fn read(file: &str) -> Vec<u8> {
    std::fs::read(vectors("packs").join(file)).expect("the tiny pack is in the source tree")
}

/// The tiny manifest with expected scores and credits, whose licence text is listed.
static MANIFEST: LazyLock<String> = LazyLock::new(|| {
    let both = [read("tiny/pack.toml"), read("extras.toml")].concat();
    let text = String::from_utf8(both).expect("the manifest is text");
    let listed = format!("[files]\n\"LICENSE-MIT.txt\" = \"{}\"", "0".repeat(64));
    text.replacen("[files]", &listed, 1)
});

static GALLERY: LazyLock<Vec<u8>> = LazyLock::new(|| read("tiny/gallery/embeddings.safetensors"));
static ONNX: LazyLock<Vec<u8>> = LazyLock::new(|| read("tiny/denoiser.onnx"));

/// One change: at a place (as a share of the length), cut so many bytes and put these in.
type Change = (f64, usize, Vec<u8>);

/// What breaks parsers more often than chance does.
const WORDS: &[&str] =
    &["nan", "-1", "1e400", "9223372036854775807", "\"\"", "[]", "]\n[", "= \"", "\x7f", "é"];

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let words = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..6),
        proptest::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
    ];
    proptest::collection::vec((0.0..1.0, 0_usize..12, words), 1..5)
}

fn damaged(whole: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for (at, cut, put) in changes {
        let start = (at * bytes.len() as f64) as usize;
        let end = (start + cut).min(bytes.len());
        bytes.splice(start..end, put.iter().copied());
    }
    bytes
}

fn undamaged() -> Manifest {
    Manifest::parse(&MANIFEST).expect("the manifest is sound").0
}

#[test]
fn what_is_not_damaged_is_read() {
    assert_eq!(undamaged().credits.len(), 2);
    assert_eq!(Gallery::parse(&undamaged(), &GALLERY).expect("the gallery is sound").len(), 5);
    assert_eq!(onnx::inspect(Cursor::new(&*ONNX), ONNX.len() as u64), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn a_damaged_manifest_gives_a_manifest_within_limits_or_a_message(changes in changes()) {
        let bytes = damaged(MANIFEST.as_bytes(), &changes);
        match Manifest::parse(&String::from_utf8_lossy(&bytes)) {
            Err(why) => {
                let text = why.to_string();
                prop_assert!(text.contains("pack.toml") && text.len() < 4000, "{}", text);
            }
            Ok((manifest, _)) => {
                let input = &manifest.input;
                prop_assert!(input.samples() * input.channels.len() <= limits::MAX_WINDOW_VALUES);
                let all = input.channels.clone();
                let found = manifest
                    .expected
                    .as_ref()
                    .and_then(|spec| Expectation::of(spec, all.len(), vec![], all));
                prop_assert!(found.is_none_or(|found| (0.0..=1.0).contains(&found.top1)));
            }
        }
    }

    #[test]
    fn a_damaged_gallery_gives_unit_rows_or_a_message(changes in changes()) {
        match Gallery::parse(&undamaged(), &damaged(&GALLERY, &changes)) {
            Err(why) => prop_assert!(why.to_string().contains("embeddings.safetensors"), "{}", why),
            Ok(gallery) => {
                for row in 0..gallery.len() {
                    let square: f32 = gallery.embedding(row).iter().map(|v| v * v).sum();
                    prop_assert!((square - 1.0).abs() < 0.01, "row {}: {}", row, square);
                }
            }
        }
    }

    #[test]
    fn a_damaged_onnx_file_is_looked_through_or_refused(changes in changes()) {
        let bytes = damaged(&ONNX, &changes);
        if let Err(why) = onnx::inspect(Cursor::new(&bytes), bytes.len() as u64) {
            prop_assert!(!why.is_empty() && why.len() < 1000, "{}", why);
        }
    }
}
