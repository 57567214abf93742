//! Found by attention: a wearer is learnt from copy pages, pages are searched, and a recording of them is decided again.

#![allow(clippy::unwrap_used)] // clippy.toml exempts test functions but not what they share

#[path = "../harness/mod.rs"]
mod harness;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use harness::program::{json, outcome, refused};
use serde_json::Value;

/// One session: a person of middling strength learns and searches, all of it recorded.
struct Session {
    folder: tempfile::TempDir,
    document: Value,
}

impl Session {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn session() -> &'static Session {
    static HELD: OnceLock<Session> = OnceLock::new();
    HELD.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (wearer, tape) = (folder.path().join("wearer.json"), folder.path().join("tape.xdf"));
        let document = json(&[
            "find",
            "--headless",
            "--source",
            "sim:attention=0.85,subject=11",
            "--pages",
            "12",
            "--learn",
            text(&wearer),
            "--record",
            text(&tape),
            "--json",
        ]);
        Session { folder, document }
    })
}

#[test]
fn a_wearer_is_learnt_and_pages_are_found() {
    let document = &session().document;
    let learnt = &document["learnt"];
    assert_eq!((&document["simulated"], &learnt["pages"]), (&Value::Bool(true), &8.into()));
    let auc = learnt["auc"].as_f64().unwrap();
    let exchanged = learnt["auc_exchanged"].as_f64().unwrap();
    assert!(auc > 0.75 && (exchanged - 0.5).abs() < 0.12, "{auc}, exchanged {exchanged}");
    assert!(learnt["right"].as_u64().unwrap() >= 6, "{learnt}");
    let judged = &document["judged"];
    let [found, right] = ["found", "right"].map(|key| judged["told"][key].as_u64().unwrap());
    // A wrong one in twenty is what the bound of .95 allows.
    assert!(found >= 9 && found - right <= 1, "{judged}");
    assert!(judged["told"]["bits_a_minute"].as_f64().unwrap() > 10.0, "{judged}");
    assert!(judged["withheld"].is_null() && judged["control"]["named_right"].as_u64() <= Some(3));
}

#[test]
fn a_recording_is_decided_as_it_was_live_to_the_last_bit() {
    let session = session();
    let (wearer, tape) = (session.file("wearer.json"), session.file("tape.xdf"));
    let again = json(&["find", text(&tape), "--wearer", text(&wearer), "--json"]);
    let of = |document: &Value| -> Vec<Value> {
        let pages = document["pages"].as_array().unwrap().iter();
        let kept = pages.filter(|page| page["page"].as_u64() >= Some(8));
        kept.map(|p| {
            serde_json::json!([
                p["page"],
                p["verdict"],
                p["probability"],
                p["nobody"],
                p["flashes"],
                p["secs"]
            ])
        })
        .collect()
    };
    let live = of(&session.document);
    assert_eq!((live.len(), of(&again)), (12, live));
}

#[test]
fn a_wearer_is_learnt_from_a_recording_too() {
    let session = session();
    let learnt = session.folder.path().join("again.json");
    let (code, said, errors) =
        outcome(&["find", text(&session.file("tape.xdf")), "--learn", text(&learnt)]);
    assert_eq!(code, 0, "{errors}");
    // All pages of this session were told, so that all are copy pages.
    assert!(said.contains("20 copy pages") && said.contains("SIMULATED"), "{said}");
    assert!(learnt.is_file());
    let over = refused(&["find", text(&session.file("tape.xdf")), "--learn", text(&learnt)]);
    assert!(over.0 == 5 && over.1.contains("cannot be written"), "{over:?}");
}

#[test]
fn where_nobody_looks_it_says_so_and_finds_next_to_nothing() {
    let wearer = session().file("wearer.json");
    let source = "sim:seeks=nobody,subject=11,seed=5";
    let document = json(&[
        "find",
        "--headless",
        "--free",
        "--source",
        source,
        "--wearer",
        text(&wearer),
        "--pages",
        "40",
        "--json",
    ]);
    let judged = &document["judged"];
    assert!(judged["found"].as_u64() <= Some(4), "{judged}");
    assert!(judged["nobody"].as_u64() >= Some(30), "{judged}");
    // Nobody knows what was sought.
    assert_eq!(judged["told"]["searches"], 0);
}

#[test]
fn what_cannot_be_is_refused_with_a_sentence_and_its_code() {
    let session = session();
    let wearer = session.file("wearer.json");
    let damaged = session.folder.path().join("damaged.json");
    let whole = std::fs::read_to_string(&wearer).unwrap();
    std::fs::write(&damaged, whole.replacen("\"schema\": 1", "\"schema\": 7", 1)).unwrap();
    let odd = session.folder.path().join("odd.json");
    std::fs::write(&odd, whole.replacen("\"rate_hz\": 64.0", "\"rate_hz\": 1e300", 1)).unwrap();
    for (arguments, code, words) in [
        (vec!["find", "--headless", "--source", "lsl:type=EEG"], 2, "virtual person"),
        (vec!["find", "--headless", "--source", "faulty:drop=0.1+sim"], 2, "virtual person"),
        (vec!["find", "--headless", "--of", "9"], 2, "10 to 60"),
        (vec!["find", "--headless", "--soa", "nan"], 2, "--soa"),
        (vec!["find", "--headless", "--bound", "0.4"], 2, "bound"),
        (vec!["find", "--headless", "--wearer", "no-such.json"], 4, "no-such.json"),
        (vec!["find", "--headless", "--wearer", text(&damaged)], 4, "schema"),
        (vec!["find", "--headless", "--wearer", text(&odd)], 4, "Learn the wearer again"),
        (
            vec!["find", "--headless", "--wearer", text(&wearer), "--source", "sim:montage=O1/O2"],
            6,
            "electrodes",
        ),
        (vec!["find", "README.md", "--wearer", text(&wearer)], 6, "README.md"),
    ] {
        let (got, said) = refused(&arguments);
        assert!(got == code && said.contains(words), "{arguments:?}: {got}, {said}");
    }
}
