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

    // The same from the recordings themselves, whose markers name pictures: what was seen is a class then.
    let named = path("named");
    let arguments = [&recordings[0], &recordings[1], "--events", &plain, "--out", &named];
    run(&[&["fit"], &arguments[..]].concat());
    classes_are_believed(folder.path(), &named);
    without_answers_a_class_pack_is_not_calibrated(folder.path(), &named);
}

/// Every decode of a new recording, and the run's document.
fn replayed(folder: &Path, pack: &str, name: &str, repeats: u32) -> (Vec<Value>, Value) {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let recording = path(&format!("{name}.xdf"));
    let source = format!("sim:subject=3,snr=6,repeats={repeats},speed=max,seconds=140,seed=3");
    run(&["record", "--source", &source, "--out", &recording]);
    let out = path(name);
    let mut arguments = vec!["replay", &recording, "--pack", pack, "--speed", "max", "--headless"];
    arguments.extend(["--no-pictures", "--out", &out, "--json"]);
    let document = json(&arguments);
    let lines = std::fs::read_to_string(folder.join(name).join("decodes.jsonl")).unwrap();
    let decodes = lines.lines().map(|line| serde_json::from_str(line).unwrap());
    let decodes = decodes.filter(|line: &Value| line["abstained"].is_null()).collect();
    (decodes, document)
}

/// Probabilities of classes are in the same record as those of pictures, and worth what they say.
fn classes_are_believed(folder: &Path, pack: &str) {
    let (decodes, document) = replayed(folder, pack, "alone", 1);
    let by = document["pack"]["calibrated_by"].as_str().unwrap();
    assert!(by.contains("left out of the fit run by run"), "{by}");
    assert!(document["control"]["trials"].as_u64().unwrap() > 50, "{}", document["control"]);
    assert_eq!(document["control"]["succeeded"], false, "{}", document["control"]);
    let (mut said, mut right, mut better) = (0.0, 0.0, 0);
    for decode in &decodes {
        let believed = &decode["believed"];
        assert_eq!(
            (believed["pictures"].as_u64(), believed["calibrated_to"].as_u64()),
            (Some(2), Some(1))
        );
        assert_eq!((&decode["shows"], &believed["something_else"]), (&"best".into(), &Value::Null));
        let share = |guess: &Value| guess["probability"].as_f64().unwrap();
        let all: f64 = believed["best"].as_array().unwrap().iter().map(share).sum();
        assert!((all - 1.0).abs() < 1e-9 && believed["draws"].as_array().unwrap().len() == 4);
        assert!(["first", "second"].contains(&believed["best"][0]["label"].as_str().unwrap()));
        said += share(&believed["best"][0]);
        right += f64::from(u8::from(believed["truth_rank"] == 1));
        better += usize::from(believed["better_than_noise"] == true);
    }
    let n = decodes.len() as f64;
    assert!(n > 100.0 && right / n > 0.55, "{right} of {n}");
    // Three standard errors of a share.
    assert!((said - right).abs() / n < 1.5 / n.sqrt(), "said {said}, right {right} of {n}");
    assert!(better > 0 && better < decodes.len(), "{better} of {n} are better than noise");
    assert!(decodes.iter().any(|decode| decode["p_shown"].is_f64() && decode["p_value"].is_f64()));
    assert!(decodes.iter().any(|decode| decode["twin_believed"]["pictures"] == 2));

    let (decodes, _) = replayed(folder, pack, "three", 3);
    for decode in &decodes {
        let beyond = decode["k"].as_u64().unwrap() > 1;
        assert_eq!(decode["believed"]["beyond_calibration"], beyond, "said beyond one look");
    }
    let gained = |k: u64| -> f64 {
        let of = decodes.iter().filter(|decode| decode["k"] == k);
        let bits: Vec<f64> =
            of.map(|decode| decode["believed"]["gain_bits"].as_f64().unwrap()).collect();
        bits.iter().sum::<f64>() / bits.len() as f64
    };
    assert!(gained(3) > gained(1), "looks add up: {} and {}", gained(1), gained(3));
}

/// As packs were before: they load, and nothing says how surely their encoder answers.
fn without_answers_a_class_pack_is_not_calibrated(folder: &Path, pack: &str) {
    let manifest = Path::new(pack).join("pack.toml");
    let mut table: toml::Table =
        toml::from_str(&std::fs::read_to_string(&manifest).unwrap()).unwrap();
    table.remove("answers").unwrap();
    table["files"].as_table_mut().unwrap().remove("answers.safetensors").unwrap();
    table["gallery"].as_table_mut().unwrap().remove("members").unwrap();
    for credit in table["credit"].as_array_mut().unwrap() {
        let covers = credit["covers"].as_array_mut().unwrap();
        covers.retain(|file| file.as_str() != Some("answers.safetensors"));
    }
    std::fs::write(&manifest, toml::to_string(&table).unwrap()).unwrap();
    std::fs::remove_file(Path::new(pack).join("answers.safetensors")).unwrap();
    let (decodes, document) = replayed(folder, pack, "old", 1);
    assert_eq!(document["pack"]["calibrated_by"], Value::Null);
    assert!(decodes.iter().all(|line| line["believed"].is_null() && line["shows"] == "mean"));
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
