//! Bad packs: each is refused with its own message, nothing panics, nothing large is allocated.

use phosphene::calibrate::classes::{Classifier, Kind, posteriors};
use phosphene::calibrate::onnx::{Ends, own::class_encoder};
use phosphene::calibrate::{Trial, Trials};
use phosphene::decode::encoding::encoder::Encoder;
use phosphene::decode::session::Runtime;
use phosphene::decode::{Decoder, DecoderOptions, Pack, PackError};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::sync::atomic::AtomicBool;

use crate::harness::decode::{Copy, runtime_library, sha256, tiny};
use crate::harness::vectors;

fn open(copy: &Copy) -> PackError {
    Pack::open(copy.path()).expect_err("the pack must be refused")
}

fn load(copy: &Copy) -> PackError {
    let pack = Pack::open(copy.path()).expect("the manifest and the hashes are sound");
    Decoder::load(&pack, &DecoderOptions::default(), &runtime_library())
        .expect_err("the pack must be refused")
}

fn says(error: &PackError, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

#[test]
fn the_tiny_pack_opens_and_loads() {
    let pack = Pack::open(&tiny()).unwrap();
    assert_eq!(pack.manifest().input.samples(), 20);
    assert_eq!(pack.sha256(), sha256(&std::fs::read(tiny().join("pack.toml")).unwrap()));
    assert!(pack.unknown_keys().is_empty());
    let decoder = Decoder::load(&pack, &DecoderOptions::default(), &runtime_library()).unwrap();
    assert_eq!(decoder.gallery().len(), 5);
}

#[test]
fn unknown_keys_are_ignored_and_said() {
    let copy = Copy::new();
    copy.edit("schema = 1", "schema = 1\nfuture = 3")
        .edit("band_order", "whitening = 1\nband_order");
    let pack = Pack::open(copy.path()).unwrap();
    assert_eq!(pack.unknown_keys(), ["future", "input.whitening"]);
}

#[test]
fn a_folder_without_a_manifest_is_no_pack() {
    let dir = tempfile::tempdir().unwrap();
    says(&Pack::open(dir.path()).unwrap_err(), &["pack.toml is missing"]);
    says(&Pack::open(&dir.path().join("none")).unwrap_err(), &["there is no folder"]);
}

#[test]
fn a_changed_file_is_refused_by_its_hash() {
    let copy = Copy::new();
    let mut bytes = std::fs::read(copy.path().join("denoiser.onnx")).unwrap();
    bytes[500] ^= 1;
    std::fs::write(copy.path().join("denoiser.onnx"), &bytes).unwrap();
    says(&open(&copy), &["denoiser.onnx", "SHA-256 expected", &sha256(&bytes)]);
}

#[test]
fn a_missing_file_is_named() {
    let copy = Copy::new();
    std::fs::remove_file(copy.path().join("prior.onnx")).unwrap();
    says(&open(&copy), &["prior.onnx is missing"]);
}

#[test]
fn a_file_that_is_used_must_be_listed() {
    let copy = Copy::new();
    copy.edit("file = \"decoder.onnx\"", "file = \"other.onnx\"");
    says(&open(&copy), &["decoder.file uses 'other.onnx'", "[files]"]);
}

#[test]
fn paths_never_leave_the_pack() {
    let hash = "0".repeat(64);
    for path in ["../x.onnx", "/etc/hostname", "a/../../x", "C:/x", "..\\\\x", ""] {
        let copy = Copy::new();
        copy.edit("[files]", &format!("[files]\n\"{path}\" = \"{hash}\""));
        assert!(matches!(open(&copy), PackError::Path { .. }), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_is_refused() {
    let copy = Copy::new();
    std::fs::remove_file(copy.path().join("prior.onnx")).unwrap();
    std::os::unix::fs::symlink(tiny().join("prior.onnx"), copy.path().join("prior.onnx")).unwrap();
    says(&open(&copy), &["prior.onnx", "link that leads out"]);
}

#[test]
fn absurd_sizes_are_refused_before_memory_is_set_aside() {
    for (from, to, field) in [
        ("dim = 8", "dim = 1000000000000", "embedding.dim"),
        ("latent = [2, 4, 4]", "latent = [1000000000000, 1000000000000, 4]", "generator.latent"),
        ("latent = [2, 4, 4]", "latent = [2, 4]", "generator.latent"),
        ("scale = 1.0\nsize_px = 16", "scale = 1.0\nsize_px = 1000000000000", "decoder.size_px"),
        ("sample_rate_hz = 100.0", "sample_rate_hz = 1e12", "sampling rate"),
        ("window_secs = [0.0, 0.2]", "window_secs = [0.0, 1e12]", "input.window_secs"),
        ("window_secs = [0.0, 0.2]", "window_secs = [0.0, nan]", "input.window_secs"),
        ("sigma = 0.4", "sigma = inf", "generator.sigma"),
        ("steps = 2", "steps = 3", "generator.steps"),
        ("steps_allowed = [1, 2, 4]", "steps_allowed = [1, 2, 4000000]", "generator.steps_allowed"),
        ("scale = 1.0", "scale = 0.0", "decoder.scale"),
        ("band_hz = [0.5, 40.0]", "band_hz = [0.5, 60.0]", "input.band_hz"),
        ("schema = 1", "schema = 2", "schema"),
        ("\"boat\", \"cat\"", "\"boat\", \"boat\"", "gallery.ids"),
        ("\"Fz\", \"Cz\"", "\"Fz\", \"Fz\"", "input.channels"),
        ("dim = 8", "dim = -1", "cannot be read"),
        ("kind = \"flow\"", "kind = \"magic\"", "Known kinds: flow"),
        ("[decoder]", "[decoder", "cannot be read"),
    ] {
        let copy = Copy::new();
        copy.edit(from, to);
        says(&open(&copy), &["pack.toml", field]);
    }
}

#[test]
fn a_huge_manifest_or_file_is_refused_by_size() {
    let copy = Copy::new();
    let manifest = copy.path().join("pack.toml");
    std::fs::OpenOptions::new().write(true).open(&manifest).unwrap().set_len(1 << 40).unwrap();
    says(&open(&copy), &["pack.toml is too large"]);
    let copy = Copy::new();
    let model = copy.path().join("encoder.onnx");
    std::fs::OpenOptions::new().write(true).open(&model).unwrap().set_len(3 << 30).unwrap();
    says(&open(&copy), &["encoder.onnx is too large", "3221225472"]);
}

#[test]
fn tensors_must_be_what_the_manifest_says() {
    for (from, to, parts) in [
        ("input = \"eeg\"", "input = \"nope\"", ["encoder.onnx", "'nope'", "only these: eeg"]),
        ("output = \"velocity\"", "output = \"v\"", ["denoiser.onnx", "'v'", "velocity"]),
        (
            "latent = [2, 4, 4]",
            "latent = [2, 4, 5]",
            ["denoiser.onnx", "[1, 2, 4, 5]", "[1, 2, 4, 4]"],
        ),
        (
            "window_secs = [0.0, 0.2]",
            "window_secs = [0.0, 0.3]",
            ["encoder.onnx", "[1, 4, 30]", "[1, 4, 20]"],
        ),
        (
            "scale = 1.0\nsize_px = 16",
            "scale = 1.0\nsize_px = 32",
            ["decoder.onnx", "32, 32", "16, 16"],
        ),
        ("input_mean = \"latent_mean\"\n", "", ["denoiser.onnx", "latent_mean", "no such input"]),
        (
            "tensor = \"embeddings\"",
            "tensor = \"other\"",
            ["embeddings.safetensors", "'other'", "embeddings"],
        ),
        ("dim = 8", "dim = 9", ["embeddings.safetensors", "[5, 9]", "[5, 8]"]),
    ] {
        let copy = Copy::new();
        copy.edit(from, to);
        says(&load(&copy), &parts);
    }
}

#[test]
fn wrong_types_and_garbage_are_refused_by_name() {
    let copy = Copy::new();
    copy.replace("encoder.onnx", &std::fs::read(vectors("packs/bad/encoder_f64.onnx")).unwrap());
    says(&load(&copy), &["encoder.onnx", "'eeg'", "expected f32 [1, 4, 20]", "f64"]);
    for garbage in [&b""[..], b"not a model", &[0xff; 5000]] {
        let copy = Copy::new();
        copy.replace("decoder.onnx", garbage);
        says(&load(&copy), &["decoder.onnx is not a model that ONNX Runtime can run"]);
    }
}

#[test]
fn a_model_cut_anywhere_never_panics() {
    let whole = std::fs::read(tiny().join("prior.onnx")).unwrap();
    for keep in (0..whole.len()).step_by(97) {
        let copy = Copy::new();
        copy.replace("prior.onnx", &whole[..keep]);
        let pack = Pack::open(copy.path()).unwrap();
        assert!(Decoder::load(&pack, &DecoderOptions::default(), &runtime_library()).is_err());
    }
}

#[test]
fn a_damaged_gallery_is_refused() {
    let file = "gallery/embeddings.safetensors";
    let whole = std::fs::read(tiny().join(file)).unwrap();
    let copy = Copy::new();
    copy.replace(file, &whole[..whole.len() - 40]);
    says(&load(&copy), &[file, "not a sound safetensors file"]);
    for (value, why) in [(f32::NAN, "value 0 is not a finite number"), (0.0, "length 0")] {
        let rows: Vec<u8> = (0..40)
            .map(|i| if (16..24).contains(&i) { value } else { 0.5_f32 })
            .flat_map(f32::to_le_bytes)
            .collect();
        let view = TensorView::new(Dtype::F32, vec![5, 8], &rows).unwrap();
        let copy = Copy::new();
        copy.replace(file, &serialize([("embeddings", view)], None).unwrap());
        says(&load(&copy), &[file, "'embeddings', row 2", why]);
    }
    let view = TensorView::new(Dtype::F64, vec![5, 8], &[0; 320]).unwrap();
    let copy = Copy::new();
    copy.replace(file, &serialize([("embeddings", view)], None).unwrap());
    says(&load(&copy), &[file, "expected F32 [5, 8]", "F64"]);
}

#[test]
fn a_personal_encoder_keeps_the_same_contract() {
    let copy = Copy::new();
    let pack = Pack::open(copy.path()).unwrap();
    let own = pack.encoder_sha256().to_owned();
    let personal = pack.clone().with_encoder(&vectors("packs/bad/encoder_f64.onnx")).unwrap();
    assert_ne!(personal.encoder_sha256(), own);
    let refused = Decoder::load(&personal, &DecoderOptions::default(), &runtime_library());
    says(&refused.unwrap_err(), &["encoder_f64.onnx", "f64"]);
    assert!(pack.with_encoder(&copy.path().join("none.onnx")).is_err());
}

/// Two classes in noise that is louder in some trials, for the tiny pack's four electrodes and twenty samples.
fn two_classes() -> Trials {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let (channels, samples, count) = (4, 20, 80);
    let (mut about, mut eeg) = (Vec::new(), Vec::new());
    for i in 0..count {
        let class = i % 2;
        let loudness = 2.0 + 20.0 * rng.random::<f32>();
        for c in 0..channels {
            for s in 0..samples {
                let response = if class == 1 && c == 3 && (8..14).contains(&s) { 6.0 } else { 0.0 };
                eeg.push(response + loudness * (rng.random::<f32>() - 0.5));
            }
        }
        about.push(Trial { picture: class, run: i / 20, session: 0, onset_secs: i as f64 });
    }
    let zero_shot = faer::Mat::zeros(count, 8);
    Trials { channels, samples, about, eeg, before: Vec::new(), zero_shot }
}

#[test]
fn every_classifier_says_the_same_in_onnx_runtime() {
    let trials = two_classes();
    let embeddings = faer::Mat::from_fn(2, 8, |class, j| if j == class { 1.0 } else { 0.1 });
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::load(&runtime_library(), 1).unwrap();
    for kind in Kind::ALL {
        let classifier = Classifier::fit(kind, &trials, 2, 100.0).unwrap();
        let scores = classifier.additive().scaled(0.7);
        let ends = Ends { input: "eeg", output: "embedding" };
        let graph = class_encoder(ends, (4, 20), &scores, embeddings.as_ref());
        let file = folder.path().join(format!("{kind:?}.onnx"));
        std::fs::write(&file, graph).unwrap();
        let pack = Pack::open(&tiny()).unwrap().with_encoder(&file).unwrap();
        let mut encoder = Encoder::load(&pack, &runtime).unwrap();
        let wanted = posteriors(&classifier.scores(&trials).unwrap(), 0.7) * &embeddings;
        let mut got = vec![0.0_f32; 8];
        let mut right = 0;
        for i in 0..trials.len() {
            encoder.encode(trials.epoch(i), &mut got).unwrap();
            for (j, value) in got.iter().enumerate() {
                let want = wanted[(i, j)];
                assert!((f64::from(*value) - want).abs() < 1e-6, "{kind:?} {i}: {value} {want}");
            }
            right += usize::from((got[1] > got[0]) == (trials.about[i].picture == 1));
        }
        assert!(right > 60, "{kind:?} tells {right} of 80 apart");
    }
}

#[test]
fn reading_a_pack_can_be_cancelled() {
    let stopped = Pack::open_unless(&tiny(), &AtomicBool::new(true));
    assert!(matches!(stopped, Err(PackError::Cancelled)));
}
