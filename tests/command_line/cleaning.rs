//! Cleaning as it is asked for: what is on is in the document, what contradicts is refused, and a fit to cleaned signal is held to
//! it.

use crate::harness::program::{json, refused, run};

#[test]
fn what_is_cleaned_is_in_the_document_and_nothing_is_by_default() {
    let run_of = |clean: &[&str]| {
        let source = "sim:subject=7,seconds=8,speed=max";
        let plain = ["live", "--source", source, "--headless", "--no-twin", "--json"];
        json(&[&plain[..], clean].concat())
    };
    let plain = run_of(&[]);
    assert!(plain.get("cleaning").is_none(), "{plain}");
    let cleaned = run_of(&["--clean", "asr", "--bad", "O1"]);
    assert_eq!(cleaned["cleaning"]["asked"], "bad:O1 asr:cutoff=20,delay=0");
    assert_eq!(
        cleaned["cleaning"]["components_on"], false,
        "eight seconds are too few to learn from"
    );
    assert_eq!(cleaned["cleaning"]["interpolated"], 1);
    assert_ne!(cleaned["decode_hash"], plain["decode_hash"]);
    let waiting = run_of(&["--clean", "asr"]);
    assert_eq!(waiting["decode_hash"], plain["decode_hash"], "until it has learned, as without");
}

#[test]
fn what_contradicts_is_refused() {
    let live =
        |rest: &[&str]| refused(&[&["live", "--headless", "--seconds", "2"][..], rest].concat());
    let (code, said) = live(&["--clean", "ica"]);
    assert!(code == 2 && said.contains("no way to clean"), "{code} {said}");
    let (code, said) = live(&["--bad", "X9"]);
    assert!(code == 4 && said.contains("'X9' is not in this source"), "{code} {said}");
    let (code, said) = live(&["--reference", "Fz"]);
    assert!(code == 4 && said.contains("contradicts the pack"), "{code} {said}");
    let (code, said) = live(&["--clean", "asr:from=not-there.xdf"]);
    assert!(code == 4 && said.contains("not-there.xdf"), "{code} {said}");
    let (code, said) = live(&["--clean", "asr:cutoff=1"]);
    assert!(code == 4 && said.contains("cutoff"), "{code} {said}");
}

#[test]
fn a_fit_to_cleaned_signal_is_held_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (recording, fit) = (at("a.xdf"), at("fit"));
    let source = "sim:subject=7,repeats=1,snr=0,speed=50";
    run(&["record", "--source", source, "--seconds", "3", "--out", &recording]);
    let wish = format!("asr:from={recording}");
    run(&["fit", &recording, "--out", &fit, "--clean", &wish, "--bad", "O1"]);
    let text = std::fs::read_to_string(folder.path().join("fit/fit.toml")).unwrap();
    assert!(text.contains("cleaning = \"bad:O1 asr:cutoff=20,delay=0\""), "{text}");
    let encoder = format!("{fit}/encoder.onnx");
    let plain = ["live", "--headless", "--seconds", "2", "--encoder", &encoder];
    let (code, said) = refused(&plain);
    assert!(code == 4 && said.contains("fitted to cleaned signal"), "{code} {said}");
    run(&[&plain[..], &["--clean", &wish, "--bad", "O1"]].concat());
}
