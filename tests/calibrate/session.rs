//! `phosphene calibrate --headless`: a whole session on the virtual subject, and what its folder allows afterwards.
//!
//! Needs ONNX Runtime and the bundled pack, which `cargo xtask setup` and git bring.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use crate::harness;
use crate::harness::program::{json, refused};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

const SUBJECT: [&str; 6] =
    ["--headless", "--protocol", "short", "--source", "sim:subject=77,speed=max,snr=-6", "--json"];

/// A short session of a virtual subject, held once: the folder of all sessions, its own, and what was printed.
fn session() -> &'static (tempfile::TempDir, PathBuf, Value) {
    static HELD: OnceLock<(tempfile::TempDir, PathBuf, Value)> = OnceLock::new();
    HELD.get_or_init(|| {
        let root = tempfile::tempdir().unwrap();
        let out = text(root.path()).to_owned();
        let mut arguments = vec!["calibrate", "--out", &out, "--subject", "77"];
        arguments.extend(SUBJECT);
        let document = json(&arguments);
        let folder = root.path().join("sub-77/ses-01");
        (root, folder, document)
    })
}

/// A session long enough to say how surely its encoder answers, held once.
fn longer() -> &'static (tempfile::TempDir, PathBuf, Value) {
    static HELD: OnceLock<(tempfile::TempDir, PathBuf, Value)> = OnceLock::new();
    HELD.get_or_init(|| {
        let root = tempfile::tempdir().unwrap();
        let (out, protocol) = (text(root.path()).to_owned(), root.path().join("longer.toml"));
        let short = harness::root().join("calibration/short.toml");
        let longer = std::fs::read_to_string(short)
            .unwrap()
            .replacen("name = \"short\"", "name = \"longer\"", 1)
            .replacen("training_cycles = 1", "training_cycles = 3", 1);
        std::fs::write(&protocol, longer).unwrap();
        let mut arguments = vec!["calibrate", "--out", &out, "--subject", "79", "--headless"];
        arguments.extend(["--protocol", text(&protocol), "--json"]);
        arguments.extend(["--source", "sim:subject=79,speed=max,snr=-6"]);
        let document = json(&arguments);
        let folder = root.path().join("sub-79/ses-01");
        (root, folder, document)
    })
}

/// The value of a score in a list.
fn score<'a>(scores: &'a Value, encoder: &str, metric: &str) -> &'a Value {
    let mut all = scores.as_array().unwrap().iter();
    let is = |s: &&Value| s["encoder"] == encoder && s["metric"] == metric;
    all.find(is).unwrap_or_else(|| panic!("{encoder} {metric} is missing: {scores}"))
}

#[test]
fn a_session_leaves_recordings_encoder_scores_and_a_report() {
    let (_, folder, document) = session();
    for name in [
        "protocol.toml",
        "held.json",
        "encoder.onnx",
        "fit.toml",
        "evaluation.json",
        "report.html",
        "sub-77_ses-01_task-calib_run-01.xdf",
        "sub-77_ses-01_task-calib_run-02_timing.csv",
        "sub-77_ses-01_task-test_run-01.xdf",
    ] {
        assert!(folder.join(name).is_file(), "{name}");
    }
    let evaluation = &document["evaluation"];
    assert_eq!(evaluation["simulated"], true);
    assert!(document["fit"]["largest_difference_in_onnx_runtime"].as_f64().unwrap() < 1e-4);
    let held_out = score(&evaluation["held_out"], "personal", "top1");
    assert_eq!((held_out["n"].as_u64(), held_out["k"].as_u64()), (Some(40), Some(1)));
    assert!(held_out["controls"]["pre_stimulus"]["p_value"].as_f64().unwrap() > 0.001);
    let ssim = score(&evaluation["painted"], "personal", "ssim");
    assert!(ssim["controls"]["null_twin"]["value"].is_f64(), "{ssim}");
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    for part in ["SIMULATED", "null twin", "Electrodes", "Scalp maps", "A virtual display"] {
        assert!(page.contains(part), "{part}");
    }
    let strength = evaluation["strength"][0].as_str().unwrap();
    assert!(strength.contains("20 times as strongly as recorded people"), "{strength}");
    assert!(page.contains("20 times as strongly as recorded people"));
}

