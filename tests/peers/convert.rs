//! What `phosphene convert` writes, read by MNE, edfio, pyedflib and the BIDS validator, where Python has them.
//!
//! Tolerances: EDF 1 µV over 65 536 steps of the range, BDF and float32 far below.

use crate::harness::converted::{RATE_HZ, RUNS, path, value, write_runs, write_xdf};
use crate::harness::peers;
use crate::harness::program::outcome;

#[test]
fn mne_reads_what_was_converted() {
    let folder = tempfile::tempdir().unwrap();
    let from = path(&folder, "a.xdf");
    write_xdf(&from);
    for (name, tolerance_uv) in [("b.edf", 2e-3), ("b.bdf", 1e-5), ("b.vhdr", 1e-5)] {
        let to = path(&folder, name);
        let (code, _, errors) = outcome(&["convert", from.to_str().unwrap(), to.to_str().unwrap()]);
        assert_eq!(code, 0, "{name}: {errors}");
        let Some(seen) = peers::converted("mne", &to) else { return };
        assert_eq!(seen["channels"], serde_json::json!(["PO7", "Oz", "PO8"]), "{name}");
        assert_eq!(seen["rate_hz"].as_f64(), Some(RATE_HZ));
        for channel in 0..3 {
            let first = seen["first"][channel].as_f64().unwrap();
            assert!(
                (first - f64::from(value(0, channel))).abs() <= tolerance_uv,
                "{name}: {first}"
            );
        }
        let notes = seen["annotations"].to_string();
        assert!(notes.contains("stim/panda") && notes.contains("réponse"), "{name}: {notes}");
    }
}

#[test]
fn edfio_and_pyedflib_read_what_was_converted() {
    let folder = tempfile::tempdir().unwrap();
    let from = path(&folder, "a.xdf");
    // Without a gap: pyedflib reads no discontinuous file of anybody.
    write_runs(&from, 0..RUNS[0]);
    for (peer, ending, tolerance_uv) in [
        ("edfio", "edf", 2e-3),
        ("edfio", "bdf", 1e-5),
        ("pyedflib", "edf", 2e-3),
        ("pyedflib", "bdf", 1e-5),
    ] {
        let to = path(&folder, &format!("{peer}.{ending}"));
        let (code, _, errors) = outcome(&["convert", from.to_str().unwrap(), to.to_str().unwrap()]);
        assert_eq!(code, 0, "{peer} {ending}: {errors}");
        let Some(seen) = peers::converted(peer, &to) else { continue };
        assert_eq!(seen["channels"], serde_json::json!(["PO7", "Oz", "PO8"]), "{peer} {ending}");
        assert_eq!(seen["rate_hz"].as_f64(), Some(RATE_HZ));
        assert_eq!(seen["samples"], RUNS[0], "{peer} {ending}");
        for channel in 0..3 {
            for (end, row) in [("first", 0), ("last", RUNS[0] - 1)] {
                let got = seen[end][channel].as_f64().unwrap();
                let off = (got - f64::from(value(row, channel))).abs();
                assert!(off <= tolerance_uv, "{peer} {ending}: {end} is off by {off}");
            }
        }
        let notes = seen["annotations"].to_string();
        assert!(notes.contains("stim/panda") && notes.contains("réponse"), "{peer}: {notes}");
    }
}

#[test]
fn a_bids_data_set_is_valid_and_grows() {
    let folder = tempfile::tempdir().unwrap();
    let (from, set) = (path(&folder, "a.xdf"), path(&folder, "study"));
    write_xdf(&from);
    let convert = |subject: &str| {
        outcome(&[
            "convert",
            from.to_str().unwrap(),
            set.to_str().unwrap(),
            "--to",
            "bids",
            "--subject",
            subject,
            "--mains",
            "50",
        ])
    };
    for subject in ["01", "02"] {
        let (code, _, errors) = convert(subject);
        assert_eq!(code, 0, "{errors}");
    }
    let participants = std::fs::read_to_string(set.join("participants.tsv")).unwrap();
    assert_eq!(participants, "participant_id\nsub-01\nsub-02\n");
    let original = set.join("sourcedata/sub-02/eeg/sub-02_task-viewing_eeg.xdf");
    assert_eq!(std::fs::read(original).unwrap(), std::fs::read(&from).unwrap());
    let (code, _, errors) = convert("02");
    assert!(code == 5 && errors.contains("--subject"), "{code} {errors}");
    let (code, _, errors) = convert("../03");
    assert!(code == 2 && errors.contains("BIDS label"), "{code} {errors}");
    let Some(seen) = peers::converted("bids", &set) else { return };
    assert_eq!(seen["errors"], serde_json::json!([]), "{seen:#}");
}
