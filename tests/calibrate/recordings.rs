//! `phosphene fit` and `phosphene evaluate` on recordings of the virtual subject: the written encoder does in ONNX
//! Runtime what was fitted, takes the pack's place live, and what cannot be used is said.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness;
use crate::harness::program::outcome_with_data;

/// Two runs of a loud subject whom the pack never met.
fn session(folder: &Path) -> PathBuf {
    let session = folder.join("ses-01");
    std::fs::create_dir(&session).unwrap();
    for seed in [1, 2] {
        let source = format!("sim:subject=77,snr=-8,repeats=1,speed=max,seconds=100,seed={seed}");
        let out = session.join(format!("run-0{seed}.xdf"));
        let (code, _, errors) = outcome_with_data(
            &["record", "--source", &source, "--out", out.to_str().unwrap()],
            folder,
        );
        assert_eq!(code, 0, "{errors}");
    }
    session
}

#[test]
fn a_session_becomes_an_encoder_that_is_used_live_and_scored() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path());
    let path = session.to_str().unwrap();
    let (code, json, errors) = outcome_with_data(&["fit", path, "--json"], folder.path());
    assert_eq!(code, 0, "{errors}");
    let fit: Value = serde_json::from_str(&json).unwrap();
    assert!(fit["trials"].as_u64().unwrap() > 200 && fit["pictures"] == 40, "{fit:#}");
    assert_eq!(fit["simulated"], true);
    assert!(fit["largest_difference_in_onnx_runtime"].as_f64().unwrap() <= 1e-4);
    let kept = std::fs::read_to_string(session.join("fit.toml")).unwrap();
    let kept: toml::Value = toml::from_str(&kept).unwrap();
    assert_eq!(kept["encoder_sha256"].as_str(), fit["encoder_sha256"].as_str());

    // Nothing is written over.
    let (code, _, errors) = outcome_with_data(&["fit", path], folder.path());
    assert!(code == 5 && errors.contains("not written over"), "{code} {errors}");

    // Live, the personal encoder stands in the pack's place.
    let encoder = session.join("encoder.onnx");
    let run = session.join("run-01.xdf");
    let replay = |more: &[&str]| {
        let mut arguments = vec!["replay", run.to_str().unwrap(), "--speed", "max", "--headless"];
        arguments.extend(["--no-twin", "--json"]);
        arguments.extend(more);
        let (code, json, errors) = outcome_with_data(&arguments, folder.path());
        assert_eq!(code, 0, "{errors}");
        serde_json::from_str::<Value>(&json).unwrap()
    };
    let personal = replay(&["--encoder", encoder.to_str().unwrap()]);
    assert_eq!(personal["pack"]["encoder_sha256"], fit["encoder_sha256"]);
    let top1 = |document: &Value| document["truth"]["top1"].as_f64().unwrap();
    assert!(top1(&personal) > top1(&replay(&[])), "on its own training data it must do better");

    let (code, json, errors) = outcome_with_data(&["evaluate", path, "--json"], folder.path());
    assert_eq!(code, 0, "{errors}");
    let scores: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(scores["refused"], Value::Null, "{}", scores["refused"]);
    for split in ["runs", "pictures"] {
        let found = scores["scores"].as_array().unwrap().iter().find(|score| {
            score["split"] == split && score["metric"] == "top1" && score["encoder"] == "personal"
        });
        let score = found.unwrap();
        assert_eq!((score["k"].as_u64(), score["n"].as_u64()), (Some(1), Some(40)));
        assert!(score["ci95"][0].as_f64() > score["chance"].as_f64(), "{score:#}");
        assert_eq!(score["controls"].as_object().unwrap().len(), 5, "{score:#}");
    }
}

