//! The built program, run as a person would: exit codes, messages, JSON documents.
//!
//! Needs ONNX Runtime and the bundled pack, which `cargo xtask setup` and git bring.

use crate::harness::program::{json, phosphene, refused, run, undisturbed};
use crate::harness::{copy_folder, demo_pack};

#[test]
fn live_on_the_simulated_headset_gives_evidence_pictures_and_a_document() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let document = json(&[
        "live",
        "--source",
        "sim:subject=7",
        "--headless",
        "--seconds",
        "12",
        "--json",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(document["schema"], 1);
    assert_eq!(document["source"]["simulated"], true);
    assert_eq!(document["samples"]["lost"], 0);
    assert!(document["windows"]["decoded"].as_u64().unwrap() >= 5, "{document}");
    assert_eq!(document["truth"]["gallery"], 40);
    assert!((document["truth"]["chance_top1"].as_f64().unwrap() - 0.025).abs() < 1e-12);
    assert!(document["latency_ms"]["window_to_image"]["p50"].as_f64().unwrap() > 0.0);
    assert_eq!(document["decode_hash"].as_str().unwrap().len(), 64);
    let never_ran = json(&["live", "--headless", "--seconds", "0.2", "--json"]);
    assert!(never_ran["latency_ms"]["encode"].is_null(), "{never_ran}");
    let lines = std::fs::read_to_string(out.join("decodes.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["simulated"], true);
    let sheet = std::fs::read(out.join("sheet.png")).unwrap();
    assert!(sheet.windows(9).any(|bytes| bytes == b"SIMULATED"), "the sheet's text chunk says so");
}

#[test]
fn free_running_windows_know_no_truth() {
    let document = json(&[
        "live",
        "--source",
        "sim",
        "--headless",
        "--seconds",
        "4",
        "--mode",
        "free",
        "--json",
    ]);
    assert!(document["truth"].is_null());
    assert!(document["windows"]["decoded"].as_u64().unwrap() >= 5, "{document}");
}

#[test]
fn steadying_changes_pictures_and_no_number() {
    let _busy = undisturbed();
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, extra: &[&str]| {
        let out = folder.path().join(name);
        let fixed = ["live", "--source", "sim:speed=max,subject=7", "--headless", "--seconds", "8"];
        let more = ["--mode", "free", "--show", "mean", "--json", "--out", out.to_str().unwrap()];
        let document = json(&[&fixed[..], &more[..], extra].concat());
        let lines = std::fs::read_to_string(out.join("decodes.jsonl")).unwrap();
        let lines: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let last = lines.iter().rfind(|line| line["abstained"].is_null()).unwrap();
        let picture = format!("window-{:06}.png", last["window"].as_u64().unwrap());
        let bytes = std::fs::read(out.join(&picture)).unwrap();
        let pixels = image::load_from_memory(&bytes).unwrap().into_rgb8().into_raw();
        (document, lines, bytes, pixels)
    };
    let (steady, steady_lines, bytes, pixels) = run("a", &[]);
    let (_, _, _, again) = run("b", &[]);
    let (plain, plain_lines, _, others) = run("c", &["--steady", "off", "--noise", "fresh"]);
    assert_eq!((pixels == again, pixels == others), (true, false));
    assert_eq!(steady["pictures"]["steady"], "auto");
    assert_eq!(steady["pictures"]["steadied"], steady["windows"]["decoded"]);
    assert_eq!(
        (&plain["pictures"]["noise"], &plain["pictures"]["steadied"]),
        (&"fresh".into(), &0.into())
    );
    assert_eq!(steady["decode_hash"], plain["decode_hash"]);
    assert_eq!(steady["evidence"], plain["evidence"]);
    for (a, b) in steady_lines.iter().zip(&plain_lines).filter(|(a, _)| a["abstained"].is_null()) {
        assert_eq!((&a["top5"], &a["p_value"]), (&b["top5"], &b["p_value"]));
        assert!(a["steady_weight"].is_number(), "{a}");
        // There is a twin as soon as there is another window two seconds away.
        assert_eq!(a["twin_steady_weight"].is_number(), a["twin_believed"].is_object(), "{a}");
        assert_eq!((&a["noise"], &b["noise"]), (&"fixed".into(), &"fresh".into()));
        assert!(b["steady_weight"].is_null());
    }
    let said = b"steadied, weight of this window";
    assert!(bytes.windows(said.len()).any(|part| part == said), "the picture's text chunk says so");
}

#[test]
fn the_synthetic_board_is_read_without_loss() {
    let document = json(&[
        "live",
        "--source",
        "brainflow:synthetic",
        "--headless",
        "--seconds",
        "4",
        "--json",
    ]);
    assert_eq!(document["source"]["kind"], "brainflow");
    assert_eq!(document["source"]["simulated"], true);
    assert_eq!(document["samples"]["lost"], 0);
    assert!(document["samples"]["received"].as_u64().unwrap() > 700, "{document}");
}

#[test]
fn a_recording_made_live_is_a_source() {
    let _quiet = undisturbed();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.xdf");
    let live = json(&[
        "live",
        "--source",
        "sim",
        "--headless",
        "--seconds",
        "4",
        "--json",
        "--record",
        file.to_str().unwrap(),
    ]);
    let source = format!("file:{}", file.display());
    let again = json(&["live", "--source", &source, "--headless", "--json"]);
    assert_eq!(again["source"]["kind"], "file");
    assert_eq!(again["source"]["simulated"], true, "the recording says SIMULATED");
    assert_eq!(again["samples"]["received"], live["samples"]["received"]);
    assert_eq!(again["decode_hash"], live["decode_hash"], "the same samples, the same embeddings");
}

#[test]
fn wrong_arguments_end_with_code_two() {
    for arguments in [
        &["live", "--source", "muse:1", "--headless"][..],
        &["live", "--source", "sim:nonsense=1", "--headless"],
        &["live", "--seconds", "-1", "--headless"],
        &["live", "--json"],
        &["nonsense"],
    ] {
        let (code, message) = refused(arguments);
        assert_eq!(code, 2, "{arguments:?}: {message}");
    }
}

#[test]
fn sources_that_are_not_there_end_with_code_three() {
    let (code, message) =
        refused(&["live", "--source", "lsl:name=NobodyHasThisName,timeout=1", "--headless"]);
    assert_eq!(code, 3, "{message}");
    let (code, message) = refused(&[
        "live",
        "--source",
        "brainflow:cyton,serial_port=/dev/nothing-here",
        "--headless",
    ]);
    assert_eq!(code, 3, "{message}");
    assert!(message.contains("/dev/nothing-here"), "{message}");
    let (code, message) = refused(&["live", "--source", "brainflow:cyton", "--headless"]);
    assert_eq!(code, 2, "a missing parameter is a matter of usage: {message}");
    assert!(message.contains("serial_port"), "{message}");
}

#[test]
fn a_missing_library_says_how_to_get_it() {
    let output = phosphene()
        .env("ORT_DYLIB_PATH", "/nowhere/libonnxruntime.so")
        .args(["live", "--headless", "--seconds", "1"])
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{message}");
    assert!(message.contains("/nowhere/libonnxruntime.so"), "{message}");
}

#[test]
fn packs_that_are_wrong_end_with_code_four() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("pack");
    copy_folder(&demo_pack(), &pack);
    let encoder = pack.join("encoder.onnx");
    let mut bytes = std::fs::read(&encoder).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&encoder, bytes).unwrap();
    let folder = pack.to_str().unwrap();
    let (code, message) = refused(&["live", "--headless", "--seconds", "1", "--pack", folder]);
    assert_eq!(code, 4, "{message}");
    assert!(message.contains("encoder.onnx"), "{message}");
    let (code, message) = refused(&["pack", "check", folder]);
    assert_eq!(code, 4, "{message}");
}

#[test]
fn files_that_cannot_be_read_end_with_code_six() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("not.xdf");
    std::fs::write(&file, b"this is not a recording").unwrap();
    let source = format!("file:{}", file.display());
    let (code, message) = refused(&["live", "--source", &source, "--headless"]);
    assert_eq!(code, 6, "{message}");
}

#[test]
fn an_output_folder_with_an_earlier_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("decodes.jsonl"), b"{}").unwrap();
    let out = folder.path().to_str().unwrap();
    let (code, message) = refused(&["live", "--headless", "--seconds", "1", "--out", out]);
    assert_eq!(code, 5, "{message}");
}

#[test]
fn a_pack_makes_pictures_of_labels() {
    let folder = tempfile::tempdir().unwrap();
    let png = folder.path().join("picture.png");
    run(&["pack", "generate", "models/demo", "--label", "banana", "--out", png.to_str().unwrap()]);
    let picture = image::open(png).unwrap();
    assert_eq!((picture.width(), picture.height()), (128, 128));
}

#[test]
fn devices_and_doctor_give_documents() {
    let devices = json(&["devices", "--wait", "0.6", "--json"]);
    assert!(devices["brainflow"].as_array().unwrap().len() > 20);
    let doctor = json(&["doctor", "--json"]);
    assert_eq!(doctor["ok"], true, "{doctor}");
}
