//! Any bytes into what reads a model pack before ONNX Runtime does: manifest, paths, hashes, safetensors, ONNX
//! structure. No panic, and nothing large is allocated (run with `-rss_limit_mb=512`).
//!
//! The lowest three bits of the first byte choose the part, the rest is its input: 0 manifest, 1 gallery,
//! 2 ONNX, 3 a manifest on disk, 7 a gallery on disk, whose hash is then right. Words: `fuzz/pack.dict`.

#![no_main]

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phosphene::pack::{Expectation, Manifest, limits, onnx};
use phosphene::decode::{Gallery, Pack};
use sha2::{Digest, Sha256};

const GALLERY: &str = "gallery/embeddings.safetensors";

/// The tiny pack's manifest.
static TINY: LazyLock<String> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/packs/tiny/pack.toml");
    std::fs::read_to_string(path).expect("the tiny pack is in the source tree")
});

/// A copy of the tiny pack that each run spoils anew.
static COPY: LazyLock<PathBuf> = LazyLock::new(|| {
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/packs/tiny");
    let copy = std::env::temp_dir().join(format!("phosphene-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(copy.join("gallery")).expect("a temporary folder can be made");
    for file in ["encoder", "image_encoder", "prior", "denoiser", "decoder"] {
        let name = format!("{file}.onnx");
        std::fs::copy(tiny.join(&name), copy.join(&name)).expect("the pack can be copied");
    }
    copy
});

fuzz_target!(|bytes: &[u8]| {
    let Some((part, rest)) = bytes.split_first() else { return };
    match part & 3 {
        0 => manifest(rest),
        1 => gallery(rest),
        2 => drop(onnx::inspect(Cursor::new(rest), rest.len() as u64)),
        _ => on_disk(rest, part & 4 == 0),
    }
});

fn manifest(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok((manifest, _)) = Manifest::parse(text) else { return };
    let samples = manifest.input.samples() * manifest.input.channels.len();
    assert!(samples <= limits::MAX_WINDOW_VALUES);
    assert!(manifest.latent_shape().iter().product::<usize>() as u64 <= limits::MAX_LATENT_VALUES);
    let Some(spec) = &manifest.expected else { return };
    let channels = &manifest.input.channels;
    for absent in 0..=channels.len() {
        let (absent, rest) = channels.split_at(absent);
        let (interpolated, _) = rest.split_at(rest.len() / 2);
        let found =
            Expectation::of(spec, channels.len(), interpolated.to_vec(), absent.to_vec());
        if let Some(found) = found.map(|found| found.at(spec, Some(-12.0))) {
            assert!((0.0..=1.0).contains(&found.top1), "{found:?}");
            assert!(found.at_source_snr.is_none_or(|at| (0.0..=1.0).contains(&at.top1)));
            assert!(!found.sentence().is_empty());
        }
    }
}

fn gallery(bytes: &[u8]) {
    let (manifest, _) = Manifest::parse(&TINY).expect("the tiny manifest is sound");
    if let Ok(gallery) = Gallery::parse(&manifest, bytes) {
        assert_eq!((gallery.len(), gallery.embedding(4).len()), (5, 8));
        assert!((0..5).all(|row| gallery.embedding(row).iter().all(|v| v.is_finite())));
    }
}

/// Writes the bytes as gallery, with their hash, or as manifest; then reads the pack from disk.
fn on_disk(bytes: &[u8], as_manifest: bool) {
    let (manifest, gallery) = if as_manifest {
        (bytes.to_vec(), &b"x"[..])
    } else {
        let known = TINY.lines().find(|line| line.starts_with(&format!("\"{GALLERY}\"")));
        let hash: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        let line = format!("\"{GALLERY}\" = \"{hash}\"");
        let text = TINY.replace(known.expect("the gallery is listed"), &line);
        (text.into_bytes(), bytes)
    };
    std::fs::write(COPY.join("pack.toml"), manifest).expect("the temporary folder can be written");
    std::fs::write(COPY.join(GALLERY), gallery).expect("the temporary folder can be written");
    match Pack::open(&COPY) {
        Ok(pack) => drop(Gallery::load(&pack)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