#[test]
fn what_cannot_be_fitted_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let record = |source: &str, name: &str| {
        let out = path(name);
        let (code, _, errors) =
            outcome_with_data(&["record", "--source", source, "--out", &out], folder.path());
        assert_eq!(code, 0, "{errors}");
        out
    };
    let refused = |given: &str, expected: i32, words: &str| {
        let (code, _, errors) = outcome_with_data(&["fit", given], folder.path());
        assert!(code == expected && errors.contains(words), "{given}: {code} {errors}");
        assert!(!Path::new(&given.replace(".xdf", "-fit")).join("encoder.onnx").exists());
    };
    refused(&path("nowhere.xdf"), 6, "nowhere.xdf");
    std::fs::create_dir(path("empty")).unwrap();
    refused(&path("empty"), 6, "no recording");
    let short = record("sim:repeats=1,speed=max,seconds=8", "short.xdf");
    refused(&short, 6, "usable trials");
    let one = record("sim:repeats=100,speed=max,seconds=40", "one.xdf");
    refused(&one, 6, "at least 2");
    let montage = record("sim:montage=Fp1/Fp2,repeats=1,speed=max,seconds=30", "frontal.xdf");
    refused(&montage, 6, "electrodes");
}

#[test]
fn a_source_that_stays_away_ends_a_recording_with_code_5() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.xdf");
    let source = "faulty:unplug=1,back=1000+sim";
    let arguments = ["record", "--source", source, "--seconds", "3", "--out"];
    let arguments: Vec<&str> = arguments.into_iter().chain([out.to_str().unwrap()]).collect();
    let (code, _, errors) = outcome_with_data(&arguments, folder.path());
    assert!(code == 5 && errors.contains("had not come back"), "{code} {errors}");
    let (code, json, _) =
        outcome_with_data(&["inspect", out.to_str().unwrap(), "--json"], folder.path());
    let found: Value = serde_json::from_str(&json).unwrap();
    assert!(code == 0 && found["streams"][0]["samples"].as_u64() >= Some(240), "{json}");
}

#[test]
fn a_table_of_markers_is_checked_and_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("events.toml");
    let out = folder.path().join("a.xdf");
    let (code, _, errors) = outcome_with_data(
        &[
            "record",
            "--source",
            "sim:repeats=1,speed=max,seconds=60",
            "--out",
            out.to_str().unwrap(),
        ],
        folder.path(),
    );
    assert_eq!(code, 0, "{errors}");
    let evaluate = |text: &str| {
        std::fs::write(&table, text).unwrap();
        let arguments = ["evaluate", out.to_str().unwrap(), "--events", table.to_str().unwrap()];
        outcome_with_data(&arguments, folder.path())
    };
    let two = "[classes]\na = [\"stim/panda\"]\nb = [\"stim/cat\"]\n";
    for (text, code, words) in [
        ("schema = 2\n".to_owned() + two, 2, "schema"),
        ("schema = 1\n[classes]\na = [\"x\"]\n".into(), 2, "2 to 10"),
        ("schema = 1\n".to_owned() + &two.replace("cat", "panda"), 2, "stands for a and for b"),
        (format!("schema = 1\n{two}[signal]\nband_hz = [30.0, 1.0]\n"), 2, "band_hz"),
        (format!("schema = 1\n{two}[signal]\nspeed = 1\n"), 2, "unknown field"),
        ("schema = 1\n".to_owned() + &two.replace("stim", "nothing"), 6, "inspect"),
        ("schema = 1\n".to_owned() + two, 6, "of class"),
        (
            format!("schema = 1\n{two}[signal]\nchannels = [\"Fpz\", \"AFz\", \"Nz\"]\n"),
            6,
            "electrodes",
        ),
    ] {
        let (got, _, errors) = evaluate(&text);
        assert!(got == code && errors.contains(words), "{text}: {got} {errors}");
    }
    let example = harness::root().join("calibration/events-example.toml");
    let (code, _, errors) = evaluate(&std::fs::read_to_string(example).unwrap());
    assert!(code == 6, "the example is a sound table: {code} {errors}");
}
