//! Every way that a pack can be wrong: `phosphene pack check` refuses it with code 4 and a message that names
//! the file or the key, what is expected, what is there, and what to do. Each case spoils a copy of the tiny
//! pack in one way.

use phosphene::cli::pack::{check, show};
use phosphene::decode::Pack;
use phosphene::pipeline::contract;
use phosphene::subject::DEFAULT_SNR_DB;
use safetensors::tensor::{Dtype, TensorView, serialize};

use crate::harness::decode::{
    Copy, answers_file, runtime_library, sha256, tiny, tiny_encoder, with_answers,
};
use crate::harness::vectors;

const GALLERY: &str = "gallery/embeddings.safetensors";

/// What `pack check` says of a copy that was spoilt.
fn refusal(spoil: impl FnOnce(&Copy)) -> String {
    let copy = Copy::new();
    spoil(&copy);
    let failure = check(copy.path(), &runtime_library()).expect_err("the pack must be refused");
    assert_eq!(failure.code, 4, "{failure}");
    failure.message
}

/// What it says when text of the manifest is replaced.
fn edited(from: &str, to: &str) -> String {
    refusal(|copy| {
        copy.edit(from, to);
    })
}

/// What it says when a file and its hash are replaced.
fn replaced(file: &str, bytes: &[u8]) -> String {
    refusal(|copy| {
        copy.replace(file, bytes);
    })
}

fn says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

/// The tiny pack with expected scores, credits and a licence text.
fn complete() -> Copy {
    let copy = Copy::new();
    let text = b"Permission is granted.";
    std::fs::write(copy.path().join("LICENSE-MIT.txt"), text).unwrap();
    copy.edit("[files]", &format!("[files]\n\"LICENSE-MIT.txt\" = \"{}\"", sha256(text)));
    let path = copy.path().join("pack.toml");
    let extras = std::fs::read_to_string(vectors("packs/extras.toml")).unwrap();
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + &extras).unwrap();
    copy.edit("\"encoder.onnx\", ", "\"encoder.onnx\", \"answers.safetensors\", ");
    with_answers(&copy, &answers_file(8, 0.1, &tiny_encoder(), |_, _| {}));
    copy
}

/// Appends a field of the model's graph: protobuf joins it with the graph that is there.
fn append_to_graph(copy: &Copy, file: &str, field: &[u8]) {
    let whole = std::fs::read(copy.path().join(file)).unwrap();
    let length = u8::try_from(field.len()).expect("a short field");
    copy.replace(file, &[&whole[..], &[7 << 3 | 2, length], field].concat());
}

fn gallery_of(rows: usize, dim: usize, values: &[f32]) -> Vec<u8> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, vec![rows, dim], &bytes).unwrap();
    serialize([("embeddings", view)], None).unwrap()
}

#[test]
fn a_complete_pack_is_sound_and_an_old_one_is_warned_about() {
    let copy = complete();
    let report = check(copy.path(), &runtime_library()).unwrap();
    assert_eq!(report.json["warnings"].as_array().unwrap().len(), 0, "{}", report.text);
    let old = check(&tiny(), &runtime_library()).unwrap();
    says(
        &old.text,
        &[
            "warning: pack.toml: there is no [expected]",
            "there is no [answers], so decodes are not calibrated",
            "there is no [[credit]]",
        ],
    );
}

#[test]
fn show_tells_whose_work_it_is_and_what_to_expect() {
    let copy = complete();
    let all = show(copy.path(), None).unwrap();
    says(
        &all.text,
        &[
            "expected     4 of 4 channels: expected single-trial top-1 0.35; simulated subjects, −14 dB",
            "by signal to noise    −18 dB: 0.18 (0.16–0.20, n = 1800)",
            "[SIMULATED: simulated subjects never used in training, n = 24]",
            "credit       pictures: Five vectors, A. Person, CC-BY-4.0 (npm five-vectors@1.0.0)",
        ],
    );
    let fewer = show(copy.path(), Some("Fz/Cz/POz/O1")).unwrap();
    says(
        &fewer.text,
        &["2 of 4 channels, 2 interpolated (Pz, Oz): expected", "(all channels 0.35)"],
    );
    assert_eq!(fewer.json["expected"]["interpolated"], serde_json::json!(["Pz", "Oz"]));
    let top1 = fewer.json["expected"]["top1"].as_f64().unwrap();
    assert!((top1 - (0.351 - 0.04)).abs() < 1e-9, "the sum of both single losses, not {top1}");
    let useless = show(copy.path(), Some("AF7/AF8")).unwrap();
    says(&useless.text, &["too few of the pack's channels"]);
    assert_eq!(show(copy.path(), Some("cap9000")).unwrap_err().code, 2);
}

