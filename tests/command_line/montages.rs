//! Montages on the command line: presets, `--montage`, and what is saved for devices.

use crate::harness::program::{json, outcome_with_data, refused};

/// Five seconds of the simulated headset with OpenBCI's eight electrodes.
const EIGHT: &str = "sim:subject=7,speed=max,seconds=5,montage=cyton8";

#[test]
fn presets_are_listed_with_their_sources() {
    let document = json(&["montages", "--json"]);
    let presets = document["presets"].as_array().unwrap();
    assert!(presets.len() >= 25);
    let cyton = presets.iter().find(|preset| preset["name"] == "cyton8").unwrap();
    assert_eq!(cyton["channels"][7], "O2");
    assert!(cyton["source"].as_str().unwrap().contains("OpenBCI"));
    assert_eq!(json(&["montages", "muse4", "--json"])["presets"].as_array().unwrap().len(), 1);
    assert_eq!(refused(&["montages", "muse5"]).0, 2);
}

#[test]
fn a_montage_that_makes_no_sense_is_refused_before_anything_runs() {
    for (montage, code, why) in [
        ("cytn8", 2, "the nearest is cyton8"),
        ("Fp1=Nose", 2, "'Nose' is no electrode"),
        ("nowhere.toml", 6, "cannot be read"),
    ] {
        for command in [
            &["live", "--headless"][..],
            &["record", "-s", "sim", "--out", "x.xdf"],
            &["evaluate", "x.xdf"],
        ] {
            let arguments = [command, &["--montage", montage]].concat();
            let (got, said) = refused(&arguments);
            assert!(got == code && said.contains(why), "{arguments:?}: {got} {said}");
        }
    }
}

#[test]
fn a_montage_moves_electrodes_and_the_document_says_what_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let run = |montage: &str| -> (i32, serde_json::Value, String) {
        let arguments =
            ["live", "--headless", "--no-twin", "--source", EIGHT, "--montage", montage, "--json"];
        let (code, printed, said) = outcome_with_data(&arguments, folder.path());
        (code, serde_json::from_str(&printed).unwrap_or_default(), said)
    };
    let (code, document, said) = run("label");
    assert_eq!(code, 0, "{said}");
    assert_eq!(document["source"]["channels"][7], "O2");
    let (code, document, said) = run("O1=Oz,O2=-");
    assert_eq!(code, 0, "{said}");
    assert_eq!(document["source"]["channels"][6], "Oz");
    assert_eq!(document["source"]["channels"][7], "O2 (no electrode)");
    let notes = document["source"]["notes"].to_string();
    assert!(notes.contains("by hand: Fp1 = Fp1") && notes.contains("O1 = Oz, O2 = -"), "{notes}");
    let (code, _, said) = run("Ch9=Oz");
    assert!(code == 2 && said.contains("no channel 'Ch9'"), "{code} {said}");
}

#[test]
fn a_recording_holds_the_electrodes_and_the_devices_own_labels() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.xdf");
    let path = file.to_str().unwrap();
    let source = "sim:speed=max,seconds=4,montage=cyton8";
    json(&["record", "-s", source, "--montage", "unicorn8", "--out", path, "--json"]);
    let document = json(&["inspect", path, "--json"]);
    let eeg = document["streams"].as_array().unwrap().iter().find(|s| s["type"] == "EEG").unwrap();
    let labels: Vec<&str> =
        eeg["channels"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
    assert_eq!(labels, ["Fz", "C3", "Cz", "C4", "Pz", "PO7", "Oz", "PO8"]);
    let bytes = std::fs::read(&file).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("preset unicorn8") && holds("Fp1 = Fz, Fp2 = C3"));
}

#[test]
fn what_is_saved_is_shown_and_a_broken_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("phosphene");
    std::fs::create_dir(&data).unwrap();
    let (code, printed, _) = outcome_with_data(&["montages", "--saved"], folder.path());
    assert!(code == 0 && printed.contains("nothing is saved"), "{printed}");
    std::fs::write(data.join("montages.toml"), "schema = 7").unwrap();
    let (code, _, said) = outcome_with_data(&["montages", "--saved"], folder.path());
    assert!(code == 0 && said.contains("is of version 7"), "{said}");
    // And a run goes on without it, and says so.
    let arguments = ["live", "--headless", "--source", "sim:speed=max,seconds=4", "--json"];
    let (code, printed, said) = outcome_with_data(&arguments, folder.path());
    assert!(code == 0 && printed.contains("the saved montages are not used"), "{said}");
}