#[test]
fn the_page_shows_the_best_guess_with_its_probability_chance_draws_and_twin() {
    let (_, folder, document) = longer();
    let evaluation = &document["evaluation"];
    assert!(evaluation["calibrated_by"].as_str().is_some_and(|by| by.contains("trials")));
    assert_eq!(evaluation["withheld"], Value::Null);
    let control = &evaluation["control"];
    assert!(control["trials"].as_u64().unwrap() > 20 && control["succeeded"] == false, "{control}");
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    let decodes = evaluation["decodes"].as_array().unwrap();
    assert_eq!(decodes.len(), 8, "the pictures of the test run");
    for decode in decodes {
        let believed = &decode["believed"];
        assert_eq!(believed["pictures"], 40);
        let better = believed["better_than_noise"].as_bool().unwrap();
        assert_eq!(decode["presented"], if better { "guess" } else { "noise" });
        assert_eq!(decode["twin"]["believed"]["pictures"], 40, "{decode}");
        assert!(decode["k"].as_u64().unwrap() >= 1 && decode["truth_rank"].is_u64());
        if better {
            let label = believed["best"][0]["label"].as_str().unwrap();
            assert!(page.contains(&format!("Best guess: {label}, ")), "{label}");
        }
    }
    assert!(decodes.iter().any(|decode| decode["presented"] == "guess"));
    for part in ["Chance 2.5 %", "told: 40 pictures", " bits · ", "Control: null twins name"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn the_mean_comes_only_when_asked_for_and_a_control_that_succeeds_withholds_everything() {
    let (root, folder, document) = longer();
    let page = root.path().join("mean.html");
    let mean =
        json(&["evaluate", text(folder), "--json", "--show", "mean", "--report", text(&page)]);
    let asked = |decode: &Value| decode["presented"] == "mean" || decode["presented"] == "noise";
    assert!(mean["decodes"].as_array().unwrap().iter().all(asked));
    assert_eq!(mean["decodes"][0]["believed"], document["evaluation"]["decodes"][0]["believed"]);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("Mean of what cannot be ruled out") && !page.contains("Best guess"));

    let page = root.path().join("leak.html");
    let leak = ["evaluate", text(folder), "--json", "--planted-leak", "--report", text(&page)];
    let leak = json(&leak);
    assert_eq!(leak["control"]["succeeded"], true, "{}", leak["control"]);
    assert!(leak["withheld"].as_str().is_some_and(|why| why.contains("The control succeeds")));
    assert!(leak["refused"].is_string() && leak["scores"].as_array().unwrap().is_empty());
    for list in ["held_out", "painted", "decodes"] {
        assert_eq!(leak[list], Value::Null, "{list}");
    }
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("Withheld.") && page.contains("The control succeeds"));
    assert!(!page.contains("data:image/png") && !page.contains("class=\"headline\""));
}

#[test]
fn every_number_can_be_made_again_and_an_encoder_is_not_scored_on_what_it_was_fitted_to() {
    let (root, folder, document) = session();
    let page = root.path().join("again.html");
    let again = json(&["evaluate", text(folder), "--json", "--report", text(&page)]);
    for list in ["scores", "held_out", "painted", "decodes", "control"] {
        assert_eq!(again[list], document["evaluation"][list], "{list}");
    }
    assert!(std::fs::read_to_string(&page).unwrap().contains("sub-77 ses-01"));
    let (code, why) = refused(&["evaluate", text(folder), "--report", text(&page)]);
    assert!(code == 5 && why.contains("not written over"), "{code}: {why}");
    let encoder = folder.join("encoder.onnx");
    let (code, why) = refused(&["evaluate", text(folder), "--encoder", text(&encoder)]);
    assert!(code == 4 && why.contains("was fitted to"), "{code}: {why}");
}