#[test]
fn a_run_expects_by_its_montage_and_noise_and_nothing_of_a_personal_encoder() {
    let copy = complete();
    let pack = Pack::open(copy.path()).unwrap();
    let wanted = &pack.manifest().input.channels;
    let labels = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let expected = |pack: &Pack, montage: &str, snr_db| {
        contract::expectation(pack, &contract::origins_between(&labels(montage), wanted), snr_db)
    };
    let noise = |spec: &str| contract::snr_of(&spec.parse().unwrap());
    assert_eq!(noise("faulty:drop=0.01+sim:snr=-18"), Some(-18.0));
    assert_eq!((noise("lsl:type=EEG"), noise("sim")), (None, Some(DEFAULT_SNR_DB)));
    let all = expected(&pack, "FZ/EEG Cz-REF/Pz/Oz", Some(-18.0)).unwrap();
    assert_eq!((all.interpolated.len(), all.absent.len(), all.top1), (0, 0, 0.351));
    assert_eq!(all.at_source_snr.map(|here| here.top1), Some(0.181));
    assert!(all.sentence().contains("0.18 at this source's −18 dB"), "{}", all.sentence());
    assert_eq!(expected(&pack, "Cz", None), None, "one electrode: every window is refused");
    let other = vectors("packs/bad/encoder_f64.onnx");
    let personal = pack.clone().with_encoder(&other).unwrap();
    assert_eq!(expected(&personal, "Fz/Cz/Pz/Oz", None), None);
}

#[test]
fn folders_and_texts_that_are_no_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let library = runtime_library();
    let message = |path: &std::path::Path| check(path, &library).unwrap_err().message;
    says(
        &message(dir.path()),
        &["pack.toml is missing from the model pack", "Copy the pack again"],
    );
    says(&message(&dir.path().join("none")), &["there is no folder", "none", "holds pack.toml"]);
    says(&message(&tiny().join("pack.toml")), &["there is no folder", "Give the folder"]);
    let written = |bytes: &[u8]| {
        refusal(|copy| std::fs::write(copy.path().join("pack.toml"), bytes).unwrap())
    };
    says(&written(b"schema = 1\nname = \"\xff\""), &["line 2, byte 19", "not UTF-8", "Save it"]);
    says(&written(b""), &["pack.toml cannot be read", "missing field `schema`"]);
    says(&written(b"[schema\n"), &["line 1", "unclosed", "[schema"]);
    says(&written(&[b'x'; 9 << 20]), &["pack.toml is too large", "8388608"]);
}

/// What is replaced in the manifest, by what, and what the refusal says.
type Edit = (&'static str, &'static str, &'static [&'static str]);

