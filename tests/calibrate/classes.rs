//! Two classes from recordings made elsewhere: a BIDS data set with its table of events scores as the recordings it was
//! made from, and a fit of it is a model pack that is checked, replayed and never written over.
//!
//! Needs ONNX Runtime and the bundled pack, which `cargo xtask setup` and git bring.

use std::path::Path;

use serde_json::Value;

use crate::harness::program::{json, refused, run};

/// Half of the forty pictures against the other half, named as `name` says.
fn table(name: impl Fn(&str) -> String) -> String {
    let set = phosphene::signal::StimulusSet::bundled().unwrap();
    let class = |half: std::ops::Range<usize>| -> String {
        let names: Vec<String> =
            set.stimuli[half].iter().map(|s| format!("\"{}\"", name(&s.id))).collect();
        names.join(", ")
    };
    format!(
        "schema = 1\n[classes]\nfirst = [{}]\nsecond = [{}]\n[pictures]\nfirst = \"panda\"\nsecond = \"tent\"\n\
         [signal]\nwindow_secs = [0.0, 0.6]\nbaseline_secs = [-0.1, 0.0]\nband_hz = [0.5, 30.0]\n",
        class(0..20),
        class(20..40)
    )
}

fn auc(evaluation: &Value) -> f64 {
    evaluation["scores"][0]["value"].as_f64().unwrap()
}

#[test]
fn a_bids_data_set_is_scored_and_fitted_like_the_recordings_it_was_made_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let study = path("study");
    for seed in ["1", "2"] {
        let source = format!("sim:subject=3,snr=6,repeats=1,speed=max,seconds=70,seed={seed}");
        let recording = path(&format!("run-{seed}.xdf"));
        run(&["record", "--source", &source, "--out", &recording]);
        run(&["convert", &recording, &study, "--to", "bids", "--run", seed]);
    }
    let (plain, bids) = (path("plain.toml"), path("bids.toml"));
    std::fs::write(&plain, table(|id| format!("stim/{id}"))).unwrap();
    std::fs::write(&bids, table(|id| format!("concept={id}"))).unwrap();
    let recordings = [path("run-1.xdf"), path("run-2.xdf")];
    let direct = json(&["evaluate", &recordings[0], &recordings[1], "--events", &plain, "--json"]);
    let through = json(&["evaluate", &study, "--events", &bids, "--json"]);
    assert_eq!(direct["trials"], through["trials"], "no event is lost on the way");
    assert!(direct["trials"].as_u64().unwrap() > 150);
    assert!(
        through["runs"].as_array().unwrap().len() == 2 && auc(&direct) > 0.6,
        "{}",
        auc(&direct)
    );
    // BDF holds 24 bits: the signal is nearly the same.
    assert!((auc(&direct) - auc(&through)).abs() < 0.02, "{} {}", auc(&direct), auc(&through));

    let pack = path("pack");
    let fit = json(&["fit", &study, "--events", &bids, "--out", &pack, "--json"]);
    assert!(fit["largest_difference_in_onnx_runtime"].as_f64().unwrap() <= 1e-4);
    assert_eq!(fit["pictures"]["second"], "tent");
    assert!(fit["inner_auc"].as_f64().unwrap() > 0.55, "{fit}");
    run(&["pack", "check", &pack]);
    let replayed = json(&[
        "replay",
        &recordings[0],
        "--pack",
        &pack,
        "--speed",
        "max",
        "--headless",
        "--no-twin",
        "--json",
    ]);
    assert!(replayed["windows"]["decoded"].as_u64().unwrap() > 60, "{}", replayed["windows"]);
    let (code, why) = refused(&["fit", &study, "--events", &bids, "--out", &pack]);
    assert!(code == 5 && why.contains("not written over"), "{code}: {why}");
}

#[test]
fn what_cannot_be_fitted_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let events = path("events.toml");
    std::fs::write(&events, table(|id| format!("stim/{id}"))).unwrap();
    let empty = folder.path().join("nothing");
    std::fs::create_dir(&empty).unwrap();
    let (code, why) =
        refused(&["evaluate", empty.to_str().unwrap(), "--events", &events, "--json"]);
    assert!(code == 6 && why.contains("no BIDS data set"), "{code}: {why}");
    let recording = path("a.xdf");
    run(&["record", "--source", "sim:repeats=1,speed=max,seconds=40", "--out", &recording]);
    let strict = std::fs::read_to_string(&events).unwrap() + "reject_uv = 0.001\n";
    std::fs::write(&events, strict).unwrap();
    let (code, why) = refused(&["evaluate", &recording, "--events", &events]);
    assert!(code == 6 && why.contains("larger than signal.reject_uv"), "{code}: {why}");
    let text = std::fs::read_to_string(&events).unwrap();
    let unknown = text.replace("second = \"tent\"", "second = \"unicorn\"").replace("0.001", "0.0");
    std::fs::write(&events, unknown).unwrap();
    let out = path("pack");
    let (code, why) = refused(&["fit", &recording, "--events", &events, "--out", &out]);
    assert!(code == 6 && why.contains("'unicorn'"), "{code}: {why}");
    assert!(!Path::new(&out).join("pack.toml").exists());
}