#[test]
fn a_second_session_goes_on_from_the_first_and_nobody_writes_over_one() {
    let (root, _, _) = session();
    let out = text(root.path());
    let mut arguments = vec!["calibrate", "--out", out, "--subject", "77"];
    arguments.extend(SUBJECT);
    let second = json(&arguments);
    let runs = second["fit"]["runs"].as_array().unwrap();
    let sessions: Vec<u64> = runs.iter().map(|run| run["session"].as_u64().unwrap()).collect();
    assert_eq!(sessions, [0, 0, 0, 1, 1, 1], "fitted to all runs of both");
    assert_eq!(second["evaluation"]["runs"].as_array().unwrap().len(), 3, "scored on its own");
    let mut named = vec!["calibrate", "--out", out, "--subject", "77", "--session", "01"];
    named.extend(SUBJECT);
    let (code, why) = refused(&named);
    assert!(code == 2 && why.contains("held already"), "{code}: {why}");
}

#[test]
fn an_encoder_of_another_pack_is_refused() {
    let (root, folder, _) = session();
    // The same encoder, with a provenance that names another pack.
    let moved = root.path().join("moved");
    std::fs::create_dir_all(&moved).unwrap();
    std::fs::copy(folder.join("encoder.onnx"), moved.join("encoder.onnx")).unwrap();
    let fit = std::fs::read_to_string(folder.join("fit.toml")).unwrap();
    let table: toml::Table = toml::from_str(&fit).unwrap();
    let hash = table["pack_sha256"].as_str().unwrap();
    std::fs::write(moved.join("fit.toml"), fit.replace(hash, &"0".repeat(64))).unwrap();
    let encoder = moved.join("encoder.onnx");
    let arguments =
        ["live", "--source", "sim", "--headless", "--seconds", "2", "--encoder", text(&encoder)];
    let (code, why) = refused(&arguments);
    assert!(code == 4 && why.contains("fitted to the pack"), "{code}: {why}");
}

#[test]
fn pictures_of_ones_own_are_embedded_shown_fitted_and_kept() {
    let root = tempfile::tempdir().unwrap();
    let mine = root.path().join("mine");
    std::fs::create_dir_all(&mine).unwrap();
    let assets = harness::root().join("assets/stimuli");
    for name in ["panda", "banana", "bicycle", "airplane", "backpack", "guitar"] {
        std::fs::copy(assets.join(format!("{name}.png")), mine.join(format!("{name}.png")))
            .unwrap();
    }
    let protocol = root.path().join("six.toml");
    let short = std::fs::read_to_string(harness::root().join("calibration/short.toml")).unwrap();
    let six = short
        .replacen("name = \"short\"", "name = \"six\"", 1)
        .replacen("held_out = 8", "held_out = 2", 1)
        .replacen("training_cycles = 1", "training_cycles = 6", 1);
    std::fs::write(&protocol, six).unwrap();
    let out = text(root.path());
    let mut arguments =
        vec!["calibrate", "--out", out, "--subject", "own", "--pictures", text(&mine)];
    arguments.extend(["--headless", "--protocol", text(&protocol), "--json"]);
    arguments.extend(["--source", "sim:subject=78,speed=max,snr=-6"]);
    let document = json(&arguments);
    assert_eq!(document["evaluation"]["pictures"], 4, "those of the training runs");
    let kept = root.path().join("sub-own/ses-01/stimuli");
    // The pack has a panda of its own: this one has another name.
    assert!(kept.join("panda_2.png").is_file() && kept.join("embeddings.safetensors").is_file());
    let top1 = score(&document["evaluation"]["scores"], "personal", "top1");
    assert!(top1["value"].as_f64().unwrap() > 0.4, "chance is a quarter: {top1}");
}

#[test]
fn what_nobody_could_see_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let out = text(root.path());
    let base = ["calibrate", "--out", out, "--headless", "--source"];
    let with = |more: &[&'static str]| {
        let mut all = base.to_vec();
        all.extend(more);
        refused(&all)
    };
    let (code, why) = with(&["brainflow:synthetic"]);
    assert!(code == 2 && why.contains("virtual subject"), "{code}: {why}");
    let (code, why) = with(&["sim", "--pictures", "/nowhere"]);
    assert!(code == 6 && why.contains("/nowhere"), "{code}: {why}");
    let (code, why) = with(&["sim", "--protocol", "none-such"]);
    assert!(code == 6 && why.contains("default, short"), "{code}: {why}");
}