/// Keys that are missing, of another type, or of an impossible value.
const MANIFEST: &[Edit] = &[
    ("dim = 8\n", "", &["line ", "missing field `dim`", "Correct it"]),
    ("[embedding]", "[embeddings]", &["missing field `embedding`"]),
    ("dim = 8", "dim = \"8\"", &["line ", "invalid type: string \"8\"", "dim = \"8\"", "Correct"]),
    ("dim = 8", "dim = -1", &["line ", "-1", "dim = -1"]),
    ("dim = 8", "dim = 8\ndim = 8", &["line ", "duplicate key"]),
    ("channels = [", "channels = [[", &["line "]),
    ("embedding_norm = \"unit\"", "embedding_norm = \"odd\"", &["unknown variant `odd`", "`clip`"]),
    ("window_secs = [0.0, 0.2]", "window_secs = [0.0]", &["line ", "window_secs = [0.0]"]),
    ("schema = 1", "schema = 2", &["schema must be 1; got 2"]),
    ("\"tiny\"", "\"\"", &["name must be text of 1 to 200 bytes", "0 bytes"]),
    ("\"tiny\"", "\"a\\u001b[2Jb\"", &["name must be text without control characters", "1b"]),
    ("\"Fz\", \"Cz\"", "\"Fz\", \"fz\"", &["input.channels", "'Fz' twice"]),
    ("\"Fz\", \"Cz\"", "\"T3\", \"T7\"", &["input.channels", "'T7' twice"]),
    ("\"Fz\", \"Cz\"", "\"Fz\", \"C0z\"", &["input.channels", "electrodes of the 10-05", "'C0z'"]),
    ("[\"Fz\", \"Cz\", \"Pz\", \"Oz\"]", "[]", &["input.channels must be 1 to 1024 names; got 0"]),
    ("rate_hz = 100.0", "rate_hz = 0.0", &["0 Hz is not a sampling rate", "sample_rate_hz = 0.0"]),
    ("rate_hz = 100.0", "rate_hz = nan", &["NaN Hz is not a sampling rate"]),
    ("= [0.0, 0.2]", "= [0.2, 0.0]", &["input.window_secs must be start before end", "[0.2, 0]"]),
    ("= [0.0, 0.2]", "= [0.0, 0.01]", &["2 samples or more", "got 1"]),
    ("= [0.0, 0.2]", "= [0.0, 60.0]", &["input.window_secs", "within 30 s", "[0, 60]"]),
    ("= [-0.1, 0.0]", "= [0.1, 0.0]", &["input.baseline_secs", "[0.1, 0]"]),
    ("= [0.5, 40.0]", "= [0.5, 50.0]", &["input.band_hz", "below 50 Hz", "[0.5, 50.0]"]),
    ("= [0.5, 40.0]", "= [40.0, 0.5]", &["input.band_hz", "two rising frequencies"]),
    ("band_order = 4", "band_order = 0", &["input.band_order must be from 1 to 16; got 0"]),
    ("notch_hz = 0.0", "notch_hz = 50.0", &["input.notch_hz", "below half the rate", "got 50"]),
    ("reference = \"average\"", "reference = \"M1\"", &["input.reference", "got M1"]),
    ("normalisation = \"none\"", "normalisation = \"z\"", &["input.normalisation must be none"]),
    ("unit = \"uV\"", "unit = \"V\"", &["input.unit must be uV; got V"]),
    ("kind = \"flow\"", "kind = \"ddpm\"", &["generator.kind 'ddpm'", "Known kinds: flow"]),
    ("[2, 4, 4]", "[2, 0, 4]", &["generator.latent", "[2, 0, 4]"]),
    ("sigma = 0.4", "sigma = -0.4", &["generator.sigma must be from 0 to 1000; got -0.4"]),
    ("sigma = 0.4", "sigma = nan", &["generator.sigma", "got NaN"]),
    ("steps = 2", "steps = 3", &["generator.steps must be one of steps_allowed, [1, 2, 4]; got 3"]),
    ("[1, 2, 4]", "[0, 1, 2]", &["generator.steps_allowed", "1 to 1000", "[0, 1, 2]"]),
    ("prior_input = \"embedding\"\n", "", &["generator.prior_input and prior_output"]),
    ("scale = 1.0", "scale = 0.0", &["decoder.scale", "got 0"]),
    ("size_px = 16\n\n[embedding]", "size_px = 0\n\n[embedding]", &["image_encoder.size_px"]),
    ("[\"apple\", \"boat\"", "[\"boat\", \"boat\"", &["gallery.ids", "'boat' twice"]),
    ("labels = [\"apple\", ", "labels = [", &["gallery.labels must be 5 labels", "got 4"]),
    ("std = [1.0,", "std = [0.0,", &["quality", "deviations above 0"]),
    ("std = [1.0,", "std = [", &["quality", "same length", "5 and 4"]),
];

#[test]
fn impossible_manifests_say_key_expected_and_got() {
    for (from, to, parts) in MANIFEST {
        let message = edited(from, to);
        says(&message, parts);
        says(&message, &["pack.toml"]);
        assert!(message.len() < 700, "{from} → {to}: {message}");
    }
}

#[test]
fn files_and_paths_are_refused_with_their_names() {
    let listed = |name: &str| format!("[files]\n\"{name}\" = \"{}\"", "0".repeat(64));
    for (name, part) in [
        ("../x", "climbs out"),
        ("/etc/hostname", "absolute path"),
        ("a\\\\b", "backslash"),
        ("", "empty"),
    ] {
        let message = edited("[files]", &listed(name));
        says(&message, &["pack.toml names the file", part, "inside its own folder"]);
    }
    says(&edited("[files]", &listed("x.bin")), &["x.bin is missing"]);
    let short = edited("[files]", "[files]\n\"x.bin\" = \"12\"");
    says(&short, &["files.\"x.bin\" must be 64 hexadecimal digits; got 12"]);
    let message = edited("file = \"decoder.onnx\"", "file = \"d.onnx\"");
    says(&message, &["decoder.file uses 'd.onnx'", "[files] does not list", "Add it"]);
    let message = refusal(|c| std::fs::write(c.path().join("prior.onnx"), b"other").unwrap());
    says(&message, &["prior.onnx is not the file", "expected b67785fc", &sha256(b"other"), "Copy"]);
    let message = refusal(|c| std::fs::remove_file(c.path().join("prior.onnx")).unwrap());
    says(&message, &["prior.onnx is missing", "Copy the pack again"]);
    let message = refusal(|copy| {
        let file = std::fs::OpenOptions::new().write(true).open(copy.path().join("decoder.onnx"));
        file.unwrap().set_len(3 << 30).unwrap();
    });
    says(&message, &["decoder.onnx is too large: 3221225472 bytes", "at most 2147483648"]);
    let message = refusal(|copy| {
        std::fs::remove_file(copy.path().join("prior.onnx")).unwrap();
        std::fs::create_dir(copy.path().join("prior.onnx")).unwrap();
    });
    says(&message, &["prior.onnx"]);
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_are_refused() {
    let message = refusal(|copy| {
        std::fs::remove_file(copy.path().join("prior.onnx")).unwrap();
        std::os::unix::fs::symlink(tiny().join("prior.onnx"), copy.path().join("prior.onnx"))
            .unwrap();
    });
    says(&message, &["prior.onnx", "link that leads out of the pack"]);
}

#[test]
fn tensors_that_disagree_name_both_sides_and_the_key() {
    let cases: &[Edit] = &[
        (
            "input = \"eeg\"",
            "input = \"no\"",
            &["encoder.onnx, tensor 'no'", "encoder.input", "eeg"],
        ),
        ("\"velocity\"", "\"v\"", &["denoiser.onnx, tensor 'v'", "generator.output", "velocity"]),
        ("dim = 8", "dim = 9", &["image_encoder.onnx", "[1, 9] (by embedding.dim)", "[1, 8]"]),
        ("[2, 4, 4]", "[2, 4, 5]", &["[1, 2, 4, 5] (by generator.latent)", "[1, 2, 4, 4]"]),
        ("[0.0, 0.2]", "[0.0, 0.3]", &["encoder.onnx", "input.window_secs", "[1, 4, 20]"]),
        ("\"Fz\", \"Cz\"", "\"Fz\", \"C3\", \"Cz\"", &["encoder.onnx", "[1, 5, 20]", "[1, 4, 20]"]),
        ("1.0\nsize_px = 16", "1.0\nsize_px = 8", &["decoder.onnx", "decoder.size_px", "16, 16"]),
        ("input_mean = \"latent_mean\"\n", "", &["denoiser.onnx", "latent_mean", "no such input"]),
        (
            "tensor = \"embeddings\"",
            "tensor = \"e\"",
            &[GALLERY, "'e'", "gallery.tensor", "embeddings"],
        ),
        (
            ", \"egg\"]\nlabels = [\"apple\", ",
            "]\nlabels = [",
            &["F32 [4, 8]", "gallery.ids", "[5, 8]"],
        ),
    ];
    for (from, to, parts) in cases {
        let message = edited(from, to);
        says(&message, parts);
        says(&message, &["expected", "got"]);
    }
    let f64s = std::fs::read(vectors("packs/bad/encoder_f64.onnx")).unwrap();
    let message = replaced("encoder.onnx", &f64s);
    says(&message, &["encoder.onnx, tensor 'eeg'", "expected f32 [1, 4, 20]", "f64"]);
}

/// A population of responses for the tiny pack, some of whose tensors are of another shape.
fn responses_of(patterns: usize, shapes: &[(&str, Vec<usize>)], value: f32) -> Vec<u8> {
    let usual = [
        ("basis", vec![patterns, 4, 20]),
        ("mean", vec![8, patterns]),
        ("covariance", vec![patterns, patterns]),
    ];
    let tensors: Vec<(&str, Vec<usize>, Vec<u8>)> = usual
        .into_iter()
        .map(|(name, shape)| {
            let other = shapes.iter().find(|(known, _)| *known == name);
            let shape = other.map_or(shape, |(_, shape)| shape.clone());
            let count: usize = shape.iter().product();
            (name, shape, value.to_le_bytes().repeat(count))
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    serialize(views, None).unwrap()
}

/// The tiny pack with these bytes as its responses.
fn with_responses(bytes: &[u8]) -> Copy {
    let copy = Copy::new();
    std::fs::write(copy.path().join("responses.safetensors"), bytes).unwrap();
    copy.edit("[files]", &format!("[files]\n\"responses.safetensors\" = \"{}\"", sha256(bytes)));
    copy.edit("[embedding]", "[responses]\nfile = \"responses.safetensors\"\n\n[embedding]");
    copy
}

#[test]
fn a_population_of_responses_is_checked_tensor_by_tensor() {
    let sound = check(with_responses(&responses_of(3, &[], 0.5)).path(), &runtime_library());
    assert_eq!(sound.unwrap().json["responses"], true);
    assert_eq!(check(&tiny(), &runtime_library()).unwrap().json["responses"], false);
    let file = "responses.safetensors";
    let cases: [(Vec<u8>, &[&str]); 7] = [
        (
            responses_of(3, &[("basis", vec![3, 4, 21])], 0.5),
            &["'basis'", "[3, 4, 20]", "[3, 4, 21]"],
        ),
        (responses_of(3, &[("mean", vec![7, 3])], 0.5), &["'mean'", "embedding.dim", "[7, 3]"]),
        (responses_of(3, &[("covariance", vec![3, 2])], 0.5), &["'covariance'", "[3, 2]"]),
        (responses_of(600, &[("basis", vec![1])], 0.5), &["'mean'", "from 1 to 512", "600"]),
        (responses_of(3, &[], -0.5), &["'covariance'", "negative number on the diagonal"]),
        (responses_of(3, &[], f32::NAN), &["'basis'", "finite numbers", "NaN at place 0"]),
        (b"garbage".to_vec(), &["not a sound safetensors file"]),
    ];
    for (bytes, parts) in cases {
        let copy = with_responses(&bytes);
        let failure = check(copy.path(), &runtime_library()).expect_err("it must be refused");
        assert_eq!(failure.code, 4, "{failure}");
        says(&failure.message, &[file]);
        says(&failure.message, parts);
    }
    let copy = Copy::new();
    copy.edit("[embedding]", "[responses]\nfile = \"../../secret\"\n\n[embedding]");
    let failure = check(copy.path(), &runtime_library()).expect_err("it must be refused");
    says(&failure.message, &["../../secret"]);
}

#[test]
fn galleries_that_cannot_be_ranked_name_the_row() {
    for (value, why) in [(f32::NAN, "value 0 is not a finite number"), (0.0, "length 0")] {
        let values: Vec<f32> =
            (0..40).map(|i| if (16..24).contains(&i) { value } else { 0.5 }).collect();
        let message = replaced(GALLERY, &gallery_of(5, 8, &values));
        says(&message, &[GALLERY, "row 2 ('cat' of gallery.ids)", why, "Export the gallery again"]);
    }
    let message = replaced(GALLERY, &gallery_of(4, 8, &[0.5; 32]));
    says(&message, &[GALLERY, "expected F32 [5, 8]", "gallery.ids × embedding.dim", "F32 [4, 8]"]);
    let message = replaced(GALLERY, b"garbage");
    says(&message, &[GALLERY, "not a sound safetensors file", "Copy the pack again"]);
}

#[test]
fn graphs_that_cannot_be_trusted_say_why() {
    let spoilt = |bytes: &[u8]| replaced("prior.onnx", bytes);
    let whole = std::fs::read(tiny().join("prior.onnx")).unwrap();
    says(&spoilt(b""), &["prior.onnx is not a model", "no ONNX graph", "Export it again"]);
    says(&spoilt(b"not a model"), &["prior.onnx is not a model", "byte 0", "not ONNX"]);
    says(&spoilt(&whole[..whole.len() - 9]), &["prior.onnx is not a model", "cut short"]);
    // Initializer (5) with name (8) and data location (14) EXTERNAL.
    let external = [5 << 3 | 2, 5, 8 << 3 | 2, 1, b'w', 14 << 3, 1];
    let message = refusal(|copy| append_to_graph(copy, "prior.onnx", &external));
    says(&message, &["prior.onnx", "tensor 'w' keeps its values in another file", "inside"]);
    let node = |operator: &[u8], domain: &[u8]| {
        let part = |number: u8, text: &[u8]| [&[number << 3 | 2, text.len() as u8], text].concat();
        let inside = [part(4, operator), part(7, domain), part(2, b"y")].concat();
        [&[1 << 3 | 2, inside.len() as u8][..], &inside].concat()
    };
    let message = refusal(|copy| append_to_graph(copy, "prior.onnx", &node(b"Magic", b"my.ops")));
    says(&message, &["prior.onnx", "operator 'Magic' of 'my.ops'", "com.microsoft only"]);
    let message = refusal(|copy| append_to_graph(copy, "prior.onnx", &node(b"Nonsense", b"")));
    says(&message, &["prior.onnx is not a model that ONNX Runtime can run", "Nonsense"]);
    let mut weights = std::fs::read(tiny().join("encoder.onnx")).unwrap();
    weights[1000..1008].fill(0xff); // two numbers of the largest matrix, wherever they begin: NaN
    let message = replaced("encoder.onnx", &weights);
    says(&message, &["silent window", "encoder.onnx, tensor 'embedding'", "not a finite number"]);
}

/// Faults of `[expected]` and of `[[credit]]`.
const EXTRAS: &[Edit] = &[
    ("gallery = 40", "gallery = 1", &["expected.gallery must be from 2 to 65535; got 1"]),
    ("gallery = 40", "galery = 40", &["unknown field `galery`", "line "]),
    ("simulated = true\ngallery", "gallery", &["missing field `simulated`"]),
    ("trials = 4800", "trials = 0", &["expected.channels.trials", "got 0"]),
    ("snr_db = -14.0\nby", "snr_db = inf\nby", &["expected.channels.snr_db", "-60 to 60; got inf"]),
    ("Oz = 0.05", "Q7 = 0.05", &["loss_absent: each key", "Fz, Cz, Pz, Oz; got Q7"]),
    ("single = 0.1", "single = nan", &["embedding.sureness.single", "from 0 to 1", "NaN"]),
    ("Oz = 0.05\n", "", &["loss_absent must be a loss for every channel", "none for 'Oz'"]),
    ("Oz = 0.05", "Oz = nan", &["expected.channels.loss_absent.Oz must be from -1 to 1; got NaN"]),
    ("Oz = 0.03", "Oz = 3", &["expected.channels.loss_interpolated.Oz", "got 3"]),
    ("missing = 0,", "missing = 3,", &["by_count must be a first row with missing = 0"]),
    (
        "missing = 2,",
        "missing = 1,",
        &["by_count[…].missing must be in rising order; got 1 after 1"],
    ),
    ("missing = 2,", "missing = 5,", &["by_count[2].missing must be from 0 to 4; got 5"]),
    ("top1_absent = 0.33", "top1_absent = 1.33", &["by_count[1].top1_absent", "0 to 1; got 1.33"]),
    ("[0.163, 0.199]", "[0.19, 0.199]", &["levels[0].ci95", "around top1, 0.181", "[0.19, 0.199]"]),
    ("snr_db = -18.0", "snr_db = -14.0", &["levels[…].snr_db must be in rising order"]),
    ("trials = 1800", "trials = 1.5", &["invalid type: floating point `1.5`"]),
    ("licence = \"CC-BY-4.0\"", "licence = \"\"", &["credit[1].licence must be an SPDX", "got ''"]),
    (
        "licence = \"CC-BY-4.0\"",
        "licence = \"free for all\"",
        &["credit[1].licence", "free for all"],
    ),
    ("what = \"pictures\"", "what = \"stuff\"", &["unknown variant `stuff`", "`pictures`"]),
    ("author = \"A. Person\"", "author = \" \"", &["credit[1].author must be text"]),
    ("files = [\"LICENSE-MIT.txt\"]", "files = []", &["credit[0].licence_files must be one file"]),
    ("files = [\"LICENSE-MIT.txt\"]", "files = [\"L\"]", &["credit[0].licence_files", "got 'L'"]),
    ("\"image_encoder.onnx\"]", "\"x.onnx\"]", &["credit[1].covers", "[files]", "got 'x.onnx'"]),
    (
        ", \"image_encoder.onnx\"]",
        "]",
        &["credit must be a list that covers every", "'image_encoder"],
    ),
];

#[test]
fn faults_of_expected_scores_and_credits_say_key_expected_and_got() {
    for (from, to, parts) in EXTRAS {
        let copy = complete();
        copy.edit(from, to);
        let failure = check(copy.path(), &runtime_library()).unwrap_err();
        assert_eq!(failure.code, 4);
        says(&failure.message, parts);
        says(&failure.message, &["pack.toml", "orrect it, or export the pack again"]);
    }
    let copy = complete();
    std::fs::remove_file(copy.path().join("LICENSE-MIT.txt")).unwrap();
    let failure = check(copy.path(), &runtime_library()).unwrap_err();
    says(&failure.message, &["LICENSE-MIT.txt is missing from the model pack"]);
}
